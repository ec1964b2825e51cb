"""The ledgers of money and the limits that prices crossed, to read; advice on them, to write."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from common.models import AuditEntry
from interactions.models import Action, Advice, Contact
from portfolio.models import Price
from tests.factories import (
    ActionFactory,
    AdviceFactory,
    BalanceFactory,
    ChannelUseFactory,
    LimitCrossingFactory,
    MovementFactory,
    PriceFactory,
    ProductFactory,
    PurchaseFactory,
    RateFactory,
)

pytestmark = pytest.mark.django_db

ADVICE = "/api/v1/advice/"
SPRING, SUMMER = date(2026, 3, 1), date(2026, 7, 1)


@pytest.fixture
def found():
    """`found(caller, "prices", "on", product="P1")`: a field of every row that a list gives."""

    def _found(caller, collection: str, field: str, **parameters) -> list:
        answer = caller.get(f"/api/v1/{collection}/", parameters)
        assert answer.status_code == 200, answer.content
        return [row[field] for row in answer.json()["results"]]

    return _found


# -- without clients -------------------------------------------------------------------------------


def test_everybody_with_a_role_reads_prices_and_rates(person, cast, found):
    PriceFactory(product=ProductFactory(code="FUND"))
    RateFactory(currency="USD")
    for name in set(cast) - {"gus"}:
        assert found(person(cast[name]), "prices", "product") == ["FUND"]
        assert found(person(cast[name]), "rates", "currency") == ["USD"]


def test_prices_are_found_by_product_and_days_both_included(person, alice, found):
    fund, other = ProductFactory(code="FUND", currency="USD"), ProductFactory(code="BOND")
    for day in (1, 2, 3, 4):
        PriceFactory(product=fund, on=date(2026, 3, day), price=Decimal("10.123456"))
    PriceFactory(product=other, on=date(2026, 3, 2))
    caller = person(alice)
    days = {"from": "2026-03-02", "to": "2026-03-03"}
    assert found(caller, "prices", "on", product="FUND", ordering="-on", **days) == [
        "2026-03-03",
        "2026-03-02",
    ]
    assert set(found(caller, "prices", "product", to="2026-03-02")) == {"FUND", "BOND"}
    row = caller.get("/api/v1/prices/", {"product": "FUND"}).json()["results"][0]
    assert (row["price"], row["currency"]) == ("10.123456", "USD")
    assert caller.get(f"/api/v1/prices/{row['id']}/").json() == row
    assert caller.post("/api/v1/prices/", {}).status_code == 405


def test_rates_are_found_by_currency_and_days(person, alice, found):
    for currency, on in (("USD", SPRING), ("JPY", SPRING), ("USD", SUMMER)):
        RateFactory(currency=currency, on=on, rate=Decimal("1.23456789"))
    caller = person(alice)
    assert found(caller, "rates", "on", currency="USD", ordering="on") == ["2026-03-01", "2026-07-01"]
    assert found(caller, "rates", "rate", **{"from": "2026-04-01"}) == ["1.23456789"]
    assert found(caller, "rates", "id", currency="EUR") == []


@pytest.mark.django_db(transaction=True)
def test_updated_since_gives_what_a_ledger_got_and_what_was_corrected_there(person, alice, found):
    """In transactions of their own: a history row's time is when its transaction began."""
    old, corrected = PriceFactory(), PriceFactory()
    moment = timezone.now()
    new = PriceFactory()
    Price.objects.filter(pk=corrected.pk).update(price=Decimal(11))
    seen = set(found(person(alice), "prices", "id", updated_since=moment.isoformat()))
    assert seen == {corrected.pk, new.pk}
    assert old.pk not in seen


# -- of clients ------------------------------------------------------------------------------------


def test_balances_of_a_client_are_found_by_days_and_currency_with_assets_beside_loans(
    person, bob, carla, nina, found
):
    BalanceFactory(client=carla, as_of=SPRING, deposits=100, investments=50, loans=70)
    BalanceFactory(client=carla, as_of=SPRING, currency="USD")
    BalanceFactory(client=carla, as_of=SUMMER)
    BalanceFactory(client=nina, as_of=SPRING)
    caller = person(bob)
    days = {"from": "2026-03-01", "to": "2026-06-30"}
    assert len(found(caller, "balances", "id")) == 4
    assert found(caller, "balances", "currency", client="N-1", **days) == ["EUR", "USD"]
    assert found(caller, "balances", "as_of", client="N-1", currency="EUR", ordering="-as_of") == [
        "2026-07-01",
        "2026-03-01",
    ]
    row = caller.get("/api/v1/balances/", {"client": "N-1"}).json()["results"][0]
    assert (row["assets"], row["loans"]) == ("150.00", "70.00")


