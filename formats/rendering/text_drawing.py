"""Text objects as PDF text, and as outlines where they clip."""

import math
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from formats.gbt33190.page_objects import TextObject
from formats.gbt33190.values import IDENTITY, Matrix
from formats.rendering.canvas import Canvas
from formats.rendering.model import Account
from formats.rendering.path_geometry import Segment, path_operators, transformed
from formats.rendering.pdf_file import fine, number
from formats.rendering.pdf_fonts import Code
from formats.rendering.text_setting import PlacedGlyph

_BOLD_FROM: Final = 600
_BOLD_STROKE: Final = 0.03
"""Stroke, in em, that makes a bold text of a face that has no bold."""
_SLANT: Final = 0.2
_FILL: Final = 0
_STROKE: Final = 1
_FILL_AND_STROKE: Final = 2
_INVISIBLE: Final = 3


def glyph_matrix(text: TextObject) -> Matrix:
    """Em square, y upwards, to object space around a glyph's origin: size, width, slant, direction."""
    size = text.size
    upright = Matrix(size * text.horizontal_scale, 0, size * _SLANT if text.italic else 0, -size, 0, 0)
    turn = text.char_direction % 360
    if not turn:
        return upright
    angle = math.radians(turn)
    cos, sin = round(math.cos(angle), 12), round(math.sin(angle), 12)
    return upright.then(Matrix(cos, sin, -sin, cos, 0, 0))


def draw_text(
    canvas: Canvas, text: TextObject, glyphs: Iterable[PlacedGlyph], account: Account, *, bold_face: bool
) -> None:
    """Show placed glyphs; colours are set already."""
    matrix = glyph_matrix(text)
    embolden = text.weight >= _BOLD_FROM and not bold_face and text.fill and not text.stroke
    mode = _mode(text, embolden=embolden)
    if embolden:
        canvas.write(f"{number(_BOLD_STROKE * text.size)} w")
    if mode != _FILL:
        glyphs = list(glyphs)
        _draw_outlines(
            canvas, text, [glyph for glyph in glyphs if not glyph.chosen.font.source.true_type], mode, account
        )
        glyphs = [glyph for glyph in glyphs if glyph.chosen.font.source.true_type]
    operators = [f"BT {mode} Tr"]
    straight = matrix.b == 0 and matrix.c == 0 and matrix.a > 0
    coded = [
        (glyph.x, glyph.y, glyph.squeeze, glyph.chosen.font.code(glyph.chosen.glyph, glyph.text))
        for glyph in glyphs
    ]
    for (font, y, squeeze), run in groupby(coded, key=lambda item: (item[3].font, item[1], item[2])):
        operators.append(f"/{font} 1 Tf")
        narrowed = matrix if squeeze == 1 else Matrix(squeeze, 0, 0, 1, 0, 0).then(matrix)
        if straight:
            operators.append(_line(narrowed, y, [(x, code) for x, _, _, code in run]))
        else:
            operators.extend(_single(narrowed, x, y, code) for x, _, _, code in run)
    operators.append("ET")
    if coded:
        canvas.write("\n".join(operators))


def _mode(text: TextObject, *, embolden: bool) -> int:
    if embolden or (text.fill and text.stroke):
        return _FILL_AND_STROKE
    if text.stroke:
        return _STROKE
    return _FILL if text.fill else _INVISIBLE


def _line(matrix: Matrix, y: float, run: list[tuple[float, Code]]) -> str:
    """Glyphs on one baseline in one operator; the gaps correct the font's advances to the stated places."""
    place = matrix.then(Matrix(1, 0, 0, 1, run[0][0], y))
    parts: list[str] = []
    for index, (x, code) in enumerate(run):
        parts.append(f"<{code.hexadecimal}>")
        if index + 1 < len(run):
            gap = (code.width - (run[index + 1][0] - x) / matrix.a) * 1000
            if abs(gap) > 0.0005:
                parts.append(number(gap))
    return f"{_tm(place)} [{' '.join(parts)}] TJ"


def _single(matrix: Matrix, x: float, y: float, code: Code) -> str:
    return f"{_tm(matrix.then(Matrix(1, 0, 0, 1, x, y)))} <{code.hexadecimal}> Tj"


def _tm(matrix: Matrix) -> str:
    return f"{' '.join(map(fine, matrix))} Tm"


def _draw_outlines(
    canvas: Canvas, text: TextObject, glyphs: list[PlacedGlyph], mode: int, account: Account
) -> None:
    """Draw glyphs of Type 3 fonts, which PDF only fills: stroked ones as paths, invisible ones not at all."""
    if glyphs and mode != _INVISIBLE:
        canvas.write(f"{path_operators(text_outline(text, glyphs, account))}\n{'S' if mode == _STROKE else 'B'}")


def text_outline(text: TextObject, glyphs: Iterable[PlacedGlyph], account: Account) -> Iterator[Segment]:
    """The outlines of placed glyphs in object space."""
    matrix = glyph_matrix(text)
    for glyph in glyphs:
        outline = glyph.chosen.font.source.outline(glyph.chosen.glyph)
        account.spend("segments", len(outline))
        narrowed = Matrix(glyph.squeeze, 0, 0, 1, 0, 0).then(matrix)
        yield from transformed(outline, narrowed.then(IDENTITY._replace(e=glyph.x, f=glyph.y)))
