"""References that machines enrol under, and enrolments with their states. Pure values and rules."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from ca.enrolment.errors import EnrolmentTransitionError, ReferenceRefusedError
from ca.model import SerialNumber
from crypto import hmac_sm3
from formats import oids
from formats.gbt20518 import Name

MOST_USES: Final = 100_000
_REFERENCE: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SALT_OCTETS: Final = 16
_SECRET_OCTETS: Final = 20
_CONTEXT: Final = b"xinyin enrolment secret, version 1"


class EnrolmentState(StrEnum):
    """Where one enrolment stands."""

    STARTED = "started"
    """Its serial number and the use of the reference are on record; a certificate may exist."""
    WAITING = "waiting"
    """The certificate was handed out, and its confirmation is awaited."""
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    """The client did not take the certificate; it was revoked."""
    LAPSED = "lapsed"
    """Nobody confirmed in time; the certificate, if there was one, was revoked."""
    REFUSED = "refused"
    """The authority issued nothing."""


class EnrolmentEvent(StrEnum):
    """What happens to it."""

    DELIVER = "deliver"
    DELIVER_CONFIRMED = "deliver-confirmed"
    CONFIRM = "confirm"
    REJECT = "reject"
    LAPSE = "lapse"
    REFUSE = "refuse"


TRANSITIONS: Final[Mapping[EnrolmentState, Mapping[EnrolmentEvent, EnrolmentState]]] = {
    EnrolmentState.STARTED: {
        EnrolmentEvent.DELIVER: EnrolmentState.WAITING,
        EnrolmentEvent.DELIVER_CONFIRMED: EnrolmentState.CONFIRMED,
        EnrolmentEvent.REFUSE: EnrolmentState.REFUSED,
        EnrolmentEvent.LAPSE: EnrolmentState.LAPSED,
    },
    EnrolmentState.WAITING: {
        EnrolmentEvent.CONFIRM: EnrolmentState.CONFIRMED,
        EnrolmentEvent.REJECT: EnrolmentState.REJECTED,
        EnrolmentEvent.LAPSE: EnrolmentState.LAPSED,
    },
    EnrolmentState.CONFIRMED: {},
    EnrolmentState.REJECTED: {},
    EnrolmentState.LAPSED: {},
    EnrolmentState.REFUSED: {},
}


def next_state(state: EnrolmentState, event: EnrolmentEvent) -> EnrolmentState:
    """The state after ``event``.

    Raises:
        EnrolmentTransitionError: The table has no such way.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise EnrolmentTransitionError(state, event) from None


@dataclass(frozen=True, slots=True)
class Reference:
    """What a client may ask for under a reference and its secret.

    Attributes:
        name: The reference, as clients send it (senderKID).
        salt: 16 random octets its secret is derived with.
        profile: Of the certificates.
        subject: Of the certificates; the whole of it is what a request has to ask for.
        any_common_name: Whether the common name is the client's to choose, for several machines.
        credit_code: For the certificates; None without one.
        days: Validity of the certificates.
        uses: Certificates that may be had.
        used: Certificates that were asked for.
        not_after: When it ends.
        is_withdrawn: Whether it was ended before.
    """

    name: str
    salt: bytes = field(repr=False)
    profile: str
    subject: Name
    any_common_name: bool
    credit_code: str | None
    days: int
    uses: int
    not_after: datetime
    used: int = 0
    is_withdrawn: bool = False

    def __post_init__(self) -> None:
        if not _REFERENCE.fullmatch(self.name):
            raise ReferenceRefusedError("a reference is 1 to 64 letters, digits, dots, hyphens and underscores")
        if len(self.salt) != _SALT_OCTETS or not 0 < self.uses <= MOST_USES or self.days < 1:
            raise ReferenceRefusedError(f"a reference has 1 to {MOST_USES} uses and a validity of a day or more")

    def is_open(self, at: datetime) -> bool:
        """Whether messages under it are heard."""
        return not self.is_withdrawn and at <= self.not_after

    def allows(self, subject: Name) -> bool:
        """Whether a certificate for ``subject`` may be had."""
        if not self.any_common_name:
            return subject.matches(self.subject)
        return _without_common_name(subject) == _without_common_name(self.subject) and bool(subject.common_name)


def _without_common_name(name: Name) -> object:
    return [pair for pair in name.attributes if pair[0] != oids.COMMON_NAME]


class EnrolmentSecrets:
    """Derives the secrets of references; none of them is kept anywhere.

    Args:
        master: 32 octets, kept apart from the register.
    """

    def __init__(self, master: bytes) -> None:
        if len(master) != 32:
            raise ValueError("a master secret has 32 octets")
        self._master = master

    def secret(self, name: str, salt: bytes) -> bytes:
        """The secret of a reference: 32 letters and digits of Base32, 160 bits."""
        derived = hmac_sm3(self._master, b"\0".join((_CONTEXT, name.encode("ascii", "replace"), salt)))
        return base64.b32encode(derived[:_SECRET_OCTETS])

    def __repr__(self) -> str:
        return "EnrolmentSecrets(<hidden>)"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One exchange by which a certificate is had.

    Attributes:
        transaction_id: As the client chose it.
        reference: Under which; None for a renewal, which is by the old certificate.
        state: Where it stands.
        request_digest: SM3 of the message that began it; the same message again gets the same answer.
        serial: Of its certificate.
        request_id: certReqId of its certificate.
        server_nonce: That the confirmation has to repeat.
        confirm_by: Until when.
        started_at: When it began.
        answer: The answer to the message that began it; empty while there is none.
    """

    transaction_id: bytes
    reference: str | None
    state: EnrolmentState
    request_digest: bytes
    serial: SerialNumber
    request_id: int
    server_nonce: bytes
    confirm_by: datetime
    started_at: datetime
    answer: bytes = field(default=b"", repr=False)
