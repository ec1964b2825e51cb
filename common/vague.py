"""Vague dates of a line; nothing is understood yet, so that every promise asks for its day."""

from dataclasses import dataclass
from datetime import date, time


@dataclass(frozen=True)
class Window:
    opens_on: date
    due_on: date
    due_at: time | None = None


def read(text: str, *, today: date) -> Window | None:
    return None
