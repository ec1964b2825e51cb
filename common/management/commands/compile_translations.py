from django.core.management.base import BaseCommand

from common import translations


class Command(BaseCommand):
    help = "Compiles the message catalogues."
    requires_system_checks = []

    def handle(self, *args, **options):
        self.stdout.write(f"{translations.compile_all()} catalogues compiled")
