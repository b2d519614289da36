"""The reference page and the code name the same codes and states."""

from __future__ import annotations

import re
from pathlib import Path

from ca.registration.model import TRANSITIONS, ApplicationState

ROOT = Path(__file__).resolve().parents[4]
PAGE = (ROOT / "docs" / "reference" / "registration.md").read_text(encoding="utf-8")


def test_every_code_is_documented_and_every_documented_code_exists() -> None:
    """A code that comes or goes changes the page."""
    codes: set[str] = set()
    for path in (ROOT / "ca" / "registration").glob("*.py"):
        codes |= set(re.findall(r'"(registration\.[a-z0-9-]+)"', path.read_text(encoding="utf-8")))
    files = {"registration.json", "registration.sqlite"}
    assert set(re.findall(r"`(registration\.[a-z0-9-]+)`", PAGE)) - files == codes


def test_table_of_transitions_is_the_code_s() -> None:
    """Every way out of a state is a row of the page."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line[:2] == "| "
    ]
    for state in ApplicationState:
        for event, after in TRANSITIONS[state].items():
            words = str(event).replace("-", " ")
            assert any(row[0] == state and row[1].startswith(words) and row[2] == after for row in rows)
