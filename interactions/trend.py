"""The trend of a relationship is the account manager's judgement; the last contacts propose one."""

from collections.abc import Sequence

from clients.models.client import Trend

UP, DOWN = ("strengthened", "extended"), ("weakened", "ended")
LOOKED_AT = 3


def proposed_trend(effects: Sequence[str], current: str) -> str:
    """The trend that the last three recorded effects (newest first) point to, or "" where it is the present one.

    Rule (domain.md, Occurrence `relationship`): two of the last three in one direction propose it; a
    relationship that ended is weakening; three without change propose steady.
    """
    last = [effect for effect in effects if effect][:LOOKED_AT]
    if last[:1] == ["ended"] or sum(effect in DOWN for effect in last) >= 2:
        found = Trend.WEAKENING
    elif sum(effect in UP for effect in last) >= 2:
        found = Trend.STRENGTHENING
    elif len(last) == LOOKED_AT and all(effect == "unchanged" for effect in last):
        found = Trend.STEADY
    else:
        return ""
    return "" if found == current else str(found)