def test_movements_are_found_by_what_moved_and_when(person, bob, carla, nina, found):
    MovementFactory(client=carla, number="A", booked_on=SPRING)
    MovementFactory(client=carla, number="B", booked_on=SUMMER, direction="in", currency="USD")
    MovementFactory(client=nina, number="C", booked_on=SUMMER, external=False, counterparty_bank="")
    caller = person(bob)
    assert found(caller, "movements", "number", ordering="-booked") == ["C", "B", "A"]
    assert found(caller, "movements", "number", client="N-1", to="2026-06-30") == ["A"]
    assert found(caller, "movements", "number", direction="in") == ["B"]
    assert found(caller, "movements", "number", currency="USD") == ["B"]
    assert found(caller, "movements", "number", external="false") == ["C"]
    assert caller.get("/api/v1/movements/A/").json()["counterparty_bank"] == "Banco Sur"
    assert caller.delete("/api/v1/movements/A/").status_code == 405


def test_channel_use_is_found_by_channel_and_months(person, alice, carla, found):
    for month, channel in ((SPRING, "mobile"), (SPRING, "branch"), (SUMMER, "mobile")):
        ChannelUseFactory(client=carla, month=month, channel=channel)
    caller = person(alice)
    assert found(caller, "channel_use", "month", channel="mobile", ordering="month") == [
        "2026-03-01",
        "2026-07-01",
    ]
    assert found(caller, "channel_use", "channel", to="2026-03-31", client="N-1") == ["mobile", "branch"]


@pytest.mark.parametrize(
    ("collection", "factory"),
    [("balances", BalanceFactory), ("movements", MovementFactory), ("channel_use", ChannelUseFactory)],
)
def test_whoever_reads_a_ledger_of_clients_is_recorded(person, alice, carla, collection, factory):
    """Pages show these only in part outside the file, so a list of them is a look at the file or an export."""
    caller = person(alice)
    caller.get(f"/api/v1/{collection}/")
    assert not AuditEntry.objects.filter(actor_id=alice.pk).exists()  # of nothing
    factory(client=carla)
    caller.get(f"/api/v1/{collection}/", {"client": "N-1"})
    caller.get(f"/api/v1/{collection}/")
    acts = AuditEntry.objects.filter(actor_id=alice.pk).order_by("pk").values_list("act", "subject")
    assert list(acts) == [("read", f"client/{carla.pk}"), ("export", collection.replace("-", "_"))]


# -- limits ----------------------------------------------------------------------------------------


@pytest.fixture
def bought(carla):
    return PurchaseFactory(client=carla, number="P1", product=ProductFactory(code="FUND", currency="USD"))


def test_crossing_says_which_limit_of_which_purchase_which_price_crossed_when(person, alice, bought):
    LimitCrossingFactory(purchase=bought, on=date(2026, 3, 6))
    row = person(alice).get("/api/v1/limit_crossings/").json()["results"][0]
    del row["id"], row["noted_at"]
    assert row == {
        "client_number": "N-1",
        "client_name": "Carla Núñez",
        "purchase": "P1",
        "product": "FUND",
        "side": "loss",
        "on": "2026-03-06",
        "limit": "9.000000",
        "price": "8.900000",
        "currency": "USD",
        "stands": True,
        "gone_at": None,
    }


def test_crossings_are_found_by_purchase_side_and_day_and_by_whether_they_stand(
    person, bob, carla, nina, bought, found
):
    stands = LimitCrossingFactory(purchase=bought, on=SUMMER)
    gain = LimitCrossingFactory(purchase=bought, on=SPRING, side="gain", gone_at=timezone.now())
    reversed_one = LimitCrossingFactory(purchase=PurchaseFactory(client=nina, number="P2"), on=SPRING)
    PurchaseFactory(client=nina, reverses=reversed_one.purchase)
    caller = person(bob)

    def crossings(**parameters):
        return found(caller, "limit_crossings", "id", **parameters)

    assert crossings()[0] == stands.pk  # the newest first
    assert set(crossings(purchase="P1")) == set(crossings(client="N-1")) == {stands.pk, gain.pk}
    assert set(crossings(product="FUND")) == {stands.pk, gain.pk}
    assert crossings(side="gain") == [gain.pk]
    assert set(crossings(to="2026-03-01")) == {gain.pk, reversed_one.pk}
    assert crossings(**{"from": "2026-07-01"}) == crossings(standing="true") == [stands.pk]
    assert set(crossings(standing="false")) == {gain.pk, reversed_one.pk}
    assert found(caller, "limit_crossings", "stands", standing="false") == [False, False]
    assert found(caller, "limit_crossings", "stands", standing="true") == [True]


