"""Glyph outlines as path operators, for text drawn as shapes (seal imprints, titles without a font file)."""

from typing import Final, TypeAlias

import uharfbuzz as hb

Segment: TypeAlias = tuple[str, tuple[float, ...]]
"""Operator of GB/T 33190 AbbreviatedData (M, L, Q, B or C) and its coordinates."""

Outline: TypeAlias = tuple[Segment, ...]


def _recorder() -> hb.DrawFuncs:
    """Callbacks that append to the list handed along as draw data."""
    functions = hb.DrawFuncs()
    functions.set_move_to_func(lambda x, y, out: out.append(("M", (x, y))))
    functions.set_line_to_func(lambda x, y, out: out.append(("L", (x, y))))
    functions.set_quadratic_to_func(lambda a, b, x, y, out: out.append(("Q", (a, b, x, y))))
    functions.set_cubic_to_func(lambda a, b, c, d, x, y, out: out.append(("B", (a, b, c, d, x, y))))
    functions.set_close_path_func(lambda out: out.append(("C", ())))
    return functions


_RECORDER: Final = _recorder()


def read_outline(font: hb.Font, glyph: int, units_per_em: int) -> Outline:
    """Outline of one glyph scaled to em."""
    segments: list[Segment] = []
    font.draw_glyph(glyph, _RECORDER, segments)
    return tuple(
        (operator, tuple(value / units_per_em for value in coordinates)) for operator, coordinates in segments
    )
