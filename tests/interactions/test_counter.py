"""At the counter: an exact number gives one card to one person; what is noted and told there."""

import re
import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clients.models import Assignment, ContactPoint, Fact, FactChange, FactType, Theme, Tier
from clients.services import refresh_search
from common.models import AuditEntry
from common.vague import read
from interactions.checks import checks
from interactions.models import Action, Arrival, Contact, Promise, ServiceCase
from interactions.services import counter as desk
from interactions.services import log_contact, refresh_cadence
from interactions.services.cases import open_case
from interactions.services.promises import Noted, note_promise
from interactions.views.counter import initials
from messaging.models import Notification
from tests.factories import (
    BranchFactory,
    ClientFactory,
    CoverFactory,
    HoldingFactory,
    ProductFactory,
    UserFactory,
)

NOT_FOUND = "No client found with exactly this number. Ask for the document."
CSRF = re.compile(r'csrfmiddlewaretoken" value="[^"]*"|X-CSRFToken": "[^"]*"|value="[^"]*"')


@pytest.fixture
def sight(hana, carla):
    return desk.look_up(actor=hana, typed="N-1")


@pytest.fixture
def at_desk(signed_in, hana):
    return signed_in(hana)


def find(browser, typed, **more):
    return browser.post("/counter/", {"typed": typed} | more)


def note(actor, sight, **more):
    said = {"kind": "need", "text": "Wants a safe for jewellery"} | more
    return desk.note_at_counter(actor=actor, sight=sight, **said)


def in_days(client, n) -> date:
    return client.branch.today() + timedelta(days=n)


def with_document(client, number, country="ES"):
    from clients.search import document_hash
    from common.crypto import encrypt

    client.document_number, client.document_hash = encrypt(number), document_hash(number)
    client.document_country = country
    client.save()
    refresh_search([client.pk])
    return client


# -- finding ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["N-1", "n-1", " N-1 ", "+34600111222", "+34 600 111 222", "0034 600-111-222", "600 111 222", "600111222",
     "(600) 111.222", "34600111222", "６００111222", "X1234567L", "x 1234567-l"],
)  # fmt: skip
def test_whole_number_in_any_notation_finds_the_one_client(hana, carla, typed):
    with_document(carla, "X-1234567-L")
    sight = desk.look_up(actor=hana, typed=typed)
    assert desk.in_sight(actor=hana, sight=sight) == carla


@pytest.mark.parametrize(
    "typed",
    ["N", "N-", "N-11", "600111", "111222", "111 222", "+34600111", "+346001112223", "Carla", "Núñez", "carla@x.example",
     "X123456", "1234567", "%", "N-_", "*", "N-1 OR 1=1", "'; --", "p222111", "+", "-", "٦٠٠"],
)  # fmt: skip
def test_no_part_of_a_number_no_name_and_no_pattern_finds_anybody(hana, carla, typed):
    with_document(carla, "X-1234567-L")
    assert desk.look_up(actor=hana, typed=typed) is None


def test_client_of_another_branch_may_walk_in_here(hana, simon):
    assert desk.in_sight(actor=hana, sight=desk.look_up(actor=hana, typed="S-1")) == simon


def test_national_phone_is_read_in_the_country_of_the_desk(hana, carla, south):
    south.country = "MX"
    south.save()
    other = UserFactory(role="front_desk", branch=south)
    assert desk.look_up(actor=hana, typed="600 111 222")
    assert desk.look_up(actor=other, typed="600 111 222") is None
    assert desk.look_up(actor=other, typed="+34 600 111 222")


def test_phone_that_reaches_nobody_any_more_finds_nobody(hana, carla):
    ContactPoint.objects.filter(client=carla).update(do_not_use=True)
    assert desk.look_up(actor=hana, typed="+34600111222") is None


