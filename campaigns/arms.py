"""Who of a campaign is left alone: a seeded draw in layers. Pure: it reads nothing and writes nothing."""

from collections.abc import Hashable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256


def lot(seed: int, key: str) -> bytes:
    """The lot of a client in a draw: the same seed and number give the same lot on every machine."""
    return sha256(f"{seed}/{key}".encode()).digest()


def drawn(clients: Iterable[tuple[str, Hashable]], *, share: Decimal, seed: int) -> set[str]:
    """The keys of the control arm among (key, layer) pairs.

    Rule (domain.md, Target): a seeded random share, stratified. The whole share is met to the nearest client, each
    layer's to less than one client. Layers take turns in an order drawn by the seed, so that no kind of layer is
    always rounded down; inside a layer the lowest lots are left alone. The order of `clients` makes no difference.
    """
    layers: dict[Hashable, list[tuple[bytes, str]]] = {}
    for key, layer in clients:
        layers.setdefault(layer, []).append((lot(seed, key), key))
    control: set[str] = set()
    seen = taken = 0
    for layer in sorted(layers, key=lambda one: lot(seed, f"layer/{one}")):
        members = layers[layer]
        seen += len(members)
        until = int((share * seen).to_integral_value(ROUND_HALF_UP))
        control.update(key for _lot, key in sorted(members)[: until - taken])
        taken = until
    return control
