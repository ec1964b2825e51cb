"""`manage.py verify`: do the data obey the rules?"""

import importlib
import importlib.util
import sys
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand

from common.seals import newest_seal


class Command(BaseCommand):
    """Runs each app's checks.py and ends with 1 when any of them finds something."""

    help = "Checks the rules that the data must always obey; ends with 1 and a list where they do not."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for name in settings.HOUSE_APPS:
            module = f"{apps.get_app_config(name).name}.checks"
            if importlib.util.find_spec(module) is None:
                continue
            findings = importlib.import_module(module).checks()
            self.stdout.write(f"{name}: {'as it should be' if not findings else ''}".rstrip())
            for finding in findings:
                self.stdout.write(f"  {finding}")
            broken += len(findings)
        seal = newest_seal()
        if seal:
            self.stdout.write(f"Newest seal: {seal.day} {seal.digest}")
        if broken:
            self.stdout.write(f"{broken} found.")
            sys.exit(1)
        self.stdout.write("All is well.")
