"""Opportunities: raised, moved by stages, won by a purchase, lost with a reason; what does not suit needs one."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from interactions import services
from interactions.models import Opportunity, StageChange
from interactions.services import Interest
from tests.factories import ClientFactory, OpportunityFactory, ProductFactory, PurchaseFactory


@pytest.fixture
def today(north):
    return north.today()


@pytest.fixture
def raised(alice, carla, today):
    interest = Interest(kind="fund", amount=Decimal(50000), currency="EUR", next_on=today + timedelta(days=7))
    return services.raise_opportunity(actor=alice, client=carla, interest=interest)


def test_the_next_step_stands_on_today_and_moves_with_the_opportunity(alice, raised, today):
    assert raised.action.due_on == today + timedelta(days=7)
    changed = services.change_opportunity(
        actor=alice, opportunity=raised, next_on=today + timedelta(days=2), next_step="Offer the bond fund"
    )
    assert changed.action_id == raised.action_id
    changed.action.refresh_from_db()
    assert changed.action.due_on == today + timedelta(days=2)
    assert changed.action.about == "Offer the bond fund"


def test_each_stage_entered_is_a_row(alice, raised):
    services.move_opportunity(actor=alice, opportunity=raised, stage="intention")
    services.move_opportunity(actor=alice, opportunity=raised, stage="intention")
    services.move_opportunity(
        actor=alice, opportunity=raised, stage="lost", lost_reason="Went to another bank"
    )
    assert list(raised.stages.order_by("pk").values_list("stage", flat=True)) == [
        "interest",
        "intention",
        "lost",
    ]
    raised.action.refresh_from_db()
    assert not raised.action.is_open


def test_stage_rows_are_never_changed(raised):
    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        StageChange.objects.update(stage="won")


def test_an_open_opportunity_without_a_next_step_cannot_exist(raised):
    with pytest.raises(IntegrityError), transaction.atomic():
        Opportunity.objects.filter(pk=raised.pk).update(next_on=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Opportunity.objects.filter(pk=raised.pk).update(stage="lost")


def test_lost_needs_a_reason(alice, raised):
    with pytest.raises(ValidationError) as error:
        services.move_opportunity(actor=alice, opportunity=raised, stage="lost")
    assert list(error.value.error_dict) == ["lost_reason"]


def test_won_only_by_a_purchase_of_the_client_that_closed_no_other(alice, carla, raised, today):
    strangers = PurchaseFactory(client=ClientFactory(branch=carla.branch))
    older = PurchaseFactory(client=carla, bought_on=today - timedelta(days=40))
    reversed_one = PurchaseFactory(client=carla)
    PurchaseFactory(client=carla, reverses=reversed_one)
    for purchase in (None, strangers, older, reversed_one):
        with pytest.raises(ValidationError) as error:
            services.move_opportunity(actor=alice, opportunity=raised, stage="won", purchase=purchase)
        assert list(error.value.error_dict) == ["purchase"]
    right = PurchaseFactory(client=carla)
    won = services.move_opportunity(actor=alice, opportunity=raised, stage="won", purchase=right)
    assert (won.purchase, won.is_open) == (right, False)
    other = OpportunityFactory(client=carla)
    with pytest.raises(ValidationError):
        services.move_opportunity(actor=alice, opportunity=other, stage="won", purchase=right)


@pytest.mark.parametrize(("profile", "expired"), [(2, False), (None, False), (5, True)])
def test_what_does_not_suit_is_proposed_only_with_a_recorded_reason(
    profile, expired, alice, carla, raised, today
):
    carla.risk_profile = profile
    if expired:
        carla.risk_assessed_on, carla.risk_valid_until = (
            today - timedelta(days=900),
            today - timedelta(days=1),
        )
    carla.save()
    fund = ProductFactory(kind="fund", risk_level=4)
    services.change_opportunity(actor=alice, opportunity=raised, product=fund)
    with pytest.raises(ValidationError) as error:
        services.move_opportunity(actor=alice, opportunity=raised, stage="proposal")
    assert list(error.value.error_dict) == ["suitability_reason"]
    moved = services.move_opportunity(
        actor=alice, opportunity=raised, stage="proposal", suitability_reason="She asked in writing"
    )
    assert moved.suitability_reason == "She asked in writing"


def test_what_suits_is_proposed_freely(alice, carla, raised):
    carla.risk_profile = 4
    carla.save()
    services.change_opportunity(actor=alice, opportunity=raised, product=ProductFactory(risk_level=4))
    assert services.move_opportunity(actor=alice, opportunity=raised, stage="proposal").stage == "proposal"


def test_an_amount_needs_its_currency(alice, carla, today):
    interest = Interest(kind="fund", amount=Decimal(5), next_on=today)
    with pytest.raises(ValidationError) as error:
        services.raise_opportunity(actor=alice, client=carla, interest=interest)
    assert list(error.value.error_dict) == ["currency"]


def test_reopened_it_stands_in_its_former_stage(alice, raised, today):
    services.move_opportunity(actor=alice, opportunity=raised, stage="intention")
    services.move_opportunity(actor=alice, opportunity=raised, stage="lost", lost_reason="no")
    again = services.reopen_opportunity(actor=alice, opportunity=raised, next_on=today + timedelta(days=1))
    assert (again.stage, again.lost_reason) == ("intention", "")
    assert again.action.is_open


def test_a_closed_one_is_moved_by_nobody(alice, raised):
    services.move_opportunity(actor=alice, opportunity=raised, stage="lost", lost_reason="no")
    with pytest.raises(ValidationError):
        services.move_opportunity(actor=alice, opportunity=raised, stage="intention")


def test_others_change_nothing(anna, charlie, dora, raised):
    for person in (anna, charlie, dora):
        with pytest.raises(PermissionDenied):
            services.move_opportunity(actor=person, opportunity=raised, stage="intention")


def test_board_and_list_cost_the_same_queries_for_2_and_for_40(
    signed_in, alice, carla, django_assert_max_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser = signed_in(alice)
    counts = {}
    for wanted in (2, 40):
        while Opportunity.objects.count() < wanted:
            OpportunityFactory(client=carla, raised_by=alice)
        for address in ("/opportunities/", "/opportunities/?view=list", "/client/N-1/opportunities/"):
            browser.get(address)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert browser.get(address).status_code == 200
            counts.setdefault(address, set()).add(len(queries))
    assert all(len(found) == 1 for found in counts.values()), counts


def test_head_office_without_the_right_reads_no_name_and_no_word(signed_in, dora, carla, alice):
    OpportunityFactory(client=carla, raised_by=alice, next_step="Ask Carla at home", note="Carla wants gold")
    for address in ("/opportunities/", "/opportunities/?view=list"):
        page = signed_in(dora).get(address).content.decode()
        assert "Carla" not in page
        assert "Client N-1" in page


def test_a_stage_that_does_not_exist_is_absent(signed_in, alice, carla):
    one = OpportunityFactory(client=carla, raised_by=alice)
    assert signed_in(alice).get(f"/opportunities/{one.pk}/married/").status_code == 404


def test_won_without_a_purchase_on_file_says_so_and_offers_nothing_to_save(signed_in, alice, carla, raised):
    address = reverse("opportunity-move", args=[raised.pk, "won"])
    page = signed_in(alice).get(address).content.decode()
    assert "No purchase since then is known yet" in page
    assert "data-save" not in page
    refused = signed_in(alice).post(address, {"stage": "won"})
    assert refused.status_code == 422
    assert "No purchase since then is known yet" in refused.content.decode()
