from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _templates(sender, **kwargs):
    from interactions.catalogue import ensure_templates

    ensure_templates()


class InteractionsConfig(AppConfig):
    name = "interactions"

    def ready(self) -> None:
        from clients.followers import follow
        from interactions.services.cadence import refresh_cadence
        from interactions.services.messages import KIND, heed_state, may_leave, may_settle
        from interactions.services.status import settle_status
        from messaging.services import register_kind

        follow(status=settle_status, rhythm=refresh_cadence)
        register_kind(KIND, gate=may_leave, on_state=heed_state, may_settle=may_settle)
        post_migrate.connect(_templates, sender=self)
