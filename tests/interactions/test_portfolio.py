"""Portfolio pages: what matures and what became of it, limits, money that moved, products, news of the market."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients.models import FactType, Theme
from interactions.models import Action, HolderCall
from interactions.services import markets
from interactions.services.markets import close_market_event, open_market_event
from interactions.tasks import call_holders_of
from portfolio.models import BalanceSnapshot, LimitCrossing, MaturityCase, Movement, Price
from portfolio.standing import reckon_assets
from tests.factories import (
    ActionFactory,
    ClientFactory,
    FactFactory,
    HoldingFactory,
    ProductFactory,
    PurchaseFactory,
)


def maturing(client, days=10, **more):
    """An unsettled case whose day comes in so many days."""
    on = client.branch.today() + timedelta(days=days)
    holding = HoldingFactory(
        client=client, matures_on=on, principal=Decimal("300000.00"), opened_on=on - timedelta(90)
    )
    return MaturityCase.objects.create(
        holding=holding,
        client=client,
        matures_on=on,
        effective_on=on,
        principal=holding.principal,
        currency=holding.currency,
        opened_on=on - timedelta(days=30),
        **more,
    )


def left(client, number="M1", **more):
    given = {"amount": Decimal(50_000), "currency": "EUR", "direction": "out", "external": True} | more
    return Movement.objects.create(
        number=number, client=client, booked_on=client.branch.today() - timedelta(days=2), **given
    )


def text_of(browser, address):
    answer = browser.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


# -- the page of a book -----------------------------------------------------------------------------


def test_the_page_says_what_matures_and_whose_outcome_is_open(signed_in, alice, carla):
    maturing(carla, 10)
    maturing(carla, 0)
    text = text_of(signed_in(alice), "/portfolio/")
    assert "300,000" in text
    assert "What became of 1 maturity is not written down." in text
    assert "Write down" in text_of(signed_in(alice), "/portfolio/?show=outcome")


@pytest.mark.parametrize("show", ["maturing", "outcome", "limits", "review", "moved"])
def test_each_list_holds_one_s_own_clients_and_costs_the_same_for_two_and_for_twenty(
    show, signed_in, alice, north, nina
):
    fund = ProductFactory(code="FUND", kind="fund")

    def write(client, n):
        maturing(client, 10)
        maturing(client, 0)
        left(client, number=f"M{n}")
        bought = PurchaseFactory(product=fund, client=client, number=f"P{n}", stop_loss=9)
        today = client.branch.today()
        LimitCrossing.objects.create(purchase=bought, client=client, side="loss", on=today, limit=9, price=8)
        ActionFactory(client=client, source="purchase_review", about="World fund", event_on=today)

    write(nina, 99)  # Anna's
    browser = signed_in(alice)
    counted = []
    for n in range(20):
        write(ClientFactory(branch=north, manager=alice, name=f"Client {n:02}"), n)
        if n in (1, 19):
            browser.get("/portfolio/")
            with CaptureQueriesContext(
                connection,
            ) as queries:
                text = text_of(browser, f"/portfolio/?show={show}")
            counted.append(len(queries))
            assert text.count('scope="row"') == n + 1
    assert nina.name not in text
    assert counted[0] == counted[1] <= 14


def test_a_supervisor_reads_one_account_managers_list(signed_in, bob, alice, carla, nina):
    maturing(carla)
    maturing(nina)
    browser = signed_in(bob)
    everybody = text_of(browser, "/portfolio/")
    assert carla.name in everybody
    assert nina.name in everybody
    hers = text_of(browser, f"/portfolio/?manager={alice.staff_number}")
    assert carla.name in hers
    assert nina.name not in hers


def test_head_office_reads_sums_without_names(signed_in, dora, carla):
    maturing(carla)
    left(carla, counterparty_bank="Banco del Faro")
    for show in ("maturing", "moved"):
        text = text_of(signed_in(dora), f"/portfolio/?show={show}")
        assert carla.name not in text
        assert "Write down" not in text


# -- one maturity -----------------------------------------------------------------------------------


def test_before_its_day_the_panel_warns_and_shows_what_fits(signed_in, alice, carla):
    case = maturing(carla, 2)
    ProductFactory(name="Steady 90", expected_return=Decimal("0.03"), risk_level=1)
    ProductFactory(name="Wild fund", kind="fund", risk_level=5)
    text = text_of(signed_in(alice), f"/portfolio/maturities/{case.pk}/")
    assert "Broken before that day it loses interest" in text
    assert text.index("Steady 90") < text.index("Wild fund") < text.index("Not suitable.")
    raised = text_of(signed_in(alice), "/client/N-1/interest/raise/?amount=300000.00&currency=EUR")
    assert 'value="300000.00"' in raised


def test_what_became_of_it_is_written_down_and_taken_back(signed_in, alice, carla):
    case = maturing(carla, 0)
    browser = signed_in(alice)
    address = f"/portfolio/maturities/{case.pk}/"
    assert 'value="300000.00"' in text_of(browser, address)  # all of it renewed, until something else is said
    short = browser.post(address, {"renewed": "200000", "withdrawn": "99999.99"})
    assert short.status_code == 422
    assert "EUR 0.01 of the principal are missing." in short.content.decode()
    body = {
        "renewed": "200000",
        "withdrawn": "100000",
        "brought_amount": "300000",
        "brought_from": "Banco Sur",
    }
    assert browser.post(address, body).status_code == 302
    case.refresh_from_db()
    assert (case.settled_by, case.brought_amount) == (alice, 300_000)
    text = text_of(browser, "/client/N-1/portfolio/")
    assert "What became of maturities" in text
    assert "Banco Sur" in text
    assert 'value="200000.00"' in text_of(browser, address)
    browser.post(f"/portfolio/maturities/{case.pk}/take-back/")
    case.refresh_from_db()
    assert case.settled_at is None


def test_why_money_left_is_written_down_changed_and_taken_back(signed_in, alice, carla):
    movement = left(carla, counterparty_bank="Banco Sur")
    browser, address = signed_in(alice), f"/portfolio/movements/{movement.pk}/"
    assert 'value="Banco Sur"' in text_of(browser, address)
    assert browser.post(address, {"reason": "nonsense"}).status_code == 422
    browser.post(address, {"reason": "rate", "competitor": "Banco Norte", "note": "4 % for a year"})
    movement.refresh_from_db()
    assert (movement.reason.reason, movement.reason.competitor, movement.reason.by) == (
        "rate",
        "Banco Norte",
        alice,
    )
    assert "A better rate" in text_of(browser, "/portfolio/?show=moved")
    browser.post(f"/portfolio/movements/{movement.pk}/forget/")
    assert not hasattr(Movement.objects.get(pk=movement.pk), "reason")


def test_money_that_stayed_in_the_bank_has_no_reason(signed_in, alice, carla):
    movement = left(carla, external=False)
    assert signed_in(alice).get(f"/portfolio/movements/{movement.pk}/").status_code == 404


# -- the file ---------------------------------------------------------------------------------------


def test_the_file_shows_what_is_with_us_what_is_elsewhere_and_our_share(signed_in, alice, carla):
    today = carla.branch.today()
    BalanceSnapshot.objects.create(client=carla, as_of=today, currency="USD", deposits=300_000, investments=0)
    reckon_assets()
    FactFactory(
        client=carla,
        type=FactType.objects.get(code="assets_elsewhere"),
        value="A deposit at Banco Sur",
        amount=100_000,
        currency="USD",
    )
    text = text_of(signed_in(alice), "/client/N-1/portfolio/")
    assert "A deposit at Banco Sur" in text
    assert "75" in text.split("Our share")[1][:80]


def test_a_share_that_cannot_be_converted_is_not_guessed(signed_in, alice, carla):
    today = carla.branch.today()
    BalanceSnapshot.objects.create(client=carla, as_of=today, currency="USD", deposits=300_000, investments=0)
    reckon_assets()
    FactFactory(
        client=carla,
        type=FactType.objects.get(code="assets_elsewhere"),
        value="Gold",
        amount=5,
        currency="XAU",
    )
    text = text_of(signed_in(alice), "/client/N-1/portfolio/")
    assert "no exchange rate of the last seven days: XAU" in text


def test_purchases_show_price_paid_and_now_and_the_limit_that_was_crossed(signed_in, alice, carla):
    fund = ProductFactory(code="FUND", kind="fund", name="World fund")
    bought = PurchaseFactory(
        product=fund, client=carla, unit_price=Decimal(10), stop_loss=Decimal(9), take_profit=Decimal(12)
    )
    today = carla.branch.today()
    Price.objects.create(product=fund, on=today, price=Decimal("8.5"))
    LimitCrossing.objects.create(
        purchase=bought, client=carla, side="loss", on=today, limit=9, price=Decimal("8.5")
    )
    text = text_of(signed_in(alice), "/client/N-1/portfolio/")
    assert "8.50" in text
    assert "fell below on" in text


# -- products and news of the market ----------------------------------------------------------------


@pytest.fixture
def fund(db):
    return ProductFactory(code="FUND", kind="fund", name="World fund")


def test_a_product_shows_its_holders_in_one_s_scope_and_no_others(signed_in, alice, bob, carla, nina, fund):
    for client in (carla, nina):
        HoldingFactory(client=client, product=fund, principal=7_000)
    hers = text_of(signed_in(alice), "/products/FUND/")
    assert carla.name in hers
    assert nina.name not in hers
    assert nina.name in text_of(signed_in(bob), "/products/FUND/")
    assert signed_in(alice).get("/products/NONE/").status_code == 404


def test_closed_holdings_and_reversed_purchases_hold_nothing(signed_in, alice, carla, fund):
    HoldingFactory(client=carla, product=fund, status="closed")
    PurchaseFactory(client=carla, product=fund)  # sold since: core banking says so by the holding
    assert "None of your clients holds it." in text_of(signed_in(alice), "/products/FUND/")


def test_a_purchase_counts_where_core_delivers_no_holding(signed_in, alice, carla, fund):
    PurchaseFactory(client=carla, product=fund)
    assert carla.name in text_of(signed_in(alice), "/products/FUND/")


def opened(bob, fund, **more):
    given = {
        "title": "Rates rose",
        "why": "Bonds fell; hold.",
        "until": bob.today() + timedelta(days=3),
    } | more
    return open_market_event(actor=bob, products=[fund], **given)


def test_every_holder_has_one_call_and_it_stands_on_today_with_what_to_say(
    signed_in, bob, alice, carla, fund
):
    HoldingFactory(client=carla, product=fund, principal=7_000)
    event = opened(bob, fund)
    action = HolderCall.objects.get(event=event).action
    assert (action.client, action.about, action.amount) == (carla, "Rates rose", 7_000)
    text = text_of(signed_in(alice), "/today/")
    assert "Rates rose" in text
    assert "Bonds fell; hold." in text


def test_whoever_is_to_be_spoken_with_about_products_anyway_is_told_in_that_talk(bob, carla, fund):
    HoldingFactory(client=carla, product=fund)
    standing = ActionFactory(client=carla, theme=Theme.objects.get(code="product"))
    event = opened(bob, fund)
    assert HolderCall.objects.get(event=event).action == standing
    close_market_event(actor=bob, event=event)
    standing.refresh_from_db()
    assert standing.is_open  # it stood before


@pytest.mark.parametrize("status", ["closed", "deceased", "blocked", "dormant"])
def test_whom_nobody_may_call_has_no_call(status, bob, carla, fund):
    HoldingFactory(client=carla, product=fund)
    carla.status = status
    carla.save()
    opened(bob, fund)
    assert not HolderCall.objects.exists()


def test_a_supervisors_event_reaches_their_own_branches_only(bob, south, simon, fund):
    HoldingFactory(client=ClientFactory(branch=south), product=fund)
    opened(bob, fund)
    assert not HolderCall.objects.exists()


def test_an_event_without_calls_in_one_s_sight_is_absent_for_a_supervisor(signed_in, bob, dora, simon, fund):
    HoldingFactory(client=simon, product=fund)
    event = opened(dora, fund)
    browser = signed_in(bob)
    assert "Rates rose" not in text_of(browser, "/market/")
    assert browser.get(f"/market/{event.pk}/").status_code == 404
    assert browser.post(f"/market/{event.pk}/close/").status_code == 404
    assert "Rates rose" in text_of(signed_in(dora), f"/market/{event.pk}/")


def test_closing_takes_calls_that_nobody_made_off_today(bob, carla, nina, fund):
    for client in (carla, nina):
        HoldingFactory(client=client, product=fund)
    event = opened(bob, fund)
    done = Action.objects.get(client=carla)
    done.state, done.closed_at = "done", timezone.now()
    done.save()
    assert close_market_event(actor=bob, event=event) == 1
    assert close_market_event(actor=bob, event=event) == 0
    assert Action.objects.get(client=nina).state == "cancelled"
    assert Action.objects.get(client=carla).state == "done"


def test_bad_news_is_refused_by_its_field_and_calls_nobody(bob, alice, carla, fund):
    HoldingFactory(client=carla, product=fund)
    for field, value in (("title", " "), ("why", ""), ("until", bob.today() - timedelta(days=1))):
        with pytest.raises(ValidationError) as refused:
            opened(bob, fund, **{field: value})
        assert field in refused.value.error_dict
    with pytest.raises(PermissionDenied):
        opened(alice, fund)
    assert not HolderCall.objects.exists()


def test_the_page_makes_the_calls_and_shows_how_far_they_have_come(signed_in, bob, carla, fund):
    HoldingFactory(client=carla, product=fund)
    browser = signed_in(bob)
    until = bob.today() + timedelta(days=3)
    body = {"title": "Rates rose", "why": "Hold.", "products": [fund.pk], "until": until}
    assert browser.post("/market/add/", body | {"products": []}).status_code == 422
    page = browser.post("/market/add/", body, follow=True)
    assert "<strong>0 of 1</strong> called" in page.content.decode()
    assert carla.name in page.content.decode()
    assert "Rates rose" in text_of(browser, "/market/")


def test_thousands_of_calls_are_made_by_a_worker_and_a_lost_task_loses_none(
    bob, carla, nina, fund, monkeypatch
):
    for client in (carla, nina):
        HoldingFactory(client=client, product=fund)
    queued = []
    monkeypatch.setattr(markets, "CHUNK", 1)
    monkeypatch.setattr(markets, "after_commit", lambda *task: queued.append(task))
    event = opened(bob, fund)
    assert queued == [("interactions.call_holders", event.pk)]
    assert not HolderCall.objects.exists()
    assert markets.call_forgotten() == 2  # the night finds what the queue lost
    call_holders_of(event.pk)
    assert markets.call_forgotten() == 0
    assert HolderCall.objects.filter(event=event).count() == 2


def test_a_closed_event_calls_nobody_any_more(bob, carla, fund):
    event = opened(bob, fund)
    close_market_event(actor=bob, event=event)
    HoldingFactory(client=carla, product=fund)
    assert markets.call_holders(event) == 0


def test_news_of_somebody_who_left_is_closed_by_whoever_sees_it(bob, dora, alice, charlie, carla, fund):
    HoldingFactory(client=carla, product=fund)
    event = opened(bob, fund)
    with pytest.raises(PermissionDenied):
        close_market_event(actor=dora, event=event)
    bob.is_active = False
    bob.save()
    for person in (bob, alice, charlie):
        with pytest.raises(PermissionDenied):
            close_market_event(actor=person, event=event)
    assert close_market_event(actor=dora, event=event) == 1
