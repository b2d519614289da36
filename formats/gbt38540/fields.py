"""Parts that all three generations share: header, picture, extDatas, texts, signature values."""

from datetime import datetime
from typing import Final

from formats import der, oids
from formats.der import DerLimits, Node
from formats.gbt38540.model import HEADER_ID, ExtData, SealPicture
from formats.signature_value import is_raw_signature
from formats.times import read_time
from formats.tolerances import Tolerance

LIMITS: Final = DerLimits(size=16 * 1024 * 1024, depth=16, elements=4096)
"""A seal holds a picture and some certificates; the largest real one met has 36 kB."""

MAX_MILLIMETRES: Final = 10_000


def exactly(node: Node, count: int) -> list[Node]:
    """The elements of a SEQUENCE that has ``count`` of them."""
    nodes = node.expect(der.SEQUENCE).children()
    if len(nodes) != count:
        raise node.error(f"{len(nodes)} elements where {count} belong")
    return nodes


def between(node: Node, least: int, most: int) -> list[Node]:
    """The elements of a SEQUENCE that has ``least`` to ``most`` of them."""
    nodes = node.expect(der.SEQUENCE).children()
    if not least <= len(nodes) <= most:
        raise node.error(f"{len(nodes)} elements where {least} to {most} belong")
    return nodes


def ia5_text(node: Node, found: list[Tolerance]) -> str:
    """IA5String; UTF-8 inside is tolerated."""
    content = node.expect(der.IA5_STRING).content
    if content.isascii():
        return content.decode("ascii")
    found.append(Tolerance.SES_TEXT_NOT_IA5)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise node.error("IA5String is neither ASCII nor UTF-8") from exc


def read_seal_time(node: Node, found: list[Tolerance], *, expected: int) -> tuple[datetime | None, str]:
    """One time as (moment in UTC or None, text); the time type the generation does not use is tolerated."""
    moment, text = read_time(node, found)
    if node.tag != expected:
        generalized = node.tag == der.GENERALIZED_TIME
        found.append(Tolerance.SES_GENERALIZED_TIME if generalized else Tolerance.SES_UTC_TIME)
    return moment, text


def read_header(node: Node, found: list[Tolerance]) -> tuple[int, str]:
    """SES_Header as (version, vendor id)."""
    identifier, version, vendor = exactly(node, 3)
    if identifier.expect(der.IA5_STRING).content != HEADER_ID.encode():
        raise identifier.error(f"header ID is not {HEADER_ID!r}")
    return version.integer(found, max_octets=4), ia5_text(vendor, found)


def read_picture(node: Node, found: list[Tolerance]) -> SealPicture:
    """SES_ESPictrueInfo."""
    kind, data, width, height = exactly(node, 4)
    return SealPicture(
        ia5_text(kind, found), data.octets(), _millimetres(width, found), _millimetres(height, found)
    )


def _millimetres(node: Node, found: list[Tolerance]) -> int:
    value = node.integer(found, max_octets=8)
    if not 0 <= value <= MAX_MILLIMETRES:
        raise node.error(f"a picture of {value} mm")
    return value


def read_extensions(node: Node, found: list[Tolerance]) -> tuple[ExtData, ...]:
    """ExtensionDatas. An encoded ``critical FALSE`` departs from X.690 11.5, yet real seals need it."""
    return tuple(_ext_data(item, found) for item in node.expect(der.SEQUENCE))


def read_seal_extensions(node: Node, found: list[Tolerance]) -> tuple[ExtData, ...]:
    """Read extDatas of a seal: untagged, a tag [0] is tolerated."""
    if node.tag == der.context(0):
        found.append(Tolerance.SES_EXTENSIONS_TAGGED)
        node = node.explicit(0)
    return read_extensions(node, found)


def _ext_data(node: Node, found: list[Tolerance]) -> ExtData:
    parts = between(node, 2, 3)
    critical = False
    if len(parts) == 3:
        critical = parts[1].boolean(found)
        if not critical:
            found.append(Tolerance.DER_ENCODED_DEFAULT)
    return ExtData(parts[0].oid(), critical, parts[-1].octets())


def read_certificate_octets(node: Node) -> bytes:
    """The DER certificate inside an OCTET STRING; only its outer tag is looked at here."""
    content = node.octets()
    if content[:1] != b"\x30":
        raise node.error("OCTET STRING does not hold a certificate")
    return content


def read_algorithm(node: Node, found: list[Tolerance]) -> str:
    """A bare signature algorithm OID, as written."""
    oid = node.oid()
    if oid == oids.SM2_WITH_SM3_MISPRINT:
        found.append(Tolerance.ALGORITHM_MISPRINT)
    return oid


_SM2_ALGORITHMS: Final = frozenset({oids.SM2_WITH_SM3, oids.SM2_WITH_SM3_MISPRINT, oids.SM2_SIGN})


def read_signature_value(node: Node, algorithm: str, found: list[Tolerance]) -> bytes:
    """A signature value as it stands in its BIT STRING."""
    value = node.bits()
    if algorithm in _SM2_ALGORITHMS and is_raw_signature(value):
        found.append(Tolerance.SIGNATURE_RAW)
    return value
