"""Fonts of a PDF file whose codes are glyphs, each with the text it stands for, so that pages stay searchable.

TrueType outlines become a composite font with an embedded subset. Others (CFF) become a Type 3 font of drawn
outlines: character collections of CFF fonts do not survive arbitrary glyph numbers.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from formats.gbt33190.values import Matrix
from formats.rendering.canvas import Output
from formats.rendering.glyph_source import GlyphSource
from formats.rendering.model import Left
from formats.rendering.path_geometry import bounds, path_operators, transformed
from formats.rendering.pdf_file import number, numbers

_MAX_CIDS: Final = 60_000
_MAX_TYPE3: Final = 256
_SYMBOLIC: Final = 4


class Code(NamedTuple):
    """How a glyph is shown: the font's resource name, its code in hexadecimal, the advance stated (em)."""

    font: str
    hexadecimal: str
    width: float


class _Part(Protocol):
    """One PDF font; a source has several if one cannot hold all its glyphs."""

    @property
    def full(self) -> bool:
        """Whether no further glyph fits."""

    def add(self, glyph: int, text: str) -> Code:
        """The code of a glyph that stands for some text."""

    def finish(self) -> None:
        """Write the font's objects."""


class SourceFont:
    """All glyphs drawn from one source."""

    def __init__(self, source: GlyphSource, output: Output) -> None:
        self.source = source
        self._output = output
        self._parts: list[_Part] = []
        self._codes: dict[tuple[int, str], Code] = {}

    def code(self, glyph: int, text: str) -> Code:
        """How to show ``glyph`` for ``text``."""
        known = self._codes.get((glyph, text))
        if known is None:
            if not self._parts or self._parts[-1].full:
                kind = _CompositeFont if self.source.true_type else _OutlineFont
                self._parts.append(kind(self.source, self._output))
            known = self._codes[(glyph, text)] = self._parts[-1].add(glyph, text)
        return known

    def finish(self) -> None:
        """Write all fonts made."""
        for part in self._parts:
            part.finish()


class _CompositeFont:
    """Type 0 over CIDFontType2: the code is a number given in order of first use, mapped to the subset's glyph."""

    def __init__(self, source: GlyphSource, output: Output) -> None:
        self._source = source
        self._output = output
        self._number = output.file.reserve()
        self._name = output.name("Font", self._number)
        self._glyphs: list[int] = []
        self._texts: list[str] = []
        self._widths: list[int] = []

    @property
    def full(self) -> bool:
        return len(self._glyphs) >= _MAX_CIDS

    def add(self, glyph: int, text: str) -> Code:
        width = round(self._source.advance(glyph) * 1000)
        self._glyphs.append(glyph)
        self._texts.append(text)
        self._widths.append(width)
        return Code(self._name, f"{len(self._glyphs) - 1:04X}", width / 1000)

    def finish(self) -> None:
        file = self._output.file
        try:
            data, new_numbers = self._source.subset({0, *self._glyphs})
        except ValueError as exc:  # some glyph is damaged: all are shown as the font's sign for a missing one
            self._output.account.omit(Left.GLYPH_MISSING, self._source.name, str(exc))
            data, new_numbers = self._source.subset({0})
        embedded = file.add_stream(f"/Length1 {len(data)}", data)
        to_glyph = b"".join(new_numbers.get(glyph, 0).to_bytes(2, "big") for glyph in self._glyphs)
        mapping = file.add_stream("", to_glyph)
        name = f"XINYIN+{self._source.name}"
        descriptor = file.add(
            f"<< /Type /FontDescriptor /FontName /{name} /Flags {_SYMBOLIC} /FontBBox [-1000 -1000 2000 2000]"
            f" /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 700 /StemV 80 /FontFile2 {embedded} 0 R >>"
        )
        widths = " ".join(map(str, self._widths))
        descendant = file.add(
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name}"
            f" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
            f" /W [0 [{widths}]] /DW 1000 /FontDescriptor {descriptor} 0 R /CIDToGIDMap {mapping} 0 R >>"
        )
        unicode_map = file.add_stream("", to_unicode(self._texts, digits=4))
        file.put(
            self._number,
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H"
            f" /DescendantFonts [{descendant} 0 R] /ToUnicode {unicode_map} 0 R >>",
        )


class _OutlineFont:
    """Type 3: every glyph is a small drawing in thousandths of an em."""

    def __init__(self, source: GlyphSource, output: Output) -> None:
        self._source = source
        self._output = output
        self._number = output.file.reserve()
        self._name = output.name("Font", self._number)
        self._procedures: list[int] = []
        self._texts: list[str] = []
        self._widths: list[float] = []

    @property
    def full(self) -> bool:
        return len(self._procedures) >= _MAX_TYPE3

    def add(self, glyph: int, text: str) -> Code:
        width = round(self._source.advance(glyph) * 1000)
        outline = list(transformed(self._source.outline(glyph), Matrix(1000, 0, 0, 1000, 0, 0)))
        self._output.account.spend("segments", len(outline))
        box = bounds(outline) or (0, 0, 0, 0)
        drawing = f"{width} 0 {numbers(box)} d1\n{path_operators(outline)}\nf"
        self._procedures.append(self._output.file.add_stream("", drawing.encode("ascii")))
        self._texts.append(text)
        self._widths.append(width)
        return Code(self._name, f"{len(self._procedures) - 1:02X}", width / 1000)

    def finish(self) -> None:
        last = len(self._procedures) - 1
        names = " ".join(f"/g{index}" for index in range(last + 1))
        procedures = " ".join(f"/g{index} {number_} 0 R" for index, number_ in enumerate(self._procedures))
        unicode_map = self._output.file.add_stream("", to_unicode(self._texts, digits=2))
        self._output.file.put(
            self._number,
            f"<< /Type /Font /Subtype /Type3 /Name /{self._name} /FontBBox [-1000 -1000 2000 2000]"
            f" /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 0 /LastChar {last}"
            f" /Widths [{' '.join(map(number, self._widths))}] /CharProcs << {procedures} >>"
            f" /Encoding << /Type /Encoding /Differences [0 {names}] >> /Resources << >>"
            f" /ToUnicode {unicode_map} 0 R >>",
        )


def to_unicode(texts: Sequence[str], *, digits: int) -> bytes:
    """A ToUnicode CMap for codes 0, 1, 2 … of ``digits`` hexadecimal digits (ISO 32000-1 9.10.3)."""
    entries = [
        f"<{code:0{digits}X}> <{text.encode('utf-16-be', 'replace').hex().upper()}>"
        for code, text in enumerate(texts)
    ]
    blocks = (entries[start : start + 100] for start in range(0, len(entries), 100))
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
            f"1 begincodespacerange <{'0' * digits}> <{'F' * digits}> endcodespacerange",
            *_blocks(blocks),
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        ]
    ).encode("ascii")


def _blocks(blocks: Iterable[Sequence[str]]) -> Iterable[str]:
    for block in blocks:
        yield f"{len(block)} beginbfchar"
        yield from block
        yield "endbfchar"
