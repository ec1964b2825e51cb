"""Appointments: time and place of an action, what they clash with, and their calendar file."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from icalendar import Calendar

from clients.models import Theme, Tier
from common.models import Holiday
from interactions import services
from interactions.models import Action, Appointment
from interactions.services.appointments import heed
from interactions.services.plans import plan_service
from interactions.services.reopening import reopen_action
from tests.factories import ActionFactory, AgreementFactory, ClientFactory

MADRID = ZoneInfo("Europe/Madrid")


@pytest.fixture
def day(alice):
    """A Wednesday to come."""
    today = alice.today()
    return today + timedelta(days=7 + (2 - today.weekday()) % 7)


@pytest.fixture
def meet(alice, day):
    """`meet(action, 10)` makes an appointment at ten o'clock of the client's branch."""

    def _meet(action, hour, minute=0, **more):
        starts_at = datetime.combine(more.pop("on", day), time(hour, minute), MADRID)
        who = {"actor": alice} | more
        return services.make_appointment(action=action, starts_at=starts_at, **who)

    return _meet


def test_an_appointment_gives_the_action_day_and_time_of_the_clients_branch(carla, day, meet):
    action = ActionFactory(client=carla)
    found = meet(action, 10, place=" Café  Central ", minutes=45, channel="visit")
    action.refresh_from_db()
    assert (action.due_on, action.due_at, action.channel) == (day, time(10), "visit")
    assert action.opens_on <= action.due_on
    assert (found.place, found.minutes, found.answer, found.sequence) == ("Café Central", 45, "asked", 0)
    with pytest.raises(ValidationError, match="already"):
        meet(action, 12)


@pytest.mark.parametrize("state", ["done", "skipped", "cancelled"])
def test_what_ends_the_action_ends_its_appointment_and_its_time_is_free(alice, carla, nina, meet, state):
    action = ActionFactory(client=carla)
    meet(action, 10)
    if state == "done":
        services.finish_action(actor=alice, action=action)
    elif state == "skipped":
        services.skip_action(actor=alice, action=action, reason="Ill")
    else:
        type(carla).objects.filter(pk=carla.pk).update(status="closed")
        from interactions.services.status import settle_status

        settle_status([carla.pk])
    assert not Appointment.objects.standing().exists()
    other = ClientFactory(branch=carla.branch, manager=alice)
    assert meet(ActionFactory(client=other), 10).stands


def test_a_skip_is_not_taken_back_once_the_time_of_its_appointment_was_given_away(alice, carla, north, meet):
    action, other = (
        ActionFactory(client=carla),
        ActionFactory(client=ClientFactory(branch=north, manager=alice)),
    )
    meet(action, 10)
    services.skip_action(actor=alice, action=action, reason="Ill")
    second = meet(other, 10)
    with pytest.raises(ValidationError, match="There is an appointment with"):
        reopen_action(actor=alice, action=action)
    action.refresh_from_db()
    assert action.state == "skipped"
    services.cancel_appointment(actor=alice, appointment=second)
    assert reopen_action(actor=alice, action=action).is_open


def test_a_second_appointment_at_the_same_time_is_said_and_taken_only_knowingly(
    alice, anna, bob, carla, nina, meet
):
    other = ClientFactory(name="Olga Prim", branch=carla.branch, manager=alice)
    first = meet(ActionFactory(client=other), 10)
    with pytest.raises(ValidationError) as refused:
        meet(ActionFactory(client=carla), 10, 30)
    assert refused.value.message_dict["known"] == ["There is an appointment with Olga Prim, 10:00 to 11:00."]
    assert Appointment.objects.count() == 1
    assert meet(ActionFactory(client=carla), 11).stands  # begins as the other one ends
    assert meet(ActionFactory(client=carla), 10, 30, known=[first.pk, 0], minutes=15).stands
    assert meet(ActionFactory(client=nina), 10, actor=anna).stands  # another book, another client


def test_the_clients_other_appointment_clashes_whoever_keeps_it(alice, anna, bob, carla, meet):
    meet(ActionFactory(client=carla, owner=bob), 10)
    with pytest.raises(ValidationError, match="The client has another appointment, 10:00 to 11:00"):
        meet(ActionFactory(client=carla), 10)


def test_a_client_out_of_sight_is_not_named_in_a_clash(alice, anna, nina, carla, meet):
    meet(ActionFactory(client=nina, owner=alice), 10, actor=anna)
    with pytest.raises(ValidationError) as refused:
        meet(ActionFactory(client=carla), 10)
    assert refused.value.message_dict["known"] == ["There is another appointment, 10:00 to 11:00."]


def test_another_time_asks_the_client_anew_and_another_place_does_not(alice, carla, meet):
    action = ActionFactory(client=carla)
    found = meet(action, 10, answer="confirmed")
    found = services.change_appointment(actor=alice, appointment=found, changes={"place": "Room 2"})
    assert (found.answer, found.sequence) == ("confirmed", 1)
    later = found.starts_at + timedelta(hours=1)
    found = services.change_appointment(actor=alice, appointment=found, changes={"starts_at": later})
    assert (found.answer, found.answered_at, found.sequence) == ("asked", None, 2)
    action.refresh_from_db()
    assert action.due_at == time(11)


def test_a_clash_accepted_once_is_not_asked_about_until_the_time_changes(alice, carla, meet):
    first = meet(ActionFactory(client=carla), 10)
    found = meet(ActionFactory(client=carla), 10, known=[first.pk])
    found = services.change_appointment(actor=alice, appointment=found, changes={"answer": "confirmed"})
    assert found.answer == "confirmed"
    with pytest.raises(ValidationError, match="another appointment"):
        services.change_appointment(actor=alice, appointment=found, changes={"minutes": 90})


def test_moved_to_another_day_it_keeps_the_time_of_the_day_across_the_change_of_clocks(
    alice, carla, day, meet
):
    action = ActionFactory(client=carla)
    found = meet(action, 10, answer="confirmed")
    summer = day + timedelta(days=180)
    services.move_action(actor=alice, action=action, to=summer)
    found.refresh_from_db()
    assert found.starts_at == datetime.combine(summer, time(10), MADRID)
    assert (found.answer, found.sequence) == ("asked", 1)


def test_moved_onto_another_appointment_it_is_refused_and_stays(alice, carla, day, meet):
    other = ClientFactory(branch=carla.branch, manager=alice)
    meet(ActionFactory(client=other), 10, on=day + timedelta(days=1))
    action = ActionFactory(client=carla)
    meet(action, 10)
    with pytest.raises(ValidationError, match="There is an appointment with"):
        services.move_action(actor=alice, action=action, to=day + timedelta(days=1))
    action.refresh_from_db()
    assert action.due_on == day


def test_handed_over_it_takes_the_colleagues_time_unless_that_is_given_away(
    alice, anna, bob, carla, nina, meet
):
    meet(ActionFactory(client=nina), 10, actor=anna)
    action = ActionFactory(client=carla)
    meet(action, 10, 30)
    carla.assignments.create(manager=anna, role="secondary")
    with pytest.raises(ValidationError, match="another appointment at that time"):
        services.hand_over_action(actor=alice, action=action, to=anna, reason="Knows funds")
    assert services.hand_over_action(actor=alice, action=action, to=bob, reason="Ill").owner == bob


def test_put_off_past_its_appointment_is_refused(alice, carla, day, meet):
    action = ActionFactory(client=carla)
    meet(action, 10)
    with pytest.raises(ValidationError, match="appointment before that"):
        services.snooze_action(actor=alice, action=action, until=day + timedelta(days=1))
    assert services.snooze_action(actor=alice, action=action, until=day).snoozed_until == day


def test_a_cancelled_one_leaves_the_action_on_its_day_and_is_made_again_as_the_same(alice, carla, day, meet):
    action = ActionFactory(client=carla)
    first = meet(action, 10)
    services.cancel_appointment(actor=alice, appointment=first)
    action.refresh_from_db()
    assert (action.due_on, action.due_at) == (day, None)
    again = meet(action, 15)
    assert (again.pk, again.uid) == (first.pk, first.uid)
    assert again.sequence == 2


def test_only_who_works_on_the_action_makes_an_appointment(anna, charlie, dora, carla, meet):
    for person in (anna, charlie, dora):
        with pytest.raises(PermissionDenied):
            meet(ActionFactory(client=carla), 10, actor=person)


@pytest.mark.parametrize(("days", "minutes"), [(-1, 60), (400, 60), (7, 4), (7, 721)])
def test_a_time_that_cannot_be_is_refused(alice, carla, meet, days, minutes):
    with pytest.raises(ValidationError):
        meet(ActionFactory(client=carla), 10, on=alice.today() + timedelta(days=days), minutes=minutes)


def test_a_day_off_and_what_was_agreed_are_said_and_forbid_nothing(carla, day, meet):
    Holiday.objects.create(on=day, name="Feast", country="ES")
    AgreementFactory(client=carla, from_time=time(15), to_time=time(18), weekdays=[1])
    found = meet(ActionFactory(client=carla), 10)
    said = heed(found)
    assert "is a day off" in said[0]
    assert "Agreed: Tue · 15:00–18:00. This is outside it." in said[1]


# -- the daily run ---------------------------------------------------------------------------------


def test_the_plan_leaves_an_appointment_where_it_is(alice, north, carla, day, meet):
    today = alice.today()
    gold = Tier.objects.get(code="gold")
    type(carla).objects.filter(pk=carla.pk).update(tier=gold, next_due_on=today + timedelta(days=3))
    plan_service(north, on=today)
    action = Action.objects.get(origin="plan")
    saturday = day + timedelta(days=3)
    meet(action, 10, on=saturday)
    type(carla).objects.filter(pk=carla.pk).update(next_due_on=today + timedelta(days=5))
    plan_service(north, on=today)
    assert Action.objects.open().get().due_on == saturday


def test_an_appointment_about_something_else_does_not_stop_the_plan(alice, north, carla, meet):
    gold = Tier.objects.get(code="gold")
    type(carla).objects.filter(pk=carla.pk).update(tier=gold, next_due_on=alice.today())
    meet(ActionFactory(client=carla, theme=Theme.objects.get(code="maturity"), origin="occurrence"), 10)
    assert plan_service(north, on=alice.today()).placed == 1


def test_the_call_that_arranges_an_appointment_does_not_end_it(alice, north, carla, meet):
    today = alice.today()
    gold = Tier.objects.get(code="gold")
    type(carla).objects.filter(pk=carla.pk).update(tier=gold, next_due_on=today + timedelta(days=3))
    plan_service(north, on=today)
    meet(Action.objects.get(origin="plan"), 10)
    services.log_contact(actor=alice, client=carla, channel="call", result="reached")
    assert Appointment.objects.standing().count() == 1


# -- pages -----------------------------------------------------------------------------------------


@pytest.fixture
def form(day):
    return {
        "on": str(day),
        "at": "10:00",
        "minutes": "60",
        "channel": "visit",
        "place": "",
        "answer": "asked",
    }


def test_an_appointment_is_made_changed_and_cancelled_from_the_page_and_each_can_be_undone(
    signed_in, alice, carla, day, form
):
    action = ActionFactory(client=carla)
    before = (action.opens_on, action.due_on, action.due_at, action.channel)
    browser, address = signed_in(alice), f"/actions/{action.pk}/appointment/?next=/plan/"

    def undo():
        told = browser.get("/plan/").content.decode()
        url = told.split('role="status" method="post" action="')[1].split('"')[0].replace("&amp;", "&")
        browser.post(url)
        action.refresh_from_db()
        return action, Appointment.objects.get()

    assert browser.post(address, form).status_code == 302
    made = Appointment.objects.get()
    browser.post(address, form | {"at": "12:30", "place": "Room 2"})
    action, found = undo()
    assert (action.due_at, found.starts_at, found.place) == (time(10), made.starts_at, "")
    browser.post(f"/appointments/{made.pk}/cancel/?next=/plan/")
    action, found = undo()
    assert (action.due_at, found.cancelled_at) == (time(10), None)
    services.cancel_appointment(actor=alice, appointment=found)
    browser.post(address, form | {"at": "17:00"})
    action, found = undo()
    assert found.cancelled_at is not None
    type(action).objects.filter(pk=action.pk).delete()
    action = ActionFactory(client=carla)
    browser.post(f"/actions/{action.pk}/appointment/?next=/plan/", form)
    action, found = undo()
    assert (action.opens_on, action.due_on, action.due_at, action.channel) == before
    assert found.cancelled_at is not None


def test_what_somebody_changed_since_is_not_undone(signed_in, alice, bob, carla, day):
    action = ActionFactory(client=carla)
    browser = signed_in(alice)
    browser.post(f"/actions/{action.pk}/move/?next=/plan/", {"to": str(day)})
    told = browser.get("/plan/").content.decode()
    url = told.split('role="status" method="post" action="')[1].split('"')[0].replace("&amp;", "&")
    signed_in(bob).post(f"/actions/{action.pk}/move/", {"to": str(day + timedelta(days=1))})
    browser = signed_in(alice)
    browser.post(url)
    action.refresh_from_db()
    assert action.due_on == day + timedelta(days=1)
    assert "cannot be taken back" in browser.get("/plan/").content.decode()


def test_a_move_is_not_undone_once_somebody_changed_the_appointment(signed_in, alice, bob, carla, day, meet):
    action = ActionFactory(client=carla)
    found = meet(action, 10)
    signed_in(alice).post(f"/actions/{action.pk}/move/?next=/plan/", {"to": str(day + timedelta(days=1))})
    told = signed_in(alice).get("/plan/").content.decode()
    url = told.split('role="status" method="post" action="')[1].split('"')[0].replace("&amp;", "&")
    on = {"on": str(day + timedelta(days=1)), "at": "10:00", "minutes": "60", "channel": "call"}
    signed_in(bob).post(f"/actions/{action.pk}/appointment/", on | {"place": "Room 2", "answer": "asked"})
    signed_in(alice).post(url)
    action.refresh_from_db()
    found.refresh_from_db()
    assert action.due_on == day + timedelta(days=1)
    assert found.place == "Room 2"


def test_a_clash_is_asked_about_in_the_form_and_saved_with_a_tick(signed_in, alice, carla, day, form, meet):
    other = ClientFactory(name="Olga Prim", branch=carla.branch, manager=alice)
    first = meet(ActionFactory(client=other), 10)
    action = ActionFactory(client=carla)
    browser, address = signed_in(alice), f"/actions/{action.pk}/appointment/"
    assert 'name="known"' not in browser.get(address).content.decode()
    page = browser.post(address, form)
    assert page.status_code == 422
    assert "There is an appointment with Olga Prim" in page.content.decode()
    assert f'name="known" value="{first.pk}"' in " ".join(page.content.decode().split())
    assert browser.post(address, form | {"known": "x"}).status_code == 422
    assert browser.post(address, form | {"known": str(first.pk)}).status_code == 302
    assert Appointment.objects.standing().count() == 2


def test_an_appointment_for_which_nothing_was_planned_makes_its_action(signed_in, alice, carla, day, form):
    theme = ActionFactory(client=carla).theme
    browser = signed_in(alice)
    body = form | {"about": "Half-yearly review", "theme": str(theme.pk)}
    assert browser.post("/client/N-1/appointment/make/", body).status_code == 302
    made = Appointment.objects.get()
    assert (made.action.about, made.action.due_on, made.action.origin) == (
        "Half-yearly review",
        day,
        "by_hand",
    )
    assert "Appointment 10:00 to 11:00." in browser.get("/client/N-1/plan/").content.decode()


def test_what_stands_against_a_time_is_said_while_it_is_chosen(signed_in, alice, carla, day, meet):
    Holiday.objects.create(on=day, name="Feast", country="ES")
    other = ClientFactory(name="Olga Prim", branch=carla.branch, manager=alice)
    meet(ActionFactory(client=other), 10)
    action = ActionFactory(client=carla)
    browser, address = signed_in(alice), f"/client/N-1/appointment/heed/?action={action.pk}"
    said = browser.get(address, {"action": action.pk, "on": str(day), "at": "10:15", "minutes": "30"})
    assert "with Olga Prim" in said.content.decode()
    assert "is a day off" in said.content.decode()
    for nonsense in ({"on": "x"}, {"on": "2026-02-30", "at": "10:00"}, {"on": str(day), "at": "25:00"}):
        assert browser.get(address, nonsense).status_code == 200


def test_todays_row_says_when_where_and_what_the_client_answered(signed_in, alice, carla, meet):
    action = ActionFactory(client=carla)
    meet(action, 10, place="Café Central")
    today = alice.today()
    Action.objects.update(due_on=today, opens_on=today)
    page = signed_in(alice).get("/today/").content.decode()
    assert "Appointment 10:00 to 11:00, Café Central. The client has not answered yet." in page
    assert "at 10:00" in page


def test_the_calendar_file_is_valid_names_the_client_and_grows_with_each_change(
    signed_in, alice, anna, carla, day, meet
):
    action = ActionFactory(client=carla, about="Ask about the divorce")
    found = meet(action, 10, place="Café Central", channel="visit")

    def event():
        answer = signed_in(alice).get(f"/appointments/{found.pk}/file.ics")
        assert answer["Content-Type"].startswith("text/calendar")
        calendar = Calendar.from_ical(answer.content)
        assert calendar["METHOD"] == "PUBLISH"
        assert b"divorce" not in answer.content
        (one,) = calendar.walk("VEVENT")
        return one

    first = event()
    assert first["SUMMARY"] == "Visit: Carla Núñez"
    assert first["LOCATION"] == "Café Central"
    assert first["STATUS"] == "TENTATIVE"
    assert first.decoded("DTSTART") == datetime.combine(day, time(10), MADRID)
    services.change_appointment(actor=alice, appointment=found, changes={"answer": "confirmed"})
    second = event()
    assert (second["UID"], second["STATUS"], second["SEQUENCE"]) == (first["UID"], "CONFIRMED", 1)
    services.skip_action(actor=alice, action=action, reason="Ill")
    assert (event()["STATUS"], event()["SEQUENCE"]) == ("CANCELLED", 2)
    reopen_action(actor=alice, action=action)
    assert (event()["STATUS"], event()["SEQUENCE"]) == ("CONFIRMED", 3)
    assert signed_in(anna).get(f"/appointments/{found.pk}/file.ics").status_code == 404
