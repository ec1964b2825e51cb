"""Every address × everybody. A new address without a line here fails; what is hidden answers like what is absent."""

import re

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from campaigns.models import Campaign, Segment, Target, TargetAction
from campaigns.services import save_segment
from clients.models import FactType
from clients.services import Learnt, join_household, learn, write_dated_fact
from interactions.models import HolderCall
from portfolio.models import MarketEvent, MaturityCase, Movement
from tests.factories import (
    ActionFactory,
    AppointmentFactory,
    ClientMessageFactory,
    ContactFactory,
    CourtesyFactory,
    EventFactory,
    EventQuestionFactory,
    HoldingFactory,
    InvitationFactory,
    LectureSeriesFactory,
    OpportunityFactory,
    PieceFactory,
    PreparationFactory,
    PromiseFactory,
    ReferralFactory,
    ServiceCaseFactory,
    UserFactory,
)

ADULTS = {"groups": [{"parts": [{"what": "age", "how": "at_least", "value": "18"}]}]}
STAFF = {"alice", "anna", "bob", "charlie", "dora", "erin", "frank", "gus", "hana", "ines"}
NOBODY: set[str] = set()
NORTH = {"alice", "bob"}

# name: (arguments of the world, who sees it with GET). Everybody else gets 404; a stranger goes to the door.
PAGES = {
    "home": ([], STAFF),
    "me": ([], STAFF),
    "notification-list": ([], STAFF),
    "notification-bell": ([], STAFF),
    "today": ([], {"alice", "anna", "bob", "charlie"}),
    "client-list": ([], {"alice", "anna", "bob", "charlie", "dora"}),
    "client-export": ([], {"alice", "anna", "bob", "charlie", "dora"}),
    "client-find": ([], {"alice", "anna", "bob", "charlie"}),
    "client-open": ([], {"alice", "anna", "bob", "charlie", "frank", "ines"}),
    "client-add": ([], {"alice", "anna", "bob", "charlie"}),
    "client-detail": (["number"], {"alice", "bob", "dora"}),
    "client-tab": (["number", "tab"], {"alice", "bob", "dora"}),
    "point-masked": (["point"], {"alice", "bob", "dora"}),
    # seen by head office, who may change nothing: refused, not absent
    **{
        name: (["number"], {"alice", "bob", "dora"})
        for name in (
            "client-known",
            "fact-add",
            "point-add",
            "date-add",
            "relation-add",
            "household-join",
            "household-name",
            "introduction-change",
            "introduction-tree",
            "consent-list",
            "consent-record",
            "agreement-change",
            "file-restrict",
        )
    },
    "fact-change": (["fact"], {"alice", "bob", "dora"}),
    "point-change": (["point"], {"alice", "bob", "dora"}),
    "date-change": (["date"], {"alice", "bob", "dora"}),
    "opened-list": ([], {"bob"}),
    "contact-log": ([], {"alice", "anna", "bob", "charlie"}),
    "contact-change": (["contact"], {"alice", "bob", "dora"}),
    "contact-void": (["contact"], {"alice", "bob", "dora"}),
    "action-hand": (["action"], {"alice", "bob", "dora"}),
    "action-snooze": (["action"], {"alice", "bob", "dora"}),
    "action-skip": (["action"], {"alice", "bob", "dora"}),
    "action-hand-over": (["action"], {"alice", "bob", "dora"}),
    "clients-plan": ([], {"alice", "anna", "bob", "charlie"}),
    "clients-hand-over": ([], {"bob"}),
    "counter": ([], {"hana"}),
    "arrival-list": ([], {"alice", "anna", "bob", "charlie"}),
    "team": ([], {"bob", "erin"}),
    "promise-note": ([], {"alice", "anna", "bob", "charlie"}),
    "promise-read": ([], {"alice", "anna", "bob", "charlie"}),
    "promise-withdraw": (["promise"], {"alice", "bob", "dora"}),
    "opportunity-list": ([], {"alice", "anna", "bob", "charlie", "dora"}),
    "opportunity-change": (["opportunity"], {"alice", "bob", "dora"}),
    "opportunity-move": (["opportunity", "stage"], {"alice", "bob", "dora"}),
    "opportunity-raise": (["number"], {"alice", "bob", "dora"}),
    "unheeded": ([], {"bob"}),
    "portfolio": ([], {"alice", "anna", "bob", "charlie", "dora"}),
    "portfolio-export": ([], {"alice", "anna", "bob", "charlie", "dora"}),
    "maturity": (["maturity"], {"alice", "bob", "dora"}),
    "movement-reason": (["movement"], {"alice", "bob", "dora"}),
    "product-list": ([], {"alice", "anna", "bob", "charlie", "dora"}),
    "product-detail": (["product"], {"alice", "anna", "bob", "charlie", "dora"}),
    "market-list": ([], {"bob", "dora"}),
    "market-add": ([], {"bob", "dora"}),
    "market-detail": (["market"], {"bob", "dora"}),
    "event-list": ([], {"alice", "anna", "bob", "charlie", "dora", "hana"}),
    "event-add": ([], {"bob", "dora"}),
    # An event of the branch: its people see it, and only those who may change it are not refused.
    **{
        name: (["event"], {"alice", "anna", "bob", "dora", "hana"})
        for name in (
            "event-detail",
            "event-change",
            "event-cancel",
            "event-invite",
            "event-export",
            "preparation-add",
            "question-note",
        )
    },
    "question-reply": (["question"], {"alice", "anna", "bob", "dora", "hana"}),
    "invitation-answer": (["invitation"], {"alice", "bob", "dora"}),
    "campaign-list": ([], {"alice", "anna", "bob", "charlie", "dora"}),
    "campaign-add": ([], {"bob", "dora"}),
    "campaign-detail": (["campaign"], {"alice", "bob", "dora"}),
    "call-list": (["campaign"], {"alice", "bob", "dora"}),
    "call-next": (["campaign"], {"alice", "bob"}),
    "call": (["target"], {"alice", "bob"}),
    "call-outcome": (["target"], {"alice", "bob"}),
    "campaign-action": (["called"], {"alice", "bob", "dora"}),
    "target-list": (["campaign"], {"bob", "dora"}),
    "target-export": (["campaign"], {"alice", "bob", "dora"}),
    **{
        name: (["campaign"], {"bob", "dora"})
        for name in (
            "campaign-change",
            "campaign-forecast",
            "campaign-pause",
            "campaign-extend",
            "campaign-end",
            "campaign-groups",
        )
    },
    "campaign-cost": (["campaign", "none"], {"bob", "dora"}),
    "campaign-material": (["campaign", "none"], {"bob", "dora"}),
    "segment-list": ([], {"bob", "dora"}),
    "segment-add": ([], {"bob", "dora"}),
    "segment-detail": (["segment"], {"bob", "dora"}),
    "segment-export": (["segment"], {"bob", "dora"}),
    "segment-change": (["segment"], {"bob", "dora"}),
    "piece-list": ([], {"alice", "anna", "bob", "charlie", "dora"}),
    "piece-add": ([], {"bob", "dora"}),
    "piece-detail": (["piece"], {"alice", "anna", "bob", "charlie", "dora"}),
    "piece-change": (["draft"], {"bob", "dora"}),
    "piece-send": (["piece"], {"bob", "dora"}),
    "piece-export": (["piece"], {"alice", "anna", "bob", "charlie", "dora"}),
    "series-list": ([], {"alice", "anna", "bob", "charlie", "dora"}),
    "series-add": ([], {"bob", "dora"}),
    "series-detail": (["series"], {"alice", "anna", "bob", "charlie", "dora"}),
    "series-change": (["series"], {"dora"}),
    "campaign-review": (["campaign"], {"alice", "bob", "dora"}),
    "campaign-review-export": (["campaign"], {"alice", "bob", "dora"}),
    "plan": ([], {"alice", "anna", "bob", "charlie"}),
    "action-move": (["action"], {"alice", "bob", "dora"}),
    "feed": ([], {"alice", "anna", "bob", "charlie"}),
    "courtesy": (["action"], {"alice", "bob", "dora"}),
    "courtesy-list": ([], {"bob"}),
    "courtesy-decide": (["courtesy"], {"alice", "bob", "dora"}),
    "appointment": (["action"], {"alice", "bob", "dora"}),
    "appointment-plan": (["number"], {"alice", "bob", "dora"}),
    "appointment-heed": (["number"], {"alice", "bob", "dora"}),
    "appointment-file": (["appointment"], {"alice", "bob", "dora"}),
    "rule-list": ([], {"erin"}),
    "rule-change": (["source"], {"erin"}),
    "message-list": ([], {"alice", "anna", "bob", "charlie"}),
    "message-detail": (["message"], {"alice", "bob", "dora"}),
    "message-write": (["number"], {"alice", "bob", "dora"}),
    "template-list": ([], {"erin"}),
    "template-change": (["kind", "form", "language"], {"erin"}),
    "case-list": ([], {"alice", "anna", "bob", "charlie"}),
    "case-detail": (["case"], {"alice", "bob", "dora"}),
    "case-close": (["case"], {"alice", "bob", "dora"}),
    "case-open": (["number"], {"alice", "bob", "dora"}),
    "referral-list": ([], {"alice", "anna", "bob", "charlie"}),
    "referral-make": (["number"], {"alice", "bob", "dora"}),
    "referral-decline": (["referral"], {"alice", "bob", "dora"}),
    "referral-end": (["referral"], {"alice", "bob", "dora"}),
    "book-hand-over": (["manager"], {"bob"}),
    "import-list": ([], {"erin"}),
    "door": ([], {"alice", "anna", "bob", "charlie", "hana"}),
    "event-door": (["event"], {"alice", "anna", "bob", "hana"}),
    # seen by those who may not organise it: refused, not absent
    "event-door-list": (["event"], {"alice", "anna", "bob", "dora", "hana"}),
    "event-send": (["event"], {"alice", "anna", "bob", "dora", "hana"}),
}
# Changes and pages with rules of their own: tested by name elsewhere, here only that a stranger gets nothing.
ELSEWHERE = {
    "action-plan", "action-done", "action-undo", "contact-undo", "today-dense", "point-reveal", "cover-end",
    "user-deactivate", "user-reactivate", "view-save", "view-rename", "view-remove", "view-restore",
    "clients-plan-undo", "notification-read", "notification-read-all", "outbox-list", "outbox-settle",
    "import-detail", "import-progress", "import-commit", "import-refuse", "import-errors",
    "contact-permits", "trend-set", "promise-undo", "opportunity-reopen", "case-reopen", "referral-accept", "referral-plan",
    "fact-forget", "point-remove", "date-forget", "core-accept", "core-ignore", "core-heed", "known-undo",
    "relation-remove", "household-leave", "introduction-remove", "agreement-end", "opened-review",
    "counter-note", "counter-tell", "counter-left", "counter-answer", "counter-close", "counter-take-back",
    "counter-undo", "arrival-answer", "arrival-close",
    "messages-approve", "messages-undo", "text-length", "message-drop", "message-take-back", "message-settle", "message-letter",
    "preparation-tick", "preparation-drop", "invitation-withdraw",
    "campaign-ask", "campaign-approve", "campaign-refuse", "campaign-launch", "campaign-resume", "campaign-drop",
    "campaign-restore", "campaign-clone", "campaign-cost-drop", "campaign-material-drop", "call-reassign",
    "piece-publish", "piece-withdraw", "piece-restore",
    "segment-look", "segment-drop", "segment-restore", "maturity-take-back", "movement-forget", "market-close", "import-undo", "rule-drop", "action-put-back", "appointment-cancel", "feed-revoke", "courtesy-step", "courtesy-undo",
    "event-check-in", "event-check-in-undo", "event-walk-in", "event-guest", "event-guest-undo",
    "event-door-close", "event-door-open",
    "dashboard", "dashboard-month", "dashboard-clients", "dashboard-export", "dashboard-own",
}  # fmt: skip
OPEN = {"health", "health-ready", "unsubscribe"}  # say nothing about anybody
# Opened by their secret alone: tests/interactions/test_feeds.py, tests/campaigns/test_learning_pages.py, test_public.py
SECRET = {"feed-read", "reading", "invitation-public", "invitation-calendar"}
OTHERS = ("account_", "mfa_", "socialaccount_", "openid_connect_")  # allauth's own, which test themselves


