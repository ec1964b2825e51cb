"""Parts of the client file beside what happened and what is held: known, people, plan, opportunities, service."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from clients import permits
from clients.knowing import Close, Known, in_sight, relation_word
from clients.models import Client, HouseholdMember
from clients.models.consent import Purpose
from clients.models.people import inverse_of
from clients.sight import shown_name, shown_native, shown_words
from clients.views.panels import write_down_url
from common import saying
from interactions import words
from interactions.models import Action, Opportunity, Promise, Referral, ServiceCase
from interactions.models.action import Channel
from portfolio.assets import assets_of, by_size, summed

MOST = 50
FACTS_SHOWN = 8
ROW = 30  # height of a row of the drawn household


def known_part(request: HttpRequest, client: Client, known: Known, today: date) -> dict:
    """What stands at the right of the overview: ask next, known with its provenance, may we, the household."""
    user = request.user
    if not user.may_see_identities:
        return {"facts": [], "ask": [], "complete": None, "may_we": "", "tree": None}
    return {
        "facts": [_fact_row(fact, today) for fact in known.facts[:FACTS_SHOWN]],
        "fact_count": len(known.facts) + len(known.dates) + len(known.points),
        "ask": [(asked, write_down_url(client, kind)) for kind, asked in known.ask_next()],
        "complete": known.completeness,
        "may_we": may_we(known),
        "tree": household_tree(request, client, known),
    }


def _fact_row(fact, today: date) -> dict:
    """A fact with where it comes from: "visit of 29 May 2026", a colleague, or core banking."""
    if fact.heard_on and fact.channel:
        on = saying.day(timezone.localtime(fact.heard_on).date())
        source = _("%(channel)s, %(date)s") % {"channel": Channel(fact.channel).label, "date": on}
    elif fact.by_kind == "import":
        source = _("core banking")
    elif fact.who and fact.at:
        on = saying.day(timezone.localtime(fact.at).date(), "yMMMM")
        source = _("%(name)s, %(date)s") % {"name": fact.who, "date": on}
    else:
        source = saying.day(fact.learnt_on, "yMMMM") if fact.learnt_on else ""
    return {"fact": fact, "source": source}


def may_we(known: Known) -> dict[str, str]:
    """Which channels the client allows, and which were withdrawn, in words."""
    allowed: dict[str, list[str]] = {}
    withdrawn: dict[str, list[str]] = {}
    for (channel, purpose), consent in known.consents.items():
        if purpose != Purpose.SERVICE:
            found = allowed if consent.granted else withdrawn
            found.setdefault(purpose, []).append(str(Channel(channel).label))
    return {
        "allowed": "; ".join(_line(purpose, channels) for purpose, channels in allowed.items()),
        "withdrawn": "; ".join(_line(purpose, channels) for purpose, channels in withdrawn.items()),
    }


def _line(purpose: str, channels: list[str]) -> str:
    return _("%(purpose)s: %(channels)s") % {
        "purpose": Purpose(purpose).label,
        "channels": ", ".join(sorted(channels)),
    }


def agreement_part(known: Known) -> str:
    return permits.agreement_words(known.agreement) if known.agreement else ""


# -- people ----------------------------------------------------------------------------------------


def people_of(request: HttpRequest, known: Known, seen: dict[int, Client] | None = None) -> dict:
    """Household and relations, each with a name where the viewer may read one; the rest is counted.

    `seen` are the others in the viewer's sight where the caller knows them already.
    """
    if seen is None:
        seen = in_sight(request.user, known.others())
    household = [_person(request.user, one, seen, _role_word(one.kind)) for one in known.members]
    related = [
        _person(request.user, one, seen, relation_word(one.kind))
        | {"inverse": relation_word(inverse_of(one.kind))}
        for one in known.relations
    ]
    hidden = {one.client_id for one in (*known.members, *known.relations) if one.client_id} - set(seen)
    # A household is often called by a member's name: it is said only where every member may be read.
    name = "" if hidden & {one.client_id for one in known.members} else known.household
    return {
        "household": household,
        "relations": related,
        "hidden": len(hidden),
        "household_name": shown_words(request.user, name),
    }


def household_assets(
    known: Known, seen: Mapping[int, Any], assets: dict[int, dict[str, Decimal]]
) -> dict | None:
    """What the household has with us, by currency: the client and the members in sight; the others are counted."""
    others = {one.client_id for one in known.members if one.client_id}
    if not known.members:
        return None
    counted = [known.client.pk, *(pk for pk in others if pk in seen)]
    return {
        "amounts": by_size(summed(assets.get(pk, {}) for pk in counted)),
        "hidden": len(others - set(seen)),
    }


def _role_word(role: str) -> str:
    return str(HouseholdMember.Role(role).label) if role in HouseholdMember.Role.values else role


def _person(user, one: Close, seen: dict[int, Client], word: str) -> dict:
    other = seen.get(one.client_id) if one.client_id else None
    if other is not None:
        name, native = shown_name(user, other), shown_native(user, other)
    elif one.client_id:
        name, native = _("A client outside your book"), ""
    else:
        name, native = shown_words(user, one.person), ""
    return {
        "id": one.id,
        "key": one.client_id or one.person,
        "name": name,
        "native": native,
        "client": other,
        "is_hidden": bool(one.client_id and not other),
        "word": word,
    }


def household_tree(request: HttpRequest, client: Client, known: Known) -> dict | None:
    """The household and the people close, drawn: the client above, the others on a dashed line below."""
    seen = in_sight(request.user, known.others())
    people = people_of(request, known, seen)
    # Somebody who is both is drawn once, by what he or she is to the client.
    said = {one["key"]: one["word"] for one in people["relations"]}
    rows = [{**one, "word": said.pop(one["key"], one["word"])} for one in people["household"]]
    rows += [one for one in people["relations"] if one["key"] in said]
    if not rows:
        return None
    rows = rows[:12]
    placed = [{**one, "y": 22 + ROW * at, "text_y": 27 + ROW * at} for at, one in enumerate(rows, start=1)]
    height = 22 + ROW * len(rows) + 18
    members = {one.client_id for one in known.members if one.client_id in seen}
    assets = assets_of({client.pk, *members}, client.branch.today()) if known.members else {}
    return {
        "rows": placed,
        "height": height,
        "line_to": placed[-1]["y"],
        "household": people["household_name"],
        "hidden": people["hidden"],
        "assets": household_assets(known, seen, assets),
        "label": _("%(name)s and the people close: %(others)s.")
        % {
            "name": shown_name(request.user, client),
            "others": ", ".join(f"{one['name']} ({one['word']})" for one in rows),
        },
    }


# -- plan ------------------------------------------------------------------------------------------


def plan_part(request: HttpRequest, client: Client, today: date) -> dict:
    """Open actions, promises with what became of them, and what was done or skipped lately."""
    user = request.user
    actions = list(
        Action.objects.filter(client=client)
        .open()
        .ranked(today)
        .with_message()
        .select_related("theme", "owner", "appointment", "courtesy")[:MOST]
    )
    ended = list(
        Action.objects.filter(client=client)
        .exclude(state="planned")
        .select_related("theme", "owner", "courtesy")
        .order_by("-closed_at", "-pk")[:20]
    )
    for action in (*actions, *ended):
        action.client = client
        words.shown_about(user, action)
    promises = (
        Promise.objects.filter(client=client)
        .with_kept()
        .select_related("noted_by")
        .order_by("-due_on", "-pk")
    )
    return {
        "actions": [_action_row(user, action, today) for action in actions],
        "ended": [
            {
                "action": one,
                "first": words.reason(one, today)[0],
                "why": shown_words(user, one.reason),
                "gives": _gives(one),
            }
            for one in ended
        ],
        "promises": [
            {"promise": one, "text": shown_words(user, one.text), "state": promise_state(one, today)}
            for one in promises[:MOST]
        ],
    }


def _action_row(user, action: Action, today: date) -> dict:
    first, rest = words.reason(action, today)
    found = action.standing_appointment
    meets = words.appointment(action, found, shown_words(user, found.place)) if found else ""
    return {
        "action": action,
        "first": first,
        "rest": words.and_then(words.and_then(rest, meets), _gives(action)),
        "due": words.due(action, today, found),
        "late": action.due_on < today,
        "icon": words.CHANNEL_ICONS.get(action.channel, "phone"),
    }


def _gives(action: Action) -> str:
    """What became of the courtesy of an action, if it has one."""
    found = getattr(action, "courtesy", None)
    return words.courtesy(found, action.state == Action.State.DONE) if found is not None else ""


def promise_state(promise: Promise, today: date) -> str:
    """Kept, withdrawn, not kept, or when it is due."""
    if promise.is_withdrawn:
        return _("withdrawn")
    if promise.is_kept:
        return _("kept")
    if promise.due_on < today:
        return _("not kept")
    return saying.due(promise.due_on, today, promise.due_at)


# -- opportunities and service ---------------------------------------------------------------------


def opportunities_part(request: HttpRequest, client: Client, today: date) -> dict:
    user = request.user
    rows = Opportunity.objects.filter(client=client).select_related("product", "raised_by")
    rows = list(rows.order_by("closed_at", "next_on", "-raised_at")[: MOST * 2])
    return {"opportunities": [opportunity_row(user, one, today) for one in rows]}


def opportunity_row(user, one: Opportunity, today: date) -> dict:
    return {
        "opportunity": one,
        "step": shown_words(user, one.next_step),
        "note": shown_words(user, one.note),
        "lost": shown_words(user, one.lost_reason),
        "when": saying.due(one.next_on, today) if one.is_open else "",
        "is_late": one.is_open and one.next_on < today,
    }


def service_part(request: HttpRequest, client: Client, today: date) -> dict:
    user = request.user
    now = timezone.now()
    cases = list(
        ServiceCase.objects.filter(client=client).select_related("opened_by").order_by("-opened_at")[:MOST]
    )
    referrals = Referral.objects.filter(client=client).select_related("specialist", "referred_by")
    return {
        "cases": [
            {
                "case": case,
                "text": shown_words(user, case.text),
                "is_late": case.is_open and case.due_at < now,
                "when": saying.due(timezone.localtime(case.due_at).date(), today) if case.is_open else "",
            }
            for case in cases
        ],
        "referrals": [
            {
                "referral": row,
                "reason": shown_words(user, row.reason),
                "outcome": shown_words(user, row.outcome),
            }
            for row in referrals.order_by("-referred_at")[:MOST]
        ],
    }
