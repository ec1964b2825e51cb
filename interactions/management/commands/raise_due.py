"""`manage.py raise_due`: the daily run for a date, repeatable."""

import json
from datetime import date

from django.core.management.base import BaseCommand, CommandError

from interactions.services import raise_due
from interactions.services.due import rows_of


class Command(BaseCommand):
    help = "Raises what comes due on a date, from every source. Running it again adds nothing."

    def add_arguments(self, parser):
        parser.add_argument(
            "--on", metavar="DATE", help="the day, like 2026-08-12; default: each branch's today"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--list", action="store_true", help="with every row raised by this run")

    def handle(self, *args, on=None, **options):
        try:
            day = date.fromisoformat(on) if on else None
        except ValueError as error:
            raise CommandError(f"--on {on}: write the date like 2026-08-12.") from error
        done = raise_due(on=day)
        answer: dict = {
            "on": done.on.isoformat(),
            "raised": dict(done.raised),
            "late": done.late,
            "escalated": done.escalated,
        }
        if options["list"]:
            answer["occurrences"] = [
                {
                    "source": row["source"],
                    "client_number": row["client_number"],
                    "subject": row["subject"],
                    "due_on": row["due_on"].isoformat(),
                    "late": row["is_late"],
                }
                for row in rows_of(done)
            ]
        if options["json"]:
            self.stdout.write(json.dumps(answer))
            return
        for source, count in sorted(done.raised.items()):
            self.stdout.write(f"{source:16}{count:>8}")
        self.stdout.write(
            f"{done.on}: {sum(done.raised.values())} raised, {done.late} of them late, {done.escalated} told to supervisors."
        )
        for row in answer.get("occurrences", []):
            self.stdout.write(
                f"  {row['due_on']}  {row['source']:12} {row['client_number']:14} {row['subject']}"
            )
