"""People come and go, stand in for each other, and keep views of their lists."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client as Browser
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model

from clients.models import Client
from staff.models import Cover, SavedView
from staff.services import (
    MOST_VIEWS,
    arrange_cover,
    deactivate,
    end_cover,
    reactivate,
    remove_view,
    rename_view,
    save_view,
)
from tests.factories import CoverFactory

pytestmark = pytest.mark.django_db


def signed_in_browser(user) -> Browser:
    browser = Browser()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser


# -- leaving ---------------------------------------------------------------------------------------


def test_leaver_is_out_on_every_device_at_once_and_others_stay(alice, anna, erin):
    phone, desk, other = signed_in_browser(alice), signed_in_browser(alice), signed_in_browser(anna)
    assert phone.get("/today/").status_code == 200
    deactivate(actor=erin, user=alice)
    assert phone.get("/today/").status_code == desk.get("/today/").status_code == 302
    assert other.get("/today/").status_code == 200


def test_old_cookie_stays_dead_when_the_person_comes_back(alice, erin):
    browser = signed_in_browser(alice)
    assert browser.get("/today/").status_code == 200
    deactivate(actor=erin, user=alice)
    reactivate(actor=erin, user=alice)
    assert browser.get("/today/").status_code == 302
    alice.refresh_from_db()
    assert signed_in_browser(alice).get("/today/").status_code == 200


def test_token_of_a_leaver_is_refused_and_stays_dead(alice, erin):
    import hashlib

    application = get_application_model().objects.create(
        name="till", user=alice, client_type="confidential", authorization_grant_type="client-credentials"
    )
    get_access_token_model().objects.create(
        application=application,
        token="t-1",
        token_checksum=hashlib.sha256(b"t-1").hexdigest(),
        expires=timezone.now() + timedelta(hours=1),
        scope="clients:read",
    )

    def asked() -> int:
        return Browser().get("/api/v1/clients/", headers={"Authorization": "Bearer t-1"}).status_code

    assert asked() == 200
    deactivate(actor=erin, user=alice)
    assert asked() == 401
    reactivate(actor=erin, user=alice)
    assert asked() == 401


def test_cover_by_a_leaver_ends_but_their_own_book_stays_covered(alice, anna, erin, carla):
    by_alice = CoverFactory(covered=anna, stand_in=alice)
    of_alice = CoverFactory(covered=alice, stand_in=anna)
    deactivate(actor=erin, user=alice)
    by_alice.refresh_from_db()
    assert by_alice.to_on == alice.today() - timedelta(days=1)
    assert Cover.objects.on(alice.today()).get() == of_alice
    assert carla in Client.objects.visible_to(anna)


def test_nobody_but_an_administrator_ends_access_and_none_ends_the_own(alice, bob, erin):
    for person in (alice, bob):
        with pytest.raises(PermissionDenied):
            deactivate(actor=person, user=alice)
        with pytest.raises(PermissionDenied):
            reactivate(actor=person, user=alice)
    with pytest.raises(ValidationError):
        deactivate(actor=erin, user=erin)
    erin.refresh_from_db()
    assert erin.is_active


# -- cover -----------------------------------------------------------------------------------------


def test_cover_ended_early_closes_the_book_at_once_and_keeps_the_days_that_passed(alice, anna, bob, carla):
    today = bob.today()
    cover = CoverFactory(covered=alice, stand_in=anna, from_on=today - timedelta(days=3), to_on=today)
    assert carla in Client.objects.visible_to(anna)
    end_cover(actor=bob, cover=cover)
    assert carla not in Client.objects.visible_to(anna)
    cover.refresh_from_db()
    assert (cover.from_on, cover.to_on) == (today - timedelta(days=3), today - timedelta(days=1))
    end_cover(actor=bob, cover=cover)
    cover.refresh_from_db()
    assert cover.to_on == today - timedelta(days=1)


def test_cover_that_has_not_begun_or_began_today_leaves_only_its_history(alice, anna, bob):
    today = bob.today()
    for from_on in (today, today + timedelta(days=4)):
        cover = CoverFactory(covered=alice, stand_in=anna, from_on=from_on, to_on=from_on + timedelta(days=2))
        end_cover(actor=bob, cover=cover)
    assert not Cover.objects.exists()


def test_cover_of_another_branch_cannot_be_ended(bob, charlie, south):
    from tests.factories import UserFactory

    cover = CoverFactory(covered=charlie, stand_in=UserFactory(branch=south))
    with pytest.raises(PermissionDenied):
        end_cover(actor=bob, cover=cover)


def test_same_cover_sent_twice_is_one_and_overlapping_days_are_refused(alice, anna, bob):
    today = bob.today()
    days = {"from_on": today, "to_on": today + timedelta(days=5)}
    first = arrange_cover(actor=bob, covered=alice, stand_in=anna, **days)
    assert arrange_cover(actor=bob, covered=alice, stand_in=anna, **days) == first
    with pytest.raises(ValidationError) as refused:
        arrange_cover(actor=bob, covered=alice, stand_in=anna, from_on=today, to_on=today)
    assert "stand_in" in refused.value.error_dict


# -- saved views -----------------------------------------------------------------------------------


def _save(person, name="Late", query="show=late"):
    return save_view(actor=person, page="client-list", name=name, query=query)


def test_view_is_kept_once_under_its_name(alice):
    view = _save(alice, "  Late\tones ")
    assert (view.name, view.query) == ("Late ones", "show=late")
    assert _save(alice, "Late ones") == view
    with pytest.raises(ValidationError) as refused:
        _save(alice, "Late ones", "show=never")
    assert "name" in refused.value.error_dict
    assert SavedView.objects.get() == view


@pytest.mark.parametrize("name", ["", "   ", "\x00", "x" * 61])
def test_view_without_a_proper_name_is_refused(alice, name):
    with pytest.raises(ValidationError):
        _save(alice, name)


def test_twenty_views_are_the_most_a_person_keeps(alice, anna):
    for number in range(MOST_VIEWS):
        _save(alice, f"View {number}")
    with pytest.raises(ValidationError):
        _save(alice, "One more")
    _save(anna, "Hers")


def test_list_that_cannot_be_saved_and_a_query_too_long_are_refused(alice, gus):
    with pytest.raises(PermissionDenied):
        save_view(actor=alice, page="team", name="x", query="")
    with pytest.raises(PermissionDenied):
        _save(gus)
    with pytest.raises(ValidationError):
        _save(alice, query="q=" + "x" * 1000)


def test_views_of_others_are_neither_renamed_nor_removed(alice, anna):
    view = _save(alice)
    with pytest.raises(PermissionDenied):
        rename_view(actor=anna, view=view, name="Mine")
    with pytest.raises(PermissionDenied):
        remove_view(actor=anna, view=view)
    assert SavedView.objects.get().name == "Late"


def test_renamed_view_takes_no_name_that_is_taken(alice):
    view = _save(alice)
    _save(alice, "Never", "show=never")
    with pytest.raises(ValidationError):
        rename_view(actor=alice, view=view, name="Never")
    assert rename_view(actor=alice, view=view, name="Overdue").name == "Overdue"
