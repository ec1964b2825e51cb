"""Maturity cases: opened 30 days before, kept in step with core banking, settled to the cent.

A case is about the money, the action of the `maturity` source about the talk: neither makes the other.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Client
from clients.services.ground import clean, may_edit
from common import saying
from common.calendars import WorkingCalendar
from portfolio.models import MaturityCase, MaturityPart, Product
from portfolio.offer import on_sale
from portfolio.querysets import MATURING_KINDS
from portfolio.suitability import Suitability, suitability
from staff.models import User

OPENS_BEFORE = timedelta(days=30)
Outcome = MaturityPart.Outcome

# The bank moved the day, or the money, before it came: the case follows. A day that is another one is another case.
# An earlier day is a correction whenever it is made: nothing is renewed into the past.
_DROPPED = """
DELETE FROM portfolio_maturitycase c USING portfolio_holding h, clients_client k
 WHERE h.id = c.holding_id AND k.id = h.client_id AND k.branch_id = ANY(%(branches)s) AND c.settled_at IS NULL AND h.status = 'open'
   AND (c.effective_on > %(on)s AND h.matures_on IS DISTINCT FROM c.matures_on OR h.matures_on < c.matures_on)
"""
_FOLLOWED = """
UPDATE portfolio_maturitycase c
   SET client_id = h.client_id, principal = v.principal, currency = v.currency, broken_on = v.broken_on
  FROM portfolio_holding h, clients_client k, portfolio_maturitycase o,
       LATERAL (SELECT h.status = 'open' AND h.matures_on = o.matures_on AS stands) s,
       LATERAL (SELECT CASE WHEN s.stands THEN greatest(h.principal, 0) ELSE o.principal END AS principal,
                       CASE WHEN s.stands THEN h.currency ELSE o.currency END AS currency,
                       CASE WHEN h.status = 'closed' AND h.as_of < o.matures_on THEN h.as_of END AS broken_on) v
 WHERE o.id = c.id AND h.id = o.holding_id AND k.id = h.client_id AND k.branch_id = ANY(%(branches)s) AND o.settled_at IS NULL
   AND (o.client_id, o.principal, o.currency, o.broken_on)
       IS DISTINCT FROM (h.client_id, v.principal, v.currency, v.broken_on)
"""
# The calendar of the branch changed, or the client went to another branch, before the day came.
_DAYS = """
SELECT DISTINCT k.branch_id, c.matures_on
  FROM portfolio_maturitycase c JOIN clients_client k ON k.id = c.client_id AND k.branch_id = ANY(%(branches)s)
 WHERE c.settled_at IS NULL AND c.effective_on > %(on)s
"""
_MOVED = """
UPDATE portfolio_maturitycase c SET effective_on = v.effective
  FROM clients_client k,
       unnest(%(places)s::bigint[], %(matures)s::date[], %(effective)s::date[]) AS v (place, matures, effective)
 WHERE k.id = c.client_id AND k.branch_id = v.place AND c.matures_on = v.matures AND c.effective_on <> v.effective
   AND c.settled_at IS NULL AND c.effective_on > %(on)s
"""
# It goes on with a later day and no less money: renewed, whether by itself or at the counter.
_RENEWED = """
WITH again AS (
    UPDATE portfolio_maturitycase c SET settled_at = now()
      FROM portfolio_holding h, clients_client k
     WHERE h.id = c.holding_id AND k.id = h.client_id AND k.branch_id = ANY(%(branches)s) AND c.settled_at IS NULL AND c.effective_on <= %(on)s
       AND h.status = 'open' AND h.matures_on > c.matures_on AND h.principal >= c.principal
    RETURNING c.id, c.principal, c.currency, h.product_id
)
INSERT INTO portfolio_maturitypart (case_id, outcome, amount, currency, product_id, suitability_reason)
SELECT id, 'renewed', principal, currency, product_id, '' FROM again WHERE principal > 0
"""
_COMING = """
SELECT h.id, h.client_id, h.matures_on, h.principal, h.currency, k.branch_id
  FROM portfolio_holding h
  JOIN portfolio_product p ON p.id = h.product_id AND p.kind = ANY(%(kinds)s)
  JOIN clients_client k ON k.id = h.client_id AND k.branch_id = ANY(%(branches)s) AND k.status <> 'closed'
 WHERE h.status = 'open' AND h.matures_on BETWEEN %(first)s AND %(last)s AND h.principal >= 0
   AND NOT EXISTS (SELECT FROM portfolio_maturitycase c
                    WHERE c.holding_id = h.id AND c.matures_on = h.matures_on)
 ORDER BY h.id
