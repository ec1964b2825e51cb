"""What clients voiced, through the API: promises, opportunities, cases, referrals, and all of it in one contact."""

import uuid
from datetime import timedelta

import pytest

from clients.models import Client, Fact
from interactions.models import Action, Contact, Opportunity, Promise, Referral, ServiceCase
from tests.factories import (
    ContactFactory,
    OpportunityFactory,
    ProductFactory,
    PromiseFactory,
    PurchaseFactory,
    ReferralFactory,
    ServiceCaseFactory,
)

pytestmark = pytest.mark.django_db

CONTACTS = "/api/v1/contacts/"
PROMISES = "/api/v1/promises/"
OPPORTUNITIES = "/api/v1/opportunities/"
CASES = "/api/v1/service_cases/"
REFERRALS = "/api/v1/referrals/"


def on(client, days: int) -> str:
    return (client.branch.today() + timedelta(days=days)).isoformat()


def ids(caller, address: str, **parameters) -> set[int]:
    response = caller.get(address, parameters)
    assert response.status_code == 200, response.content
    return {row["id"] for row in response.json()["results"]}


# -- all that was heard, in one contact ------------------------------------------------------------


def heard(client, **more) -> dict:
    return {
        "client_number": client.number,
        "channel": "call",
        "result": "reached",
        "learnt": [
            {"fact_type": "need", "value": "a pension"},
            {"fact_type": "assets_elsewhere", "value": "Banco Sur", "amount": "5000.00", "currency": "EUR"},
        ],
        "interest": {"kind": "fund", "amount": "1000.00", "currency": "EUR", "note": "something green"},
        "promise": {"text": "send the papers", "due_on": on(client, 3)},
    } | more


