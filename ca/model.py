"""Certificates as the authority sees them: serial numbers, states, revocation, requests. Pure values and rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from ca.errors import IllegalTransitionError, RefusedError
from crypto import PublicKey, sm3
from formats import der
from formats.gbt20518 import Name, RevocationReason, Validity, assemble_crl
from formats.gbt20518.algorithm import public_key_info
from formats.gbt20518.alternative_name import AlternativeName
from formats.gbt20518.identity import IdentityNumber

_SERIAL_OCTETS: Final = 19
WHOLE_LIST: Final = "whole"
"""Name of the list of everything an authority issued."""
_REQUEST_KEY: Final = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True, order=True)
class SerialNumber:
    """Serial number of a certificate: positive, at most 20 octets (RFC 5280 4.1.2.2).

    Attributes:
        value: The number.
    """

    value: int

    def __post_init__(self) -> None:
        if not 0 < self.value < 1 << 159:
            raise ValueError("a serial number is positive and has at most 20 octets")

    @classmethod
    def draw(cls, random: Callable[[int], bytes]) -> Self:
        """A new serial number with 150 random bits; the leading bits are fixed, so that all have 19 octets.

        Args:
            random: Gives that many random octets.
        """
        drawn = random(_SERIAL_OCTETS)
        if len(drawn) != _SERIAL_OCTETS:
            raise ValueError("the random source gave another number of octets")
        return cls(int.from_bytes(bytes([0x40 | drawn[0] & 0x3F]) + drawn[1:], "big"))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read hexadecimal digits, as ``str()`` and other software write them.

        Raises:
            ValueError: Not hexadecimal, or out of range.
        """
        if not re.fullmatch(r"[0-9A-Fa-f]{1,40}", text):
            raise ValueError("a serial number is 1 to 40 hexadecimal digits")
        return cls(int(text, 16))

    def __str__(self) -> str:
        return f"{self.value:040x}"


class CertificateState(StrEnum):
    """Where a certificate stands. Expiry is no state: it is computed from the validity."""

    PENDING = "pending"
    """Its content is on record, its signature is not; after a crash it may or may not have been signed."""
    VALID = "valid"
    """Signed and on record."""
    HELD = "held"
    """Suspended; on the revocation list with reason certificateHold."""
    REVOKED = "revoked"
    """Revoked; final."""
    ABANDONED = "abandoned"
    """Given up before its signature was on record; final. It goes on the list: it may have been signed."""
    ARCHIVED = "archived"
    """Put away after its validity ended without a revocation; final: it cannot be revoked any more."""


class CertificateEvent(StrEnum):
    """What can happen to a certificate."""

    RECORD = "record"
    ABANDON = "abandon"
    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"
    ARCHIVE = "archive"


TRANSITIONS: Final[Mapping[CertificateState, Mapping[CertificateEvent, CertificateState]]] = {
    CertificateState.PENDING: {
        CertificateEvent.RECORD: CertificateState.VALID,
        CertificateEvent.ABANDON: CertificateState.ABANDONED,
    },
    CertificateState.VALID: {
        CertificateEvent.SUSPEND: CertificateState.HELD,
        CertificateEvent.REVOKE: CertificateState.REVOKED,
        CertificateEvent.ARCHIVE: CertificateState.ARCHIVED,
    },
    CertificateState.HELD: {
        CertificateEvent.RESUME: CertificateState.VALID,
        CertificateEvent.REVOKE: CertificateState.REVOKED,
    },
    CertificateState.REVOKED: {},  # final
    CertificateState.ABANDONED: {},  # final
    CertificateState.ARCHIVED: {},  # final
}


