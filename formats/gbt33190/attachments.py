"""Attachments of a document (GB/T 33190, Attachments.xsd)."""

from __future__ import annotations

from dataclasses import dataclass

from formats.gbt33190 import value_text
from formats.gbt33190.parts import Parts
from formats.gbt33190.xml import Element
from formats.gbt33190.xml_part import XmlPart
from formats.tolerances import Tolerance


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attached file; ``file`` is its entry, ``None`` if it is not there; ``size_kb`` is what the list says."""

    id: str | None
    name: str
    format: str | None
    creation_date: str | None
    mod_date: str | None
    size_kb: float | None
    visible: bool
    usage: str
    location: str
    file: str | None


def read_attachments(parts: Parts, name: str) -> tuple[Attachment, ...]:
    """Attachments.xml.

    Raises:
        MalformedDataError: the part is no attachment list.
    """
    part = parts.xml(name)
    root = part.expect_root("Attachments")
    return tuple(_read_attachment(parts, part, element) for element in part.children(root, "Attachment"))


def _read_attachment(parts: Parts, part: XmlPart, element: Element) -> Attachment:
    location = part.text(part.required_child(element, "FileLoc")).strip()
    if "ID" not in element.attrib:
        part.found.add(Tolerance.OFD_ATTRIBUTE_MISSING)
    return Attachment(
        id=element.get("ID"),
        name=part.required(element, "Name"),
        format=element.get("Format"),
        creation_date=element.get("CreationDate"),
        mod_date=element.get("ModDate"),
        size_kb=part.optional(element, "Size", value_text.number),
        visible=part.boolean(element, "Visible", default=True),
        usage=element.get("Usage", "none"),
        location=location,
        file=parts.find(location, part.name),
    )
