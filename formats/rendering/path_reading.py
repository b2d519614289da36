"""AbbreviatedData (GB/T 33190-2016) to segments: S or M, L, Q, B, A and C with their coordinates."""

import re
from typing import Final

from formats.rendering.path_geometry import Segment, as_cubics

_COUNTS: Final = {"S": 2, "M": 2, "L": 2, "Q": 4, "B": 6, "A": 7, "C": 0}
_OPERATION: Final = re.compile(r"([A-DF-Za-df-z])([0-9eE+\-.\s]*)|(\S)")
"""An operator with what may be its coordinates (E is an exponent's), or what is neither."""
_CURVED: Final = frozenset("QA")
_LIMIT: Final = 1e9


def read_path(data: str) -> tuple[list[Segment], str | None]:
    """The outline as moves, lines, cubic curves and closings, and what is wrong from where it stops, if anything.

    A drawing operator before any move starts at the origin. Coordinates beyond 10^9 end the path.
    """
    segments: list[tuple[str, tuple[float, ...]]] = []
    fault = None
    curved = False
    for operator, coordinates, other in _OPERATION.findall(data):
        count = _COUNTS.get(operator)
        if count is None:
            fault = f"operator {(operator or other)}"
            break
        values = _numbers(coordinates, count)
        if values is None:
            fault = f"coordinates of {operator}"
            break
        if operator in "SM":
            segments.append(("M", values))
            continue
        if not segments:
            segments.append(("M", (0.0, 0.0)))
        curved = curved or operator in _CURVED
        segments.append((operator, values))
    return list(as_cubics(segments)) if curved else segments, fault


def _numbers(text: str, count: int) -> tuple[float, ...] | None:
    try:
        values = tuple(map(float, text.split()))
    except ValueError:
        return None
    if len(values) != count or (values and not -_LIMIT <= min(values) <= max(values) <= _LIMIT):
        return None
    return values
