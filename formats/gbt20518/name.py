"""Distinguished names (X.501 Name; GB/T 20518 issuer and subject fields).

A name is kept as the octets that were signed. Its text is for people and for comparison (RFC 5280 7.1), so a
string that cannot be decoded never hides a certificate: it is shown as ``#`` and the hexadecimal octets of its
encoding (RFC 4514 2.4), and the departure is named.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt20518 import plain
from formats.tolerances import Tolerance

NAME_LIMITS: Final = der.DerLimits(size=64 * 1024, depth=6, elements=256)
SHORT_NAMES: Final = {
    oids.COMMON_NAME: "CN",
    oids.SURNAME: "SN",
    oids.SERIAL_NUMBER: "serialNumber",
    oids.COUNTRY: "C",
    oids.LOCALITY: "L",
    oids.STATE: "ST",
    oids.ORGANIZATION: "O",
    oids.ORGANIZATIONAL_UNIT: "OU",
    oids.EMAIL_ADDRESS: "emailAddress",
}
_T61_CODECS: Final = ("utf-8", "gb18030")
_WELL_FORMED: Final = {
    der.UTF8_STRING: "utf-8",
    der.PRINTABLE_STRING: "ascii",
    der.IA5_STRING: "ascii",
    der.NUMERIC_STRING: "ascii",
    der.VISIBLE_STRING: "ascii",
    der.BMP_STRING: "utf-16-be",
}
_PRINTABLE: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?"
_CACHED_NAME_OCTETS: Final = 1024
_COMPARED_NAME_OCTETS: Final = 4096

_ATTRIBUTE_TYPES: Final = {der.oid(oid)[2:]: oid for oid in SHORT_NAMES}

_NEEDS_ESCAPE: Final = re.compile(r'^[ #]|[,+"\\<>;]| $')

RelativeName = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A distinguished name.

    Attributes:
        encoded: DER as received or built.
        attributes: ``(type identifier, text)`` of every attribute, in encoded order.
        tolerances: What the reader let pass.
        relative_names: The same attributes grouped as encoded; almost always one in each group.
    """

    encoded: bytes
    attributes: tuple[tuple[str, str], ...]
    tolerances: tuple[Tolerance, ...] = ()
    relative_names: tuple[RelativeName, ...] = ()

    @classmethod
    def build(cls, attributes: Iterable[tuple[str, str]]) -> Name:
        """A name with one attribute in each relative name, in the order given.

        Country is a PrintableString of two letters, an e-mail address an IA5String, everything else a UTF8String,
        as GB/T 20518 certificates carry them.

        Raises:
            ValueError: A value is empty, longer than 256 characters or outside its alphabet, or a country is not
                two capital letters.
        """
        encoded = der.sequence(*(_encode_attribute(oid, value) for oid, value in attributes))
        if len(encoded) > NAME_LIMITS.size:
            raise ValueError("name is too long")
        return read_name(encoded)

    def get(self, oid: str) -> str | None:
        """Text of the first attribute of type ``oid``; None if there is none."""
        return next((value for kind, value in self.attributes if kind == oid), None)

    @property
    def common_name(self) -> str | None:
        """Common name (2.5.4.3)."""
        return self.get(oids.COMMON_NAME)

    @property
    def organization(self) -> str | None:
        """Organization name (2.5.4.10)."""
        return self.get(oids.ORGANIZATION)

    @property
    def country(self) -> str | None:
        """Country (2.5.4.6)."""
        return self.get(oids.COUNTRY)

    def matches(self, other: Name) -> bool:
        """Whether both are the same name by the comparison of RFC 5280 7.1.

        Case, leading, trailing and repeated white space and the string type do not count; grouping and order do.
        """
        return self.encoded == other.encoded or self.comparison_key() == other.comparison_key()

    def comparison_key(self) -> Hashable:
        """What ``matches`` compares, to look names up by; it costs more than a look at the octets.

        Names longer than any in use are compared by their octets; only attacks ask for the work of folding them.
        """
        size = len(self.encoded)
        if size > _COMPARED_NAME_OCTETS:
            return self.encoded
        return _comparable_cached(self) if size <= _CACHED_NAME_OCTETS else _comparable(self)

    def is_within(self, base: Name) -> bool:
        """Whether the name lies in the subtree of ``base`` (directoryName constraints, RFC 5280 4.2.1.10)."""
        own, root = _comparable(self), _comparable(base)
        return own[: len(root)] == root

    def __eq__(self, other: object) -> bool:
        """Equality of octets; see ``matches`` for the comparison of names."""
        return isinstance(other, Name) and self.encoded == other.encoded

    def __hash__(self) -> int:
        return hash(self.encoded)

    def __str__(self) -> str:
        """Readable form in encoded order, values escaped as in RFC 4514 2.4."""
        return ", ".join(
            "+".join(f"{SHORT_NAMES.get(oid, oid)}={_escape(value)}" for oid, value in group)
            for group in self.relative_names
        )


def read_name(data: bytes) -> Name:
    """The name that ``data`` consists of.

    Raises:
        MalformedDataError: Not a Name.
    """
    if len(data) <= _CACHED_NAME_OCTETS:
        return _read_cached(bytes(data))
    return _read(data)


