"""A strict binary encoding for flat records: the bodies of frames, the records at rest and the audit entries.

A record is a frozen dataclass whose fields are annotated with their encoding, in order, without tags or
padding:

```python
@dataclass(frozen=True, slots=True)
class ExportPublicKey:
    index: Annotated[int, Unsigned(4)]
    usage: Annotated[KeyUsage, Choice(KeyUsage)]
```

One value has one encoding, so what is encoded can be put under a MAC or into a hash chain as it stands.
Integers are big-endian; octet strings and texts are preceded by their length, lists by their count, each with
a limit stated at the field. Reading raises ``MalformedDataError`` and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import IntEnum
from typing import Any, Protocol, TypeVar, get_args, get_type_hints

from formats.errors import LimitExceededError, MalformedDataError

T = TypeVar("T")


class Cursor:
    """Reads forward through bounded octets."""

    __slots__ = ("_data", "_offset", "_what")

    def __init__(self, data: bytes, what: str) -> None:
        self._data, self._what, self._offset = data, what, 0

    def take(self, count: int) -> bytes:
        """Return the next ``count`` octets."""
        end = self._offset + count
        if end > len(self._data):
            raise self.malformed("cut off")
        taken = self._data[self._offset : end]
        self._offset = end
        return taken

    def unsigned(self, width: int) -> int:
        """Return the next big-endian integer of ``width`` octets."""
        return int.from_bytes(self.take(width), "big")

    def bounded(self, width: int, limit: int, name: str) -> int:
        """Return a length or count that may not exceed ``limit``."""
        value = self.unsigned(width)
        if value > limit:
            raise LimitExceededError(f"{name} {value} exceeds {limit}", what=self._what, offset=self._offset)
        return value

    def malformed(self, message: str) -> MalformedDataError:
        """Make the error for what stands here."""
        return MalformedDataError(message, what=self._what, offset=self._offset)

    def finish(self) -> None:
        """Refuse octets that are left over."""
        if self._offset != len(self._data):
            raise self.malformed("octets left over")


class Encoding(Protocol):
    """How one field is written and read."""

    def write(self, value: Any) -> bytes:
        """Encode; ValueError if the value is outside what the field may hold."""

    def read(self, cursor: Cursor) -> Any:
        """Decode; MalformedDataError if what stands there is not such a value."""


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A big-endian unsigned integer of ``width`` octets."""

    width: int

    def write(self, value: int) -> bytes:
        """Encode."""
        try:
            return value.to_bytes(self.width, "big")
        except OverflowError:
            raise ValueError(f"{value} does not fit into {self.width} octets") from None

    def read(self, cursor: Cursor) -> int:
        """Decode."""
        return cursor.unsigned(self.width)


@dataclass(frozen=True, slots=True)
class Octets:
    """Octets, preceded by their count in four octets."""

    limit: int
    at_least: int = 0

    def write(self, value: bytes) -> bytes:
        """Encode."""
        if not self.at_least <= len(value) <= self.limit:
            raise ValueError(f"{len(value)} octets, allowed are {self.at_least} to {self.limit}")
        return len(value).to_bytes(4, "big") + value

    def read(self, cursor: Cursor) -> bytes:
        """Decode."""
        length = cursor.bounded(4, self.limit, "length")
        if length < self.at_least:
            raise cursor.malformed(f"{length} octets, at least {self.at_least} are needed")
        return cursor.take(length)


@dataclass(frozen=True, slots=True)
class Fixed:
    """Exactly ``length`` octets."""

    length: int

    def write(self, value: bytes) -> bytes:
        """Encode."""
        if len(value) != self.length:
            raise ValueError(f"{len(value)} octets instead of {self.length}")
        return value

    def read(self, cursor: Cursor) -> bytes:
        """Decode."""
        return cursor.take(self.length)


@dataclass(frozen=True, slots=True)
class Text:
    """UTF-8 text without control characters, preceded by its length in octets (two octets)."""

    limit: int

    def write(self, value: str) -> bytes:
        """Encode."""
        octets = value.encode("utf-8", "strict")
        if len(octets) > self.limit:
            raise ValueError(f"text of {len(octets)} octets, allowed are {self.limit}")
        if not _is_plain(value):
            raise ValueError("text with control characters")
        return len(octets).to_bytes(2, "big") + octets

    def read(self, cursor: Cursor) -> str:
        """Decode."""
        octets = cursor.take(cursor.bounded(2, self.limit, "text length"))
        try:
            value = octets.decode("utf-8")
        except UnicodeDecodeError:
            raise cursor.malformed("text is not UTF-8") from None
        if not _is_plain(value):
            raise cursor.malformed("text with control characters")
        return value