def names(patterns=None, inside=False) -> set[str]:
    found = set()
    for entry in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(entry, URLResolver):
            if entry.app_name != "api":  # tests/api walks those
                found |= names(entry.url_patterns)
        elif isinstance(entry, URLPattern) and entry.name:
            found.add(entry.name)
    return found


def test_every_address_stands_in_this_table():
    known = set(PAGES) | ELSEWHERE | OPEN | SECRET
    assert {name for name in names() if not name.startswith(OTHERS)} == known


@pytest.fixture
def world(carla, alice, bob):
    contact = ContactFactory(client=carla, staff=alice, note="She waits for the rates")
    action = ActionFactory(client=carla)
    (fact,) = learn(actor=alice, client=carla, learnt=[Learnt(FactType.objects.get(code="interest"), "Tea")])
    dated = write_dated_fact(actor=alice, client=carla, kind="birthday", month=5, day=20)
    join_household(actor=alice, client=carla, person="Hugo", role="spouse")
    holding = HoldingFactory(client=carla, matures_on=carla.branch.today())
    maturity = MaturityCase.objects.create(
        holding=holding,
        client=carla,
        matures_on=holding.matures_on,
        effective_on=holding.matures_on,
        principal=holding.principal,
        currency=holding.currency,
        opened_on=holding.matures_on,
    )
    movement = Movement.objects.create(
        number="M1",
        client=carla,
        booked_on=holding.matures_on,
        amount=9,
        currency="EUR",
        direction="out",
        external=True,
    )
    market = MarketEvent.objects.create(
        title="Rates rose",
        why="Bonds fell",
        on=holding.matures_on,
        until=holding.matures_on,
        created_by=bob,
    )
    # Of head office: a supervisor sees it and may not change it.
    owner = UserFactory(role="head_office", branch=None)
    event = EventFactory(branch=carla.branch, planned_by=owner)
    segment = save_segment(actor=owner, name="Adults", rule=ADULTS).segment
    HolderCall.objects.create(event=market, client=carla)
    # Of head office too: a supervisor reads it, and the account manager of a client in it.
    campaign = Campaign.objects.create(
        code="WINTER",
        name="Winter deposits",
        theme=action.theme,
        channels=["call"],
        starts_on=holding.matures_on,
        ends_on=holding.matures_on,
        currency="EUR",
        state="running",
        launched_at=timezone.now(),
        planned_by=owner,
    )
    target = Target.objects.create(campaign=campaign, client=carla, arm="treatment", branch=carla.branch)
    called = ActionFactory(client=carla, origin="campaign")
    TargetAction.objects.create(target=target, client=carla, number=1, action=called)
    return {
        "campaign": campaign.code,
        "target": target.pk,
        "called": called.pk,
        "none": 0,
        "maturity": maturity.pk,
        "movement": movement.pk,
        "product": holding.product.code,
        "market": market.pk,
        "segment": segment.pk,
        "event": event.pk,
        "invitation": InvitationFactory(event=event, client=carla).pk,
        "preparation": PreparationFactory(event=event, owner=alice).pk,
        "question": EventQuestionFactory(event=event).pk,
        "piece": PieceFactory().pk,
        "draft": PieceFactory(draft=True).pk,
        "series": LectureSeriesFactory().pk,
        "promise": PromiseFactory(client=carla, noted_by=alice).pk,
        "opportunity": OpportunityFactory(client=carla, raised_by=alice).pk,
        "stage": "intention",
        "source": "birthday",
        "message": ClientMessageFactory(client=carla, written_by=alice).pk,
        "kind": "birthday",
        "form": "long",
        "language": "en",
        "case": ServiceCaseFactory(client=carla, opened_by=alice).pk,
        "referral": ReferralFactory(
            client=carla, referred_by=alice, specialist=UserFactory(branch=carla.branch)
        ).pk,
        "fact": fact.pk,
        "date": dated.pk,
        "number": carla.number,
        "tab": "contacts",
        "point": carla.contact_points.get(kind="phone").pk,
        "contact": contact.pk,
        "action": action.pk,
        "courtesy": CourtesyFactory(action=action, asked_by=alice).pk,
        "appointment": AppointmentFactory(action=action, made_by=alice).pk,
        "manager": alice.pk,
    }


