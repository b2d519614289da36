"""Where every glyph of a text object goes.

The baseline starts at X, Y of a TextCode; DeltaX and DeltaY lead from each character to the next. A list that is
too short goes on with its last value. Deltas are counted in characters, or in UTF-16 units where their number says
so. A text of several characters that states no delta at all is set by the font's advances, in reading direction.
"""

from collections.abc import Iterator
from typing import NamedTuple

from formats.gbt33190.page_objects import GlyphTransform, TextCode, TextObject
from formats.rendering.font_choice import ChosenGlyph, FontChoice
from formats.rendering.model import Account, Left

_STEPS = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}


class PlacedGlyph(NamedTuple):
    """A glyph with its origin in object space and the text it stands for.

    ``chosen`` is None for white space. ``squeeze`` narrows a glyph of another font than the one meant, where it
    would run into the next.
    """

    x: float
    y: float
    text: str
    chosen: ChosenGlyph | None
    squeeze: float = 1.0


def place_glyphs(text: TextObject, fonts: FontChoice, account: Account, where: str) -> Iterator[PlacedGlyph]:
    """The glyphs of all codes, in order."""
    x = y = 0.0
    for code in text.codes:
        x = x if code.x is None else code.x
        y = y if code.y is None else code.y
        account.spend("glyphs", len(code.text))
        glyphs = _glyphs_of(code, fonts, where)
        steps = _steps(code, text, glyphs, account, where)
        last = len(glyphs) - 1
        for index, ((piece, chosen), (dx, dy)) in enumerate(zip(glyphs, steps, strict=True)):
            squeeze = _squeeze(text, fonts, chosen, dx) if index < last else 1.0
            yield PlacedGlyph(x, y, piece, chosen, squeeze)
            x, y = x + dx, y + dy


def _squeeze(text: TextObject, fonts: FontChoice, chosen: ChosenGlyph | None, step: float) -> float:
    if chosen is None or chosen.font is fonts.own or step <= 0:
        return 1.0
    width = chosen.font.source.advance(chosen.glyph) * text.size * text.horizontal_scale
    return round(max(step / width, 0.5), 2) if width > step * 1.02 else 1.0


def _glyphs_of(code: TextCode, fonts: FontChoice, where: str) -> list[tuple[str, ChosenGlyph | None]]:
    """One entry for each character; characters a transform joins leave empty entries behind the first."""
    named = _transformed(code, fonts)
    result: list[tuple[str, ChosenGlyph | None]] = []
    for index, character in enumerate(code.text):
        if index in named:
            result.append(named[index])
        elif _is_blank(character):
            result.append((character, None))
        else:
            result.append((character, fonts.glyph(character, where)))
    return result


def _transformed(code: TextCode, fonts: FontChoice) -> dict[int, tuple[str, ChosenGlyph | None]]:
    named: dict[int, tuple[str, ChosenGlyph | None]] = {}
    for transform in code.transforms:
        if fonts.own is not None:
            _apply(transform, code.text, fonts, named)
    return named


def _apply(
    transform: GlyphTransform, text: str, fonts: FontChoice, named: dict[int, tuple[str, ChosenGlyph | None]]
) -> None:
    start = transform.code_position
    count = min(transform.code_count, len(text) - start)
    glyphs = transform.glyphs
    if start < 0 or count <= 0 or not glyphs:
        return
    for offset in range(count):
        last = offset == len(glyphs) - 1
        if offset >= len(glyphs):
            named[start + offset] = ("", None)
            continue
        chosen = fonts.numbered(glyphs[offset])
        if chosen is None and not _is_blank(text[start + offset]):
            continue  # the number is none of this font's: the character decides
        # The last glyph stands for all characters left: a ligature keeps its whole text.
        piece = text[start + offset : start + count] if last else text[start + offset]
        named[start + offset] = (piece, chosen)


def _steps(
    code: TextCode,
    text: TextObject,
    glyphs: list[tuple[str, ChosenGlyph | None]],
    account: Account,
    where: str,
) -> Iterator[tuple[float, float]]:
    """The way from each character to the next."""
    count = len(glyphs)
    if not code.delta_x and not code.delta_y and count > 1:
        account.omit(Left.ADVANCES_ASSUMED, where)
        along_x, along_y = _STEPS.get(text.read_direction % 360, (1, 0))
        size = text.size * (text.horizontal_scale if along_x else 1.0)
        for piece, chosen in glyphs:
            em = 0.5 if chosen is None else chosen.font.source.advance(chosen.glyph)
            em = em if along_x or chosen is None else 1.0
            yield (along_x * em * size, along_y * em * size) if piece else (0.0, 0.0)
        return
    units = _unit_counts(code)
    yield from zip(_axis(code.delta_x, units, count), _axis(code.delta_y, units, count), strict=True)


def _unit_counts(code: TextCode) -> list[int] | None:
    """UTF-16 units of each character if the deltas are counted in them, else None."""
    longest = max(len(code.delta_x), len(code.delta_y))
    units = [2 if character > "\uffff" else 1 for character in code.text]
    total = sum(units)
    return units if total > len(units) and longest >= total - 1 else None


def _axis(deltas: tuple[float, ...], units: list[int] | None, count: int) -> Iterator[float]:
    if not deltas:
        yield from [0.0] * count
        return
    position = 0
    for index in range(count):
        taken = units[index] if units is not None else 1
        yield sum(deltas[min(position + step, len(deltas) - 1)] for step in range(taken))
        position += taken


def _is_blank(character: str) -> bool:
    return character.isspace() or not character.isprintable()
