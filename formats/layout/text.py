"""Setting text into boxes: from characters and a style to positioned text objects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from formats.fonts import Face
from formats.gbt33190.drawing import DrawnText, TextRun
from formats.gbt33190.values import Box
from formats.layout.errors import OverfullError
from formats.layout.fitting import FittedLine, FittedText, fit
from formats.layout.line_breaking import SPACES
from formats.layout.style import Align, TextStyle, VerticalAlign

_EM_CENTRE: Final = 0.38
"""Middle of a Chinese character above the baseline, in em: it reaches from -0.12 to 0.88."""

_FIRST_IDEOGRAPHIC: Final = "\u2e80"
_MOST_STRETCH: Final = 0.6
"""A justified line is widened by at most this much in each gap, in em; else it stays flush left."""

_OVERHANG: Final = 0.1
"""How far slanted and curved Latin glyphs reach beyond their advance, in em."""


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
    return place(fit(text, style, box.width, box.height), box, field=field)


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
    baseline = _first_baseline(fitted, box)
    step = fitted.style.leading * fitted.size
    pieces: list[_Piece] = []
    for number, line in enumerate(fitted.lines):
        pieces += _line_pieces(fitted, line, box, baseline + number * step)
    objects = tuple(_objects(fitted, pieces, box, field))
    if fitted.remainder and fitted.style.continuation:
        objects = (*objects, *_continuation(fitted, box, baseline + (len(fitted.lines) - 1) * step))
    return LaidText(objects, fitted.size, len(fitted.lines), fitted.remainder)


def _first_baseline(fitted: FittedText, box: Box) -> float:
    """Baseline of the first line; centring goes by the body of Chinese characters, not by rare deep strokes."""
    style, size = fitted.style, fitted.size
    top = box.y + style.fonts.ascent * size
    lowest = box.bottom - fitted.height + style.fonts.ascent * size
    if style.baseline is not None:
        return max(top, box.y + style.baseline)
    if style.vertical is VerticalAlign.TOP:
        return top
    if style.vertical is VerticalAlign.BOTTOM:
        return lowest
    body = (len(fitted.lines) - 1) * style.leading * size
    centred = box.y + (box.height - body) / 2 + _EM_CENTRE * size
    return max(top, min(centred, lowest))


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
    start, _, end = line.line
    text = line.paragraph.text[start:end]
    if not text:
        return
    advances, indent = _spread(fitted, line, box.width)
    x = box.x + indent
    primary: Face = fitted.style.fonts.primary
    faces = line.paragraph.faces
    if faces is None and max(text) <= "\uffff":
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


def _spread(fitted: FittedText, line: FittedLine, width: float) -> tuple[list[float], float]:
    """Advances of a line's characters in millimetres, and its indent; spaces at the end take no room."""
    size, align = fitted.size, fitted.style.align
    start, visible_end, end = line.line
    paragraph = line.paragraph
    advances = [advance * size for advance in paragraph.advances[start:visible_end]]
    if end > visible_end:
        advances += [0.0] * (end - visible_end)
    count = visible_end - start
    if count:
        advances[count - 1] -= fitted.style.spacing * size
    if align is Align.LEFT or (align is Align.JUSTIFY and line.last) or not count:
        return advances, 0.0
    natural = (paragraph.offsets[visible_end] - paragraph.offsets[start] - fitted.style.spacing) * size
    slack = max(width - natural, 0.0)
    if align is Align.RIGHT:
        return advances, slack
    if align is Align.CENTRE or (align is Align.DISTRIBUTE and count == 1):
        return advances, slack / 2
    gaps = range(count - 1) if align is Align.DISTRIBUTE else _justifiable(paragraph.text[start:visible_end])
    extra = slack / len(gaps) if gaps else 0.0
    if align is Align.DISTRIBUTE or extra <= _MOST_STRETCH * size:
        for gap in gaps:
            advances[gap] += extra
    return advances, 0.0


def _justifiable(text: str) -> list[int]:
    """Gaps that may be widened: after each character unless it and the next belong to one Latin word."""
    return [
        index
        for index, (left, right) in enumerate(pairwise(text))
        if left >= _FIRST_IDEOGRAPHIC or right >= _FIRST_IDEOGRAPHIC or left in SPACES
    ]


def _objects(fitted: FittedText, pieces: list[_Piece], box: Box, field: str | None) -> Iterator[DrawnText]:
    """Text objects: neighbouring pieces of one face together."""
    start = 0
    for position in range(1, len(pieces) + 1):
        if position == len(pieces) or pieces[position].face is not pieces[start].face:
            yield _object(fitted, pieces[start:position], box, field)
            start = position


def _object(fitted: FittedText, pieces: list[_Piece], box: Box, field: str | None) -> DrawnText:
    """One text object, its boundary around the ink, within the box."""
    style, size = fitted.style, fitted.size
    overhang = _OVERHANG * size
    left = max(box.x, min([piece.x for piece in pieces]) - overhang)
    right = min(box.right, max([piece.x + sum(piece.advances) for piece in pieces]) + overhang)
    top = pieces[0].baseline - style.fonts.ascent * size
    bottom = pieces[-1].baseline + style.fonts.descent * size
    runs = tuple(
        [TextRun(piece.text, piece.x - left, piece.baseline - top, piece.advances[:-1]) for piece in pieces]
    )
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
        yield _object(fitted, [_Piece(face, character, x, baseline, (advance,))], box, None)
        x += advance