def _is_plain(text: str) -> bool:
    return all(character >= " " and not "\x7f" <= character <= "\x9f" for character in text)


@dataclass(frozen=True, slots=True)
class Choice:
    """A member of an ``IntEnum`` in ``width`` octets."""

    members: type[IntEnum]
    width: int = 1

    def write(self, value: IntEnum) -> bytes:
        """Encode."""
        return int(value).to_bytes(self.width, "big")

    def read(self, cursor: Cursor) -> IntEnum:
        """Decode."""
        number = cursor.unsigned(self.width)
        try:
            return self.members(number)
        except ValueError:
            raise cursor.malformed(f"{number} is no {self.members.__name__}") from None


@dataclass(frozen=True, slots=True)
class Optional:
    """A value that may be absent: 00, or 01 and the value."""

    inner: Encoding

    def write(self, value: object) -> bytes:
        """Encode."""
        return b"\x00" if value is None else b"\x01" + self.inner.write(value)

    def read(self, cursor: Cursor) -> Any:
        """Decode."""
        flag = cursor.unsigned(1)
        if flag > 1:
            raise cursor.malformed("presence is told by 00 or 01")
        return self.inner.read(cursor) if flag else None


@dataclass(frozen=True, slots=True)
class ListOf:
    """Up to ``limit`` values, preceded by their count in four octets; a tuple in Python."""

    inner: Encoding
    limit: int

    def write(self, value: tuple[object, ...]) -> bytes:
        """Encode."""
        if len(value) > self.limit:
            raise ValueError(f"{len(value)} elements, allowed are {self.limit}")
        return len(value).to_bytes(4, "big") + b"".join(map(self.inner.write, value))

    def read(self, cursor: Cursor) -> tuple[Any, ...]:
        """Decode."""
        return tuple(self.inner.read(cursor) for _ in range(cursor.bounded(4, self.limit, "count")))


@dataclass(frozen=True, slots=True)
class Nested:
    """Another record, in place."""

    record: type[Any]

    def write(self, value: object) -> bytes:
        """Encode."""
        return encode(value)

    def read(self, cursor: Cursor) -> Any:
        """Decode."""
        return _read_record(self.record, cursor)


def encode(record: object) -> bytes:
    """Encode a record.

    Raises:
        ValueError: A field holds a value outside its limits.
    """
    return b"".join([write(getattr(record, name)) for name, write, _ in _layout(type(record))])


def decode(record: type[T], data: bytes, *, what: str) -> T:
    """Decode a record that fills ``data`` to the end.

    Args:
        record: Its class.
        data: Octets of any origin.
        what: Name of the structure for errors.

    Raises:
        MalformedDataError: The octets are not exactly one such record, within its limits.
    """
    cursor = Cursor(data, what)
    value = _read_record(record, cursor)
    cursor.finish()
    return value


def _read_record(record: type[T], cursor: Cursor) -> T:
    values = [read(cursor) for _, _, read in _layout(record)]
    try:
        return record(*values)
    except ValueError as error:  # a rule of the record itself
        if isinstance(error, MalformedDataError):
            raise
        raise cursor.malformed(str(error)) from None


_Layout = tuple[tuple[str, Callable[[Any], bytes], Callable[[Cursor], Any]], ...]
_layouts: dict[type[Any], _Layout] = {}


def _layout(record: type[Any]) -> _Layout:
    """Name, writer and reader of each field; worked out once a class."""
    known = _layouts.get(record)
    if known is not None:
        return known
    if not is_dataclass(record):
        raise TypeError(f"{record.__name__} is not a record")
    hints = get_type_hints(record, include_extras=True)
    layout = []
    for field in fields(record):
        encoding: Encoding = get_args(hints[field.name])[1]
        layout.append((field.name, encoding.write, encoding.read))
    return _layouts.setdefault(record, tuple(layout))