"""
_OPEN = """
INSERT INTO portfolio_maturitycase
    (holding_id, client_id, matures_on, effective_on, principal, currency, opened_on, brought_from, note)
SELECT v.*, %(on)s, '', ''
  FROM unnest(%(holdings)s::bigint[], %(clients)s::bigint[], %(matures)s::date[], %(effective)s::date[],
              %(principals)s::numeric[], %(currencies)s::text[]) AS v
    ON CONFLICT (holding_id, matures_on) DO NOTHING
"""


@transaction.atomic
def tend_cases(
    *, branches: Sequence[int], working: Callable[[int], WorkingCalendar], since: date, on: date
) -> Counter:
    """Bring the maturity cases of some branches up to a day; how many were opened, renewed, dropped.

    Rule: a case opens 30 days before the day of the contract, for what matured since `since` as well. While
    nobody settled it, it follows core banking: another day or sum before it has come, an early end, a renewal;
    and the branch's calendar.
    `working` gives a branch's calendar. Repeatable: a second look writes nothing. Two looks take turns.
    """
    asked: dict[str, Any] = {
        "branches": list(branches),
        "on": on,
        "kinds": list(MATURING_KINDS),
        "first": since,
        "last": on + OPENS_BEFORE,
    }
    done: Counter = Counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('maturity cases'))")
        for what, sql in (("dropped", _DROPPED), ("followed", _FOLLOWED), ("renewed", _RENEWED)):
            cursor.execute(sql, asked)
            done[what] = cursor.rowcount
        cursor.execute(_DAYS, asked)
        if days := cursor.fetchall():
            places, matures = zip(*days, strict=True)
            effective = [working(place).next_working(day) for place, day in days]
            asked |= {"places": list(places), "matures": list(matures), "effective": effective}
            cursor.execute(_MOVED, asked)
        cursor.execute(_COMING, asked)
        rows = cursor.fetchall()
        if rows:
            holdings, clients, matures, principals, currencies, places = zip(*rows, strict=True)
            effective = [working(place).next_working(day) for place, day in zip(places, matures, strict=True)]
            cursor.execute(
                _OPEN,
                {
                    "on": on,
                    "holdings": list(holdings),
                    "clients": list(clients),
                    "matures": list(matures),
                    "effective": effective,
                    "principals": list(principals),
                    "currencies": list(currencies),
                },
            )
            done["opened"] = cursor.rowcount
    return done


# -- what became of it ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A part of the principal: an outcome of MaturityPart, the product it went into, and why that suits."""

    outcome: str
    amount: Decimal
    product: Product | None = None
    suitability_reason: str = ""


