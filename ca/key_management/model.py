"""Escrowed pairs and their recovery: states, what moves them, what a recovery must say.

The names of states and the two kinds of recovery follow GM/T 0034-2014 (12.4 user key recovery, 12.5 judicial key
recovery); that standard draws no table, so the transitions are own rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ca.key_management.errors import IllegalKeyTransitionError
from ca.model import SerialNumber
from crypto import PublicKey, sm3
from formats.audit_trail import canonical_entry

KEY_ID_OCTETS: Final = 16
RECOVERY_ID_OCTETS: Final = 16
MAX_REASON: Final = 512
MAX_CASE: Final = 128
MAX_OFFICER: Final = 64
_VISIBLE: Final = range(0x21, 0x7F)


class EscrowState(StrEnum):
    """Where an escrowed pair stands."""

    POOLED = "pooled"
    """Made, and nobody's."""
    IN_USE = "in-use"
    """Assigned to an encryption certificate, for good."""
    SUPERSEDED = "superseded"
    """Its owner has a newer pair; old data still needs this one."""
    ARCHIVED = "archived"
    """Its certificate has ended; kept for its owner's old data, and for courts, until its time is over."""
    DESTROYED = "destroyed"
    """The private half is gone; who had it and when stays on record."""


class EscrowEvent(StrEnum):
    """What happens to an escrowed pair."""

    ASSIGN = "assign"
    SUPERSEDE = "supersede"
    ARCHIVE = "archive"
    DESTROY = "destroy"


TRANSITIONS: Final[Mapping[EscrowState, Mapping[EscrowEvent, EscrowState]]] = {
    EscrowState.POOLED: {EscrowEvent.ASSIGN: EscrowState.IN_USE},
    EscrowState.IN_USE: {
        EscrowEvent.SUPERSEDE: EscrowState.SUPERSEDED,
        EscrowEvent.ARCHIVE: EscrowState.ARCHIVED,
    },
    EscrowState.SUPERSEDED: {EscrowEvent.ARCHIVE: EscrowState.ARCHIVED},
    EscrowState.ARCHIVED: {EscrowEvent.DESTROY: EscrowState.DESTROYED},
    EscrowState.DESTROYED: {},
}
RECOVERABLE: Final = frozenset({EscrowState.IN_USE, EscrowState.SUPERSEDED, EscrowState.ARCHIVED})


class RecoveryKind(StrEnum):
    """Why an escrowed pair is given to somebody again."""

    OWNER = "owner"
    """The owner lost the key it was enveloped to (12.4)."""
    JUDICIAL = "judicial"
    """A court or an authority that the law entitles is given it (12.5)."""


class RecoveryState(StrEnum):
    """Where a recovery stands; that its time is over is computed, not stored."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DELIVERED = "delivered"
    REJECTED = "rejected"


class RecoveryEvent(StrEnum):
    """What happens to a recovery."""

    APPROVE = "approve"
    REJECT = "reject"
    DELIVER = "deliver"


RECOVERY_TRANSITIONS: Final[Mapping[RecoveryState, Mapping[RecoveryEvent, RecoveryState]]] = {
    RecoveryState.REQUESTED: {
        RecoveryEvent.APPROVE: RecoveryState.APPROVED,
        RecoveryEvent.REJECT: RecoveryState.REJECTED,
    },
    RecoveryState.APPROVED: {
        RecoveryEvent.DELIVER: RecoveryState.DELIVERED,
        RecoveryEvent.REJECT: RecoveryState.REJECTED,
    },
    RecoveryState.DELIVERED: {},
    RecoveryState.REJECTED: {},
}


def next_state(state: EscrowState, event: EscrowEvent) -> EscrowState:
    """Look up where an event leads a pair.

    Raises:
        IllegalKeyTransitionError: Nowhere.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalKeyTransitionError("pair", state, event) from None


def next_recovery_state(state: RecoveryState, event: RecoveryEvent) -> RecoveryState:
    """Look up where an event leads a recovery.

    Raises:
        IllegalKeyTransitionError: Nowhere.
    """
    try:
        return RECOVERY_TRANSITIONS[state][event]
    except KeyError:
        raise IllegalKeyTransitionError("recovery", state, event) from None


@dataclass(frozen=True, slots=True)
class WrappedPair:
    """A pair as the device hands it out for keeping.

    Attributes:
        key_id: 16 octets, the device's name of the pair.
        public_key: Public half.
        wrapped: What only the device opens.
    """

    key_id: bytes
    public_key: PublicKey
    wrapped: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key_id) != KEY_ID_OCTETS:
            raise ValueError("a pair is named by 16 octets")


