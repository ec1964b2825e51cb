"""Targets from files: campaigns made elsewhere come with their clients; a list that was launched here is frozen."""

from datetime import date, timedelta
from pathlib import Path

import pghistory
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, CostLine, Target, TargetAction
from campaigns.services.campaigns import ask_approval, decide_campaign
from campaigns.services.launching import freeze
from clients.models import Client, Theme
from corebanking.models import Coverage
from corebanking.refusals import ImportRefused
from corebanking.services import import_path, undo_import
from tests.corebanking.test_known import reasons
from tests.factories import ActionFactory, ClientFactory, ConsentFactory

HEAD = "campaign_code,client_number,arm,staff_number,campaign_name,starts_on,ends_on,outcome,outcome_on\n"
PERIOD = "Spring deposits,2026-03-01,2026-04-30"
LIST = f"SPRING,N-1,treatment,anna,{PERIOD},bought,2026-03-14\nSPRING,N-2,control,,{PERIOD},,\n"


@pytest.fixture(autouse=True)
def _named(anna):
    """The lists name her."""


@pytest.fixture
def planned(bob):
    """A campaign that was planned here."""

    def _planned(state="running", **more):
        launched = {"launched_at": timezone.now()} if state in Campaign.LAUNCHED else {}
        return Campaign.objects.create(
            code="HOME",
            name="Homes",
            theme=Theme.objects.get(code="product"),
            starts_on=date(2026, 3, 1),
            ends_on=date(2026, 4, 30),
            currency="EUR",
            state=state,
            planned_by=bob,
            **launched,
            **more,
        )

    return _planned


def frozen(campaign, client, **more):
    return Target.objects.create(
        campaign=campaign, client=client, branch=client.branch, **{"arm": "treatment", **more}
    )


def test_code_that_is_not_known_makes_a_campaign_with_its_clients(load, carla, nina, anna, erin, settings):
    job = load(HEAD + LIST, kind="targets")
    assert (job.state, job.created, job.rejected) == ("committed", 2, 0)
    made = Campaign.objects.get()
    assert (made.code, made.name, made.is_from_file, made.state) == (
        "SPRING",
        "Spring deposits",
        True,
        "ended",
    )
    assert (made.starts_on, made.ends_on) == (date(2026, 3, 1), date(2026, 4, 30))
    assert (made.theme.code, made.currency) == ("product", settings.REPORTING_CURRENCY)
    assert (made.planned_by, made.launched_by, made.branch) == (erin, erin, None)
    assert made.launched_at is not None
    assert made.ended_at is not None
    first, second = Target.objects.order_by("client__number")
    assert (first.arm, first.manager, first.branch, first.tier) == (
        "treatment",
        anna,
        carla.branch,
        carla.tier,
    )
    assert (first.outcome, first.outcome_by) == ("bought", None)
    local = first.outcome_at.astimezone(carla.branch.zone)
    assert (local.date(), local.hour) == (date(2026, 3, 14), 12)
    assert (second.arm, second.manager, second.outcome, second.outcome_at) == ("control", anna, "", None)
    assert second.groups == []


def test_list_of_two_columns_is_enough(load, carla, alice):
    job = load("campaign_code,client_number\nPLAIN,N-1\n", kind="targets", source_date=date(2026, 5, 2))
    assert job.created == 1
    made = Campaign.objects.get()
    assert (made.name, made.starts_on, made.ends_on) == ("PLAIN", date(2026, 5, 2), date(2026, 5, 2))
    target = Target.objects.get()
    assert (target.arm, target.manager, target.outcome) == ("treatment", alice, "")


def test_campaign_whose_last_day_is_to_come_is_running(load, carla):
    ends = timezone.localdate() + timedelta(days=3)
    load(f"campaign_code,client_number,ends_on\nNOW,N-1,{ends}\n", kind="targets")
    made = Campaign.objects.get()
    assert (made.state, made.ended_at, made.ends_on) == ("running", None, ends)
    assert made.starts_on <= ends


def test_same_list_again_changes_nothing(load, carla, nina):
    load(HEAD + LIST, kind="targets")
    again = load(HEAD + LIST + "\n", kind="targets", name="again.csv")
    assert (again.created, again.updated, again.unchanged, again.rejected) == (0, 0, 2, 0)
    assert load(HEAD + LIST, kind="targets").is_repeat
    assert (Campaign.objects.count(), Target.objects.count()) == (1, 2)


