"""Attributes of page objects, read by table: only those that are there cost anything.

A page holds thousands of objects with four or five attributes each out of thirty possible ones. A table says for
each attribute which field it fills and how its text is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from formats.gbt33190 import value_text
from formats.gbt33190.values import Box
from formats.gbt33190.xml import Element
from formats.gbt33190.xml_part import XmlPart
from formats.tolerances import Tolerance


class Attribute(NamedTuple):
    """How one attribute becomes a field; ``lenient`` is asked where ``read`` knows the text not."""

    field: str
    read: Callable[[str], object]
    lenient: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True)
class AttributeTable:
    """Attributes by name, and the fields that must be among them."""

    attributes: Mapping[str, Attribute]
    required: Mapping[str, str]
    """Field to the attribute that fills it."""

    def read(self, part: XmlPart, element: Element) -> dict[str, Any]:
        """The fields that are stated; an optional value that is not of its type is left out and recorded.

        Raises:
            MalformedDataError: a required attribute is missing or not of its type.
        """
        fields: dict[str, Any] = {}
        known = self.attributes
        for name, text in part.attributes(element):
            attribute = known.get(name)
            if attribute is not None:
                value = attribute.read(text)
                if value is None:
                    value = self._leniently(part, element, name, attribute, text)
                if value is not None:
                    fields[attribute.field] = value
        if not self.required.keys() <= fields.keys():
            missing = next(name for field, name in self.required.items() if field not in fields)
            raise part.error(f"{part.local(element)}/@{missing} is missing", element)
        return fields

    def _leniently(self, part: XmlPart, element: Element, name: str, attribute: Attribute, text: str) -> object:
        value = None if attribute.lenient is None else attribute.lenient(text)
        if value is not None:
            part.found.add(Tolerance.OFD_ATTRIBUTE_SPELLING)
        elif attribute.field in self.required:
            raise part.error(f"{part.local(element)}/@{name} is not of its type", element)
        else:
            part.found.add(Tolerance.OFD_VALUE_IGNORED)
        return value


def table(required: Mapping[str, str] | None = None, **attributes: Attribute) -> AttributeTable:
    """A table; ``required`` maps fields to their attributes."""
    return AttributeTable(attributes, dict(required or {}))


def extend(base: AttributeTable, required: Mapping[str, str] | None = None, **more: Attribute) -> AttributeTable:
    """A table with more attributes."""
    return AttributeTable({**base.attributes, **more}, {**base.required, **(required or {})})


def number(field: str) -> Attribute:
    """xs:double."""
    return Attribute(field, value_text.number)


def integer(field: str) -> Attribute:
    """xs:int."""
    return Attribute(field, value_text.integer)


def identifier(field: str) -> Attribute:
    """ST_ID or ST_RefID."""
    return Attribute(field, value_text.identifier)


def array(field: str) -> Attribute:
    """ST_Array of numbers."""
    return Attribute(field, value_text.array)


def text(field: str) -> Attribute:
    """xs:string."""
    return Attribute(field, str)


def boolean(field: str) -> Attribute:
    """xs:boolean, leniently in capitals."""
    return Attribute(field, value_text.boolean, lambda written: value_text.boolean(written.lower()))


def choice(field: str, kind: type[StrEnum]) -> Attribute:
    """An enumeration, leniently in other capitals."""
    exact = {member.value: member for member in kind}
    folded = {member.value.lower(): member for member in kind}
    return Attribute(field, exact.get, lambda written: folded.get(written.strip().lower()))


def note_extent(part: XmlPart, box: Box) -> None:
    """Record a box without extent."""
    if box.width <= 0 or box.height <= 0:
        part.found.add(Tolerance.OFD_EMPTY_BOX)
