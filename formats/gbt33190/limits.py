"""What a package may cost to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from formats.gbt33190.entry_names import MAX_NAME_OCTETS


@dataclass(frozen=True, slots=True)
class PackageLimits:
    """Bounds of a ZIP container; sizes in octets.

    ``ratio`` bounds inflated to stored size of one entry and counts only above ``ratio_floor``, since small
    repetitive XML deflates very well.
    """

    total_bytes: int = 128 << 20
    entries: int = 8192
    entry_bytes: int = 64 << 20
    inflated_bytes: int = 256 << 20
    ratio: int = 200
    ratio_floor: int = 1 << 20
    name_octets: int = MAX_NAME_OCTETS


DEFAULT_LIMITS: Final = PackageLimits()
