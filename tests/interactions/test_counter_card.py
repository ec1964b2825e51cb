"""At the counter: what the card says, and what it keeps to itself."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.models import Assignment, Fact, FactType, Theme, Tier
from interactions.models import Promise
from interactions.services import counter as desk
from interactions.services import log_contact
from interactions.services.cases import open_case
from interactions.services.promises import Noted, note_promise
from tests.factories import ClientFactory, CoverFactory, HoldingFactory, ProductFactory, UserFactory
from tests.interactions.conftest import find, in_days, note


@pytest.fixture
def known(carla, alice):
    """A client of whom much is known, some of it not for the desk."""
    carla.tier = Tier.objects.get(code="gold")
    carla.native_name, carla.preferred_address = "卡拉", "Doña Carla"
    carla.save()
    today = carla.branch.today()
    for code, value in (
        ("preference", "Offer the quiet room"),
        ("custom", "Keeps Lent"),
        ("personality", "Impatient"),
        ("need", "A flat in Porto"),
        ("assets_elsewhere", "Northgate"),
    ):
        Fact.objects.create(client=carla, type=FactType.objects.get(code=code), value=value)
    note_promise(
        actor=alice, client=carla, noted=Noted("Bring the tea set", today, today + timedelta(days=3))
    )
    open_case(actor=alice, client=carla, kind="complaint", text="Shouted at about the card fees")
    log_contact(actor=alice, client=carla, channel="call", result="no_answer", note="A secret of the manager")
    HoldingFactory(
        client=carla,
        product=ProductFactory(name="Deposit 12 months"),
        matures_on=today + timedelta(days=5),
        principal=Decimal("345678.90"),
    )
    HoldingFactory(
        client=carla, product=ProductFactory(name="Far deposit"), matures_on=today + timedelta(days=90)
    )
    HoldingFactory(
        client=carla,
        product=ProductFactory(name="Old loan", kind="loan"),
        matures_on=today + timedelta(days=5),
    )
    return carla


def test_card_says_what_the_desk_needs_and_nothing_else(at_desk, known, alice):
    find(at_desk, "N-1")
    page = at_desk.get("/counter/").content.decode()
    for shown in ("Carla Núñez", "卡拉", "Doña Carla", "Gold", "Offer the quiet room", "Keeps Lent", "Bring the tea set",
                  "Handle with care.", "A complaint is open since", "Deposit 12 months matures", "Alice", alice.email,
                  "Tell Alice"):  # fmt: skip
        assert shown in page, shown
    plain = re.sub(r'value="[^"]*"|X-CSRFToken[^}]*|seen=[^"]*', "", page)  # tokens hold any three digits
    for hidden in ("345", "678", "card fees", "secret", "600111222", "222", "carla@", "Impatient", "Porto", "Northgate",
                   "Far deposit", "Old loan", "/client/", "N-1"):  # fmt: skip
        assert hidden not in plain, hidden


def test_promise_kept_withdrawn_or_far_away_is_not_on_the_card(at_desk, carla, alice):
    today = carla.branch.today()
    note_promise(actor=alice, client=carla, noted=Noted("Kept", today, today))
    log_contact(actor=alice, client=carla, channel="call", result="reached")
    far = today + timedelta(days=60)
    note_promise(actor=alice, client=carla, noted=Noted("Far away", far, far))
    late = note_promise(actor=alice, client=carla, noted=Noted("Late one", today, today))
    Promise.objects.filter(pk=late.pk).update(
        opens_on=today - timedelta(days=3), due_on=today - timedelta(days=2)
    )
    find(at_desk, "N-1")
    page = at_desk.get("/counter/").content.decode()
    assert "Kept" not in page
    assert "Far away" not in page
    assert "Late one" in page
    assert "2 days late" in page


def test_word_in_passing_settles_no_promise_on_the_card(at_desk, hana, carla, alice, sight):
    today = carla.branch.today()
    note_promise(actor=alice, client=carla, noted=Noted("Bring the tea set", today, today))
    find(at_desk, "N-1")
    note(hana, sight)
    assert "Bring the tea set" in at_desk.get("/counter/").content.decode()
    note(hana, sight, theme=Theme.objects.get(code="promise"), text="Gave her the tea set")
    assert "Bring the tea set" not in at_desk.get("/counter/").content.decode()


@pytest.mark.parametrize(
    ("ahead", "said"), [(0, "Birthday today."), (7, "Birthday in 7 days."), (8, None), (-1, None)]
)
def test_birthday_of_the_next_seven_days_is_on_the_card_without_the_age(at_desk, north, alice, ahead, said):
    on = north.today() + timedelta(days=ahead)
    born = date(1960, on.month, min(on.day, 28) if on.month == 2 else on.day)
    ClientFactory(number="B-1", branch=north, manager=alice, birthday=born)
    find(at_desk, "B-1")
    page = at_desk.get("/counter/").content.decode()
    assert ("<b>Birthday" in page) == (said is not None)
    assert said is None or said in page
    assert "1960" not in page


def test_deposit_about_to_be_broken_is_warned_of_on_its_working_day(at_desk, north, alice, monkeypatch):
    friday = date(2026, 8, 14)
    monkeypatch.setattr("staff.models.Branch.today", lambda branch: friday - timedelta(days=1))
    client = ClientFactory(number="D-1", branch=north, manager=alice)
    saturday = friday + timedelta(days=1)  # a holiday too: both move to Monday
    HoldingFactory(client=client, product=ProductFactory(name="Deposit"), matures_on=saturday)
    HoldingFactory(client=client, product=ProductFactory(name="Rolling"), matures_on=friday, auto_renew=True)
    find(at_desk, "D-1")
    page = at_desk.get("/counter/").content.decode()
    assert "Deposit matures in 4 days." in page
    assert "Monday 17 August" in page
    assert "Rolling renews by itself tomorrow." in page
    assert "say what breaking it early would cost" in page


def test_manager_who_is_away_is_shown_with_who_stands_in(at_desk, carla, alice, anna):
    CoverFactory(covered=alice, stand_in=anna)
    find(at_desk, "N-1")
    page = at_desk.get("/counter/").content.decode()
    assert "away today" in page
    assert "Tell Anna, who stands in" in page


def test_client_without_manager_is_shown_with_the_nearest_supervisors(at_desk, carla, alice, bob, bank):
    UserFactory(role="supervisor", branch=bank, name="Zoe Above")
    Assignment.objects.filter(client=carla).delete()
    find(at_desk, "N-1")
    page = at_desk.get("/counter/").content.decode()
    assert "Bob" in page
    assert "Tell the supervisor" in page
    assert "Zoe" not in page
    assert "Alice" not in page


def test_much_known_costs_as_many_queries_as_little(at_desk, carla, hana, alice, known):
    def queries() -> int:
        find(at_desk, "N-1")
        at_desk.get("/counter/")
        with CaptureQueriesContext(connection) as seen:
            at_desk.get("/counter/")
        return len(seen)

    sight = desk.look_up(actor=hana, typed="N-1")
    note(hana, sight)
    few = queries()
    for n in range(40):
        note(hana, sight, text=f"Need {n}")
        Fact.objects.create(client=carla, type=FactType.objects.get(code="preference"), value=f"Way {n}")
        HoldingFactory(client=carla, matures_on=in_days(carla, 3))
        note_promise(
            actor=alice, client=carla, noted=Noted(f"Promise {n}", in_days(carla, 1), in_days(carla, 2))
        )
    assert queries() == few
