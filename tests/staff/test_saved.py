"""Saved views on their pages: links, renamed, removed and taken back; nobody's but one's own."""

import pytest
from django.urls import reverse

from staff.models import SavedView

pytestmark = pytest.mark.django_db


@pytest.fixture
def view(alice):
    return SavedView.objects.create(user=alice, page="client-list", name="Late", query="show=late&tier=gold")


def told(browser) -> str:
    return browser.session["told"]["text"]


def test_saved_view_stands_above_the_filters_as_a_link_anybody_may_be_given(signed_in, alice, anna, view):
    page = signed_in(alice).get("/clients/").text
    assert 'href="/clients/?show=late&amp;tier=gold"' in page
    assert "Late</a>" not in signed_in(anna).get("/clients/").text
    assert signed_in(anna).get("/clients/?show=late&tier=gold").status_code == 200


def test_view_that_is_open_is_marked_whatever_the_order_of_its_filters(signed_in, alice, view):
    page = signed_in(alice).get("/clients/?tier=gold&show=late&size=100").text
    assert 'tier=gold" aria-current="page">Late' in page


def test_list_as_it_is_gets_saved_and_opened(signed_in, alice):
    browser = signed_in(alice)
    answer = browser.post(
        reverse("view-save"), {"page": "client-list", "name": "Weak", "query": "trend=weakening"}
    )
    assert answer.url == "/clients/?trend=weakening"
    assert told(browser) == "Saved as “Weak”."
    assert SavedView.objects.get().user == alice


def test_refused_name_stays_in_the_form_with_what_to_do(signed_in, alice, view):
    answer = signed_in(alice).post(
        reverse("view-save"), {"page": "client-list", "name": "Late", "query": "status=active"}
    )
    assert answer.status_code == 422
    assert "choose another name" in answer.text
    assert 'value="status=active"' in answer.text


def test_saved_query_leads_nowhere_but_to_the_list(signed_in, alice):
    answer = signed_in(alice).post(
        reverse("view-save"), {"page": "client-list", "name": "x", "query": "//evil.example/?<script>"}
    )
    assert answer.url.startswith("/clients/?")
    assert "<script>" not in signed_in(alice).get("/clients/").text.partition("<main")[2]
    assert signed_in(alice).post(reverse("view-save"), {"page": "team", "name": "x"}).status_code == 404


def test_removal_is_taken_back_by_undo_once(signed_in, alice, view):
    browser = signed_in(alice)
    browser.post(reverse("view-remove", args=[view.pk]))
    assert browser.session["told"]["undo_url"] == reverse("view-restore")
    assert not SavedView.objects.exists()
    browser.post(reverse("view-restore"))
    assert SavedView.objects.get().query == view.query
    assert browser.post(reverse("view-restore")).status_code == 404


def test_renaming_opens_the_view(signed_in, alice, view):
    browser = signed_in(alice)
    assert 'value="Late"' in browser.get(reverse("view-rename", args=[view.pk])).text
    answer = browser.post(reverse("view-rename", args=[view.pk]), {"name": "Overdue"})
    assert answer.url == "/clients/?show=late&tier=gold"
    assert browser.post(reverse("view-rename", args=[view.pk]), {"name": " "}).status_code == 422


@pytest.mark.parametrize("person", ["anna", "bob", "erin", "gus"])
def test_view_of_another_is_absent(signed_in, cast, person, view):
    browser = signed_in(cast[person])
    assert browser.get(reverse("view-rename", args=[view.pk])).status_code == 404
    assert browser.post(reverse("view-rename", args=[view.pk]), {"name": "x"}).status_code == 404
    assert browser.post(reverse("view-remove", args=[view.pk])).status_code == 404
    assert SavedView.objects.get().name == "Late"


def test_nothing_changes_by_a_link(signed_in, alice, view):
    browser = signed_in(alice)
    for name, args in (("view-save", []), ("view-remove", [view.pk]), ("view-restore", [])):
        assert browser.get(reverse(name, args=args)).status_code == 405
