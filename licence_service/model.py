"""The life of a licence (电子证照): what is asked for, its states, the rules between them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from formats.gb32100 import CreditCode
from formats.gbt36904 import LicenceId
from licence_service.errors import FieldViolation, IllegalTransitionError, RefusedError


class LicenceState(StrEnum):
    """Where a licence is in its life; expiry follows from the validity and is no state."""

    DRAFT = "draft"
    """制证中: identifier reserved, intent on record, nothing handed out."""
    VOID = "void"
    """Given up before it was issued; the identifier is not used again. Final."""
    VALID = "valid"
    """有效."""
    SUSPENDED = "suspended"
    """暂扣."""
    CHANGED = "changed"
    """已变更: a later version took its place. Final."""
    CANCELLED = "cancelled"
    """注销: formally removed. Final."""
    WITHDRAWN = "withdrawn"
    """撤销: should never have been issued. Final."""
    REVOKED = "revoked"
    """吊销: taken away as a penalty. Final."""
    TRANSFERRED = "transferred"
    """转出: moved to another authority."""


class LicenceEvent(StrEnum):
    """What can happen to a licence. 撤销, 吊销 and 注销 are different acts in law and are never merged."""

    ISSUE = "issue"
    ABANDON = "abandon"
    SUSPEND = "suspend"
    RESUME = "resume"
    CHANGE = "change"
    CANCEL = "cancel"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"
    TRANSFER_OUT = "transfer-out"
    UNDO_TRANSFER = "undo-transfer"


TRANSITIONS: Final[Mapping[LicenceState, Mapping[LicenceEvent, LicenceState]]] = MappingProxyType(
    {
        LicenceState.DRAFT: {LicenceEvent.ISSUE: LicenceState.VALID, LicenceEvent.ABANDON: LicenceState.VOID},
        LicenceState.VALID: {
            LicenceEvent.SUSPEND: LicenceState.SUSPENDED,
            LicenceEvent.CHANGE: LicenceState.CHANGED,
            LicenceEvent.CANCEL: LicenceState.CANCELLED,
            LicenceEvent.WITHDRAW: LicenceState.WITHDRAWN,
            LicenceEvent.REVOKE: LicenceState.REVOKED,
            LicenceEvent.TRANSFER_OUT: LicenceState.TRANSFERRED,
        },
        LicenceState.SUSPENDED: {
            LicenceEvent.RESUME: LicenceState.VALID,
            LicenceEvent.CANCEL: LicenceState.CANCELLED,
            LicenceEvent.WITHDRAW: LicenceState.WITHDRAWN,
            LicenceEvent.REVOKE: LicenceState.REVOKED,
        },
        LicenceState.TRANSFERRED: {LicenceEvent.UNDO_TRANSFER: LicenceState.VALID},
        LicenceState.VOID: {},
        LicenceState.CHANGED: {},
        LicenceState.CANCELLED: {},
        LicenceState.WITHDRAWN: {},
        LicenceState.REVOKED: {},
    }
)


def next_state(state: LicenceState, event: LicenceEvent) -> LicenceState:
    """The state after ``event``.

    Raises:
        IllegalTransitionError: The table has no such way; nothing is changed.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalTransitionError(state, event) from None


@dataclass(frozen=True, slots=True)
class Holder:
    """A holder (持证主体) as the licence names it; ``repr`` leaves the number out.

    Attributes:
        name: Full name.
        code: Number of the kind ``code_type`` names.
        code_type: Holder-code type of GB/T 36903 Annex A, for example ``001``.
    """

    name: str
    code: str = field(repr=False)
    code_type: str


@dataclass(frozen=True, slots=True)
class Issuer:
    """The issuing authority (证照颁发机构).

    Attributes:
        name: Full name.
        code: Its credit code.
        area_code: Six-digit division it has jurisdiction over.
    """

    name: str
    code: CreditCode
    area_code: str


@dataclass(frozen=True, slots=True)
class IssueRequest:
    """A request for one licence.

    Attributes:
        request_id: Idempotency key: the same key and content gives the same licence, never a second one.
        licence_type: Key of the licence type, for example ``business-licence``.
        item_code: Implementation code (31 characters) of the service item the licence results from.
        issuer: Who issues.
        holders: Who holds it, one or more.
        licence_number: 证照编号 as printed; None where the type derives it.
        face: Face data, extension short name (``KZ_…``) to text.
        issued_on: Date of issue, as printed (Beijing calendar).
        valid_until: Last day of validity; None for unlimited or where the type computes it.
        operator: Who asks.
        replaces: The version this licence takes the place of, for a change.
    """

    request_id: str
    licence_type: str
    item_code: str
    issuer: Issuer
    holders: tuple[Holder, ...]
    licence_number: str | None
    face: Mapping[str, str] = field(repr=False)
    issued_on: date
    operator: str
    valid_until: date | None = None
    replaces: LicenceId | None = None

    def __post_init__(self) -> None:
        for name, text in (("request_id", self.request_id), ("operator", self.operator)):
            if not 0 < len(text) <= 100 or not text.isprintable():
                raise RefusedError(
                    [FieldViolation(name, "length", f"{name} 应为 1 至 100 个字符", "needs 1 to 100 characters")]
                )


@dataclass(frozen=True, slots=True)
class IssuedLicence:
    """A licence that was issued.

    Attributes:
        licence_id: Its identifier.
        state: Its state now.
        document: The sealed OFD.
        digest: SM3 of ``document``, under which it is stored.
    """

    licence_id: LicenceId
    state: LicenceState
    document: bytes = field(repr=False)
    digest: bytes
