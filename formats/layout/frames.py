"""Rules and frames: straight lines around and between things."""

from collections.abc import Iterable

from formats.gbt33190.drawing import DrawnPath, PathBuilder, Rgb
from formats.gbt33190.values import Box
from formats.layout.errors import LayoutError


def inset(box: Box, by: float) -> Box:
    """A box smaller by some millimetres on every side; larger where negative.

    Raises:
        LayoutError: Nothing is left.
    """
    if box.width <= 2 * by or box.height <= 2 * by:
        raise LayoutError(f"{by} mm on every side leave nothing of {box}")
    return Box(box.x + by, box.y + by, box.width - 2 * by, box.height - 2 * by)


def filled(box: Box, color: Rgb) -> DrawnPath:
    """A filled rectangle."""
    return DrawnPath(box, PathBuilder().rectangle(0, 0, box.width, box.height).build(), fill=color)


def frame(box: Box, color: Rgb, line_width: float) -> DrawnPath:
    """A rectangle of lines whose outer edge is the box."""
    half = line_width / 2
    path = PathBuilder().rectangle(half, half, box.width - line_width, box.height - line_width)
    return DrawnPath(box, path.build(), stroke=color, line_width=line_width)


def double_frame(
    box: Box, color: Rgb, *, outer: float = 0.8, gap: float = 0.6, inner: float = 0.25
) -> tuple[DrawnPath, ...]:
    """文武线: a strong rule, a gap and a fine rule inside, from the edge of the box inwards."""
    return frame(box, color, outer), frame(inset(box, outer + gap), color, inner)


def notched_frame(box: Box, color: Rgb, line_width: float, notch: float) -> DrawnPath:
    """A frame whose corners are cut back by a square notch, as on many printed licences."""
    half = line_width / 2
    left, top, right, bottom = half, half, box.width - half, box.height - half
    points = [
        (left + notch, top),
        (right - notch, top),
        (right - notch, top + notch),
        (right, top + notch),
        (right, bottom - notch),
        (right - notch, bottom - notch),
        (right - notch, bottom),
        (left + notch, bottom),
        (left + notch, bottom - notch),
        (left, bottom - notch),
        (left, top + notch),
        (left + notch, top + notch),
    ]
    return DrawnPath(box, PathBuilder().polygon(points).build(), stroke=color, line_width=line_width)


def horizontal_rule(x: float, y: float, width: float, color: Rgb, line_width: float) -> DrawnPath:
    """A line centred on ``y``."""
    box = Box(x, y - line_width / 2, width, line_width)
    path = PathBuilder().move(0, line_width / 2).line(width, line_width / 2)
    return DrawnPath(box, path.build(), stroke=color, line_width=line_width)


def grid(
    box: Box,
    columns: Iterable[Iterable[tuple[float, float, float]]],
    rows: Iterable[float],
    color: Rgb,
    width: float,
) -> DrawnPath | None:
    """Inner lines of a table as one path.

    Args:
        box: Of the table.
        columns: For each row its vertical lines as (x, top, bottom), relative to the box.
        rows: Heights of the horizontal lines below the box's top.
        color: Of the lines.
        width: Of the lines, millimetres.

    Returns:
        None if there is no line.
    """
    path = PathBuilder()
    count = 0
    for y in rows:
        path.move(0, y).line(box.width, y)
        count += 1
    for lines in columns:
        for x, top, bottom in lines:
            path.move(x, top).line(x, bottom)
            count += 1
    return DrawnPath(box, path.build(), stroke=color, line_width=width) if count else None
