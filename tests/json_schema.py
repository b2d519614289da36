"""A small strict judge of JSON Schemas: the few keywords our own schemas use, and a refusal of every other.

The keywords mean what JSON Schema draft 2020-12 says (Core 10, Validation 6); ``pattern`` is a search, as there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: dict[str, Any] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
_ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description"}


def faults(
    value: object, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None, path: str = "$"
) -> list[str]:
    """Every way in which ``value`` departs from ``schema``, with its place."""
    return list(_faults(value, schema, schema if root is None else root, path))


def _faults(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], path: str) -> Iterator[str]:
    for keyword, wanted in schema.items():
        if keyword in _ANNOTATIONS:
            continue
        yield from _KEYWORDS[keyword](value, wanted, schema, root, path)


def _ref(value: Any, wanted: str, _: Any, root: Mapping[str, Any], path: str) -> Iterator[str]:
    kind, name = wanted.rsplit("/", 1)
    assert kind == "#/$defs"
    yield from _faults(value, root["$defs"][name], root, path)


def _type(value: Any, wanted: str, *rest: Any) -> Iterator[str]:
    if not _TYPES[wanted](value):
        yield f"{rest[-1]}: no {wanted}"


def _any_of(value: Any, wanted: list[Any], _: Any, root: Mapping[str, Any], path: str) -> Iterator[str]:
    if all(faults(value, each, root, path) for each in wanted):
        yield f"{path}: none of the alternatives"


def _const(value: Any, wanted: Any, *rest: Any) -> Iterator[str]:
    if value != wanted or type(value) is not type(wanted):
        yield f"{rest[-1]}: not {wanted!r}"


def _enum(value: Any, wanted: list[Any], *rest: Any) -> Iterator[str]:
    if not any(value == each and type(value) is type(each) for each in wanted):
        yield f"{rest[-1]}: {value!r} is none of the choices"


def _pattern(value: Any, wanted: str, *rest: Any) -> Iterator[str]:
    if isinstance(value, str) and not re.search(wanted, value):
        yield f"{rest[-1]}: {value!r} does not match"


def _minimum(value: Any, wanted: float, *rest: Any) -> Iterator[str]:
    if isinstance(value, int | float) and value < wanted:
        yield f"{rest[-1]}: less than {wanted}"


def _properties(
    value: Any, wanted: Mapping[str, Any], _: Any, root: Mapping[str, Any], path: str
) -> Iterator[str]:
    for name, schema in wanted.items():
        if isinstance(value, dict) and name in value:
            yield from _faults(value[name], schema, root, f"{path}.{name}")


def _required(value: Any, wanted: list[str], *rest: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{rest[-1]}: {name} is missing" for name in wanted if name not in value)


def _additional(value: Any, wanted: bool, schema: Mapping[str, Any], *rest: Any) -> Iterator[str]:
    assert wanted is False, "only closed objects are used"
    if isinstance(value, dict):
        yield from (f"{rest[-1]}: {name} is unknown" for name in value.keys() - schema["properties"].keys())


def _items(value: Any, wanted: Mapping[str, Any], _: Any, root: Mapping[str, Any], path: str) -> Iterator[str]:
    for index, item in enumerate(value if isinstance(value, list) else ()):
        yield from _faults(item, wanted, root, f"{path}[{index}]")


_KEYWORDS: dict[str, Any] = {
    "$ref": _ref,
    "type": _type,
    "anyOf": _any_of,
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _minimum,
    "properties": _properties,
    "required": _required,
    "additionalProperties": _additional,
    "items": _items,
}
