"""The life of a seal: what it is, the states it goes through and the rules between them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from formats.gb32100 import CreditCode
from seal_service.errors import IllegalTransitionError, RefusedError
from seal_service.seal_id import SealId


class SealState(StrEnum):
    """Where a seal is in its life; expiry is computed from the validity and is no state."""

    APPLIED = "applied"
    """Asked for; waits for a decision."""
    REJECTED = "rejected"
    """Turned down; final."""
    APPROVED = "approved"
    """May be made."""
    IN_USE = "in-use"
    """Made and handed to its owner; documents can be sealed."""
    SUSPENDED = "suspended"
    """停用: no use until resumed."""
    LOST = "lost"
    """挂失: no use; comes back only by a decision."""
    REVOKED = "revoked"
    """撤销: by the issuing department's decision; final."""
    CANCELLED = "cancelled"
    """注销: given back by its owner or replaced; final."""


class SealEvent(StrEnum):
    """What can happen to a seal."""

    APPROVE = "approve"
    REJECT = "reject"
    MAKE = "make"
    SUSPEND = "suspend"
    REPORT_LOST = "report-lost"
    RESUME = "resume"
    REVOKE = "revoke"
    CANCEL = "cancel"


_RETIRE: Final = {SealEvent.REVOKE: SealState.REVOKED, SealEvent.CANCEL: SealState.CANCELLED}

TRANSITIONS: Final[Mapping[SealState, Mapping[SealEvent, SealState]]] = MappingProxyType(
    {
        SealState.APPLIED: {SealEvent.APPROVE: SealState.APPROVED, SealEvent.REJECT: SealState.REJECTED},
        SealState.APPROVED: {SealEvent.MAKE: SealState.IN_USE, SealEvent.CANCEL: SealState.CANCELLED},
        SealState.IN_USE: {
            SealEvent.SUSPEND: SealState.SUSPENDED,
            SealEvent.REPORT_LOST: SealState.LOST,
            **_RETIRE,
        },
        SealState.SUSPENDED: {
            SealEvent.RESUME: SealState.IN_USE,
            SealEvent.REPORT_LOST: SealState.LOST,
            **_RETIRE,
        },
        SealState.LOST: {SealEvent.RESUME: SealState.IN_USE, **_RETIRE},
        SealState.REJECTED: {},
        SealState.REVOKED: {},
        SealState.CANCELLED: {},
    }
)


def next_state(state: SealState, event: SealEvent) -> SealState:
    """The state after ``event``.

    Raises:
        IllegalTransitionError: The table has no such way; nothing is changed.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalTransitionError(state, event) from None


class SealKind(StrEnum):
    """The outward shape of a seal picture."""

    ROUND = "round"
    OVAL = "oval"
    RECTANGULAR = "rectangular"


@dataclass(frozen=True, slots=True)
class SealApplication:
    """What an owner asks for.

    Attributes:
        owner: Credit code of the unit the seal is to belong to.
        owner_name: The unit's full name, as it stands on the seal.
        name: The seal's name, for example 示例市市场监督管理局电子公章.
        type_code: Two-digit type; stored as the INTEGER ``type`` of the seal's property block.
        kind: Outward shape.
        lower_text: Text across the lower part, empty for none.
        width_mm: Width of the picture in millimetres.
        height_mm: Height of the picture in millimetres.
        valid_from: Start of use, UTC.
        valid_to: End of use, UTC.
        applicant: Who asks; must differ from who approves.
    """

    owner: CreditCode
    owner_name: str
    name: str
    type_code: int
    kind: SealKind
    lower_text: str
    width_mm: int
    height_mm: int
    valid_from: datetime
    valid_to: datetime
    applicant: str

    def __post_init__(self) -> None:
        for field, text, longest in (
            ("owner_name", self.owner_name, 60),
            ("name", self.name, 100),
            ("applicant", self.applicant, 100),
        ):
            if not text.strip() or len(text) > longest:
                raise RefusedError(f"{field} needs 1 to {longest} characters", code="seal.application-field")
        if len(self.lower_text) > 20:
            raise RefusedError("lower_text has at most 20 characters", code="seal.application-field")
        # 国发〔1999〕25号: the largest seal is 60 mm; below 15 mm nothing can be read.
        if not (15 <= self.width_mm <= 60 and 15 <= self.height_mm <= 60):
            raise RefusedError("a seal measures 15 to 60 mm", code="seal.application-size")
        if self.kind is SealKind.ROUND and self.width_mm != self.height_mm:
            raise RefusedError("a round seal is as high as it is wide", code="seal.application-size")
        if not 0 <= self.type_code <= 99:
            raise RefusedError("a seal type has two digits", code="seal.application-field")
        for moment in (self.valid_from, self.valid_to):
            if moment.utcoffset() != timedelta(0) or moment.microsecond:
                raise RefusedError("validity is kept in UTC, whole seconds", code="seal.application-validity")
        if self.valid_to <= self.valid_from:
            raise RefusedError("validity ends before it starts", code="seal.application-validity")


@dataclass(frozen=True, slots=True)
class SealRecord:
    """A registered seal.

    Attributes:
        seal_id: Its identifier.
        application: What was asked for.
        state: Where it is in its life.
        encoded: The SESeal as made (DER), None before it is made.
        holder_certificate: DER of the certificate whose key seals, None before the seal is made.
        key_label: Under which name ``api/`` finds the holder's ``Signer``; no key material.
    """

    seal_id: SealId
    application: SealApplication
    state: SealState
    encoded: bytes | None
    holder_certificate: bytes | None
    key_label: str | None

    def is_valid_at(self, at: datetime) -> bool:
        """Whether ``at`` lies in the seal's validity; says nothing of its state."""
        return self.application.valid_from <= at <= self.application.valid_to

    def require_usable(self, at: datetime) -> None:
        """Refuse use of a seal that is not in use, or outside its validity.

        Raises:
            RefusedError: With the reason.
        """
        if self.state is not SealState.IN_USE:
            raise RefusedError(f"the seal {self.seal_id} is {self.state}, not in use", code="seal.not-in-use")
        if not self.is_valid_at(at):
            raise RefusedError(f"the seal {self.seal_id} is outside its validity", code="seal.outside-validity")
