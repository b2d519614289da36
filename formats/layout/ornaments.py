"""Ornaments of licence pages: borders with corners, stars, emblem places, divisions."""

from dataclasses import dataclass
from math import cos, pi, sin
from typing import Final

from formats.gbt33190.drawing import DrawnPath, PathBuilder, Rgb
from formats.gbt33190.page_objects import Join
from formats.gbt33190.values import Box
from formats.layout.frames import double_frame, filled, frame, inset
from formats.layout.guilloche import Waves, band, rosette

DEFAULT_WAVES: Final = Waves()


@dataclass(frozen=True, slots=True)
class BorderStyle:
    """A border of braided waves between two frames.

    Attributes:
        strong: Colour of the frames.
        pale: Colour of the waves and corner rosettes.
        ground: Behind corners; None: whatever lies there.
        thickness: Of the whole border, millimetres.
        waves: Of the bands.
    """

    strong: Rgb
    pale: Rgb
    ground: Rgb | None = None
    thickness: float = 11.0
    waves: Waves = DEFAULT_WAVES


def guilloche_border(box: Box, style: BorderStyle) -> tuple[DrawnPath, ...]:
    """A border along the inside of a box: a braid on each side, a rosette in each corner, frames on both edges."""
    t, lip = style.thickness, 1.5
    room, begin = t - 2 * lip, t - lip
    across, down = box.width - 2 * begin, box.height - 2 * begin
    bands = [
        band(Box(box.x + begin, box.y + lip, across, room), style.pale, style.waves),
        band(Box(box.x + begin, box.bottom - begin, across, room), style.pale, style.waves),
        band(Box(box.x + lip, box.y + begin, room, down), style.pale, style.waves),
        band(Box(box.right - begin, box.y + begin, room, down), style.pale, style.waves),
    ]
    corners: list[DrawnPath] = []
    for x in (box.x, box.right - t):
        for y in (box.y, box.bottom - t):
            corners += _corner(inset(Box(x, y, t, t), lip), style)
    return (
        *bands,
        *corners,
        *double_frame(box, style.strong, outer=0.8, gap=0.4, inner=0.2),
        frame(inset(box, begin - 0.2), style.strong, 0.2),
        frame(inset(box, begin + 0.4), style.strong, 0.6),
    )


def _corner(box: Box, style: BorderStyle) -> list[DrawnPath]:
    """A rosette in a framed square."""
    parts = [filled(box, style.ground)] if style.ground is not None else []
    return [*parts, frame(box, style.strong, 0.2), rosette(inset(box, 0.6), style.strong, lobes=8, rings=2)]


def star(box: Box, color: Rgb) -> DrawnPath:
    """A filled five-pointed star, point upwards, as large as the box allows."""
    radius = min(box.width, box.height) / 2
    inner = radius * cos(2 * pi / 5) / cos(pi / 5)
    points = []
    for index in range(10):
        angle = -pi / 2 + index * pi / 5
        reach = radius if index % 2 == 0 else inner
        points.append((box.width / 2 + reach * cos(angle), box.height / 2 + reach * sin(angle)))
    return DrawnPath(box, PathBuilder().polygon(points).build(), fill=color)


def star_medallion(box: Box, color: Rgb) -> tuple[DrawnPath, ...]:
    """A star in two rings: holds the place of an emblem, and is none."""
    side = min(box.width, box.height)
    x, y = box.x + (box.width - side) / 2, box.y + (box.height - side) / 2
    strong, fine = side * 0.03, side * 0.012
    rings = [
        ring(Box(x, y, side, side), color, strong),
        ring(inset(Box(x, y, side, side), strong * 2), color, fine),
    ]
    return (*rings, star(inset(Box(x, y, side, side), side * 0.2), color))


def ring(box: Box, color: Rgb, line_width: float) -> DrawnPath:
    """A circle of a line, as large as the box allows."""
    radius = (min(box.width, box.height) - line_width) / 2
    path = PathBuilder().circle(box.width / 2, box.height / 2, radius)
    return DrawnPath(box, path.build(), stroke=color, line_width=line_width)


def wave_rule(box: Box, color: Rgb, *, period: float = 6.0, line_width: float = 0.25) -> DrawnPath:
    """A single wave along a box, for frames and divisions."""
    return band(box, color, Waves(1, period, line_width, core=0.0))


def tapered_rule(box: Box, color: Rgb) -> DrawnPath:
    """A horizontal line, thick in the middle and running out to points, with a small diamond."""
    middle = box.height / 2
    half = min(box.height / 2, 0.35)
    centre = box.width / 2
    path = PathBuilder()
    path.polygon([(0, middle), (centre, middle - half), (box.width, middle), (centre, middle + half)])
    reach = min(box.height, centre)
    path.polygon([(centre - reach, middle), (centre, 0), (centre + reach, middle), (centre, box.height)])
    return DrawnPath(box, path.build(), fill=color, join=Join.ROUND)
