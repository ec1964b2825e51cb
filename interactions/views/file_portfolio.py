"""The portfolio of a client's file: holdings and maturities, purchases with their limits, money that moves."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import OuterRef, Subquery, Sum
from django.http import HttpRequest

from clients.models import Client, Fact
from clients.sight import shown_name, shown_words
from common import saying
from interactions.ladder import bars_of, client_ladder, months_back
from portfolio.models import (
    BalanceSnapshot,
    ChannelUse,
    ClientAssets,
    Holding,
    LimitCrossing,
    MaturityCase,
    Movement,
    Price,
    Purchase,
)
from portfolio.rates import converted, rates_on

MOST = 50
YEAR = timedelta(days=366)


def portfolio_part(request: HttpRequest, client: Client, today: date) -> dict:
    """As many questions for forty holdings as for two."""
    user = request.user
    holdings, shared = _holdings(user, client)
    opened = [holding for holding in holdings if holding.status == Holding.Status.OPEN]
    cases = list(
        MaturityCase.objects.filter(client=client)
        .select_related("holding__product")
        .prefetch_related("parts__product")
        .order_by("-effective_on", "-pk")[:MOST]
    )
    for case in cases:
        case.brought_from = shown_words(user, case.brought_from)
    return {
        "holdings": holdings,
        "shared": shared,
        "totals": totals_of(opened),
        "ladder": client_ladder(opened, today),
        "cases": [case for case in cases if case.settled_at is None],
        "settled": [case for case in cases if case.settled_at is not None][:10],
        "purchases": _purchases(client),
        "wallet": wallet_of(user, client, today),
        "balances": _balances(client, today),
        "movements": [
            {"movement": movement, "name": ""} | reason_of(user, movement)
            for movement in Movement.objects.external()
            .filter(client=client)
            .select_related("reason")
            .order_by("-booked_on", "-pk")[:20]
        ],
        "may_settle": user.role in ("account_manager", "supervisor"),
        "channels": _channels(client, today),
    }


def _holdings(user, client: Client) -> tuple[list[Holding], list[Holding]]:
    """The client's own, each with its other parties, and those of others that the client has a part in."""
    own = (
        Holding.objects.filter(client=client)
        .select_related("product")
        .order_by("status", "matures_on", "number")
    )
    holdings = list(own.prefetch_related("parties__client"))
    visible = set(
        Client.objects.visible_to(user)
        .filter(pk__in={party.client_id for holding in holdings for party in holding.parties.all()})
        .values_list("pk", flat=True)
    )
    for holding in holdings:
        # A party outside one's sight is counted, not named.
        holding.others = [
            (shown_name(user, party.client), party.get_role_display()) if party.client_id in visible else None
            for party in holding.parties.all()
            if party.client_id != client.pk
        ]
    rows = (
        Holding.objects.filter(parties__client=client)
        .exclude(client=client)
        .select_related("product", "client")
    )
    shared = list(rows.filter(client__in=Client.objects.visible_to(user))[:MOST])
    for holding in shared:
        holding.owner_name = shown_name(user, holding.client)
    return holdings, shared


def totals_of(holdings: Iterable[Holding]) -> list[tuple[str, Decimal]]:
    """Assets by currency, largest first; loans and cards are not assets with us."""
    totals: dict[str, Decimal] = {}
    for holding in holdings:
        if holding.product.kind not in ("loan", "card"):
            totals[holding.currency] = totals.get(holding.currency, Decimal(0)) + holding.value
    return sorted(totals.items(), key=lambda item: -item[1])


def _purchases(client: Client) -> list[dict]:
    """Standing purchases, the latest first, with what a unit costs now and the last limit that was crossed."""
    prices = Price.objects.filter(product=OuterRef("product")).order_by("-on")
    crossed = LimitCrossing.objects.standing().filter(purchase=OuterRef("pk")).order_by("-on")
    rows = (
        Purchase.objects.standing()
        .filter(client=client)
        .select_related("product")
        .annotate(
            price_now=Subquery(prices.values("price")[:1]),
            crossed_side=Subquery(crossed.values("side")[:1]),
            crossed_on=Subquery(crossed.values("on")[:1]),
        )
        .order_by("-bought_on", "-pk")[:MOST]
    )
    return [
        {
            "purchase": row,
            "paid": _price(row.unit_price),
            "now": _price(row.price_now),
            "loss": _price(row.stop_loss),
            "gain": _price(row.take_profit),
            "change": (row.price_now - row.unit_price) / row.unit_price
            if row.price_now is not None and row.unit_price
            else None,
        }
        for row in rows
    ]


def _price(value: Decimal | None) -> str:
    return "" if value is None else saying.price(value)


def wallet_of(user, client: Client, today: date) -> dict:
    """What the client has with us and elsewhere, in the reporting currency, and the share that is ours.

    `here` is None where no balance was loaded; `elsewhere` are the estimates on the file, each with its day.
    """
    assets = ClientAssets.objects.filter(client=client).first()
    facts = [
        {"fact": fact, "words": shown_words(user, fact.value)}
        for fact in Fact.objects.filter(client=client, type__code="assets_elsewhere").order_by(
            "-learnt_on", "pk"
        )
    ]
    amounts: dict[str, Decimal] = {}
    for row in facts:
        fact = row["fact"]
        if fact.amount is not None:
            amounts[fact.currency] = amounts.get(fact.currency, Decimal(0)) + fact.amount
    elsewhere, missing = converted(amounts, rates_on(amounts, today))
    here = assets.amount if assets is not None else None
    whole = (here or Decimal(0)) + elsewhere
    return {
        "assets": assets,
        "facts": facts,
        "elsewhere": elsewhere if amounts and not missing else None,
        "missing": missing,
        "currency": settings.REPORTING_CURRENCY,
        "share": here / whole if here is not None and amounts and not missing and whole else None,
    }


def reason_of(user, movement: Movement) -> dict:
    """Why it moved, as the reader may read it."""
    known = getattr(movement, "reason", None)
    return {
        "why": str(known.get_reason_display()) if known else "",
        "competitor": shown_words(user, (known.competitor if known else "") or movement.counterparty_bank),
        "note": shown_words(user, known.note) if known else "",
    }


def _balances(client: Client, today: date) -> dict | None:
    """Deposits and investments at the last balance of each of twelve months, in the currency that holds most."""
    months = months_back(today)
    rows = BalanceSnapshot.objects.filter(client=client, as_of__gte=date(*months[0], 1)).order_by("as_of")
    last: dict[str, dict[tuple[int, int], Decimal]] = {}
    for row in rows:
        last.setdefault(row.currency, {})[row.as_of.year, row.as_of.month] = row.assets
    if not last:
        return None
    currency = max(last, key=lambda code: max(last[code].values()))
    bars = bars_of(months, last[currency])
    for bar in bars:
        bar["first"] = bar is bars[-1]
    return {"currency": currency, "bars": bars, "others": sorted(code for code in last if code != currency)}


def _channels(client: Client, today: date) -> list[dict]:
    """How often each channel was used in the last three months that are known."""
    since = today - timedelta(days=120)
    rows = (
        ChannelUse.objects.filter(client=client, month__gte=since)
        .values("channel")
        .annotate(times=Sum("count"))
        .order_by("-times")
    )
    return [{"name": ChannelUse.Way(row["channel"]).label, "times": row["times"]} for row in rows]
