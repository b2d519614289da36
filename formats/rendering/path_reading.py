"""AbbreviatedData (GB/T 33190-2016) to segments: S or M, L, Q, B, A and C with their coordinates."""

from typing import Final

from formats.gbt33190.abbreviated_data import OPERAND_COUNTS, coordinates, split_operations
from formats.rendering.path_geometry import Segment, as_cubics

_CURVED: Final = frozenset("QA")


def read_path(data: str) -> tuple[list[Segment], str | None]:
    """The outline as moves, lines, cubic curves and closings, and what is wrong from where it stops, if anything.

    A drawing operator before any move starts at the origin. Coordinates beyond 10^9 end the path.
    """
    segments: list[tuple[str, tuple[float, ...]]] = []
    fault = None
    curved = False
    for operator, written, other in split_operations(data):
        count = OPERAND_COUNTS.get(operator)
        if count is None:
            fault = f"operator {(operator or other)}"
            break
        values = coordinates(written, count)
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
