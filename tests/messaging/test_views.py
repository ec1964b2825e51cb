"""The page of notifications, and the outbox's messages that wait for a person."""

import pytest
from django.urls import reverse
from django.utils import timezone

from messaging.models import Message, Notification
from messaging.services import notify


def test_page_says_what_one_was_told_and_nothing_of_others(signed_in, alice, bob):
    notify(user=alice, kind="due", subject="day/2026-08-12", url="/today/", count=3)
    notify(user=bob, kind="book", subject="transfer/1", count=7)
    page = signed_in(alice).get(reverse("notification-list")).content.decode()
    assert "3 actions came up for you on 12 Aug." in page
    assert "joined your book" not in page


def test_empty_page_says_what_will_stand_there(signed_in, alice):
    assert (
        "Nothing has been said to you yet."
        in signed_in(alice).get(reverse("notification-list")).content.decode()
    )


def test_looking_marks_nothing_as_read_and_get_is_refused_for_changes(signed_in, alice):
    notify(user=alice, kind="cover", subject="cover/1")
    notice = Notification.objects.get()
    person = signed_in(alice)
    person.get(reverse("notification-list"))
    assert person.get(reverse("notification-read", args=[notice.pk])).status_code == 405
    assert person.get(reverse("notification-read-all")).status_code == 405
    assert Notification.objects.unread().count() == 1


@pytest.mark.parametrize(
    ("url", "goes_to"),
    [("/today/", "/today/"), ("", "/notifications/"), ("https://evil.example/", "/notifications/")],
)
def test_opening_one_marks_it_as_read_and_stays_in_the_house(signed_in, alice, url, goes_to):
    notify(user=alice, kind="cover", subject="cover/1", url=url)
    answer = signed_in(alice).post(reverse("notification-read", args=[Notification.objects.get().pk]))
    assert (answer.status_code, answer.url) == (302, goes_to)
    assert Notification.objects.unread().count() == 0


def test_colleague_gets_404_for_somebody_elses_notice(signed_in, alice, bob):
    notify(user=alice, kind="cover", subject="cover/1")
    assert (
        signed_in(bob).post(reverse("notification-read", args=[Notification.objects.get().pk])).status_code
        == 404
    )
    assert Notification.objects.unread().count() == 1


def test_reading_all_reads_only_ones_own(signed_in, alice, bob):
    notify(user=alice, kind="cover", subject="cover/1")
    notify(user=bob, kind="cover", subject="cover/2")
    signed_in(alice).post(reverse("notification-read-all"))
    assert list(Notification.objects.unread().values_list("user__name", flat=True)) == ["Bob"]


def test_administrator_decides_about_a_message_that_may_have_left(signed_in, alice, erin):
    message = Message.objects.create(
        user=alice,
        address=alice.email,
        kind="digest",
        subject="3 actions",
        body="",
        state="unknown",
        claimed_at=timezone.now(),
    )
    person = signed_in(erin)
    assert "alice@bank.example" in person.get(reverse("outbox-list")).content.decode()
    person.post(reverse("outbox-settle", args=[message.pk]), {"decision": "nonsense"})
    message.refresh_from_db()
    assert message.state == "unknown"
    person.post(reverse("outbox-settle", args=[message.pk]), {"decision": "sent"})
    message.refresh_from_db()
    assert message.state == "sent"


def test_outbox_is_the_administrators(signed_in, alice):
    assert signed_in(alice).get(reverse("outbox-list")).status_code == 403


# -- the bell of a page that stays open -----------------------------------------------------------


def _bell(person, seen=""):
    return person.get(reverse("notification-bell"), {"seen": seen}, headers={"HX-Request": "true"})


def test_bell_keeps_silent_while_nothing_has_changed_and_costs_one_query(
    signed_in, alice, django_assert_num_queries
):
    notify(user=alice, kind="cover", subject="cover/1")
    person = signed_in(alice)
    mark = Notification.objects.visible_to(alice).bell().mark
    _bell(person)
    with django_assert_num_queries(2):  # who asks, and the bell
        assert _bell(person, mark).status_code == 204
    assert f"seen={mark}" in person.get(reverse("notification-list")).content.decode()


def test_bell_says_aloud_what_is_new_or_counts_up_and_not_what_was_read(signed_in, alice, bob):
    person = signed_in(alice)
    before = Notification.objects.visible_to(alice).bell().mark
    notify(user=bob, kind="cover", subject="cover/1")
    assert _bell(person, before).status_code == 204

    notify(user=alice, kind="handed_over", subject="transfer/1")
    told = _bell(person, before)
    assert "Notifications, 1 unread" in told.content.decode()
    assert "Notifications, 1 unread" in told["HX-Trigger"]

    once = Notification.objects.visible_to(alice).bell().mark
    notify(user=alice, kind="handed_over", subject="transfer/1")
    assert "crm:say" in _bell(person, once)["HX-Trigger"]

    twice = Notification.objects.visible_to(alice).bell().mark
    Notification.objects.update(read_at=timezone.now())
    read = _bell(person, twice)
    assert read.status_code == 200
    assert "crm:say" not in read["HX-Trigger"]
    assert "dot" not in read.content.decode()