def test_one_request_logs_the_contact_with_facts_interest_and_promise(person, alice, carla, settings):
    response = person(alice).post(CONTACTS, heard(carla))
    assert response.status_code == 201, response.content
    contact = response.json()["id"]
    assert set(Fact.objects.values_list("value", flat=True)) == {"a pension", "Banco Sur"}
    opportunity = Opportunity.objects.get(contact=contact)
    assert (opportunity.kind, opportunity.note) == ("fund", "something green")
    assert opportunity.next_on.isoformat() == on(carla, settings.FOLLOW_UP_DAYS)
    promise = Promise.objects.get(contact=contact)
    assert (promise.text, promise.due_on.isoformat()) == ("send the papers", on(carla, 3))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"learnt": [{"fact_type": "need", "value": ""}]}, "learnt.0.value"),
        ({"learnt": [{"fact_type": "need", "value": "x"}, {"fact_type": "email", "value": "x"}]},
         "learnt.1.fact_type"),
        ({"learnt": [{"fact_type": "need", "value": "x", "amount": "5"}]}, "learnt.0.currency"),
        ({"learnt": [{"fact_type": "need", "value": "x", "mood": "y"}]}, "learnt.0.mood"),
        ({"learnt": [{"fact_type": "need", "value": "x"}] * 21}, "learnt"),
        ({"interest": {}}, "interest.kind"),
        ({"interest": {"kind": "card"}}, "interest.kind"),
        ({"interest": {"product": "nothing"}}, "interest.product"),
        ({"interest": {"kind": "fund", "amount": "5"}}, "interest.currency"),
        ({"interest": {"kind": "fund", "next_on": "2999-01-01"}}, "interest.next_on"),
        ({"promise": {"text": "one fine day"}}, "promise.due_on"),
        ({"promise": {"text": "x", "due_on": "2020-01-01"}}, "promise.due_on"),
        ({"promise": {"text": "x", "due_at": "10:00"}}, "promise.due_on"),
        ({"promise": {"text": ""}}, "promise.text"),
        ({"next_step": {"channel": "call", "due_on": "2020-01-01"}}, "next_step.due_on"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place_and_nothing_is_half_saved(
    person, alice, carla, errors, wrong, field
):
    response = person(alice).post(CONTACTS, heard(carla, **wrong))
    assert [name for name, _code in errors(response)] == [field]
    for model in (Contact, Fact, Opportunity, Promise, Action):
        assert not model.objects.exists(), model


def test_a_repetition_that_the_tier_blocks_asks_for_a_reason_and_keeps_it(person, alice, carla, errors):
    from clients.models import Tier

    carla.tier = Tier.objects.get(code="private")
    carla.tier.guard_blocks = True
    carla.tier.save(), carla.save()
    body = {"client_number": "N-1", "channel": "call", "result": "reached", "theme": "review"}
    caller = person(alice)
    assert caller.post(CONTACTS, body).status_code == 201
    assert [field for field, _code in errors(caller.post(CONTACTS, body))] == ["repeat_reason"]
    again = caller.post(CONTACTS, body | {"repeat_reason": "she asked for it"})
    assert (again.status_code, again.json()["repeat_reason"]) == (201, "she asked for it")


def test_the_same_key_logs_one_contact_with_all_that_was_heard_once(person, alice, carla):
    key = {"Idempotency-Key": "heard-1"}
    answers = [person(alice).post(CONTACTS, heard(carla), headers=key).json() for _turn in range(2)]
    assert answers[0] == answers[1]
    assert (Contact.objects.count(), Opportunity.objects.count(), Promise.objects.count()) == (1, 1, 1)


# -- promises --------------------------------------------------------------------------------------


def test_a_line_with_a_day_in_it_is_understood_and_one_without_asks_for_it(person, alice, carla, errors):
    caller = person(alice)
    understood = caller.post(PROMISES, {"client_number": "N-1", "text": "call her tomorrow"})
    assert understood.status_code == 201, understood.content
    assert (understood.json()["opens_on"], understood.json()["due_on"]) == (on(carla, 1), on(carla, 1))
    vague = caller.post(PROMISES, {"client_number": "N-1", "text": "call her one fine day"})
    assert errors(vague) == [("due_on", "invalid")]
    assert Promise.objects.count() == 1


def test_a_window_of_ones_own_is_taken_as_it_is(person, alice, carla, errors):
    caller, body = person(alice), {"client_number": "N-1", "text": "the papers"}
    window = {"opens_on": on(carla, 5), "due_on": on(carla, 9), "due_at": "16:00"}
    made = caller.post(PROMISES, body | window).json()
    assert (made["opens_on"], made["due_on"], made["due_at"]) == (on(carla, 5), on(carla, 9), "16:00:00")
    assert made["state"] == "open"
    action = Action.objects.get(pk=made["action"])
    assert (action.origin, action.opens_on.isoformat()) == ("promise", on(carla, 5))
    for wrong in ({"opens_on": on(carla, 9), "due_on": on(carla, 5)}, {"opens_on": on(carla, 5)}):
        assert errors(caller.post(PROMISES, body | wrong)) == [("due_on", "invalid")]


def test_the_same_submission_is_one_promise(person, alice, carla):
    body = {"client_number": "N-1", "text": "x", "due_on": on(carla, 5), "submission": str(uuid.uuid4())}
    assert len({person(alice).post(PROMISES, body).json()["id"] for _turn in range(2)}) == 1


def test_promises_are_open_kept_missed_or_withdrawn(person, alice, carla):
    today = carla.branch.today()
    caller = person(alice)
    missed = PromiseFactory(client=carla, opens_on=today - timedelta(40), due_on=today - timedelta(30))
    kept = PromiseFactory(client=carla, opens_on=today - timedelta(3), due_on=today)
    later = PromiseFactory(client=carla, opens_on=today + timedelta(3), due_on=today + timedelta(5))
    away = PromiseFactory(client=carla, opens_on=today + timedelta(3), due_on=today + timedelta(5))
    Promise.objects.filter(pk=kept.pk).update(noted_at=kept.noted_at - timedelta(days=3))
    assert caller.post(CONTACTS, heard(carla, learnt=[], interest=None, promise=None)).status_code == 201
    assert caller.post(f"{PROMISES}{away.pk}/withdraw/", {}).json()["errors"][0]["field"] == "reason"
    withdrawn = caller.post(f"{PROMISES}{away.pk}/withdraw/", {"reason": "overtaken"}).json()
    assert (withdrawn["state"], withdrawn["withdrawn_reason"]) == ("withdrawn", "overtaken")
    for state, row in (("missed", missed), ("kept", kept), ("open", later), ("withdrawn", away)):
        assert ids(caller, PROMISES, state=state) == {row.pk}
        assert caller.get(f"{PROMISES}{row.pk}/").json()["state"] == state
    assert ids(caller, PROMISES, due_after=today.isoformat(), client="N-1") == {kept.pk, later.pk, away.pk}


# -- opportunities ---------------------------------------------------------------------------------


def test_an_opportunity_is_raised_changed_moved_won_and_opened_again(person, alice, carla):
    caller, product = person(alice), ProductFactory(kind="fund")
    made = caller.post(
        OPPORTUNITIES,
        {"client_number": "N-1", "product": product.code, "amount": "5000.00", "next_on": on(carla, 2)},
    )
    assert made.status_code == 201, made.content
    body, address = made.json(), made.headers["Location"]
    assert (body["kind"], body["currency"], body["stage"]) == ("fund", "EUR", "interest")
    assert Action.objects.get(pk=body["action"]).due_on.isoformat() == on(carla, 2)
    changed = caller.patch(address, {"amount": "6000.00", "note": "for the children"}).json()
    assert (changed["amount"], changed["product"]) == ("6000.00", product.code)
    moved = caller.post(f"{address}move/", {"stage": "proposal", "next_on": on(carla, 4)}).json()
    assert (moved["stage"], moved["next_on"]) == ("proposal", on(carla, 4))
    bought = PurchaseFactory(client=carla, product=product)
    won = caller.post(f"{address}move/", {"stage": "won", "purchase": bought.number}).json()
    assert (won["stage"], won["purchase"], won["is_open"]) == ("won", bought.number, False)
    again = caller.post(f"{address}reopen/", {}).json()
    assert (again["stage"], again["purchase"]) == ("proposal", None)
    assert [row["stage"] for row in again["stages"]] == ["interest", "proposal", "won", "proposal"]
    assert {row["by"]["staff_number"] for row in again["stages"]} == {"alice"}
    assert "stages" not in caller.get(OPPORTUNITIES).json()["results"][0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"stage": "lost"}, "lost_reason"),
        ({"stage": "won"}, "purchase"),
        ({"stage": "won", "purchase": "PU-S-1"}, "purchase"),
        ({"stage": "won", "purchase": "PU-nothing"}, "purchase"),
        ({"stage": "lost", "purchase": "PU-N-1"}, "purchase"),
        ({"stage": "intention", "lost_reason": "no"}, "lost_reason"),
        ({"stage": "intention", "next_step": "call"}, "next_on"),
        ({"stage": "intention", "next_on": "2999-01-01"}, "next_on"),
        ({"stage": "married"}, "stage"),
        ({}, "stage"),
    ],
)
def test_each_stage_asks_for_what_it_needs_and_takes_nothing_else(person, alice, rows, errors, body, field):
    opportunity = rows["N-1"]["opportunity"]
    response = person(alice).post(f"{OPPORTUNITIES}{opportunity.pk}/move/", body)
    assert [name for name, _code in errors(response)] == [field]
    opportunity.refresh_from_db()
    assert opportunity.stage == "interest"


