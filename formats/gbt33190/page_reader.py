"""The content of a page or template page from its part."""

from __future__ import annotations

from formats.gbt33190 import value_text
from formats.gbt33190.model import Page, PageArea, TemplateUse
from formats.gbt33190.object_reader import ObjectReader
from formats.gbt33190.page_objects import Layer, LayerType, ZOrder
from formats.gbt33190.xml import Element
from formats.gbt33190.xml_part import XmlPart


def read_page(part: XmlPart) -> Page:
    """Read a page.

    Raises:
        MalformedDataError: the part is no page; an object that cannot be read is listed in ``unreadable`` instead.
        LimitExceededError: blocks are nested too deeply.
    """
    root = part.expect_root("Page")
    reader = ObjectReader(part)
    area = part.child(root, "Area")
    content = part.child(root, "Content")
    layers = () if content is None else _read_layers(part, content, reader)
    return Page(
        path=part.name,
        area=None if area is None else read_area(part, area),
        templates=read_template_uses(part, root),
        resources=read_page_resources(part, root),
        layers=layers,
        unreadable=tuple(reader.unreadable),
    )


def read_template_uses(part: XmlPart, root: Element) -> tuple[TemplateUse, ...]:
    """The template pages a page puts under or over itself."""
    return tuple(
        TemplateUse(
            part.identifier(element, "TemplateID"),
            part.choice(element, "ZOrder", ZOrder, ZOrder.BACKGROUND),
        )
        for element in part.children(root, "Template")
    )


def read_page_resources(part: XmlPart, root: Element) -> tuple[str, ...]:
    """Locations of a page's own resource files."""
    return tuple(part.text(element).strip() for element in part.children(root, "PageRes"))


def read_area(part: XmlPart, element: Element) -> PageArea:
    """CT_PageArea; boxes it does not know, such as CropBox, are passed over."""
    return PageArea(
        physical=part.child_box(element, "PhysicalBox"),
        application=part.child_box(element, "ApplicationBox"),
        content=part.child_box(element, "ContentBox"),
        bleed=part.child_box(element, "BleedBox"),
    )


def _read_layers(part: XmlPart, content: Element, reader: ObjectReader) -> tuple[Layer, ...]:
    return tuple(
        Layer(
            object_id=part.optional(element, "ID", value_text.identifier),
            type=part.choice(element, "Type", LayerType, LayerType.BODY),
            draw_param=part.optional(element, "DrawParam", value_text.identifier),
            objects=reader.read_block(element),
        )
        for element in part.children(content, "Layer")
    )
