from django.core.management.base import BaseCommand

from common import translations


class Command(BaseCommand):
    help = "Ends with 1 where a string is missing, empty, fuzzy or has other placeholders."
    requires_system_checks = []

    def handle(self, *args, **options):
        found = [fault for language in translations.LANGUAGES for fault in translations.faults(language)]
        for fault in found:
            self.stdout.write(fault)
        if found:
            raise SystemExit(1)
