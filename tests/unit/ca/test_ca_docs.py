"""The reference page and the code name the same rules and profiles."""

from __future__ import annotations

import re
from pathlib import Path

from ca.profile import built_in_profiles

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "reference" / "certificates.md").read_text(encoding="utf-8")


def _codes_in_code() -> set[str]:
    codes: set[str] = set()
    for path in (ROOT / "ca").glob("*.py"):
        codes |= set(re.findall(r'"(ca\.[a-z0-9-]+)"', path.read_text(encoding="utf-8")))
    for name in ("policies", "crl-distribution-points", "authority-info-access", "organization-code"):
        codes |= {f"ca.{name}-missing", f"ca.{name}-present"}
    return codes - {"ca.profiles"}


def test_every_code_is_documented_and_every_documented_code_exists() -> None:
    """A code that comes or goes changes the page."""
    assert set(re.findall(r"`(ca\.[a-z0-9-]+)`", PAGE)) == _codes_in_code()


def test_profiles_are_documented_with_their_validity() -> None:
    """The table of profiles tells the number of days the files tell."""
    for name, profile in built_in_profiles().items():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
        assert f" {profile.max_validity.days} days" in row
