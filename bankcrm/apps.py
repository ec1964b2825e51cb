from django.apps import AppConfig


class BankCrmConfig(AppConfig):
    name = "bankcrm"
