"""Campaigns in a real browser: readable by everybody, and a call list worked through with keys alone."""

from datetime import timedelta
from decimal import Decimal

import pytest

from campaigns.models import Target
from campaigns.services.campaigns import price_groups, write_cost, write_material
from campaigns.services.launching import launch_campaign
from clients.models import Tier
from interactions.models import Action, Contact
from tests.browser.test_journeys import AXE
from tests.browser.test_portfolio import RULES
from tests.campaigns.test_launching import approved, planned, reachable
from tests.factories import PieceFactory, ProductFactory, PurchaseFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def winter(north, alice, anna, bank):
    """A campaign that runs, with one client left alone, and one that is planned; names as long as they come."""
    dora = UserFactory(role="head_office", branch=bank, sees_identities=True)
    other = UserFactory(role="head_office", branch=bank)
    gold = ProductFactory(code="AU", name="Gold bar, one hundred grams, in a case", risk_level=5)
    reachable(north, alice, name="Maximiliana Fernández de Córdoba y Álvarez de Toledo", native_name="陈美琳")
    for n in range(4):
        reachable(north, alice if n % 2 else anna, name=f"Berta {n}")
    campaign = approved(dora, other, gold, script="Begin with the weekend.", control_share=Decimal("0.2"))
    price_groups(
        actor=dora, campaign=campaign, costs={Tier.objects.get(code="gold"): Decimal(9), None: Decimal(2)}
    )
    write_cost(actor=dora, campaign=campaign, what="Brochures", planned_amount=Decimal("99.50"))
    write_material(actor=dora, campaign=campaign, title="Is it safe?", text="In our own vault.")
    launch_campaign(actor=dora, campaign=campaign)
    Target.objects.filter(arm="control").update(manager=anna)
    PurchaseFactory(
        client=Target.objects.filter(arm="treatment").first().client, product=gold, bought_on=north.today()
    )
    planned(dora, gold, code="SPRING", name="Spring")
    PieceFactory(written_by=dora)
    campaign.head = dora
    return campaign


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(width, dark, open_as, winter):
    page = open_as(winter.head, width=width, dark=dark)
    for address in (
        "/campaigns/",
        "/campaigns/add/",
        "/campaigns/WINTER/",
        "/campaigns/WINTER/review/",
        "/campaigns/WINTER/calls/",
        "/campaigns/WINTER/targets/",
        "/campaigns/WINTER/targets/?arm=out",
        "/campaigns/WINTER/cost/0/",
        "/campaigns/SPRING/",
        "/campaigns/SPRING/groups/",
    ):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate(RULES)["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], address
        assert (
            page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 1
        ), address
        assert page.locator("main .btn-primary:visible").count() <= 1, address


def test_the_call_list_is_worked_with_keys_alone(open_as, alice, winter):
    mine = Target.objects.treated().filter(client__assignments__manager=alice)
    count = mine.count()
    page = open_as(alice)
    page.goto("/campaigns/WINTER/calls/")
    page.get_by_role("link", name="Contact the next one").press("Enter")
    page.wait_for_url("**/campaigns/call/*/")
    assert page.get_by_text("Begin with the weekend.").is_visible()
    assert page.get_by_label("What was said").evaluate("field => field === document.activeElement")
    page.keyboard.type("Thinks of it until Friday")
    page.get_by_label("What came of it").select_option("later")
    first = page.url
    page.keyboard.press("Control+Enter")
    page.wait_for_url(lambda url: url != first)
    assert Contact.objects.get().campaign_code == "WINTER"
    assert mine.filter(outcome="later").count() == 1
    assert Action.objects.filter(client__in=mine.values("client"), state="planned").count() == count - 1


def test_today_leads_to_the_script_with_one_key(open_as, alice, winter):
    Action.objects.update(opens_on=alice.today() - timedelta(days=1), due_on=alice.today())
    page = open_as(alice)
    page.goto("/today/")
    page.keyboard.press("l")
    page.wait_for_url("**/campaigns/call/*/")
    assert page.get_by_text("Begin with the weekend.").is_visible()
