"""Confusions of shape: a seal signature that reads once an element is taken for what it was meant to be.

Every confusion has its place; the elements are walked in the order of the standard, and one of another type, or
from another generation, is written as the standard has it. Nothing of the result is signed: the signature is tried
over the octets received.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from formats import ber, der
from formats.der import Node
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt38540 import SealSignature, read_seal_signature
from formats.gbt38540.fields import LIMITS

_WHAT: Final = "seal signature"
_STRINGS: Final = frozenset(
    {der.UTF8_STRING, der.PRINTABLE_STRING, der.VISIBLE_STRING, der.T61_STRING, der.IA5_STRING}
)
_V1_TBS: Final = 7


@dataclass(frozen=True, slots=True)
class Repaired:
    """A seal signature read with confusions put right.

    Attributes:
        value: What it then says; its octets are not those received.
        signed: TBS_Sign as received.
        dialects: The confusions, in the order met.
        detail: Where.
    """

    value: SealSignature
    signed: bytes
    dialects: tuple[str, ...]
    detail: str


@dataclass(slots=True)
class _Notes:
    names: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)

    def add(self, name: str, place: str) -> None:
        if name not in self.names:
            self.names.append(name)
        self.places.append(place)


def repair(data: bytes) -> Repaired | None:
    """A seal signature that does not read, read with its confusions put right; None if that does not help either.

    Args:
        data: The signature value as received.
    """
    notes = _Notes()
    try:
        try:
            node = der.parse(data, what=_WHAT, limits=LIMITS)
        except MalformedDataError:
            definite, _ = ber.to_definite(data, what=_WHAT, limits=LIMITS)
            notes.add("shape.ber", "lengths")
            node = der.parse(definite, what=_WHAT, limits=LIMITS)
        written, signed = _signature(node, notes)
        value = read_seal_signature(written)
    except (LimitExceededError, MalformedDataError, ValueError, IndexError):
        return None
    if not notes.names:
        return None
    return Repaired(value, signed, tuple(notes.names), ", ".join(notes.places[:8]))


def _signature(node: Node, notes: _Notes) -> tuple[bytes, bytes]:
    """SES_Signature with its confusions put right, and TBS_Sign as received."""
    parts = node.children()
    to_sign, *rest = parts
    inner = to_sign.expect(der.SEQUENCE).children()
    old = len(inner) == _V1_TBS
    if old and len(rest) > 1:
        notes.add("shape.v1-parts", "TBS_Sign carries certificate and algorithm")
        return _rebuilt_v4(inner[:5], [inner[5], inner[6], rest[-1]], notes), to_sign.encoded
    if old:
        return _rebuilt_v1(inner, rest[0], notes), to_sign.encoded
    if len(rest) == 1:
        raise node.error("no certificate of the signer")
    return _rebuilt_v4(inner, rest, notes), to_sign.encoded


def _rebuilt_v4(inner: list[Node], rest: list[Node], notes: _Notes) -> bytes:
    version, seal, moment, digest, path, *extensions = inner
    seal_octets, seal_is_old = _seal(seal, notes)
    if seal_is_old:
        notes.add("shape.v1-seal", "a seal of two elements")
        return _as_v1(
            [version.encoded, seal_octets, der.bit_string(_time(moment, notes)), _bits(digest, "dataHash", notes)],
            path,
            rest,
            notes,
        )
    more = [each.encoded for each in extensions]
    return _as_v4(version, seal_octets, moment, [digest, path, *rest], notes, more)


def _as_v1(head: list[bytes], path: Node, rest: list[Node], notes: _Notes) -> bytes:
    certificate, algorithm, signature, *_ = rest
    tbs = der.sequence(
        *head,
        _ia5(path, "propertyInfo", notes),
        _certificate(certificate, "signer", notes),
        _algorithm(algorithm, "signature", notes),
    )
    return der.sequence(tbs, _bits(signature, "signature", notes))


def _rebuilt_v1(inner: list[Node], signature: Node, notes: _Notes) -> bytes:
    version, seal, moment, digest, path, certificate, algorithm = inner
    seal_octets, seal_is_old = _seal(seal, notes)
    if not seal_is_old:
        notes.add("shape.v4-seal", "a seal of four elements")
        content = moment.content[1:] if moment.tag == der.BIT_STRING else moment.encoded
        stated = der.parse(content, what="timeInfo")
        return _as_v4(version, seal_octets, stated, [digest, path, certificate, algorithm, signature], notes)
    tbs = der.sequence(
        version.encoded,
        seal_octets,
        moment.encoded,
        digest.encoded,
        _ia5(path, "propertyInfo", notes),
        _certificate(certificate, "signer", notes),
        _algorithm(algorithm, "signature", notes),
    )
    return der.sequence(tbs, _bits(signature, "signature", notes))


def _as_v4(
    version: Node, seal: bytes, moment: Node, rest: list[Node], notes: _Notes, extensions: Sequence[bytes] = ()
) -> bytes:
    digest, path, certificate, algorithm, signature, *stamp = rest
    tbs = der.sequence(
        version.encoded,
        seal,
        _time(moment, notes),
        _bits(digest, "dataHash", notes),
        _ia5(path, "propertyInfo", notes),
        *extensions,
    )
    return der.sequence(
        tbs,
        _certificate(certificate, "signer", notes),
        _algorithm(algorithm, "signature", notes),
        _bits(signature, "signature", notes),
        *(each.encoded for each in stamp),
    )


def _seal(node: Node, notes: _Notes) -> tuple[bytes, bool]:
    """The seal with its confusions put right, and whether it has the shape of GM/T 0031-2014."""
    parts = node.expect(der.SEQUENCE).children()
    if len(parts) == 2:
        return node.encoded, True
    info, certificate, algorithm, signature, *stamp = parts
    header, identifier, properties, picture, *extensions = info.children()
    written = der.sequence(
        header.encoded,
        _ia5(identifier, "esID", notes),
        _property(properties, notes),
        _picture(picture, notes),
        *(each.encoded for each in extensions),
    )
    return (
        der.sequence(
            written,
            _certificate(certificate, "maker", notes),
            _algorithm(algorithm, "seal", notes),
            _bits(signature, "signedValue", notes),
            *(each.encoded for each in stamp),
        ),
        False,
    )


def _property(node: Node, notes: _Notes) -> bytes:
    parts = node.expect(der.SEQUENCE).children()
    if len(parts) == 6:
        notes.add("shape.list-type", "certListType is missing")
        kind, name, listed, *times = parts
        list_type = der.integer(_list_type(listed))
    else:
        kind, name, stated, listed, *times = parts
        list_type = stated.encoded
        actual = _list_type(listed)
        if stated.integer([]) != actual:
            notes.add("shape.list-type", f"certListType {stated.integer([])}, the list is of type {actual}")
            list_type = der.integer(actual)
    if name.tag != der.UTF8_STRING and name.tag in _STRINGS:
        notes.add("shape.string-type", f"name is a {der.tag_name(name.tag)}")
        name_octets = der.encode(der.UTF8_STRING, name.content)
    else:
        name_octets = name.encoded
    return der.sequence(
        kind.encoded,
        name_octets,
        list_type,
        _cert_list(listed, notes),
        *(_time(each, notes) for each in times),
    )


def _list_type(node: Node) -> int:
    """1 for certificates, 2 for digests, by what the first entry is."""
    entries = node.expect(der.SEQUENCE).children()
    if entries and entries[0].tag == der.SEQUENCE and len(entries[0].children()) == 2:
        return 2
    return 1


def _cert_list(node: Node, notes: _Notes) -> bytes:
    if _list_type(node) == 2:
        return node.encoded
    return der.sequence(*(_certificate(each, "certList", notes) for each in node))


def _picture(node: Node, notes: _Notes) -> bytes:
    kind, *rest = node.expect(der.SEQUENCE).children()
    return der.sequence(_ia5(kind, "picture type", notes), *(each.encoded for each in rest))


def _ia5(node: Node, place: str, notes: _Notes) -> bytes:
    if node.tag in _STRINGS and node.tag != der.IA5_STRING:
        notes.add("shape.string-type", f"{place} is a {der.tag_name(node.tag)}")
        return der.encode(der.IA5_STRING, node.content)
    return node.encoded


def _certificate(node: Node, place: str, notes: _Notes) -> bytes:
    if node.tag == der.SEQUENCE:
        notes.add("shape.certificate-bare", f"{place} certificate without OCTET STRING")
        return der.octet_string(node.encoded)
    if node.tag == der.BIT_STRING:
        notes.add("shape.octet-string", f"{place} certificate in a BIT STRING")
        return der.octet_string(node.bits())
    return node.encoded


def _algorithm(node: Node, place: str, notes: _Notes) -> bytes:
    if node.tag == der.SEQUENCE:
        notes.add("shape.algorithm-identifier", f"{place} algorithm is an AlgorithmIdentifier")
        return node.children()[0].encoded
    return node.encoded


def _bits(node: Node, place: str, notes: _Notes) -> bytes:
    if node.tag == der.OCTET_STRING:
        notes.add("shape.octet-string", f"{place} is an OCTET STRING")
        return der.bit_string(node.content)
    return node.encoded


def _time(node: Node, notes: _Notes) -> bytes:
    """A time, out of a BIT STRING or OCTET STRING where GM/T 0031-2014 has one."""
    if node.tag in {der.BIT_STRING, der.OCTET_STRING}:
        content = node.content[1:] if node.tag == der.BIT_STRING else node.content
        notes.add("shape.time-wrapped", f"time in a {der.tag_name(node.tag)}")
        return der.parse(content, what="time").encoded
    return node.encoded
