"""Looking beside book and branch: emergencies told and reviewed, restricted files for named people."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from clients.models import Client, SightGrant
from clients.services import open_with_reason, openings_of, restrict_file, review_opening, to_review
from messaging.models import Notification
from tests.factories import UserFactory

TOKEN = re.compile(r'csrfmiddlewaretoken" value="[^"]*"|X-CSRFToken": "[^"]*"')


@pytest.fixture
def opened(charlie, carla):
    open_with_reason(actor=charlie, number="N-1", reason="She stands before me")
    return SightGrant.objects.get()


def test_emergency_is_announced_before_the_button_and_told_afterwards(signed_in, charlie, alice, bob, carla):
    browser = signed_in(charlie)
    page = browser.get(reverse("client-open")).content.decode()
    assert page.index("are told at once") < page.index('type="submit"')
    assert browser.get("/client/N-1/").status_code == 404
    answer = browser.post(reverse("client-open"), {"number": "N-1", "reason": "She stands before me"})
    assert answer.url == "/client/N-1/"
    assert browser.get("/client/N-1/").status_code == 200
    told = set(Notification.objects.filter(kind="file_opened").values_list("user__staff_number", flat=True))
    assert told == {"alice", "bob"}
    assert "until" in browser.get(reverse("client-open")).content.decode()


def test_absent_and_restricted_numbers_answer_alike(signed_in, charlie, bob, carla, nina):
    restrict_file(actor=bob, client=nina, is_restricted=True, reason="A colleague's wife")
    browser = signed_in(charlie)
    pages = []
    for number in ("N-2", "N-9"):
        answer = browser.post(reverse("client-open"), {"number": number, "reason": "It is urgent"})
        assert answer.status_code == 422
        pages.append(TOKEN.sub("", answer.content.decode()).replace(number, "N-X"))
    assert pages[0] == pages[1]
    assert not SightGrant.objects.filter(kind="break_glass").exists()


def test_head_office_opens_in_an_emergency_only_with_the_right_to_identities(signed_in, dora, carla):
    assert signed_in(dora).get(reverse("client-open")).status_code == 404
    dora.sees_identities = True
    dora.save()
    assert signed_in(dora).get(reverse("client-open")).status_code == 200


def test_supervisor_reviews_the_emergencies_of_the_own_branches(signed_in, bob, south, opened):
    browser = signed_in(bob)
    assert "1 file was opened in an emergency" in browser.get(reverse("team")).content.decode()
    page = browser.get(reverse("opened-list")).content.decode()
    assert "Charlie opened Carla Núñez" in page
    assert "She stands before me" in page
    empty = browser.post(reverse("opened-review", args=[opened.pk]), {"review": ""})
    assert empty.status_code == 422
    assert browser.post(reverse("opened-review", args=[opened.pk]), {"review": "Right so"}).status_code == 302
    opened.refresh_from_db()
    assert (opened.review, opened.reviewed_by) == ("Right so", bob)
    assert "Bob found: Right so" in browser.get(reverse("opened-list")).content.decode()
    assert "No emergency waits" in browser.get(reverse("team")).content.decode()
    again = browser.post(reverse("opened-review", args=[opened.pk]), {"review": "Once more"})
    assert again.status_code == 302
    opened.refresh_from_db()
    assert opened.review == "Right so"
    theirs = UserFactory(name="Sara", role="supervisor", branch=south)
    browser = signed_in(theirs)
    assert "Carla" not in browser.get(reverse("opened-list")).content.decode()
    assert browser.post(reverse("opened-review", args=[opened.pk]), {"review": "x"}).status_code == 404


def test_what_is_reviewed_waits_no_more_and_nobody_reviews_twice(bob, opened):
    assert to_review(bob).get() == opened
    review_opening(actor=bob, grant=opened, review="Right so")
    assert not to_review(bob).exists()
    with pytest.raises(ValidationError):
        review_opening(actor=bob, grant=opened, review="Again")


def test_list_of_emergencies_costs_the_same_however_many(
    signed_in, bob, charlie, carla, django_assert_max_num_queries
):
    browser = signed_in(bob)
    address = reverse("opened-list")

    def more(n):
        for _ in range(n):
            open_with_reason(actor=charlie, number="N-1", reason="It is urgent")
            over = timezone.now() - timedelta(hours=1)
            SightGrant.objects.update(from_at=over - timedelta(hours=1), until_at=over)

    more(2)
    review_opening(actor=bob, grant=SightGrant.objects.first(), review="x")
    browser.get(address)
    with django_assert_max_num_queries(10) as few:
        browser.get(address)
    more(20)
    with django_assert_max_num_queries(10) as many:
        browser.get(address)
    assert len(few) == len(many)


def test_file_is_restricted_named_and_opened_again(signed_in, alice, anna, bob, carla):
    browser = signed_in(bob)
    address = reverse("file-restrict", args=["N-1"])
    assert browser.post(address, {"act": "restrict", "reason": ""}).status_code == 422
    browser.post(address, {"act": "restrict", "reason": "Family of a colleague"})
    carla.refresh_from_db()
    assert carla.is_restricted
    assert not Client.objects.visible_to(anna).filter(pk=carla.pk).exists()
    body = {"act": "name", "reader-user": anna.pk, "reader-reason": "Stands in at the desk"}
    browser.post(address, body)
    assert Client.objects.visible_to(anna).filter(pk=carla.pk).exists()
    page = browser.get(address).content.decode()
    assert "Stands in at the desk" in page
    grant = SightGrant.objects.get(user=anna)
    browser.post(address, {"act": f"unname-{grant.pk}"})
    assert not Client.objects.visible_to(anna).filter(pk=carla.pk).exists()
    last = SightGrant.objects.get(user=bob, until_at=None)
    refused = browser.post(address, {"act": f"unname-{last.pk}"})
    assert refused.status_code == 422
    assert "One supervisor has to stay" in refused.content.decode()
    browser.post(address, {"act": "open", "reason": "No longer"})
    carla.refresh_from_db()
    assert not carla.is_restricted


def test_a_double_click_does_not_open_the_file_that_the_first_click_closed(signed_in, bob, carla):
    browser = signed_in(bob)
    for _click in range(2):
        browser.post(reverse("file-restrict", args=["N-1"]), {"act": "restrict", "reason": "Family"})
    carla.refresh_from_db()
    assert carla.is_restricted


def test_restricting_a_file_ends_the_hour_of_whoever_opened_it_in_an_emergency(bob, charlie, carla, opened):
    assert Client.objects.visible_to(charlie).filter(pk=carla.pk).exists()
    restrict_file(actor=bob, client=carla, is_restricted=True, reason="Family")
    assert not Client.objects.visible_to(charlie).filter(pk=carla.pk).exists()
    assert opened in openings_of(bob)  # and is reviewed all the same


def test_only_a_supervisor_of_the_branch_restricts_and_names_ones_own_people(
    signed_in, alice, bob, charlie, carla, nina, simon
):
    address = reverse("file-restrict", args=["N-1"])
    assert signed_in(alice).post(address, {"act": "restrict", "reason": "Mine"}).status_code == 403
    browser = signed_in(bob)
    hidden = reverse("file-restrict", args=["S-1"])
    assert browser.post(hidden, {"act": "restrict", "reason": "Mine"}).status_code == 404
    restrict_file(actor=bob, client=carla, is_restricted=True, reason="Family")
    body = {"act": "name", "reader-user": charlie.pk, "reader-reason": "Somebody elsewhere"}
    assert browser.post(address, body).status_code == 422
    restrict_file(actor=bob, client=nina, is_restricted=True, reason="Family")
    other = SightGrant.objects.get(client=nina, user=bob)
    for forged in (f"unname-{other.pk}", "unname-9" + "9" * 30, "unname-x", "unname-²"):
        assert browser.post(address, {"act": forged}).status_code == 404
    assert SightGrant.objects.filter(pk=other.pk, until_at=None).exists()
