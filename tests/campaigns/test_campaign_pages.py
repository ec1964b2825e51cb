"""The pages of campaigns: planned in a form, approved by another, launched, called one after another, handed over."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, Target
from campaigns.services import save_segment
from clients.models import Theme
from common.models import AuditEntry
from interactions.models import Action, Contact, Opportunity
from tests.campaigns.test_launching import EVERYBODY, approved, launched, reachable
from tests.factories import ProductFactory, UserFactory


@pytest.fixture
def product(db):
    return ProductFactory(name="Gold bars", risk_level=5)


@pytest.fixture
def other_head(bank):
    return UserFactory(role="head_office", branch=bank, sees_identities=True)


@pytest.fixture
def people(north, alice, anna):
    return [reachable(north, alice, name=f"Aldo {n}") for n in range(3)] + [
        reachable(north, anna, name=f"Berta {n}") for n in range(2)
    ]


@pytest.fixture
def running(dora, other_head, product, people):
    return launched(dora, other_head, product, script="Say it plainly.")


def text_of(answer, status=200):
    assert answer.status_code == status, answer.content.decode()[:600]
    return answer.content.decode()


def test_a_campaign_is_planned_approved_and_launched_in_the_browser(
    signed_in, dora, other_head, product, people
):
    segment = save_segment(actor=dora, name="Everybody", rule=EVERYBODY).segment
    today = dora.today()
    form = {
        "name": "Precious metals", "code": "GOLD-26", "theme": Theme.objects.get(code="product").pk,
        "objective": "product", "segment": segment.pk, "branch": "", "products": [product.pk],
        "method": "contacts", "channels": ["call"], "frequency": "once", "starts_on": today,
        "ends_on": today + timedelta(days=20), "control_percent": "20", "budget": "18000", "currency": "EUR",
        "script": "Begin with the weekend.",
    }  # fmt: skip
    browser = signed_in(dora)
    wrong = text_of(browser.post("/campaigns/add/", form | {"ends_on": today - timedelta(days=1)}), 422)
    assert "It ends before it begins." in wrong
    assert not Campaign.objects.exists()
    page = text_of(browser.post("/campaigns/add/", form, follow=True))
    assert "A draft." in page
    forecast = text_of(browser.get("/campaigns/GOLD-26/forecast/"))
    assert "<strong>5</strong>" in forecast
    assert "4 to be contacted, 1 left alone" in forecast
    page = text_of(browser.post("/campaigns/GOLD-26/ask/", follow=True))
    assert "waits for somebody else" in page
    assert browser.post("/campaigns/GOLD-26/approve/").status_code == 403
    page = text_of(signed_in(other_head).post("/campaigns/GOLD-26/approve/", follow=True))
    assert "Approved." in page
    page = text_of(signed_in(dora).post("/campaigns/GOLD-26/launch/", follow=True))
    assert "<strong>0 of 4</strong> reached, 4 to contact." in page
    assert Target.objects.filter(arm="control").count() == 1


def test_the_call_list_is_worked_through_one_after_another(signed_in, alice, running, people, product):
    browser = signed_in(alice)
    listed = text_of(browser.get("/campaigns/WINTER/calls/"))
    assert "Aldo 0" in listed
    assert "Berta 0" not in listed
    first = browser.get("/campaigns/WINTER/calls/next/").url
    page = text_of(browser.get(first))
    assert "Say it plainly." in page
    assert "Gold bars" in page
    assert "3 left to contact." in page
    form = {
        "channel": "call", "result": "reached", "note": "She thinks of gold", "outcome": "interested",
        "interest": f"product/{product.code}", "interest_amount": "5000", "interest_currency": "EUR",
        "theme": running.theme_id, "direction": "out",
    }  # fmt: skip
    answer = browser.post(first, form)
    assert answer.status_code == 302, answer.content.decode()
    assert answer.url != first
    assert answer.url.startswith("/campaigns/call/")
    target = Target.objects.get(pk=int(first.split("/")[3]))
    assert (target.outcome, target.outcome_by) == ("interested", alice)
    contact = Contact.objects.get()
    assert (contact.campaign_code, contact.action.state, contact.client) == ("WINTER", "done", target.client)
    assert Opportunity.objects.get().product == product
    assert "2 left to contact." in text_of(browser.get(answer.url))


def test_a_wrong_form_saves_neither_contact_nor_result(signed_in, alice, running):
    browser = signed_in(alice)
    url = browser.get("/campaigns/WINTER/calls/next/").url
    form = {
        "channel": "call",
        "result": "reached",
        "outcome": "declined",
        "direction": "out",
        "interest_amount": "5",
    }
    text_of(browser.post(url, form), 422)
    assert not Contact.objects.exists()
    assert not Target.objects.exclude(outcome="").exists()


def test_who_is_not_interested_is_called_no_more_and_it_can_be_corrected(signed_in, alice, running):
    browser = signed_in(alice)
    url = browser.get("/campaigns/WINTER/calls/next/").url
    browser.post(f"{url}outcome/", {"outcome": "declined"})
    target = Target.objects.get(outcome="declined")
    action = target.rounds.get().action
    assert (action.state, action.reason) == ("skipped", "not interested")
    assert "Aldo" in text_of(browser.get("/campaigns/WINTER/calls/?show=declined"))
    browser.post(f"{url}outcome/", {"outcome": ""})
    target.refresh_from_db()
    assert (target.outcome, target.outcome_at) == ("", None)


def test_a_supervisor_hands_calls_over_to_a_colleague_who_may_look_after_them(
    signed_in, bob, alice, anna, charlie, running
):
    browser = signed_in(bob)
    targets = list(Target.objects.filter(client__assignments__manager=alice).values_list("pk", flat=True))
    page = text_of(browser.get("/campaigns/WINTER/calls/"))
    assert "Hand over" in page
    asked = {"target": targets, "to": charlie.pk, "reason": "Holidays"}
    assert "Choose a colleague" in text_of(
        browser.post("/campaigns/WINTER/calls/hand-over/", asked, follow=True)
    )
    said = text_of(browser.post("/campaigns/WINTER/calls/hand-over/", asked | {"to": bob.pk}, follow=True))
    assert "3 go to Bob." in said
    assert Action.objects.filter(owner=bob, origin="campaign").count() == 3


def test_the_frozen_list_shows_arms_reasons_and_what_lies_outside(
    signed_in, bob, dora, other_head, product, people, south, charlie
):
    reachable(south, charlie, name="Sol")
    launched(dora, other_head, product)
    page = text_of(signed_in(bob).get("/campaigns/WINTER/targets/"))
    assert "<strong>5</strong>" in page
    assert "1 more outside your sight." in page
    assert "By group 1 of the rule" in page
    assert "Sol" not in page
    masked = text_of(signed_in(dora).get("/campaigns/WINTER/targets/"))
    assert "Aldo" not in masked
    exported = signed_in(bob).get("/campaigns/WINTER/targets/export/?format=csv&arm=treatment")
    lines = b"".join(exported.streaming_content).decode().splitlines()
    assert len(lines) == 6
    assert AuditEntry.objects.filter(act="export", subject__startswith="campaign/").exists()


def test_an_account_manager_exports_the_own_calls_and_never_who_is_left_alone(
    signed_in, alice, dora, other_head, product, people
):
    campaign = launched(dora, other_head, product)
    left = campaign.targets.filter(client__assignments__manager=alice).first()
    Target.objects.filter(pk=left.pk).update(arm="control")
    for asked in ("", "&arm=control", "&arm=out", "&arm=treatment"):
        exported = signed_in(alice).get(f"/campaigns/WINTER/targets/export/?format=csv{asked}")
        lines = b"".join(exported.streaming_content).decode()
        assert len(lines.splitlines()) == 3, asked
        assert left.client.number not in lines


def test_control_clients_stand_on_no_call_list(signed_in, bob, dora, other_head, product, people):
    campaign = launched(dora, other_head, product, control_share=0)
    left = campaign.targets.first()
    Target.objects.filter(pk=left.pk).update(arm="control")
    assert left.client.name not in text_of(signed_in(bob).get("/campaigns/WINTER/calls/"))
    assert signed_in(bob).get(f"/campaigns/call/{left.pk}/").status_code == 404


def test_today_says_it_is_a_campaign_and_leads_to_the_script(signed_in, alice, running, people):
    Action.objects.update(opens_on=alice.today(), due_on=alice.today())
    page = text_of(signed_in(alice).get("/today/"))
    assert "Winter deposits" in page
    assert "Script and result" in page
    action = Action.objects.filter(client=people[0]).get()
    target = Target.objects.get(client=people[0])
    assert signed_in(alice).get(f"/campaigns/action/{action.pk}/").url == f"/campaigns/call/{target.pk}/"


def test_costs_and_materials_are_written_changed_and_taken_off(signed_in, dora, other_head, product, people):
    campaign = approved(dora, other_head, product, budget=Decimal(100))
    browser = signed_in(dora)
    browser.post("/campaigns/WINTER/cost/0/", {"what": "Brochures", "planned_amount": "120.50"})
    line = campaign.cost_lines.get()
    browser.post(
        f"/campaigns/WINTER/cost/{line.pk}/",
        {"what": "Brochures", "planned_amount": "120.50", "actual_amount": "99.99"},
    )
    page = text_of(browser.get("/campaigns/WINTER/"))
    assert "99.99" in page
    assert "More is planned than the budget holds." in page
    assert browser.post("/campaigns/WINTER/cost/0/", {"what": "x", "planned_amount": "-1"}).status_code == 422
    browser.post(f"/campaigns/WINTER/cost/{line.pk}/drop/")
    browser.post("/campaigns/WINTER/material/0/", {"title": "Objections", "text": "It is safe."})
    assert "Objections" in text_of(browser.get("/campaigns/WINTER/"))
    assert not campaign.cost_lines.exists()


@pytest.mark.parametrize(
    "path", ["/campaigns/", "/campaigns/WINTER/", "/campaigns/WINTER/calls/", "/campaigns/WINTER/targets/"]
)
def test_pages_ask_the_same_number_of_questions_for_few_and_many(signed_in, bob, north, alice, running, path):
    browser = signed_in(bob)

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            text_of(browser.get(path))
        return len(asked)

    queries()
    few = queries()
    for _n in range(15):
        client = reachable(north, alice)
        Target.objects.create(campaign=running, client=client, arm="treatment", branch=north, manager=alice)
    assert queries() == few
    assert few <= 22, few
