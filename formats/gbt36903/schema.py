"""The metadata elements as data: what each is called, how long it may be, when it must be there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final

from formats.code_lists import CodeList, packaged_data, read_code_list_members
from formats.json_data import JsonNode, read_json

_FILE = "gbt36903-metadata.json"
HOLDER_CODE_TYPES: Final = "holder_code_type"
"""Name of the code list of holder code types (GB/T 36903 Annex A)."""


class Element(StrEnum):
    """Every element the house knows; values are the ids in the data file."""

    LICENCE_NAME = "licence_name"
    LICENCE_TYPE_NAME = "licence_type_name"
    LICENCE_TYPE_CODE = "licence_type_code"
    LICENCE_NUMBER = "licence_number"
    LICENCE_IDENTIFIER = "licence_identifier"
    LICENCE_VERSION = "licence_version"
    ISSUER_NAME = "issuer_name"
    ISSUER_CODE = "issuer_code"
    ISSUER_LEVEL = "issuer_level"
    ISSUE_DATE = "issue_date"
    AREA_CODE = "area_code"
    HOLDER_NAME = "holder_name"
    HOLDER_CODE = "holder_code"
    HOLDER_CODE_TYPE_NAME = "holder_code_type_name"
    HOLDER_CODE_TYPE = "holder_code_type"
    VALID_FROM = "valid_from"
    VALID_TO = "valid_to"
    VALIDITY_RANGE = "validity_range"
    SEAL_PERSON = "seal_person"
    SEAL_TIME = "seal_time"
    SEAL_NAME = "seal_name"
    CREATED = "created"
    RELATED_ITEM_NAME = "related_item_name"
    RELATED_ITEM_CODE = "related_item_code"
    DEFINER_NAME = "definer_name"
    DEFINER_CODE = "definer_code"
    CHANGE_TIME = "change_time"
    CHANGE_REASON = "change_reason"
    LICENCE_STATUS = "licence_status"
    COPY_CREATED = "copy_created"
    COPY_CREATOR = "copy_creator"
    COPY_CAUSE = "copy_cause"
    COPY_EXPIRES = "copy_expires"


class ElementType(StrEnum):
    """How the text of an element is read."""

    TEXT = "text"
    DATE = "date"
    END_DATE = "end-date"
    DATE_TIME = "date-time"
    VERSION = "version"
    CODE = "code"
    LICENCE_TYPE_CODE = "licence-type-code"
    LICENCE_IDENTIFIER = "licence-identifier"
    CREDIT_CODE = "credit-code"
    DIVISION_CODE = "division-code"
    HOLDER_CODE = "holder-code"
    ITEM_CODE = "item-code"


class Presence(StrEnum):
    """When an element must be in a licence file."""

    MANDATORY = "mandatory"
    CONDITIONAL = "conditional"
    OPTIONAL = "optional"


class HolderKind(StrEnum):
    """Who has codes of a holder code type."""

    NATURAL = "natural"
    LEGAL = "legal"


class HolderCodeForm(StrEnum):
    """How codes of a holder code type are checked."""

    CREDIT_CODE = "credit-code"
    CITIZEN_NUMBER = "citizen-number"
    OPAQUE = "opaque"


class Condition(StrEnum):
    """What makes a conditional element required."""

    SEALED = "sealed"
    """A seal is applied."""
    ANNOTATED_COPY = "annotated-copy"
    """Any element of this condition is there: the four appear together."""
    CHANGE = "change"
    """Any element of this condition is there: time and reason appear together."""


class Origin(StrEnum):
    """Where a short name comes from."""

    STANDARD = "standard"
    HOUSE = "house"
    """Chosen by this project because no short name is known."""


@dataclass(frozen=True, slots=True)
class MetadataElement:
    """One metadata element.

    Attributes:
        element: Which.
        name_zh: Chinese name.
        name_en: English name.
        short_name: Short name (短名); ``None`` if the element is never part of a file.
        origin: Where the short name comes from.
        type: How its text is read.
        longest: Greatest length in characters; of all values joined, if it repeats.
        presence: When it must be there.
        condition: For a conditional element, when.
        code_list: Name of its code list.
        repeats: Whether it may have several values.
        reported: Whether the national report declares it NOT NULL.
    """

    element: Element
    name_zh: str
    name_en: str
    short_name: str | None
    origin: Origin | None
    type: ElementType
    longest: int
    presence: Presence
    condition: Condition | None
    code_list: str | None
    repeats: bool
    reported: bool


@dataclass(frozen=True, slots=True)
class MetadataSchema:
    """All elements in file order, code lists, extension rule and the separator of several values.

    Attributes:
        version: Version of the data file.
        elements: In the order in which a writer puts them.
        lists: Code lists by name.
        separator: One character between several values of an element in a file; this project's choice.
        extension_prefix: What names of extension metadata begin with.
        longest_extension_name: In characters.
        longest_extension_value: In characters.
    """

    version: str
    elements: Mapping[Element, MetadataElement]
    lists: Mapping[str, CodeList]
    separator: str
    extension_prefix: str
    longest_extension_name: int
    longest_extension_value: int
    _by_name: Mapping[str, MetadataElement]

    def __getitem__(self, element: Element) -> MetadataElement:
        return self.elements[element]

    def __iter__(self) -> Iterator[MetadataElement]:
        return iter(self.elements.values())

    def named(self, short_name: str) -> MetadataElement | None:
        """The element of a short name; ``None`` for extensions and unknown names."""
        return self._by_name.get(short_name)

    def name_of(self, element: Element) -> str:
        """Short name of an element.

        Raises:
            KeyError: The element is never part of a file.
        """
        name = self.elements[element].short_name
        if name is None:
            raise KeyError(f"{element} has no short name")
        return name

    def with_short_name(self, element: Element, short_name: str) -> "MetadataSchema":
        """The schema with another short name for one element, for example once a standard's name is known.

        Raises:
            ValueError: Another element has that name.
        """
        holder = self._by_name.get(short_name)
        if holder is not None and holder.element is not element:
            raise ValueError(f"{short_name} is the short name of {holder.element}")
        elements = dict(self.elements)
        elements[element] = replace(elements[element], short_name=short_name)
        return replace(self, elements=MappingProxyType(elements), _by_name=_names(elements))


def read_schema(data: bytes, *, what: str = _FILE) -> MetadataSchema:
    """Read a metadata data file.

    Args:
        data: JSON; ``formats/data/gbt36903-metadata.json`` is the model.
        what: Name of the file, for messages.

    Raises:
        MalformedDataError: Not of that form, an element is missing, unknown or listed twice, or a code list that
            an element names is not there; the message names the path.
    """
    root = read_json(data, what=what)
    top = root.members(
        required=("standard", "version", "holder_separator", "extension", "elements", "lists"), optional=("note",)
    )
    lists = read_code_list_members(top["lists"])
    _check_holder_code_types(top["lists"], lists)
    elements: dict[Element, MetadataElement] = {}
    names: set[str] = set()
    for node in top["elements"].items():
        found = _element(node, lists)
        if found.element in elements or found.short_name in names:
            node.fail("element or short name is listed twice")
        elements[found.element] = found
        names |= {found.short_name} if found.short_name else set()
    missing = [element for element in Element if element not in elements]
    if missing:
        top["elements"].fail(f"element {missing[0]} is missing")
    separator = top["holder_separator"].text(longest=1)
    extension = top["extension"].members(required=("prefix", "longest_name", "longest_value"))
    return MetadataSchema(
        version=top["version"].text(),
        elements=MappingProxyType(elements),
        lists=lists,
        separator=separator,
        extension_prefix=extension["prefix"].text(longest=16),
        longest_extension_name=extension["longest_name"].integer(least=4, most=256),
        longest_extension_value=extension["longest_value"].integer(least=1, most=1_000_000),
        _by_name=_names(elements),
    )


@cache
def default_schema() -> MetadataSchema:
    """The schema that comes with the house."""
    return read_schema(packaged_data(_FILE))


def _check_holder_code_types(node: JsonNode, lists: Mapping[str, CodeList]) -> None:
    if HOLDER_CODE_TYPES not in lists:
        node.fail(f"list {HOLDER_CODE_TYPES} is missing")
    for entry in lists[HOLDER_CODE_TYPES]:
        if entry.attributes.get("holder") not in tuple(HolderKind):
            node.fail(f"{HOLDER_CODE_TYPES} {entry.code}: attribute holder is none of {', '.join(HolderKind)}")
        if entry.attributes.get("form") not in tuple(HolderCodeForm):
            node.fail(f"{HOLDER_CODE_TYPES} {entry.code}: attribute form is none of {', '.join(HolderCodeForm)}")


def _names(elements: Mapping[Element, MetadataElement]) -> Mapping[str, MetadataElement]:
    return MappingProxyType({found.short_name: found for found in elements.values() if found.short_name})


def _element(node: JsonNode, lists: Mapping[str, CodeList]) -> MetadataElement:
    members = node.members(
        required=("id", "name_zh", "name_en", "type", "max_length", "presence"),
        optional=("short_name", "origin", "condition", "list", "repeats", "reported", "mark", "note"),
    )
    kind = ElementType(members["type"].choice(tuple(ElementType)))
    presence = Presence(members["presence"].choice(tuple(Presence)))
    code_list = members["list"].text() if "list" in members else None
    if (presence is Presence.CONDITIONAL) != ("condition" in members):
        node.fail("a condition belongs to conditional elements, and to them only")
    if (kind is ElementType.CODE) != (code_list is not None) or (code_list is not None and code_list not in lists):
        node.fail("a code element names a code list of this file, other elements none")
    if ("short_name" in members) != ("origin" in members):
        node.fail("short_name and origin go together")
    return MetadataElement(
        element=Element(members["id"].choice(tuple(Element))),
        name_zh=members["name_zh"].text(),
        name_en=members["name_en"].text(),
        short_name=members["short_name"].text(longest=64) if "short_name" in members else None,
        origin=Origin(members["origin"].choice(tuple(Origin))) if "origin" in members else None,
        type=kind,
        longest=members["max_length"].integer(least=1, most=100_000),
        presence=presence,
        condition=(Condition(members["condition"].choice(tuple(Condition))) if "condition" in members else None),
        code_list=code_list,
        repeats=members["repeats"].boolean() if "repeats" in members else False,
        reported=members["reported"].boolean() if "reported" in members else False,
    )
