"""Page objects from XML.

One object that cannot be read does not hide the others: it is listed with its reason, and whoever judges the page
sees that something is missing. Only limits stop the whole page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190 import value_text
from formats.gbt33190.color_reader import child_color, read_alpha
from formats.gbt33190.page_objects import (
    Border,
    Cap,
    Clip,
    ClipArea,
    CompositeObject,
    FillRule,
    GlyphTransform,
    ImageObject,
    Join,
    PageBlock,
    PageObject,
    PathObject,
    TextCode,
    TextObject,
    UnreadableObject,
)
from formats.gbt33190.xml import Element
from formats.gbt33190.xml_part import XmlPart
from formats.tolerances import Tolerance

MAX_DEPTH: Final = 24
_PAINT_ATTRIBUTES: Final = frozenset(
    ("DrawParam", "LineWidth", "Cap", "Join", "MiterLimit", "DashOffset", "DashPattern", "Name", "Visible")
)


class ObjectReader:
    """Reads the objects of one part; ``unreadable`` collects what could not be read."""

    def __init__(self, part: XmlPart) -> None:
        self._part = part
        self._depth = 0
        self.unreadable: list[UnreadableObject] = []

    def read_block(self, element: Element) -> tuple[PageObject, ...]:
        """The objects inside a layer, block, appearance or cell, in drawing order.

        Raises:
            LimitExceededError: blocks and patterns are nested too deeply.
        """
        objects: list[PageObject] = []
        with self._nested():
            for child in element:
                local = self._part.local(child)
                reader = _READERS.get(local)
                if reader is None:
                    continue
                try:
                    objects.append(reader(self, child))
                except LimitExceededError:
                    raise
                except MalformedDataError as exc:
                    self._part.found.add(Tolerance.OFD_OBJECT_UNREADABLE)
                    self.unreadable.append(UnreadableObject(local, child.get("ID"), exc.message))
        return tuple(objects)

    @contextmanager
    def _nested(self) -> Iterator[None]:
        if self._depth >= MAX_DEPTH:
            raise LimitExceededError(f"page objects nested deeper than {MAX_DEPTH}", what=self._part.name)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def _common(self, element: Element) -> dict[str, Any]:
        """Fields of ``GraphicUnit``."""
        part = self._part
        fields: dict[str, Any] = {
            "object_id": part.optional(element, "ID", value_text.identifier),
            "boundary": part.box(element, "Boundary"),
            "ctm": part.matrix(element, "CTM"),
        }
        if "Alpha" in element.attrib:
            fields["alpha"] = read_alpha(part, element)
        if not _PAINT_ATTRIBUTES.isdisjoint(element.attrib):
            fields.update(
                name=element.get("Name"),
                visible=part.boolean(element, "Visible", default=True),
                draw_param=part.optional(element, "DrawParam", value_text.identifier),
                line_width=part.optional(element, "LineWidth", value_text.number),
                cap=part.optional_choice(element, "Cap", Cap),
                join=part.optional_choice(element, "Join", Join),
                miter_limit=part.optional(element, "MiterLimit", value_text.number),
                dash_offset=part.optional(element, "DashOffset", value_text.number),
                dash_pattern=part.optional(element, "DashPattern", value_text.array),
            )
        clips = part.child(element, "Clips") if len(element) else None
        if clips is not None:
            fields["clips"] = tuple(self._read_clip(clip) for clip in part.children(clips, "Clip"))
            if "TransFlag" in clips.attrib:
                fields["clips_transformed"] = part.boolean(clips, "TransFlag", default=True)
        return fields

    def _read_clip(self, element: Element) -> Clip:
        part = self._part
        areas: list[ClipArea] = []
        for area in part.children(element, "Area"):
            shapes = [shape for shape in area if part.local(shape) in ("Path", "Text")]
            if len(shapes) != 1:
                raise part.error("a clip area needs one Path or Text", area)
            with self._nested():
                read = self.read_path if part.local(shapes[0]) == "Path" else self.read_text
                shape = read(shapes[0])
            draw_param = part.optional(area, "DrawParam", value_text.identifier)
            areas.append(ClipArea(shape, draw_param, part.matrix(area, "CTM")))
        return Clip(tuple(areas))

    def read_text(self, element: Element) -> TextObject:
        """TextObject, or Text in a clip."""
        part = self._part
        return TextObject(
            **self._common(element),
            font=part.identifier(element, "Font"),
            size=part.typed(element, "Size", value_text.number),
            stroke=part.boolean(element, "Stroke", default=False),
            fill=part.boolean(element, "Fill", default=True),
            horizontal_scale=part.number(element, "HScale", 1.0),
            read_direction=part.integer(element, "ReadDirection", 0),
            char_direction=part.integer(element, "CharDirection", 0),
            weight=part.integer(element, "Weight", 400),
            italic=part.boolean(element, "Italic", default=False),
            fill_color=child_color(part, element, "FillColor", self.read_block),
            stroke_color=child_color(part, element, "StrokeColor", self.read_block),
            codes=self._read_codes(element),
        )

    def _read_codes(self, element: Element) -> tuple[TextCode, ...]:
        """TextCode runs; a CGTransform belongs to the TextCode behind it."""
        part = self._part
        codes: list[TextCode] = []
        waiting: list[GlyphTransform] = []
        for child in element:
            local = part.local(child)
            if local == "CGTransform":
                waiting.append(self._read_transform(child))
            elif local == "TextCode":
                code = TextCode(
                    text=part.text(child),
                    x=part.optional(child, "X", value_text.number),
                    y=part.optional(child, "Y", value_text.number),
                    delta_x=part.optional(child, "DeltaX", value_text.deltas) or (),
                    delta_y=part.optional(child, "DeltaY", value_text.deltas) or (),
                    transforms=tuple(waiting),
                )
                codes.append(code)
                waiting = []
        if waiting:
            raise part.error("a CGTransform without TextCode", element)
        return tuple(codes)

    def _read_transform(self, element: Element) -> GlyphTransform:
        part = self._part
        glyphs = part.child_text(element, "Glyphs")
        numbers = () if glyphs is None else value_text.array(glyphs)
        if numbers is None or any(value != int(value) or not 0 <= value <= 0xFFFF for value in numbers):
            raise part.error("Glyphs are not glyph numbers", element)
        return GlyphTransform(
            code_position=part.typed(element, "CodePosition", value_text.integer),
            code_count=part.integer(element, "CodeCount", 1),
            glyph_count=part.integer(element, "GlyphCount", 1),
            glyphs=tuple(map(int, numbers)),
        )

    def read_path(self, element: Element) -> PathObject:
        """PathObject, or Path in a clip."""
        part = self._part
        data = part.required_child(element, "AbbreviatedData")
        return PathObject(
            **self._common(element),
            data=part.text(data),
            stroke=part.boolean(element, "Stroke", default=True),
            fill=part.boolean(element, "Fill", default=False),
            rule=part.choice(element, "Rule", FillRule, FillRule.NON_ZERO),
            stroke_color=child_color(part, element, "StrokeColor", self.read_block),
            fill_color=child_color(part, element, "FillColor", self.read_block),
        )

    def read_image(self, element: Element) -> ImageObject:
        """ImageObject."""
        part = self._part
        border = part.child(element, "Border")
        return ImageObject(
            **self._common(element),
            resource=part.identifier(element, "ResourceID"),
            substitution=part.optional(element, "Substitution", value_text.identifier),
            image_mask=part.optional(element, "ImageMask", value_text.identifier),
            border=None if border is None else self._read_border(border),
        )

    def _read_border(self, element: Element) -> Border:
        part = self._part
        return Border(
            line_width=part.number(element, "LineWidth", 0.353),
            horizontal_corner_radius=part.number(element, "HorizonalCornerRadius", 0.0),  # the schema's spelling
            vertical_corner_radius=part.number(element, "VerticalCornerRadius", 0.0),
            dash_offset=part.number(element, "DashOffset", 0.0),
            dash_pattern=part.optional(element, "DashPattern", value_text.array),
            color=child_color(part, element, "BorderColor", self.read_block),
        )

    def read_composite(self, element: Element) -> CompositeObject:
        """CompositeObject."""
        return CompositeObject(**self._common(element), resource=self._part.identifier(element, "ResourceID"))

    def read_page_block(self, element: Element) -> PageBlock:
        """PageBlock."""
        object_id = self._part.optional(element, "ID", value_text.identifier)
        return PageBlock(object_id, self.read_block(element))


_READERS: Final[dict[str, Callable[[ObjectReader, Element], PageObject]]] = {
    "TextObject": ObjectReader.read_text,
    "PathObject": ObjectReader.read_path,
    "ImageObject": ObjectReader.read_image,
    "CompositeObject": ObjectReader.read_composite,
    "PageBlock": ObjectReader.read_page_block,
}
