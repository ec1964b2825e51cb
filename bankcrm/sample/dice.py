"""Chance with a seed: the same text gives the same throws on every machine."""

from collections.abc import Mapping
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice(Random):
    """A seeded source of chance, `Dice("1/clients")`; streams of other names do not disturb it."""

    def pick(self, weights: Mapping[T, float]) -> T:
        """One of the keys, as often as its weight says."""
        return self.choices(list(weights), list(weights.values()))[0]
