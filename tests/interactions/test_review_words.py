"""Free words about money stay with those who may know of whom."""

from datetime import date, timedelta

from portfolio.models import MaturityCase, MovementReason
from tests.interactions.test_portfolio import left, maturing, text_of

FRIDAY = date(2026, 3, 6)
MONDAY = FRIDAY + timedelta(days=3)


def test_head_office_reads_no_free_words_about_where_money_went(signed_in, dora, alice, carla):
    movement = left(carla)
    MovementReason.objects.create(
        movement=movement, client=carla, reason="family", competitor="With her sister Lucía Núñez", by=alice
    )
    assert "Lucía" not in text_of(signed_in(dora), "/portfolio/?show=moved")
    case = maturing(carla, 0)
    MaturityCase.objects.filter(pk=case.pk).update(
        brought_amount=5, brought_from="From Lucía Núñez", settled_at="2026-03-06T12:00Z", principal=0
    )
    assert "Lucía" not in text_of(signed_in(dora), "/client/N-1/portfolio/")