def test_a_purchase_of_a_hidden_client_answers_as_an_absent_one(person, alice, rows):
    address = f"{OPPORTUNITIES}{rows['N-1']['opportunity'].pk}/move/"
    answers = [person(alice).post(address, {"stage": "won", "purchase": n}) for n in ("PU-S-1", "PU-none")]
    assert answers[0].json() == answers[1].json()


def test_what_does_not_suit_is_proposed_only_with_a_reason_also_at_once(person, alice, carla, errors):
    caller, risky = person(alice), ProductFactory(kind="fund", risk_level=5)
    body = {"client_number": "N-1", "product": risky.code, "stage": "proposal"}
    assert [field for field, _code in errors(caller.post(OPPORTUNITIES, body))] == ["suitability_reason"]
    made = caller.post(OPPORTUNITIES, body | {"suitability_reason": "she asked in writing"})
    assert (made.status_code, made.json()["suitability_reason"]) == (201, "she asked in writing")


def test_what_is_not_sold_now_is_not_offered_but_stays_where_it_stands(person, alice, carla, errors):
    caller = person(alice)
    gone = ProductFactory(kind="fund", sale_to=carla.branch.today() - timedelta(days=1))
    body = {"client_number": "N-1", "product": gone.code}
    assert errors(caller.post(OPPORTUNITIES, body)) == [("product", "does_not_exist")]
    standing = OpportunityFactory(client=carla, product=gone)
    address = f"{OPPORTUNITIES}{standing.pk}/"
    assert caller.patch(address, {"product": gone.code, "note": "x"}).status_code == 200
    other = ProductFactory(kind="fund", sale_to=gone.sale_to)
    assert errors(caller.patch(address, {"product": other.code})) == [("product", "does_not_exist")]


def test_a_stale_opportunity_is_neither_changed_nor_moved(person, alice, bob, carla):
    opportunity = OpportunityFactory(client=carla)
    address = f"{OPPORTUNITIES}{opportunity.pk}/"
    old = {"If-Match": person(alice).get(address).headers["ETag"]}
    person(bob).post(f"{address}move/", {"stage": "intention"})
    assert person(alice).patch(address, {"note": "x"}, headers=old).status_code == 412
    lost = {"stage": "lost", "lost_reason": "x"}
    assert person(alice).post(f"{address}move/", lost, headers=old).status_code == 412


