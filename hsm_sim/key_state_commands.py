"""Commands that move a key through its life (``hsm_sim.key_states``), and the one that tells it."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from hsm_sim.commands import U32, Command, KeyInfo, Request
from hsm_sim.encoding import Choice, Fixed, ListOf, Nested, Optional, Text
from hsm_sim.key_states import KeyEvent
from hsm_sim.model import MAX_REASON, KeyUsage
from hsm_sim.records import KeyHistoryRecord

MAX_HISTORIES: Final = 16


@dataclass(frozen=True, slots=True)
class KeyStateRequest(Request[KeyInfo]):
    """Move one pair of an index on. Every right to the index ends.

    Attributes:
        index: Of the pair.
        usage: Which pair.
        reason: Why, for the pair's history; not empty.
        evidence: SM3 of a document that is kept elsewhere, or None.
    """

    index: Annotated[int, U32]
    usage: Annotated[KeyUsage, Choice(KeyUsage)]
    reason: Annotated[str, Text(MAX_REASON)]
    evidence: Annotated[bytes | None, Optional(Fixed(32))] = None
    reply = KeyInfo
    event: ClassVar[KeyEvent]

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("a reason is given")


class ActivateKey(KeyStateRequest):
    """Put a key to work that was made before its time."""

    __slots__ = ()
    command = Command.ACTIVATE_KEY
    event = KeyEvent.ACTIVATE


class SuspendKey(KeyStateRequest):
    """Stop all use for a time."""

    __slots__ = ()
    command = Command.SUSPEND_KEY
    event = KeyEvent.SUSPEND


class ResumeKey(KeyStateRequest):
    """End a suspension."""

    __slots__ = ()
    command = Command.RESUME_KEY
    event = KeyEvent.RESUME


class DeactivateKey(KeyStateRequest):
    """End the time in which the key makes new things: it never signs again, and still decrypts."""

    __slots__ = ()
    command = Command.DEACTIVATE_KEY
    event = KeyEvent.DEACTIVATE


class ReportCompromise(KeyStateRequest):
    """Say that the key may be known to others: it never signs again, and still decrypts."""

    __slots__ = ()
    command = Command.REPORT_COMPROMISE
    event = KeyEvent.COMPROMISE


STATE_REQUESTS: Final = (ActivateKey, SuspendKey, ResumeKey, DeactivateKey, ReportCompromise)


@dataclass(frozen=True, slots=True)
class KeyHistories:
    """Histories of pairs of one index and usage, the destroyed ones included, by public key."""

    histories: Annotated[tuple[KeyHistoryRecord, ...], ListOf(Nested(KeyHistoryRecord), MAX_HISTORIES)]


@dataclass(frozen=True, slots=True)
class ReadKeyHistory(Request[KeyHistories]):
    """What became of the pairs that were ever at an index; the latest 16.

    A pair that is active and was never anything else has no history.
    """

    index: Annotated[int, U32]
    usage: Annotated[KeyUsage, Choice(KeyUsage)]
    command = Command.READ_KEY_HISTORY
    reply = KeyHistories
    repeatable = True
