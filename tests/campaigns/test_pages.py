"""The pages of segments: a rule is built with buttons alone, counted while it is written, saved and put aside."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Segment
from campaigns.services import save_segment
from clients.models import Tier
from common.models import AuditEntry
from tests.factories import ClientFactory

GOLD = {"groups": [{"parts": [{"what": "tier", "how": "is", "value": "gold"}]}]}
FORM = {
    "name": "Gold in North",
    "all": "yes",
    "g0-all": "yes",
    "g0-0-what": "tier",
    "g0-0-how": "is",
    "g0-0-value": "gold",
    "g0-1-what": "branch",
    "g0-1-how": "is",
    "g0-1-value": "NORTH",
}


@pytest.fixture
def gold(north, alice):
    return ClientFactory(name="Gracia Oro", branch=north, manager=alice, tier=Tier.objects.get(code="gold"))


def text_of(answer, status=200):
    assert answer.status_code == status
    return answer.content.decode()


def test_a_rule_is_built_saved_and_read_with_buttons_alone(signed_in, bob, gold, carla):
    browser = signed_in(bob)
    assert "Group 1" in text_of(browser.get("/segments/add/"))
    more = text_of(browser.post("/segments/add/", FORM | {"do": "add-part-0"}))
    assert 'name="g0-2-what"' in more
    assert 'name="g1-0-what"' in text_of(browser.post("/segments/add/", FORM | {"do": "add-group"}))
    fewer = text_of(browser.post("/segments/add/", FORM | {"do": "drop-0-1"}))
    assert 'name="g0-1-what"' not in fewer
    assert not Segment.objects.exists()
    page = text_of(browser.post("/segments/add/", FORM | {"do": "save"}, follow=True))
    assert "Tier is Gold and Branch is North" in page
    assert "Gracia Oro" in page
    assert carla.name not in page
    segment = Segment.objects.get()
    changed = FORM | {"do": "save", "g0-not": "on"}
    page = text_of(browser.post(f"/segments/{segment.pk}/change/", changed, follow=True))
    assert "not (Tier is Gold and Branch is North)" in page
    assert segment.versions.count() == 2
    page = text_of(browser.post(f"/segments/{segment.pk}/drop/", follow=True))
    assert "No segment yet." in page
    browser.post(f"/segments/{segment.pk}/restore/")
    assert "Gold in North" in text_of(browser.get("/segments/"))


def test_what_asks_for_something_else_redraws_its_own_choices(signed_in, bob):
    asked = {"g0-0-what": "holds", "g0-0-how": "is", "do": "redraw"}
    page = text_of(signed_in(bob).post("/segments/add/", asked, headers={"HX-Request": "true"}))
    assert page.startswith('\n<div id="builder">') or page.lstrip().startswith('<div id="builder">')
    assert 'name="g0-0-of"' in page
    assert 'name="g0-0-value"' not in page  # "yes" asks for no sum


def test_it_is_counted_while_it_is_written_within_one_s_sight(signed_in, bob, dora, gold, south):
    ClientFactory(branch=south, tier=Tier.objects.get(code="gold"))
    tier_only = {name: value for name, value in FORM.items() if not name.startswith("g0-1")}
    seen = text_of(signed_in(bob).post("/segments/look/", tier_only))
    assert '<p class="big">1</p>' in seen
    assert "Gracia Oro" in seen
    masked = text_of(signed_in(dora).post("/segments/look/", tier_only))
    assert '<p class="big">2</p>' in masked
    assert "Gracia Oro" not in masked
    assert "Choose at least one condition." in text_of(signed_in(bob).post("/segments/look/", {}))


def test_errors_stand_beside_their_field_and_what_was_typed_stays(signed_in, bob):
    browser = signed_in(bob)
    wrong = FORM | {"name": "", "do": "save"}
    page = text_of(browser.post("/segments/add/", wrong), 422)
    assert "Give it a name." in page
    page = text_of(browser.post("/segments/add/", FORM | {"g0-0-value": "diamond", "do": "save"}), 422)
    assert "Group 1, condition 1: Choose one of the list." in page
    page = text_of(
        browser.post("/segments/add/", {"name": "L", "is_list": "yes", "numbers": "X-1\nX-2", "do": "save"}),
        422,
    )
    assert "2 numbers are not known: X-1, X-2" in page
    assert "X-1\nX-2" in page


def test_a_pasted_list_is_saved_and_opened(signed_in, bob, gold):
    body = {"name": "L", "is_list": "yes", "numbers": f"{gold.number}, {gold.number}\n", "do": "save"}
    page = text_of(signed_in(bob).post("/segments/add/", body, follow=True))
    assert "A list of 1 client numbers" in page
    assert "Gracia Oro" in page


@pytest.mark.parametrize(
    "forged", ["add-part-9", "drop-0-9", "drop-x-y", "add-part-", "nonsense", "add-group-1"]
)
def test_forged_buttons_only_draw_it_anew(forged, signed_in, bob):
    text_of(signed_in(bob).post("/segments/add/", FORM | {"do": forged}))
    assert not Segment.objects.exists()


def test_the_lists_cost_the_same_for_two_and_for_twenty(signed_in, bob, gold, north):
    browser, counted = signed_in(bob), []
    for n in range(20):
        ClientFactory(branch=north, tier=Tier.objects.get(code="gold"))
        segment = save_segment(actor=bob, name=f"Gold {n}", rule=GOLD).segment
        if n in (1, 19):
            browser.get("/segments/")
            for address in ("/segments/", f"/segments/{segment.pk}/"):
                with CaptureQueriesContext(connection) as queries:
                    browser.get(address)
                counted.append(len(queries))
    assert counted[:2] == counted[2:]


def test_who_is_in_it_is_a_file_masked_as_the_page_and_recorded(signed_in, bob, dora, gold):
    gold.name = "=Gracia Oro"
    gold.save()
    segment = save_segment(actor=dora, name="Gold", rule=GOLD).segment
    own = b"".join(
        signed_in(bob).get(f"/segments/{segment.pk}/export/?format=csv").streaming_content
    ).decode()
    assert f"{gold.number},'=Gracia Oro,Gold,North,Alice" in own
    masked = b"".join(signed_in(dora).get(f"/segments/{segment.pk}/export/?format=csv").streaming_content)
    assert b"Gracia" not in masked
    assert gold.number.encode() in masked
    assert signed_in(bob).get(f"/segments/{segment.pk}/export/")["Content-Type"].endswith("sheet")
    exports = AuditEntry.objects.filter(act="export", subject=f"segment/{segment.pk}")
    assert set(exports.values_list("actor_id", "count")) == {(bob.pk, 1), (dora.pk, 1)}
