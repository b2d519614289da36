"""One extension and a list of them, undecoded (RFC 5280 4.2, 5.2; PKCS#9 extensionRequest)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from formats import der
from formats.errors import MalformedDataError
from formats.gbt20518 import plain
from formats.tolerances import Tolerance

_TRUE: Final = der.boolean(True)
_CACHED_OCTETS: Final = 512


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension, undecoded.

    Attributes:
        oid: Its identifier.
        critical: Whether a reader that does not know it must refuse.
        value: Content of extnValue, normally DER.
    """

    oid: str
    critical: bool
    value: bytes

    def encode(self) -> bytes:
        """DER Extension; ``critical`` is absent unless TRUE."""
        return _encode_cached(self) if len(self.value) <= _CACHED_OCTETS else _encode(self)


def _encode(extension: Extension) -> bytes:
    critical = der.boolean(True) if extension.critical else b""
    return der.sequence(der.oid(extension.oid), critical, der.octet_string(extension.value))


# All but two extensions are the same in every certificate of a profile.
_encode_cached = lru_cache(maxsize=1024)(_encode)


def read_extensions(node: der.Node, found: list[Tolerance]) -> Mapping[str, Extension]:
    """An Extensions value by identifier, in encoded order, undecoded.

    Raises:
        MalformedDataError: Broken syntax, or an extension is repeated (RFC 5280 4.2).
    """
    plain = _read_plain(node)
    if plain is not None:
        return plain
    extensions: dict[str, Extension] = {}
    for member in node.expect(der.SEQUENCE):
        fields = member.sequence(2, 3)
        oid = fields.next("extnID").oid()
        flag = fields.optional(der.BOOLEAN)
        critical = flag is not None and flag.boolean(found)
        if flag is not None and not critical:
            found.append(Tolerance.DER_ENCODED_DEFAULT)
        value = fields.next("extnValue").octets()
        fields.end()
        if oid in extensions:
            raise member.error(f"extension {oid} is repeated")
        extensions[oid] = Extension(oid, critical, value)
    if not extensions:
        found.append(Tolerance.X509_EMPTY_EXTENSIONS)
    return MappingProxyType(extensions)


def _read_plain(node: der.Node) -> Mapping[str, Extension] | None:
    """The extensions if every one is encoded without departure, else None, which says nothing about them.

    Walks the headers in place; the general reader makes four nodes for each extension and takes four times
    as long.
    """
    buffer, position, end = node.buffer, node.start, node.end
    if node.tag != der.SEQUENCE or position == end:
        return None
    extensions: dict[str, Extension] = {}
    try:
        while position < end:
            _, stop = plain.contents(buffer, position, der.SEQUENCE)
            if stop > end or len(extensions) >= node.limits.elements:
                return None
            encoded = buffer[position:stop]
            each = (_plain_extension_cached if len(encoded) <= _CACHED_OCTETS else _plain_extension)(encoded)
            if each.oid in extensions:
                return None
            extensions[each.oid] = each
            position = stop
    except (IndexError, plain.NotPlainError, MalformedDataError):
        return None
    return MappingProxyType(extensions)


def _plain_extension(encoded: bytes) -> Extension:
    start, stop = plain.contents(encoded, 0, der.SEQUENCE)
    oid_start, oid_end = plain.contents(encoded, start, der.OBJECT_IDENTIFIER)
    critical = encoded[oid_end] == der.BOOLEAN
    if critical and encoded[oid_end : oid_end + 3] != _TRUE:
        raise plain.NotPlainError
    value_start, value_end = plain.contents(encoded, oid_end + 3 if critical else oid_end, der.OCTET_STRING)
    if value_end != stop:
        raise plain.NotPlainError
    return Extension(plain.oid_text(encoded[oid_start:oid_end]), critical, encoded[value_start:value_end])


# All but two extensions are the same in every certificate of a profile.
_plain_extension_cached = lru_cache(maxsize=4096)(_plain_extension)
