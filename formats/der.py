"""DER (ITU-T X.690): a strict reader that hands out original octets, and a writer.

Signatures are over octets, so the reader never decodes into objects that would have to be encoded again: a
``Node`` is a window on the buffer it was read from, and ``encoded`` is the slice that was signed. Everything is
checked when it is touched: tag form, minimal lengths, minimal integers, booleans, string alphabets, time forms.
Errors carry the octet offset in the whole buffer.

What real documents do against X.690 is let pass only where a caller asks for it by passing a ``found`` list, which
then receives the ``Tolerance``; without the list the reader is strict. Limits bound depth, element count and size
before any work is done on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from formats.errors import LimitExceededError, MalformedDataError
from formats.tolerances import Tolerance

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
ENUMERATED: Final = 0x0A
UTF8_STRING: Final = 0x0C
NUMERIC_STRING: Final = 0x12
PRINTABLE_STRING: Final = 0x13
T61_STRING: Final = 0x14
IA5_STRING: Final = 0x16
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
VISIBLE_STRING: Final = 0x1A
BMP_STRING: Final = 0x1E
SEQUENCE: Final = 0x30
SET: Final = 0x31

_TAG_NAMES: Final = {
    BOOLEAN: "BOOLEAN",
    INTEGER: "INTEGER",
    BIT_STRING: "BIT STRING",
    OCTET_STRING: "OCTET STRING",
    NULL: "NULL",
    OBJECT_IDENTIFIER: "OBJECT IDENTIFIER",
    ENUMERATED: "ENUMERATED",
    UTF8_STRING: "UTF8String",
    PRINTABLE_STRING: "PrintableString",
    IA5_STRING: "IA5String",
    UTC_TIME: "UTCTime",
    GENERALIZED_TIME: "GeneralizedTime",
    SEQUENCE: "SEQUENCE",
    SET: "SET",
}
_PRINTABLE: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")
_STRING_TAGS: Final = {
    UTF8_STRING: "utf-8",
    NUMERIC_STRING: "ascii",
    PRINTABLE_STRING: "ascii",
    IA5_STRING: "ascii",
    VISIBLE_STRING: "ascii",
    BMP_STRING: "utf-16-be",
}
_CONSTRUCTED: Final = 0x20

Found = list[Tolerance] | None


def context(number: int, *, constructed: bool = True) -> int:
    """Identifier octet of a context-specific tag ``[number]``, 0 to 30."""
    return 0x80 | number | (_CONSTRUCTED if constructed else 0)


def tag_name(tag: int) -> str:
    """A readable name of an identifier octet, for messages."""
    if tag in _TAG_NAMES:
        return _TAG_NAMES[tag]
    return f"[{tag & 0x1F}]" if tag & 0xC0 == 0x80 else f"tag 0x{tag:02x}"


@dataclass(frozen=True, slots=True)
class DerLimits:
    """Bounds that hold for one buffer.

    Attributes:
        size: Octets the whole buffer may have.
        depth: Nesting a value may have; real seal signatures stay below 20.
        elements: Children one constructed value may have, enough for a large revocation list's entries.
    """

    size: int = 32 * 1024 * 1024
    depth: int = 40
    elements: int = 2_000_000


DEFAULT_LIMITS: Final = DerLimits()


class Node:
    """One tag-length-value in a buffer; treat it as immutable.

    A plain class with slots: thousands are made for each document, and a frozen dataclass takes thrice as long.

    Attributes:
        buffer: The whole buffer; offsets count from its start.
        what: Name of the structure being read, for messages.
        tag: The identifier octet. High tag numbers (above 30) are refused, no format here uses them.
        offset: Where the identifier octet stands.
        start: Where the content starts.
        end: One past the content.
        depth: Nesting depth, the outermost value is 0.
    """

    __slots__ = ("buffer", "depth", "end", "limits", "offset", "start", "tag", "what")

    def __init__(
        self, buffer: bytes, what: str, limits: DerLimits, tag: int, offset: int, start: int, end: int, depth: int
    ) -> None:
        self.buffer = buffer
        self.what = what
        self.limits = limits
        self.tag = tag
        self.offset = offset
        self.start = start
        self.end = end
        self.depth = depth

    def __repr__(self) -> str:
        return f"<Node {tag_name(self.tag)} of {self.what} at {self.offset}..{self.end}>"

    @property
    def content(self) -> bytes:
        """The content octets."""
        return self.buffer[self.start : self.end]

    @property
    def encoded(self) -> bytes:
        """The value as received, tag and length included."""
        return self.buffer[self.offset : self.end]

    def error(self, message: str) -> MalformedDataError:
        """An error that points at this value."""
        return MalformedDataError(message, what=self.what, offset=self.offset)

    def expect(self, tag: int) -> Node:
        """This value, if it has the identifier octet ``tag``."""
        if self.tag != tag:
            raise self.error(f"expected {tag_name(tag)}, found {tag_name(self.tag)}")
        return self

    # ------------------------------------------------------------------ constructed values

    def __iter__(self) -> Iterator[Node]:
        """The values directly inside this constructed value, in order."""
        if not self.tag & _CONSTRUCTED:
            raise self.error(f"{tag_name(self.tag)} has no elements")
        if self.depth >= self.limits.depth:
            raise LimitExceededError(f"nested deeper than {self.limits.depth}", what=self.what, offset=self.offset)
        position, count, depth = self.start, 0, self.depth + 1
        while position < self.end:
            count += 1
            if count > self.limits.elements:
                raise LimitExceededError(
                    f"more than {self.limits.elements} elements", what=self.what, offset=self.offset
                )
            node = _read(self.buffer, position, self.end, self.what, self.limits, depth)
            position = node.end
            yield node

    def children(self) -> list[Node]:
        """The values directly inside this constructed value."""
        return list(self)

    def sequence(self, minimum: int = 0, maximum: int | None = None) -> Elements:
        """The elements of a SEQUENCE as a cursor, count checked if bounds are given."""
        return self.expect(SEQUENCE).elements(minimum, maximum)

    def elements(self, minimum: int = 0, maximum: int | None = None) -> Elements:
        """The elements of any constructed value as a cursor."""
        nodes = self.children()
        if len(nodes) < minimum or (maximum is not None and len(nodes) > maximum):
            wanted = f"{minimum}" if maximum == minimum else f"{minimum} to {maximum or 'any'}"
            raise self.error(f"{len(nodes)} elements where {wanted} belong")
        return Elements(self, nodes)

    def set_of(self, found: Found = None) -> list[Node]:
        """The elements of a SET OF; their ascending order (X.690 11.6) is checked."""
        nodes = self.expect(SET).children()
        encodings = [node.encoded for node in nodes]
        if encodings != sorted(encodings):
            self.tolerate(found, Tolerance.DER_UNSORTED_SET, "SET OF is not in ascending order")
        return nodes

    def explicit(self, number: int) -> Node:
        """The one value inside an explicit context tag ``[number]``."""
        inner = self.expect(context(number)).children()
        if len(inner) != 1:
            raise self.error(f"explicit tag [{number}] holds {len(inner)} values, not one")
        return inner[0]

    def tolerate(self, found: Found, tolerance: Tolerance, message: str) -> None:
        """Record a departure if the caller collects them, else refuse it."""
        if found is None:
            raise self.error(message)
        found.append(tolerance)

    # ------------------------------------------------------------------ primitive values

    def boolean(self, found: Found = None) -> bool:
        """BOOLEAN; TRUE is FF."""
        content = self.expect(BOOLEAN).content
        if len(content) != 1:
            raise self.error("BOOLEAN is not one octet")
        if content[0] not in (0x00, 0xFF):
            self.tolerate(found, Tolerance.DER_BOOLEAN_NOT_FF, "BOOLEAN TRUE is not FF")
        return content[0] != 0

    def integer(self, found: Found = None, *, tag: int = INTEGER, max_octets: int = 64) -> int:
        """INTEGER of at most ``max_octets`` content octets."""
        content = self.expect(tag).content
        if not content:
            raise self.error("INTEGER is empty")
        if len(content) > max_octets:
            raise LimitExceededError(
                f"INTEGER of {len(content)} octets, {max_octets} allowed", what=self.what, offset=self.offset
            )
        if len(content) > 1 and (
            (content[0] == 0x00 and content[1] < 0x80) or (content[0] == 0xFF and content[1] >= 0x80)
        ):
            self.tolerate(found, Tolerance.DER_NON_MINIMAL_INTEGER, "INTEGER is not minimal")
        return int.from_bytes(content, "big", signed=True)

    def octets(self) -> bytes:
        """Content of an OCTET STRING."""
        return self.expect(OCTET_STRING).content

    def bits(self) -> bytes:
        """Content of a BIT STRING whose length is a whole number of octets, without the unused-bits octet."""
        content = self.expect(BIT_STRING).content
        if not content:
            raise self.error("BIT STRING is empty")
        if content[0] != 0:
            raise self.error(f"BIT STRING has {content[0]} unused bits, whole octets belong here")
        return content[1:]

    def named_bits(self, found: Found = None) -> frozenset[int]:
        """Numbers of the bits that are set in a named bit list (X.690 11.2.2)."""
        content = self.expect(BIT_STRING).content
        if not content or content[0] > 7 or (len(content) == 1 and content[0]):
            raise self.error("BIT STRING has a wrong unused-bits octet")
        if len(content) > 17:
            raise self.error("named bit list is longer than 128 bits")
        unused, data = content[0], content[1:]
        if data and data[-1] & ((1 << unused) - 1):
            raise self.error("unused bits of the BIT STRING are not zero")
        if data and not data[-1] & (1 << unused):
            self.tolerate(found, Tolerance.DER_NON_MINIMAL_NAMED_BITS, "named bit list has trailing zero bits")
        return frozenset(
            8 * index + bit for index, octet in enumerate(data) for bit in range(8) if octet & (0x80 >> bit)
        )

    def null(self) -> None:
        """NULL."""
        if self.expect(NULL).content:
            raise self.error("NULL has content")

    def oid(self) -> str:
        """OBJECT IDENTIFIER as a dotted string."""
        return _decode_oid(self.expect(OBJECT_IDENTIFIER))

    def string(self, *tags: int) -> str:
        """A character string of one of ``tags`` (any string type if none is named)."""
        if tags and self.tag not in tags:
            names = " or ".join(tag_name(tag) for tag in tags)
            raise self.error(f"expected {names}, found {tag_name(self.tag)}")
        codec = _STRING_TAGS.get(self.tag)
        if codec is None:
            raise self.error(f"{tag_name(self.tag)} is not a character string this reader knows")
        content = self.content
        if self.tag == PRINTABLE_STRING and not _PRINTABLE.issuperset(content):
            raise self.error("PrintableString holds a character outside its alphabet")
        try:
            return content.decode(codec)
        except UnicodeDecodeError as exc:
            raise MalformedDataError(
                f"{tag_name(self.tag)} is not valid {codec}", what=self.what, offset=self.start + exc.start
            ) from exc

    def time(self) -> datetime:
        """UTCTime or GeneralizedTime in the form of RFC 5280 4.1.2.5: seconds present, ``Z``, no fraction."""
        if self.tag == UTC_TIME:
            return self.utc_time()
        return self.generalized_time()

    def utc_time(self) -> datetime:
        """UTCTime ``YYMMDDhhmmssZ``; years 50 to 99 are of the twentieth century (RFC 5280 4.1.2.5.1)."""
        text = self._time_text(UTC_TIME, 13)
        year = int(text[:2])
        return self._time(year + (1900 if year >= 50 else 2000), text[2:])

    def generalized_time(self) -> datetime:
        """GeneralizedTime ``YYYYMMDDhhmmssZ``."""
        text = self._time_text(GENERALIZED_TIME, 15)
        return self._time(int(text[:4]), text[4:])

    def _time_text(self, tag: int, length: int) -> str:
        content = self.expect(tag).content
        if len(content) != length or content[-1:] != b"Z" or not content[:-1].isdigit():
            raise self.error(f"{tag_name(tag)} is not of the form {'YY' if length == 13 else 'YYYY'}MMDDhhmmssZ")
        return content.decode("ascii")

    def _time(self, year: int, text: str) -> datetime:
        try:
            return datetime(
                year,
                int(text[:2]),
                int(text[2:4]),
                int(text[4:6]),
                int(text[6:8]),
                int(text[8:10]),
                tzinfo=UTC,
            )
        except ValueError as exc:
            raise self.error("no such time") from exc


class Elements:
    """A cursor over the elements of a constructed value, for reading fields in their order."""

    __slots__ = ("_nodes", "_position", "parent")

    def __init__(self, parent: Node, nodes: list[Node]) -> None:
        self.parent = parent
        self._nodes = nodes
        self._position = 0

    def __len__(self) -> int:
        """How many elements there are in all."""
        return len(self._nodes)

    def next(self, name: str = "element") -> Node:
        """The next element, which must be there; ``name`` is its field name."""
        if self._position >= len(self._nodes):
            raise self.parent.error(f"{name} is missing")
        node = self._nodes[self._position]
        self._position += 1
        return node

    def peek(self) -> Node | None:
        """The next element without taking it, None at the end."""
        return self._nodes[self._position] if self._position < len(self._nodes) else None

    def optional(self, *tags: int) -> Node | None:
        """The next element if it has one of ``tags``, else None."""
        node = self.peek()
        if node is None or node.tag not in tags:
            return None
        self._position += 1
        return node

    def end(self) -> None:
        """Refuse further elements."""
        node = self.peek()
        if node is not None:
            raise node.error(f"{tag_name(node.tag)} follows where nothing belongs")


def parse(data: bytes, *, what: str = "DER", limits: DerLimits = DEFAULT_LIMITS) -> Node:
    """The one value that ``data`` consists of.

    Raises:
        MalformedDataError: Not DER, or octets follow the value.
        LimitExceededError: Larger than ``limits.size``.
    """
    node = parse_prefix(data, what=what, limits=limits)
    if node.end != len(data):
        raise MalformedDataError(f"{len(data) - node.end} octets follow the value", what=what, offset=node.end)
    return node


def parse_prefix(data: bytes, *, what: str = "DER", limits: DerLimits = DEFAULT_LIMITS) -> Node:
    """The first value in ``data``; octets may follow it."""
    if len(data) > limits.size:
        raise LimitExceededError(f"{len(data)} octets, {limits.size} allowed", what=what)
    return _read(bytes(data), 0, len(data), what, limits, 0)


def _read(buffer: bytes, offset: int, end: int, what: str, limits: DerLimits, depth: int) -> Node:
    """Read the header at ``offset``; the value must end at or before ``end``."""
    if offset + 2 > end:
        raise MalformedDataError("value is cut short", what=what, offset=offset)
    tag, length, start = buffer[offset], buffer[offset + 1], offset + 2
    if tag & 0x1F == 0x1F:
        raise MalformedDataError("tag number above 30", what=what, offset=offset)
    if tag == 0:
        raise MalformedDataError("end-of-contents octets outside an indefinite length", what=what, offset=offset)
    if length >= 0x80:
        octets = length & 0x7F
        if octets == 0:
            raise MalformedDataError("indefinite length", what=what, offset=offset)
        if octets > 4:
            raise MalformedDataError(f"length in {octets} octets", what=what, offset=offset)
        if start + octets > end:
            raise MalformedDataError("length is cut short", what=what, offset=offset)
        length = int.from_bytes(buffer[start : start + octets], "big")
        if length < 0x80 or length >> (8 * (octets - 1)) == 0:
            raise MalformedDataError("length is not minimal", what=what, offset=offset)
        start += octets
    if length > end - start:
        raise MalformedDataError(
            f"value claims {length} octets, {end - start} are there", what=what, offset=offset
        )
    return Node(buffer, what, limits, tag, offset, start, start + length, depth)


def _decode_oid(node: Node) -> str:
    content = node.content
    if not content or content[-1] & 0x80:
        raise node.error("OBJECT IDENTIFIER is cut short")
    if len(content) > 64:
        raise node.error("OBJECT IDENTIFIER is longer than 64 octets")
    known = _OID_TEXT.get(content)
    if known is not None:
        return known
    arcs: list[int] = []
    value, fresh = 0, True
    for octet in content:
        if fresh and octet == 0x80:
            raise node.error("OBJECT IDENTIFIER arc is not minimal")
        value = (value << 7) | (octet & 0x7F)
        fresh = not octet & 0x80
        if fresh:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    text = ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))
    if len(_OID_TEXT) < 512:
        _OID_TEXT[content] = text
    return text


# Both directions are remembered: the house uses a few dozen identifiers, millions of times.
_OID_TEXT: Final[dict[bytes, str]] = {}
_OID_OCTETS: Final[dict[str, bytes]] = {}

# ---------------------------------------------------------------------- writing


def encode(tag: int, content: bytes) -> bytes:
    """One value with a minimal definite length."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    if length < 0x100:
        return bytes((tag, 0x81, length)) + content
    octets = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | octets)) + length.to_bytes(octets, "big") + content