@pytest.mark.parametrize("name", sorted(PAGES))
def test_page_is_seen_by_those_who_may_and_absent_for_all_others(name, world, cast, signed_in, client):
    wanted, who = PAGES[name]
    address = reverse(name, args=[world[key] for key in wanted])
    seen = {}
    for person, user in cast.items():
        seen[person] = signed_in(user).get(address).status_code
    visible = {person for person, status in seen.items() if status in (200, 302, 403)}
    assert visible == who, seen
    assert {status for person, status in seen.items() if person not in who} <= {404}
    client.logout()
    assert client.get(address).status_code == 302


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_stranger_gets_nothing(name, client, db):
    arguments = {
        "action-undo": [1, "skip"],
        "courtesy-step": [1, "ordered"],
        "courtesy-undo": [1],
        "known-undo": ["N-1", "fact", 1],
        "relation-remove": ["N-1", 1],
        "household-leave": ["N-1", 1],
        "introduction-remove": ["N-1"],
        "agreement-end": ["N-1"],
        "trend-set": ["N-1"],
        "contact-permits": ["N-1"],
        "event-check-in-undo": [1, 1],
        "event-guest-undo": [1, 1],
        "call-reassign": ["WINTER"],
        "campaign-cost-drop": ["WINTER", 1],
        "campaign-material-drop": ["WINTER", 1],
        **{
            name: ["WINTER"] for name in ELSEWHERE if name.startswith("campaign-") and "-drop" not in name[9:]
        },
        "campaign-drop": ["WINTER"],
    }.get(name)
    if arguments is None:
        has_key = name.startswith(
            (
                "action-d",
                "action-put",
                "appointment-",
                "contact-",
                "point-",
                "cover-",
                "user-",
                "import-",
                "outbox-s",
                "promise-",
                "opportunity-",
                "case-",
                "referral-",
                "fact-",
                "date-",
                "core-",
                "opened-",
                "rule-",
                "message-",
                "arrival-",
                "counter-u",
                "counter-take",
                "maturity-",
                "movement-",
                "market-",
                "piece-",
                "event-",
                "segment-d",
                "segment-r",
                "preparation-",
                "invitation-w",
            )
        ) or name in ("notification-read", "view-rename", "view-remove", "clients-plan-undo", "messages-undo")
        arguments = [1] if has_key else []
    for response in (client.get(reverse(name, args=arguments)), client.post(reverse(name, args=arguments))):
        assert response.status_code == 302
        assert response.url.startswith("/accounts/login/")


