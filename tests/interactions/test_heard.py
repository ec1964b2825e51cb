"""One form: the contact, what was learnt, the interest, the promise and the next step; and all of it taken back."""

from datetime import timedelta

import pytest

from clients.models import Fact, FactChange, FactType
from clients.services import Learnt, learn
from interactions import services
from interactions.models import Action, Contact, Opportunity, Promise


@pytest.fixture
def form(carla):
    day = carla.branch.today() + timedelta(days=9)
    return {
        "channel": "call",
        "result": "reached",
        "direction": "out",
        "note": "Long talk",
        "learnt_0": "Daughter studies in Leiden",
        "learnt_type_0": "family",
        "learnt_1": "Architect",
        "learnt_type_1": "occupation",
        "interest": "kind/fund",
        "interest_amount": "100000",
        "interest_currency": "eur",
        "promise": "send the offer tomorrow",
        "next_about": "Offer the bond fund",
        "next_on": day.isoformat(),
        "next_channel": "visit",
    }


def test_one_form_writes_all_of_it_and_the_ledger_names_the_contact(signed_in, alice, carla, form):
    assert signed_in(alice).post("/contacts/log/?client=N-1", form).status_code == 302
    contact = Contact.objects.get()
    assert sorted(carla.facts.values_list("type__code", "value")) == [
        ("family", "Daughter studies in Leiden"),
        ("occupation", "Architect"),
    ]
    assert set(FactChange.objects.values_list("contact_id", "by_kind", "actor")) == {
        (contact.pk, "staff", alice.pk)
    }
    opportunity = Opportunity.objects.get()
    assert (opportunity.kind, opportunity.currency, opportunity.contact) == ("fund", "EUR", contact)
    assert opportunity.action.about == "Offer the bond fund"
    assert opportunity.action.channel == "visit"
    assert Promise.objects.get().contact == contact
    # The next step is the interest's own action; the promise has one of its own. Nothing is there twice.
    assert Action.objects.open().count() == 2


def test_an_error_in_one_part_leaves_nothing_half_done(signed_in, alice, carla, form):
    form["promise"] = "call about the flat after the holidays"
    answer = signed_in(alice).post("/contacts/log/?client=N-1", form)
    assert answer.status_code == 422
    assert "Daughter studies in Leiden" in answer.content.decode()
    assert not Contact.objects.exists()
    assert not Fact.objects.exists()
    assert not Opportunity.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"interest": ""}, "interest"),
        ({"interest_amount": "0"}, "interest_amount"),
        ({"interest_amount": "-5"}, "interest_amount"),
        ({"interest_currency": "euros"}, "interest_currency"),
        ({"interest": "product/NONE"}, "interest"),
        ({"interest": "kind/yacht"}, "interest"),
        ({"learnt_type_0": "phone"}, "learnt_type_0"),
        ({"learnt_0": "x" * 501}, "learnt_0"),
        ({"promise": "y" * 301}, "promise"),
        ({"promise_on": "yesterday"}, "promise_on"),
    ],
)
def test_bad_input_is_named_beside_its_field(change, field, signed_in, alice, carla, form):
    answer = signed_in(alice).post("/contacts/log/?client=N-1", form | change)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Contact.objects.exists()


def test_voiding_takes_back_what_was_heard(signed_in, alice, carla, form):
    [before] = learn(
        actor=alice, client=carla, learnt=[Learnt(FactType.objects.get(code="occupation"), "Draughtsman")]
    )
    signed_in(alice).post("/contacts/log/?client=N-1", form)
    contact = Contact.objects.get()
    services.void_contact(actor=alice, contact=contact, reason="wrong client")
    assert list(carla.facts.values_list("value", flat=True)) == ["Draughtsman"]
    before.refresh_from_db()
    assert before.value == "Draughtsman"
    assert Promise.objects.get().is_withdrawn
    assert Opportunity.objects.get().stage == "lost"
    assert not Action.objects.open().exists()


def test_what_was_built_on_since_stays_after_a_void(signed_in, alice, bob, carla, form):
    signed_in(alice).post("/contacts/log/?client=N-1", form)
    contact = Contact.objects.get()
    opportunity = Opportunity.objects.get()
    services.move_opportunity(actor=bob, opportunity=opportunity, stage="intention")
    [fact] = learn(
        actor=bob, client=carla, learnt=[Learnt(FactType.objects.get(code="occupation"), "Master builder")]
    )
    services.void_contact(actor=alice, contact=contact, reason="wrong client")
    opportunity.refresh_from_db()
    fact.refresh_from_db()
    assert opportunity.stage == "intention"
    assert fact.value == "Master builder"


def test_what_the_client_allows_follows_the_channel_of_the_form(signed_in, alice, bob, anna, carla):
    from clients.models import Theme
    from clients.services import approve_agreement, record_consent

    record_consent(actor=alice, client=carla, channel="call", purpose="marketing", granted=True)
    record_consent(actor=alice, client=carla, channel="sms", purpose="marketing", granted=False)
    approve_agreement(actor=alice, client=carla, channels=["call"], interval_days=30)
    product = Theme.objects.get(code="product").pk
    browser, address = signed_in(alice), "/client/N-1/contact/permits/"
    allowed = browser.get(address, {"channel": "call", "theme": product}).content.decode()
    assert "allowed" in allowed
    assert "keeps to it" in allowed
    refused = browser.get(address, {"channel": "sms", "theme": product}).content.decode()
    assert "withdrawn" in refused
    assert "outside it" in refused
    assert "never asked" in browser.get(address, {"channel": "email", "theme": product}).content.decode()
    assert browser.get(address, {"channel": "pigeon"}).status_code == 404
    assert signed_in(anna).get(address, {"channel": "call"}).status_code == 404


def test_what_its_author_has_moved_on_stays_with_its_next_step(signed_in, alice, carla, form):
    signed_in(alice).post("/contacts/log/?client=N-1", form)
    opportunity = Opportunity.objects.get()
    services.move_opportunity(actor=alice, opportunity=opportunity, stage="intention")
    services.void_contact(actor=alice, contact=Contact.objects.get(), reason="logged twice")
    opportunity.refresh_from_db()
    assert opportunity.stage == "intention"
    assert opportunity.action.is_open


def test_a_case_heard_in_a_voided_contact_is_still_owed(alice, carla):
    contact = services.log_contact(actor=alice, client=carla, channel="call", result="reached")
    case = services.open_case(
        actor=alice, client=carla, kind="complaint", text="A wrong fee", contact=contact
    )
    services.void_contact(actor=alice, contact=contact, reason="logged twice")
    case.refresh_from_db()
    assert case.is_open
    assert case.action.is_open
