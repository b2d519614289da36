"""Applications for certificates: what is asked for, the states an application goes through, the rules between."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from ca.errors import RefusedError
from ca.model import SerialNumber
from ca.naming_rules import holds_citizen_number
from ca.registration.errors import IllegalStepError
from ca.registration.ports import ProvidedKey
from crypto import PublicKey, sm3
from formats import der
from formats.gbt20518 import Name, Validity
from formats.gbt20518.algorithm import public_key_info
from formats.gbt20518.alternative_name import AlternativeName
from formats.gbt20518.identity import IdentityNumber

_ID_OCTETS: Final = 16
_KEY: Final = re.compile(r"[!-~]{1,128}")
_LONGEST_NAME: Final = 100
_LONGEST_TEXT: Final = 400
_MOST_DAYS: Final = 36_525


@dataclass(frozen=True, slots=True, order=True)
class ApplicationId:
    """How an application is called: 32 hexadecimal digits that say nothing of it."""

    text: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{32}", self.text):
            raise ValueError("an application is called by 32 hexadecimal digits")

    @classmethod
    def draw(cls, random: Callable[[int], bytes]) -> Self:
        """A new one."""
        return cls(random(_ID_OCTETS).hex())

    def __str__(self) -> str:
        return self.text


class ApplicationState(StrEnum):
    """Where an application stands. That it waited too long is no state: it is computed."""

    APPLIED = "applied"
    """Waits for a second person."""
    REJECTED = "rejected"
    """Turned down with a reason; final."""
    WITHDRAWN = "withdrawn"
    """Taken back before it was decided; final."""
    APPROVED = "approved"
    """Decided; its certificates are being made. After a crash it is finished by asking again."""
    ISSUED = "issued"
    """Its certificates are on the authority's record; final."""
    GIVEN_UP = "given-up"
    """Approved, and its certificates will not be: what was made of them was abandoned or revoked; final."""


class ApplicationEvent(StrEnum):
    """What can happen to an application."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    ISSUE = "issue"
    GIVE_UP = "give-up"


TRANSITIONS: Final[Mapping[ApplicationState, Mapping[ApplicationEvent, ApplicationState]]] = MappingProxyType(
    {
        ApplicationState.APPLIED: {
            ApplicationEvent.APPROVE: ApplicationState.APPROVED,
            ApplicationEvent.REJECT: ApplicationState.REJECTED,
            ApplicationEvent.WITHDRAW: ApplicationState.WITHDRAWN,
        },
        ApplicationState.APPROVED: {
            ApplicationEvent.ISSUE: ApplicationState.ISSUED,
            ApplicationEvent.GIVE_UP: ApplicationState.GIVEN_UP,
        },
        ApplicationState.REJECTED: {},
        ApplicationState.WITHDRAWN: {},
        ApplicationState.ISSUED: {},
        ApplicationState.GIVEN_UP: {},
    }
)


def next_state(state: ApplicationState, event: ApplicationEvent) -> ApplicationState:
    """The state after ``event``.

    Raises:
        IllegalStepError: The table has no such way.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalStepError(state, event) from None


class ApplicationKind(StrEnum):
    """What an application is for."""

    NEW = "new"
    """First certificates of a key."""
    REKEY = "rekey"
    """Renewal of an earlier certificate with another key."""
    RENEWAL = "renewal"
    """Renewal of an earlier certificate with the same signing key."""