@dataclass(frozen=True, slots=True)
class Assignment:
    """For whom a pair is, fixed once.

    Attributes:
        authority: Who asked, see ``ca.authority.authority_id``.
        serial: Serial number of the encryption certificate.
        request_key: Idempotency key of the request.
        recipient: The subject's signing key of that time, which the pair was first enveloped to.
        not_after: End of the certificate's validity, UTC.
        at: When it was assigned, UTC.
    """

    authority: str
    serial: SerialNumber
    request_key: str
    recipient: PublicKey
    not_after: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class EscrowedKey:
    """One pair on record.

    Attributes:
        key_id: 16 octets.
        state: Where it stands.
        public_key: Public half.
        wrapped: The private half as only the device opens it; None when it was destroyed.
        made: When, UTC.
        assignment: For whom; None while it is in store.
        enveloped: What was handed out first, DER SM2EnvelopedKey; None before, and when it was destroyed.
    """

    key_id: bytes
    state: EscrowState
    public_key: PublicKey
    wrapped: bytes | None = field(repr=False)
    made: datetime
    assignment: Assignment | None = None
    enveloped: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RecoveryOrder:
    """What an officer asks for.

    Attributes:
        kind: Why.
        authority: Whose certificate.
        serial: Serial number of the encryption certificate whose pair is wanted.
        recipient: Key to envelope it to: the owner's new signing key, or the court's.
        reason: In words, 1 to 512 characters.
        case: Reference of the case, letter or order it is asked under, 1 to 128 characters.

    Raises:
        ValueError: At construction, if reason or case is empty, too long or holds control characters.
    """

    kind: RecoveryKind
    authority: str
    serial: SerialNumber
    recipient: PublicKey
    reason: str
    case: str

    def __post_init__(self) -> None:
        for name, text, most in (("reason", self.reason, MAX_REASON), ("case reference", self.case, MAX_CASE)):
            if not text.strip() or len(text) > most or not text.isprintable():
                raise ValueError(f"the {name} has 1 to {most} characters in one line")


@dataclass(frozen=True, slots=True)
class Recovery:
    """One recovery on record.

    Attributes:
        recovery_id: 16 octets; the device's release has the same name.
        order: What is asked for.
        key_id: The pair.
        state: Where it stands.
        requested_by: Officer.
        requested: When, UTC.
        expires: It must be approved and delivered before, UTC.
        approved_by: Another officer; None before.
        approved: When, UTC; None before.
        enveloped: What was delivered, DER SM2EnvelopedKey; None before.
        delivered: When, UTC; None before.
    """

    recovery_id: bytes
    order: RecoveryOrder
    key_id: bytes
    state: RecoveryState
    requested_by: str
    requested: datetime
    expires: datetime
    approved_by: str | None = None
    approved: datetime | None = None
    enveloped: bytes | None = field(default=None, repr=False)
    delivered: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done about it."""
        return self.state in (RecoveryState.REQUESTED, RecoveryState.APPROVED)

    def is_expired(self, at: datetime) -> bool:
        """Whether its time is over at that moment."""
        return self.is_open and at >= self.expires

    def grounds(self) -> bytes:
        """SM3 of what is asked for and why, 32 octets: what both officers tell the device."""
        order = self.order
        return sm3(
            canonical_entry(
                {
                    "kind": str(order.kind),
                    "authority": order.authority,
                    "serial": str(order.serial),
                    "key_id": self.key_id.hex(),
                    "recipient": order.recipient.point.hex(),
                    "reason": order.reason,
                    "case": order.case,
                }
            )
        )


@dataclass(frozen=True, slots=True)
class EscrowSettings:
    """Rules of a centre; numbers are own choices.

    Attributes:
        recovery_window: From a recovery's request to its delivery; one minute to seven days.
        kept_after_end: How long a pair is kept after the end of its certificate before it may be destroyed.
    """

    recovery_window: timedelta = timedelta(days=1)
    kept_after_end: timedelta = timedelta(days=3653)

    def __post_init__(self) -> None:
        if not timedelta(minutes=1) <= self.recovery_window <= timedelta(days=7):
            raise ValueError("a recovery lives one minute to seven days")
        if self.kept_after_end < timedelta(0):
            raise ValueError("pairs are not destroyed before their certificates end")


def check_request_key(request_key: str) -> None:
    """Refuse an idempotency key that is not 1 to 128 visible ASCII characters.

    Raises:
        ValueError: It is not.
    """
    if not 1 <= len(request_key) <= 128 or not all(ord(character) in _VISIBLE for character in request_key):
        raise ValueError("a request key has 1 to 128 visible ASCII characters")
