"""The morning digest, at each person's own hour and in their language."""

from datetime import UTC, date, datetime, timedelta

import pytest

from interactions.services.digest import send_digests
from messaging.models import Message
from tests.factories import ActionFactory, BranchFactory, ClientFactory, UserFactory

# 07:00 in each place on a day when the clocks of Madrid change, and on one when nothing changes. Shanghai and,
# since 2022, Mexico City keep theirs.
MORNINGS = [
    (date(2026, 3, 28), {"Europe/Madrid": 6, "Asia/Shanghai": -1, "America/Mexico_City": 13}),
    (date(2026, 3, 29), {"Europe/Madrid": 5, "Asia/Shanghai": -1, "America/Mexico_City": 13}),
    (date(2026, 10, 25), {"Europe/Madrid": 6, "Asia/Shanghai": -1, "America/Mexico_City": 13}),
]
LANGUAGES = {"Europe/Madrid": "es", "Asia/Shanghai": "zh-hans", "America/Mexico_City": "es"}


@pytest.fixture
def managers(bank):
    """Somebody in each place with one action of today and one that is late."""
    people = {}
    for zone, language in LANGUAGES.items():
        branch = BranchFactory(parent=bank, time_zone=zone)
        people[zone] = UserFactory(role="account_manager", branch=branch, language=language)
    return people


def _work(user, day):
    for due_on in (day, day - timedelta(days=1)):
        client = ClientFactory(branch=user.branch, manager=user)
        ActionFactory(client=client, opens_on=due_on, due_on=due_on)


def _told():
    return set(Message.objects.filter(kind="digest").values_list("user_id", flat=True))


@pytest.mark.parametrize(("day", "hours"), MORNINGS)
def test_digest_comes_once_at_seven_where_the_person_is_also_when_the_clocks_change(managers, day, hours):
    for user in managers.values():
        _work(user, day)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    due = {zone: midnight + timedelta(hours=hour) for zone, hour in hours.items()}
    for zone, user in managers.items():
        send_digests(now=due[zone] - timedelta(minutes=1))
        assert user.pk not in _told()
        send_digests(now=due[zone])
        assert user.pk in _told()
    for quarter in range(8 * 4):  # late, twice, in every place
        assert send_digests(now=due["Asia/Shanghai"] + timedelta(minutes=15 * quarter)) == 0
    keys = set(Message.objects.values_list("dedupe_key", flat=True))
    assert keys == {f"digest/{user.pk}/{day}" for user in managers.values()}


def test_digest_speaks_the_persons_language_counts_what_is_late_and_names_no_client(managers):
    day = date(2026, 3, 29)
    for user in managers.values():
        _work(user, day)
    for hour in MORNINGS[1][1].values():
        send_digests(now=datetime(2026, 3, 29, tzinfo=UTC) + timedelta(hours=hour))
    said = {
        message.user.time_zone or message.user.branch.time_zone: message for message in Message.objects.all()
    }
    assert "29 de marzo de 2026" in said["Europe/Madrid"].body
    assert "2026年3月29日" in said["Asia/Shanghai"].body
    for zone, user in managers.items():
        assert "2" in said[zone].subject
        for name in user.assignments.values_list("client__name", flat=True):
            assert name not in said[zone].body


def test_digest_too_late_in_the_day_or_of_nothing_is_not_sent(managers):
    day = date(2026, 3, 28)
    _work(managers["Europe/Madrid"], day)
    assert send_digests(now=datetime(2026, 3, 28, 11, 0, tzinfo=UTC)) == 0  # noon in Madrid
    assert send_digests(now=datetime(2026, 3, 28, 10, 59, tzinfo=UTC)) == 1
    assert _told() == {managers["Europe/Madrid"].pk}


def test_digest_asks_once_a_person(managers, django_assert_num_queries):
    day, seven = date(2026, 3, 28), datetime(2026, 3, 28, 6, tzinfo=UTC)
    madrid = managers["Europe/Madrid"]
    _work(madrid, day)
    assert send_digests(now=seven) == 1
    with django_assert_num_queries(2):  # the people, and who was told
        assert send_digests(now=seven) == 0
    for _colleague in range(5):
        UserFactory(role="account_manager", branch=madrid.branch)
    with django_assert_num_queries(2 + 5):
        assert send_digests(now=seven) == 0
