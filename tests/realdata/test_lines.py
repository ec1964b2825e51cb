"""Every hostile string as a line that might hold a date."""

import json
from datetime import date

from common.vague import read
from tests.realdata.conftest import DATA


def test_none_raises_and_none_is_taken_for_a_date():
    strings = json.loads((DATA / "naughty-strings" / "blns.json").read_text(encoding="utf-8"))
    assert len(strings) > 450
    assert [text for text in strings if read(text, today=date(2026, 8, 12))] == []
