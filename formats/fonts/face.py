"""One font face: metrics, subsets and outlines. Built on HarfBuzz; nothing is shaped.

A fixed-layout page states every advance itself, so text is set one character, one glyph: no kerning, no
ligatures. Scripts that cannot be set that way (Tibetan, Uyghur, Mongolian …) are not covered.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

import uharfbuzz as hb

from formats.fonts.errors import MissingGlyphError
from formats.fonts.outlines import Outline, read_outline
from formats.fonts.subset import Subset

_NAME_FAMILY: Final = 1
_NAME_POSTSCRIPT: Final = 6
_NAME_LICENCE: Final = 13
_NAME_LICENCE_ADDRESS: Final = 14
_WEIGHT_BOLD: Final = 600
_PROBE_HIGH: Final = "｜‖｛Å国"
_PROBE_LOW: Final = "gjpqy|Q（"
_UNUSED_TABLES: Final = tuple(
    int.from_bytes(tag)
    for tag in (b"BASE", b"GDEF", b"GPOS", b"GSUB", b"STAT", b"gasp", b"prep", b"vhea", b"vmtx", b"VORG", b"DSIG")
)
"""Shaping, vertical setting and hinting: a page with explicit advances uses none of them."""


class _Advances(dict[str, float]):
    """Advance of each character in em, filled on demand; a character the face lacks raises ``KeyError``."""

    def __init__(self, font: hb.Font, units_per_em: int) -> None:
        super().__init__()
        self._font = font
        self._units_per_em = units_per_em

    def __missing__(self, character: str) -> float:
        glyph = self._font.get_nominal_glyph(ord(character))
        if not glyph:
            raise KeyError(character)
        advance: float = self._font.get_glyph_h_advance(glyph) / self._units_per_em
        self[character] = advance
        return advance


class FontFace:
    """A face in a font file.

    Lengths are in em (multiples of the text size, which is in millimetres). Faces compare by identity: load
    each once, through :class:`formats.fonts.FontLibrary`.

    Args:
        path: Font file, mapped into memory, not read.
        index: Face inside a collection (TTC), 0 otherwise.
    """

    def __init__(self, path: Path, index: int = 0) -> None:
        self.path = path
        self.index = index
        self._face = hb.Face(hb.Blob.from_file_path(str(path)), index)
        self._font = hb.Font(self._face)
        self.units_per_em: int = self._face.upem
        self.advances: Mapping[str, float] = _Advances(self._font, self.units_per_em)

    def __repr__(self) -> str:
        return f"FontFace({self.font_name})"

    @cached_property
    def font_name(self) -> str:
        """PostScript name, for example ``NotoSerifSC-Regular``."""
        return self._face.get_name(_NAME_POSTSCRIPT) or self.path.stem

    @cached_property
    def family_name(self) -> str:
        """Family, for example ``Noto Serif SC``."""
        return self._face.get_name(_NAME_FAMILY) or self.path.stem

    @cached_property
    def bold(self) -> bool:
        """Whether the weight class is semi-bold or more."""
        return int.from_bytes(self._face.reference_table("OS/2").data[4:6], "big") >= _WEIGHT_BOLD

    @cached_property
    def serif(self) -> bool:
        """Whether the family calls itself a serif (宋体) face."""
        return "serif" in self.family_name.lower()

    @cached_property
    def file_extension(self) -> str:
        """``ttf`` for TrueType outlines, ``otf`` for CFF ones."""
        return "ttf" if "glyf" in self._face.table_tags else "otf"

    @cached_property
    def ascent(self) -> float:
        """Reach above the baseline of the tallest common glyphs, in em."""
        return max(self._extents(_PROBE_HIGH), default=0.88)

    @cached_property
    def descent(self) -> float:
        """Reach below the baseline of the deepest common glyphs, in em, positive."""
        return -min(self._extents(_PROBE_LOW), default=-0.12)

    def covers(self, character: str) -> bool:
        """Whether the face has a glyph for the one character."""
        return bool(self._font.get_nominal_glyph(ord(character)))

    def width(self, text: str, size: float) -> float:
        """Sum of advances in millimetres at ``size`` millimetres.

        Raises:
            MissingGlyphError: The face lacks a character.
        """
        try:
            return sum(map(self.advances.__getitem__, text)) * size
        except KeyError as error:
            raise MissingGlyphError(error.args[0], [self.font_name]) from None

    def subset(self, characters: Iterable[str], *, glyph_ids: bool = False) -> Subset:
        """Cut the face down to the characters, keeping names and licence entries.

        Equal sets of characters give equal bytes. Glyph ids are renumbered, the character map stays. The glyph
        for missing characters is left empty: some readers draw it over characters outside the Basic Multilingual
        Plane, taking their second half for another character.

        Args:
            characters: What the subset must draw.
            glyph_ids: Whether to tell the new glyph ids; needed only where pages name glyphs.

        Raises:
            MissingGlyphError: The face lacks a character.
        """
        wanted = set(characters)
        try:
            for character in wanted - self.advances.keys():
                self.advances[character]
        except KeyError as error:
            raise MissingGlyphError(error.args[0], [self.font_name]) from None
        request = hb.SubsetInput()
        request.unicode_set.update(map(ord, wanted))
        request.layout_feature_tag_set.clear()
        request.drop_table_tag_set.update(_UNUSED_TABLES)
        request.name_id_set.update((_NAME_LICENCE, _NAME_LICENCE_ADDRESS))
        request.flags = hb.SubsetFlags.NO_HINTING
        plan = hb.SubsetPlan(self._subset_source, request)
        data: bytes = plan.execute().blob.data
        if not glyph_ids:
            return Subset(data, {})
        old, new = plan.unicode_to_old_glyph_mapping, plan.old_to_new_glyph_mapping
        return Subset(data, {character: new[old[ord(character)]] for character in sorted(wanted)})

    def outline(self, character: str) -> Outline:
        """Outline of the character's glyph in em, baseline origin, y upwards.

        Raises:
            MissingGlyphError: The face lacks the character.
        """
        glyph = self._font.get_nominal_glyph(ord(character))
        if not glyph:
            raise MissingGlyphError(character, [self.font_name])
        return read_outline(self._font, glyph, self.units_per_em)

    @cached_property
    def _subset_source(self) -> hb.Face:
        """The face with its tables unpacked for subsetting: 50 ms once instead of each time."""
        return hb.subset_preprocess(self._face)

    def _extents(self, probe: str) -> list[float]:
        """Upper and lower ink bounds of the probe's glyphs, in em."""
        bounds: list[float] = []
        for character in probe:
            glyph = self._font.get_nominal_glyph(ord(character))
            extents = self._font.get_glyph_extents(glyph) if glyph else None
            if extents is not None:
                top = extents.y_bearing / self.units_per_em
                bounds += [top, top + extents.height / self.units_per_em]
        return bounds
