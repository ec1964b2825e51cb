"""The client file: right figures, and no name for those who may not read names."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from clients.models import Fact, FactType
from clients.services import Learnt, forget_fact, learn
from portfolio.models import HoldingParty
from tests.factories import ActionFactory, ContactFactory, FactFactory, HoldingFactory

SECRETS = ("Carla", "Nina", "Haugland", "Shoemaker", "carla@", "+34600")


@pytest.fixture
def told(carla, nina, alice):
    """A file whose every corner names somebody."""
    contact = ContactFactory(
        client=carla,
        staff=alice,
        note="Carla spoke",
        participants="R. Haugland",
        changed_reason="Carla said so",
    )
    ContactFactory(client=carla, staff=alice, result="no_answer")
    action = ActionFactory(client=carla, about="Call Carla about the shop")
    Fact.objects.create(client=carla, type=FactType.objects.get(code="occupation"), value="Shoemaker")
    holding = HoldingFactory(client=carla)
    HoldingFactory(client=carla)
    HoldingParty.objects.create(holding=holding, client=nina, role="joint")
    HoldingParty.objects.create(holding=holding, client=carla, role="owner")
    return {"contact": contact, "action": action, "point": carla.contact_points.first()}


def test_head_office_without_the_right_reads_no_name_anywhere(signed_in, dora, told):
    addresses = [
        *[
            f"/client/{number}/{tab}"
            for number in ("N-1", "N-2")
            for tab in ("", "contacts/", "portfolio/", "trail/")
        ],
        f"/actions/{told['action'].pk}/",
        *[f"/actions/{told['action'].pk}/{what}/" for what in ("snooze", "skip", "hand-over")],
        f"/contacts/{told['contact'].pk}/",
        f"/points/{told['point'].pk}/",
        "/clients/",
        "/dashboard/",
        "/dashboard/month/",
    ]
    browser = signed_in(dora)
    for address in addresses:
        for headers in ({}, {"HX-Request": "true"}):
            page = browser.get(address, headers=headers).content.decode()
            assert [secret for secret in SECRETS if secret in page] == [], (address, headers)


def test_head_office_with_the_right_reads_names_but_not_what_was_said(signed_in, dora, told):
    dora.sees_identities = True
    dora.save()
    page = signed_in(dora).get("/client/N-1/").content.decode()
    assert "Carla Núñez" in page
    assert "Shoemaker" in page
    assert "Carla spoke" not in page


def test_tabs_count_contacts_and_holdings_each_by_themselves(signed_in, alice, carla, nina, anna, told):
    client = signed_in(alice).get("/client/N-1/").context["client"]
    assert (client.contact_count, client.holding_count) == (2, 2)
    HoldingFactory(client=nina)
    client = signed_in(anna).get("/client/N-2/").context["client"]
    assert (client.contact_count, client.holding_count) == (0, 1)


def test_total_adds_every_open_holding_of_a_currency(signed_in, alice, carla):
    for _n in range(60):
        HoldingFactory(client=carla, principal=Decimal(100))
    HoldingFactory(client=carla, principal=Decimal(999), status="closed")
    assert signed_in(alice).get("/client/N-1/").context["totals"] == [("EUR", Decimal(6000))]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "<strong>2 to contact</strong>, 1 of them late."),
        ("es", "<strong>2 por contactar</strong>, 1 con retraso."),
        ("zh-hans", "<strong>2 位待联系</strong>，其中 1 位逾期。"),
    ],
)
def test_today_opens_with_one_whole_sentence_of_the_language(signed_in, alice, carla, language, sentence):
    alice.language = language
    alice.save()
    ActionFactory(client=carla)
    ActionFactory(client=carla, opens_on=alice.today() - timedelta(days=3))
    assert sentence in signed_in(alice).get("/today/").content.decode()


@pytest.mark.parametrize(
    "address", ["/today/", "/client/N-1/", "/client/N-1/portfolio/", "/me/", "/notifications/"]
)
def test_whole_page_asked_for_by_htmx_is_drawn(signed_in, alice, carla, address):
    assert signed_in(alice).get(address, headers={"HX-Request": "true"}).status_code == 200


def test_a_household_is_not_called_by_the_name_of_somebody_outside_the_book(
    signed_in, alice, bob, carla, nina
):
    from clients.services import join_household, name_household

    join_household(actor=bob, client=nina, member=carla, role="child")
    name_household(actor=bob, client=nina, name="The Bergs of Nina")
    for address in ("/client/N-1/", "/client/N-1/people/"):
        page = signed_in(alice).get(address).content.decode()
        assert "Bergs" not in page
        assert "Nina" not in page
        assert "outside your book" in page
        assert "Bergs" in signed_in(bob).get(address).content.decode()


def test_file_and_known_page_and_api_say_the_same_of_what_is_known(signed_in, alice, carla):
    occupation = FactType.objects.get(code="occupation")
    browser = signed_in(alice)
    FactFactory(client=carla, type=FactType.objects.get(code="interest"))  # of no path of ours: in no ledger
    for learnt in (True, False):
        if learnt:
            (fact,) = learn(actor=alice, client=carla, learnt=[Learnt(occupation, "Baker")])
        else:
            forget_fact(actor=alice, fact=fact)
        file = browser.get("/client/N-1/").context
        known = browser.get(reverse("client-known", args=["N-1"])).context
        said = browser.get("/api/v1/clients/N-1/").json()
        assert (file["complete"] > 0) is learnt
        assert file["complete"] == known["share"] == pytest.approx(said["completeness"], abs=1e-4)
        asked = [question for question, _url in file["ask"]]
        assert asked == [one["question"] for one in known["ask"]][: len(asked)]
