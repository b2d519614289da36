"""Axial, radial and Gouraud shadings as PDF shadings (ISO 32000-1 8.7.4.5)."""

import math
import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from formats.gbt33190.color import AxialShading, GouraudShading, MapType, RadialShading, Segment
from formats.gbt33190.values import IDENTITY, Matrix
from formats.rendering.canvas import Output
from formats.rendering.model import Left
from formats.rendering.paint import Paint, Palette, Rgb
from formats.rendering.pdf_file import numbers

_MAX_REPEATS = 200


class Stop(NamedTuple):
    """A colour at a position from 0 to 1."""

    position: float
    color: Rgb


class Shade(NamedTuple):
    """A shading resource, and the space it is described in relative to the object's."""

    name: str
    matrix: Matrix


def stops_of(segments: Sequence[Segment], palette: Palette, where: str) -> tuple[list[Stop], list[Paint]]:
    """The stops in ascending order from 0 to 1, and the paints they come from."""
    paints = [palette.paint(segment.color, where) for segment in segments]
    last = max(1, len(segments) - 1)
    positions = [
        index / last if segment.position is None else segment.position for index, segment in enumerate(segments)
    ]
    stops: list[Stop] = []
    reached = 0.0
    for position, paint in zip(positions, paints, strict=True):
        reached = max(reached, min(1.0, position))
        stops.append(Stop(reached, paint.rgb))
    if stops and stops[0].position > 0:
        stops.insert(0, Stop(0.0, stops[0].color))
    if stops and stops[-1].position < 1:
        stops.append(Stop(1.0, stops[-1].color))
    return stops, paints


def stop_function(stops: Sequence[Stop]) -> str:
    """A function from 0..1 to RGB through the stops."""
    if len(stops) == 1:
        stops = [stops[0], Stop(1.0, stops[0].color)]
    pieces = [
        f"<< /FunctionType 2 /Domain [0 1] /C0 [{numbers(a.color)}] /C1 [{numbers(b.color)}] /N 1 >>"
        for a, b in pairwise(stops)
    ]
    inner = " ".join(f"{stop.position:.6f}" for stop in stops[1:-1])
    return (
        f"<< /FunctionType 3 /Domain [0 1] /Functions [{' '.join(pieces)}] /Bounds [{inner}]"
        f" /Encode [{' '.join(['0 1'] * len(pieces))}] >>"
    )


def _extend(extend: int) -> str:
    return f"[{'true' if extend & 1 else 'false'} {'true' if extend & 2 else 'false'}]"


def axial(
    shading: AxialShading, stops: list[Stop], output: Output, corners: Sequence[tuple[float, float]], where: str
) -> Shade:
    """An axial shading; repeats are laid out over the shape whose ``corners`` are given."""
    (x0, y0), (x1, y1) = shading.start, shading.end
    extend = shading.extend
    if shading.map_type is not MapType.DIRECT:
        stretched = _repeated(shading, stops, corners)
        if stretched is None:
            output.account.omit(Left.SHADING_APPROXIMATED, where, shading.map_type.value)
        else:
            low, high, stops = stretched
            dx, dy = x1 - x0, y1 - y0
            x0, y0, x1, y1 = x0 + low * dx, y0 + low * dy, x0 + high * dx, y0 + high * dy
            extend = 0
    body = (
        f"<< /ShadingType 2 /ColorSpace /DeviceRGB /Coords [{numbers((x0, y0, x1, y1))}]"
        f" /Function {stop_function(stops)} /Extend {_extend(extend)} >>"
    )
    return Shade(output.name("Shading", output.file.add(body)), IDENTITY)


def _repeated(
    shading: AxialShading, stops: list[Stop], corners: Sequence[tuple[float, float]]
) -> tuple[float, float, list[Stop]] | None:
    """Where a repeated axis begins and ends, in multiples of the axis, and all stops between."""
    (x0, y0), (x1, y1) = shading.start, shading.end
    length = math.hypot(x1 - x0, y1 - y0)
    unit = shading.map_unit if shading.map_unit and shading.map_unit > 0 else length
    if length <= 0 or unit <= 0 or not corners:
        return None
    along = [((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / (length * unit) for x, y in corners]
    first, last = math.floor(min(along)), max(math.ceil(max(along)), math.floor(min(along)) + 1)
    if (last - first) * len(stops) > _MAX_REPEATS:
        return None
    laid: list[Stop] = []
    for index in range(first, last):
        mirrored = shading.map_type is MapType.REFLECT and index % 2
        turn = [Stop(1 - stop.position, stop.color) for stop in reversed(stops)] if mirrored else stops
        laid += [Stop((index - first + stop.position) / (last - first), stop.color) for stop in turn]
    return first * unit / length, last * unit / length, laid


def radial(shading: RadialShading, stops: list[Stop], output: Output, where: str) -> Shade:
    """A radial shading; an eccentric one is a circular one in a squeezed and turned space."""
    if shading.map_type is not MapType.DIRECT:
        output.account.omit(Left.SHADING_APPROXIMATED, where, shading.map_type.value)
    start, end = shading.start, shading.end
    matrix = IDENTITY
    if 0 < shading.eccentricity < 1:
        squeeze = math.sqrt(1 - shading.eccentricity**2)
        angle = math.radians(shading.angle % 360)
        cos, sin = math.cos(angle), math.sin(angle)
        matrix = Matrix(cos, sin, -sin * squeeze, cos * squeeze, end.x, end.y)
        dx, dy = start.x - end.x, start.y - end.y
        x0, y0, x1, y1 = cos * dx + sin * dy, (cos * dy - sin * dx) / squeeze, 0.0, 0.0
    else:
        x0, y0, x1, y1 = *start, *end
    coordinates = numbers((x0, y0, max(0.0, shading.start_radius), x1, y1, max(0.0, shading.end_radius)))
    body = (
        f"<< /ShadingType 3 /ColorSpace /DeviceRGB /Coords [{coordinates}]"
        f" /Function {stop_function(stops)} /Extend {_extend(shading.extend)} >>"
    )
    return Shade(output.name("Shading", output.file.add(body)), matrix)


def gouraud(shading: GouraudShading, palette: Palette, output: Output, where: str) -> Shade | None:
    """A mesh of triangles; None if its points make none."""
    points = list(shading.points)
    per_row = shading.vertices_per_row
    if per_row is not None:
        points = points[: len(points) // per_row * per_row] if per_row > 1 else []
    if len(points) < 3 or (per_row is not None and len(points) < 2 * per_row):
        return None
    xs, ys = [point.x for point in points], [point.y for point in points]
    left, top = min(xs), min(ys)
    width, height = max(max(xs) - left, 1e-6), max(max(ys) - top, 1e-6)
    data = bytearray()
    for point in points:
        if per_row is None:
            data.append(point.edge_flag if point.edge_flag in (0, 1, 2) else 0)
        data += struct.pack(
            ">II", int((point.x - left) / width * 0xFFFFFFFF), int((point.y - top) / height * 0xFFFFFFFF)
        )
        data += bytes(round(part * 255) for part in palette.paint(point.color, where).rgb)
    kind = "/ShadingType 4 /BitsPerFlag 8" if per_row is None else f"/ShadingType 5 /VerticesPerRow {per_row}"
    decode = numbers((left, left + width, top, top + height, 0, 1, 0, 1, 0, 1))
    entries = f"{kind} /ColorSpace /DeviceRGB /BitsPerCoordinate 32 /BitsPerComponent 8 /Decode [{decode}]"
    return Shade(output.name("Shading", output.file.add_stream(entries, bytes(data))), IDENTITY)
