"""Two people who each write one half of a circle at the same moment: the second sees what the first wrote."""

import pytest
from django.core.exceptions import ValidationError

from clients.checks import checks
from clients.models import Introduction
from clients.services import introduce, introductions
from tests.concurrency.test_books import meanwhile

pytestmark = pytest.mark.django_db(transaction=True)


def _at_once(bob, carla, nina):
    with meanwhile(lambda: introduce(actor=bob, client=nina, by=carla)) as other:
        introduce(actor=bob, client=carla, by=nina)
    return other.outcome


def test_two_at_once_do_not_close_a_circle(bob, carla, nina):
    outcome = _at_once(bob, carla, nina)
    assert isinstance(outcome, ValidationError), outcome
    assert set(outcome.error_dict) == {"by"}
    assert Introduction.objects.get().client == carla


def test_without_the_lock_they_do(bob, carla, nina, monkeypatch):
    monkeypatch.setattr(introductions, "_one_at_a_time", lambda: None)
    assert isinstance(_at_once(bob, carla, nina), Introduction)
    assert [line for line in checks() if "whom they brought themselves" in line]