def test_later_list_adds_clients_and_results_and_leaves_arm_and_manager(load, carla, nina, alice):
    load(HEAD + LIST.splitlines()[1] + "\n", kind="targets", source_date=date(2026, 5, 1))
    later = (
        "SPRING,N-2,,alice,Another name,2020-01-01,2030-01-01,declined,2026-04-02\nSPRING,N-1,,,,,,later,\n"
    )
    job = load(HEAD + later, kind="targets", name="later.csv", source_date=date(2026, 5, 2))
    assert (job.created, job.updated, job.rejected) == (1, 1, 0)
    nina_s = Target.objects.get(client=nina)
    assert (nina_s.arm, nina_s.manager.staff_number, nina_s.outcome) == ("control", "anna", "declined")
    carla_s = Target.objects.get(client=carla)
    assert carla_s.outcome_at.astimezone(carla.branch.zone).date() == date(2026, 5, 2)
    made = Campaign.objects.get()
    assert (made.name, made.ends_on) == ("Spring deposits", date(2026, 4, 30))


def test_older_export_never_overwrites_a_newer_result(load, carla, nina):
    load(HEAD + LIST, kind="targets", source_date=date(2026, 5, 2))
    old = load(
        HEAD + LIST.replace("bought", "later"), kind="targets", name="old.csv", source_date=date(2026, 5, 1)
    )
    assert (old.state, old.updated, old.older) == ("committed", 0, 2)
    assert Target.objects.get(client=carla).outcome == "bought"


def test_result_of_a_later_file_takes_the_place_of_a_file_s_but_not_of_ours(load, carla, nina, alice):
    load(HEAD + LIST, kind="targets")
    corrected = LIST.replace("bought,2026-03-14", "declined,2026-03-15")
    assert load(HEAD + corrected, kind="targets", name="two.csv").updated == 1
    assert Target.objects.get(client=carla).outcome == "declined"
    with pghistory.context(user=alice.pk):
        Target.objects.filter(client=carla).update(
            outcome="interested", outcome_by=alice, outcome_at=timezone.now()
        )
    ours = load(HEAD + LIST + "\n", kind="targets", name="three.csv")
    assert (ours.updated, ours.unchanged, ours.rejected) == (0, 2, 0)
    assert Target.objects.get(client=carla).outcome == "interested"


def test_empty_result_keeps_what_stands(load, carla, nina):
    load(HEAD + LIST, kind="targets")
    assert load(HEAD + LIST.replace("bought,2026-03-14", ","), kind="targets", name="two.csv").unchanged == 2
    assert Target.objects.get(client=carla).outcome == "bought"


def test_list_that_was_launched_here_is_frozen_and_takes_results_alone(load, carla, nina, planned):
    campaign = planned()
    target = frozen(campaign, carla)
    rows = "HOME,N-1,,anna,X,,,bought,2026-03-14\nHOME,N-2,,,,,,,\n"
    job = load(HEAD + rows, kind="targets", allow_rejected=1)
    assert (job.created, job.updated) == (0, 1)
    assert [(c, r) for _row, c, r in reasons(job)] == [
        ("campaign_code", "the list of this campaign is frozen")
    ]
    target.refresh_from_db()
    campaign.refresh_from_db()
    assert (target.outcome, target.manager) == ("bought", None)
    assert (campaign.name, campaign.is_from_file) == ("Homes", False)


@pytest.mark.parametrize("state", ["launching", "running", "paused", "ended", "dropped"])
def test_no_client_is_added_once_a_campaign_of_ours_was_launched_or_put_aside(load, carla, planned, state):
    planned(state)
    assert load(HEAD + "HOME,N-1,,,,,,,\n", kind="targets").state == "refused"
    assert not Target.objects.exists()


@pytest.mark.parametrize("state", ["waiting", "approved"])
def test_what_somebody_is_asked_for_or_has_agreed_to_takes_no_clients(load, carla, planned, state):
    planned(state)
    job = load(HEAD + "HOME,N-1,,,,,,,\n", kind="targets", allow_rejected=1)
    assert [(c, r) for _row, c, r in reasons(job)] == [
        ("campaign_code", "this campaign waits for approval or has it: make it a draft again first")
    ]
    assert not Target.objects.exists()


def test_draft_takes_a_list_but_no_results(load, carla, nina, planned):
    planned("draft")
    rows = "HOME,N-1,,,,,,,\nHOME,N-2,,,,,,bought,\n"
    job = load(HEAD + rows, kind="targets", allow_rejected=1)
    assert job.created == 1
    assert [(c, r) for _row, c, r in reasons(job)] == [
        ("outcome", "is a result of a campaign that was not launched")
    ]
    campaign = Campaign.objects.get()
    assert campaign.state == "draft"
    assert list(campaign.targets.values_list("client__number", flat=True)) == ["N-1"]


