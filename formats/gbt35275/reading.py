"""Reading signed data: GB/T 35275-2017 in every shape met in OFD files, and time-stamp tokens of the same form.

Accepted beside the standard, each named: content types of PKCS#7, versions other than 1, SM2 with SM3 (501) as
digestEncryptionAlgorithm, 64 raw octets as signature, unsorted attributes, a Base64 digest as content, indefinite
lengths. Parameters of algorithms may be absent or NULL; deployed software writes either.
"""

import base64
import binascii
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from formats import ber, der, oids
from formats.der import DerLimits, Elements, Node
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt35275.model import Attribute, SignedData, SignerInfo
from formats.signature_value import is_raw_signature
from formats.times import read_time
from formats.tolerances import Tolerance, collect

LIMITS: Final = DerLimits(size=16 * 1024 * 1024, depth=40, elements=65_536)
"""Names in certificates in a time-stamp token among unsigned attributes reach a depth of 25."""
MAX_CERTIFICATES: Final = 64
MAX_ATTRIBUTES: Final = 64
_WHAT: Final = "signed data"
_SIGNED_DATA_TYPES: Final = (oids.GBT35275_SIGNED_DATA, oids.PKCS7_SIGNED_DATA)
_SM2_ALGORITHMS: Final = frozenset({oids.SM2_SIGN, oids.SM2_WITH_SM3, oids.SM2_WITH_SM3_MISPRINT})


def read_signed_data(data: bytes) -> SignedData:
    """Decode ContentInfo with SignedData (SignedValue.dat of a signature of type Sign; a time-stamp token).

    Args:
        data: DER, or BER with indefinite lengths; at most 16 MiB.

    Raises:
        MalformedDataError: Not signed data, or not with exactly one signer.
        LimitExceededError: Too large, too deep or too many elements.
    """
    try:
        return _read(data, data, [])
    except MalformedDataError:
        definite, found = ber.to_definite(data, what=_WHAT, limits=LIMITS)
        if not found:
            raise
    return _read(definite, data, list(found))


def _read(definite: bytes, received: bytes, found: list[Tolerance]) -> SignedData:
    outer = der.parse(definite, what=_WHAT, limits=LIMITS).sequence(2, 2)
    _content_type(outer.next(), _SIGNED_DATA_TYPES, found)
    body = outer.next().explicit(0).sequence(4, 6)
    version = _version(body.next(), found)
    digest_algorithms = tuple([_algorithm(node) for node in body.next().expect(der.SET)])
    content_type, content = _content(body.next("contentInfo"), found)
    certificates = _sequences(body.optional(der.context(0)), MAX_CERTIFICATES)
    crls = _sequences(body.optional(der.context(1)), MAX_CERTIFICATES)
    signers = body.next("signerInfos").expect(der.SET)
    body.end()
    infos = signers.children()
    if len(infos) != 1:
        raise signers.error(f"{len(infos)} signers, exactly one belongs here")
    signer = _signer(infos[0], found)
    if signer.content_type not in (None, content_type):
        found.append(Tolerance.CMS_MIXED_CONTENT_TYPES)
    return SignedData(
        encoded=bytes(received),
        version=version,
        content_type=content_type,
        content=content,
        digest_algorithms=digest_algorithms,
        certificates=certificates,
        crls=crls,
        signer=signer,
        tolerances=collect(found),
    )


def _content_type(node: Node, expected: tuple[str, ...] | None, found: list[Tolerance]) -> str:
    oid = node.oid()
    if expected is not None and oid not in expected:
        raise node.error(f"content type {oid}")
    if oid in (oids.PKCS7_DATA, oids.PKCS7_SIGNED_DATA):
        found.append(Tolerance.CMS_PKCS7_OID)
    return oid


def _version(node: Node, found: list[Tolerance]) -> int:
    version = node.integer(found, max_octets=4)
    if version != 1:
        found.append(Tolerance.CMS_VERSION)
    return version


def _algorithm(node: Node) -> str:
    """OID of an AlgorithmIdentifier; parameters, NULL or absent in practice, are not looked into."""
    return node.sequence(1, 2).next().oid()


def _content(node: Node, found: list[Tolerance]) -> tuple[str, bytes | None]:
    """The inner contentInfo as (type, octets or None)."""
    parts = node.sequence(1, 2)
    content_type = _content_type(parts.next(), None, found)
    wrapped = parts.peek()
    if wrapped is None:
        return content_type, None
    content = wrapped.explicit(0).octets()
    if len(content) != 32 and _is_base64_digest(content):
        found.append(Tolerance.CMS_BASE64_DIGEST)
    return content_type, content


