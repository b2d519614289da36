"""Setting text into boxes: from characters and a style to positioned text objects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from formats.fonts import Face
from formats.gbt33190.drawing import DrawnText, TextRun
from formats.gbt33190.values import Box
from formats.layout.alignment import align_line, first_baseline
from formats.layout.errors import OverfullError
from formats.layout.fitting import FittedLine, FittedText, fit, line_height
from formats.layout.line_breaking import SPACES
from formats.layout.style import TextStyle

_OVERHANG: Final = 0.1
"""How far slanted and curved Latin glyphs reach beyond their advance, in em."""

_SURELY_SEVERAL_LINES: Final = 3
"""Text of this many times the characters that fit at one em each is not tried as a single line; should it be one
nevertheless, the long way sets it alike."""


@dataclass(frozen=True, slots=True)
class LaidText:
    """Text in its place.

    Attributes:
        objects: Text objects in reading order; one where a single font does.
        size: The size used, millimetres.
        line_count: How many lines.
        remainder: What did not fit; empty where the whole text was asked for.
    """

    objects: tuple[DrawnText, ...]
    size: float
    line_count: int
    remainder: str


def lay_text(box: Box, text: str, style: TextStyle, *, field: str | None = None) -> LaidText:
    """Set the whole of a text into a box.

    The objects' runs, joined, are the text without its line ends; nothing else is lost, added or moved, so that
    what a reader extracts by the data index can be compared with the metadata.

    Args:
        box: Millimetres on the page; no run lies outside.
        text: Paragraphs apart by line ends. Empty text gives no objects.
        style: How.
        field: Business field of the objects, for the data index.

    Raises:
        OverfullError: The text does not fit, even at the smallest size.
        LayoutError: Not even one line fits.
        MissingGlyphError: No font holds a character.
    """
    laid = lay_part(box, text, style, field=field)
    if laid.remainder:
        raise OverfullError(len(text), laid.remainder, laid.size)
    return laid


def lay_part(box: Box, text: str, style: TextStyle, *, field: str | None = None) -> LaidText:
    """Set as much of a text into a box as fits; the caller must find a place for the remainder.

    Raises:
        LayoutError: Not one line fits, even at the smallest size.
        MissingGlyphError: No font holds a character.
    """
    if not text:
        return LaidText((), style.size, 0, "")
    laid = _lay_line(box, text, style, field)
    return place(fit(text, style, box.width, box.height), box, field=field) if laid is None else laid


def _lay_line(box: Box, text: str, style: TextStyle, field: str | None) -> LaidText | None:
    """The short way for what most fields are: one line in one font that fits at the wanted size.

    Returns:
        What the long way gives, or None where the text needs it.
    """
    fonts, size, spacing = style.fonts, style.size, style.spacing
    if len(text) * size > _SURELY_SEVERAL_LINES * box.width:
        return None
    if "\n" in text or "\r" in text or text[-1] in SPACES or max(text) > "\uffff":
        return None
    ems, faces = fonts.measure(text)
    height = line_height(style, size)
    width = sum(ems) + spacing * len(ems)
    if faces is not None or width > box.width / size or height > box.height:
        return None
    if spacing:
        advances = [(em + spacing) * size for em in ems]
        advances[-1] -= spacing * size
    else:
        advances = [em * size for em in ems]
    x = box.x + align_line(text, advances, style, size, box.width, last=True)
    baseline = first_baseline(box, style, size, 1, height)
    item = _object(style, size, [_Piece(fonts.primary, text, x, baseline, tuple(advances))], box, field)
    return LaidText((item,), size, 1, "")


def lay_pages(
    text: str, style: TextStyle, first: Box, following: Box, *, field: str | None = None
) -> list[LaidText]:
    """Set a text into a box and, as long as something remains, into boxes of continuation pages.

    Raises:
        LayoutError: As :func:`lay_part`.
        MissingGlyphError: As :func:`lay_part`.
    """
    laid = [lay_part(first, text, style, field=field)]
    while laid[-1].remainder:
        laid.append(lay_part(following, laid[-1].remainder, style, field=field))
    return laid


def place(fitted: FittedText, box: Box, *, field: str | None = None) -> LaidText:
    """Put fitted lines into a box of the width they were fitted to."""
    baseline = first_baseline(box, fitted.style, fitted.size, len(fitted.lines), fitted.height)
    step = fitted.style.leading * fitted.size
    pieces: list[_Piece] = []
    for number, line in enumerate(fitted.lines):
        pieces += _line_pieces(fitted, line, box, baseline + number * step)
    objects = tuple(_objects(fitted, pieces, box, field))
    if fitted.remainder and fitted.style.continuation:
        objects = (*objects, *_continuation(fitted, box, baseline + (len(fitted.lines) - 1) * step))
    return LaidText(objects, fitted.size, len(fitted.lines), fitted.remainder)


class _Piece(NamedTuple):
    """A stretch of a line in one face, on the page."""

    face: Face
    text: str
    x: float
    baseline: float
    advances: tuple[float, ...]
    """Of every character, in millimetres."""


def _line_pieces(fitted: FittedText, line: FittedLine, box: Box, baseline: float) -> Iterator[_Piece]:
    """The pieces of one line: one, unless a character needs another face or stands outside the BMP."""
    start, visible_end, end = line.line
    paragraph = line.paragraph
    text = paragraph.text[start:end]
    if not text:
        return
    style, size = fitted.style, fitted.size
    advances = [advance * size for advance in paragraph.advances[start:visible_end]]
    if advances and style.spacing:
        advances[-1] -= style.spacing * size
    visible = text[: visible_end - start]
    x = box.x + align_line(visible, advances, style, size, box.width, last=line.last)
    if end > visible_end:
        advances += [0.0] * (end - visible_end)
    primary: Face = style.fonts.primary
    faces = paragraph.faces
    if faces is None and paragraph.in_basic_plane:
        yield _Piece(primary, text, x, baseline, tuple(advances))
        return
    for first, last in _spans(text, faces[start:end] if faces is not None else [primary] * len(text)):
        face = faces[start + first] if faces is not None else primary
        yield _Piece(face, text[first:last], x + sum(advances[:first]), baseline, tuple(advances[first:last]))


def _spans(text: str, faces: Sequence[Face]) -> Iterator[tuple[int, int]]:
    """Stretches of one face; a character outside the Basic Multilingual Plane stands alone."""
    start = 0
    for position in range(1, len(text) + 1):
        if (
            position == len(text)
            or faces[position] is not faces[start]
            or text[position] > "\uffff"
            or text[position - 1] > "\uffff"
        ):
            yield start, position
            start = position


def _objects(fitted: FittedText, pieces: list[_Piece], box: Box, field: str | None) -> Iterator[DrawnText]:
    """Text objects: neighbouring pieces of one face together."""
    start = 0
    for position in range(1, len(pieces) + 1):
        if position == len(pieces) or pieces[position].face is not pieces[start].face:
            yield _object(fitted.style, fitted.size, pieces[start:position], box, field)
            start = position


def _object(style: TextStyle, size: float, pieces: list[_Piece], box: Box, field: str | None) -> DrawnText:
    """One text object, its boundary around the ink, within the box."""
    overhang = _OVERHANG * size
    edge = box.x + box.width
    first = min([edge, *[piece.x for piece in pieces]])
    last = max([box.x, *[piece.x + sum(piece.advances) for piece in pieces]])
    left, right = max(box.x, first - overhang), min(edge, last + overhang)
    top = pieces[0].baseline - style.fonts.ascent * size
    bottom = pieces[-1].baseline + style.fonts.descent * size
    runs = tuple([TextRun(text, x - left, y - top, advances[:-1]) for _, text, x, y, advances in pieces])
    boundary = Box(left, top, max(right - left, overhang), bottom - top)
    return DrawnText(boundary, pieces[0].face, size, runs, style.color, field)


def _continuation(fitted: FittedText, box: Box, baseline: float) -> Iterator[DrawnText]:
    """The continuation mark after the last line; no field, for it is no part of the text."""
    style, size = fitted.style, fitted.size
    last = fitted.lines[-1]
    offsets = last.paragraph.offsets
    x = box.x + (offsets[last.line.visible_end] - offsets[last.line.start]) * size
    for character in style.continuation:
        face = style.fonts.face_of(character)
        advance = face.advances[character] * size
        yield _object(style, size, [_Piece(face, character, x, baseline, (advance,))], box, None)
        x += advance