def same_person(one: str, other: str) -> bool:
    """Whether two operator names are one, however they are written."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


def check_operator(name: str) -> None:
    """Refuse what is no name of an operator; it goes into the audit trail.

    Raises:
        RefusedError: Empty, too long, with control characters, or holding a citizen number.
    """
    _check_text(name, "an operator's name", longest=_LONGEST_NAME, empty=False)


def check_reason(reason: str) -> None:
    """Refuse what is no reason; it goes into the audit trail.

    Raises:
        RefusedError: Empty, too long, with control characters, or holding a citizen number.
    """
    _check_text(reason, "a reason", longest=_LONGEST_TEXT, empty=False)


def _check_text(text: str, what: str, *, longest: int, empty: bool) -> None:
    if len(text) > longest or (not text.strip() and not empty):
        raise RefusedError(f"{what} has 1 to {longest} characters", code="registration.field")
    if any(unicodedata.category(character).startswith("C") for character in text):
        raise RefusedError(f"{what} has no control characters", code="registration.field")
    if holds_citizen_number(text):
        raise RefusedError(f"{what} holds what is a citizen number", code="registration.person-number")


@dataclass(frozen=True, slots=True)
class Application:
    """What is asked for, as a clerk took it down and the request proved it.

    Attributes:
        key: Idempotency key, 1 to 128 visible ASCII characters; the same key is the same application.
        kind: What it is for.
        profile: Name and version of the profile of the signing certificate.
        subject: Subject name.
        public_key: The subject's signing key; its possession was proven.
        days: How long the certificates are to be valid, from the approval.
        clerk: Who took it; never who reviews it.
        request: DER of the certification request, kept as evidence.
        evidence: Where the papers lie, for example a file number; no number of a person. Empty for none.
        credit_code: Unified social credit code of the subject's organisation; None without one.
        alternative_names: For subjectAltName.
        identity: Numbers as they will stand in the certificates: hashed where the profile wants that.
        replaces: For renewals: serial number of the earlier signing certificate.
        overlap_days: For renewals: how long the earlier certificates stay valid beside the new ones before they
            are superseded; None to leave them.

    Raises:
        RefusedError: At construction, if a part breaks its form.
    """

    key: str
    kind: ApplicationKind
    profile: str
    subject: Name
    public_key: PublicKey
    days: int
    clerk: str
    request: bytes = field(repr=False)
    evidence: str = ""
    credit_code: str | None = None
    alternative_names: tuple[AlternativeName, ...] = ()
    identity: tuple[IdentityNumber, ...] = ()
    replaces: SerialNumber | None = None
    overlap_days: int | None = None

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            raise RefusedError(
                "a request key is 1 to 128 visible ASCII characters without spaces", code="registration.field"
            )
        if not 1 <= self.days <= _MOST_DAYS:
            raise RefusedError(f"a certificate is valid 1 to {_MOST_DAYS} days", code="registration.field")
        if self.overlap_days is not None and not 0 <= self.overlap_days <= _MOST_DAYS:
            raise RefusedError("an overlap is a number of days", code="registration.field")
        if (self.kind is ApplicationKind.NEW) != (self.replaces is None):
            raise RefusedError("renewals name what they renew, and they alone", code="registration.field")
        check_operator(self.clerk)
        _check_text(self.evidence, "the place of the papers", longest=_LONGEST_TEXT, empty=True)

    def digest(self) -> bytes:
        """SM3 over all of it but the request's own octets, 32 octets; tells a repetition from a reused key.

        A client that asks again may sign its request anew.
        """
        numbers = (der.sequence(der.utf8_string(each.kind), der.utf8_string(each.text)) for each in self.identity)
        return sm3(
            der.sequence(
                *map(
                    der.utf8_string, (self.kind, self.profile, self.clerk, self.evidence, self.credit_code or "")
                ),
                self.subject.encoded,
                public_key_info(self.public_key),
                der.integer(self.days),
                der.sequence(*(name.encode() for name in self.alternative_names)),
                der.sequence(*numbers),
                der.integer(0 if self.replaces is None else self.replaces.value),
                der.integer(-1 if self.overlap_days is None else self.overlap_days),
            )
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """How a second person decided.

    Attributes:
        reviewer: Who.
        at: When, UTC.
        reason: Why; empty for an approval.
    """

    reviewer: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IssuePlan:
    """What an approval fixed, so that asking again after a crash gives the same certificates.

    Attributes:
        validity: Of both certificates.
        signing_serial: Serial number reserved for the signing certificate.
        encryption_serial: Serial number reserved for the encryption certificate; None for profiles without a twin.
        encryption_key: The pair the key management part provided; None before it did, and without a twin.
    """

    validity: Validity
    signing_serial: SerialNumber
    encryption_serial: SerialNumber | None = None
    encryption_key: ProvidedKey | None = None

    @property
    def serials(self) -> tuple[SerialNumber, ...]:
        """Of the one or two certificates, the signing certificate's first."""
        if self.encryption_serial is None:
            return (self.signing_serial,)
        return (self.signing_serial, self.encryption_serial)


@dataclass(frozen=True, slots=True)
class ApplicationRecord:
    """An application on record.

    Attributes:
        id: How it is called.
        application: What is asked for.
        state: Where it stands.
        applied_at: When it was taken, UTC.
        expires_at: Until when it can be decided, UTC.
        decision: How it was decided; None before.
        plan: What an approval fixed; None before.
        superseded_at: When the certificates it replaces were superseded; None if they were not.
    """

    id: ApplicationId
    application: Application
    state: ApplicationState
    applied_at: datetime
    expires_at: datetime
    decision: Decision | None = None
    plan: IssuePlan | None = None
    superseded_at: datetime | None = None

    def is_expired(self, at: datetime) -> bool:
        """Whether it waited for a decision too long by ``at``."""
        return self.state is ApplicationState.APPLIED and at > self.expires_at

    def supersedes_from(self) -> datetime | None:
        """From when on the certificates it replaces are to be superseded; None if they are not, or were."""
        overlap = self.application.overlap_days
        if self.state is not ApplicationState.ISSUED or self.superseded_at is not None:
            return None
        if self.plan is None or overlap is None or self.application.replaces is None:
            return None
        return self.plan.validity.not_before + timedelta(days=overlap)