@pytest.mark.parametrize("person", ["anna", "charlie", "dora", "erin", "frank", "gus", "hana", "ines"])
def test_forged_ids_in_changes_get_404_or_403_and_change_nothing(person, world, cast, signed_in, carla):
    browser = signed_in(cast[person])
    attempts = [
        (reverse("contact-log") + f"?client={carla.number}", {"channel": "call", "result": "reached"}),
        (reverse("contact-void", args=[world["contact"]]), {"reason": "mine now"}),
        (reverse("contact-undo", args=[world["contact"]]), {}),
        (reverse("action-skip", args=[world["action"]]), {"reason": "no"}),
        (reverse("action-done", args=[world["action"]]), {}),
        (reverse("action-move", args=[world["action"]]), {"to": "2030-01-01"}),
        (reverse("action-put-back", args=[world["action"]]), {}),
        (reverse("appointment", args=[world["action"]]), {"on": "2030-01-01", "at": "10:00"}),
        (reverse("appointment-plan", args=[carla.number]), {"on": "2030-01-01", "at": "10:00"}),
        (reverse("appointment-cancel", args=[world["appointment"]]), {}),
        (reverse("courtesy", args=[world["action"]]), {"kind": "gift", "cost": "1", "currency": "EUR"}),
        (reverse("courtesy-decide", args=[world["courtesy"]]), {"approve": "yes"}),
        (reverse("courtesy-step", args=[world["courtesy"], "withdrawn"]), {}),
        (reverse("courtesy-undo", args=[world["courtesy"]]), {}),
        (reverse("action-plan") + f"?client={carla.number}", {"about": "x"}),
        (reverse("point-reveal", args=[world["point"]]), {}),
        (reverse("maturity", args=[world["maturity"]]), {"lost": "10000"}),
        (reverse("maturity-take-back", args=[world["maturity"]]), {}),
        (reverse("movement-reason", args=[world["movement"]]), {"reason": "rate"}),
        (reverse("movement-forget", args=[world["movement"]]), {}),
        (reverse("market-close", args=[world["market"]]), {}),
        (reverse("invitation-answer", args=[world["invitation"]]), {"answer": "declined", "channel": "call"}),
        (reverse("segment-change", args=[world["segment"]]), {"name": "Mine", "do": "save"}),
        (reverse("call", args=[world["target"]]), {"channel": "call", "result": "reached"}),
        (reverse("call-outcome", args=[world["target"]]), {"outcome": "declined"}),
        (reverse("call-reassign", args=["WINTER"]), {"target": world["target"], "to": 1, "reason": "x"}),
        (reverse("segment-drop", args=[world["segment"]]), {}),
        (reverse("segment-restore", args=[world["segment"]]), {}),
        (reverse("promise-note") + f"?client={carla.number}", {"text": "call tomorrow"}),
        (reverse("promise-withdraw", args=[world["promise"]]), {"reason": "no"}),
        (reverse("promise-undo", args=[world["promise"]]), {}),
        (reverse("introduction-change", args=[carla.number]), {"who": "N-2"}),
        (reverse("introduction-remove", args=[carla.number]), {}),
        (reverse("opportunity-raise", args=[carla.number]), {"kind": "fund", "next_on": "2030-01-01"}),
        (reverse("opportunity-move", args=[world["opportunity"], "lost"]), {"lost_reason": "no"}),
        (reverse("opportunity-reopen", args=[world["opportunity"]]), {}),
        (reverse("case-open", args=[carla.number]), {"kind": "loss", "text": "no"}),
        (reverse("case-detail", args=[world["case"]]), {"step": "listened", "note": "no"}),
        (reverse("case-close", args=[world["case"]]), {"outcome": "left"}),
        (reverse("case-reopen", args=[world["case"]]), {}),
        (reverse("referral-make", args=[carla.number]), {"reason": "no"}),
        (reverse("referral-accept", args=[world["referral"]]), {}),
        (reverse("referral-plan", args=[world["referral"]]), {}),
        (reverse("referral-end", args=[world["referral"]]), {"words": "no"}),
        (reverse("message-write", args=[carla.number]), {"kind": "notice", "body": "no"}),
        (reverse("message-detail", args=[world["message"]]), {"do": "send"}),
        (reverse("message-drop", args=[world["message"]]), {}),
        (reverse("message-take-back", args=[world["message"]]), {}),
        (reverse("message-settle", args=[world["message"]]), {"decision": "sent"}),
    ]
    for address, body in attempts:
        assert browser.post(address, body).status_code in (403, 404), address
    assert carla.contacts.filter(voided_at=None).count() == 1
    assert {action.state for action in carla.actions.all()} == {"planned"}
    assert carla.promises.get().withdrawn_at is None
    assert carla.opportunities.get().stage == "interest"
    assert carla.service_cases.get().steps.count() == 0
    assert carla.referrals.get().state == "offered"
    assert carla.messages.get().is_draft
    assert carla.maturities.get().settled_at is None
    assert not carla.movement_reasons.exists()
    assert MarketEvent.objects.get().closed_at is None
    assert carla.invitations.get().answer == "asked"
    assert (Segment.objects.get().name, Segment.objects.get().dropped_at) == ("Adults", None)


