"""Tests on real public data, where it lies beside the checkout; without it they say so in one line."""

from pathlib import Path

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

if not DATA.is_dir():
    collect_ignore_glob = ["test_*.py"]