def test_phone_of_two_clients_asks_for_the_document_and_the_country_tells_documents_apart(hana, carla, nina):
    ContactPoint.objects.create(client=nina, kind="phone", value="+34600111222")
    refresh_search([nina.pk])
    assert desk.look_up(actor=hana, typed="600111222") is None
    with_document(carla, "12345678", "ES")
    with_document(nina, "12345678", "PT")
    assert desk.look_up(actor=hana, typed="12345678") is None
    sight = desk.look_up(actor=hana, typed="12345678", country="PT")
    assert desk.in_sight(actor=hana, sight=sight) == nina


@pytest.fixture
def unfound(carla, nina, simon, north):
    """A way to find nobody for each reason there is."""
    ContactPoint.objects.create(client=nina, kind="phone", value="+34600111222")
    refresh_search([nina.pk])
    ClientFactory(number="N-7", branch=north, is_restricted=True)
    ClientFactory(number="N-8", branch=north, status="closed")
    ClientFactory(number="N-6", branch=north, status="deceased")
    return {
        "absent": "N-9",
        "restricted": "N-7",
        "closed": "N-8",
        "deceased": "N-6",
        "two of them": "+34600111222",
    }


def test_absent_restricted_closed_and_ambiguous_answer_alike(at_desk, unfound):
    answers = {}
    for why, typed in unfound.items():
        find(at_desk, "N-0")  # the session is there
        with CaptureQueriesContext(connection) as queries:
            response = find(at_desk, typed)
        page = CSRF.sub("", response.content.decode())
        answers[why] = (response.status_code, page, len(queries))
        assert NOT_FOUND in page
    assert len(set(answers.values())) == 1, {why: answer[::2] for why, answer in answers.items()}
    assert next(iter(answers.values()))[0] == 422


def test_every_look_up_is_recorded_with_its_digits_masked(at_desk, carla, hana):
    find(at_desk, "600 999 888")
    find(at_desk, "+34 600 111 222")
    looks = list(
        AuditEntry.objects.filter(act="search", actor_id=hana.pk)
        .order_by("pk")
        .values_list("detail", "count")
    )
    assert looks == [("••• ••• 888", 0), ("+•• ••• ••• 222", 1)]
    assert not AuditEntry.objects.filter(act="read").exists()
    at_desk.get("/counter/")
    read = AuditEntry.objects.get(act="read")
    assert (read.subject, read.detail, read.actor_name) == (f"client/{carla.pk}", "counter", "Hana")


def test_so_many_look_ups_and_no_more_until_the_window_has_moved(
    at_desk, carla, hana, settings, anna, monkeypatch
):
    settings.COUNTER_LOOKUPS = 3
    for _n in range(3):
        assert find(at_desk, "N-9").status_code == 422
    response = find(at_desk, "N-1")
    assert response.status_code == 429
    assert "Try again in 10 minutes." in response.content.decode()
    assert "Carla" not in at_desk.get("/counter/").content.decode()
    assert AuditEntry.objects.filter(act="search").count() == 3
    colleague = UserFactory(role="front_desk", branch=hana.branch)
    assert desk.look_up(actor=colleague, typed="N-1")
    later = timezone.now() + timedelta(minutes=11)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert desk.look_up(actor=hana, typed="N-1")


@pytest.mark.parametrize("typed", ["", "   ", "x" * 61, "N-1\x00", "\x00"])
def test_what_cannot_be_a_number_is_not_looked_up(at_desk, carla, typed):
    assert find(at_desk, typed).status_code == 422
    assert not AuditEntry.objects.exists()


def test_naughty_texts_find_nobody_and_break_nothing(at_desk, carla, settings):
    settings.COUNTER_LOOKUPS = 1000
    naughty = ["𝕬", "ﷺ" * 60, "\u202e\u200b", "<script>alert(1)</script>", "'\"\\", "\\u0000", "{{ 7*7 }}", "İ", "ß", "1e309",
               "９" * 60, "0" * 60, "-1", "+" * 60, "&:*|!()", "😀", "\ud7ff"]  # fmt: skip
    for typed in naughty:
        response = find(at_desk, typed)
        assert response.status_code == 422, typed
        assert "<script>alert" not in response.content.decode()


