"""What every bank starts with: themes, fact types, tiers. Written after each migration where missing.

A bank changes names, weights, gaps and intervals as it likes; only codes are fixed.
"""

from clients.models import FactType, Theme, Tier

THEMES = [
    # code, way, minimum gap in days, is a duty
    ("birthday", "emotional", 30, False),
    ("anniversary", "emotional", 30, False),
    ("holiday", "emotional", 7, False),
    ("keeping_in_touch", "emotional", 14, False),
    ("review", "sales", 30, False),
    ("product", "sales", 14, False),
    ("maturity", "sales", 0, True),
    ("limit", "sales", 0, True),
    ("complaint", "emotional", 0, True),
    ("promise", "emotional", 0, True),
    ("service", "emotional", 0, False),
    ("education", "educational", 14, False),
    ("event", "emotional", 14, False),
    ("other", "emotional", 0, False),
]
FACT_TYPES = [
    # code, where its value lives, weight, may be several
    ("phone", "contact_point", 10, True),
    ("email", "contact_point", 6, True),
    ("address", "contact_point", 4, True),
    ("messenger", "contact_point", 2, True),
    ("birthday", "dated_fact", 8, False),
    ("founding", "dated_fact", 3, False),
    ("wedding", "dated_fact", 2, False),
    ("family_date", "dated_fact", 2, True),
    ("other_date", "dated_fact", 0, False),
    ("occupation", "fact", 8, False),
    ("employer", "fact", 4, False),
    ("family", "fact", 8, True),
    ("education", "fact", 2, True),
    ("business", "fact", 4, True),
    ("interest", "fact", 6, True),
    ("personality", "fact", 3, False),
    ("preference", "fact", 5, True),
    ("need", "fact", 8, True),
    ("goal", "fact", 5, True),
    ("assets_elsewhere", "fact", 8, True),
    ("decides", "fact", 4, False),
    ("custom", "fact", 1, True),
    ("relation", "relation", 4, True),
    ("agreement", "agreement", 6, False),
]
TIERS = [
    # code, name, rank, threshold, key, ideal, maximum, birthdays, holidays, gifts
    ("private", "Private", 30, 500_000, True, 30, 60, True, True, 500),
    ("gold", "Gold", 20, 100_000, True, 60, 120, True, False, 100),
    ("standard", "Standard", 10, 0, False, 180, 365, True, False, 0),
]


def ensure_catalogue(**kwargs) -> None:
    """Create what is missing by code; never change what a bank has set. Repeatable."""
    for code, way, gap, duty in THEMES:
        Theme.objects.get_or_create(
            code=code,
            defaults={
                "name": code.replace("_", " ").capitalize(),
                "way": way,
                "minimum_gap_days": gap,
                "is_duty": duty,
            },
        )
    for code, lives_in, weight, many in FACT_TYPES:
        FactType.objects.get_or_create(
            code=code,
            defaults={
                "name": code.replace("_", " ").capitalize(),
                "lives_in": lives_in,
                "weight": weight,
                "is_many": many,
            },
        )
    for code, name, rank, threshold, key, ideal, most, birthdays, holidays, gifts in TIERS:
        Tier.objects.get_or_create(
            code=code,
            defaults={
                "name": name,
                "rank": rank,
                "threshold": threshold,
                "is_key": key,
                "ideal_days": ideal,
                "maximum_days": most,
                "birthday_courtesy": birthdays,
                "holiday_courtesy": holidays,
                "gift_limit": gifts,
            },
        )
