from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _steady(sender, **kwargs):
    from common.history import steady_plans

    steady_plans()


class CommonConfig(AppConfig):
    name = "common"

    def ready(self) -> None:
        post_migrate.connect(_steady, sender=self)
