"""Where every glyph of a text object goes.

The baseline starts at X, Y of a TextCode; DeltaX and DeltaY lead from each character to the next. A list that is
too short goes on with its last value. Deltas are counted in characters, or in UTF-16 units where their number says
so. A text of several characters that states no delta at all is set by the font's advances, in reading direction.
"""

from itertools import accumulate
from typing import Final, NamedTuple

from formats.gbt33190.page_objects import GlyphTransform, TextCode, TextObject
from formats.gbt33190.text_steps import stated_steps
from formats.rendering.font_choice import ChosenGlyph, FontChoice
from formats.rendering.model import Account, Left

_STEPS: Final = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}
_NARROWEST: Final = 0.5

_Piece = tuple[str, ChosenGlyph | None]
"""A glyph and the text it stands for; no glyph for white space and for what no font has."""


class PlacedGlyph(NamedTuple):
    """A glyph with its origin in object space and the text it stands for.

    ``squeeze`` narrows a glyph of another font than the one meant, where it would run into the next.
    """

    x: float
    y: float
    text: str
    chosen: ChosenGlyph
    squeeze: float = 1.0


def place_glyphs(text: TextObject, fonts: FontChoice, account: Account, where: str) -> list[PlacedGlyph]:
    """The glyphs of all codes, in order."""
    placed: list[PlacedGlyph] = []
    x = y = 0.0
    for code in text.codes:
        account.spend("glyphs", len(code.text))
        pieces = _pieces(code, fonts, where)
        if code.delta_x or code.delta_y or len(pieces) < 2:
            steps_x, steps_y = stated_steps(code)
        else:
            account.omit(Left.ADVANCES_ASSUMED, where)
            steps_x, steps_y = _assumed_steps(text, pieces)
        xs = list(accumulate(steps_x, initial=x if code.x is None else code.x))
        ys = list(accumulate(steps_y, initial=y if code.y is None else code.y))
        x, y = xs[-1], ys[-1]
        last = len(pieces) - 1
        for index, (piece, chosen) in enumerate(pieces):
            if chosen is None:
                continue
            squeeze = 1.0
            if chosen.font is not fonts.own and index < last:
                squeeze = _squeeze(text, chosen, steps_x[index])
            placed.append(PlacedGlyph(xs[index], ys[index], piece, chosen, squeeze))
    return placed


def _squeeze(text: TextObject, chosen: ChosenGlyph, step: float) -> float:
    width = chosen.font.source.advance(chosen.glyph) * text.size * text.horizontal_scale
    return round(max(step / width, _NARROWEST), 2) if width > step * 1.02 > 0 else 1.0


def _pieces(code: TextCode, fonts: FontChoice, where: str) -> list[_Piece]:
    """One entry for each character; characters a transform joins leave empty entries behind the first."""
    if not code.transforms or fonts.own is None:
        return [(character, fonts.glyph(character, where)) for character in code.text]
    named: dict[int, _Piece] = {}
    for transform in code.transforms:
        _apply(transform, code.text, fonts, named)
    return [
        named[index] if index in named else (character, fonts.glyph(character, where))
        for index, character in enumerate(code.text)
    ]


def _apply(transform: GlyphTransform, text: str, fonts: FontChoice, named: dict[int, _Piece]) -> None:
    start = transform.code_position
    count = min(transform.code_count, len(text) - start)
    glyphs = transform.glyphs
    if start < 0 or count <= 0 or not glyphs:
        return
    for offset in range(count):
        if offset >= len(glyphs):
            named[start + offset] = ("", None)
            continue
        chosen = fonts.numbered(glyphs[offset])
        if chosen is None:
            continue  # the number is none of this font's: the character decides
        # The last glyph stands for all characters left: a ligature keeps its whole text.
        end = start + count if offset == len(glyphs) - 1 else start + offset + 1
        named[start + offset] = (text[start + offset : end], chosen)


def _assumed_steps(text: TextObject, pieces: list[_Piece]) -> tuple[list[float], list[float]]:
    """The font's advances along the reading direction; a line downwards has one em a character."""
    along_x, along_y = _STEPS.get(text.read_direction % 360, (1, 0))
    size = text.size * (text.horizontal_scale if along_x else 1.0)
    lengths = []
    for piece, chosen in pieces:
        em = 0.5 if chosen is None else chosen.font.source.advance(chosen.glyph) if along_x else 1.0
        lengths.append(em * size if piece else 0.0)
    return [along_x * length for length in lengths], [along_y * length for length in lengths]
