"""Signed data (GB/T 35275-2017), the value of an OFD signature of type Sign, as read from bytes.

It is PKCS#7 version 1.5 under other object identifiers. Exactly one signer is what every use here has. Nothing is
trusted yet; all that was signed is kept as original octets.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from formats import der
from formats.signature_value import signature_as_der
from formats.tolerances import Tolerance


class Shape(StrEnum):
    """How signed data relates to the file it signs, as far as its form tells."""

    DIGEST = "A"
    """The content is the 32-octet SM3 digest of the file and is what was signed."""
    ATTRIBUTES = "B"
    """No content; attributes with messageDigest, the digest of the file, are what was signed."""
    BASE64_DIGEST = "C"
    """The content is the Base64 text of the digest; no standard asks for it."""
    OTHER = "other"
    """Content of another kind, content beside attributes, or neither."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: its type and the DER values."""

    oid: str
    values: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """The signer.

    Attributes:
        version: 1 in every profile here.
        issuer: Issuer name of the signer's certificate, DER Name as received.
        serial_number: Serial number of the signer's certificate.
        digest_algorithm: OID.
        signature_algorithm: OID as written, 1.2.156.10197.1.301.1 or .501.
        attributes: Signed attributes in the order received; empty if there are none.
        signed_attributes: Their octets under the tag of SET, the order kept; None without attributes.
        content_type: Of the signed attributes, or None.
        message_digest: Of the signed attributes, or None.
        signing_time: Of the signed attributes, UTC; None if absent or without a zone. The signer's own claim.
        signature: Signature value as received; a time stamp is over these octets.
        unsigned_attributes: In the order received.
        time_stamp: Time-stamp token of the unsigned attributes, DER, or None.
    """

    version: int
    issuer: bytes
    serial_number: int
    digest_algorithm: str
    signature_algorithm: str
    attributes: tuple[Attribute, ...]
    signed_attributes: bytes | None
    content_type: str | None
    message_digest: bytes | None
    signing_time: datetime | None
    signature: bytes
    unsigned_attributes: tuple[Attribute, ...]
    time_stamp: bytes | None

    @property
    def signature_der(self) -> bytes:
        """``signature`` as DER SEQUENCE {r, s}; 64 raw octets are converted, all else is left as it is."""
        return signature_as_der(self.signature)


@dataclass(frozen=True, slots=True)
class SignedData:
    """Signed data with one signer.

    Attributes:
        encoded: As received.
        version: 1; time-stamp tokens have 3.
        content_type: OID of what is signed.
        content: The octets that are signed or digested, or None if they are kept elsewhere.
        digest_algorithms: OIDs.
        certificates: DER as received, at most 64.
        crls: DER as received.
        signer: The one signer.
        tolerances: Departures let pass.
    """

    encoded: bytes
    version: int
    content_type: str
    content: bytes | None
    digest_algorithms: tuple[str, ...]
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    signer: SignerInfo
    tolerances: tuple[Tolerance, ...]

    @property
    def content_present(self) -> bool:
        """Whether the content is attached."""
        return self.content is not None

    @property
    def shape(self) -> Shape:
        """Which of the shapes met in OFD files this is."""
        if self.signer.signed_attributes is not None:
            return Shape.OTHER if self.content_present else Shape.ATTRIBUTES
        if self.content is not None and len(self.content) == 32:
            return Shape.DIGEST
        if Tolerance.CMS_BASE64_DIGEST in self.tolerances:
            return Shape.BASE64_DIGEST
        return Shape.OTHER

    def signed_bytes(self, detached: bytes | None = None) -> tuple[bytes, ...]:
        """The octet strings the signature may be over, the likeliest first; it must hold over one of them.

        With attributes: their octets as received and, where these are not in the ascending order DER asks for, in
        that order too. Vendors sign what they send, libraries sign the sorted form; the order carries no meaning.
        Without attributes: the content, or ``detached`` in its place.

        Returns:
            One or two octet strings; none if there are neither attributes nor content.
        """
        attributes = self.signer.signed_attributes
        if attributes is None:
            content = self.content if self.content is not None else detached
            return () if content is None else (content,)
        if Tolerance.DER_UNSORTED_SET in self.tolerances:
            parts = [node.encoded for node in der.parse(attributes, what="signed attributes")]
            return (attributes, der.set_of(parts))
        return (attributes,)
