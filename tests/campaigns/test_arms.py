"""The draw of a control group: exact, layered, the same for the same seed."""

from collections import Counter
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.arms import drawn

LAYERS = st.sampled_from(["north/gold", "north/private", "south/gold", "south/none"])
CLIENTS = st.dictionaries(st.text("abcdef0123456789", min_size=1, max_size=6), LAYERS, max_size=120)
SHARES = st.decimals(0, Decimal("0.5"), places=3)


@settings(deadline=None)
@given(CLIENTS, SHARES, st.integers(0, 2**62))
def test_the_share_is_met_to_the_nearest_client_and_in_each_layer_to_less_than_one(clients, share, seed):
    control = drawn(clients.items(), share=share, seed=seed)
    assert control <= clients.keys()
    assert abs(len(control) - share * len(clients)) <= Decimal("0.5")
    sizes, taken = Counter(clients.values()), Counter(clients[key] for key in control)
    for layer, size in sizes.items():
        assert abs(taken[layer] - share * size) < 1 + Decimal("0.001")


@settings(deadline=None)
@given(CLIENTS, SHARES, st.integers(0, 2**62))
def test_the_same_seed_draws_the_same_in_any_order(clients, share, seed):
    there = drawn(clients.items(), share=share, seed=seed)
    back = drawn(reversed(list(clients.items())), share=share, seed=seed)
    assert there == back


def test_another_seed_draws_others_and_everybody_has_the_same_chance():
    clients = [(f"C-{n}", n % 3) for n in range(60)]
    times: Counter = Counter()
    for seed in range(400):
        times.update(drawn(clients, share=Decimal("0.25"), seed=seed))
    assert len(times) == 60
    assert 60 < min(times.values()) <= max(times.values()) < 145  # 100 of 400 are expected
