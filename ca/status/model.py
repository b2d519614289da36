"""What a status service says and for how long: policy, answers, when one is due again. Pure values and rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ca.model import SerialNumber
from crypto import sm3
from formats import oids
from formats.rfc6960 import CERT_ID_DIGESTS

MOST_VALIDITY: Final = timedelta(days=10)
"""CA/Browser Forum baseline requirements 4.9.10 bound the interval of a response by ten days."""
LEAST_VALIDITY: Final = timedelta(minutes=2)


class NeverIssued(StrEnum):
    """What is said of a serial number under which nothing was issued; never good."""

    UNKNOWN = "unknown"
    """A signed answer with status unknown."""
    REVOKED = "revoked"
    """A signed answer: revoked, certificateHold, 1970-01-01, with the extended-revoke extension (RFC 6960 2.2)."""
    UNAUTHORIZED = "unauthorized"
    """No signed answer; what a responder of pre-signed answers says (RFC 9919)."""


class NoncePolicy(StrEnum):
    """What a nonce in a request does."""

    ECHO = "echo"
    """An answer is signed for this request, with the nonce in it."""
    IGNORE = "ignore"
    """Answers are without nonce, as signed beforehand; clients that demand freshness turn away."""


@dataclass(frozen=True, slots=True)
class StatusPolicy:
    """How a status service answers.

    Attributes:
        never_issued: What is said of numbers never issued.
        nonce: What a nonce does; it is ignored where nothing is signed on demand.
        on_demand: Whether answers are signed when asked for; without it only those signed beforehand are given.
        validity: From thisUpdate to nextUpdate.
        presigned: Digests of CertIDs answers are signed beforehand for, as object identifiers; may be empty.
        archive: For how long after its end a certificate's status is told, in archiveCutoff too; None: for ever,
            and the extension is left out.
        most_cert_ids: Certificates in one request; more is malformed [D].
        change_after: For how long a change on record may go unnoticed.
        memory_octets: Of answers kept in memory.

    Raises:
        ValueError: At construction, if these contradict one another.
    """

    never_issued: NeverIssued = NeverIssued.UNAUTHORIZED
    nonce: NoncePolicy = NoncePolicy.ECHO
    on_demand: bool = True
    validity: timedelta = field(default=timedelta(hours=24))
    presigned: tuple[str, ...] = ()
    archive: timedelta | None = None
    most_cert_ids: int = 20
    change_after: timedelta = field(default=timedelta(seconds=1))
    memory_octets: int = 64 * 1024 * 1024

    def __post_init__(self) -> None:
        if not LEAST_VALIDITY <= self.validity <= MOST_VALIDITY:
            raise ValueError("an answer holds from two minutes to ten days")
        if not set(self.presigned) <= CERT_ID_DIGESTS.keys() or len(set(self.presigned)) != len(self.presigned):
            raise ValueError("answers are signed beforehand for SM3, SHA-1 and SHA-256, each once")
        if not self.on_demand and not self.presigned:
            raise ValueError("nothing is signed, neither beforehand nor on demand")
        if not self.on_demand and self.never_issued is not NeverIssued.UNAUTHORIZED:
            raise ValueError("without signing on demand a number never issued is unauthorized")
        if self.most_cert_ids < 1 or self.change_after < timedelta(0) or self.memory_octets < 0:
            raise ValueError("a bound is below its least")

    @property
    def echoes_nonce(self) -> bool:
        """Whether an answer is signed for a request with a nonce."""
        return self.on_demand and self.nonce is NoncePolicy.ECHO


DIGEST_NAMES: Final = {"sm3": oids.SM3, "sha1": oids.SHA1, "sha256": oids.SHA256}
"""How settings name the digests."""


@dataclass(frozen=True, slots=True, eq=False)
class Caching:
    """What caches may be told of an answer (RFC 9919). Equal to itself alone, so that looking it up is cheap.

    Attributes:
        this_update: Its thisUpdate.
        next_update: Its nextUpdate.
        refresh_at: From when on a newer one is to be had.
        tag: Names its octets, 32 hexadecimal digits.
    """

    this_update: datetime
    next_update: datetime
    refresh_at: datetime
    tag: str


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """What is sent back.

    Attributes:
        body: OCSPResponse, DER.
        caching: None for what no cache may keep: failures, and answers with a nonce, of several certificates,
            or of none on record.
    """

    body: bytes = field(repr=False)
    caching: Caching | None = None


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer signed beforehand.

    Attributes:
        serial: Of which certificate.
        cert_id: CertID it answers, DER; it serves requests with exactly these octets.
        algorithm: Digest of the CertID.
        this_update: Its thisUpdate.
        next_update: Its nextUpdate.
        change: Number of the last change on record when the certificate's standing was read.
        encoded: OCSPResponse, DER.
    """

    serial: SerialNumber
    cert_id: bytes = field(repr=False)
    algorithm: str
    this_update: datetime
    next_update: datetime
    change: int
    encoded: bytes = field(repr=False)


def refresh_at(this_update: datetime, next_update: datetime) -> datetime:
    """When an answer is signed anew: at half its life, so that a failure of hours is survived."""
    return this_update + (next_update - this_update) / 2


def is_due(answer: StoredAnswer | None, changed: int, *, now: datetime) -> bool:
    """Whether a certificate's answer is to be signed at this moment.

    Args:
        answer: The one stored; None without one.
        changed: Number of the certificate's last change on record; 0 if it is not known to have changed.
        now: The present moment.
    """
    if answer is None or answer.change < changed:
        return True
    return now >= refresh_at(answer.this_update, answer.next_update)


def caching_of(body: bytes, this_update: datetime, next_update: datetime) -> Caching:
    """What caches may be told of an answer with these octets."""
    return Caching(this_update, next_update, refresh_at(this_update, next_update), sm3(body).hex()[:32])
