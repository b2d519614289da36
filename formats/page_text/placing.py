"""Where the characters of a text object stand (GB/T 33190-2016, CT_Text).

The baseline starts at X, Y of a TextCode; DeltaX and DeltaY lead from each character to the next. A list that is
too short goes on with its last value; deltas are counted in UTF-16 units where their number says so. A text that
states none is taken to advance by an em, Latin by half of one: what is asked is the order, not the exact place.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from formats.gbt33190.page_objects import TextCode, TextObject
from formats.gbt33190.text_steps import stated_steps

_STEPS = {0: (1.0, 0.0), 90: (0.0, 1.0), 180: (-1.0, 0.0), 270: (0.0, -1.0)}
_WIDE = "\u2e80"


def place_characters(
    text: TextObject, code: TextCode, start_x: float, start_y: float
) -> tuple[list[float], list[float]]:
    """Origins of the characters of one TextCode in object space, and of the place behind the last.

    Args:
        text: The object.
        code: One of its codes.
        start_x: Where the code before it ended, for codes that do not say where they start.
        start_y: The same downwards.
    """
    steps_x, steps_y = _steps(text, code)
    xs = list(accumulate(steps_x, initial=start_x if code.x is None else code.x))
    ys = list(accumulate(steps_y, initial=start_y if code.y is None else code.y))
    return xs, ys


def _steps(text: TextObject, code: TextCode) -> tuple[Sequence[float], Sequence[float]]:
    count = len(code.text)
    if not code.delta_x and not code.delta_y and count > 1:
        along_x, along_y = _STEPS.get(text.read_direction % 360, (1.0, 0.0))
        scale = text.size * (text.horizontal_scale if along_x else 1.0)
        lengths = [scale if along_y or character >= _WIDE else scale / 2 for character in code.text]
        return [along_x * length for length in lengths], [along_y * length for length in lengths]
    return stated_steps(code)
