from django.apps import AppConfig


class InteractionsConfig(AppConfig):
    name = "interactions"

    def ready(self) -> None:
        from clients.followers import follow
        from interactions.services.cadence import refresh_cadence
        from interactions.services.status import settle_status

        follow(status=settle_status, rhythm=refresh_cadence)
