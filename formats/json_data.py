"""Strict reading of JSON data files: code lists, catalogues, policies.

Versioned data files carry what would otherwise be rules in code, so they are read as carefully as documents:
bounded, no repeated keys, no unknown keys, and every complaint names the path of the value, for example
``catalogue.json: $.licence_types[3].code: expected 21 characters, found 20``. A syntax error names its line.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NoReturn

from formats.errors import LimitExceededError, MalformedDataError

MAX_OCTETS: Final = 16 * 1024 * 1024
"""Greatest size of a data file. A full national licence-type register stays well under it."""


@dataclass(frozen=True, slots=True)
class JsonNode:
    """One value of a JSON document together with its path, so that complaints can name it.

    Attributes:
        value: What ``json`` made of it.
        path: JSONPath-like place, ``$`` for the root.
        what: Name of the document.
    """

    value: Any
    path: str
    what: str

    def fail(self, message: str) -> NoReturn:
        """Raise ``MalformedDataError`` naming this value's path."""
        raise MalformedDataError(f"{self.path}: {message}", what=self.what)

    def members(self, *, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> Mapping[str, "JsonNode"]:
        """Members of an object; refuses missing and unknown keys. A ``null`` member counts as absent."""
        if not isinstance(self.value, dict):
            self.fail(f"expected an object, found {_kind(self.value)}")
        for key in self.value:
            if key not in required and key not in optional:
                self.fail(f"unknown key {_short(key)}")
        present = {key: item for key, item in self.value.items() if item is not None}
        for key in required:
            if key not in present:
                self.fail(f"key {key!r} is missing")
        return {key: JsonNode(item, f"{self.path}.{key}", self.what) for key, item in present.items()}

    def entries(self) -> Mapping[str, "JsonNode"]:
        """Members of an object whose keys are data, not schema."""
        if not isinstance(self.value, dict):
            self.fail(f"expected an object, found {_kind(self.value)}")
        return {key: JsonNode(item, f"{self.path}[{_short(key)}]", self.what) for key, item in self.value.items()}

    def items(self, *, most: int = 100_000) -> list["JsonNode"]:
        """Elements of an array of at most ``most`` elements."""
        if not isinstance(self.value, list):
            self.fail(f"expected an array, found {_kind(self.value)}")
        if len(self.value) > most:
            self.fail(f"more than {most} elements")
        return [JsonNode(item, f"{self.path}[{index}]", self.what) for index, item in enumerate(self.value)]

    def text(self, *, longest: int = 2000, empty: bool = False) -> str:
        """A string, not empty unless ``empty``, of at most ``longest`` characters."""
        if not isinstance(self.value, str):
            self.fail(f"expected a string, found {_kind(self.value)}")
        if not self.value and not empty:
            self.fail("is empty")
        if len(self.value) > longest:
            self.fail(f"longer than {longest} characters")
        if any("\ud800" <= character <= "\udfff" for character in self.value):
            self.fail("holds half of a surrogate pair")
        return self.value

    def octets(self, *, longest: int) -> bytes:
        """Octets of a Base64 text, RFC 4648 alphabet with padding, nothing else in it; ``longest`` characters."""
        text = self.text(longest=longest)
        try:
            octets = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            self.fail("not Base64")
        if base64.b64encode(octets).decode("ascii") != text:
            self.fail("Base64 with stray bits")
        return octets

    def integer(self, *, least: int, most: int) -> int:
        """An integer within bounds; ``true`` and ``1.0`` are not integers."""
        if type(self.value) is not int:
            self.fail(f"expected an integer, found {_kind(self.value)}")
        if not least <= self.value <= most:
            self.fail(f"not within {least} to {most}")
        return int(self.value)

    def boolean(self) -> bool:
        """``true`` or ``false``."""
        if not isinstance(self.value, bool):
            self.fail(f"expected true or false, found {_kind(self.value)}")
        return self.value

    def day(self) -> date:
        """A calendar day written ``YYYY-MM-DD``."""
        text = self.text(longest=10)
        try:
            day = date.fromisoformat(text)
        except ValueError:
            self.fail("not a date of the form YYYY-MM-DD")
        if day.isoformat() != text:
            self.fail("not a date of the form YYYY-MM-DD")
        return day

    def choice(self, allowed: tuple[str, ...]) -> str:
        """A string that is one of ``allowed``."""
        text = self.text()
        if text not in allowed:
            self.fail(f"{_short(text)} is none of {', '.join(allowed)}")
        return text


def read_json(data: bytes, *, what: str, most: int = MAX_OCTETS) -> JsonNode:
    """Parse a JSON data file.

    Args:
        data: UTF-8, without a byte order mark.
        what: Name of the document, for messages.
        most: Greatest size in octets.

    Raises:
        MalformedDataError: Not UTF-8, not JSON (with line and column), a key repeated, a number that JSON does
            not have (``NaN``), or nesting too deep.
        LimitExceededError: Larger than ``most``.
    """
    if len(data) > most:
        raise LimitExceededError(f"{len(data)} octets, at most {most} are read", what=what)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise MalformedDataError("not UTF-8", what=what, offset=exc.start) from exc
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as exc:
        raise MalformedDataError(f"line {exc.lineno}, column {exc.colno}: {exc.msg}", what=what) from exc
    except RecursionError as exc:
        raise LimitExceededError("nested too deeply", what=what) from exc
    except ValueError as exc:  # our hooks, and integers beyond Python's limit of digits
        raise MalformedDataError(str(exc)[:200], what=what) from exc
    return JsonNode(value, "$", what)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"key {_short(name)} is repeated within one object")
            seen.add(name)
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _short(text: str) -> str:
    return ascii(text[:40])


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")
