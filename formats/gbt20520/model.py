"""A time-stamp token as read from bytes (RFC 3161 2.4.2, GB/T 20520); nothing in it is trusted yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from formats.gbt20518 import Extension, GeneralName
from formats.gbt20520.digests import LENGTHS
from formats.gbt35275 import SignedData
from formats.tolerances import Tolerance

MAX_IMPRINT: Final = 64
"""Octets of a hashedMessage; no digest in use has more."""


@dataclass(frozen=True, slots=True)
class MessageImprint:
    """Of what a time stamp is (MessageImprint).

    Attributes:
        algorithm: Identifier of the digest.
        digest: hashedMessage; of the length its algorithm has, where that is known.
    """

    algorithm: str
    digest: bytes

    def __post_init__(self) -> None:
        length = LENGTHS.get(self.algorithm)
        if length is not None and len(self.digest) != length:
            raise ValueError(f"hashedMessage of {len(self.digest)} octets, {self.algorithm} has {length}")
        if not 0 < len(self.digest) <= MAX_IMPRINT:
            raise ValueError(f"hashedMessage of {len(self.digest)} octets")


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How far from genTime the true time may lie, either way (Accuracy).

    Attributes:
        seconds: Zero or more, at most 2^31 - 1.
        millis: 0 to 999; 0 stands for absent.
        micros: 0 to 999; 0 stands for absent.
    """

    seconds: int = 0
    millis: int = 0
    micros: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.seconds < 2**31 and 0 <= self.millis <= 999 and 0 <= self.micros <= 999):
            raise ValueError("an accuracy has seconds of 31 bits, and 0 to 999 milli- and microseconds")

    @property
    def span(self) -> timedelta:
        """The same as a duration."""
        return timedelta(seconds=self.seconds, milliseconds=self.millis, microseconds=self.micros)


@dataclass(frozen=True, slots=True)
class CertificateId:
    """How a token names the certificate it was signed with (ESSCertIDv2, RFC 5816; ESSCertID, RFC 2634).

    Attributes:
        algorithm: Identifier of the digest.
        digest: Of the DER certificate.
        issuer: DER Name of the issuer, or None if issuerSerial is absent.
        serial_number: Serial number, or None if issuerSerial is absent.
    """

    algorithm: str
    digest: bytes
    issuer: bytes | None = None
    serial_number: int | None = None


@dataclass(frozen=True, slots=True)
class TstInfo:
    """What a time-stamp authority states (TSTInfo).

    Attributes:
        encoded: DER as received: the content that is signed.
        policy: Identifier of the authority's policy.
        imprint: Of what the time stamp is.
        serial_number: At most 160 bits, unique for the authority.
        gen_time: When, UTC, to the microsecond; finer fractions are rounded up, for what is proven is "not later".
        accuracy: None if not stated.
        ordering: Whether all tokens of this authority can be ordered by genTime.
        nonce: Of the request, or None.
        tsa: A name of the authority, or None.
        extensions: By identifier, undecoded.
        tolerances: Departures let pass.
    """

    encoded: bytes = field(repr=False)
    policy: str
    imprint: MessageImprint
    serial_number: int
    gen_time: datetime
    accuracy: Accuracy | None
    ordering: bool
    nonce: int | None
    tsa: GeneralName | None
    extensions: Mapping[str, Extension]
    tolerances: tuple[Tolerance, ...]


@dataclass(frozen=True, slots=True)
class TimeStampToken:
    """A time-stamp token: TSTInfo in signed data with one signer.

    Attributes:
        encoded: ContentInfo as received.
        info: What is stated.
        signed_data: The signature over it; has signed attributes.
        certificate_id: The certificate the signer names in them, None if it names none.
        tolerances: Departures let pass, those of ``info`` included.
    """

    encoded: bytes = field(repr=False)
    info: TstInfo
    signed_data: SignedData = field(repr=False)
    certificate_id: CertificateId | None
    tolerances: tuple[Tolerance, ...]