def name_from(node: der.Node) -> Name:
    """The name at ``node``; errors point into the buffer of ``node``."""
    try:
        return read_name(node.encoded)
    except MalformedDataError as exc:
        raise MalformedDataError(exc.message, what=node.what, offset=node.offset + (exc.offset or 0)) from exc


def _read(data: bytes) -> Name:
    plain = _read_plain(data)
    return _read_any(data) if plain is None else plain


def _read_plain(data: bytes) -> Name | None:
    """The name if it has the one shape nearly all names have, else None, which says nothing about it.

    Short lengths throughout, one attribute in each relative name, well-formed UTF8String or PrintableString. Names
    are the larger part of the cost of a certificate, and this takes a third of the time of ``_read_any``.
    """
    attributes = []
    try:
        position, size = plain.contents(data, 0, der.SEQUENCE)
        if size != len(data):
            return None
        while position < size:
            length = data[position + 1]
            if data[position] != der.SET or data[position + 2] != der.SEQUENCE or length > 0x7F:
                return None
            type_end = position + 6 + data[position + 5]
            value_tag, end = data[type_end], position + 2 + length
            if (
                data[position + 3] != length - 2
                or data[position + 4] != der.OBJECT_IDENTIFIER
                or data[type_end + 1] != end - type_end - 2
                or end > size
            ):
                return None
            oid, value = _ATTRIBUTE_TYPES[data[position + 6 : type_end]], data[type_end + 2 : end]
            printable = value_tag == der.PRINTABLE_STRING and not value.translate(None, _PRINTABLE)
            if not printable and value_tag != der.UTF8_STRING:
                return None
            attributes.append((oid, value.decode()))
            position = end
    except (IndexError, KeyError, UnicodeDecodeError, plain.NotPlainError):
        return None
    return Name(data, tuple(attributes), (), tuple((attribute,) for attribute in attributes))


def _read_any(data: bytes) -> Name:
    found: list[Tolerance] = []
    groups = []
    for group in der.parse(data, what="name", limits=NAME_LIMITS).expect(der.SEQUENCE):
        members = tuple(_read_attribute(member, found) for member in group.set_of(found))
        if not members:
            raise group.error("relative distinguished name is empty")
        groups.append(members)
    return Name(
        bytes(data),
        tuple(attribute for group in groups for attribute in group),
        tuple(sorted(set(found))),
        tuple(groups),
    )


# Issuers repeat in every certificate of a CA; a name is immutable, so one object serves them all.
_read_cached = lru_cache(maxsize=2048)(_read)


def _read_attribute(node: der.Node, found: list[Tolerance]) -> tuple[str, str]:
    fields = node.sequence(2, 2)
    return fields.next("attribute type").oid(), attribute_text(fields.next("attribute value"), found)


def attribute_text(node: der.Node, found: list[Tolerance]) -> str:
    """Text of a directory string as real certificates write it; ``#hex`` if it is no text."""
    content = node.content
    codec = _WELL_FORMED.get(node.tag)
    if codec is None and node.tag != der.T61_STRING:
        return "#" + node.encoded.hex()
    if node.tag == der.T61_STRING:
        found.append(Tolerance.STRING_T61)
        for candidate in _T61_CODECS:
            try:
                return content.decode(candidate)
            except UnicodeDecodeError:
                continue
        return content.decode("latin-1")
    try:
        text = content.decode(codec or "ascii")
    except UnicodeDecodeError:
        found.append(Tolerance.STRING_OUTSIDE_ALPHABET)
        if codec != "ascii":
            return "#" + node.encoded.hex()
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            return "#" + node.encoded.hex()
    if node.tag == der.PRINTABLE_STRING and content.translate(None, _PRINTABLE):
        found.append(Tolerance.STRING_OUTSIDE_ALPHABET)
    return text


def _encode_attribute(oid: str, value: str) -> bytes:
    if not value or len(value) > 256:
        raise ValueError("an attribute value has 1 to 256 characters")
    if oid == oids.COUNTRY:
        if len(value) != 2 or not (value.isascii() and value.isalpha() and value.isupper()):
            raise ValueError("country is two capital letters")
        text = der.printable_string(value)
    elif oid == oids.EMAIL_ADDRESS:
        text = der.ia5_string(value)
    else:
        text = der.utf8_string(value)
    return der.set_of([der.sequence(der.oid(oid), text)])


def _escape(value: str) -> str:
    if value.isprintable() and not _NEEDS_ESCAPE.search(value):
        return value
    out = []
    for index, character in enumerate(value):
        if character in ',+"\\<>;' or (character in " #" and index == 0):
            out.append("\\" + character)
        elif character == " " and index == len(value) - 1:
            out.append("\\ ")
        elif unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            # Control and bidirectional characters could make one name look like another.
            out.extend(f"\\{octet:02X}" for octet in character.encode("utf-8", "surrogatepass"))
        else:
            out.append(character)
    return "".join(out)


def _comparable(name: Name) -> tuple[frozenset[tuple[str, str]], ...]:
    return tuple(
        frozenset((oid, " ".join(unicodedata.normalize("NFKC", value).casefold().split())) for oid, value in group)
        for group in name.relative_names
    )


_comparable_cached = lru_cache(maxsize=2048)(_comparable)
