"""Licence types (证照类型) as versioned data files: what a licence of a type must say, and how it looks.

The chapter pattern of the engineering standards for single licence types is the pattern of these files:
information items, cataloguing (number, identifier), style. Reading is strict: an unknown key, a missing one or a
wrong kind is refused with its place in the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Final

from formats.gb32100 import CreditCode
from formats.gbt36904 import LicenceTypeCode
from formats.json_data import JsonNode, read_json
from licence_service.face_data import Face, read_face

SCHEMA: Final = 1
_LONGEST: Final = 4000


class FieldKind(StrEnum):
    """How the text of a face field is checked."""

    TEXT = "text"
    DATE = "date"
    """``YYYYMMDD``."""
    MINUTE = "minute"
    """``YYYYMMDDhhmm``."""
    CHOICE = "choice"
    PATTERN = "pattern"


class NumberRule(StrEnum):
    """Where the licence number (证照编号) comes from."""

    HOLDER_CODE = "holder-code"
    """The first holder's code is the number, as on business licences."""
    FOOD_LICENCE = "food-licence"
    """JY and 14 digits with their check digit."""
    PATTERN = "pattern"
    """The sector's own pattern."""


class SerialRule(StrEnum):
    """Where the serial of the licence identifier comes from."""

    LICENCE_NUMBER = "licence-number"
    SEQUENCE = "sequence"


class ValidityRule(StrEnum):
    """How long a licence is valid."""

    OPEN = "open"
    """Unlimited unless the request says otherwise."""
    YEARS = "years"
    """A number of years from the date of issue, the last day included."""


@dataclass(frozen=True, slots=True)
class FaceField:
    """One field of the face data (照面信息).

    Attributes:
        name: Extension short name, ``KZ_…``.
        label: What stands before it on the page.
        required: Whether a licence without it is refused.
        kind: How it is checked.
        longest: Most characters.
        pattern: For ``PATTERN``: the whole text must match.
        choices: For ``CHOICE``.
    """

    name: str
    label: str
    required: bool
    kind: FieldKind
    longest: int
    pattern: re.Pattern[str] | None
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LicenceType:
    """A licence type.

    Attributes:
        key: Name in requests and files.
        version: Version of the data file.
        name: Name of the type, which is also the licence's name.
        type_code: 证照类型代码.
        definer_name: Who defines the type.
        definer_code: Its credit code, the first 18 characters of ``type_code``.
        holder_code_types: Holder-code types a holder may have.
        most_holders: Most holders of one licence.
        number_rule: Where the number comes from.
        number_pattern: For ``NumberRule.PATTERN``.
        number_example: A number as it should look, for messages.
        serial_rule: Where the identifier's serial comes from.
        validity_rule: How long it is valid.
        validity_years: For ``ValidityRule.YEARS``.
        fields: Face fields by short name, in order.
        face: How it looks.
    """

    key: str
    version: str
    name: str
    type_code: LicenceTypeCode
    definer_name: str
    definer_code: CreditCode
    holder_code_types: tuple[str, ...]
    most_holders: int
    number_rule: NumberRule
    number_pattern: re.Pattern[str] | None
    number_example: str
    serial_rule: SerialRule
    validity_rule: ValidityRule
    validity_years: int
    fields: Mapping[str, FaceField]
    face: Face


def read_licence_type(data: bytes, *, what: str) -> LicenceType:
    """Read a type from its data file.

    Raises:
        MalformedDataError: The file breaks its schema; the message names the place.
    """
    root = read_json(data, what=what)
    members = root.members(
        required=(
            "schema", "key", "version", "name", "type_code", "definer", "holder_code_types", "most_holders",
            "number", "serial", "validity", "fields", "face",
        ),
    )  # fmt: skip
    members["schema"].integer(least=SCHEMA, most=SCHEMA)
    definer = members["definer"].members(required=("name", "code"))
    type_code = LicenceTypeCode.parse(members["type_code"].text())
    definer_code = CreditCode.parse(definer["code"].text())
    if type_code.definer != definer_code:
        members["type_code"].fail("does not begin with the definer's code")
    number = members["number"].members(required=("rule",), optional=("pattern", "example"))
    number_rule = NumberRule(number["rule"].choice(tuple(NumberRule)))
    if (number_rule is NumberRule.PATTERN) != ("pattern" in number):
        members["number"].fail("a pattern belongs to the rule 'pattern', and only there")
    validity = members["validity"].members(required=("rule",), optional=("years",))
    validity_rule = ValidityRule(validity["rule"].choice(tuple(ValidityRule)))
    fields = [_read_field(node) for node in members["fields"].items(most=100)]
    names = {field.name: field for field in fields}
    if len(names) != len(fields):
        members["fields"].fail("a field stands twice")
    face = read_face(members["face"])
    for name in face.field_names:
        if name.startswith("KZ_") and name not in names:
            members["face"].fail(f"shows {name}, which is no field of the type")
    return LicenceType(
        key=members["key"].text(longest=64),
        version=members["version"].text(longest=32),
        name=members["name"].text(longest=100),
        type_code=type_code,
        definer_name=definer["name"].text(longest=256),
        definer_code=definer_code,
        holder_code_types=tuple(node.text(longest=3) for node in members["holder_code_types"].items(most=50)),
        most_holders=members["most_holders"].integer(least=1, most=500),
        number_rule=number_rule,
        number_pattern=_pattern(number["pattern"]) if "pattern" in number else None,
        number_example=number["example"].text() if "example" in number else "",
        serial_rule=SerialRule(members["serial"].choice(tuple(SerialRule))),
        validity_rule=validity_rule,
        validity_years=validity["years"].integer(least=1, most=100) if "years" in validity else 0,
        fields=names,
        face=face,
    )


def _read_field(node: JsonNode) -> FaceField:
    members = node.members(
        required=("name", "label", "required"), optional=("kind", "longest", "pattern", "choices")
    )
    name = members["name"].text(longest=64)
    if not re.fullmatch(r"KZ_[A-Z0-9]+", name):
        members["name"].fail("is no extension short name (KZ_ and capital letters)")
    kind = FieldKind(members["kind"].choice(tuple(FieldKind))) if "kind" in members else FieldKind.TEXT
    if (kind is FieldKind.PATTERN) != ("pattern" in members):
        node.fail("a pattern belongs to the kind 'pattern', and only there")
    if (kind is FieldKind.CHOICE) != ("choices" in members):
        node.fail("choices belong to the kind 'choice', and only there")
    return FaceField(
        name=name,
        label=members["label"].text(longest=60),
        required=members["required"].boolean(),
        kind=kind,
        longest=members["longest"].integer(least=1, most=_LONGEST) if "longest" in members else 200,
        pattern=_pattern(members["pattern"]) if "pattern" in members else None,
        choices=tuple(choice.text() for choice in members["choices"].items()) if "choices" in members else (),
    )


def _pattern(node: JsonNode) -> re.Pattern[str]:
    try:
        return re.compile(node.text(longest=300))
    except re.error as exc:
        node.fail(f"is no regular expression: {exc}")


def built_in_types() -> dict[str, LicenceType]:
    """The types this package ships, by key."""
    folder = resources.files("licence_service") / "types"
    types = {}
    for path in sorted(folder.iterdir(), key=lambda item: item.name):
        if path.name.endswith(".json"):
            licence_type = read_licence_type(path.read_bytes(), what=path.name)
            types[licence_type.key] = licence_type
    return types