def test_opportunities_are_filtered_by_stage_state_manager_and_product(person, bob, carla, nina):
    today = carla.branch.today()
    late = OpportunityFactory(client=carla, next_on=today - timedelta(days=1))
    new = OpportunityFactory(client=nina, product=ProductFactory(kind="bond"), kind="bond", stage="intention")
    lost = OpportunityFactory(
        client=nina,
        stage="lost",
        lost_reason="x",
        closed_at=late.raised_at,
        next_on=today - timedelta(days=9),
    )
    for parameters, found in (
        ({"stage": "intention"}, {new}),
        ({"open": "true"}, {late, new}),
        ({"open": "false"}, {lost}),
        ({"overdue": "true"}, {late}),
        ({"overdue": "false"}, {new, lost}),
        ({"manager": "anna"}, {new, lost}),
        ({"manager": "nobody"}, set()),
        ({"client": "N-1"}, {late}),
        ({"product": new.product.code}, {new}),
        ({"kind": "bond"}, {new}),
    ):
        assert ids(person(bob), OPPORTUNITIES, **parameters) == {row.pk for row in found}, parameters


# -- service cases ---------------------------------------------------------------------------------


def test_a_case_is_opened_followed_step_by_step_closed_and_opened_again(person, alice, carla, errors):
    caller = person(alice)
    heard_in = ContactFactory(client=carla, staff=alice)
    made = caller.post(
        CASES, {"client_number": "N-1", "kind": "complaint", "text": "Two days early", "contact": heard_in.pk}
    )
    assert made.status_code == 201, made.content
    body, address = made.json(), made.headers["Location"]
    assert (body["next_step"], [step["step"] for step in body["steps"]]) == ("answered", ["listened"])
    assert (body["is_late"], body["opened_by"]["staff_number"]) == (False, "alice")
    step = caller.post(f"{address}step/", {"step": "proposed", "note": "Interest paid back"}).json()
    assert (step["next_step"], step["steps"][-1]["note"]) == ("checked", "Interest paid back")
    back = caller.post(f"{address}step/", {"step": "listened", "note": "again"})
    assert errors(back) == [("step", "invalid")]
    assert errors(caller.post(f"{address}close/", {}))[0][0] == "outcome"
    closed = caller.post(f"{address}close/", {"outcome": "kept", "is_satisfied": True, "note": "Thanks"})
    assert (closed.json()["outcome"], closed.json()["is_satisfied"], closed.json()["next_step"]) == (
        "kept",
        True,
        None,
    )
    assert caller.post(f"{address}step/", {"step": "checked", "note": "x"}).status_code == 400
    assert caller.post(f"{address}reopen/", {}).json()["is_open"]


def test_a_case_is_not_tied_to_a_contact_of_somebody_else_or_one_that_does_not_count(
    person, bob, alice, rows, errors
):
    body = {"client_number": "N-1", "kind": "loss", "text": "The card was lost"}
    own = rows["N-1"]["contact"]
    before = ServiceCase.objects.count()
    hidden, absent = (
        person(alice).post(CASES, body | {"contact": pk}) for pk in (rows["S-1"]["contact"].pk, 888888888)
    )
    assert hidden.json() == absent.json()
    assert errors(hidden) == [("contact", "does_not_exist")]
    assert errors(person(bob).post(CASES, body | {"contact": rows["N-2"]["contact"].pk})) == [
        ("contact", "invalid")
    ]
    person(alice).post(f"{CONTACTS}{own.pk}/void/", {"reason": "wrong client"})
    assert errors(person(alice).post(CASES, body | {"contact": own.pk})) == [("contact", "invalid")]
    assert ServiceCase.objects.count() == before


def test_cases_are_filtered_by_kind_state_and_lateness(person, alice, carla):
    now = ServiceCaseFactory(client=carla)
    late = ServiceCaseFactory(client=carla, kind="loss", due_at=now.opened_at - timedelta(hours=1))
    done = ServiceCaseFactory(client=carla, kind="request", closed_at=now.opened_at, outcome="grew")
    for parameters, found in (
        ({"kind": "loss"}, {late}),
        ({"open": "true"}, {now, late}),
        ({"open": "false"}, {done}),
        ({"late": "true"}, {late}),
        ({"late": "false"}, {now, done}),
        ({"outcome": "grew"}, {done}),
    ):
        assert ids(person(alice), CASES, **parameters) == {row.pk for row in found}, parameters


# -- referrals -------------------------------------------------------------------------------------


