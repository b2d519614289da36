"""Glyphs of a font file by number: metrics, outlines and subsets, through HarfBuzz.

Embedded fonts are outside bytes. HarfBuzz checks them; what leaves here is either outlines or a subset that
HarfBuzz wrote anew, without hinting programs.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

import uharfbuzz as hb

from formats.fonts.outlines import read_outline
from formats.rendering.path_geometry import Segment, as_cubics

_DROPPED: Final = tuple(
    int.from_bytes(tag, "big")
    for tag in (
        b"BASE",
        b"GDEF",
        b"GPOS",
        b"GSUB",
        b"STAT",
        b"DSIG",
        b"VORG",
        b"OS/2",
        b"cmap",
        b"gasp",
        b"name",
        b"post",
        b"prep",
        b"vhea",
        b"vmtx",
    )
)
_LARGE: Final = 4 << 20
_NAME_POSTSCRIPT: Final = 6


class GlyphSource:
    """A font file's glyphs; lengths are in em.

    Args:
        blob: The font file.
        index: Face inside a collection.

    Raises:
        ValueError: It holds no glyphs.
    """

    def __init__(self, blob: hb.Blob, index: int = 0) -> None:
        self._face = hb.Face(blob, index)
        self.glyph_count: int = self._face.glyph_count
        if not self.glyph_count or len(blob) < 12:
            raise ValueError("a font without glyphs")
        self._font = hb.Font(self._face)
        self.units_per_em: int = self._face.upem
        tags = set(self._face.table_tags)
        self._size = len(blob)
        self.true_type = "glyf" in tags and "loca" in tags and self._can_be_cut()
        self._numbers: dict[str, int] = {}

    @cached_property
    def name(self) -> str:
        """PostScript name reduced to letters, digits and hyphens."""
        text = self._face.get_name(_NAME_POSTSCRIPT) or ""
        return "".join(c for c in text if c.isascii() and (c.isalnum() or c == "-"))[:40] or "Font"

    def glyph(self, character: str) -> int:
        """The glyph of a character, 0 if there is none."""
        known = self._numbers.get(character)
        if known is None:
            known = self._numbers[character] = self._font.get_nominal_glyph(ord(character)) or 0
        return known

    def advance(self, glyph: int) -> float:
        """Advance of a glyph."""
        advance: float = self._font.get_glyph_h_advance(glyph) / self.units_per_em
        return advance

    def outline(self, glyph: int) -> tuple[Segment, ...]:
        """Outline of a glyph, baseline origin, y upwards."""
        return tuple(as_cubics(read_outline(self._font, glyph, self.units_per_em)))

    def subset(self, glyphs: Iterable[int]) -> tuple[bytes, Mapping[int, int]]:
        """A font file with these glyphs only, and the new number of each.

        Raises:
            ValueError: The font is damaged so that no subset can be made.
        """
        request = hb.SubsetInput()
        request.glyph_set.update(glyphs)
        request.layout_feature_tag_set.clear()
        request.drop_table_tag_set.update(_DROPPED)
        request.flags = hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NOTDEF_OUTLINE
        try:
            plan = hb.SubsetPlan(self._subset_face, request)
            data = bytes(plan.execute().blob.data)
            return data, dict(plan.old_to_new_glyph_mapping)
        except (RuntimeError, MemoryError) as exc:
            raise ValueError("the font cannot be cut down") from exc

    def _can_be_cut(self) -> bool:
        try:
            self.subset({0})
        except ValueError:
            return False
        return True

    @cached_property
    def _subset_face(self) -> hb.Face:
        """Large fonts are used again and again: unpacking their tables once pays."""
        return hb.subset_preprocess(self._face) if self._size > _LARGE else self._face


@lru_cache(maxsize=16)
def installed_source(path: Path, index: int) -> GlyphSource:
    """The glyphs of an installed font file; kept, since unpacking one takes some 50 ms.

    Raises:
        ValueError: It holds no glyphs.
    """
    return GlyphSource(hb.Blob.from_file_path(str(path)), index)