def _is_base64_digest(content: bytes) -> bool:
    if len(content) > 64:
        return False
    try:
        return len(base64.b64decode(content.strip(), validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def _sequences(node: Node | None, limit: int) -> tuple[bytes, ...]:
    """The certificates or CRLs of an implicitly tagged SET, as received; their order has no meaning."""
    if node is None:
        return ()
    items = [item.expect(der.SEQUENCE).encoded for item in node]
    if len(items) > limit:
        raise LimitExceededError(f"{len(items)} entries, {limit} allowed", what=_WHAT, offset=node.offset)
    return tuple(items)


def _signer(node: Node, found: list[Tolerance]) -> SignerInfo:
    parts = node.sequence(5, 7)
    version = _version(parts.next(), found)
    issuer, serial_number = _issuer_and_serial_number(parts.next(), found)
    digest_algorithm = _algorithm(parts.next())
    signed_node = parts.optional(der.context(0))
    signature_algorithm = _signature_algorithm(parts.next("digestEncryptionAlgorithm"), found)
    signature = parts.next("encryptedDigest").octets()
    if signature_algorithm in _SM2_ALGORITHMS and is_raw_signature(signature):
        found.append(Tolerance.SIGNATURE_RAW)
    unsigned_node = parts.optional(der.context(1))
    parts.end()
    attributes = _attributes(signed_node, found)
    unsigned = _attributes(unsigned_node, found)
    token = _single(unsigned, oids.TIME_STAMP_TOKEN)
    content_type = _single(attributes, oids.CONTENT_TYPE)
    digest = _single(attributes, oids.MESSAGE_DIGEST)
    return SignerInfo(
        version=version,
        issuer=issuer,
        serial_number=serial_number,
        digest_algorithm=digest_algorithm,
        signature_algorithm=signature_algorithm,
        attributes=attributes,
        signed_attributes=None if signed_node is None else _as_set(signed_node, found),
        content_type=None if content_type is None else der.parse(content_type, what="contentType").oid(),
        message_digest=None if digest is None else der.parse(digest, what="messageDigest").octets(),
        signing_time=_signing_time(_single(attributes, oids.SIGNING_TIME), found),
        signature=signature,
        unsigned_attributes=unsigned,
        time_stamp=token,
    )


def _issuer_and_serial_number(node: Node, found: list[Tolerance]) -> tuple[bytes, int]:
    if node.tag != der.SEQUENCE:
        raise node.error("the signer is not named by issuer and serial number")
    parts: Elements = node.sequence(2, 2)
    return parts.next().expect(der.SEQUENCE).encoded, parts.next().integer(found)


def _signature_algorithm(node: Node, found: list[Tolerance]) -> str:
    oid = _algorithm(node)
    if oid == oids.SM2_WITH_SM3:
        found.append(Tolerance.CMS_SIGNATURE_ALGORITHM)
    elif oid == oids.SM2_WITH_SM3_MISPRINT:
        found.append(Tolerance.ALGORITHM_MISPRINT)
    return oid


def _as_set(node: Node, found: list[Tolerance]) -> bytes:
    """The attributes under the tag of SET: the octets that were signed, unless the signer sorted them."""
    encodings = [item.encoded for item in node]
    if not encodings:
        raise node.error("no attributes inside their tag")
    if encodings != sorted(encodings):
        found.append(Tolerance.DER_UNSORTED_SET)
    return der.encode(der.SET, node.content)


def _attributes(node: Node | None, found: list[Tolerance]) -> tuple[Attribute, ...]:
    if node is None:
        return ()
    items = [_attribute(item, found) for item in node]
    if len(items) > MAX_ATTRIBUTES:
        raise LimitExceededError(f"{len(items)} attributes", what=_WHAT, offset=node.offset)
    if len({item.oid for item in items}) != len(items):
        raise node.error("an attribute stands twice")
    return tuple(items)


def _attribute(node: Node, found: list[Tolerance]) -> Attribute:
    parts = node.sequence(2, 2)
    return Attribute(parts.next().oid(), tuple([value.encoded for value in parts.next().set_of(found)]))


def _single(attributes: Iterable[Attribute], oid: str) -> bytes | None:
    """The only value of the attribute ``oid``, None if there is no such attribute."""
    for attribute in attributes:
        if attribute.oid == oid:
            if len(attribute.values) != 1:
                raise MalformedDataError(f"attribute {oid} has {len(attribute.values)} values", what=_WHAT)
            return attribute.values[0]
    return None


def _signing_time(value: bytes | None, found: list[Tolerance]) -> datetime | None:
    return None if value is None else read_time(der.parse(value, what="signingTime"), found)[0]