# -- advice ----------------------------------------------------------------------------------------


@pytest.fixture
def duty(carla):
    return ActionFactory(client=carla, source="limit")


def advice(duty: Action, **more) -> dict:
    return {"action": duty.pk, "advised": "reduce", "decision": "reduces", "channel": "call", **more}


def test_advice_with_the_decision_logs_the_contact_and_does_the_duty(person, alice, duty):
    sent = person(alice).post(ADVICE, advice(duty, note="She had read of it.", duration_seconds=300))
    assert sent.status_code == 201, sent.content
    body, row = sent.json(), Advice.objects.get()
    assert sent.headers["Location"].endswith(f"{ADVICE}{row.pk}/")
    assert (body["advised"], body["decision"], body["is_decided"]) == ("reduce", "reduces", True)
    assert (body["client_number"], body["action"], body["by"]["staff_number"]) == ("N-1", duty.pk, "alice")
    contact = Contact.objects.get()
    assert (body["contact"], contact.result, contact.action) == (contact.pk, "reached", duty)
    assert (contact.note.text, contact.duration_seconds) == ("She had read of it.", 300)
    duty.refresh_from_db()
    assert duty.state == "done"


def test_who_thinks_it_over_owes_a_decision_which_is_written_on_the_same_row(person, alice, duty):
    caller = person(alice)
    first = caller.post(ADVICE, advice(duty, decision="thinks")).json()
    duty.refresh_from_db()
    assert (first["is_decided"], duty.is_open) == (False, True)
    second = caller.post(ADVICE, advice(duty, advised="sell", decision="holds")).json()
    duty.refresh_from_db()
    assert (second["id"], second["advised"], duty.state) == (first["id"], "sell", "done")
    assert second["contact"] != first["contact"]


def test_same_key_gives_the_first_answer_and_one_contact(person, alice, duty):
    caller, key = person(alice), {"Idempotency-Key": "advised"}
    first, again = (caller.post(ADVICE, advice(duty), headers=key) for _turn in range(2))
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Contact.objects.count() == 1
    assert caller.post(ADVICE, advice(duty, decision="holds"), headers=key).status_code == 422
    assert Advice.objects.get().decision == "reduces"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"advised": "pray"}, "advised"),
        ({"decision": "sleeps"}, "decision"),
        ({"decision": None}, "decision"),
        ({"channel": "email"}, "channel"),  # what is only sent has reached nobody
        ({"occurred_at": "2999-01-01T10:00:00Z"}, "occurred_at"),
        ({"note": "a\x00b"}, "note"),
        ({"result": "no_answer"}, "result"),
        ({"action": 888888888}, "action"),
    ],
)
def test_advice_that_makes_no_sense_is_refused_by_its_field_and_nothing_is_logged(
    person, alice, duty, errors, changes, field
):
    refused = person(alice).post(ADVICE, advice(duty, **changes))
    assert [name for name, _code in errors(refused)] == [field]
    assert not Contact.objects.exists()


def test_advice_on_anything_but_a_crossed_limit_is_refused_by_its_action(person, alice, carla, errors):
    refused = person(alice).post(ADVICE, advice(ActionFactory(client=carla)))
    assert [name for name, _code in errors(refused)] == ["action"]
    assert not Contact.objects.exists()


def test_advice_is_found_by_client_action_decision_and_day(person, bob, carla, nina, found):
    now = timezone.now()
    old = AdviceFactory(client=carla, decision="holds", at=now - timedelta(days=9))
    new = AdviceFactory(client=nina, advised="sell", at=now)
    caller = person(bob)

    def given(**parameters):
        return found(caller, "advice", "id", **parameters)

    assert given() == [new.pk, old.pk]
    assert given(client="N-1") == given(action=old.action_id) == given(decision="holds") == [old.pk]
    assert (
        given(advised="sell") == given(**{"from": (bob.today() - timedelta(days=1)).isoformat()}) == [new.pk]
    )
    assert given(to=(bob.today() - timedelta(days=5)).isoformat()) == [old.pk]


def test_machine_writes_advice_with_its_scope_only(machine, alice, duty):
    assert machine(alice, "contacts:read").post(ADVICE, advice(duty)).status_code == 403
    assert machine(alice, "contacts:write").post(ADVICE, advice(duty)).status_code == 201