def next_state(state: CertificateState, event: CertificateEvent) -> CertificateState:
    """The state after ``event``.

    Raises:
        IllegalTransitionError: The table has no such way.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalTransitionError(state, event) from None


REVOCATION_REASONS: Final = frozenset(
    {
        RevocationReason.UNSPECIFIED,
        RevocationReason.KEY_COMPROMISE,
        RevocationReason.CA_COMPROMISE,
        RevocationReason.AFFILIATION_CHANGED,
        RevocationReason.SUPERSEDED,
        RevocationReason.CESSATION_OF_OPERATION,
        RevocationReason.PRIVILEGE_WITHDRAWN,
    }
)
"""Reasons a certificate can be revoked for. certificateHold is what suspending sets, removeFromCRL belongs to
delta lists, aACompromise to attribute authorities."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """Since when and why a certificate is on the list.

    Attributes:
        at: revocationDate; a revoked certificate that was held before keeps the day it was held.
        reason: Reason code.
        invalidity_date: When the key is believed lost; None if not stated.
    """

    at: datetime
    reason: RevocationReason
    invalidity_date: datetime | None = None

    def __post_init__(self) -> None:
        if self.at.utcoffset() != timedelta(0):
            raise ValueError("times are kept in UTC")
        if self.invalidity_date is not None and self.invalidity_date.utcoffset() != timedelta(0):
            raise ValueError("times are kept in UTC")


class Possession(StrEnum):
    """How it is known that the subject holds the private key."""

    PROVEN = "proven"
    """By the signature of a certification request (PKCS#10)."""
    VOUCHED = "vouched"
    """By the registering officer, for example since the key store made the key."""


@dataclass(frozen=True, slots=True)
class AuthorityBounds:
    """What a link or cross-certificate allows the authority it certifies.

    Attributes:
        path_length: How many authorities may follow below; None for any number.
        permitted: Directory subtrees its subjects must lie in; empty for no bound.
        policies: Policies it may issue under, instead of those of the issuer; empty for those.
    """

    path_length: int | None = None
    permitted: tuple[Name, ...] = ()
    policies: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """DER that tells bounds apart, for digests."""
        length = b"" if self.path_length is None else der.integer(self.path_length)
        names = der.sequence(*(name.encoded for name in self.permitted))
        return der.sequence(names, der.sequence(*(der.oid(oid) for oid in self.policies)), length)


@dataclass(frozen=True, slots=True)
class IssuanceRequest:
    """What a registering officer wants certified.

    Attributes:
        key: Idempotency key, 1 to 128 visible ASCII characters without spaces; the same key gives the same
            certificate. It appears in the audit trail, so it holds no personal number.
        profile: Name of the certificate profile.
        subject: Subject name.
        public_key: Subject's key.
        validity: Validity wanted, whole seconds.
        possession: How possession of the private key is known.
        credit_code: Unified social credit code of the subject's organisation, for the identity extension; None
            without one.
        alternative_names: For subjectAltName.
        identity: Numbers for identity extensions, in the form the profile wants; they become public.
        serial: A serial number reserved for this certificate; None to draw one.
        bounds: For link and cross-certificates.

    Raises:
        RefusedError: At construction, if ``key`` or ``validity`` breaks its form.
    """

    key: str
    profile: str
    subject: Name
    public_key: PublicKey
    validity: Validity
    possession: Possession
    credit_code: str | None = None
    alternative_names: tuple[AlternativeName, ...] = ()
    identity: tuple[IdentityNumber, ...] = ()
    serial: SerialNumber | None = None
    bounds: AuthorityBounds | None = None

    def __post_init__(self) -> None:
        if not _REQUEST_KEY.fullmatch(self.key):
            raise RefusedError(
                "a request key is 1 to 128 visible ASCII characters without spaces", code="ca.request-key-form"
            )
        if self.validity.not_before.microsecond or self.validity.not_after.microsecond:
            raise RefusedError("a validity is given in whole seconds", code="ca.validity-form")

    def digest(self) -> bytes:
        """SM3 over everything that decides the certificate, 32 octets; tells a repetition from a reused key."""
        content = der.sequence(
            der.utf8_string(self.profile),
            self.subject.encoded,
            public_key_info(self.public_key),
            der.time(self.validity.not_before),
            der.time(self.validity.not_after),
            der.utf8_string(self.possession),
            der.utf8_string(self.credit_code or ""),
            *self._later_parts(),
        )
        return sm3(content)

    def _later_parts(self) -> Iterator[bytes]:
        """Parts that requests did not always have: absent when empty, so that old digests stay as they were."""
        if self.alternative_names:
            yield der.explicit(0, der.sequence(*(name.encode() for name in self.alternative_names)))
        if self.identity:
            numbers = (
                der.sequence(der.utf8_string(each.kind), der.utf8_string(each.text)) for each in self.identity
            )
            yield der.explicit(1, der.sequence(*numbers))
        if self.serial is not None:
            yield der.explicit(2, der.integer(self.serial.value))
        if self.bounds is not None:
            yield der.explicit(3, self.bounds.encode())


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """One certificate on record, from its intent on.

    Attributes:
        authority: Which authority issued it, see ``authority_id``.
        serial: Its serial number; never used again.
        state: Where it stands.
        profile: Name and version of its profile, for example ``"seal-holder/1"``.
        request_key: Idempotency key of its request.
        request_digest: What the request asked for, see ``IssuanceRequest.digest``.
        subject: Its subject, readable.
        not_after: End of its validity.
        intended_at: When its intent was recorded.
        tbs: The octets that are, were or would have been signed.
        encoded: The certificate; None unless its signature is on record.
        revocation: Since when and why it is on the list; None if it is not.
        list_name: Which of the authority's lists it belongs to, for good; see ``ca.partition``.
    """

    authority: str
    serial: SerialNumber
    state: CertificateState
    profile: str
    request_key: str
    request_digest: bytes
    subject: str
    not_after: datetime
    intended_at: datetime
    tbs: bytes
    encoded: bytes | None = None
    revocation: Revocation | None = None
    list_name: str = WHOLE_LIST

    def is_expired(self, at: datetime) -> bool:
        """Whether its validity has ended by ``at``."""
        return at > self.not_after


@dataclass(frozen=True, slots=True)
class CertificateStanding:
    """How a certificate on record stands, without its content; see ``CertificateRecord``."""

    state: CertificateState
    not_after: datetime
    intended_at: datetime
    revocation: Revocation | None = None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One certificate that is in another state than before, for whoever follows the record.

    Attributes:
        number: Of the change: rises with every change of a certificate of this authority. A certificate changed
            twice is told once, with its last number.
        serial: Which certificate.
        state: Where it stands.
        not_after: End of its validity.
        revocation: Since when and why it is on the list; None if it is not.
    """

    number: int
    serial: SerialNumber
    state: CertificateState
    not_after: datetime
    revocation: Revocation | None


@dataclass(frozen=True, slots=True)
class ListHead:
    """What is known of a revocation list without its octets.

    Attributes:
        authority: Which authority issued it.
        list_name: Which of its lists, see ``ca.partition``.
        number: Its cRLNumber; full and delta lists of one name share the numbers, and none is used again.
        base: BaseCRLNumber of a delta list; None for a full one.
        this_update: When it was made.
        next_update: By when the next one comes.
        changed: Number of the last change it knows of, see ``StatusChange``.
        entries: How many entries it has.
    """

    authority: str
    list_name: str
    number: int
    base: int | None
    this_update: datetime
    next_update: datetime
    changed: int
    entries: int

    @property
    def is_delta(self) -> bool:
        """Whether it is a delta list."""
        return self.base is not None


@dataclass(frozen=True, slots=True)
class KeptEntries:
    """Which entries a full list still holds after their certificates expired.

    Attributes:
        since: Those of certificates whose validity ends at this moment or later; None for all.
        changed: Those too whose last change has a higher number: they were on no full list yet.
    """

    since: datetime | None
    changed: int = 0


@dataclass(frozen=True, slots=True)
class CrlRecord:
    """One revocation list on record, from its intent on.

    Attributes:
        head: What it is.
        tbs: The octets that were to be signed.
        signature: DER SEQUENCE {r, s}; None unless it is on record.
    """

    head: ListHead
    tbs: bytes
    signature: bytes | None = None

    @property
    def number(self) -> int:
        """Its cRLNumber."""
        return self.head.number

    @property
    def encoded(self) -> bytes | None:
        """The list; None unless its signature is on record."""
        return None if self.signature is None else assemble_crl(self.tbs, self.signature)