def test_absent_and_hidden_clients_answer_alike(signed_in, alice, nina):
    browser = signed_in(alice)
    hidden, absent = browser.get("/client/N-2/"), browser.get("/client/N-9/")
    assert hidden.status_code == absent.status_code == 404
    csrf = re.compile(rb'csrfmiddlewaretoken" value="[^"]*"|X-CSRFToken": "[^"]*"')
    assert csrf.sub(b"", hidden.content) == csrf.sub(b"", absent.content)


def test_head_office_without_the_right_reads_numbers_not_names(signed_in, dora, carla):
    page = signed_in(dora).get("/client/N-1/").content.decode()
    assert "Carla" not in page
    assert "carla@" not in page
    assert "Client N-1" in page
    listed = signed_in(dora).get("/clients/").content.decode()
    assert "Carla" not in listed
    assert "No client" in signed_in(dora).get("/clients/?q=Carla").content.decode()


def test_someone_deactivated_is_out_at_once(signed_in, alice, erin):
    from staff.services import deactivate

    browser = signed_in(alice)
    assert browser.get("/today/").status_code == 200
    deactivate(actor=erin, user=alice)
    assert browser.get("/today/").status_code == 302


def test_auditor_opens_a_file_only_with_a_reason_and_it_is_recorded(signed_in, frank, carla):
    from common.models import AuditEntry

    browser = signed_in(frank)
    assert browser.get("/client/N-1/").status_code == 404
    assert browser.post("/clients/open/", {"number": "N-1", "reason": ""}).status_code == 422
    browser.post("/clients/open/", {"number": "N-1", "reason": "complaint 12 of May"})
    assert browser.get("/client/N-1/").status_code == 200
    assert AuditEntry.objects.filter(act="grant", reason="complaint 12 of May").count() == 1
    assert browser.post(f"/contacts/log/?client={carla.number}", {}).status_code == 404
