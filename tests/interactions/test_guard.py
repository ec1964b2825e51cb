"""The repetition guard: armed by what reached the client, not by attempts; duties are exempt."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from clients.models import Theme, Tier
from interactions import services
from tests.factories import ActionFactory, ContactFactory


@pytest.fixture
def product(db):
    return Theme.objects.get(code="product")  # 14 days


@pytest.fixture
def strict(carla):
    """Carla's tier wants a reason for a repetition."""
    carla.tier = Tier.objects.create(code="strict", name="Strict", guard_blocks=True)
    carla.save()
    return carla


def _told(client, staff, theme, days, **extra):
    return ContactFactory(
        client=client, staff=staff, theme=theme, occurred_at=timezone.now() - timedelta(days=days), **extra
    )


def _log(actor, client, theme, **extra):
    return services.log_contact(
        actor=actor, client=client, channel="call", result="reached", theme=theme, **extra
    )


def test_a_theme_reached_inside_its_gap_is_said_with_who_and_when(alice, anna, carla, product):
    _told(carla, anna, product, 5)
    found = services.repetition(actor=alice, client=carla, theme=product)
    assert "Anna" in found.words
    assert not found.blocks


@pytest.mark.parametrize("days", [14, 40])
def test_outside_the_gap_nothing_is_said(days, alice, anna, carla, product):
    _told(carla, anna, product, days)
    assert services.repetition(actor=alice, client=carla, theme=product) is None


def test_what_was_sent_arms_it_like_a_talk(alice, anna, carla, product):
    _told(carla, anna, product, 1, channel="email", result="message_left")
    found = services.repetition(actor=alice, client=carla, theme=product)
    assert found.words.startswith("Anna wrote about “Product” on ")


def test_attempts_voided_contacts_other_themes_and_other_clients_never_arm_it(
    alice, anna, carla, nina, product
):
    _told(carla, anna, product, 1, result="no_answer")
    _told(carla, anna, product, 1, channel="call", result="message_left")
    _told(carla, anna, product, 1, voided_at=timezone.now(), void_reason="wrong client")
    _told(carla, anna, Theme.objects.get(code="education"), 1)
    _told(nina, anna, product, 1)
    assert services.repetition(actor=alice, client=carla, theme=product) is None


def test_duties_are_exempt(alice, anna, carla):
    maturity = Theme.objects.get(code="maturity")
    maturity.minimum_gap_days = 30
    maturity.save()
    _told(carla, anna, maturity, 1)
    assert services.repetition(actor=alice, client=carla, theme=maturity) is None


def test_an_open_action_of_a_colleague_arms_it_but_ones_own_does_not(alice, bob, carla, product):
    ActionFactory(client=carla, theme=product)
    assert services.repetition(actor=alice, client=carla, theme=product) is None
    ActionFactory(client=carla, theme=product, owner=bob)
    assert "Bob" in services.repetition(actor=alice, client=carla, theme=product).words
    assert "Alice" in services.repetition(actor=bob, client=carla, theme=product).words


def test_the_action_being_done_never_stands_in_its_own_way(bob, carla, product):
    action = ActionFactory(client=carla, theme=product)
    assert services.repetition(actor=bob, client=carla, theme=product, action=action) is None


def test_where_the_tier_blocks_a_reason_is_asked_for_and_kept(alice, anna, strict, product):
    _told(strict, anna, product, 3)
    with pytest.raises(ValidationError) as error:
        _log(alice, strict, product)
    assert list(error.value.error_dict) == ["repeat_reason"]
    assert strict.contacts.count() == 1
    contact = _log(alice, strict, product, repeat_reason="She called back about it")
    assert contact.repeat_reason == "She called back about it"


def test_an_attempt_and_the_clients_own_call_are_never_blocked(alice, anna, strict, product):
    _told(strict, anna, product, 3)
    services.log_contact(actor=alice, client=strict, channel="call", result="no_answer", theme=product)
    services.log_contact(
        actor=alice, client=strict, channel="call", result="reached", theme=product, direction="in"
    )
    assert strict.contacts.count() == 3


def test_the_form_asks_why_in_its_own_field(signed_in, alice, anna, strict, product):
    _told(strict, anna, product, 3)
    answer = signed_in(alice).post(
        "/contacts/log/?client=N-1",
        {"channel": "call", "result": "reached", "direction": "out", "theme": product.pk},
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'name="repeat_reason"' in page
    assert "Anna" in page


def test_of_two_at_the_same_moment_it_does_not_matter_whose_contact_began_first(alice, anna, strict, product):
    mine = timezone.now() - timedelta(minutes=2)
    ContactFactory(client=strict, staff=anna, theme=product, occurred_at=mine + timedelta(seconds=3))
    with pytest.raises(ValidationError):
        _log(alice, strict, product, occurred_at=mine)
