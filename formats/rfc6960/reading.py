"""Reading OCSP responses (RFC 6960 4.2.1), strictly DER.

Accepted beside the standard, each named: a version that is encoded although it is the default, a nonce that is
bare octets, NULL parameters of SM2 with SM3. Refused: responses of another type than id-pkix-ocsp-basic, those
that say nothing, and what contradicts itself.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import IntEnum
from typing import Final, TypeVar

from formats import der, oids
from formats.der import DerLimits, Elements, Node
from formats.errors import MalformedDataError
from formats.gbt20518 import Extension, RevocationReason
from formats.gbt20518.algorithm import read_signature_algorithm
from formats.gbt20518.extension import read_extensions
from formats.gbt20518.name import name_from
from formats.rfc6960.model import (
    BasicResponse,
    CertId,
    CertStatus,
    OcspResponse,
    ResponderId,
    ResponseStatus,
    SingleResponse,
    check_nonce,
)
from formats.tolerances import Tolerance, collect

LIMITS: Final = DerLimits(size=1024 * 1024, depth=16, elements=4096)
"""A response for one certificate, with its responder's, has about 2 KiB."""
_Kind = TypeVar("_Kind", bound=IntEnum)
_MOST_CERTIFICATES: Final = 16
_READ: Final = frozenset({oids.OCSP_NONCE, oids.OCSP_ARCHIVE_CUTOFF})


def read_response(data: bytes) -> OcspResponse:
    """Decode OCSPResponse.

    Args:
        data: DER, at most 1 MiB.

    Raises:
        MalformedDataError: Not a response, or one that contradicts itself.
        LimitExceededError: Larger, deeper or more numerous than allowed.
    """
    outer = der.parse(data, what="OCSP response", limits=LIMITS)
    fields = outer.sequence(1, 2)
    status = _member(ResponseStatus, fields.next("responseStatus"))
    wrapped = fields.optional(der.context(0))
    fields.end()
    if (status is ResponseStatus.SUCCESSFUL) != (wrapped is not None):
        raise outer.error("responseBytes are there if and only if the status is successful")
    if wrapped is None:
        return OcspResponse(status)
    parts = wrapped.explicit(0).sequence(2, 2)
    kind = parts.next("responseType")
    if kind.oid() != oids.OCSP_BASIC:
        raise kind.error(f"response of type {kind.oid()}")
    return OcspResponse(status, read_basic_response(parts.next("response").octets()))


def read_basic_response(data: bytes) -> BasicResponse:
    """Decode BasicOCSPResponse; offsets in errors count from its start.

    Raises:
        MalformedDataError: Not one.
        LimitExceededError: Larger, deeper or more numerous than allowed.
    """
    found: list[Tolerance] = []
    node = der.parse(data, what="basic OCSP response", limits=LIMITS)
    outer = node.sequence(3, 4)
    tbs = outer.next("tbsResponseData").expect(der.SEQUENCE)
    algorithm = read_signature_algorithm(outer.next("signatureAlgorithm"), found)
    signature = outer.next("signature").bits()
    attached = outer.optional(der.context(0))
    outer.end()
    fields = tbs.sequence(3, 5)
    read_version(fields, found)
    responder = _read_responder(fields.next("responderID"), found)
    produced_at = fields.next("producedAt").generalized_time()
    listed = fields.next("responses").expect(der.SEQUENCE)
    extensions = _read_extensions(fields.optional(der.context(1)), 1, found)
    fields.end()
    responses = tuple(_read_single(each, found) for each in listed)
    if not responses:
        raise listed.error("says nothing of any certificate")
    nonce = next((each for each in extensions if each.oid == oids.OCSP_NONCE), None)
    return BasicResponse(
        encoded=node.encoded,
        tbs=tbs.encoded,
        responder=responder,
        produced_at=produced_at,
        responses=responses,
        nonce=None if nonce is None else read_nonce(nonce, found),
        signature_algorithm=algorithm,
        signature=signature,
        certificates=() if attached is None else _read_certificates(attached.explicit(0)),
        extensions=extensions,
        unknown_critical_extensions=_unknown(extensions, *(each.extensions for each in responses)),
        tolerances=collect(found),
    )


def read_version(fields: Elements, found: list[Tolerance]) -> None:
    """The version, which is v1 and therefore absent."""
    version = fields.optional(der.context(0))
    if version is None:
        return
    if version.explicit(0).integer(found, max_octets=4) != 0:
        raise version.error("version number is not 0 (v1)")
    found.append(Tolerance.DER_ENCODED_DEFAULT)


