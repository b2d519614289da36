"""Which glyphs a font resource means: the embedded file's, else those of an installed font of its kind."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import uharfbuzz as hb

from formats.errors import MalformedDataError
from formats.fonts import FontFace, FontLibrary, FontsNotFoundError, Typeface
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.resources import Font
from formats.rendering.bare_cff import as_font_file, is_bare_cff
from formats.rendering.canvas import Output
from formats.rendering.glyph_source import GlyphSource, installed_source
from formats.rendering.model import Left
from formats.rendering.pdf_fonts import SourceFont

_SANS_MARKS: Final = (
    "黑",
    "hei",
    "sans",
    "arial",
    "helvetica",
    "verdana",
    "tahoma",
    "calibri",
    "deng",
    "等线",
    "圆",
)
_BOLD_MARKS: Final = ("bold", "粗", "black", "heavy", "小标宋", "大标宋")


class ChosenGlyph(NamedTuple):
    """A glyph and the font it is drawn from."""

    font: SourceFont
    glyph: int


class FontStock:
    """Fonts of one file: every source is embedded once, whoever uses it."""

    def __init__(self, output: Output, library: FontLibrary) -> None:
        self._output = output
        self._library = library
        self._installed: dict[Typeface, list[SourceFont]] = {}
        self._by_source: dict[int, SourceFont] = {}
        self._by_file: dict[bytes, SourceFont | None] = {}
        self._all: list[SourceFont] = []

    def embedded(self, data: bytes) -> SourceFont | None:
        """The font in a file of the package, None if it holds no glyphs."""
        if data not in self._by_file:
            try:
                font_file = as_font_file(data) if is_bare_cff(data) else data
                self._by_file[data] = self._add(GlyphSource(hb.Blob(font_file)))
            except ValueError:
                self._by_file[data] = None
        return self._by_file[data]

    def installed(self, typeface: Typeface) -> list[SourceFont]:
        """The installed fonts for a typeface, the best first; none if none is installed."""
        known = self._installed.get(typeface)
        if known is None:
            known = self._installed[typeface] = [self._add(source) for source in self._sources(typeface)]
        return known

    def finish(self) -> None:
        """Write all fonts used."""
        for font in self._all:
            font.finish()

    def _sources(self, typeface: Typeface) -> Iterator[GlyphSource]:
        try:
            faces = self._library.chain(typeface).faces
        except FontsNotFoundError:
            return
        for face in faces:
            if isinstance(face, FontFace):
                yield installed_source(face.path, face.index)

    def _add(self, source: GlyphSource) -> SourceFont:
        known = self._by_source.get(id(source))
        if known is None:
            known = self._by_source[id(source)] = SourceFont(source, self._output)
            self._all.append(known)
        return known


class FontChoice:
    """Glyphs for the text of one font resource."""

    def __init__(self, font: Font | None, package: OfdPackage, stock: FontStock, output: Output) -> None:
        self._output = output
        self._stock = stock
        self._typeface = typeface_of(font)
        self._name = "unknown font" if font is None else font.name
        self.own = _own(font, package, stock)
        self.bold = font is not None and (font.bold or self._typeface is Typeface.SERIF_BOLD)
        self._known: dict[str, ChosenGlyph] = {}

    def numbered(self, glyph: int) -> ChosenGlyph | None:
        """The glyph a CGTransform names; None without the embedded font, for numbers mean nothing elsewhere."""
        if self.own is None or not 0 < glyph < self.own.source.glyph_count:
            return None
        return ChosenGlyph(self.own, glyph)

    def glyph(self, character: str, where: str) -> ChosenGlyph | None:
        """The glyph for a character; None for white space and, with an omission noted, if no font has it."""
        known = self._known.get(character)
        if known is not None:
            return known
        if character.isspace() or not character.isprintable():
            return None
        if self.own is not None:
            glyph = self.own.source.glyph(character)
            if glyph:
                known = self._known[character] = ChosenGlyph(self.own, glyph)
                return known
        account = self._output.account
        for font in self._stock.installed(self._typeface):
            glyph = font.source.glyph(character)
            if glyph:
                if self.own is None:
                    account.omit(Left.FONT_REPLACED, where, f"{self._name}: {font.source.name}")
                else:
                    account.omit(Left.GLYPH_REPLACED, where, f"{self._name}: U+{ord(character):04X}")
                return ChosenGlyph(font, glyph)
        account.omit(Left.GLYPH_MISSING, where, f"{self._name}: U+{ord(character):04X}")
        return None


def _own(font: Font | None, package: OfdPackage, stock: FontStock) -> SourceFont | None:
    if font is None or font.file is None:
        return None
    try:
        return stock.embedded(package.read(font.file))
    except MalformedDataError:
        return None  # every glyph drawn instead is noted


def typeface_of(font: Font | None) -> Typeface:
    """The installed typeface nearest to a font resource, by its names."""
    if font is None:
        return Typeface.SERIF
    names = f"{font.name} {font.family or ''}".lower()
    if any(mark in names for mark in _SANS_MARKS) and not font.serif:
        return Typeface.SANS
    if font.bold or any(mark in names for mark in _BOLD_MARKS):
        return Typeface.SERIF_BOLD
    return Typeface.SERIF
