"""What a campaign costs: shares that add up to the cent, and what nobody is there to share."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from campaigns.costs import Cost, Group, Line, divided_costs, per, per_thousand, shares

GOLD, SILVER = 1, 2
CENTS = st.integers(0, 10**10).map(lambda cents: Decimal(cents).scaleb(-2))
COUNTS = st.integers(0, 50_000)


def test_cents_that_are_left_go_to_the_largest_remainders():
    # 1,000.00 over 3, 3 and 1 of 7: 428.571…, 428.571…, 142.857…
    assert shares(Decimal("1000.00"), {"a": 3, "b": 3, "c": 1}) == {
        "a": Decimal("428.57"),
        "b": Decimal("428.57"),
        "c": Decimal("142.86"),
    }


def test_of_equal_remainders_the_first_gets_the_cent():
    assert shares(Decimal("0.02"), {"a": 1, "b": 1, "c": 1}) == {
        "a": Decimal("0.01"),
        "b": Decimal("0.01"),
        "c": Decimal("0.00"),
    }


def test_over_nobody_nothing_is_divided():
    assert shares(Decimal("10.00"), {"a": 0}) == {}
    assert shares(Decimal("10.00"), {}) == {}


@given(CENTS, st.dictionaries(st.integers(), COUNTS, max_size=12))
def test_shares_always_add_up_and_none_is_a_cent_from_its_due(amount, weights):
    found = shares(amount, weights)
    whole = sum(weights.values())
    if not whole:
        assert found == {}
        return
    assert sum(found.values()) == amount
    for key, weight in weights.items():
        assert abs(found[key] - amount * weight / whole) < Decimal("0.01")
        assert found[key] == 0 or weight


@given(
    st.lists(st.builds(Line, CENTS, st.none() | CENTS, st.sampled_from([None, GOLD, SILVER, 9])), max_size=8),
    st.dictionaries(st.sampled_from([None, GOLD, SILVER]), CENTS, max_size=3),
    st.dictionaries(st.builds(Group, st.sampled_from([None, GOLD, SILVER]), st.booleans()), COUNTS),
)
def test_groups_and_what_is_undivided_always_add_up_to_the_whole(lines, units, clients):
    found = divided_costs(lines, units, clients)
    per_client = sum(
        (units.get(group.tier, units.get(None, Decimal(0))) * count for group, count in clients.items()),
        Decimal(0),
    )
    assert found.whole.planned == sum((line.planned for line in lines), per_client)
    assert found.whole.actual == sum((line.actual or Decimal(0) for line in lines), per_client)
    assert found.of(True) + found.of(False) + found.undivided == found.whole


def test_a_campaign_worked_by_hand():
    # 10 gold at 2.50 and 3 of other tiers at 1.00 a client; a shared line of 100.00, of which 90.10 was spent;
    # gifts for gold of 33.33, not paid yet.
    found = divided_costs(
        [Line(Decimal("100.00"), Decimal("90.10")), Line(Decimal("33.33"), None, GOLD)],
        {GOLD: Decimal("2.50"), None: Decimal("1.00")},
        {Group(GOLD): 10, Group(SILVER): 2, Group(None): 1},
    )

    gold, silver, others = found.groups
    # 100.00 ÷ 13 × 10 = 76.923, × 2 = 15.384, × 1 = 7.692; 90.10: 69.307, 13.861, 6.930
    assert gold.shared == Cost(Decimal("76.92") + Decimal("33.33"), Decimal("69.31"))
    assert silver.shared == Cost(Decimal("15.39"), Decimal("13.86"))
    assert others.shared == Cost(Decimal("7.69"), Decimal("6.93"))
    assert gold.by_client == Cost(Decimal("25.00"), Decimal("25.00"))
    assert (silver.unit, others.by_client.actual) == (Decimal("1.00"), Decimal("1.00"))
    assert found.whole == Cost(Decimal("161.33"), Decimal("118.10"))
    assert (found.undivided, found.unknown) == (Cost(), 1)
    assert gold.a_client == Decimal("9.43")


def test_a_line_for_a_tier_that_nobody_has_stays_undivided_and_is_in_the_whole():
    found = divided_costs([Line(Decimal("5.00"), Decimal("4.00"), 9)], {}, {Group(GOLD): 3})

    assert (found.undivided, found.whole) == (
        Cost(Decimal("5.00"), Decimal("4.00")),
        Cost(Decimal("5.00"), Decimal("4.00")),
    )
    assert found.groups[0].cost == Cost()


def test_a_part_of_a_campaign_bears_the_share_of_its_clients():
    found = divided_costs(
        [Line(Decimal("10.00"), Decimal("10.00"))], {}, {Group(GOLD, True): 1, Group(GOLD, False): 2}
    )

    assert (found.of(True).actual, found.of(False).actual) == (Decimal("3.33"), Decimal("6.67"))


def test_per_nobody_is_not_a_number():
    assert per(Decimal("10.00"), 0) is None
    assert per(Decimal("10.00"), 3) == Decimal("3.33")
    assert per_thousand(Decimal("10.00"), None) is None
    assert per_thousand(Decimal("10.00"), Decimal("-5")) is None
    assert per_thousand(Decimal("16352.40"), Decimal("855000")) == Decimal("19.13")
