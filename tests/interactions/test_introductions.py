"""The page of introductions and the people of the file: sums within sight only, however large the tree."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clients.models import Client, HouseholdMember, Introduction
from common.models import AuditEntry
from interactions.introduced import FOLD, PAGE
from interactions.models import Action
from portfolio.assets import assets_of
from tests.factories import (
    ClientFactory,
    FactFactory,
    HoldingFactory,
    HouseholdFactory,
    ProductFactory,
    RelationFactory,
)


def brought(client, by) -> Introduction:
    return Introduction.objects.create(client=client, introducer=by, introduced_on=by.branch.today())


def tree_page(browser, client, **parameters):
    return browser.get(reverse("introduction-tree", args=[client.number]), parameters)


def people_page(browser, client):
    return browser.get(reverse("client-tab", args=[client.number, "people"]))


@pytest.fixture
def hugo(north, alice):
    return ClientFactory(number="N-7", name="Hugo Núñez", branch=north, manager=alice)


@pytest.fixture
def deposit(db):
    return ProductFactory()


@pytest.fixture
def has(deposit):
    def _has(client, amount, currency="EUR", **more):
        return HoldingFactory(
            client=client, product=deposit, principal=Decimal(amount), currency=currency, **more
        )

    return _has


def test_assets_are_open_deposits_and_investments_of_the_owner_by_currency(carla, nina, has):
    has(carla, 100)
    has(carla, 50, market_value=Decimal(70))
    has(carla, 30, "USD")
    has(carla, 900, status="closed")
    HoldingFactory(client=carla, product=ProductFactory(kind="loan"), principal=Decimal(5000))
    assert assets_of([carla.pk, nina.pk], carla.branch.today()) == {
        carla.pk: {"EUR": Decimal(170), "USD": Decimal(30)}
    }
    assert assets_of([], carla.branch.today()) == {}


def test_each_branch_sums_its_client_and_everybody_below_by_currency(
    signed_in, alice, north, carla, hugo, has
):
    child = ClientFactory(name="Child Ruiz", branch=north, manager=alice)
    brought(hugo, carla)
    brought(child, hugo)
    has(carla, 999_999)
    has(hugo, 1000)
    has(child, 500)
    has(child, 70, "USD")
    page = tree_page(signed_in(alice), carla)
    (row,) = page.context["branches"]["rows"]
    assert row["own"] == [("EUR", Decimal(1000))]
    assert row["total"] == [("EUR", Decimal(1500)), ("USD", Decimal(70))]
    assert page.context["total"]["amounts"] == row["total"]
    assert row["below"]["rows"][0]["client"] == child
    assert "Child Ruiz" in page.content.decode()


def test_clients_out_of_sight_are_counted_not_summed_but_those_below_them_are(
    signed_in, alice, bob, carla, nina, simon, hugo, has
):
    brought(nina, carla)
    brought(hugo, nina)
    brought(simon, carla)
    for client, amount in ((nina, 7_000_001), (simon, 8_000_001), (hugo, 1000)):
        has(client, amount)
    page = tree_page(signed_in(alice), carla)
    text = page.content.decode()
    assert page.context["total"] == {"amounts": [("EUR", Decimal(1000))], "count": 1, "hidden": 2}
    assert "1 client outside your book; assets not shown" in text
    assert "2 clients outside your book; assets not shown and not in the sum." in text
    for secret in ("Nina", "Simon", "N-2", "S-1", "7,000,001", "8,000,001"):
        assert secret not in text
    assert tree_page(signed_in(bob), carla).context["total"]["count"] == 2


def test_a_restricted_file_is_out_of_the_supervisors_sight_and_sum(signed_in, bob, carla, nina, has):
    Client.objects.filter(pk=nina.pk).update(is_restricted=True)
    brought(nina, carla)
    has(nina, 7_000_001)
    page = tree_page(signed_in(bob), carla)
    assert page.context["total"] == {"amounts": [], "count": 0, "hidden": 1}
    assert "Nina" not in page.content.decode()


def test_introducer_out_of_sight_is_said_to_be_there_without_name_or_note(signed_in, alice, carla, nina):
    Introduction.objects.create(
        client=carla, introducer=nina, introduced_on=carla.branch.today(), note="Nina's neighbour"
    )
    for page in (tree_page(signed_in(alice), carla), people_page(signed_in(alice), carla)):
        text = page.content.decode()
        assert "A client outside your book" in text
        assert "Nina" not in text
        assert reverse("introduction-change", args=["N-1"]) not in text


def test_head_office_without_the_right_reads_numbers_and_amounts_only(signed_in, dora, carla, nina, has):
    Introduction.objects.create(
        client=nina, introducer=carla, introduced_on=carla.branch.today(), note="Carla's neighbour"
    )
    has(nina, 1000)
    for client in (carla, nina):
        for page in (tree_page(signed_in(dora), client), people_page(signed_in(dora), client)):
            text = page.content.decode()
            assert "Carla" not in text
            assert "Nina" not in text
    page = tree_page(signed_in(dora), carla)
    assert "Client N-2" in page.content.decode()
    assert page.context["total"]["amounts"] == [("EUR", Decimal(1000))]


@pytest.mark.parametrize("name", ["anna", "charlie", "erin", "frank", "gus", "hana", "ines"])
def test_page_of_a_hidden_client_is_absent(signed_in, cast, name, carla):
    assert tree_page(signed_in(cast[name]), carla).status_code == 404


def test_the_look_is_recorded(signed_in, alice, carla):
    tree_page(signed_in(alice), carla)
    assert AuditEntry.objects.filter(
        act="read", subject=f"client/{carla.pk}", detail="introductions"
    ).exists()


def _bring_many(count, by, alice, north) -> list[Client]:
    made = [ClientFactory(branch=north, manager=alice) for _n in range(count)]
    for one in made:
        brought(one, by)
    return made


def test_three_hundred_branches_are_paged_and_folded(signed_in, alice, north, carla, hugo):
    _bring_many(300, carla, alice, north)
    brought(carla, hugo)
    browser = signed_in(alice)
    first = tree_page(browser, carla)
    assert len(first.context["branches"]["rows"]) == PAGE
    assert first.context["branches"]["more"] == 300 - PAGE
    assert f"and {300 - PAGE} more" in first.content.decode()
    last = tree_page(browser, carla, page=300 // PAGE)
    assert len(last.context["branches"]["rows"]) == PAGE
    assert last.context["branches"]["more"] == 0
    above = tree_page(browser, hugo)
    assert above.context["total"]["count"] == 301
    assert len(above.context["branches"]["rows"][0]["below"]["rows"]) == FOLD
    assert f"and {300 - FOLD} more" in above.content.decode()
    for odd in ("0", "-1", "x", "9" * 30, "²", "99999"):
        assert tree_page(browser, carla, page=odd).status_code == 200


def test_a_deep_chain_is_drawn_to_a_depth_and_counted_beyond(signed_in, alice, north, carla):
    above = carla
    for _n in range(30):
        above = _bring_many(1, above, alice, north)[0]
    page = tree_page(signed_in(alice), carla)
    assert page.context["total"]["count"] == 20
    assert page.context["is_cut"]
    assert "further down" in page.content.decode()
    assert "This tree goes on" in page.content.decode()


def test_closed_and_deceased_clients_stand_in_the_tree(signed_in, alice, carla, hugo, has):
    Client.objects.filter(pk=hugo.pk).update(status="deceased")
    brought(hugo, carla)
    assert "Hugo" in tree_page(signed_in(alice), carla).content.decode()
    Client.objects.filter(pk=carla.pk).update(status="closed")
    text = tree_page(signed_in(alice), carla).content.decode()
    assert "This file is closed" in text
    assert reverse("introduction-change", args=["N-1"]) not in text


def test_forty_people_cost_the_queries_of_two(signed_in, alice, north, carla, has):
    browser = signed_in(alice)

    def _costs() -> list[int]:
        counts = []
        for look in (tree_page, people_page):
            look(browser, carla)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                look(browser, carla)
            counts.append(len(queries))
        return counts

    household = HouseholdFactory(members=[carla])

    def _add(count: int) -> None:
        for one in _bring_many(count, carla, alice, north):
            HouseholdMember.objects.create(household=household, client=one, role="other")
            RelationFactory(client=carla, other=one, person="", kind="friend")
            FactFactory(client=one)
            has(one, 10)

    _add(2)
    few = _costs()
    _add(38)
    assert _costs() == few


# -- the people of the file ------------------------------------------------------------------------


def test_household_sums_the_members_in_sight_and_says_who_is_missing(
    signed_in, alice, carla, nina, simon, hugo, has
):
    HouseholdFactory(members=[carla, hugo, nina, simon])
    for client, amount in ((carla, 1000), (hugo, 500), (nina, 7_000_001), (simon, 8_000_001)):
        has(client, amount)
    has(hugo, 70, "USD")
    browser = signed_in(alice)
    for page in (people_page(browser, carla), browser.get(reverse("client-detail", args=["N-1"]))):
        text = page.content.decode()
        assert "2 members are not shown; their assets are not in the sum." in text
        assert "7,000,001" not in text
        assert reverse("household-leave", args=["N-1", nina.household_member.pk]) not in text
        found = page.context.get("household_assets") or page.context["tree"]["assets"]
        assert found["amounts"] == [("EUR", Decimal(1500)), ("USD", Decimal(70))]


def test_relation_is_shown_with_its_inverse(signed_in, alice, carla, hugo):
    RelationFactory(client=carla, other=hugo, person="", kind="parent")
    assert "parent; the client is the child" in people_page(signed_in(alice), carla).content.decode()


def test_empty_tab_says_what_to_do_next(signed_in, alice, dora, carla):
    text = people_page(signed_in(alice), carla).content.decode()
    for words in (
        "Add whoever lives",
        "Ask who matters",
        "Ask, and write it down here",
        "has brought nobody yet",
    ):
        assert words in text
    assert "write it down here" not in people_page(signed_in(dora), carla).content.decode()


def test_interest_of_somebody_close_offers_a_joint_invitation(signed_in, alice, carla, hugo):
    RelationFactory(client=carla, other=hugo, person="", kind="spouse")
    fact = FactFactory(client=hugo, value="follows economists")
    browser = signed_in(alice)
    text = people_page(browser, carla).content.decode()
    assert "follows economists" in text
    address = f"{reverse('action-plan')}?client=N-1&fact={fact.pk}"
    assert address.replace("&", "&amp;") in text
    form = browser.get(address).context["form"]
    assert form.initial["theme"].code == "education"
    for words in ("Carla Núñez", "Hugo Núñez", "follows economists"):
        assert words in form.initial["about"]
    day = carla.branch.today().isoformat()
    body = {
        "about": form.initial["about"],
        "due_on": day,
        "channel": "call",
        "theme": form.initial["theme"].pk,
    }
    assert browser.post(address, body).status_code == 302
    assert Action.objects.get().about == form.initial["about"]


def test_invitation_is_for_people_close_in_sight_and_alive(signed_in, alice, dora, carla, nina, hugo):
    RelationFactory(client=carla, other=nina, person="", kind="spouse")
    hidden, far = FactFactory(client=nina, value="opera"), FactFactory(client=hugo, value="sailing")
    browser = signed_in(alice)
    text = people_page(browser, carla).content.decode()
    assert "opera" not in text
    assert "sailing" not in text
    for asked in (hidden.pk, far.pk, 999_999_999, "x", "9" * 30):
        form = browser.get(f"{reverse('action-plan')}?client=N-1&fact={asked}").context["form"]
        assert "about" not in form.initial
    RelationFactory(client=carla, other=hugo, person="", kind="friend")
    assert "sailing" in people_page(browser, carla).content.decode()
    assert "sailing" not in people_page(signed_in(dora), carla).content.decode()
    Client.objects.filter(pk=hugo.pk).update(status="deceased")
    assert "sailing" not in people_page(signed_in(alice), carla).content.decode()
