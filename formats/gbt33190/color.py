"""What a shape is painted with: CT_Color and its patterns and shadings (GB/T 33190-2016 Annex A, Page.xsd).

Colour components stay as written. Their meaning comes from the colour space: named here by its id, else the
document's default, else RGB with 8 bits a component.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from formats.gbt33190.values import Matrix, Position

if TYPE_CHECKING:
    from formats.gbt33190.page_objects import PageObject


class MapType(StrEnum):
    """How a shading goes on beyond its axis."""

    DIRECT = "Direct"
    REPEAT = "Repeat"
    REFLECT = "Reflect"


class ReflectMethod(StrEnum):
    """How the cells of a pattern are mirrored."""

    NORMAL = "Normal"
    ROW = "Row"
    COLUMN = "Column"
    ROW_AND_COLUMN = "RowAndColumn"


class RelativeTo(StrEnum):
    """What a pattern's origin is relative to."""

    OBJECT = "Object"
    PAGE = "Page"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A cell of page objects repeated over the shape; sizes and steps in millimetres.

    ``x_step`` and ``y_step`` are ``None`` where absent: the cell's own width and height.
    """

    width: float
    height: float
    x_step: float | None
    y_step: float | None
    reflect_method: ReflectMethod
    relative_to: RelativeTo
    ctm: Matrix | None
    content: tuple[PageObject, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """One stop of a shading; ``position`` is 0 to 1, ``None`` to spread the stops evenly."""

    position: float | None
    color: Color


@dataclass(frozen=True, slots=True)
class AxialShading:
    """Colours along a line; bit 0 of ``extend`` goes on before the start, bit 1 beyond the end."""

    start: Position
    end: Position
    map_type: MapType
    map_unit: float | None
    extend: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class RadialShading:
    """Colours between two ellipses; ``angle`` in degrees."""

    start: Position
    start_radius: float
    end: Position
    end_radius: float
    eccentricity: float
    angle: float
    map_type: MapType
    map_unit: float | None
    extend: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class MeshPoint:
    """A coloured corner of a Gouraud mesh; ``edge_flag`` 0, 1 or 2 joins it to the triangle before."""

    x: float
    y: float
    edge_flag: int | None
    color: Color


@dataclass(frozen=True, slots=True)
class GouraudShading:
    """Triangles with colours blended between corners; ``vertices_per_row`` is set for a lattice mesh."""

    points: tuple[MeshPoint, ...]
    back_color: Color | None
    extend: int
    vertices_per_row: int | None = None


Shading: TypeAlias = Pattern | AxialShading | RadialShading | GouraudShading


@dataclass(frozen=True, slots=True)
class Color:
    """CT_Color.

    ``value`` holds the components as written; ``index`` an entry of the colour space's palette instead; with
    neither and no ``shading`` the colour is the default, black. ``alpha`` is 0 (clear) to 255 (solid).
    """

    value: tuple[float, ...] | None = None
    index: int | None = None
    color_space: int | None = None
    alpha: int = 255
    shading: Shading | None = None