def sequence(*elements: bytes) -> bytes:
    """SEQUENCE of encoded elements."""
    return encode(SEQUENCE, b"".join(elements))


def set_of(elements: Iterable[bytes]) -> bytes:
    """SET OF encoded elements, put into ascending order (X.690 11.6)."""
    return encode(SET, b"".join(sorted(elements)))


def explicit(number: int, element: bytes) -> bytes:
    """An encoded value inside an explicit context tag."""
    return encode(context(number), element)


def boolean(value: bool) -> bytes:  # noqa: FBT001  the type is the meaning
    """BOOLEAN."""
    return b"\x01\x01\xff" if value else b"\x01\x01\x00"


def integer(value: int, *, tag: int = INTEGER) -> bytes:
    """INTEGER, minimal two's complement."""
    size = (value.bit_length() if value >= 0 else (value + 1).bit_length()) // 8 + 1
    return encode(tag, value.to_bytes(size, "big", signed=True))


def octet_string(content: bytes) -> bytes:
    """OCTET STRING."""
    return encode(OCTET_STRING, content)


def bit_string(content: bytes) -> bytes:
    """BIT STRING of whole octets."""
    return encode(BIT_STRING, b"\x00" + content)


def named_bits(numbers: Iterable[int]) -> bytes:
    """Named bit list with trailing zero bits removed (X.690 11.2.2)."""
    chosen = sorted(set(numbers))
    if not chosen:
        return encode(BIT_STRING, b"\x00")
    data = bytearray(chosen[-1] // 8 + 1)
    for number in chosen:
        data[number // 8] |= 0x80 >> (number % 8)
    return encode(BIT_STRING, bytes([7 - chosen[-1] % 8]) + bytes(data))


def null() -> bytes:
    """NULL."""
    return b"\x05\x00"


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER.

    Raises:
        ValueError: ``dotted`` is not an object identifier.
    """
    known = _OID_OCTETS.get(dotted)
    if known is not None:
        return known
    try:
        arcs = [int(arc) for arc in dotted.split(".")]
    except ValueError:
        raise ValueError(f"not an object identifier: {dotted!r}") from None
    if len(arcs) < 2 or arcs[0] > 2 or min(arcs) < 0 or (arcs[0] < 2 and arcs[1] > 39):
        raise ValueError(f"not an object identifier: {dotted!r}")
    content = bytearray()
    for arc in [40 * arcs[0] + arcs[1], *arcs[2:]]:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append((arc & 0x7F) | 0x80)
        content += bytes(reversed(groups))
    encoded = encode(OBJECT_IDENTIFIER, bytes(content))
    if len(_OID_OCTETS) < 512:
        _OID_OCTETS[dotted] = encoded
    return encoded


def utf8_string(text: str) -> bytes:
    """UTF8String."""
    return encode(UTF8_STRING, text.encode("utf-8"))


def ia5_string(text: str) -> bytes:
    """IA5String.

    Raises:
        ValueError: A character outside ASCII.
    """
    return encode(IA5_STRING, text.encode("ascii"))


def printable_string(text: str) -> bytes:
    """PrintableString.

    Raises:
        ValueError: A character outside its alphabet.
    """
    content = text.encode("ascii")
    if not _PRINTABLE.issuperset(content):
        raise ValueError("a character outside the alphabet of PrintableString")
    return encode(PRINTABLE_STRING, content)


def utc_time(moment: datetime) -> bytes:
    """UTCTime; for years 1950 to 2049 and whole seconds only."""
    moment = _whole_utc_second(moment)
    if not 1950 <= moment.year < 2050:
        raise ValueError("UTCTime reaches from 1950 to 2049")
    return encode(UTC_TIME, b"%02d" % (moment.year % 100) + _within_the_year(moment))


def generalized_time(moment: datetime) -> bytes:
    """GeneralizedTime ``YYYYMMDDhhmmssZ``; whole seconds only."""
    moment = _whole_utc_second(moment)
    return encode(GENERALIZED_TIME, b"%04d" % moment.year + _within_the_year(moment))


def time(moment: datetime) -> bytes:
    """UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5)."""
    return utc_time(moment) if 1950 <= moment.year < 2050 else generalized_time(moment)


def _within_the_year(moment: datetime) -> bytes:
    # Thrice as fast as strftime, which counts in lists of a million entries.
    return b"%02d%02d%02d%02d%02dZ" % (moment.month, moment.day, moment.hour, moment.minute, moment.second)


def _whole_utc_second(moment: datetime) -> datetime:
    if moment.utcoffset() != timedelta(0):
        raise ValueError("times are kept in UTC")
    if moment.microsecond:
        raise ValueError("a fraction of a second has no place in DER times of these profiles")
    return moment
