"""Writing time-stamp tokens, in two steps like everything that is signed: octets to sign, then the whole.

Emitted: the content types of PKCS#7 that RFC 3161 names, since its clients know no others; SignedData version 3;
SM3 and SM2 with SM3 without parameters; attributes contentType, messageDigest and signingCertificateV2, sorted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from crypto import sm3
from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt20518 import Extension
from formats.gbt20520.model import Accuracy, MessageImprint
from formats.gbt35275 import issuer_and_serial_number
from formats.signature_value import check_signature_der

_SM3: Final = der.sequence(der.oid(oids.SM3))
_SM2_WITH_SM3: Final = der.sequence(der.oid(oids.SM2_WITH_SM3))
_MAX_SERIAL: Final = 1 << 160


def tst_info(
    *,
    policy: str,
    imprint: MessageImprint,
    serial_number: int,
    at: datetime,
    accuracy: Accuracy | None = None,
    ordering: bool = False,
    nonce: int | None = None,
    tsa: bytes | None = None,
    extensions: Sequence[Extension] = (),
) -> bytes:
    """TSTInfo as DER.

    Args:
        policy: Identifier of the policy the token is made under.
        imprint: Of what the time stamp is.
        serial_number: Positive, at most 160 bits, never used before by this authority.
        at: genTime, UTC; fractions down to the microsecond are written.
        accuracy: How exact ``at`` is.
        ordering: Whether tokens of this authority can be ordered by genTime alone.
        nonce: That of the request.
        tsa: A name of the authority, DER GeneralName.
        extensions: Left out if there are none.

    Raises:
        ValueError: A value that this structure cannot hold.
    """
    if not 0 < serial_number < _MAX_SERIAL:
        raise ValueError("a serial number is positive and has at most 160 bits")
    parts = [der.integer(1), der.oid(policy), encode_imprint(imprint), der.integer(serial_number), _gen_time(at)]
    if accuracy is not None:
        parts.append(_accuracy(accuracy))
    if ordering:
        parts.append(der.boolean(True))
    if nonce is not None:
        parts.append(der.integer(nonce))
    if tsa is not None:
        parts.append(der.explicit(0, tsa))
    if extensions:
        parts.append(encode_extensions(1, extensions))
    return der.sequence(*parts)


def signed_attributes(info: bytes, certificate: bytes) -> bytes:
    """The attributes of a token under the tag of SET, sorted: exactly what the authority signs.

    Args:
        info: What ``tst_info`` returned.
        certificate: The authority's, DER; named by SM3 and by issuer and serial number.

    Raises:
        ValueError: Not a certificate.
    """
    try:
        issuer, serial_number = issuer_and_serial_number(certificate)
    except MalformedDataError as exc:
        raise ValueError(str(exc)) from exc
    issuer_serial = der.sequence(der.sequence(der.explicit(4, issuer)), der.integer(serial_number))
    identifier = der.sequence(_SM3, der.octet_string(sm3(certificate)), issuer_serial)
    return der.set_of(
        [
            _attribute(oids.CONTENT_TYPE, der.oid(oids.TST_INFO)),
            _attribute(oids.MESSAGE_DIGEST, der.octet_string(sm3(info))),
            _attribute(oids.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(identifier))),
        ]
    )


def assemble_token(
    *, info: bytes, attributes: bytes, signature: bytes, certificate: bytes, certificates: Sequence[bytes] = ()
) -> bytes:
    """Put the token together, as DER.

    Args:
        info: What ``tst_info`` returned.
        attributes: What ``signed_attributes`` returned.
        signature: DER SEQUENCE {r, s} over ``attributes``.
        certificate: The authority's, DER; names the signer.
        certificates: What is attached: the authority's own first, then those above it; none unless they were asked
            for (certReq).

    Raises:
        ValueError: A part has another form.
    """
    try:
        issuer, serial_number = issuer_and_serial_number(certificate)
        content = der.parse(attributes, what="signed attributes").expect(der.SET).content
        attached = b"".join(der.parse(each).expect(der.SEQUENCE).encoded for each in certificates)
    except MalformedDataError as exc:
        raise ValueError(str(exc)) from exc
    signer = der.sequence(
        der.integer(1),
        der.sequence(issuer, der.integer(serial_number)),
        _SM3,
        der.encode(der.context(0), content),
        _SM2_WITH_SM3,
        der.octet_string(check_signature_der(signature)),
    )
    signed_data = der.sequence(
        der.integer(3),
        der.set_of([_SM3]),
        der.sequence(der.oid(oids.TST_INFO), der.explicit(0, der.octet_string(info))),
        der.encode(der.context(0), attached) if attached else b"",
        der.set_of([signer]),
    )
    return der.sequence(der.oid(oids.PKCS7_SIGNED_DATA), der.explicit(0, signed_data))


def encode_imprint(imprint: MessageImprint) -> bytes:
    """DER MessageImprint; no parameters."""
    return der.sequence(der.sequence(der.oid(imprint.algorithm)), der.octet_string(imprint.digest))


def encode_extensions(number: int, extensions: Sequence[Extension]) -> bytes:
    """Extensions under the implicit tag ``[number]``."""
    return der.encode(der.context(number), b"".join(each.encode() for each in extensions))


def _gen_time(at: datetime) -> bytes:
    """GeneralizedTime with the shortest fraction there is (RFC 3161 2.4.2)."""
    if at.utcoffset() != timedelta(0):
        raise ValueError("times are kept in UTC")
    fraction = f".{at.microsecond:06d}".rstrip("0") if at.microsecond else ""
    return der.encode(der.GENERALIZED_TIME, f"{at.year:04d}{at:%m%d%H%M%S}{fraction}Z".encode("ascii"))


def _accuracy(accuracy: Accuracy) -> bytes:
    parts = [der.integer(accuracy.seconds)] if accuracy.seconds else []
    if accuracy.millis:
        parts.append(der.integer(accuracy.millis, tag=der.context(0, constructed=False)))
    if accuracy.micros:
        parts.append(der.integer(accuracy.micros, tag=der.context(1, constructed=False)))
    return der.sequence(*parts)


def _attribute(oid: str, value: bytes) -> bytes:
    return der.sequence(der.oid(oid), der.set_of([value]))
