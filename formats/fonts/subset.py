"""The result of cutting a font down to the characters of a document."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subset:
    """A font file cut down to some characters.

    Attributes:
        data: TrueType or OpenType bytes with an intact character map.
        glyph_ids: Glyph id inside ``data`` for each character; empty unless asked for.
    """

    data: bytes
    glyph_ids: Mapping[str, int]
