"""Certification requests (PKCS#10, RFC 2986) with SM2 keys: reader, writer, proof of possession."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from crypto import InvalidSignatureError, PublicKey
from formats import der, oids, tolerances
from formats.gbt20518.algorithm import SubjectPublicKeyInfo, public_key_info, read_public_key_info
from formats.gbt20518.extension import Extension, read_extensions
from formats.gbt20518.name import Name, name_from
from formats.gbt20518.signed import assemble_signed, read_signed, verify_signed
from formats.tolerances import Tolerance

REQUEST_LIMITS: Final = der.DerLimits(size=64 * 1024, depth=16, elements=128)
_NO_EXTENSIONS: Final[Mapping[str, Extension]] = MappingProxyType({})


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class CertificationRequest:
    """A decoded request. Nothing in it binds the issuer; its signature proves possession of the key, no more.

    Attributes:
        encoded: DER as received.
        info: CertificationRequestInfo, what its signature covers.
        subject: Subject name asked for.
        key_info: SubjectPublicKeyInfo taken apart.
        attributes: Values of every attribute by identifier, undecoded. A challengePassword among them is secret.
        extensions: Extensions asked for.
        signature_algorithm: Identifier of the signature algorithm.
        signature: For SM2-with-SM3 the DER SEQUENCE {r, s}.
        tolerances: What the reader let pass.
    """

    encoded: bytes
    info: bytes
    subject: Name
    key_info: SubjectPublicKeyInfo
    attributes: Mapping[str, tuple[bytes, ...]]
    extensions: Mapping[str, Extension]
    signature_algorithm: str
    signature: bytes
    tolerances: tuple[Tolerance, ...]

    def __repr__(self) -> str:
        return f"<CertificationRequest of {self.subject}>"

    @property
    def public_key(self) -> PublicKey | None:
        """The SM2 key; None for a key of another kind."""
        return self.key_info.public_key


def read_request(data: bytes) -> CertificationRequest:
    """The request that ``data`` consists of.

    Raises:
        MalformedDataError: Not a certification request.
    """
    found: list[Tolerance] = []
    signed = read_signed(der.parse(data, what="certification request", limits=REQUEST_LIMITS), found)
    fields = signed.tbs.sequence(3, 4)
    version = fields.next("version")
    if version.integer() != 0:
        raise version.error("version number is not 0 (v1)")
    subject = name_from(fields.next("subject"))
    key_info = read_public_key_info(fields.next("subjectPublicKeyInfo"))
    attributes_node = fields.optional(der.context(0))
    fields.end()
    attributes: dict[str, tuple[bytes, ...]] = {}
    extensions = _NO_EXTENSIONS
    for member in attributes_node or ():
        parts = member.sequence(2, 2)
        oid, values = parts.next("type").oid(), parts.next("values").set_of(found)
        if oid in attributes or not values:
            raise member.error(f"attribute {oid} is repeated or has no value")
        attributes[oid] = tuple(value.encoded for value in values)
        if oid == oids.EXTENSION_REQUEST:
            if len(values) != 1:
                raise member.error("extensionRequest has more than one value")
            extensions = read_extensions(values[0], found)
    return CertificationRequest(
        encoded=signed.tbs.buffer,
        info=signed.tbs.encoded,
        subject=subject,
        key_info=key_info,
        attributes=MappingProxyType(attributes),
        extensions=extensions,
        signature_algorithm=signed.signature_algorithm,
        signature=signed.signature,
        tolerances=tolerances.collect(found, subject.tolerances),
    )


def verify_possession(request: CertificationRequest, *, user_id: bytes) -> PublicKey:
    """Verify that the request was signed with the key it names, and return that key.

    Args:
        request: A decoded request.
        user_id: SM2 identity the requester signed under.

    Raises:
        InvalidSignatureError: Wrong signature, another algorithm than SM2-with-SM3, or no SM2 key.
    """
    key = request.public_key
    if key is None:
        raise InvalidSignatureError("the request names no SM2 key")
    verify_signed(request.info, request.signature_algorithm, request.signature, key, user_id=user_id)
    return key


def request_info(subject: Name, public_key: PublicKey, extensions: Sequence[Extension] = ()) -> bytes:
    """DER CertificationRequestInfo: what the requester signs.

    Args:
        subject: Subject name asked for.
        public_key: Key to certify.
        extensions: Extensions asked for; without any the attribute is absent.
    """
    attributes = b""
    if extensions:
        wanted = der.sequence(*(extension.encode() for extension in extensions))
        attributes = der.sequence(der.oid(oids.EXTENSION_REQUEST), der.set_of([wanted]))
    return der.sequence(
        der.integer(0), subject.encoded, public_key_info(public_key), der.encode(der.context(0), attributes)
    )


def assemble_request(info: bytes, signature: bytes) -> bytes:
    """DER CertificationRequest from CertificationRequestInfo and DER SEQUENCE {r, s}."""
    return assemble_signed(info, signature)
