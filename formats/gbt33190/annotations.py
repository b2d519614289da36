"""Annotations: the list of a document and the annotations of a page (GB/T 33190 Annotations.xsd, Annotation.xsd).

A Stamp here is a picture of a seal and proves nothing; what was sealed is in ``signatures``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190 import value_text
from formats.gbt33190.object_reader import ObjectReader
from formats.gbt33190.page_objects import PageObject, UnreadableObject
from formats.gbt33190.parts import Parts
from formats.gbt33190.values import Box
from formats.gbt33190.xml import Element
from formats.gbt33190.xml_part import XmlPart
from formats.tolerances import Tolerance


class AnnotationType(StrEnum):
    """Kinds of annotation."""

    LINK = "Link"
    PATH = "Path"
    HIGHLIGHT = "Highlight"
    STAMP = "Stamp"
    WATERMARK = "Watermark"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One Annot; ``type`` is ``None`` where it is none of the schema's, ``type_text`` what was written.

    ``boundary`` is in page millimetres and the origin of ``objects``.
    """

    id: int | None
    type: AnnotationType | None
    type_text: str | None
    subtype: str | None
    creator: str | None
    last_mod_date: str | None
    visible: bool
    print: bool
    no_zoom: bool
    no_rotate: bool
    read_only: bool
    remark: str | None
    parameters: tuple[tuple[str, str], ...]
    boundary: Box | None
    objects: tuple[PageObject, ...]


@dataclass(frozen=True, slots=True)
class PageAnnotations:
    """The annotations of one page; ``path`` is the entry they are in, ``None`` if it is missing."""

    page_id: int
    path: str | None
    annotations: tuple[Annotation, ...]
    unreadable: tuple[UnreadableObject, ...]


def read_annotation_list(parts: Parts, name: str) -> tuple[tuple[int, str], ...]:
    """Annotations.xml: page id and location of its annotation file, for each page that has one.

    Raises:
        MalformedDataError: the part is no annotation list.
    """
    part = parts.xml(name)
    root = part.expect_root("Annotations")
    return tuple(
        (part.identifier(page, "PageID"), part.text(part.required_child(page, "FileLoc")).strip())
        for page in part.children(root, "Page")
    )


def read_annotations(parts: Parts, name: str) -> tuple[PageAnnotations, ...]:
    """The annotations of every page of the list; a missing or damaged file is listed as unreadable.

    Raises:
        MalformedDataError: the part is no annotation list.
        LimitExceededError: it is all too much.
    """
    return tuple(
        _read_listed(parts, name, page_id, location) for page_id, location in read_annotation_list(parts, name)
    )


def _read_listed(parts: Parts, name: str, page_id: int, location: str) -> PageAnnotations:
    path: str | None = None
    try:
        path = parts.require(location, name)
        return read_page_annotations(parts, path, page_id)
    except LimitExceededError:
        raise
    except MalformedDataError as exc:
        parts.found.add(Tolerance.OFD_OBJECT_UNREADABLE)
        return PageAnnotations(page_id, path, (), (UnreadableObject("PageAnnot", None, str(exc)),))


def read_page_annotations(parts: Parts, name: str, page_id: int) -> PageAnnotations:
    """The annotation file of a page.

    Raises:
        MalformedDataError: the part is no annotation file; an object that cannot be read is listed instead.
    """
    part = parts.xml(name)
    root = part.expect_root("PageAnnot")
    reader = ObjectReader(part)
    annotations = tuple(_read_annotation(part, element, reader) for element in part.children(root, "Annot"))
    return PageAnnotations(page_id, name, annotations, tuple(reader.unreadable))


def _read_annotation(part: XmlPart, element: Element, reader: ObjectReader) -> Annotation:
    appearance = part.child(element, "Appearance")
    if appearance is None:
        part.found.add(Tolerance.OFD_ELEMENT_MISSING)
    for name in ("ID", "Type", "Creator", "LastModDate"):
        if name not in element.attrib:
            part.found.add(Tolerance.OFD_ATTRIBUTE_MISSING)
    return Annotation(
        id=part.optional(element, "ID", value_text.identifier),
        type=part.optional_choice(element, "Type", AnnotationType),
        type_text=element.get("Type"),
        subtype=element.get("Subtype"),
        creator=element.get("Creator"),
        last_mod_date=element.get("LastModDate"),
        visible=part.boolean(element, "Visible", default=True),
        print=part.boolean(element, "Print", default=True),
        no_zoom=part.boolean(element, "NoZoom", default=False),
        no_rotate=part.boolean(element, "NoRotate", default=False),
        read_only=part.boolean(element, "ReadOnly", default=True),
        remark=part.child_text(element, "Remark"),
        parameters=_read_parameters(part, element),
        boundary=None if appearance is None else part.optional_box(appearance, "Boundary"),
        objects=() if appearance is None else reader.read_block(appearance),
    )


def _read_parameters(part: XmlPart, element: Element) -> tuple[tuple[str, str], ...]:
    parameters = part.child(element, "Parameters")
    if parameters is None:
        return ()
    return tuple(
        (part.required(parameter, "Name"), part.text(parameter))
        for parameter in part.children(parameters, "Parameter")
    )
