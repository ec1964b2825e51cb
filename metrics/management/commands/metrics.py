"""`manage.py metrics`: indicators as the API gives them."""

import json
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics.periods import Period, PeriodError
from metrics.reports import BY, NotInScope, report, scope_of_bank


class Command(BaseCommand):
    help = "Prints the indicators of a period, of the bank or a part of it; of a campaign, its own days by default."

    def add_arguments(self, parser):
        parser.add_argument("--from", dest="from_on", metavar="DATE", default="")
        parser.add_argument("--to", dest="to_on", metavar="DATE", default="")
        parser.add_argument("--branch", metavar="CODE", default="")
        parser.add_argument("--manager", metavar="STAFF_NUMBER", default="")
        parser.add_argument("--campaign", metavar="CODE", default="")
        parser.add_argument("--by", choices=BY, default="")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args, from_on, to_on, by, **options):
        is_own = bool(options["campaign"]) and not (from_on or to_on)
        try:
            days = [] if is_own else [date.fromisoformat(from_on), date.fromisoformat(to_on)]
        except ValueError as error:
            raise CommandError("--from and --to: write dates like 2026-03-01.") from error
        try:
            scope = scope_of_bank(
                branch=options["branch"], manager=options["manager"], campaign=options["campaign"]
            )
            own = scope.own_period() if is_own else None
            period = own or Period.asked(days[0], days[1], today=scope.today())
            found = report(scope, period, by=by)
        except NotInScope as error:
            raise CommandError("There is no such branch, manager or campaign.") from error
        except PeriodError as error:
            raise CommandError(str(error)) from error
        answer = found.as_dict()
        if options["json"]:
            self.stdout.write(json.dumps(answer))
            return
        for row in answer["rows"]:
            self.stdout.write(row["group"]["name"])
            for key, figure in row["indicators"].items():
                value = "–" if figure["value"] is None else figure["value"]
                parts = (
                    f"  ({figure['numerator']} of {figure['denominator']})" if figure["denominator"] else ""
                )
                money = "".join(f"  {one['amount']} {one['currency']}" for one in figure.get("amounts", ()))
                self.stdout.write(f"  {key:24} {value}{parts}{money}{_together(figure)}{_kept(figure)}")


def _together(figure: dict[str, Any]) -> str:
    """What several currencies come to, and beside it what has no rate."""
    total = figure.get("total")
    if not total or all(one["currency"] == total["currency"] for one in figure["amounts"]):
        return ""
    known = "" if total["amount"] is None else f"  = {total['amount']} {total['currency']}"
    without = "".join(f"  + {one['amount']} {one['currency']}" for one in total["unconverted"])
    return known + without


def _kept(figure: dict[str, Any]) -> str:
    return "".join(
        f"  (kept {one['kept']}, not settled {one['unknown']} {one['currency']})"
        for one in figure.get("by_currency", ())
    )
