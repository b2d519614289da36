"""Guilloche (扭索纹): line patterns for borders, grounds and rosettes.

Pure geometry from a few numbers and a seed: equal arguments give equal bytes. Curves are chains of quadratic
Bézier pieces, a half wave each, which keeps a whole page's ornament within some tens of kilobytes. These patterns
are decoration; nothing here makes a page hard to copy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from math import ceil, cos, pi, sin

from formats.gbt33190.drawing import DrawnPath, PathBuilder, Rgb
from formats.gbt33190.page_objects import Join
from formats.gbt33190.values import Box


@dataclass(frozen=True, slots=True)
class Waves:
    """A bundle of interlaced waves.

    Attributes:
        strands: How many.
        period: Wanted length of a wave in millimetres; fitted so that whole waves fill the length.
        amplitude: Millimetres.
        line_width: Millimetres.
    """

    strands: int = 6
    period: float = 11.0
    amplitude: float = 3.0
    line_width: float = 0.12


def phases(seed: str, count: int) -> list[float]:
    """Numbers from 0 to 1 that depend on the seed alone."""
    values: list[float] = []
    block = 0
    while len(values) < count:
        digest = sha256(f"{seed}/{block}".encode()).digest()
        values += [int.from_bytes(digest[i : i + 4], "big") / 2**32 for i in range(0, len(digest), 4)]
        block += 1
    return values[:count]


def band(box: Box, color: Rgb, waves: Waves) -> DrawnPath:
    """Braided waves along the longer side of a box: equal waves, each shifted by an even share of the period.

    With an even number of strands the braid is symmetrical to its axis and to its middle.
    """
    along, across = max(box.width, box.height), min(box.width, box.height)
    upright = box.height > box.width
    whole = max(1, round(along / waves.period))
    half = along / whole / 2
    path = PathBuilder()
    for strand in range(waves.strands):
        shift = (strand + 0.5) / waves.strands * 2 * half
        _wave(path, shift - 2 * half, half, 2 * whole + 2, waves.amplitude, across / 2, upright=upright)
    return DrawnPath(box, path.build(), stroke=color, line_width=waves.line_width, join=Join.ROUND)


def _wave(
    path: PathBuilder, start: float, half: float, count: int, crest: float, middle: float, *, upright: bool
) -> None:
    """Half waves as parabolas: a quadratic curve whose control point is twice as high as its crest."""
    at: Callable[[float, float], tuple[float, float]] = (
        (lambda along, across: (across, along)) if upright else (lambda along, across: (along, across))
    )
    path.move(*at(start, middle))
    for index in range(count):
        control = middle + 2 * crest * (1 if index % 2 == 0 else -1)
        x = start + index * half
        path.quadratic(*at(x + half / 2, control), *at(x + half, middle))


def ground(
    box: Box,
    color: Rgb,
    *,
    seed: str,
    lines: int = 36,
    period: float = 46.0,
    swing: float = 5.0,
    width: float = 0.1,
) -> DrawnPath:
    """A pale ground of long waves whose phase drifts from line to line, so that they seem to flow.

    Args:
        box: Filled from edge to edge; waves are cut at its sides.
        color: Pale: text stands on it.
        seed: Decides where the waves begin and how they drift.
        lines: How many, evenly spread.
        period: Wave length, millimetres.
        swing: Amplitude, millimetres.
        width: Line width, millimetres.
    """
    start, drift, second = phases(seed, 3)
    half = period / 2
    path = PathBuilder()
    for line in range(lines):
        share = (line + 0.5) / lines
        y = box.height * share
        turn = start + (0.6 + 0.5 * drift) * sin(2 * pi * (share + second))
        shift = (turn % 1.0) * period
        crest = swing * (0.75 + 0.25 * cos(2 * pi * (share + start)))
        x = shift - period
        path.move(x, y)
        for index in range(ceil((box.width - x) / half)):
            control = y + 2 * crest * (1 if index % 2 == 0 else -1)
            path.quadratic(x + half / 2, control, x + half, y)
            x += half
    return DrawnPath(box, path.build(), stroke=color, line_width=width, join=Join.ROUND)


def rosette(
    box: Box, color: Rgb, *, lobes: int = 24, rings: int = 5, depth: float = 0.42, width: float = 0.12
) -> DrawnPath:
    """A rosette (团花) of closed waves around a centre, as large as the box allows.

    Args:
        box: Its shorter side is the diameter.
        color: Of the lines.
        lobes: Waves around the centre.
        rings: How many waves lie inside each other, each turned by half a lobe.
        depth: How deep the outermost wave swings, as a share of the radius.
        width: Line width, millimetres.
    """
    middle_x, middle_y = box.width / 2, box.height / 2
    radius = min(middle_x, middle_y) - width / 2
    path = PathBuilder()
    for ring in range(rings):
        outer = radius * (1 - ring / (rings + 1.5))
        inner = outer * (1 - depth)
        for turned in (0.0, 0.5):
            _closed_wave(path, middle_x, middle_y, inner, outer, lobes, turned)
    return DrawnPath(box, path.build(), stroke=color, line_width=width, join=Join.ROUND)


def _closed_wave(
    path: PathBuilder, x: float, y: float, inner: float, outer: float, lobes: int, turned: float
) -> None:
    """A wave around a circle: from trough to crest and back by quadratic curves that meet smoothly.

    A curve ends half-way between two control points, so that every joint has one tangent.
    """
    step = pi / lobes
    middle = (inner + outer) / 2
    swing = outer - middle
    controls = []
    for index in range(2 * lobes):
        angle = (index + 2 * turned) * step
        reach = middle + swing * (2 if index % 2 == 0 else -2) * 0.5 / cos(step / 2) ** 2
        controls.append((x + reach * cos(angle), y + reach * sin(angle)))
    first = _between(controls[-1], controls[0])
    path.move(*first)
    for index, control in enumerate(controls):
        path.quadratic(*control, *_between(control, controls[(index + 1) % len(controls)]))
    path.close()


def _between(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    """The middle of two points."""
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def epitrochoid(
    box: Box, color: Rgb, *, lobes: int = 18, ratio: float = 0.62, turns: int = 7, width: float = 0.1
) -> DrawnPath:
    """One closed curve of many loops (外旋轮线) as large as the box allows.

    Args:
        box: Its shorter side is the diameter.
        color: Of the line.
        lobes: Loops around the centre; without a common divisor with ``turns``.
        ratio: Radius of the ring the loops swing about, as a share of the whole.
        turns: How often the curve goes around before it closes.
        width: Line width, millimetres.
    """
    middle_x, middle_y = box.width / 2, box.height / 2
    radius = min(middle_x, middle_y) - width / 2
    ring, swing = radius * ratio, radius * (1 - ratio)
    count = 8 * lobes
    full = 2 * pi * turns

    def point(share: float) -> tuple[float, float]:
        angle = full * share
        reach = ring + swing * sin(2 * pi * lobes * share)
        return middle_x + reach * cos(angle), middle_y + reach * sin(angle)

    path = PathBuilder()
    points = [point(index / count) for index in range(count)]
    path.move(*points[0])
    for index in range(count):
        start, end = points[index], points[(index + 1) % count]
        path.quadratic(*_through(start, point((index + 0.5) / count), end), *end)
    path.close()
    return DrawnPath(box, path.build(), stroke=color, line_width=width, join=Join.ROUND)


def _through(
    start: tuple[float, float], middle: tuple[float, float], end: tuple[float, float]
) -> tuple[float, float]:
    """Control point of the quadratic curve that passes through three points."""
    return 2 * middle[0] - (start[0] + end[0]) / 2, 2 * middle[1] - (start[1] + end[1]) / 2