def test_exact_look_up_uses_the_indexes(hana, carla, north):
    from clients.models import Client

    rows = [
        Client(number=f"X{n}", name=f"Client {n}", sort_name=f"client {n}", branch=north) for n in range(3000)
    ]
    refresh_search([client.pk for client in Client.objects.bulk_create(rows)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE clients_client")
    plan = Client.objects.filter(desk._exactly(hana, "600111222", "")).explain()
    assert "Seq Scan on clients_client" not in plan, plan


# -- sight -----------------------------------------------------------------------------------------


def test_desk_sees_one_card_and_no_file_and_no_list(at_desk, carla):
    assert at_desk.get("/", follow=True).redirect_chain[-1][0] == "/counter/"
    response = find(at_desk, "N-1")
    assert (response.status_code, response.url) == (302, "/counter/")
    page = at_desk.get("/counter/").content.decode()
    assert "Carla Núñez" in page
    for address in ("/client/N-1/", "/client/N-1/contacts/", "/clients/", "/clients/find/?q=N-1", "/today/"):
        assert at_desk.get(address).status_code == 404, address
    assert at_desk.get("/contacts/log/?client=N-1").status_code == 404
    assert at_desk.get("/api/v1/clients/").json()["results"] == []


def test_what_is_typed_stands_in_no_address(at_desk, carla):
    assert "Carla" not in at_desk.get("/counter/?typed=N-1").content.decode()
    assert not AuditEntry.objects.exists()


def test_sight_is_of_one_person_for_a_quarter_of_an_hour(hana, carla, sight, monkeypatch, settings):
    other = UserFactory(role="front_desk", branch=hana.branch)
    assert desk.in_sight(actor=hana, sight=sight) == carla
    with pytest.raises(desk.SightEnded):
        desk.in_sight(actor=other, sight=sight)
    forged = [
        "", "x", sight[:-1], sight + "x", "\x00", "é", signing.dumps([hana.pk, carla.pk]), signing.dumps("x", salt=desk.SALT),
        signing.dumps([1], salt=desk.SALT), signing.dumps(7, salt=desk.SALT),
    ]  # fmt: skip
    for text in forged:
        with pytest.raises(desk.SightEnded):
            desk.in_sight(actor=hana, sight=text)
    settings.COUNTER_SIGHT = timedelta(seconds=-1)
    with pytest.raises(desk.SightEnded):
        desk.in_sight(actor=hana, sight=sight)


@pytest.mark.parametrize("change", [{"is_restricted": True}, {"status": "closed"}, {"status": "deceased"}])
def test_card_closes_when_the_file_does(at_desk, carla, change):
    find(at_desk, "N-1")
    for field, value in change.items():
        setattr(carla, field, value)
    carla.save()
    assert "Carla" not in at_desk.get("/counter/").content.decode()


@pytest.mark.parametrize(
    "person", ["alice", "anna", "bob", "charlie", "dora", "erin", "frank", "gus", "ines"]
)
def test_nobody_but_the_desk_looks_up_notes_or_tells(cast, carla, person, sight, signed_in):
    actor = cast[person]
    own = signing.dumps([actor.pk, carla.pk], salt=desk.SALT)
    for act in (
        lambda: desk.look_up(actor=actor, typed="N-1"),
        lambda: note(actor, own),
        lambda: desk.tell_manager(actor=actor, sight=own),
        lambda: desk.end_arrival(actor=actor, sight=own),
    ):
        with pytest.raises(PermissionDenied):
            act()
    contact = note(cast["hana"], sight)
    browser = signed_in(actor)
    assert find(browser, "N-1").status_code == 404
    for name in ("note", "tell", "left", "answer", "close"):
        assert browser.post(reverse(f"counter-{name}"), {"sight": own}).status_code == 404
    for name in ("take-back", "undo"):
        assert browser.post(reverse(f"counter-{name}", args=[contact.pk]), {"reason": "x"}).status_code == 404
    assert Contact.objects.counted().count() == 1


@pytest.mark.parametrize("name", ["note", "tell", "left", "answer"])
def test_card_of_another_person_or_of_yesterday_does_nothing_and_says_so(at_desk, hana, carla, name):
    other = UserFactory(role="front_desk", branch=hana.branch)
    theirs = desk.look_up(actor=other, typed="N-1")
    for sight in (theirs, "forged", ""):
        response = at_desk.post(
            reverse(f"counter-{name}"),
            {"sight": sight, "kind": "need", "text": "Asked for rates"},
            follow=True,
        )
        page = response.content.decode()
        assert "This card has closed. Find the client again." in page
        assert "Carla" not in page
    assert not Contact.objects.exists()
    assert not Arrival.objects.exists()


def test_text_of_a_closed_card_waits_for_the_next_one(at_desk, carla):
    at_desk.post("/counter/note/", {"sight": "", "kind": "need", "text": "Asked for <b>rates"})
    assert "Still to be noted: “Asked for &lt;b&gt;rates”" in at_desk.get("/counter/").content.decode()
    find(at_desk, "N-1")
    assert 'value="Asked for &lt;b&gt;rates"' in at_desk.get("/counter/").content.decode()
    assert 'value="Asked for' not in at_desk.get("/counter/").content.decode()


def test_card_is_put_away(at_desk, carla):
    find(at_desk, "N-1")
    at_desk.post("/counter/close/")
    assert "Carla" not in at_desk.get("/counter/").content.decode()


def test_look_up_that_fails_closes_the_card_before(at_desk, carla):
    find(at_desk, "N-1")
    assert "Carla" not in find(at_desk, "N-9").content.decode()
    assert "Carla" not in at_desk.get("/counter/").content.decode()


# -- the card --------------------------------------------------------------------------------------


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
    for hidden in ("345", "678", "card fees", "secret", "600111222", "222", "carla@", "Impatient", "Porto", "Northgate",
                   "Far deposit", "Old loan", "/client/", "N-1"):  # fmt: skip
        assert hidden not in page, hidden


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


# -- noting ----------------------------------------------------------------------------------------


def test_need_becomes_a_contact_in_person_a_note_and_a_fact_in_the_ledger(hana, carla, sight):
    contact = note(hana, sight)
    assert (contact.channel, contact.direction, contact.result, contact.staff) == (
        "branch",
        "in",
        "reached",
        hana,
    )
    assert contact.note.text == "Wants a safe for jewellery"
    fact = Fact.objects.get(client=carla, type__code="need")
    change = FactChange.objects.get(client=carla, fact_type__code="need")
    assert (fact.value, change.contact_id, change.actor, change.slot) == (
        "Wants a safe for jewellery", contact.pk, hana, f"fact/{fact.pk}")  # fmt: skip
    assert checks() == []


def test_promise_becomes_an_action_inside_its_window(hana, alice, carla, sight):
    window = desk.Days(in_days(carla, 5), in_days(carla, 9))
    contact = note(hana, sight, kind="promise", text="Call when the deposit falls due", window=window)
    promise = contact.promises.get()
    assert (promise.opens_on, promise.due_on, promise.noted_by) == (window.opens_on, window.due_on, hana)
    assert Action.objects.waiting_for(alice, alice.today()).get() == promise.action
    assert Promise.objects.open(carla.branch.today()).get() == promise


def test_need_that_cannot_be_met_becomes_a_case_to_which_the_manager_still_listens(hana, alice, carla, sight):
    case = note(hana, sight, kind="unmet", text="Gold bars by the gram").service_cases.get()
    assert (case.kind, case.is_open, case.steps.count()) == ("unmet_need", True, 0)
    assert Action.objects.waiting_for(alice, alice.today()).get() == case.action


def test_word_in_passing_counts_as_contact_but_only_a_theme_moves_the_cadence(hana, alice, carla, sight):
    contact = note(hana, sight)
    carla.refresh_from_db()
    assert Contact.objects.reached().filter(client=carla).count() == 1
    assert carla.last_reached_at is None
    talk = note(hana, sight, theme=Theme.objects.get(code="service"), text="We spoke about cards")
    carla.refresh_from_db()
    assert carla.last_reached_at == talk.occurred_at
    assert talk.occurred_at > contact.occurred_at
    assert refresh_cadence() == 0
    assert checks() == []


def test_manager_who_meets_a_client_in_the_branch_needs_no_theme(alice, carla):
    log_contact(actor=alice, client=carla, channel="branch", direction="in", result="reached")
    carla.refresh_from_db()
    assert carla.last_reached_at is not None
    assert checks() == []


def test_form_sent_twice_is_one_note(at_desk, carla):
    find(at_desk, "N-1")
    page = at_desk.get("/counter/").content.decode()
    sight = re.search(r'name="sight" value="([^"]+)"', page)[1]
    body = {"sight": sight, "kind": "unmet", "text": "Asked for gold", "submission": str(uuid.uuid4())}
    for _n in range(2):
        assert at_desk.post("/counter/note/", body).status_code == 302
    assert (Contact.objects.count(), ServiceCase.objects.count()) == (1, 1)


def test_submission_of_another_note_is_refused(hana, carla, nina, sight):
    key = uuid.uuid4()
    note(hana, sight, submission=key)
    other = desk.look_up(actor=hana, typed="N-2")
    with pytest.raises(PermissionDenied):
        note(hana, other, submission=key)


@pytest.mark.parametrize(
    ("body", "field"),
    [({"text": ""}, "Write what was said."), ({"text": "x" * 301}, "at most 300"), ({"text": "a\x00b"}, "Null characters"),
     ({"kind": "gossip"}, "Select a valid choice"), ({"theme": "999999"}, "Select a valid choice"),
     ({"kind": "promise"}, "No day is named that we know."), ({"kind": "promise", "due_on": "soon"}, "Enter a valid date"),
     ({"kind": "promise", "due_on": "2001-01-01"}, "Choose today or a later day."),
     ({"kind": "promise", "due_on": "9999-01-01"}, "within the next two years"),
     ({"kind": "promise", "opens_on": "9999-01-01"}, "Choose the day by which"), ({"submission": "x"}, "")],
)  # fmt: skip
def test_errors_stand_beside_their_field_and_nothing_is_written(at_desk, carla, hana, body, field):
    find(at_desk, "N-1")
    sight = desk.look_up(actor=hana, typed="N-1")
    response = at_desk.post(
        "/counter/note/", {"sight": sight, "kind": "need", "text": "Asked for gold"} | body
    )
    assert response.status_code == 422
    page = response.content.decode()
    assert field in page
    assert "Carla Núñez" in page
    assert not Contact.objects.exists()


def test_vague_days_are_shown_before_they_count(at_desk, hana, carla):
    find(at_desk, "N-1")
    sight = desk.look_up(actor=hana, typed="N-1")
    body = {"sight": sight, "kind": "promise", "text": "Deposit falls due at the end of August"}
    window = read(body["text"], today=carla.branch.today())
    page = at_desk.post("/counter/note/", body).content.decode()
    assert "Note it again if that is right." in page
    assert f'value="{window.due_on}"' in page
    assert not Promise.objects.exists()
    at_desk.post("/counter/note/", body | {"opens_on": str(window.opens_on), "due_on": str(window.due_on)})
    assert Promise.objects.get().due_on == window.due_on


def test_naughty_notes_are_kept_as_they_are_and_shown_as_text(at_desk, hana, carla):
    sight = desk.look_up(actor=hana, typed="N-1")
    for text in (
        "<script>alert(1)</script>",
        "{{ 7*7 }}",
        "’; DROP TABLE",
        "陈美琳说：月底到期",
        "\u202eoverheard",
        "ﷺ" * 300,
    ):
        note(hana, sight, text=text)
    page = at_desk.get("/counter/").content.decode()
    assert "<script>alert" not in page
    assert "{{ 7*7 }}" in page
    assert "陈美琳说：月底到期" in page


# -- one's own notes -------------------------------------------------------------------------------


def test_own_notes_of_the_day_say_when_and_what_and_no_name(at_desk, hana, carla, sight, north):
    note(hana, sight)
    colleague = UserFactory(role="front_desk", branch=north)
    note(colleague, desk.look_up(actor=colleague, typed="N-1"), text="Somebody else heard it")
    old = note(hana, sight, text="The day before yesterday")
    then = timezone.now() - timedelta(hours=25)
    Contact.objects.filter(pk=old.pk).update(occurred_at=then, recorded_at=then)
    page = at_desk.get("/counter/").content.decode()
    assert "Wants a safe for jewellery" in page
    assert "C. N." in page
    for hidden in ("Carla", "Núñez", "N-1", "/client/", "Somebody else", "day before"):
        assert hidden not in page, hidden
    carla.is_restricted = True
    carla.save()
    assert "jewellery" not in at_desk.get("/counter/").content.decode()


@pytest.mark.parametrize(
    ("name", "short"),
    [("Carla Núñez", "C. N."), ("王建国", "王"), ("Cher", "C."), ("Ana María de la O", "A. O.")],
)
def test_initials(name, short):
    assert initials(name) == short


@pytest.mark.parametrize("kind", ["need", "unmet", "promise"])
def test_note_is_taken_back_with_what_followed_from_it(at_desk, hana, carla, sight, kind):
    window = desk.Days(in_days(carla, 5), in_days(carla, 9)) if kind == "promise" else None
    contact = note(hana, sight, kind=kind, window=window, theme=Theme.objects.get(code="service"))
    address = reverse("counter-take-back", args=[contact.pk])
    assert at_desk.get(address).status_code == 200
    assert at_desk.post(address, {"reason": " "}).status_code == 422
    assert at_desk.post(address, {"reason": "It was her sister"}).status_code == 302
    contact.refresh_from_db()
    carla.refresh_from_db()
    assert (contact.is_void, contact.void_reason, contact.voided_by) == (True, "It was her sister", hana)
    assert carla.last_reached_at is None
    assert not Fact.objects.filter(client=carla, type__code="need").exists()
    assert not ServiceCase.objects.exists()
    assert not Action.objects.open().exists()
    assert not Promise.objects.filter(withdrawn_at=None).exists()
    assert checks() == []
    assert at_desk.post(address, {"reason": "again"}).status_code == 404
    assert "taken back" in at_desk.get("/counter/").content.decode()


def test_note_just_written_is_undone_with_one_press(at_desk, hana, carla, sight):
    contact = note(hana, sight)
    assert at_desk.post(reverse("counter-undo", args=[contact.pk])).status_code == 302
    assert not Contact.objects.counted().exists()


def test_what_others_have_changed_since_stays(hana, alice, carla, sight):
    from clients.services import change_fact
    from interactions.services.cases import take_step

    first, second = note(hana, sight), note(hana, sight, kind="unmet", text="Gold bars")
    change_fact(actor=alice, fact=Fact.objects.get(type__code="need"), value="Wants a large safe")
    take_step(actor=alice, case=second.service_cases.get(), step="listened", note="Called her")
    for contact in (first, second):
        desk.take_back_note(actor=hana, contact=contact, reason="Wrong client")
    assert Fact.objects.get(type__code="need").value == "Wants a large safe"
    assert ServiceCase.objects.open().count() == 1


def test_note_of_another_or_of_yesterday_is_not_taken_back(hana, carla, sight, north):
    contact = note(hana, sight)
    other = UserFactory(role="front_desk", branch=north)
    with pytest.raises(PermissionDenied):
        desk.take_back_note(actor=other, contact=contact, reason="Mine now")
    then = timezone.now() - timedelta(hours=25)
    Contact.objects.filter(pk=contact.pk).update(occurred_at=then, recorded_at=then)
    with pytest.raises(PermissionDenied):
        desk.take_back_note(actor=hana, contact=contact, reason="Too late")


def test_forty_notes_cost_as_many_queries_as_two(at_desk, hana, carla, sight):
    def queries() -> int:
        at_desk.get("/counter/")
        with CaptureQueriesContext(connection) as seen:
            at_desk.get("/counter/")
        return len(seen)

    for n in range(2):
        note(hana, sight, text=f"Need {n}")
    few = queries()
    for n in range(38):
        note(hana, sight, text=f"More {n}")
    assert queries() == few


# -- telling ---------------------------------------------------------------------------------------


def told_people() -> set[str]:
    return set(Notification.objects.filter(kind="in_branch").values_list("user__staff_number", flat=True))


def test_manager_is_told_sees_the_line_answers_and_the_desk_reads_it(
    signed_in, hana, alice, anna, carla, sight
):
    desk.tell_manager(actor=hana, sight=sight)
    assert told_people() == {"alice"}
    browser = signed_in(alice)
    page = browser.get("/today/").content.decode()
    assert "<b>Carla Núñez</b> is in the branch" in page
    assert "says Hana at the desk" in page
    arrival = Arrival.objects.get()
    browser.post(reverse("arrival-answer", args=[arrival.pk]))
    assert "you are on the way" in browser.get("/today/").content.decode()
    at_desk = signed_in(hana)
    poll = {"sight": sight, "state": "told"}
    response = at_desk.post("/counter/answer/", poll, headers={"HX-Request": "true"})
    assert "Alice is on the way," in response.content.decode()
    assert "Alice is on the way" in response["HX-Trigger"]
    quiet = at_desk.post("/counter/answer/", poll | {"state": "answered"}, headers={"HX-Request": "true"})
    assert quiet.status_code == 204
    assert "is in the branch" not in signed_in(anna).get("/today/").content.decode()


def test_stand_in_is_told_too_and_sees_it_only_while_covering(signed_in, hana, alice, anna, carla, sight):
    cover = CoverFactory(covered=alice, stand_in=anna)
    desk.tell_manager(actor=hana, sight=sight)
    assert told_people() == {"alice", "anna"}
    assert Arrival.objects.waiting_for(anna).exists()
    cover.delete()
    assert not Arrival.objects.waiting_for(anna).exists()


@pytest.mark.parametrize("left", [True, False])
def test_without_manager_the_supervisor_is_told(hana, alice, bob, carla, sight, left):
    if left:
        alice.is_active = False
        alice.save()
    else:
        Assignment.objects.filter(client=carla).delete()
    assert not Arrival.objects.waiting_for(bob).exists()
    desk.tell_manager(actor=hana, sight=sight)
    assert told_people() == {"bob"}
    assert Arrival.objects.waiting_for(bob).exists()


def test_supervisor_is_not_bothered_where_there_is_a_manager(hana, bob, carla, sight):
    desk.tell_manager(actor=hana, sight=sight)
    assert not Arrival.objects.waiting_for(bob).exists()


def test_nobody_to_tell_is_said(at_desk, hana):
    ClientFactory(number="L-1", branch=BranchFactory(code="LONE"))
    find(at_desk, "L-1")
    page = at_desk.get("/counter/").content.decode()
    assert "Nobody looks after this client today" in page
    assert "counter/tell" not in page
    with pytest.raises(ValidationError):
        desk.tell_manager(actor=hana, sight=desk.look_up(actor=hana, typed="L-1"))


def test_telling_again_is_the_same_arrival_until_it_is_over(hana, alice, carla, sight):
    first = desk.tell_manager(actor=hana, sight=sight)
    assert desk.tell_manager(actor=hana, sight=sight) == first
    assert Notification.objects.get(kind="in_branch").count == 1
    desk.end_arrival(actor=hana, sight=sight)
    assert not Arrival.objects.waiting_for(alice).exists()
    assert desk.tell_manager(actor=hana, sight=sight) != first


def test_specialist_who_sees_the_client_for_a_time_is_not_called(hana, anna, carla, sight):
    Assignment.objects.create(client=carla, manager=anna, role="secondary")
    desk.tell_manager(actor=hana, sight=sight)
    assert told_people() == {"alice"}
    assert not Arrival.objects.waiting_for(anna).exists()


def test_first_answer_stands(hana, alice, anna, carla, sight):
    CoverFactory(covered=alice, stand_in=anna)
    arrival = desk.tell_manager(actor=hana, sight=sight)
    desk.answer_arrival(actor=anna, arrival=arrival)
    assert desk.answer_arrival(actor=alice, arrival=arrival).answered_by == anna


@pytest.mark.parametrize("person", ["anna", "bob", "charlie", "dora", "erin", "frank", "gus", "hana", "ines"])
def test_arrival_waits_for_nobody_else(cast, signed_in, hana, carla, sight, person):
    arrival = desk.tell_manager(actor=hana, sight=sight)
    browser = signed_in(cast[person])
    for name in ("arrival-answer", "arrival-close"):
        assert browser.post(reverse(name, args=[arrival.pk])).status_code == 404
    with pytest.raises(PermissionDenied):
        desk.answer_arrival(actor=cast[person], arrival=arrival)
    arrival.refresh_from_db()
    assert (arrival.answered_by, arrival.closed_at) == (None, None)


def test_line_leaves_when_the_manager_is_done_and_after_two_hours(signed_in, hana, alice, carla, sight):
    arrival = desk.tell_manager(actor=hana, sight=sight)
    then = timezone.now() - timedelta(hours=2, minutes=1)
    Arrival.objects.filter(pk=arrival.pk).update(told_at=then)
    assert not Arrival.objects.waiting_for(alice).exists()
    again = desk.tell_manager(actor=hana, sight=sight)
    page = signed_in(alice).post(reverse("arrival-close", args=[again.pk]), headers={"HX-Request": "true"})
    assert "Carla" not in page.content.decode()
    assert not Arrival.objects.waiting_for(alice).exists()


def test_open_today_hears_of_a_new_arrival_once(signed_in, hana, alice, carla, sight):
    browser = signed_in(alice)
    empty = browser.get("/today/arrivals/?seen=", headers={"HX-Request": "true"})
    assert "HX-Trigger" not in empty
    arrival = desk.tell_manager(actor=hana, sight=sight)
    told = browser.get("/today/arrivals/?seen=", headers={"HX-Request": "true"})
    assert "is in the branch" in told["HX-Trigger"]
    for seen in (str(arrival.pk), str(arrival.pk + 1)):
        assert "HX-Trigger" not in browser.get(
            f"/today/arrivals/?seen={seen}", headers={"HX-Request": "true"}
        )
    assert browser.get("/today/arrivals/?seen=²x", headers={"HX-Request": "true"}).status_code == 200


def test_client_of_the_book_who_stands_in_another_branch_is_said_to_be_there(signed_in, hana, charlie, simon):
    desk.tell_manager(actor=hana, sight=desk.look_up(actor=hana, typed="S-1"))
    assert "<b>Simon Ruiz</b> is at North" in signed_in(charlie).get("/today/").content.decode()


def test_forty_arrivals_cost_as_many_queries_as_two(signed_in, hana, alice, north):
    browser = signed_in(alice)

    def more(count: int) -> int:
        for _n in range(count):
            client = ClientFactory(branch=north, manager=alice)
            Arrival.objects.create(client=client, branch=north, told_by=hana)
        browser.get("/today/")
        with CaptureQueriesContext(connection) as seen:
            browser.get("/today/")
        return len(seen)

    assert more(2) == more(38)


def test_timeline_calls_it_at_the_counter_and_the_trail_shows_the_look(
    signed_in, at_desk, hana, alice, carla, sight
):
    note(hana, sight)
    find(at_desk, "N-1")
    at_desk.get("/counter/")
    browser = signed_in(alice)
    page = browser.get("/client/N-1/").content.decode()
    assert "At the counter" in page
    assert "Wants a safe for jewellery" in page
    assert "at the counter" in browser.get("/client/N-1/trail/").content.decode()
