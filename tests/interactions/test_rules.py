"""The bank's rules of reminding: set by administrators, one for each source and tier, dropped again."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from clients.models import Tier
from interactions.models import ReminderRule, Source
from interactions.services.rules import set_rule
from interactions.sources import SOURCES

LIST = reverse("rule-list")
BIRTHDAY = reverse("rule-change", args=["birthday"])
WISH = {"tier": "", "is_on": "on", "lead_days": "14", "severity": "3", "escalate_after_days": "1"}


@pytest.fixture
def desk(signed_in, erin):
    return signed_in(erin)


def test_every_source_stands_there_with_what_holds_as_delivered(desk):
    page = desk.get(LIST).content.decode()
    for source in SOURCES:
        assert str(Source(source.code).label) in page
    assert page.count("as delivered") == len(SOURCES)


def test_a_rule_is_set_changed_and_dropped(desk):
    assert desk.post(BIRTHDAY, WISH).status_code == 302
    assert desk.post(BIRTHDAY, WISH | {"lead_days": "10"}).status_code == 302
    rule = ReminderRule.objects.get()
    assert (rule.lead_days, rule.severity, rule.escalate_after_days, rule.tier) == (10, 3, 1, None)
    desk.post(reverse("rule-drop", args=[rule.pk]))
    assert not ReminderRule.objects.exists()


def test_a_tier_gets_a_rule_of_its_own_and_the_form_begins_with_what_holds_for_it(desk):
    desk.post(BIRTHDAY, WISH)
    page = desk.get(f"{BIRTHDAY}?tier=gold")
    assert page.context["form"].initial["lead_days"] == 14
    desk.post(BIRTHDAY, WISH | {"tier": "gold", "is_on": ""})
    assert ReminderRule.objects.count() == 2
    assert "does not remind" in desk.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("lead_days", "400"), ("lead_days", ""), ("lead_days", "-1"), ("severity", "9"), ("tier", "none")],
)
def test_what_cannot_be_is_refused_beside_its_field(desk, field, value):
    answer = desk.post(BIRTHDAY, WISH | {field: value})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not ReminderRule.objects.exists()


def test_unknown_sources_and_those_without_their_data_have_no_rule(desk, erin):
    for source in ("none", "event"):
        assert desk.get(reverse("rule-change", args=[source])).status_code == 404
    with pytest.raises(ValidationError):
        set_rule(
            actor=erin,
            source="event",
            tier=None,
            is_on=True,
            lead_days=1,
            severity=2,
            escalate_after_days=None,
        )


def test_nobody_but_an_administrator_sets_or_drops_a_rule(cast, signed_in):
    rule = ReminderRule.objects.create(source="holiday", tier=Tier.objects.get(code="gold"))
    for name, person in cast.items():
        if name == "erin":
            continue
        assert signed_in(person).post(BIRTHDAY, WISH).status_code == 404
        assert signed_in(person).post(reverse("rule-drop", args=[rule.pk])).status_code == 404
        with pytest.raises(PermissionDenied):
            set_rule(
                actor=person,
                source="birthday",
                tier=None,
                is_on=True,
                lead_days=1,
                severity=2,
                escalate_after_days=None,
            )
    assert ReminderRule.objects.get() == rule
