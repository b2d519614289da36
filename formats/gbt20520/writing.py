"""Writing time-stamp tokens, in two steps like everything that is signed: octets to sign, then the whole.

Emitted: the content types of PKCS#7 that RFC 3161 names, since its clients know no others; SignedData version 3;
SM3 and SM2 with SM3 without parameters; attributes contentType, messageDigest and signingCertificateV2, sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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


def _attribute(oid: str, value: bytes) -> bytes:
    return der.sequence(der.oid(oid), der.set_of([value]))


_CONTENT_TYPE: Final = _attribute(oids.CONTENT_TYPE, der.oid(oids.TST_INFO))
_TST_INFO: Final = der.oid(oids.TST_INFO)
_SIGNED_DATA: Final = der.oid(oids.PKCS7_SIGNED_DATA)
_ONE: Final = der.integer(1)
_THREE: Final = der.integer(3)


@dataclass(frozen=True, slots=True)
class TokenAlgorithms:
    """What a token is digested and signed with.

    Attributes:
        digest_algorithm: AlgorithmIdentifier of the digest, DER.
        digest: Computes it.
        signature_algorithm: AlgorithmIdentifier of the signature, DER.
    """

    digest_algorithm: bytes
    digest: Callable[[bytes], bytes]
    signature_algorithm: bytes


SM2_TOKENS: Final = TokenAlgorithms(_SM3, sm3, _SM2_WITH_SM3)
"""SM2 with SM3, the only one the house signs with."""


@dataclass(frozen=True, slots=True)
class TokenForm:
    """What all tokens under one certificate have in common, made once: an authority stamps thousands a second.

    Attributes:
        certificate: The authority's, DER; named by SM3 and by issuer and serial number.
        certificates: What is attached to tokens that carry certificates: the authority's own first.
        algorithms: What tokens are digested and signed with.

    Raises:
        ValueError: Not certificates.
    """

    certificate: bytes = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)
    algorithms: TokenAlgorithms = SM2_TOKENS
    _signer: bytes = field(init=False, repr=False)
    _naming: bytes = field(init=False, repr=False)
    _attached: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            issuer, serial_number = issuer_and_serial_number(self.certificate)
            attached = b"".join(der.parse(each).expect(der.SEQUENCE).encoded for each in self.certificates)
        except MalformedDataError as exc:
            raise ValueError(str(exc)) from exc
        number = der.integer(serial_number)
        issuer_serial = der.sequence(der.sequence(der.explicit(4, issuer)), number)
        identifier = der.sequence(_SM3, der.octet_string(sm3(self.certificate)), issuer_serial)
        naming = _attribute(oids.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(identifier)))
        object.__setattr__(self, "_signer", der.sequence(issuer, number))
        object.__setattr__(self, "_naming", naming)
        object.__setattr__(self, "_attached", der.encode(der.context(0), attached) if attached else b"")

    def signed_attributes(self, info: bytes) -> bytes:
        """The attributes of a token under the tag of SET, sorted: exactly what the authority signs.

        Args:
            info: What ``tst_info`` returned.
        """
        digest = _attribute(oids.MESSAGE_DIGEST, der.octet_string(self.algorithms.digest(info)))
        return der.set_of([_CONTENT_TYPE, digest, self._naming])

    def token(self, info: bytes, attributes: bytes, signature: bytes, *, with_certificates: bool) -> bytes:
        """Put a token together, as DER.

        Args:
            info: What ``tst_info`` returned.
            attributes: What ``signed_attributes`` returned.
            signature: Over ``attributes``; of SM2 DER SEQUENCE {r, s}.
            with_certificates: Whether certificates are attached: not unless they were asked for (certReq).

        Raises:
            ValueError: A part has another form.
        """
        try:
            content = der.parse(attributes, what="signed attributes").expect(der.SET).content
        except MalformedDataError as exc:
            raise ValueError(str(exc)) from exc
        if self.algorithms is SM2_TOKENS:
            check_signature_der(signature)
        signer = der.sequence(
            _ONE,
            self._signer,
            self.algorithms.digest_algorithm,
            der.encode(der.context(0), content),
            self.algorithms.signature_algorithm,
            der.octet_string(signature),
        )
        signed_data = der.sequence(
            _THREE,
            der.set_of([self.algorithms.digest_algorithm]),
            der.sequence(_TST_INFO, der.explicit(0, der.octet_string(info))),
            self._attached if with_certificates else b"",
            der.set_of([signer]),
        )
        return der.sequence(_SIGNED_DATA, der.explicit(0, signed_data))


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
    """The attributes of one token that SM2 signs; see ``TokenForm.signed_attributes``.

    Raises:
        ValueError: Not a certificate.
    """
    return TokenForm(certificate, ()).signed_attributes(info)


def assemble_token(
    *, info: bytes, attributes: bytes, signature: bytes, certificate: bytes, certificates: Sequence[bytes] = ()
) -> bytes:
    """One token that SM2 signed, DER; see ``TokenForm.token``.

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
    form = TokenForm(certificate, tuple(certificates))
    return form.token(info, attributes, signature, with_certificates=True)


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
