"""Every hostile string as a client's name through the importer, and through the search box."""

import csv
import json
from urllib.parse import quote, urlencode

import pytest
from django.urls import reverse

from clients.models import Client, Household, HouseholdMember
from corebanking.services import import_path
from tests.realdata.conftest import DATA


@pytest.fixture(scope="module")
def strings():
    return json.loads((DATA / "naughty-strings" / "blns.json").read_text(encoding="utf-8"))


def test_each_is_stored_as_typed_or_refused_with_a_reason(strings, erin, north, tmp_path):
    path = tmp_path / "names.csv"
    with path.open("w", encoding="utf-8", newline="", errors="surrogatepass") as file:
        writer = csv.writer(file)
        writer.writerow(["client_number", "kind", "name", "branch_code"])
        writer.writerows([f"B{n}", "person", text, "NORTH"] for n, text in enumerate(strings))
    job = import_path(actor=erin, kind="clients", path=path, allow_rejected=1.0)
    assert job.state == "committed"
    kept = dict(Client.objects.values_list("number", "name"))
    assert len(kept) + job.rejected == len(strings)
    assert len(kept) > 450
    for n, text in enumerate(strings):
        if f"B{n}" in kept:
            assert kept[f"B{n}"] == text.strip()


def test_search_and_pages_survive_each(strings, signed_in, alice, carla):
    browser = signed_in(alice)
    for text in strings:
        assert browser.get("/clients/", {"q": text}).status_code == 200


def test_each_as_a_note_is_kept_or_refused(strings, signed_in, alice, carla):
    browser = signed_in(alice)
    for text in strings:
        response = browser.post(
            f"/contacts/log/?client={carla.number}",
            {"channel": "call", "result": "reached", "direction": "out", "note": text},
        )
        assert response.status_code in (302, 422), text
    assert browser.get(f"/client/{carla.number}/contacts/").status_code == 200


@pytest.mark.parametrize(
    ("address", "field", "rest"),
    [
        ("/promises/note/?client=N-1", "text", {"due_on": "2027-03-01"}),
        ("/client/N-1/interest/raise/", "note", {"kind": "fund", "next_on": "2027-03-01"}),
        ("/client/N-1/case/open/", "text", {"kind": "request"}),
        ("/client/N-1/facts/add/", "value", {"type": "need"}),
        (
            "/contacts/log/?client=N-1",
            "learnt_0",
            {"channel": "call", "result": "reached", "direction": "out"},
        ),
    ],
)
def test_each_through_the_forms_of_knowing_a_client(address, field, rest, strings, signed_in, alice, carla):
    browser = signed_in(alice)
    for text in strings[::5]:
        assert browser.post(address, rest | {field: text}).status_code in (302, 422), text
    for tab in ("", "contacts/", "plan/", "opportunities/", "service/"):
        page = browser.get(f"/client/{carla.number}/{tab}")
        assert page.status_code == 200
        assert b"<script>alert" not in page.content


def test_each_through_the_small_forms_of_a_file_is_kept_or_refused(strings, signed_in, bob, carla):
    """Every form gets every seventh string, and so every string comes through some form."""
    household = Household.objects.create(name="Núñez")
    HouseholdMember.objects.create(household=household, client=carla)
    point = carla.contact_points.first()

    def of(name, *arguments):
        return reverse(name, args=arguments or ["N-1"])

    def forms(text):
        today = str(bob.today())
        return [
            (of("fact-add"), {"type": "interest", "value": text, "amount": text, "currency": text}),
            (of("fact-add"), {"type": "interest", "value": text}),
            (of("point-add"), {"kind": "messenger", "value": text}),
            (of("point-add"), {"kind": "phone", "value": text}),
            (of("point-add"), {"kind": "email", "value": text}),
            (of("point-change", point.pk), {"value": text}),
            (
                of("date-add"),
                {"kind": "other", "person": text, "calendar": "gregorian", "day": 1, "month": 1},
            ),
            (of("date-add"), {"kind": text, "calendar": text, "day": text, "month": text, "year": text}),
            (of("relation-add"), {"who": text, "kind": "friend", "pick": "-"}),
            (of("relation-add"), {"who": text, "kind": text, "pick": text}),
            (of("household-join"), {"who": text, "role": "other", "pick": "-"}),
            (of("household-name"), {"name": text}),
            (of("consent-record"), {"call-care": "yes", "source": "form", "note": text}),
            (of("consent-record"), {"call-care": text, "source": text, "at": text}),
            (of("agreement-change"), {"interval_days": 30, "approved_on": today, "how": text}),
            (of("agreement-change"), {"interval_days": text, "weekdays": text, "from_time": text}),
            (of("file-restrict"), {"act": text, "reason": text}),
            (of("file-restrict"), {"act": f"unname-{text}"}),
            (reverse("client-open"), {"number": text, "reason": text}),
            (reverse("client-add"), {"name": text, "kind": "person", "somebody_else": text}),
            (
                reverse("client-add"),
                {"name": "X", "kind": text, "phone": text, "email": text, "number": text},
            ),
        ]

    browser = signed_in(bob)
    for at, text in enumerate(strings):
        for address, body in forms(text)[at % 7 :: 7]:
            answer = browser.post(address, body)
            assert answer.status_code in (200, 302, 404, 422), (address, text)
        assert browser.get(of("fact-add") + "?" + urlencode({"type": text})).status_code == 200
    for name in ("client-known", "consent-list", "agreement-change"):
        assert browser.get(of(name)).status_code == 200
    client = browser
    client.logout()
    for text in strings[::7]:
        token = quote(text, safe="") or "-"
        assert client.get(f"/unsubscribe/{token}/").status_code in (302, 404)
