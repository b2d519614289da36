"""Extensions: data of other software kept in a document (GB/T 33190, Extensions.xsd)."""

from __future__ import annotations

from dataclasses import dataclass

from formats.gbt33190 import value_text
from formats.gbt33190.parts import Parts
from formats.gbt33190.xml import Element
from formats.gbt33190.xml_part import XmlPart


@dataclass(frozen=True, slots=True)
class ExtensionFile:
    """ExtendData: a file of an extension; ``file`` is its entry, ``None`` if it is not there."""

    location: str
    file: str | None


@dataclass(frozen=True, slots=True)
class Extension:
    """One Extension; ``properties`` are name, type and text. The content of Data is not read, only counted."""

    app_name: str | None
    company: str | None
    app_version: str | None
    date: str | None
    ref_id: int | None
    properties: tuple[tuple[str, str | None, str], ...]
    files: tuple[ExtensionFile, ...]
    data_elements: int


def read_extensions(parts: Parts, name: str) -> tuple[Extension, ...]:
    """Extensions.xml.

    Raises:
        MalformedDataError: the part is no list of extensions.
    """
    part = parts.xml(name)
    root = part.expect_root("Extensions")
    return tuple(_read_extension(parts, part, element) for element in part.children(root, "Extension"))


def _read_extension(parts: Parts, part: XmlPart, element: Element) -> Extension:
    locations = [part.text(child).strip() for child in part.children(element, "ExtendData")]
    return Extension(
        app_name=element.get("AppName"),
        company=element.get("Company"),
        app_version=element.get("AppVersion"),
        date=element.get("Date"),
        ref_id=part.optional(element, "RefId", value_text.identifier),
        properties=tuple(
            (part.required(child, "Name"), child.get("Type"), part.text(child))
            for child in part.children(element, "Property")
        ),
        files=tuple(ExtensionFile(location, parts.find(location, part.name)) for location in locations),
        data_elements=len(part.children(element, "Data")),
    )