@transaction.atomic
def settle_maturity(
    *,
    actor: User,
    case: MaturityCase,
    parts: Iterable[Part],
    brought_amount: Decimal = Decimal(0),
    brought_from: str = "",
    note: str = "",
    seen: str | None = None,
) -> MaturityCase:
    """Write down what became of money whose term ended; again, where it was written down wrong.

    Rule (domain.md, MaturityCase): the parts add up to the principal, what was brought from elsewhere stands
    apart. Nothing is settled before its day, unless it was ended early. A product above the client's risk
    profile needs a reason. `seen` is the `mark` of what the actor saw: over something else nothing is written.
    Visibility: the client must be the actor's to edit.
    Raises: ValidationError by field (`parts`, `suitability_reason`, `brought_amount`); PermissionDenied.
    """
    may_edit(actor, case)
    row = (
        MaturityCase.objects.select_for_update(of=("self",)).select_related("client__branch").get(pk=case.pk)
    )
    today = row.client.branch.today()
    if row.effective_on > today and row.broken_on is None:
        raise ValidationError(
            _("It matures on %(date)s: until then nothing has become of it.")
            % {"date": saying.day(row.effective_on)}
        )
    if seen is not None and seen != row.mark:
        raise ValidationError(_("Somebody has written it down meanwhile: look at it again."))
    kept = [part for part in parts if part.amount]
    total = sum((part.amount for part in kept), Decimal(0))
    if total != row.principal:
        raise ValidationError({"parts": _off_by(row, total)})
    if brought_amount < 0 or any(part.amount < 0 for part in kept):
        raise ValidationError({"parts": _("An amount is not negative.")})
    words = clean({"brought_from": brought_from[:120], "note": note[:300]})
    row.parts.all().delete()
    for part in kept:
        MaturityPart.objects.create(
            case=row,
            outcome=part.outcome,
            amount=part.amount,
            currency=row.currency,
            product=_product_of(row, part),
            suitability_reason=_reason(row.client, part, today),
        )
    row.brought_amount, row.brought_from, row.note = brought_amount, words["brought_from"], words["note"]
    row.settled_at, row.settled_by = timezone.now(), actor
    row.save()
    return row


def _off_by(case: MaturityCase, total: Decimal) -> str:
    off = case.principal - total
    words = {"amount": saying.amount(abs(off), cents=True), "currency": case.currency}
    if off > 0:
        return _("%(currency)s %(amount)s of the principal are missing.") % words
    return _("The parts are %(currency)s %(amount)s more than the principal.") % words


def _product_of(case: MaturityCase, part: Part) -> Product | None:
    if part.outcome == Outcome.MOVED and part.product is None:
        raise ValidationError({"product": _("Choose the product it went into.")})
    if part.outcome == Outcome.RENEWED:
        return part.product or case.holding.product
    return part.product if part.outcome == Outcome.MOVED else None


def _reason(client: Client, part: Part, today: date) -> str:
    if part.outcome != Outcome.MOVED or part.product is None:
        return ""
    found = suitability(client, part.product, today=today)
    reason = clean({"suitability_reason": part.suitability_reason[:300]})["suitability_reason"]
    if not found.fits and not reason:
        raise ValidationError(
            {"suitability_reason": _("%(why)s Write why it suits all the same.") % {"why": found.words}}
        )
    return "" if found.fits else reason


@transaction.atomic
def unsettle_maturity(*, actor: User, case: MaturityCase) -> MaturityCase:
    """Take back what was written down: nothing is known of the money again. A second call changes nothing."""
    may_edit(actor, case)
    row = MaturityCase.objects.select_for_update(of=("self",)).get(pk=case.pk)
    if row.settled_at is not None:
        row.parts.all().delete()
        row.settled_at = row.settled_by = None
        row.brought_amount, row.brought_from, row.note = Decimal(0), "", ""
        row.save()
    return row


# -- what to speak of -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fitting:
    """A product on sale that a sum could go into, and whether it suits the client."""

    product: Product
    suits: Suitability


def fitting_products(
    client: Client, *, currency: str, amount: Decimal, today: date, most: int = 12
) -> list[Fitting]:
    """Products on sale in a currency that take the amount: those that suit first, the highest return first.

    Unsuitable ones are shown as such, never left out: whoever is asked about one must be able to say why not.
    """
    rows = on_sale(today).filter(Q(minimum=None) | Q(minimum__lte=amount), currency=currency)
    found = [Fitting(product, suitability(client, product, today=today)) for product in rows]
    found.sort(key=lambda one: (not one.suits.fits, -(one.product.expected_return or 0), one.product.name))
    return found[:most]
