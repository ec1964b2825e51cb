"""A crossed limit is a duty on Today: advice is given, the client decides, and nobody forgets it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from clients.models import Theme
from interactions import words
from interactions.models import Action, Advice, Occurrence
from interactions.services import Advised, log_contact, raise_due, void_contact
from portfolio.limits import note_by_prices, note_by_purchases
from portfolio.models import Price
from tests.factories import ProductFactory, PurchaseFactory

FRIDAY = date(2026, 3, 6)
MONDAY = FRIDAY + timedelta(days=3)


@pytest.fixture
def fund(db):
    return ProductFactory(code="FUND", kind="fund", name="World fund", currency="EUR", risk_level=4)


@pytest.fixture
def bought(fund, carla):
    return PurchaseFactory(
        product=fund,
        client=carla,
        number="P1",
        bought_on=FRIDAY - timedelta(days=30),
        amount=10_000,
        units=1000,
        unit_price=10,
        stop_loss=9,
        take_profit=12,
    )


@pytest.fixture
def priced(fund, bought):
    def _priced(on, price):
        Price.objects.update_or_create(product=fund, on=on, defaults={"price": Decimal(str(price))})
        return note_by_prices({fund.pk: on})

    return _priced


@pytest.fixture
def crossed(priced):
    """The fund fell on Friday; the action of Monday morning."""
    priced(FRIDAY, "8.9")
    raise_due(on=MONDAY)
    return Action.objects.get(source="limit")


def told(alice, action, result="reached", **more):
    return log_contact(
        actor=alice, client=action.client, channel="call", result=result, action=action, **more
    )


def test_crossing_of_friday_is_owed_on_the_next_working_day_and_says_why(crossed):
    assert (crossed.due_on, crossed.theme.is_duty) == (MONDAY, True)
    assert (crossed.amount, crossed.currency) == (Decimal("8900.00"), "EUR")
    first, rest = words.reason(crossed, MONDAY)
    assert first == "World fund fell to 8.90; the client's loss limit is 9.00."
    assert rest == "Price of 6 March. Advice and the client's decision are not yet recorded."


def test_gain_says_that_the_price_rose(priced):
    priced(FRIDAY, "12.5")
    raise_due(on=MONDAY)
    first, _rest = words.reason(Action.objects.get(source="limit"), MONDAY)
    assert first == "World fund rose to 12.50; the client's gain limit is 12.00."


def test_it_is_told_once_however_often_the_day_is_run(crossed, priced):
    for later in range(3):
        priced(MONDAY + timedelta(days=later), "8.8")
        raise_due(on=MONDAY + timedelta(days=later))
    assert Occurrence.objects.filter(source="limit").count() == 1
    assert Action.objects.filter(source="limit").count() == 1


def test_second_crossing_joins_the_duty_that_is_still_open(crossed, priced):
    priced(MONDAY, "9.5")
    priced(MONDAY + timedelta(days=1), "8.5")
    raise_due(on=MONDAY + timedelta(days=2))
    assert Occurrence.objects.filter(source="limit").count() == 2
    action = Action.objects.get(source="limit")
    assert "8.50" in words.reason(action, MONDAY + timedelta(days=2))[0]


def test_corrected_price_takes_the_duty_off_today(crossed, priced):
    priced(FRIDAY, "9.9")
    raise_due(on=MONDAY + timedelta(days=1))
    crossed.refresh_from_db()
    assert crossed.state == "expired"
    assert not Occurrence.objects.filter(source="limit").exists()


def test_reversed_purchase_takes_the_duty_off_today(crossed, bought):
    PurchaseFactory(product=bought.product, client=bought.client, reverses=bought, bought_on=MONDAY)
    note_by_purchases([bought.pk])
    raise_due(on=MONDAY + timedelta(days=1))
    crossed.refresh_from_db()
    assert crossed.state == "expired"


def test_talk_without_advice_leaves_the_duty_open(alice, crossed):
    told(alice, crossed)
    crossed.refresh_from_db()
    assert crossed.is_open


def test_advice_with_the_clients_decision_does_the_duty(alice, crossed):
    contact = told(alice, crossed, advice=Advised("hold", "sells"))
    crossed.refresh_from_db()
    assert crossed.state == "done"
    advice = Advice.objects.get()
    assert (advice.action, advice.contact, advice.client, advice.by) == (
        crossed,
        contact,
        crossed.client,
        alice,
    )
    assert words.reason(crossed, MONDAY)[1] == "Price of 6 March."


def test_client_who_thinks_it_over_is_asked_again(alice, crossed):
    told(alice, crossed, advice=Advised("reduce", "thinks"))
    crossed.refresh_from_db()
    assert crossed.is_open
    told(alice, crossed, advice=Advised("reduce", "reduces"))
    crossed.refresh_from_db()
    assert (crossed.state, Advice.objects.get().decision) == ("done", "reduces")


def test_voided_contact_takes_its_advice_with_it_and_the_duty_stands_again(alice, crossed):
    contact = told(alice, crossed, advice=Advised("hold", "holds"))
    void_contact(actor=alice, contact=contact, reason="The wrong client")
    crossed.refresh_from_db()
    assert crossed.is_open
    assert not Advice.objects.exists()


@pytest.mark.parametrize(
    ("advice", "result", "field"),
    [
        (Advised("pray", "holds"), "reached", "advice"),
        (Advised("hold", "sleeps"), "reached", "decision"),
        (Advised("hold", "holds"), "no_answer", "decision"),
    ],
)
def test_advice_that_makes_no_sense_is_refused_by_its_field_and_nothing_is_logged(
    alice, crossed, advice, result, field
):
    with pytest.raises(ValidationError) as refused:
        told(alice, crossed, result=result, advice=advice)
    assert list(refused.value.message_dict) == [field]
    assert not crossed.contacts.exists()


def test_advice_belongs_to_a_crossed_limit(alice, carla):
    with pytest.raises(ValidationError, match="crossed limit"):
        log_contact(
            actor=alice, client=carla, channel="call", result="reached", advice=Advised("hold", "holds")
        )


def test_form_shows_the_facts_and_takes_advice_and_decision(signed_in, alice, crossed):
    url = f"/contacts/log/?client={crossed.client.number}&action={crossed.pk}"
    browser = signed_in(alice)
    page = browser.get(url).content.decode()
    assert "A unit cost 10.00; on 6 Mar 2026 it costs 8.90, −11.00%." in page
    assert "Risk level 4 of 5." in page
    sent = {
        "channel": "call",
        "result": "reached",
        "direction": "out",
        "note": "She had read of it.",
        "advice": "hold",
        "theme": Theme.objects.get(code="limit").pk,
    }
    refused = browser.post(url, sent)
    assert refused.context["form"].errors["decision"]
    assert not crossed.contacts.exists()
    browser.post(url, sent | {"decision": "holds"})
    crossed.refresh_from_db()
    assert (crossed.state, Advice.objects.get().advised) == ("done", "hold")


def test_timeline_says_what_was_advised_and_decided(signed_in, alice, crossed):
    told(alice, crossed, advice=Advised("reduce", "holds"))
    browser = signed_in(alice)
    for address in ("/client/N-1/", "/client/N-1/contacts/", "/client/N-1/contacts/?show=money"):
        assert "Advice: Reduce. The client: Holds" in browser.get(address).content.decode(), address


def test_form_of_another_action_asks_for_no_advice(signed_in, alice, carla):
    page = signed_in(alice).get(f"/contacts/log/?client={carla.number}").content.decode()
    assert "id_advice" not in page