def read_cert_id(node: Node, found: list[Tolerance]) -> CertId:
    """CertID at ``node``.

    Raises:
        MalformedDataError: Not one, or hashes of the wrong length.
    """
    fields = node.sequence(4, 4)
    algorithm = fields.next("hashAlgorithm").sequence(1, 2)
    oid = algorithm.next("algorithm").oid()
    parameters = algorithm.peek()
    if parameters is not None:
        parameters.null()
    name_hash, key_hash = fields.next("issuerNameHash").octets(), fields.next("issuerKeyHash").octets()
    serial_number = fields.next("serialNumber").integer(found)
    try:
        return CertId(oid, name_hash, key_hash, serial_number, node.encoded)
    except ValueError as exc:
        raise node.error(str(exc)) from exc


def read_nonce(extension: Extension, found: list[Tolerance]) -> bytes:
    """The nonce: an OCTET STRING inside extnValue, or bare octets as RFC 2560 left open.

    Raises:
        MalformedDataError: Empty, or longer than 128 octets.
    """
    try:
        nonce = der.parse(extension.value, what="OCSP nonce").octets()
    except MalformedDataError:
        nonce = extension.value
        found.append(Tolerance.OCSP_NONCE_BARE)
    try:
        check_nonce(nonce)
    except ValueError as exc:
        raise MalformedDataError(str(exc), what="OCSP nonce") from exc
    return nonce


def _read_responder(node: Node, found: list[Tolerance]) -> ResponderId:
    if node.tag == der.context(1):
        name = name_from(node.explicit(1))
        found.extend(name.tolerances)
        return ResponderId(name=name)
    try:
        return ResponderId(key_hash=node.explicit(2).octets())
    except MalformedDataError:
        raise
    except ValueError as exc:
        raise node.error(str(exc)) from exc


def _read_single(node: Node, found: list[Tolerance]) -> SingleResponse:
    fields = node.sequence(3, 5)
    cert_id = read_cert_id(fields.next("certID"), found)
    status, revoked_at, reason = _read_status(fields.next("certStatus"))
    this_update = fields.next("thisUpdate").generalized_time()
    next_update = fields.optional(der.context(0))
    extensions = _read_extensions(fields.optional(der.context(1)), 1, found)
    fields.end()
    cutoff = next((each for each in extensions if each.oid == oids.OCSP_ARCHIVE_CUTOFF), None)
    try:
        return SingleResponse(
            cert_id=cert_id,
            status=status,
            this_update=this_update,
            next_update=None if next_update is None else next_update.explicit(0).generalized_time(),
            revoked_at=revoked_at,
            reason=reason,
            archive_cutoff=None
            if cutoff is None
            else der.parse(cutoff.value, what="archiveCutoff").generalized_time(),
            extensions=extensions,
        )
    except MalformedDataError:
        raise
    except ValueError as exc:
        raise node.error(str(exc)) from exc


def _read_status(node: Node) -> tuple[CertStatus, datetime | None, RevocationReason | None]:
    for status in (CertStatus.GOOD, CertStatus.UNKNOWN):
        if node.tag == der.context(status, constructed=False):
            if node.content:
                raise node.error("NULL has content")
            return status, None, None
    node.expect(der.context(CertStatus.REVOKED))
    parts = list(node)
    if not 1 <= len(parts) <= 2:
        raise node.error(f"RevokedInfo of {len(parts)} elements")
    reason = None
    if len(parts) == 2:
        reason = _member(RevocationReason, parts[1].explicit(0))
    return CertStatus.REVOKED, parts[0].generalized_time(), reason


def _member(kind: type[_Kind], node: Node) -> _Kind:
    """An ENUMERATED value of ``kind``."""
    number = node.integer(tag=der.ENUMERATED, max_octets=2)
    try:
        return kind(number)
    except ValueError as exc:
        raise node.error(f"no such {kind.__name__}: {number}") from exc


def _read_extensions(node: Node | None, number: int, found: list[Tolerance]) -> tuple[Extension, ...]:
    return () if node is None else tuple(read_extensions(node.explicit(number), found).values())


def _read_certificates(node: Node) -> tuple[bytes, ...]:
    certificates = tuple(each.expect(der.SEQUENCE).encoded for each in node.expect(der.SEQUENCE))
    if len(certificates) > _MOST_CERTIFICATES:
        raise node.error(f"{len(certificates)} certificates, {_MOST_CERTIFICATES} allowed")
    return certificates


def _unknown(*groups: Iterable[Extension]) -> tuple[str, ...]:
    return tuple(
        sorted({each.oid for group in groups for each in group if each.critical and each.oid not in _READ})
    )
