"""The form in which a rule is written: groups of conditions, drawn by the server, with or without a script."""

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from campaigns.rules import CRITERIA, MOST_GROUPS, MOST_PARTS, WITHOUT_VALUE

EMPTY_PART = {"what": "tier", "how": "is"}
HOW_WORDS = {"value": "…", "of": "…"}


def rule_of(data: QueryDict) -> dict:
    """The rule as it stands in a form, not checked. Names are `g<group>-<condition>-<field>`."""
    groups = []
    for g in range(MOST_GROUPS):
        parts = []
        for p in range(MOST_PARTS):
            if f"g{g}-{p}-what" in data:
                fields = {name: data.get(f"g{g}-{p}-{name}", "") for name in ("what", "how", "of", "value")}
                parts.append({name: text[:200] for name, text in fields.items() if text})
        if parts:
            groups.append(
                {"all": data.get(f"g{g}-all", "yes") == "yes", "not": f"g{g}-not" in data, "parts": parts}
            )
    return {"all": data.get("all", "yes") == "yes", "groups": groups}


def changed(rule: dict, do: str) -> dict:
    """The rule after a button: `add-part-<group>`, `add-group`, `drop-<group>-<condition>`; else as it is."""
    verb, _sign, rest = do.partition("-")
    groups = rule["groups"] or [{"all": True, "not": False, "parts": []}]
    if do == "add-group" and len(groups) < MOST_GROUPS:
        groups.append({"all": True, "not": False, "parts": [dict(EMPTY_PART)]})
    elif verb == "add":
        at = rest.rpartition("-")[2]
        if at.isdigit() and int(at) < len(groups) and len(groups[int(at)]["parts"]) < MOST_PARTS:
            groups[int(at)]["parts"].append(dict(EMPTY_PART))
    elif verb == "drop":
        group, _sign, part = rest.partition("-")
        if group.isdigit() and part.isdigit() and int(group) < len(groups):
            parts = groups[int(group)]["parts"]
            if int(part) < len(parts):
                del parts[int(part)]
    rule["groups"] = [group for group in groups if group["parts"]]
    return rule


def drawn(rule: dict) -> dict[str, Any]:
    """What the template draws: every field with its name, value and choices. Choices are asked for once."""
    known: dict[Any, list[tuple[str, str]]] = {}

    def choices(of) -> list[tuple[str, str]]:
        if of not in known:
            known[of] = of()
        return known[of]

    groups = rule["groups"] or [{"all": True, "not": False, "parts": [dict(EMPTY_PART)]}]
    return {
        "all": rule["all"],
        "groups": [
            {
                "at": g,
                "name": f"g{g}",
                "all": group["all"],
                "not": group["not"],
                "parts": [_part(part, f"g{g}-{p}", p, choices) for p, part in enumerate(group["parts"])],
                "full": len(group["parts"]) >= MOST_PARTS,
            }
            for g, group in enumerate(groups)
        ],
        "full": len(groups) >= MOST_GROUPS,
    }


def _part(part: dict, name: str, at: int, choices) -> dict[str, Any]:
    what = part.get("what") if part.get("what") in CRITERIA else "tier"
    criterion = CRITERIA[what]
    how = part.get("how") if part.get("how") in criterion.hows else next(iter(criterion.hows))
    hows = [(code, _how_words(words)) for code, words in criterion.hows.items()]
    return {
        "at": at,
        "name": name,
        "whats": [(code, one.label, code == what) for code, one in CRITERIA.items()],
        "hows": [(code, words, code == how) for code, words in hows],
        "ofs": [(code, words, code == part.get("of")) for code, words in choices(criterion.of)]
        if criterion.of is not None
        else None,
        "asks": (what, how) not in WITHOUT_VALUE,
        "values": [(code, words, code == part.get("value")) for code, words in choices(criterion.choices)]
        if criterion.value == "choice" and criterion.choices is not None
        else None,
        "value": part.get("value", ""),
        "is_number": criterion.value in ("number", "days", "money"),
    }


def _how_words(words: str) -> str:
    """The way to ask, with its gaps as dots."""
    shown = (_(words) % HOW_WORDS).replace("… …", "…")
    return _("yes") if shown == "…" else shown
