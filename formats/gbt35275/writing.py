"""Writing signed data as GB/T 35275-2017 has it, in the two shapes readers of OFD files accept.

Shape A (GM/T 0099-2020): the content is SM3(Signature.xml), and these 32 octets are signed.
Shape B: no content; the attributes contentType, messageDigest and signingTime are signed.

Emitted: version 1, SM3 and SM2 identifiers without parameters, attributes in ascending order.
"""

from collections.abc import Sequence
from datetime import datetime

from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt35275.signer_certificate import issuer_and_serial_number
from formats.signature_value import check_signature_der


def signed_attributes(
    message_digest: bytes, signing_time: datetime, *, content_type: str = oids.GBT35275_DATA
) -> bytes:
    """The attributes of shape B under the tag of SET, sorted: exactly what is signed.

    Args:
        message_digest: SM3 of the file signed, without Z; 32 bytes.
        signing_time: UTC, whole seconds.
        content_type: OID of what is signed.

    Raises:
        ValueError: The digest has another length, or the time is not UTC or has a fraction.
    """
    if len(message_digest) != 32:
        raise ValueError(f"messageDigest of {len(message_digest)} octets, SM3 has 32")
    return der.set_of(
        [
            _attribute(oids.CONTENT_TYPE, der.oid(content_type)),
            _attribute(oids.MESSAGE_DIGEST, der.octet_string(message_digest)),
            _attribute(oids.SIGNING_TIME, der.time(signing_time)),
        ]
    )


def assemble_signed_data(
    *,
    signature: bytes,
    signer_certificate: bytes,
    content: bytes | None = None,
    attributes: bytes | None = None,
    other_certificates: Sequence[bytes] = (),
    time_stamp: bytes | None = None,
    content_type: str = oids.GBT35275_DATA,
) -> bytes:
    """Put ContentInfo with SignedData together, as DER.

    Args:
        signature: DER SEQUENCE {r, s} over ``attributes`` if given, else over ``content``.
        signer_certificate: DER; goes first into the certificates, its issuer and serial number name the signer.
        content: Attached content: for shape A the 32-octet digest; None for shape B.
        attributes: What ``signed_attributes`` returned, for shape B.
        other_certificates: Certificates of issuers, DER.
        time_stamp: Time-stamp token over ``signature``, DER, put into the unsigned attributes.
        content_type: OID of the content.

    Raises:
        ValueError: Neither content nor attributes, or a part has another form.
    """
    if content is None and attributes is None:
        raise ValueError("signed data needs content or signed attributes")
    inner = [der.oid(content_type)]
    if content is not None:
        inner.append(der.explicit(0, der.octet_string(content)))
    certificates = [_one(item, der.SEQUENCE) for item in (signer_certificate, *other_certificates)]
    signer = _signer_info(signature, signer_certificate, attributes, time_stamp)
    signed_data = der.sequence(
        der.integer(1),
        der.set_of([_algorithm(oids.SM3)]),
        der.sequence(*inner),
        der.encode(der.context(0), b"".join(certificates)),
        der.set_of([signer]),
    )
    return der.sequence(der.oid(oids.GBT35275_SIGNED_DATA), der.explicit(0, signed_data))


def _signer_info(
    signature: bytes, certificate: bytes, attributes: bytes | None, time_stamp: bytes | None
) -> bytes:
    try:
        issuer, serial_number = issuer_and_serial_number(certificate)
    except MalformedDataError as exc:
        raise ValueError(str(exc)) from exc
    parts = [
        der.integer(1),
        der.sequence(issuer, der.integer(serial_number)),
        _algorithm(oids.SM3),
        _algorithm(oids.SM2_SIGN),
        der.octet_string(check_signature_der(signature)),
    ]
    if attributes is not None:
        content = der.parse(_one(attributes, der.SET), what="signed attributes").content
        parts.insert(3, der.encode(der.context(0), content))
    if time_stamp is not None:
        token = _attribute(oids.TIME_STAMP_TOKEN, _one(time_stamp, der.SEQUENCE))
        parts.append(der.encode(der.context(1), token))
    return der.sequence(*parts)


def _attribute(oid: str, value: bytes) -> bytes:
    return der.sequence(der.oid(oid), der.set_of([value]))


def _algorithm(oid: str) -> bytes:
    return der.sequence(der.oid(oid))


def _one(encoded: bytes, tag: int) -> bytes:
    """``encoded`` if it is one DER value with ``tag``."""
    try:
        return der.parse(encoded).expect(tag).encoded
    except MalformedDataError as exc:
        raise ValueError(str(exc)) from exc
