"""The arc of AbbreviatedData (GB/T 33190-2016, operator A) by its centre, computed as in SVG 1.1 F.6."""

import math
from typing import NamedTuple


class EllipticalArc(NamedTuple):
    """An arc of an ellipse that is turned.

    Attributes:
        rx: First radius, enlarged where the stated one cannot reach from end to end.
        ry: Second radius, likewise.
        cos: Of the angle by which the ellipse is turned.
        sin: Likewise.
        cx: Centre.
        cy: Centre.
        theta: Angle on the ellipse where it starts, radians.
        delta: How far it goes from there, radians, with its sign.
    """

    rx: float
    ry: float
    cos: float
    sin: float
    cx: float
    cy: float
    theta: float
    delta: float


def arc_by_centre(x0: float, y0: float, values: tuple[float, ...]) -> EllipticalArc:
    """Find the ellipse of an arc.

    Args:
        x0: Where it starts.
        y0: Likewise.
        values: ``rx ry angle large sweep x y``; radii are not 0, the end is not the start, and the caller has
            bounded all of them, so that their squares stay finite.
    """
    rx, ry, angle, large, sweep, x, y = values
    rx, ry = abs(rx), abs(ry)
    phi = math.radians(angle % 360)
    cos, sin = math.cos(phi), math.sin(phi)
    dx, dy = (x0 - x) / 2, (y0 - y) / 2
    x1, y1 = cos * dx + sin * dy, -sin * dx + cos * dy
    scale = math.sqrt((x1 / rx) ** 2 + (y1 / ry) ** 2)
    if scale > 1:  # too small to reach: enlarged until it just does
        rx, ry = rx * scale, ry * scale
    square = (rx * ry) ** 2
    denominator = (rx * y1) ** 2 + (ry * x1) ** 2
    factor = math.sqrt(max(0.0, square - denominator) / denominator) if denominator else 0.0
    if bool(large) == bool(sweep):
        factor = -factor
    cx1, cy1 = factor * rx * y1 / ry, -factor * ry * x1 / rx
    cx, cy = cos * cx1 - sin * cy1 + (x0 + x) / 2, sin * cx1 + cos * cy1 + (y0 + y) / 2
    theta = math.atan2((y1 - cy1) / ry, (x1 - cx1) / rx)
    delta = math.atan2((-y1 - cy1) / ry, (-x1 - cx1) / rx) - theta
    if sweep and delta < 0:
        delta += 2 * math.pi
    elif not sweep and delta > 0:
        delta -= 2 * math.pi
    return EllipticalArc(rx, ry, cos, sin, cx, cy, theta, delta)
