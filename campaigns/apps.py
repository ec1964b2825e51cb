from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        from campaigns.services.sending import event_values, no_answer_is_taken
        from interactions.writing import Owner, register_source

        register_source("event", Owner(fill=event_values, is_over=no_answer_is_taken))
