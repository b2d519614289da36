"""Certificates (GB/T 20518, RFC 5280): the reader.

Strict on structure. What real certificates demand is let pass and named in ``Certificate.tolerances``. Names,
validity, key and the extensions that restrict the key are checked while reading; the other extensions are decoded
when first asked for, and one that cannot be decoded is named in ``unparsable_extensions`` and hides nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from crypto import DEFAULT_USER_ID, PublicKey
from formats import der
from formats.gbt20518 import plain
from formats.gbt20518.algorithm import read_public_key_info
from formats.gbt20518.certificate_model import Certificate, Validity
from formats.gbt20518.extension import Extension, read_extensions
from formats.gbt20518.extensions import RESTRICTING, decode
from formats.gbt20518.name import name_from
from formats.gbt20518.signed import expect_same_algorithm, read_signed, verify_signed
from formats.tolerances import Tolerance

__all__ = [
    "CERTIFICATE_LIMITS",
    "Certificate",
    "Validity",
    "certificate_verify",
    "read_certificate",
    "read_time",
    "signed_certificate",
]

CERTIFICATE_LIMITS: Final = der.DerLimits(size=256 * 1024, depth=16, elements=256)
_UTC_TIME_HEADER: Final = bytes([der.UTC_TIME, 13])
_NO_EXTENSIONS: Final[Mapping[str, Extension]] = MappingProxyType({})


def read_certificate(data: bytes) -> Certificate:
    """The certificate that ``data`` consists of.

    Args:
        data: DER, at most 256 KiB.

    Raises:
        MalformedDataError: Not a certificate; inner and outer AlgorithmIdentifier differ; an extension is
            repeated; keyUsage, basicConstraints or extKeyUsage cannot be read; an SM2 key is no point.
    """
    found: list[Tolerance] = []
    signed = read_signed(der.parse(data, what="certificate", limits=CERTIFICATE_LIMITS), found)
    fields = signed.tbs.sequence(6, 10)
    version = _read_version(fields.optional(der.context(0)), found)
    serial_number = _read_serial_number(fields.next("serialNumber"), found)
    expect_same_algorithm(fields.next("signature"), signed.algorithm)
    issuer = name_from(fields.next("issuer"))
    validity = _read_validity(fields.next("validity"), found)
    subject = name_from(fields.next("subject"))
    key_info = read_public_key_info(fields.next("subjectPublicKeyInfo"))
    for number in (1, 2):
        unique_identifier = fields.optional(der.context(number, constructed=False))
        if unique_identifier is not None and version == 1:
            raise unique_identifier.error("unique identifier in a certificate of version 1")
    extensions = _read_extensions(fields.optional(der.context(3)), version, found)
    fields.end()
    return Certificate(
        encoded=signed.tbs.buffer,
        tbs=signed.tbs.encoded,
        version=version,
        serial_number=serial_number,
        issuer=issuer,
        subject=subject,
        validity=validity,
        key_info=key_info,
        signature_algorithm=signed.signature_algorithm,
        signature=signed.signature,
        extensions=extensions,
        _restricting={oid: decode(extensions[oid], found) for oid in RESTRICTING if oid in extensions},
        _found=(*found, *issuer.tolerances, *subject.tolerances),
    )


def signed_certificate(content: Certificate, data: bytes) -> Certificate:
    """The certificate in ``data``, whose content was read before, with another signature.

    Only what is around the content is read, and the content compared octet for octet.

    Args:
        content: The same to-be-signed octets, as ``read_certificate`` gave them.
        data: DER.

    Raises:
        MalformedDataError: Not a certificate without departures, or one of another content or algorithm.
    """
    found: list[Tolerance] = []
    node = der.parse(data, what="certificate", limits=CERTIFICATE_LIMITS)
    signed = read_signed(node, found)
    if found or signed.tbs.encoded != content.tbs or signed.signature_algorithm != content.signature_algorithm:
        raise node.error("the certificate has another content or algorithm than the one read before")
    return replace(content, encoded=node.buffer, tbs=signed.tbs.encoded, signature=signed.signature)


def certificate_verify(
    certificate: Certificate, issuer_public_key: PublicKey, *, user_id: bytes = DEFAULT_USER_ID
) -> None:
    """Verify a certificate's signature, and nothing else about it.

    Raises:
        InvalidSignatureError: Wrong signature, or an algorithm other than SM2-with-SM3.
    """
    verify_signed(
        certificate.tbs,
        certificate.signature_algorithm,
        certificate.signature,
        issuer_public_key,
        user_id=user_id,
    )


def _read_version(node: der.Node | None, found: list[Tolerance]) -> int:
    if node is None:
        return 1
    value = node.explicit(0).integer(found)
    if value not in {0, 1, 2}:
        raise node.error(f"version number {value} is none of 0, 1, 2")
    if value == 0:
        found.append(Tolerance.DER_ENCODED_DEFAULT)
    return value + 1


def _read_serial_number(node: der.Node, found: list[Tolerance]) -> int:
    value = node.integer(found)
    if value <= 0:
        found.append(Tolerance.X509_SERIAL_NOT_POSITIVE)
    if node.end - node.start > 20:
        found.append(Tolerance.X509_SERIAL_TOO_LONG)
    return value


def _read_validity(node: der.Node, found: list[Tolerance]) -> Validity:
    content = node.content
    if node.tag == der.SEQUENCE and content[:2] == content[15:17] == _UTC_TIME_HEADER:
        try:
            plainly = plain.utc_time(content[2:15]), plain.utc_time(content[17:])
        except plain.NotPlainError:
            pass
        else:
            if plainly[0] <= plainly[1]:
                return Validity(*plainly)
    fields = node.sequence(2, 2)
    not_before = read_time(fields.next("notBefore"), found)
    not_after = read_time(fields.next("notAfter"), found)
    if not_after < not_before:
        raise node.error("validity ends before it starts")
    return Validity(not_before, not_after)


def read_time(node: der.Node, found: list[Tolerance]) -> datetime:
    """Time of RFC 5280 4.1.2.5; a GeneralizedTime before 2050 is let pass by name."""
    moment = node.time()
    if node.tag == der.GENERALIZED_TIME and moment.year < 2050:
        found.append(Tolerance.X509_GENERALIZED_TIME_BEFORE_2050)
    return moment


def _read_extensions(node: der.Node | None, version: int, found: list[Tolerance]) -> Mapping[str, Extension]:
    if node is None:
        return _NO_EXTENSIONS
    if version < 3:
        found.append(Tolerance.X509_EXTENSIONS_BELOW_V3)
    return read_extensions(node.explicit(3), found)
