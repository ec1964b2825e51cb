"""Pages of the portfolio and of segments in a real browser: readable by everybody, wide and narrow, in light and dark."""

from datetime import timedelta

import pytest
from django.conf import settings

from campaigns.models import Segment
from campaigns.services import save_segment
from clients.models import FactType, Tier
from interactions.services.markets import open_market_event
from portfolio.models import BalanceSnapshot, ChannelUse, LimitCrossing, MaturityCase, Movement, Price
from portfolio.standing import reckon_assets
from tests.factories import (
    ClientFactory,
    FactFactory,
    HoldingFactory,
    ProductFactory,
    PurchaseFactory,
    ServiceCaseFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)
AXE = settings.LOCAL_DIR / "axe" / "axe.min.js"
RULES = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
GOLD = {"groups": [{"parts": [{"what": "tier", "how": "is", "value": "gold"}]}]}


@pytest.fixture
def book(north, alice, bob):
    """Of each list one row at least; names as long as they come."""
    today = north.today()
    chen = ClientFactory(
        number="C-1",
        name="Ximena Rodríguez de la Fuente y Montemayor",
        native_name="陈美琳",
        branch=north,
        manager=alice,
        tier=Tier.objects.get(code="gold"),
    )
    fund = ProductFactory(
        code="FUND", kind="fund", name="Meridian World Equity Fund, distributing", risk_level=5
    )
    ProductFactory(code="TD", name="Term deposit, 12 months", risk_level=1)
    for days in (9, 0):
        holding = HoldingFactory(client=chen, matures_on=today + timedelta(days=days))
        MaturityCase.objects.create(
            holding=holding,
            client=chen,
            matures_on=holding.matures_on,
            effective_on=holding.matures_on,
            principal=holding.principal,
            currency=holding.currency,
            opened_on=today,
        )
    HoldingFactory(client=chen, product=fund, principal=9_000)
    bought = PurchaseFactory(product=fund, client=chen, unit_price=10, stop_loss=9, take_profit=12)
    for back in range(3):
        Price.objects.create(product=fund, on=today - timedelta(days=back), price=8 + back)
    LimitCrossing.objects.create(purchase=bought, client=chen, side="loss", on=today, limit=9, price=8)
    Movement.objects.create(
        number="M1",
        client=chen,
        booked_on=today,
        amount=50_000,
        currency="EUR",
        direction="out",
        external=True,
    )
    for back in (40, 0):
        BalanceSnapshot.objects.create(
            client=chen,
            as_of=today - timedelta(days=back),
            currency="USD",
            deposits=9_000 + back,
            investments=0,
        )
    reckon_assets()
    ChannelUse.objects.create(client=chen, month=today.replace(day=1), channel="mobile", count=7)
    FactFactory(
        client=chen,
        type=FactType.objects.get(code="assets_elsewhere"),
        value="Banco Sur",
        amount=7,
        currency="USD",
    )
    case = ServiceCaseFactory(client=chen, opened_by=alice)
    event = open_market_event(
        actor=bob,
        title="Equities fell sharply",
        why="Hold.",
        products=[fund],
        until=today + timedelta(days=3),
    )
    segment = save_segment(actor=bob, name="Gold", rule=GOLD).segment
    return {
        "alice": [
            *(f"/portfolio/?show={show}" for show in ("maturing", "outcome", "limits", "review", "moved")),
            *(f"/portfolio/maturities/{case.pk}/" for case in MaturityCase.objects.all()),
            f"/portfolio/movements/{Movement.objects.get().pk}/",
            "/products/",
            "/products/FUND/",
            "/client/C-1/portfolio/",
            f"/cases/{case.pk}/",
        ],
        "bob": [
            "/portfolio/",
            "/market/",
            "/market/add/",
            f"/market/{event.pk}/",
            "/segments/",
            "/segments/add/",
            f"/segments/{segment.pk}/",
            f"/segments/{segment.pk}/change/",
        ],
    }


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(width, dark, open_as, cast, book):
    for person, addresses in book.items():
        page = open_as(cast[person], width=width, dark=dark)
        for address in addresses:
            page.goto(address)
            page.wait_for_load_state("networkidle")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
            page.evaluate(AXE.read_text(encoding="utf-8"))
            found = page.evaluate(RULES)
            told = [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found["violations"]]
            assert told == [], address


def settled(page):
    """What was swapped in listens as well."""
    busy = page.locator(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")
    busy.first.wait_for(state="detached")


def test_a_segment_is_built_and_counted_without_leaving_the_page(open_as, bob, book):
    page = open_as(bob)
    page.goto("/segments/add/")
    page.fill("#id_name", "Gold with a fund")
    page.select_option("#g0-0-value", "gold")
    page.wait_for_selector("#look .big:has-text('1')")
    page.click("text=Another condition")
    page.wait_for_selector("#g0-1-what")
    settled(page)
    page.select_option("#g0-1-what", "holds")
    page.wait_for_selector("#g0-1-of")
    settled(page)
    page.select_option("#g0-1-of", "bond")
    page.wait_for_selector("#look .big:has-text('0')")
    page.select_option("#g0-1-of", "fund")
    page.wait_for_selector("#look .big:has-text('1')")
    assert page.input_value("#id_name") == "Gold with a fund"
    page.focus("#g0-1-of")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("h1:has-text('Gold with a fund')")
    assert Segment.objects.get(name="Gold with a fund").current.rule["groups"][0]["parts"][1]["of"] == "fund"
