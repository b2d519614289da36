"""Custom tags: structure laid over the pages by another schema (GB/T 33190, CustomTags.xsd).

A tag file is any XML whose leaves hold ``ObjectRef`` (a page and an object on it, whose text is the value) or
``ObjectData`` (the value itself). Licences and invoices bind their data fields to the page in this way.
"""

from __future__ import annotations

from dataclasses import dataclass

from formats.gbt33190 import value_text
from formats.gbt33190.parts import Parts
from formats.gbt33190.xml import Element
from formats.gbt33190.xml_part import XmlPart
from formats.tolerances import Tolerance


@dataclass(frozen=True, slots=True)
class CustomTag:
    """One CustomTag of the list; ``file`` and ``schema`` are entries, ``None`` if not named or not there."""

    name_space: str | None
    type_id: str | None
    location: str
    file: str | None
    schema_location: str | None
    schema: str | None


@dataclass(frozen=True, slots=True)
class TagReference:
    """A field and the page object that shows it; ``field`` is the path of local names below the root."""

    field: tuple[str, ...]
    page_id: int
    object_id: int


@dataclass(frozen=True, slots=True)
class TagData:
    """A field and its value, written into the tag file itself."""

    field: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class TagFile:
    """A tag file; ``root`` is the local name of its root element."""

    root: str
    references: tuple[TagReference, ...]
    data: tuple[TagData, ...]


def read_custom_tags(parts: Parts, name: str) -> tuple[CustomTag, ...]:
    """CustomTags.xml.

    Raises:
        MalformedDataError: the part is no list of custom tags.
    """
    part = parts.xml(name)
    root = part.expect_root("CustomTags")
    return tuple(_read_tag(parts, part, element) for element in part.children(root, "CustomTag"))


def _read_tag(parts: Parts, part: XmlPart, element: Element) -> CustomTag:
    location = part.text(part.required_child(element, "FileLoc")).strip()
    schema = part.child_text(element, "SchemaLoc") or None
    name_space = element.get("NameSpace")
    if name_space is None:
        part.found.add(
            Tolerance.OFD_CUSTOM_TAG_TYPE_ID if "TypeID" in element.attrib else Tolerance.OFD_ATTRIBUTE_MISSING
        )
    return CustomTag(
        name_space=name_space,
        type_id=element.get("TypeID"),
        location=location,
        file=parts.find(location, part.name),
        schema_location=schema,
        schema=None if schema is None else parts.find(schema, part.name),
    )


def read_tag_file(parts: Parts, name: str) -> TagFile:
    """A tag file; its own vocabulary may be in any namespace.

    Raises:
        MalformedDataError: it is no well-formed XML, as with some makers of invoices, or a reference is no number.
    """
    found: set[Tolerance] = set()  # its vocabulary is not this standard's: no tolerance in its namespaces
    part = XmlPart(name, parts.xml(name).root, found)
    references: list[TagReference] = []
    data: list[TagData] = []
    stack: list[tuple[Element, tuple[str, ...]]] = [(part.root, ())]
    while stack:
        element, path = stack.pop()
        for child in element:
            local = part.local(child)
            if local == "ObjectRef":
                references.append(_read_reference(part, child, path))
            elif local == "ObjectData":
                data.append(TagData(path, part.text(child).strip()))
        stack += [
            (child, (*path, part.local(child)))
            for child in reversed(element)
            if part.local(child) not in ("ObjectRef", "ObjectData")
        ]
    return TagFile(part.local(part.root), tuple(references), tuple(data))


def _read_reference(part: XmlPart, element: Element, path: tuple[str, ...]) -> TagReference:
    object_id = value_text.identifier(part.text(element))
    if object_id is None:
        raise part.error("ObjectRef is not an object id", element)
    return TagReference(path, part.identifier(element, "PageRef"), object_id)
