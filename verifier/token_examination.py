"""Cryptographic facts of a time-stamp token, without any question of trust or time.

What is computed here is true or false for the octets alone: whose certificate signed, whether its signature is
right over the signed attributes and these over TSTInfo, and whether the token names that certificate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from crypto import InvalidSignatureError
from crypto.foreign import is_foreign_key
from formats.errors import MalformedDataError
from formats.foreign_signature import FOREIGN_ALGORITHMS, foreign_algorithm, foreign_verify
from formats.gbt20518 import Certificate, GeneralName, read_name
from formats.gbt20520 import IMPRINT_DIGESTS, TimeStampToken, read_time_stamp_token
from formats.gbt35275 import SignerInfo, signer_certificate
from formats.oids import SM2_WITH_SM3, SM3
from verifier.memory import SM2_ALGORITHMS, Memory, holds


@dataclass(frozen=True, slots=True)
class ExaminedToken:
    """Facts of one token.

    Attributes:
        token: The token; None if it cannot be read.
        fault: Why it cannot be read.
        certificate: The one that the signer names; None if it is not attached, or cannot be read.
        certificate_fault: Why it cannot be read; empty if it is not attached at all.
        algorithms: Signature and digest algorithm as a trust list names them; None if they are not known here.
        unknown: Algorithms that are not known here, as written.
        signature: It is right; None if it could not be computed.
        unbound: Why the token does not name the certificate it was signed with; empty if it does, or if that could
            not be computed.
    """

    token: TimeStampToken | None
    fault: str = ""
    certificate: Certificate | None = None
    certificate_fault: str = ""
    algorithms: tuple[str, str] | None = None
    unknown: tuple[str, ...] = ()
    signature: bool | None = None
    unbound: str = ""


def examine_token(data: bytes, others: Sequence[bytes], memory: Memory) -> ExaminedToken:
    """Facts of a token; a fault is told, not raised.

    Args:
        data: The token.
        others: Certificates beside it, among which its authority's may be (those of the signed data it stands in).
        memory: Remembers decoded certificates.
    """
    try:
        token = read_time_stamp_token(data)
    except MalformedDataError as exc:
        return ExaminedToken(None, str(exc))
    signer = token.signed_data.signer
    algorithms = _algorithms(signer)
    unknown = tuple(_unknown(token, algorithms))
    encoded = _certificate_of(token, others)
    if encoded is None:
        return ExaminedToken(token, algorithms=algorithms, unknown=unknown)
    try:
        certificate = memory.certificate(encoded)
    except MalformedDataError as exc:
        return ExaminedToken(token, certificate_fault=str(exc), algorithms=algorithms, unknown=unknown)
    if algorithms is not None and not _key_serves(certificate, algorithms[0]):
        unknown, algorithms = (*unknown, f"key of {certificate.public_key_algorithm}"), None
    return ExaminedToken(
        token,
        certificate=certificate,
        algorithms=algorithms,
        unknown=unknown,
        signature=None if algorithms is None else _signature_holds(token, certificate, algorithms),
        unbound=_unbound(token, certificate),
    )


def _algorithms(signer: SignerInfo) -> tuple[str, str] | None:
    if signer.signature_algorithm in SM2_ALGORITHMS:
        return (SM2_WITH_SM3, SM3) if signer.digest_algorithm == SM3 else None
    whole = foreign_algorithm(signer.signature_algorithm, signer.digest_algorithm)
    return None if whole is None else (whole, signer.digest_algorithm)


def _unknown(token: TimeStampToken, algorithms: tuple[str, str] | None) -> Iterator[str]:
    signer, named = token.signed_data.signer, token.certificate_id
    if algorithms is None:
        yield f"signature {signer.signature_algorithm} with {signer.digest_algorithm}"
    if token.info.imprint.algorithm not in IMPRINT_DIGESTS:
        yield f"imprint {token.info.imprint.algorithm}"
    if named is not None and named.algorithm not in IMPRINT_DIGESTS:
        yield f"certificate named by {named.algorithm}"


def _certificate_of(token: TimeStampToken, others: Sequence[bytes]) -> bytes | None:
    """The certificate whose digest the token states, else the one of the signer's issuer and serial number.

    Several may share issuer and serial number; only the first kind tells them apart.
    """
    attached = (*token.signed_data.certificates, *others)
    named = token.certificate_id
    compute = IMPRINT_DIGESTS.get(named.algorithm) if named is not None else None
    if named is not None and compute is not None:
        for certificate in attached:
            if compute(certificate) == named.digest:
                return certificate
    return signer_certificate(replace(token.signed_data, certificates=attached))


def _key_serves(certificate: Certificate, algorithm: str) -> bool:
    """Whether such signatures can be verified with the key; one that is too short is as good as unknown."""
    if algorithm == SM2_WITH_SM3:
        return certificate.public_key is not None
    kind = FOREIGN_ALGORITHMS[algorithm][0]
    return certificate.public_key_algorithm == kind and is_foreign_key(certificate.spki)


def _signature_holds(token: TimeStampToken, certificate: Certificate, algorithms: tuple[str, str]) -> bool:
    """RFC 5652 5.4: the attributes hold the digest of the content, and the signature is over the attributes."""
    signed, (algorithm, digest) = token.signed_data, algorithms
    if signed.signer.message_digest != IMPRINT_DIGESTS[digest](token.info.encoded):
        return False
    key = certificate.public_key
    if algorithm == SM2_WITH_SM3:
        signature = signed.signer.signature_der
        return key is not None and any(holds(key, each, signature) for each in signed.signed_bytes())
    return any(
        _foreign_holds(certificate, algorithm, each, signed.signer.signature) for each in signed.signed_bytes()
    )


def _foreign_holds(certificate: Certificate, algorithm: str, message: bytes, signature: bytes) -> bool:
    try:
        foreign_verify(certificate.spki, certificate.public_key_algorithm, algorithm, message, signature)
    except InvalidSignatureError:
        return False
    return True


def _unbound(token: TimeStampToken, certificate: Certificate) -> str:
    """Why a token does not belong to a certificate (RFC 3161 2.4.2, RFC 5816); others may hold the same key."""
    signer, named, tsa = token.signed_data.signer, token.certificate_id, token.info.tsa
    if signer.serial_number != certificate.serial_number or not _same_name(signer.issuer, certificate):
        return "issuer and serial number of the signer"
    if named is None:
        return "no signing-certificate attribute"
    compute = IMPRINT_DIGESTS.get(named.algorithm)
    if compute is not None and compute(certificate.encoded) != named.digest:
        return "digest of the certificate"
    if named.serial_number is not None and named.serial_number != certificate.serial_number:
        return "serial number in the signing-certificate attribute"
    if named.issuer is not None and not _same_name(named.issuer, certificate):
        return "issuer in the signing-certificate attribute"
    return "" if tsa is None or _names(certificate, tsa) else "name of the authority"


def _same_name(issuer: bytes, certificate: Certificate) -> bool:
    if issuer == certificate.issuer.encoded:
        return True
    try:
        return read_name(issuer).matches(certificate.issuer)
    except MalformedDataError:
        return False


def _names(certificate: Certificate, tsa: GeneralName) -> bool:
    """Whether a name of the authority is one of its certificate's; kinds that are not compared are let be."""
    wanted = tsa.directory_name
    if wanted is None:
        return True
    alternatives = [
        each.directory_name for each in certificate.subject_alt_names if each.directory_name is not None
    ]
    return any(wanted.matches(each) for each in (certificate.subject, *alternatives))
