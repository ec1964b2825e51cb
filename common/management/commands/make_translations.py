from django.core.management.base import BaseCommand

from common import translations


class Command(BaseCommand):
    help = "Brings the message catalogues up to date; keeps every translation."
    requires_system_checks = []

    def handle(self, *args, **options):
        for language in translations.LANGUAGES:
            self.stdout.write(f"{translations.update(language).parent.parent.name}: up to date")
