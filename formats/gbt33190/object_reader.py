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
from formats.gbt33190.attribute_table import note_extent
from formats.gbt33190.color import Color
from formats.gbt33190.color_reader import child_color, read_alpha, read_color
from formats.gbt33190.object_attributes import BORDER, COMPOSITE, IMAGE, PATH, TEXT, TEXT_CODE, TRANSFORM
from formats.gbt33190.page_objects import (
    Border,
    Clip,
    ClipArea,
    CompositeObject,
    GlyphTransform,
    ImageObject,
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
MAX_UNREADABLE: Final = 1000


class ObjectReader:
    """Reads the objects of one part; ``unreadable`` collects what could not be read."""

    def __init__(self, part: XmlPart) -> None:
        self._part = part
        self._depth = 0
        self._colors: dict[tuple[Any, ...], Color] = {}
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
                    self._note_unreadable(local, child, exc)
        return tuple(objects)

    def _note_unreadable(self, local: str, element: Element, exc: MalformedDataError) -> None:
        if len(self.unreadable) >= MAX_UNREADABLE:
            raise LimitExceededError(f"more than {MAX_UNREADABLE} unreadable objects", what=self._part.name)
        self._part.found.add(Tolerance.OFD_OBJECT_UNREADABLE)
        self.unreadable.append(UnreadableObject(local, element.get("ID"), exc.message))

    @contextmanager
    def _nested(self) -> Iterator[None]:
        if self._depth >= MAX_DEPTH:
            raise LimitExceededError(f"page objects nested deeper than {MAX_DEPTH}", what=self._part.name)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def read_text(self, element: Element) -> TextObject:
        """TextObject, or Text in a clip; a CGTransform belongs to the TextCode behind it."""
        part = self._part
        fields = self._unit(TEXT.read(part, element), element)
        codes: list[TextCode] = []
        waiting: tuple[GlyphTransform, ...] = ()
        for child in element:
            local = part.local(child)
            if local == "TextCode":
                codes.append(self._read_code(child, waiting))
                waiting = ()
            elif local == "CGTransform":
                waiting += (self._read_transform(child),)
            else:
                self._paint(fields, local, child)
        if waiting:
            raise part.error("a CGTransform without TextCode", element)
        return TextObject(**fields, codes=tuple(codes))

    def read_path(self, element: Element) -> PathObject:
        """PathObject, or Path in a clip."""
        part = self._part
        fields = self._unit(PATH.read(part, element), element)
        for child in element:
            local = part.local(child)
            if local != "AbbreviatedData":
                self._paint(fields, local, child)
            elif "data" in fields:
                raise part.error("AbbreviatedData occurs more than once", child)
            else:
                fields["data"] = part.text(child)
        if "data" not in fields:
            raise part.error("AbbreviatedData is missing", element)
        return PathObject(**fields)

    def read_image(self, element: Element) -> ImageObject:
        """ImageObject."""
        part = self._part
        fields = self._unit(IMAGE.read(part, element), element)
        border = part.child(element, "Border") if len(element) else None
        if border is not None:
            color = child_color(part, border, "BorderColor", self.read_block)
            fields["border"] = Border(**BORDER.read(part, border), color=color)
        self._read_clips(fields, element)
        return ImageObject(**fields)

    def read_composite(self, element: Element) -> CompositeObject:
        """CompositeObject."""
        fields = self._unit(COMPOSITE.read(self._part, element), element)
        self._read_clips(fields, element)
        return CompositeObject(**fields)

    def read_page_block(self, element: Element) -> PageBlock:
        """PageBlock."""
        object_id = self._part.optional(element, "ID", value_text.identifier)
        return PageBlock(object_id, self.read_block(element))

    def _unit(self, fields: dict[str, Any], element: Element) -> dict[str, Any]:
        """Finish what the attributes of CT_GraphicUnit say."""
        note_extent(self._part, fields["boundary"])
        if "alpha" in fields:
            fields["alpha"] = read_alpha(self._part, element)
        return fields

    def _paint(self, fields: dict[str, Any], local: str, child: Element) -> None:
        """FillColor, StrokeColor and Clips of a text or path."""
        field = _PAINT.get(local)
        if field is None:
            return
        if field in fields:
            raise self._part.error(f"{local} occurs more than once", child)
        if field == "clips":
            self._add_clips(fields, child)
        else:
            fields[field] = self._color(child)

    def _color(self, element: Element) -> Color:
        """A colour; a page uses few, so plain ones are made once."""
        if len(element):
            return read_color(self._part, element, self.read_block)
        key = tuple(self._part.attributes(element))
        color = self._colors.get(key)
        if color is None:
            color = self._colors[key] = read_color(self._part, element, self.read_block)
        return color

    def _read_clips(self, fields: dict[str, Any], element: Element) -> None:
        clips = self._part.child(element, "Clips") if len(element) else None
        if clips is not None:
            self._add_clips(fields, clips)

    def _add_clips(self, fields: dict[str, Any], clips: Element) -> None:
        fields["clips"] = tuple(self._read_clip(clip) for clip in self._part.children(clips, "Clip"))
        if "TransFlag" in clips.attrib:
            fields["clips_transformed"] = self._part.boolean(clips, "TransFlag", default=True)

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

    def _read_code(self, element: Element, transforms: tuple[GlyphTransform, ...]) -> TextCode:
        part = self._part
        text = part.text(element)
        fields = TEXT_CODE.read(part, element)
        for field in ("delta_x", "delta_y"):
            written = fields.get(field)
            if written is not None:
                most = max(len(text), sum(len(transform.glyphs) for transform in transforms))
                fields[field] = value_text.deltas(written, most)
                if fields[field] is None:
                    part.found.add(Tolerance.OFD_VALUE_IGNORED)
                    del fields[field]
        return TextCode(text=text, transforms=transforms, **fields)

    def _read_transform(self, element: Element) -> GlyphTransform:
        part = self._part
        glyphs = part.child_text(element, "Glyphs")
        numbers = () if glyphs is None else value_text.array(glyphs)
        if numbers is None or any(value != int(value) or not 0 <= value <= 0xFFFF for value in numbers):
            raise part.error("Glyphs are not glyph numbers", element)
        return GlyphTransform(**TRANSFORM.read(part, element), glyphs=tuple(map(int, numbers)))


_PAINT: Final = {"FillColor": "fill_color", "StrokeColor": "stroke_color", "Clips": "clips"}
_READERS: Final[dict[str, Callable[[ObjectReader, Element], PageObject]]] = {
    "TextObject": ObjectReader.read_text,
    "PathObject": ObjectReader.read_path,
    "ImageObject": ObjectReader.read_image,
    "CompositeObject": ObjectReader.read_composite,
    "PageBlock": ObjectReader.read_page_block,
}
