"""Guilloche (扭索纹): line patterns for borders, grounds and rosettes.

Pure geometry from a few numbers and a seed: equal arguments give equal bytes. Waves are chains of quadratic
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
    """A braid of waves.

    Attributes:
        strands: Equal waves, each shifted by an even share of the period.
        period: Wanted length of a wave in millimetres; fitted so that whole waves fill the length.
        line_width: Millimetres.
        core: Height of a second, narrower braid of a third as many strands in the middle, as a share of the whole;
            0: none.
    """

    strands: int = 6
    period: float = 18.0
    line_width: float = 0.13
    core: float = 0.45


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
    """A braid along the longer side of a box and as high as its shorter side.

    With an even number of strands it is symmetrical to its axis and to its middle.
    """
    along, across = max(box.width, box.height), min(box.width, box.height)
    upright = box.height > box.width
    whole = max(1, round(along / waves.period))
    half = along / whole / 2
    crest = (across - waves.line_width) / 2
    braids = [(waves.strands, crest)]
    if waves.core:
        braids.append((max(2, waves.strands // 3), crest * waves.core))
    path = PathBuilder(digits=1)
    for strands, height in braids:
        for strand in range(strands):
            start = ((strand + 0.5) / strands - 1) * 2 * half
            _wave(path, start, half, 2 * whole + 2, height, across / 2, upright=upright)
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
    lines: int = 16,
    period: float = 66.0,
    swing: float = 4.5,
    width: float = 0.1,
) -> DrawnPath:
    """A pale ground: two families of long waves that drift against each other from line to line.

    Args:
        box: Filled from edge to edge; waves are cut at its sides.
        color: Pale: text stands on it.
        seed: Decides where the waves begin and how they drift.
        lines: In each family, evenly spread.
        period: Wave length, millimetres.
        swing: Amplitude, millimetres.
        width: Line width, millimetres.
    """
    start, drift, bend = phases(seed, 3)
    half = period / 2
    path = PathBuilder(digits=1)
    for sign in (1, -1):
        for line in range(lines):
            share = (line + 0.5) / lines
            turn = start + sign * ((1.0 + drift) * share + 0.15 * sin(2 * pi * (share + bend)))
            first = (turn % 1.0 - 1.0) * period
            _wave(
                path,
                first,
                half,
                ceil((box.width - first) / half),
                sign * swing,
                box.height * share,
                upright=False,
            )
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
    path = PathBuilder(digits=2)
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
    box: Box, color: Rgb, *, lobes: int = 16, turns: int = 3, depth: float = 0.24, width: float = 0.1
) -> DrawnPath:
    """One closed curve of many loops around a centre (外旋轮线), as large as the box allows.

    Args:
        box: Its shorter side is the diameter.
        color: Of the line.
        lobes: Outward swings before the curve closes; without a common divisor with ``turns``.
        turns: How often it goes around meanwhile.
        depth: Height of a swing as a share of the radius.
        width: Line width, millimetres.
    """
    middle_x, middle_y = box.width / 2, box.height / 2
    radius = min(middle_x, middle_y) - width / 2
    ring, swing = radius * (1 - depth), radius * depth
    count = 6 * max(lobes, turns)

    def point(share: float) -> tuple[float, float]:
        angle = 2 * pi * turns * share
        reach = ring + swing * cos(2 * pi * lobes * share)
        return middle_x + reach * cos(angle), middle_y + reach * sin(angle)

    def third(share: float) -> tuple[float, float]:
        """A third of the way along the tangent: the control point's distance of a cubic curve."""
        angle, wave = 2 * pi * turns * share, 2 * pi * lobes * share
        reach = ring + swing * cos(wave)
        outward, around = -2 * pi * lobes * swing * sin(wave), 2 * pi * turns * reach
        step = 1 / count / 3
        return (
            step * (outward * cos(angle) - around * sin(angle)),
            step * (outward * sin(angle) + around * cos(angle)),
        )

    path = PathBuilder(digits=1)
    path.move(*point(0.0))
    for index in range(count):
        a, b = index / count, (index + 1) / count
        (x0, y0), (x1, y1), (u0, v0), (u1, v1) = point(a), point(b), third(a), third(b)
        path.cubic(x0 + u0, y0 + v0, x1 - u1, y1 - v1, x1, y1)
    return DrawnPath(box, path.close().build(), stroke=color, line_width=width, join=Join.ROUND)
