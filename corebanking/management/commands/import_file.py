"""`manage.py import_file`: one import after another, synchronously."""

import json
from datetime import date

from django.core.management.base import BaseCommand, CommandError

from corebanking.kinds import KINDS
from corebanking.refusals import ImportRefused
from corebanking.services import import_path
from staff.models import User


class Command(BaseCommand):
    help = "Imports files of one kind. Ends with 0 when each was committed or already imported, with 1 otherwise."

    def add_arguments(self, parser):
        parser.add_argument("kind", metavar="KIND", help=", ".join(KINDS))
        parser.add_argument("files", metavar="FILE", nargs="+")
        parser.add_argument("--mapping", metavar="NAME|FILE")
        parser.add_argument("--dry-run", action="store_true", help="check only; nothing is written")
        parser.add_argument("--allow-rejected", type=float, default=0.0, metavar="SHARE", help="0 to 1")
        parser.add_argument("--as", dest="staff_number", metavar="STAFF_NUMBER", help="who imports")
        parser.add_argument("--as-of", metavar="DATE", help="source date of the export; default: today")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args, kind, files, **options):
        actor = None
        if options["staff_number"]:
            actor = User.objects.active().filter(staff_number=options["staff_number"]).first()
            if actor is None or actor.role != "administrator":
                raise CommandError(
                    f"--as {options['staff_number']}: no active administrator has this staff number."
                )
        if not 0 <= options["allow_rejected"] <= 1:
            raise CommandError("--allow-rejected: write a share from 0 to 1.")
        try:
            on = date.fromisoformat(options["as_of"]) if options["as_of"] else None
        except ValueError as error:
            raise CommandError(f"--as-of {options['as_of']}: write the date like 2026-08-12.") from error
        answers, failed = [], False
        for path in files:
            answer = self._import(actor, kind, path, on, options)
            failed = failed or answer["state"] not in ("committed", "already imported", "checked")
            answers.append(answer)
        if options["json"]:
            self.stdout.write(json.dumps([{k: v for k, v in a.items() if k != "refusal"} for a in answers]))
        else:
            for answer in answers:
                self._say(answer)
        if failed:
            raise SystemExit(1)

    def _import(self, actor, kind: str, path: str, on: date | None, options) -> dict:
        try:
            job = import_path(
                actor=actor,
                kind=kind,
                path=path,
                mapping=options["mapping"],
                allow_rejected=options["allow_rejected"],
                dry_run=options["dry_run"],
                source_date=on,
            )
        except ImportRefused as error:
            return dict.fromkeys(("read", "created", "updated", "unchanged", "rejected"), 0) | {
                "file": path,
                "state": "refused",
                "errors_file": None,
                "refusal": str(error),
            }
        repeat = getattr(job, "is_repeat", False)
        refused = job.state == "refused"
        return {
            "file": path,
            "state": "already imported" if repeat else job.state,
            "read": job.read,
            "created": 0 if repeat or refused else job.created,
            "updated": 0 if repeat or refused else job.updated,
            "unchanged": job.read - job.rejected if repeat else 0 if refused else job.unchanged,
            "rejected": job.rejected,
            "errors_file": job.errors_path or None,
            "refusal": job.refusal,
        }

    def _say(self, answer: dict) -> None:
        self.stdout.write(
            f"{answer['file']}: {answer['state']}; {answer['read']} read, {answer['created']} created,"
            f" {answer['updated']} updated, {answer['unchanged']} unchanged, {answer['rejected']} rejected"
        )
        if answer["refusal"]:
            self.stdout.write(f"  {answer['refusal']}")
        if answer["errors_file"]:
            self.stdout.write(f"  rejected rows: {answer['errors_file']}")
