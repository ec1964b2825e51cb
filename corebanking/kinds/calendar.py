"""The bank's own calendar: days off, and weekend days that are worked."""

from django.utils.translation import gettext_lazy as _

from common.models import Holiday
from corebanking.cells import Country, Day, Text, YesNo
from corebanking.kinds.base import Column, Kind, Scope, Write


class Holidays(Kind):
    """One row a day and place; without a country it holds for every branch."""

    code = "holidays"
    label = _("Holidays")
    model = Holiday
    columns = (
        Column("date", Day(), required=True, key=True),
        Column("name", Text(120), required=True),
        Column("is_day_off", YesNo(), required=True),
        Column("country", Country(), key=True),
        Column("region", Text(10), key=True),
    )
    writes = (
        Write('"on"', "date", value="s.date", only_new=True),
        Write("name", "name"),
        Write("is_day_off", "is_day_off"),
        Write("country", "country", value="coalesce(s.country, '')", only_new=True),
        Write("region", "region", value="coalesce(s.region, '')", only_new=True),
    )
    undo_models = (Holiday,)
    shown = ("date", "name", "is_day_off", "country", "region")

    @classmethod
    def match(cls) -> str:
        return (
            "t.\"on\" = s.date AND t.country = coalesce(s.country, '') AND t.region = coalesce(s.region, '')"
        )

    @classmethod
    def missing_sql(cls, scope: Scope) -> str:
        return ""