def test_delivered_list_of_a_draft_is_the_one_that_is_launched(load, carla, nina, planned, bob, dora):
    for client in (carla, nina):
        for purpose in ("care", "marketing"):
            ConsentFactory(client=client, channel="call", purpose=purpose)
    campaign = planned("draft", channels=["call"], objective="relationship")
    Campaign.objects.update(ends_on=bob.today() + timedelta(days=9))
    load(HEAD + "HOME,N-1,,,,,,,\nHOME,N-2,control,,,,,,\n", kind="targets")
    ask_approval(actor=bob, campaign=campaign)
    decide_campaign(actor=dora, campaign=campaign, approved=True)
    Campaign.objects.update(state="launching", launched_by=bob)
    freeze(campaign)
    assert sorted(campaign.targets.values_list("client__number", "arm")) == [
        ("N-1", "treatment"),
        ("N-2", "control"),
    ]
    assert TargetAction.objects.get().client == carla


def test_result_of_a_file_ends_the_call_as_ours_would_and_an_undo_opens_it_again(
    load, carla, nina, planned, erin
):
    campaign = planned()
    calls = {}
    for client, joined in ((carla, False), (nina, True)):
        calls[client.number] = ActionFactory(client=client)
        target = frozen(campaign, client)
        TargetAction.objects.create(
            target=target, client=client, number=1, action=calls[client.number], has_joined=joined
        )
    job = load(HEAD + "HOME,N-1,,,,,,bought,\nHOME,N-2,,,,,,bought,\n", kind="targets")
    for call in calls.values():
        call.refresh_from_db()
    assert (calls["N-1"].state, calls["N-1"].reason) == ("skipped", "bought")
    assert calls["N-2"].state == "planned"
    undo_import(actor=erin, job=job)
    calls["N-1"].refresh_from_db()
    assert (calls["N-1"].state, calls["N-1"].closed_at) == ("planned", None)


@pytest.mark.parametrize("status", ["closed", "deceased"])
def test_clients_who_have_left_since_stand_in_the_list_all_the_same(load, carla, status):
    Client.objects.filter(pk=carla.pk).update(status=status)
    assert load(HEAD + LIST.splitlines()[0] + "\n", kind="targets").created == 1


def test_bad_rows_each_have_their_reason_and_make_no_campaign(load, carla, nina, simon):
    load(HEAD + LIST, kind="targets")
    tomorrow = timezone.localdate() + timedelta(days=2)
    rows = [
        "A,N-9,,,,,,,",
        "A,N-1,,zoe,,,,,",
        "A,N-1,third,,,,,,",
        "A,N-1,,,,,,sold,",
        "A/B,N-1,,,,,,,",
        "add,N-1,,,,,,,",
        "C,N-1,,,,2026-03-02,2026-03-01,,",
        "D,N-1,,,One,,,,",
        "D,N-2,,,Two,,,,",
        "SPRING,N-1,control,,,,,,",
        "E,N-1,,,,,,,2026-03-01",
        f"F,N-1,,,,,,later,{tomorrow}",
        "G,N-1,,,,,,,",
        "G,N-1,,,,,,,",
        "H,,,,,,,,",
        "I,N-1,,,,2026-13-01,,,",
    ]
    job = load(HEAD + "\n".join(rows) + "\n", kind="targets", name="bad.csv", allow_rejected=1)
    assert (job.rejected, job.created) == (len(rows), 0)
    found = {row: (column, reason) for row, column, reason in reasons(job)}
    assert found["2"] == ("client_number", "unknown client")
    assert found["3"] == ("staff_number", "unknown staff number")
    assert found["4"][0] == "arm"
    assert found["5"][0] == "outcome"
    assert found["7"] == ("campaign_code", "is the address of a page")
    assert found["6"] == ("campaign_code", "holds more than letters, digits, points, dashes and low lines")
    assert found["8"] == ("ends_on", "lies before the first day")
    assert found["9"] == found["10"] == ("campaign_name", "stands otherwise in another row of this campaign")
    assert found["11"] == ("arm", "the client is in the other arm, and that never changes")
    assert found["12"] == ("outcome_on", "is the day of a result that is not given")
    assert found["13"] == ("outcome_on", "lies in the future")
    assert found["14"][0] == found["15"][0] == "campaign_code"
    assert found["16"][0] == "client_number"
    assert found["17"][0] == "starts_on"
    assert list(Campaign.objects.values_list("code", flat=True)) == ["SPRING"]
    mended = Path(job.errors_path).read_text(encoding="utf-8").replace("A,N-9", "A,S-1")
    lines = [line for line in mended.splitlines() if line.startswith(("campaign_code", "A,S-1"))]
    assert load("\n".join(lines) + "\n", kind="targets", name="mended.csv").created == 1


def test_one_bad_row_refuses_the_whole_file(load, carla, nina):
    job = load(HEAD + LIST + "SPRING,N-9,,,,,,,\n", kind="targets")
    assert (job.state, Campaign.objects.count(), Target.objects.count()) == ("refused", 0, 0)


