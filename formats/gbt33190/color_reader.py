"""CT_Color and its patterns and shadings from XML."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from formats.gbt33190 import value_text
from formats.gbt33190.color import (
    AxialShading,
    Color,
    GouraudShading,
    MapType,
    MeshPoint,
    Pattern,
    RadialShading,
    ReflectMethod,
    RelativeTo,
    Segment,
    Shading,
)
from formats.gbt33190.object_attributes import COLOR
from formats.gbt33190.page_objects import PageObject
from formats.gbt33190.xml import Element
from formats.gbt33190.xml_part import XmlPart
from formats.tolerances import Tolerance

BlockReader: TypeAlias = Callable[[Element], tuple[PageObject, ...]]
"""Reads the page objects inside an element; the reader of objects hands itself in."""


def read_alpha(part: XmlPart, element: Element) -> int:
    """Alpha, 0 to 255; a value outside is drawn as the nearest."""
    value = part.integer(element, "Alpha", 255)
    if 0 <= value <= 255:
        return value
    part.found.add(Tolerance.OFD_VALUE_IGNORED)
    return min(max(value, 0), 255)


def read_color(part: XmlPart, element: Element, read_block: BlockReader) -> Color:
    """Read FillColor, StrokeColor, BorderColor, Color or BackColor."""
    fields = COLOR.read(part, element)
    if "alpha" in fields:
        fields["alpha"] = read_alpha(part, element)
    if len(element):
        fields["shading"] = _read_shading(part, element, read_block)
    return Color(**fields)


def child_color(part: XmlPart, element: Element, local: str, read_block: BlockReader) -> Color | None:
    """The same of an optional child."""
    child = part.child(element, local)
    return None if child is None else read_color(part, child, read_block)


def _read_shading(part: XmlPart, element: Element, read_block: BlockReader) -> Shading | None:
    shadings = [child for child in element if part.local(child) in _READERS]
    if len(shadings) > 1:
        raise part.error("a color has two fillings", element)
    return _READERS[part.local(shadings[0])](part, shadings[0], read_block) if shadings else None


def _read_pattern(part: XmlPart, element: Element, read_block: BlockReader) -> Pattern:
    return Pattern(
        width=part.typed(element, "Width", value_text.number),
        height=part.typed(element, "Height", value_text.number),
        x_step=part.optional(element, "XStep", value_text.number),
        y_step=part.optional(element, "YStep", value_text.number),
        reflect_method=part.choice(element, "ReflectMethod", ReflectMethod, ReflectMethod.NORMAL),
        relative_to=part.choice(element, "RelativeTo", RelativeTo, RelativeTo.OBJECT),
        ctm=part.matrix(element, "CTM"),
        content=read_block(part.required_child(element, "CellContent")),
    )


def _read_segments(part: XmlPart, element: Element, read_block: BlockReader) -> tuple[Segment, ...]:
    return tuple(
        Segment(
            part.optional(segment, "Position", value_text.number),
            read_color(part, part.required_child(segment, "Color"), read_block),
        )
        for segment in part.children(element, "Segment")
    )


def _read_axial(part: XmlPart, element: Element, read_block: BlockReader) -> AxialShading:
    return AxialShading(
        start=part.position(element, "StartPoint"),
        end=part.position(element, "EndPoint"),
        map_type=part.choice(element, "MapType", MapType, MapType.DIRECT),
        map_unit=part.optional(element, "MapUnit", value_text.number),
        extend=part.integer(element, "Extend", 0),
        segments=_read_segments(part, element, read_block),
    )


def _read_radial(part: XmlPart, element: Element, read_block: BlockReader) -> RadialShading:
    return RadialShading(
        start=part.position(element, "StartPoint"),
        start_radius=part.number(element, "StartRadius", 0.0),
        end=part.position(element, "EndPoint"),
        end_radius=part.typed(element, "EndRadius", value_text.number),
        eccentricity=part.number(element, "Eccentricity", 0.0),
        angle=part.number(element, "Angle", 0.0),
        map_type=part.choice(element, "MapType", MapType, MapType.DIRECT),
        map_unit=part.optional(element, "MapUnit", value_text.number),
        extend=part.integer(element, "Extend", 0),
        segments=_read_segments(part, element, read_block),
    )


def _read_mesh(part: XmlPart, element: Element, read_block: BlockReader) -> GouraudShading:
    points = tuple(
        MeshPoint(
            part.number(point, "X", 0.0),
            part.number(point, "Y", 0.0),
            part.optional(point, "EdgeFlag", value_text.integer),
            read_color(part, part.required_child(point, "Color"), read_block),
        )
        for point in part.children(element, "Point")
    )
    return GouraudShading(
        points=points,
        back_color=child_color(part, element, "BackColor", read_block),
        extend=part.integer(element, "Extend", 0),
        vertices_per_row=part.optional(element, "VerticesPerRow", value_text.integer),
    )


_READERS: dict[str, Callable[[XmlPart, Element, BlockReader], Shading]] = {
    "Pattern": _read_pattern,
    "AxialShd": _read_axial,
    "RadialShd": _read_radial,
    "GouraudShd": _read_mesh,
    "LaGourandShd": _read_mesh,  # the schema's own spelling
    "LaGouraudShd": _read_mesh,
}
