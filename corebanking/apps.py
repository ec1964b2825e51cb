from django.apps import AppConfig


class CorebankingConfig(AppConfig):
    name = "corebanking"
