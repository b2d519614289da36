"""Reading time-stamp tokens (RFC 3161 2.4.2, RFC 5816; GB/T 20520) through the reader of signed data.

Accepted beside the standards, each named: the content type of GB/T 35275 around the token, other versions, a
fraction of a second with trailing zeros, a signingCertificate attribute by SHA-1, and what the reader of signed
data lets pass. Not read: signers named by key identifier; they are refused.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from formats import der, oids
from formats.der import DerLimits, Node
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt20518 import Extension
from formats.gbt20518.extension import read_extensions
from formats.gbt20518.general_name import read_general_name
from formats.gbt20520.model import Accuracy, CertificateId, MessageImprint, TimeStampToken, TstInfo
from formats.gbt35275 import SignedData, read_signed_data
from formats.tolerances import Tolerance, collect

LIMITS: Final = DerLimits(size=1024 * 1024, depth=16, elements=4096)
"""Tokens with certificates and a revocation list stay below a tenth of it."""
MAX_SERIAL_OCTETS: Final = 21
"""160 bits (RFC 3161 2.4.2) and a sign."""
MAX_NONCE_OCTETS: Final = 64

_TIME: Final = re.compile(rb"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{1,9}))?Z")
_NO_EXTENSIONS: Final[Mapping[str, Extension]] = MappingProxyType({})
_REGULAR_IN_TOKENS: Final = frozenset(
    {
        Tolerance.CMS_PKCS7_OID,
        Tolerance.CMS_VERSION,
        Tolerance.CMS_SIGNATURE_ALGORITHM,
        Tolerance.CMS_BASE64_DIGEST,
    }
)
"""Departures from GB/T 35275 that RFC 3161 asks for, or that say nothing of a token."""


def read_time_stamp_token(data: bytes) -> TimeStampToken:
    """Decode a time-stamp token.

    Args:
        data: ContentInfo, DER or BER with indefinite lengths; at most 1 MiB.

    Raises:
        MalformedDataError: Not a time-stamp token.
        LimitExceededError: Larger, deeper or more numerous than allowed.
    """
    if len(data) > LIMITS.size:
        raise LimitExceededError(f"{len(data)} octets, {LIMITS.size} allowed", what="time-stamp token")
    signed = read_signed_data(data)
    if signed.content_type != oids.TST_INFO:
        raise MalformedDataError(f"content type {signed.content_type}", what="time-stamp token")
    if signed.content is None:
        raise MalformedDataError("its content is not attached", what="time-stamp token")
    _check_attributes(signed)
    info = read_tst_info(signed.content)
    found: list[Tolerance] = [each for each in signed.tolerances if each not in _REGULAR_IN_TOKENS]
    # The reader of signed data names the content type of PKCS#7, so where it does not, it is the other one.
    if Tolerance.CMS_PKCS7_OID not in signed.tolerances:
        found.append(Tolerance.TSP_GBT35275_OID)
    if (signed.version, signed.signer.version) != (3, 1):
        found.append(Tolerance.TSP_VERSION)
    certificate_id = _certificate_id(signed, found)
    return TimeStampToken(bytes(data), info, signed, certificate_id, collect(found, info.tolerances))


def read_tst_info(data: bytes) -> TstInfo:
    """Decode TSTInfo.

    Args:
        data: DER.

    Raises:
        MalformedDataError: Not TSTInfo.
    """
    found: list[Tolerance] = []
    fields = der.parse(data, what="TSTInfo", limits=LIMITS).sequence(5, 10)
    version = fields.next("version")
    if version.integer(found, max_octets=4) != 1:
        raise version.error("version is not 1")
    policy = fields.next("policy").oid()
    imprint = read_imprint(fields.next("messageImprint"))
    serial_number = fields.next("serialNumber").integer(found, max_octets=MAX_SERIAL_OCTETS)
    gen_time = _gen_time(fields.next("genTime"), found)
    accuracy = fields.optional(der.SEQUENCE)
    ordering = fields.optional(der.BOOLEAN)
    ordered = ordering is not None and ordering.boolean(found)
    if ordering is not None and not ordered:
        found.append(Tolerance.DER_ENCODED_DEFAULT)
    nonce = fields.optional(der.INTEGER)
    tsa = fields.optional(der.context(0))
    extensions = fields.optional(der.context(1))
    fields.end()
    return TstInfo(
        encoded=bytes(data),
        policy=policy,
        imprint=imprint,
        serial_number=serial_number,
        gen_time=gen_time,
        accuracy=None if accuracy is None else _accuracy(accuracy, found),
        ordering=ordered,
        nonce=None if nonce is None else nonce.integer(found, max_octets=MAX_NONCE_OCTETS),
        tsa=None if tsa is None else read_general_name(tsa.explicit(0), found),
        extensions=read_implicit_extensions(extensions, found),
        tolerances=collect(found),
    )


def read_imprint(node: Node) -> MessageImprint:
    """MessageImprint at ``node``.

    Raises:
        MalformedDataError: Not one, or a digest of the wrong length.
    """
    parts = node.sequence(2, 2)
    algorithm = _digest_algorithm(parts.next("hashAlgorithm"))
    digest = parts.next("hashedMessage")
    try:
        return MessageImprint(algorithm, digest.octets())
    except MalformedDataError:
        raise
    except ValueError as exc:
        raise digest.error(str(exc)) from exc


def read_implicit_extensions(node: Node | None, found: list[Tolerance]) -> Mapping[str, Extension]:
    """Extensions under an implicit context tag; none if ``node`` is None."""
    if node is None:
        return _NO_EXTENSIONS
    plain = der.parse(der.encode(der.SEQUENCE, node.content), what=node.what, limits=LIMITS)
    return read_extensions(plain, found)


def _digest_algorithm(node: Node) -> str:
    """Identifier of a digest; its parameters are absent or NULL."""
    parts = node.sequence(1, 2)
    oid = parts.next("algorithm").oid()
    parameters = parts.peek()
    if parameters is not None:
        parameters.null()
    return oid


def _gen_time(node: Node, found: list[Tolerance]) -> datetime:
    """GeneralizedTime in UTC with seconds and, at most, a fraction of nine digits; rounded up to microseconds."""
    match = _TIME.fullmatch(node.expect(der.GENERALIZED_TIME).content)
    if match is None:
        raise node.error("genTime is not of the form YYYYMMDDhhmmss[.s…]Z")
    fraction = match[7] or b""
    if fraction.endswith(b"0"):
        found.append(Tolerance.TSP_TIME_TRAILING_ZEROS)
    nanoseconds = int(fraction.ljust(9, b"0"))
    try:
        whole = datetime(*(int(part) for part in match.groups()[:6]), tzinfo=UTC)  # type: ignore[arg-type, misc]
        return whole + timedelta(microseconds=-(-nanoseconds // 1000))
    except (ValueError, OverflowError) as exc:
        raise node.error("no such time") from exc


def _accuracy(node: Node, found: list[Tolerance]) -> Accuracy:
    fields = node.sequence(0, 3)
    seconds = fields.optional(der.INTEGER)
    millis = fields.optional(der.context(0, constructed=False))
    micros = fields.optional(der.context(1, constructed=False))
    fields.end()
    parts = (seconds, millis, micros)
    numbers = [0 if part is None else part.integer(found, tag=part.tag, max_octets=8) for part in parts]
    if any(part is not None and number == 0 for part, number in zip(parts[1:], numbers[1:], strict=True)):
        raise node.error("milli- and microseconds of an accuracy are 1 to 999")
    try:
        return Accuracy(*numbers)
    except ValueError as exc:
        raise node.error(str(exc)) from exc


def _check_attributes(signed: SignedData) -> None:
    """Signed attributes are there and say that TSTInfo is what was signed (RFC 3161 2.4.2, RFC 5652 5.3)."""
    signer = signed.signer
    if signer.signed_attributes is None:
        raise MalformedDataError("signed attributes are missing", what="time-stamp token")
    if signer.content_type != oids.TST_INFO:
        raise MalformedDataError("the contentType attribute does not name TSTInfo", what="time-stamp token")
    if signer.message_digest is None:
        raise MalformedDataError("the messageDigest attribute is missing", what="time-stamp token")


def _certificate_id(signed: SignedData, found: list[Tolerance]) -> CertificateId | None:
    """The first certificate of signingCertificateV2, else of signingCertificate: the signer's (RFC 5816)."""
    values = {each.oid: each.values for each in signed.signer.attributes}
    for oid in (oids.SIGNING_CERTIFICATE_V2, oids.SIGNING_CERTIFICATE):
        if oid not in values:
            continue
        if len(values[oid]) != 1:
            raise MalformedDataError(f"attribute {oid} has {len(values[oid])} values", what="time-stamp token")
        fields = der.parse(values[oid][0], what="signingCertificate", limits=LIMITS).sequence(1, 2)
        identifiers = fields.next("certs").expect(der.SEQUENCE).children()
        if not identifiers:
            raise fields.parent.error("names no certificate")
        if oid == oids.SIGNING_CERTIFICATE:
            found.append(Tolerance.TSP_SIGNING_CERTIFICATE_V1)
        return _ess_cert_id(identifiers[0], found, by_sha1=oid == oids.SIGNING_CERTIFICATE)
    return None


def _ess_cert_id(node: Node, found: list[Tolerance], *, by_sha1: bool) -> CertificateId:
    fields = node.sequence(1, 2 if by_sha1 else 3)
    named = None if by_sha1 else fields.optional(der.SEQUENCE)
    algorithm = oids.SHA1 if by_sha1 else oids.SHA256
    if named is not None:
        algorithm = _digest_algorithm(named)
        if algorithm == oids.SHA256:
            found.append(Tolerance.DER_ENCODED_DEFAULT)
    digest = fields.next("certHash").octets()
    issuer_serial = fields.optional(der.SEQUENCE)
    fields.end()
    if issuer_serial is None:
        return CertificateId(algorithm, digest)
    parts = issuer_serial.sequence(2, 2)
    names = parts.next("issuer").expect(der.SEQUENCE).children()
    serial_number = parts.next("serialNumber").integer(found)
    if len(names) != 1:
        raise issuer_serial.error("the issuer of a certificate has one name here")
    issuer = names[0].explicit(4).expect(der.SEQUENCE).encoded
    return CertificateId(algorithm, digest, issuer, serial_number)
