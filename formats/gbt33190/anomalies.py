"""What a package may hold that no rule of GB/T 33190 explains; the verifier judges it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AnomalyKind(StrEnum):
    """The kinds; the value is stable and appears in reports."""

    LEADING_BYTES = "leading-bytes"
    """Octets before the first local header; some products of KingGrid leave them."""
    TRAILING_BYTES = "trailing-bytes"
    """Octets after the end record; the same products leave them."""
    GAP = "gap"
    """Octets between entries, or between the last entry and the central directory."""
    ARCHIVE_COMMENT = "archive-comment"
    """A comment of the whole archive; a few makers write a few octets there."""
    ENTRY_COMMENT = "entry-comment"
    """A comment of one entry."""
    CASE_TWINS = "case-twins"
    """Two names are one to software that ignores case or Unicode composition."""
    FILE_AND_DIRECTORY = "file-and-directory"
    """One name is a file and the directory of another file."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One of them; ``offset`` in octets from the start of the file, ``None`` where it concerns names."""

    kind: AnomalyKind
    detail: str
    offset: int | None = None