def test_a_client_is_led_to_a_specialist_who_accepts_plans_and_finishes(person, alice, anna, carla):
    made = person(alice).post(
        REFERRALS, {"client_number": "N-1", "to": "anna", "reason": "Retirement", "until_on": on(carla, 30)}
    )
    assert made.status_code == 201, made.content
    address = made.headers["Location"]
    assert (made.json()["state"], made.json()["specialist"]["staff_number"]) == ("offered", "anna")
    assert person(alice).post(f"{address}answer/", {"accepts": True}).status_code == 403
    assert person(anna).post(f"{address}answer/", {"accepts": True}).json()["state"] == "accepted"
    assert person(anna).post(f"{address}plan/", {"on": on(carla, 0)}).json()["plan_delivered_on"]
    assert ids(person(anna), REFERRALS, specialist="anna", open="true") == {made.json()["id"]}
    # Her sight of the client ends with her part, so she is shown nothing more.
    assert person(anna).post(f"{address}finish/", {"outcome": "Plan signed"}).status_code == 204
    assert not Client.objects.visible_to(anna).filter(pk=carla.pk).exists()
    assert person(alice).get(address).json()["outcome"] == "Plan signed"


def test_declining_needs_a_reason_and_ends_sight(person, alice, anna, carla, errors):
    made = person(alice).post(
        REFERRALS, {"client_number": "N-1", "to": "anna", "reason": "Retirement", "until_on": on(carla, 30)}
    )
    answer = f"{made.headers['Location']}answer/"
    assert errors(person(anna).post(answer, {"accepts": False})) == [("reason", "invalid")]
    assert person(anna).post(answer, {"accepts": False, "reason": "No time"}).status_code == 204
    assert person(anna).get(made.headers["Location"]).status_code == 404


def test_specialists_are_account_managers_of_the_bank_and_nobody_else(
    person, alice, bob, charlie, erin, carla, errors
):
    body = {"client_number": "N-1", "reason": "Retirement", "until_on": on(carla, 30)}
    for nobody in ("bob", "erin", "nobody", 7):
        answer = person(alice).post(REFERRALS, body | {"to": nobody})
        assert [field for field, _code in errors(answer)] == ["to"]
    assert errors(person(alice).post(REFERRALS, body | {"to": "alice"})) == [("to", "invalid")]
    assert not Referral.objects.exists()
    # Specialists work for many branches: one of South may be named from North.
    assert person(alice).post(REFERRALS, body | {"to": "charlie"}).status_code == 201


def test_a_referral_ends_within_the_year(person, alice, anna, carla, errors):
    body = {"client_number": "N-1", "to": "anna", "reason": "Retirement"}
    for days in (-1, 400):
        response = person(alice).post(REFERRALS, body | {"until_on": on(carla, days)})
        assert errors(response) == [("until_on", "invalid")]


def test_referrals_are_filtered_by_people_and_state(person, bob, alice, anna, carla, nina):
    one = ReferralFactory(client=carla, referred_by=alice)
    done = ReferralFactory(
        client=nina, referred_by=anna, state="done", outcome="Signed", closed_at=one.referred_at
    )
    assert ids(person(bob), REFERRALS, referred_by="alice") == {one.pk}
    assert ids(person(bob), REFERRALS, specialist=done.specialist.staff_number) == {done.pk}
    assert ids(person(bob), REFERRALS, state="done") == {done.pk}
    assert ids(person(bob), REFERRALS, open="true") == {one.pk}


# -- of all of them --------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [PROMISES, OPPORTUNITIES, CASES, REFERRALS])
def test_a_body_naming_a_hidden_client_answers_as_for_an_absent_one(
    person, alice, anna, carla, simon, address
):
    body = {
        PROMISES: {"text": "x", "due_on": on(carla, 1)},
        OPPORTUNITIES: {"kind": "fund"},
        CASES: {"kind": "loss", "text": "x"},
        REFERRALS: {"to": "anna", "reason": "x", "until_on": on(carla, 1)},
    }[address]
    hidden, absent = (person(alice).post(address, body | {"client_number": n}) for n in ("S-1", "S-9"))
    assert hidden.status_code == absent.status_code == 400
    assert hidden.json() == absent.json()
    assert [error["field"] for error in hidden.json()["errors"]] == ["client_number"]


def test_nothing_is_planned_with_a_client_whose_file_is_closed(person, alice, anna, carla):
    carla.status = "closed"
    carla.save()
    for address, body in (
        (PROMISES, {"text": "x", "due_on": on(carla, 1)}),
        (OPPORTUNITIES, {"kind": "fund"}),
        (REFERRALS, {"to": "anna", "reason": "x", "until_on": on(carla, 1)}),
    ):
        assert person(alice).post(address, body | {"client_number": "N-1"}).status_code == 400, address
    assert not Action.objects.exists()
