from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _catalogue(sender, **kwargs):
    from clients.catalogue import ensure_catalogue

    ensure_catalogue()


class ClientsConfig(AppConfig):
    name = "clients"

    def ready(self) -> None:
        post_migrate.connect(_catalogue, sender=self)