def test_preview_says_how_many_campaigns_would_be_made_and_makes_none(load, carla, nina, erin, signed_in):
    job = load(HEAD + LIST + "B,N-1,,,,,,,\nC,N-9,,,,,,,\n", kind="targets", dry_run=True)
    assert (job.state, job.created, job.rejected) == ("checked", 3, 1)
    said = "Makes 2 campaigns that are not known yet: B, SPRING."
    assert job.preview[0]["notes"] == [said]
    assert not Campaign.objects.exists()
    page = signed_in(erin).get(reverse("import-detail", args=[job.pk])).content.decode()
    assert said in page
    load(HEAD + LIST, kind="targets", name="one.csv")
    again = load(HEAD + LIST.replace("bought", "later"), kind="targets", name="two.csv", dry_run=True)
    assert "notes" not in again.preview[0]
    assert again.preview[0]["changes"] == [{"column": "outcome", "how": "new", "old": "•••", "new": "later"}]


def test_list_without_an_importer_is_made_in_the_name_of_an_administrator(carla, erin, alice, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(HEAD + LIST.splitlines()[0].replace("anna", "alice") + "\n")
    job = import_path(actor=None, kind="targets", path=path)
    assert job.created == 1
    assert Campaign.objects.get().planned_by == erin


def test_undo_takes_back_the_campaign_with_its_clients(load, carla, nina, erin):
    job = load(HEAD + LIST, kind="targets")
    undo_import(actor=erin, job=job)
    assert not Campaign.objects.exists()
    assert not Target.objects.exists()
    assert not Coverage.objects.filter(kind="targets").exists()
    assert load(HEAD + LIST, kind="targets").created == 2


def test_undo_puts_a_former_result_back(load, carla, nina, erin):
    load(HEAD + LIST, kind="targets")
    before = Target.objects.filter(client=carla).values().get()
    job = load(HEAD + LIST.replace("bought,2026-03-14", "later,"), kind="targets", name="two.csv")
    assert Target.objects.get(client=carla).outcome == "later"
    undo_import(actor=erin, job=job)
    assert Target.objects.filter(client=carla).values().get() == before
    assert Target.objects.count() == 2


def test_end_of_the_period_does_not_stand_in_the_way_of_an_undo(load, carla, erin):
    ends = timezone.localdate() + timedelta(days=1)
    job = load(f"campaign_code,client_number,ends_on\nNOW,N-1,{ends}\n", kind="targets")
    Campaign.objects.update(state="ended", ended_at=timezone.now())
    undo_import(actor=erin, job=job)
    assert not Campaign.objects.exists()


def _result_of_ours(job, target, alice):
    Target.objects.filter(pk=target.pk).update(outcome="later", outcome_by=alice, outcome_at=timezone.now())


def _action_of_ours(job, target, alice):
    action = ActionFactory(client=target.client)
    TargetAction.objects.create(target=target, client=target.client, number=1, action=action)


def _cost_of_ours(job, target, alice):
    CostLine.objects.create(campaign=target.campaign, what="Letters", currency="EUR", written_by=alice)


def _name_of_ours(job, target, alice):
    Campaign.objects.update(name="Deposits in spring")


@pytest.mark.parametrize("build", [_result_of_ours, _action_of_ours, _cost_of_ours, _name_of_ours])
def test_undo_is_refused_where_somebody_built_on_it(load, carla, nina, erin, alice, build):
    job = load(HEAD + LIST, kind="targets")
    with pghistory.context(user=alice.pk):
        build(job, Target.objects.get(client=carla), alice)
    with pytest.raises(ImportRefused, match="nothing was undone"):
        undo_import(actor=erin, job=job)
    assert (Campaign.objects.count(), Target.objects.count()) == (1, 2)


def test_undo_is_refused_beneath_a_later_list_of_the_same_campaign(load, carla, simon, nina, erin):
    first = load(HEAD + LIST, kind="targets")
    second = load(HEAD + "SPRING,S-1,,,,,,,\n", kind="targets", name="two.csv")
    with pytest.raises(ImportRefused, match="Later rows refer to 1 row"):
        undo_import(actor=erin, job=first)
    undo_import(actor=erin, job=second)
    undo_import(actor=erin, job=first)
    assert not Campaign.objects.exists()


def test_statements_of_a_commit_do_not_grow_with_the_rows(load, north, alice):
    for number in range(60):
        ClientFactory(number=f"M-{number}", branch=north, manager=alice)
    counts = []
    for code, rows in (("FEW", 2), ("MANY", 60)):
        body = "".join(f"{code},M-{number},\n" for number in range(rows))
        with CaptureQueriesContext(connection) as asked:
            load("campaign_code,client_number,arm\n" + body, kind="targets", name=f"{code}.csv")
        counts.append(len(asked))
    assert counts[0] == counts[1], counts
    assert Target.objects.count() == 62
