"""Campaigns through the API: who reads which, what is planned and by whom it is approved, and what came of it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import (
    Campaign,
    CostLine,
    Invitation,
    Piece,
    PieceWords,
    Segment,
    SegmentVersion,
    Target,
    TargetAction,
)
from campaigns.services import save_segment
from clients.services.sight import open_with_reason
from interactions.models import Action
from tests.api.conftest import campaign_of, event_of, invitation_of, target_of
from tests.factories import ActionFactory, ClientFactory, ConsentFactory, ProductFactory

pytestmark = pytest.mark.django_db

SEGMENTS, CAMPAIGNS, TARGETS = "/api/v1/segments/", "/api/v1/campaigns/", "/api/v1/targets/"
COSTS, EVENTS, INVITATIONS = "/api/v1/cost_lines/", "/api/v1/events/", "/api/v1/invitations/"
PIECES = "/api/v1/pieces/"
PRIVATE = {"all": True, "groups": [{"all": True, "not": False, "parts": [
    {"what": "tier", "how": "is", "value": "private"}
]}]}  # fmt: skip
GOLD = {"all": True, "groups": [{"all": True, "not": False, "parts": [
    {"what": "tier", "how": "is", "value": "gold"}
]}]}  # fmt: skip


def listed(caller, address, **parameters):
    answer = caller.get(address, parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def plan(user, **more) -> dict:
    today = user.today()
    return {
        "code": "SPRING",
        "name": "Spring deposits",
        "theme": "product",
        "objective": "relationship",
        "channels": ["call"],
        "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=30)).isoformat(),
        **more,
    }


# -- segments --------------------------------------------------------------------------------------


def test_segment_is_saved_in_versions_and_counts_the_clients_in_sight(person, bob, dora, carla, nina, simon):
    caller = person(bob)
    sent = caller.post(SEGMENTS, {"name": "Two", "numbers": ["N-1", "N-2"]})
    assert sent.status_code == 201, sent.content
    told = sent.json()
    assert (told["name"], told["version"], told["is_list"], told["rule"]) == ("Two", 1, True, None)
    assert told["owner"]["staff_number"] == "bob"
    address = f"{SEGMENTS}{told['id']}/"
    assert sent.headers["Location"].endswith(address)
    assert caller.get(f"{address}members/").json() == {"version": 1, "count": 2}
    changed = caller.patch(address, {"rule": GOLD})
    assert (changed.json()["version"], changed.json()["rule"]) == (2, GOLD)
    assert caller.patch(address, {"rule": GOLD}).json()["version"] == 2
    renamed = caller.patch(address, {"name": "Golden"}).json()
    assert (renamed["name"], renamed["version"]) == ("Golden", 2)
    assert [row["version"] for row in listed(caller, SEGMENTS)] == [2]
    assert caller.delete(address).status_code == 204
    assert listed(caller, SEGMENTS) == []


def test_numbers_of_a_list_are_told_to_nobody_and_count_only_in_sight(person, bob, dora, carla, simon):
    version = save_segment(actor=dora, name="All", numbers=["N-1", "S-1"])
    address = f"{SEGMENTS}{version.segment_id}/"
    said = person(bob).get(address)
    assert "S-1" not in said.content.decode()
    assert person(bob).get(f"{address}members/").json()["count"] == 1
    assert person(dora).get(f"{address}members/").json()["count"] == 2
    assert person(bob).patch(address, {"name": "Mine"}).status_code == 403


@pytest.mark.parametrize("name", ["alice", "erin", "frank", "hana", "ines"])
def test_segments_are_for_those_who_plan(person, cast, dora, carla, name):
    version = save_segment(actor=dora, name="All", numbers=["N-1"])
    caller = person(cast[name])
    assert listed(caller, SEGMENTS) == []
    hidden, absent = caller.get(f"{SEGMENTS}{version.segment_id}/"), caller.get(f"{SEGMENTS}888888888/")
    assert (hidden.status_code, hidden.json()) == (404, absent.json())
    assert caller.post(SEGMENTS, {"name": "X", "rule": GOLD}).status_code == 403
    assert Segment.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": " ", "rule": GOLD}, "name"),
        ({"name": "X"}, "rule"),
        ({"name": "X", "rule": {"groups": 3}}, "rule"),
        ({"name": "X", "rule": "gold"}, "rule"),
        ({"name": "X", "rule": GOLD, "numbers": ["N-1"]}, "numbers"),
        ({"name": "X", "numbers": ["S-1"]}, "numbers"),
        ({"name": "X", "numbers": ["N-99"]}, "numbers"),
        ({"name": "X", "numbers": []}, "numbers"),
        ({"name": "X", "rule": GOLD, "owner": "dora"}, "owner"),
    ],
)
def test_segment_that_makes_no_sense_is_refused_by_its_field(person, bob, carla, simon, errors, body, field):
    assert [name for name, _code in errors(person(bob).post(SEGMENTS, body))] == [field]
    assert not SegmentVersion.objects.exists()


# -- campaigns -------------------------------------------------------------------------------------


def test_campaign_goes_from_draft_to_launch_by_two_people(person, bob, dora, alice, carla, nina, settings):
    for client in (carla, nina):
        for purpose in ("care", "marketing", "education"):
            ConsentFactory(client=client, channel="call", purpose=purpose)
    version = save_segment(actor=bob, name="Both", numbers=["N-1", "N-2"])
    body = plan(bob, segment=version.segment_id, budget="1200.00", responsible=["alice"])
    sent = person(bob).post(CAMPAIGNS, body)
    assert sent.status_code == 201, sent.content
    told = sent.json()
    assert (told["state"], told["branch"], told["budget"], told["currency"]) == (
        "draft",
        "NORTH",
        "1200.00",
        settings.REPORTING_CURRENCY,
    )
    assert (told["segment"], told["segment_version"]) == (version.segment_id, 1)
    assert [one["staff_number"] for one in told["responsible"]] == ["alice"]
    address = f"{CAMPAIGNS}SPRING/"
    assert sent.headers["Location"].endswith(address)
    assert person(bob).post(f"{address}ask/", {}).json()["state"] == "waiting"
    assert person(bob).post(f"{address}decide/", {"approved": True}).status_code == 403
    refused = person(dora).post(f"{address}decide/", {"approved": False})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "reason")
    assert person(dora).post(f"{address}decide/", {"approved": True}).json()["state"] == "approved"
    assert person(alice).post(f"{address}launch/", {}).status_code == 403
    launched = person(bob).post(f"{address}launch/", {})
    assert launched.status_code == 200, launched.content
    assert person(bob).patch(address, {"name": "Too late"}).status_code == 400
    assert Campaign.objects.get().name == "Spring deposits"


def test_change_leaves_what_is_absent_and_makes_an_approved_one_a_draft_again(person, bob, carla):
    version = save_segment(actor=bob, name="One", numbers=["N-1"])
    fund = ProductFactory(code="FUND", kind="fund")
    person(bob).post(CAMPAIGNS, plan(bob, segment=version.segment_id, products=["FUND"], script="Say hello"))
    Campaign.objects.update(state="approved")
    changed = person(bob).patch(f"{CAMPAIGNS}SPRING/", {"name": "Summer"})
    assert changed.status_code == 200, changed.content
    row = Campaign.objects.get()
    assert (row.name, row.state, row.script, row.segment_version) == ("Summer", "draft", "Say hello", version)
    assert list(row.products.all()) == [fund]


def test_stale_change_of_a_campaign_is_refused(person, bob):
    sent = person(bob).post(CAMPAIGNS, plan(bob))
    first = {"If-Match": sent.headers["ETag"]}
    assert person(bob).patch(f"{CAMPAIGNS}SPRING/", {"name": "A"}, headers=first).status_code == 200
    assert person(bob).patch(f"{CAMPAIGNS}SPRING/", {"name": "B"}, headers=first).status_code == 412
    assert Campaign.objects.get().name == "A"


def test_same_key_plans_a_campaign_once(person, bob):
    caller, key = person(bob), {"Idempotency-Key": "plan"}
    first, again = (caller.post(CAMPAIGNS, plan(bob), headers=key) for _turn in range(2))
    assert (first.status_code, again.content) == (201, first.content)
    assert caller.post(CAMPAIGNS, plan(bob, name="Other"), headers=key).status_code == 422
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "a b"}, "code"),
        ({"code": "BANK"}, "code"),
        ({"code": "add"}, "code"),
        ({"name": ""}, "name"),
        ({"theme": "none"}, "theme"),
        ({"channels": []}, "channels"),
        ({"channels": ["pigeon"]}, "channels.0"),
        ({"ends_on": "2001-01-01"}, "ends_on"),
        ({"budget": "-1"}, "budget"),
        ({"control_share": "0.6"}, "control_share"),
        ({"products": ["NONE"]}, "products.0"),
        ({"segment": 888888888}, "segment"),
        ({"branch": "SOUTH"}, "branch"),
        ({"branch": "NOWHERE"}, "branch"),
        ({"responsible": ["nobody"]}, "responsible.0"),
        ({"state": "running"}, "state"),
    ],
)
def test_plan_that_makes_no_sense_is_refused_by_its_field(person, bob, south, errors, changes, field):
    campaign_of(bob)
    assert [name for name, _code in errors(person(bob).post(CAMPAIGNS, plan(bob, **changes)))] == [field]
    assert Campaign.objects.count() == 1


def test_paused_resumed_extended_and_ended(person, bob, carla, alice):
    target = target_of(carla, alice, campaign=_ours(bob))
    action = ActionFactory(client=carla)
    TargetAction.objects.create(target=target, client=carla, number=1, action=action)
    at, later = f"{CAMPAIGNS}OURS/", (bob.today() + timedelta(days=40)).isoformat()
    assert person(bob).post(f"{at}pause/", {"reason": "storm"}).json()["state"] == "paused"
    assert not Action.objects.open().exists()
    assert person(bob).post(f"{at}resume/", {}).json()["state"] == "running"
    assert person(bob).post(f"{at}extend/", {"ends_on": later}).json()["ends_on"] == later
    assert person(bob).post(f"{at}extend/", {"ends_on": later}).json()["errors"][0]["field"] == "ends_on"
    ended = [person(bob).post(f"{at}end/", {"reason": "done"}).json()["state"] for _turn in range(2)]
    assert ended == ["ended", "ended"]
    assert person(bob).post(f"{at}drop/", {}).status_code == 400


def _ours(bob, **more) -> Campaign:
    row = campaign_of(bob)
    row.pk, row.code, row.branch = None, "OURS", bob.branch
    for name, value in more.items():
        setattr(row, name, value)
    row.save()
    return row


def test_each_role_sees_the_campaigns_that_concern_it(person, cast, bob, carla, alice, nina, anna):
    campaign = campaign_of(bob)
    ours = _ours(bob, state="draft", launched_at=None)
    target_of(carla, alice, campaign=campaign)
    target_of(nina, anna, campaign=campaign, arm="control")
    seen = {
        name: {row["code"] for row in listed(person(user), CAMPAIGNS)}
        for name, user in cast.items()
        if user.role
    }
    nothing = {name: set() for name in ("anna", "charlie", "erin", "frank", "hana", "ines")}
    both = {"BANK", "OURS"}
    assert seen == nothing | {"alice": {"BANK"}, "bob": both, "dora": both}
    hidden, absent = person(alice).get(f"{CAMPAIGNS}{ours.code}/"), person(alice).get(f"{CAMPAIGNS}NONE/")
    assert (hidden.status_code, hidden.json()) == (404, absent.json())


def test_counts_are_of_clients_in_sight_and_money_is_for_those_who_plan(
    person, bob, dora, alice, carla, nina, simon, anna, charlie
):
    for client, manager in ((carla, alice), (nina, anna), (simon, charlie)):
        target_of(client, manager)
    Target.objects.filter(client__in=(carla, simon)).update(outcome="bought", outcome_at=timezone.now())
    told = {user.staff_number: person(user).get(f"{CAMPAIGNS}BANK/").json() for user in (alice, bob, dora)}
    assert {name: (one["targets"], one["said"]) for name, one in told.items()} == {
        "alice": (1, 1),
        "bob": (2, 1),
        "dora": (3, 2),
    }
    assert {name: one["budget"] for name, one in told.items()} == {
        "alice": None,
        "bob": "0.00",
        "dora": "0.00",
    }


def test_campaigns_are_found_by_state_day_theme_and_origin(person, dora, bob):
    campaign_of(bob)
    _ours(bob, state="ended", is_from_file=True, starts_on=dora.today() - timedelta(days=50))
    caller = person(dora)

    def codes(**parameters):
        return [row["code"] for row in listed(caller, CAMPAIGNS, **parameters)]

    assert codes() == ["BANK", "OURS"]
    assert codes(ordering="starts") == ["OURS", "BANK"]
    assert codes(state="ended") == codes(from_file="true") == codes(branch="NORTH") == ["OURS"]
    assert codes(state=["ended", "running"]) == codes(theme="product") == ["BANK", "OURS"]
    assert codes(**{"from": dora.today().isoformat()}) == ["BANK"]
    assert codes(theme="none") == []
    assert caller.get(CAMPAIGNS, {"colour": "red"}).json()["errors"][0]["field"] == "colour"
    since = (timezone.now() + timedelta(hours=1)).isoformat()
    assert codes(updated_since=since) == []


# -- targets ---------------------------------------------------------------------------------------


def test_account_managers_see_whom_to_contact_and_planners_also_who_is_left_alone(
    person, alice, bob, dora, carla, north
):
    alone = ClientFactory(number="N-3", branch=north, manager=alice)
    target_of(carla, alice)
    target_of(alone, alice, arm="control")

    def numbers(user, **parameters):
        return [row["client_number"] for row in listed(person(user), TARGETS, **parameters)]

    assert numbers(alice) == ["N-1"]
    assert numbers(bob) == numbers(dora) == ["N-1", "N-3"]
    assert numbers(bob, arm="control") == ["N-3"]
    assert numbers(alice, arm="control") == []
    address = f"{TARGETS}{Target.objects.get(client=alone).pk}/"
    assert person(alice).get(address).status_code == 404
    assert person(bob).patch(address, {"outcome": "bought"}).status_code == 403


def test_list_of_a_campaign_that_is_not_launched_is_no_account_manager_s(person, alice, bob, carla):
    target_of(carla, alice, campaign=_ours(bob, state="draft", launched_at=None))
    assert listed(person(alice), TARGETS) == []
    assert len(listed(person(bob), TARGETS)) == 1


def test_file_opened_in_an_emergency_shows_no_target_and_no_invitation(person, charlie, alice, carla, simon):
    target_of(carla, alice)
    target_of(simon, charlie)
    invitation = invitation_of(carla, alice, event=event_of(charlie.branch, charlie))
    open_with_reason(actor=charlie, number="N-1", reason="She is at the counter in tears")
    caller = person(charlie)
    assert [row["client_number"] for row in listed(caller, TARGETS)] == ["S-1"]
    assert listed(caller, INVITATIONS) == []
    assert caller.get(f"{INVITATIONS}{invitation.pk}/").status_code == 404


def test_result_is_written_corrected_and_taken_back(person, alice, carla, errors):
    target = target_of(carla, alice)
    action = ActionFactory(client=carla)
    TargetAction.objects.create(target=target, client=carla, number=1, action=action)
    address, caller = f"{TARGETS}{target.pk}/", person(alice)
    assert caller.get(address).json()["action"] == action.pk
    told = caller.patch(address, {"outcome": "declined"}).json()
    assert (told["outcome"], told["outcome_by"]["staff_number"]) == ("declined", "alice")
    action.refresh_from_db()
    assert action.state == "skipped"
    back = caller.patch(address, {"outcome": ""}).json()
    assert (back["outcome"], back["outcome_at"], back["outcome_by"]) == ("", None, None)
    assert errors(caller.patch(address, {"outcome": "sold"}))[0][0] == "outcome"
    assert errors(caller.patch(address, {"arm": "control"}))[0][0] == "arm"


def test_targets_are_found_by_campaign_result_and_manager(person, bob, alice, anna, carla, nina):
    target_of(carla, alice)
    target_of(nina, anna)
    Target.objects.filter(client=nina).update(outcome="later", outcome_at=timezone.now())

    def numbers(**parameters):
        return [row["client_number"] for row in listed(person(bob), TARGETS, **parameters)]

    assert numbers(campaign="BANK") == numbers() == ["N-1", "N-2"]
    assert numbers(campaign="NONE") == numbers(manager="charlie") == []
    assert numbers(outcome="later") == numbers(said="true") == numbers(manager="anna") == ["N-2"]
    assert numbers(said="false") == numbers(client="N-1") == ["N-1"]


# -- costs, events, pieces -------------------------------------------------------------------------


def test_costs_are_written_and_corrected_by_whoever_may_change_the_campaign(
    person, bob, dora, alice, carla, errors
):
    campaign = _ours(bob)
    target_of(carla, alice, campaign=campaign)
    sent = person(bob).post(COSTS, {"campaign": "OURS", "what": "Letters", "planned_amount": "80.50"})
    assert sent.status_code == 201, sent.content
    assert (sent.json()["currency"], sent.json()["actual_amount"]) == ("EUR", None)
    address = f"{COSTS}{sent.json()['id']}/"
    told = person(bob).patch(address, {"actual_amount": "91.20"}).json()
    assert (told["what"], told["planned_amount"], told["actual_amount"]) == ("Letters", "80.50", "91.20")
    assert len(listed(person(dora), COSTS, campaign="OURS")) == 1
    assert listed(person(alice), COSTS) == []
    assert person(alice).get(address).status_code == 404
    assert person(alice).post(COSTS, {"campaign": "OURS", "what": "X"}).status_code == 403
    for body, field in (
        ({"campaign": "NONE", "what": "X"}, "campaign"),
        ({"campaign": "OURS", "what": ""}, "what"),
        ({"campaign": "OURS", "what": "X", "planned_amount": "-1"}, "planned_amount"),
        ({"campaign": "OURS", "what": "X", "event": 888888888}, "event"),
    ):
        assert [name for name, _code in errors(person(bob).post(COSTS, body))] == [field]
    assert person(bob).delete(address).status_code == 204
    assert not CostLine.objects.exists()


def test_cost_of_the_whole_bank_is_changed_by_head_office_alone(person, bob, dora):
    campaign_of(dora)
    assert person(bob).post(COSTS, {"campaign": "BANK", "what": "X"}).status_code == 403
    assert person(dora).post(COSTS, {"campaign": "BANK", "what": "X"}).status_code == 201


def test_events_count_guests_in_sight_and_tell_no_link(
    person, bob, dora, alice, hana, charlie, carla, nina, simon, north
):
    event = event_of(north, bob)
    accepted = {"answer": "accepted", "answered_at": timezone.now(), "companions": 2}
    first = invitation_of(carla, alice, event=event, **accepted)
    invitation_of(nina, alice, event=event)
    invitation_of(simon, charlie, event=event, **accepted)
    Invitation.objects.update(key="very-secret-key")
    told = {
        user.staff_number: person(user).get(f"{EVENTS}{event.pk}/").json()
        for user in (alice, bob, dora, hana, charlie)
    }
    assert {name: (one["invited"], one["coming"]) for name, one in told.items()} == {
        "alice": (1, 3),
        "bob": (2, 3),
        "dora": (3, 6),
        "hana": (0, 0),
        "charlie": (1, 3),
    }
    assert told["alice"]["title"] == "An evening of wine"
    said = person(alice).get(f"{INVITATIONS}{first.pk}/")
    assert "very-secret-key" not in said.content.decode()
    assert (said.json()["answer"], said.json()["companions"], said.json()["number"]) == (
        "accepted",
        2,
        first.number,
    )
    assert [r["client_number"] for r in listed(person(bob), INVITATIONS, event=event.pk)] == ["N-1", "N-2"]
    assert [r["client_number"] for r in listed(person(bob), INVITATIONS, answer="asked")] == ["N-2"]


def test_answer_is_taken_down_once_and_an_invitation_withdrawn(person, alice, bob, charlie, carla, errors):
    invitation = invitation_of(carla, alice)
    address, caller = f"{INVITATIONS}{invitation.pk}/", person(alice)
    body, key = {"answer": "accepted", "companions": 1}, {"Idempotency-Key": "answer"}
    first, again = (caller.post(f"{address}answer/", body, headers=key) for _turn in range(2))
    assert first.status_code == 200, first.content
    assert again.content == first.content
    told = first.json()
    assert (told["answer"], told["companions"], told["answered_through"]) == ("accepted", 1, "staff")
    assert told["answered_to"]["staff_number"] == "alice"
    for bad, field in (({"answer": "maybe"}, "answer"), ({**body, "companions": 9}, "companions")):
        assert [name for name, _code in errors(caller.post(f"{address}answer/", bad))] == [field]
    assert person(charlie).post(f"{address}answer/", body).status_code == 404
    assert person(bob).post(f"{address}withdraw/", {}).json()["withdrawn_at"] is not None
    assert caller.post(f"{address}answer/", {"answer": "declined"}).status_code == 400
    assert listed(person(bob), EVENTS)[0]["invited"] == 0


def test_event_of_another_branch_without_a_client_of_mine_is_absent(person, alice, charlie, south):
    event = event_of(south, charlie)
    hidden, absent = person(alice).get(f"{EVENTS}{event.pk}/"), person(alice).get(f"{EVENTS}888888888/")
    assert (hidden.status_code, hidden.json()) == (404, absent.json())
    assert listed(person(alice), EVENTS) == []
    assert [row["id"] for row in listed(person(charlie), EVENTS, branch="SOUTH")] == [event.pk]


def test_account_managers_read_what_is_published(person, alice, bob, hana):
    for title, published in (("Bonds", timezone.now()), ("Gold", None)):
        piece = Piece.objects.create(language="en", written_by=bob, published_at=published)
        PieceWords.objects.create(piece=piece, language="en", title=title, body="Much to read.")
    assert [row["title"] for row in listed(person(alice), PIECES)] == ["Bonds"]
    rows = listed(person(bob), PIECES)
    assert [row["title"] for row in rows] == ["Gold", "Bonds"]
    assert "wordings" not in rows[0]
    assert listed(person(hana), PIECES) == []
    whole = person(bob).get(f"{PIECES}{rows[0]['id']}/").json()
    assert whole["wordings"] == [{"language": "en", "title": "Gold", "body": "Much to read."}]
    assert person(alice).get(f"{PIECES}{rows[0]['id']}/").status_code == 404


def test_a_machine_plans_with_its_scope_only(machine, bob):
    assert machine(bob, "contacts:read").post(CAMPAIGNS, plan(bob)).status_code == 403
    assert machine(bob, "clients:read").get(CAMPAIGNS).status_code == 403
    assert machine(bob, "contacts:write").post(CAMPAIGNS, plan(bob)).status_code == 201


def test_lists_cost_the_same_queries_for_two_and_for_forty(person, bob, north, alice):
    counts = {}
    addresses = (SEGMENTS, CAMPAIGNS, TARGETS, COSTS, EVENTS, INVITATIONS, PIECES)
    for count in (2, 38):
        for _turn in range(count):
            number = Campaign.objects.count()
            client = ClientFactory(branch=north, manager=alice)
            campaign = _ours(bob, code=f"C-{number}")
            target_of(client, alice, campaign=campaign)
            invitation_of(client, alice)
            save_segment(actor=bob, name=f"S-{number}", rule=GOLD)
            CostLine.objects.create(campaign=campaign, what="X", currency="EUR", written_by=bob)
            piece = Piece.objects.create(language="en", written_by=bob)
            PieceWords.objects.create(piece=piece, language="en", title="T", body="B")
        caller = person(bob)
        caller.get("/api/v1/me/")
        for address in addresses:
            with CaptureQueriesContext(connection) as asked:
                rows = listed(caller, address, page_size=100)
            counts.setdefault(address, []).append((len(asked), len(rows)))
    for address, ((few, _two), (many, rows)) in counts.items():
        assert few == many <= 10, (address, counts[address])
        assert rows >= 40, address
