"""AbbreviatedData (GB/T 33190-2016) to segments: S or M, L, Q, B, A and C with their coordinates."""

import re
from typing import Final

from formats.rendering.path_geometry import Segment, as_cubics

_COUNTS: Final = {"S": 2, "M": 2, "L": 2, "Q": 4, "B": 6, "A": 7, "C": 0}
_TOKEN: Final = re.compile(r"[A-Za-z]|[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_LIMIT: Final = 1e9


def read_path(data: str) -> tuple[list[Segment], str | None]:
    """The outline as moves, lines, cubic curves and closings, and what is wrong from where it stops, if anything.

    A drawing operator before any move starts at the origin. Coordinates beyond 10^9 end the path.
    """
    segments: list[tuple[str, tuple[float, ...]]] = []
    fault = None
    tokens = _TOKEN.findall(data)
    position = 0
    while position < len(tokens):
        operator = tokens[position]
        count = _COUNTS.get(operator)
        if count is None:
            fault = f"operator {operator[:12]}"
            break
        values = _numbers(tokens[position + 1 : position + 1 + count], count)
        if values is None:
            fault = f"coordinates of {operator}"
            break
        if operator in "SM":
            segments.append(("M", values))
        else:
            if not segments:
                segments.append(("M", (0.0, 0.0)))
            segments.append((operator, values))
        position += count + 1
    return list(as_cubics(segments)), fault


def _numbers(words: list[str], count: int) -> tuple[float, ...] | None:
    if len(words) != count:
        return None
    try:
        values = tuple(map(float, words))
    except ValueError:
        return None
    return values if all(-_LIMIT <= value <= _LIMIT for value in values) else None
