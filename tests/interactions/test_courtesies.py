"""Courtesies: within the limit of the year, above it only with a supervisor, and what is missing in words."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from clients.models import Tier
from interactions import services
from interactions.models import Courtesy
from interactions.services.reopening import reopen_action
from messaging.models import Notification
from tests.factories import ActionFactory, ClientFactory, CourtesyFactory


@pytest.fixture
def carla(carla):
    """Of a tier with gifts of up to 100 dollars a year."""
    carla.tier = Tier.objects.create(code="t", name="T", gift_limit=100, threshold_currency="USD")
    carla.save()
    return carla


@pytest.fixture
def give(alice, carla):
    """`give(60)` plans a gift for that much with an action of its own."""

    def _give(cost, currency="USD", **more):
        said = {"actor": alice, "action": None, "kind": "gift", "what": "A book"} | more
        said["action"] = said["action"] or ActionFactory(client=carla)
        return services.plan_courtesy(cost=Decimal(cost), currency=currency, **said)

    return _give


def test_a_gift_says_what_it_is(give):
    with pytest.raises(ValidationError) as refused:
        give(10, what=" ")
    assert list(refused.value.error_dict) == ["what"]
    assert give(10, kind="flowers", what="").state == "planned"


def test_up_to_the_limit_of_the_year_nobody_is_asked_and_above_it_the_supervisor_is(give, bob):
    assert [give(60).state, give(40).state] == ["planned", "planned"]
    assert not Notification.objects.exists()
    assert give("0.01").state == "waiting"
    told = Notification.objects.get()
    assert (told.user, told.kind, told.url) == (bob, "courtesy", "/courtesies/")


def test_what_was_refused_withdrawn_or_fell_away_with_its_action_leaves_room(give, alice, bob):
    withdrawn, dropped = give(60), give(40)
    services.take_courtesy_step(actor=alice, courtesy=withdrawn, to="withdrawn")
    services.skip_action(actor=alice, action=dropped.action, reason="Ill")
    refused = give(101)
    services.decide_courtesy(actor=bob, courtesy=refused, approve=False, reason="Too much")
    assert give(100).state == "planned"


def test_taken_back_a_skip_brings_its_courtesy_back_which_waits_where_the_limit_was_used_up(give, alice, bob):
    first = give(60)
    services.skip_action(actor=alice, action=first.action, reason="Ill")
    give(60)
    reopen_action(actor=alice, action=first.action)
    first.refresh_from_db()
    assert first.state == "waiting"
    assert Notification.objects.get().user == bob


def test_what_was_ordered_is_spent_whatever_becomes_of_its_action(give, alice):
    ordered = give(60)
    services.take_courtesy_step(actor=alice, courtesy=ordered, to="ordered")
    services.skip_action(actor=alice, action=ordered.action, reason="Ill")
    assert give(41).state == "waiting"


def test_the_next_year_has_its_own_limit(give, alice, carla):
    give(100)
    next_year = alice.today().replace(year=alice.today().year + 1, day=1)
    later = ActionFactory(client=carla, opens_on=next_year)
    assert give(100, action=later).state == "planned"


@pytest.mark.parametrize(("cost", "state"), [("0", "planned"), ("0.01", "waiting")])
@pytest.mark.parametrize("what", ["no tier", "no limit", "another currency"])
def test_without_a_limit_to_hold_it_against_only_what_costs_nothing_is_free(give, carla, what, cost, state):
    if what == "no tier":
        type(carla).objects.update(tier=None)
    elif what == "no limit":
        Tier.objects.filter(code="t").update(gift_limit=0)
    assert give(cost, "EUR" if what == "another currency" else "USD").state == state


def test_a_supervisor_decides_once_with_words_for_a_no_and_whoever_asked_is_told(
    give, alice, anna, bob, dora
):
    found = give(200)
    for person in (alice, anna, dora):
        with pytest.raises(PermissionDenied):
            services.decide_courtesy(actor=person, courtesy=found, approve=True)
    with pytest.raises(ValidationError, match="Write why"):
        services.decide_courtesy(actor=bob, courtesy=found, approve=False)
    services.decide_courtesy(actor=bob, courtesy=found, approve=True)
    assert Notification.objects.get(user=alice).kind == "courtesy_decided"
    with pytest.raises(ValidationError, match="no longer waits"):
        services.decide_courtesy(actor=bob, courtesy=found, approve=False, reason="No")


def test_nobody_decides_about_what_they_asked_for_themselves(give, bob):
    found = give(200, actor=bob)
    assert not Notification.objects.filter(user=bob).exists()
    with pytest.raises(PermissionDenied):
        services.decide_courtesy(actor=bob, courtesy=found, approve=True)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"cost": Decimal(150)}, "approved"),
        ({"what": "Two books"}, "approved"),
        ({"cost": Decimal(201)}, "waiting"),
        ({"currency": "EUR"}, "waiting"),
        ({"kind": "meal"}, "waiting"),
        ({"cost": Decimal(201), "kind": "meal"}, "waiting"),
    ],
)
def test_approved_stays_approved_only_while_it_is_the_same_and_costs_no_more(
    give, alice, bob, changes, state
):
    found = services.decide_courtesy(actor=bob, courtesy=give(200), approve=True)
    found = services.change_courtesy(actor=alice, courtesy=found, changes=changes)
    assert found.state == state
    assert (found.decided_by is None) == (state == "waiting")


def test_what_waits_or_was_refused_is_not_ordered_nor_given(give, alice, bob):
    found = give(200)
    for to in ("ordered", "given"):
        with pytest.raises(ValidationError, match="not possible"):
            services.take_courtesy_step(actor=alice, courtesy=found, to=to)
    services.decide_courtesy(actor=bob, courtesy=found, approve=False, reason="Too much")
    with pytest.raises(ValidationError, match="not possible"):
        services.take_courtesy_step(actor=alice, courtesy=found, to="given")


def test_done_is_given_unless_it_still_waited_and_undone_is_not(give, alice):
    free, waits = give(50), give(60)
    for found in (free, waits):
        services.finish_action(actor=alice, action=found.action)
    given = [row.is_given for row in Courtesy.objects.select_related("action").order_by("pk")]
    assert given == [True, False]
    reopen_action(actor=alice, action=free.action)
    assert not Courtesy.objects.get(pk=free.pk).is_given


def test_planned_anew_in_place_of_what_was_refused(give, bob):
    found = give(200)
    services.decide_courtesy(actor=bob, courtesy=found, approve=False, reason="Too much")
    again = give(50, action=found.action)
    assert (again.pk, again.state, again.reason) == (found.pk, "planned", "")
    with pytest.raises(ValidationError, match="already"):
        give(10, action=found.action)


# -- pages -----------------------------------------------------------------------------------------


def test_today_says_what_is_missing_without_a_query_more(
    signed_in, alice, carla, django_assert_max_num_queries
):
    action = ActionFactory(client=carla, source="birthday", event_on=alice.today(), about="")
    browser = signed_in(alice)
    browser.get("/today/")
    with django_assert_max_num_queries(30) as without:
        browser.get("/today/")
    services.plan_courtesy(actor=alice, action=action, kind="flowers", cost=Decimal(30), currency="USD")
    with django_assert_max_num_queries(30) as with_one:
        assert "Flowers planned, not ordered." in browser.get("/today/").content.decode()
    assert len(with_one) == len(without)


def _take_back(browser, page):
    """Press the Undo that stands on a page."""
    told = browser.get(page).content.decode()
    browser.post(told.split('role="status" method="post" action="')[1].split('"')[0].replace("&amp;", "&"))


def test_planned_ordered_and_given_from_the_page_each_step_undone(signed_in, alice, carla):
    action = ActionFactory(client=carla)
    browser, address = signed_in(alice), f"/actions/{action.pk}/courtesy/"
    body = {"kind": "flowers", "what": "Peonies", "cost": "30", "currency": "usd"}
    assert "USD 0.00 of 100.00" in browser.get(address).content.decode()
    assert browser.post(address, body | {"cost": "-1"}).status_code == 422
    assert browser.post(address, body).status_code == 302
    found = Courtesy.objects.get()
    _take_back(browser, "/client/N-1/plan/")
    found.refresh_from_db()
    assert found.state == "withdrawn"
    browser.post(address, body)
    for step, word in (("ordered", "ordered, to be given"), ("given", "given")):
        browser.post(f"/courtesies/{found.pk}/{step}/")
        assert word in browser.get("/client/N-1/plan/").content.decode()
    browser.post(f"/courtesies/{found.pk}/withdrawn/")
    found.refresh_from_db()
    assert found.state == "given"
    type(found).objects.update(state="ordered", given_on=None)
    browser.post(f"/courtesies/{found.pk}/given/?next=/plan/")
    _take_back(browser, "/plan/")
    found.refresh_from_db()
    assert (found.state, found.given_on) == ("ordered", None)
    assert browser.post(f"/courtesies/{found.pk}/planned/").status_code == 404


def test_the_supervisor_reads_why_it_waits_and_decides(signed_in, give, bob, charlie):
    give(80)
    found = give(50)
    browser = signed_in(bob)
    page = browser.get("/courtesies/").content.decode()
    assert "USD 80.00 this year so far, 130.00 with this; the limit is 100.00." in page
    assert "A book" in page
    address = f"/courtesies/{found.pk}/decide/"
    assert browser.post(address, {"approve": "no", "reason": ""}).status_code == 422
    assert browser.post(address, {"approve": "yes", "reason": ""}).status_code == 302
    assert "Nothing waits for you" in browser.get("/courtesies/").content.decode()


def test_the_list_costs_the_same_for_2_and_for_20(
    signed_in, bob, alice, carla, django_assert_max_num_queries
):
    def more(count):
        for _ in range(count):
            client = ClientFactory(branch=carla.branch, manager=alice, tier=carla.tier)
            CourtesyFactory(action=ActionFactory(client=client), asked_by=alice, cost=Decimal(200))

    browser = signed_in(bob)
    more(2)
    browser.get("/courtesies/")
    with django_assert_max_num_queries(12) as few:
        browser.get("/courtesies/")
    more(18)
    with django_assert_max_num_queries(12) as many:
        browser.get("/courtesies/")
    assert len(few) == len(many)
