"""Commands that arm and clear faults, for tests of what stands above a device.

A key store answers them only where it was started with faults allowed; any other says SDR_NOTSUPPORT. They are
management and want an officer, so that nobody who may only sign can bring a test device to its knees.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Final

from hsm_sim.commands import U32, U64, Command, Done, Request
from hsm_sim.encoding import Choice, ListOf, Nested, Unsigned

MAX_FAULTS: Final = 64
ANY_COMMAND: Final = 0
MAX_MILLISECONDS: Final = 24 * 3600 * 1000
_U16: Final = Unsigned(2)


class FaultKind(IntEnum):
    """What goes wrong."""

    DELAY = 1
    """The request is carried out ``amount`` milliseconds late."""
    HANG = 2
    """The request is not carried out, and nothing is answered until the fault is cleared or the device stops."""
    BREAK_BEFORE = 3
    """The connection breaks; the request was not carried out."""
    BREAK_AFTER = 4
    """The connection breaks in mid-operation: the request was carried out, its reply is lost."""
    CUT_REPLY = 5
    """The request is carried out, and the connection breaks in the middle of the reply."""
    REFUSE = 6
    """The request is not carried out and answered with the return code ``amount``."""
    RESET = 7
    """The device is reset: every connection breaks, all sessions, rights and handles are gone."""
    WRONG_SIGNATURE = 8
    """The request is carried out; of the signatures it gives, the last does not verify, and nothing tells so."""
    NO_SESSION = 9
    """No session is to be had: whoever opens one is told SDR_OPENSESSION. Strikes OPEN_SESSION alone."""
    CLOCK_FORWARD = 10
    """The device's clock is put forward by ``amount`` milliseconds when the request comes, and stays so."""
    CLOCK_BACK = 11
    """The device's clock is put back by ``amount`` milliseconds when the request comes, and stays so."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, and which requests it strikes.

    Attributes:
        kind: What goes wrong.
        command: Number of the command it strikes; ``ANY_COMMAND`` for every one but those of faults.
        skip: How many such requests pass before it strikes.
        times: How many it strikes; 0 for all until it is cleared.
        amount: Milliseconds or a return code, as the kind says; 0 where the kind takes none.
    """

    kind: Annotated[FaultKind, Choice(FaultKind)]
    command: Annotated[int, _U16] = ANY_COMMAND
    skip: Annotated[int, U32] = 0
    times: Annotated[int, U32] = 1
    amount: Annotated[int, U64] = 0

    def __post_init__(self) -> None:
        if self.kind in _MILLISECONDS:
            if not 1 <= self.amount <= MAX_MILLISECONDS:
                raise ValueError(f"{self.kind.name} takes 1 to {MAX_MILLISECONDS} milliseconds")
        elif self.kind is FaultKind.REFUSE:
            if not 1 <= self.amount < 1 << 32:
                raise ValueError("a refusal has a return code that is not zero")
        elif self.amount:
            raise ValueError(f"{self.kind.name} takes no amount")
        if self.kind is FaultKind.NO_SESSION and self.command not in (ANY_COMMAND, Command.OPEN_SESSION):
            raise ValueError("NO_SESSION strikes OPEN_SESSION alone")


_MILLISECONDS: Final = frozenset({FaultKind.DELAY, FaultKind.CLOCK_FORWARD, FaultKind.CLOCK_BACK})


@dataclass(frozen=True, slots=True)
class ArmedFault:
    """A fault that is armed.

    Attributes:
        number: Counted from 1.
        fault: As it was armed.
        struck: How many requests it struck so far.
    """

    number: Annotated[int, U32]
    fault: Annotated[Fault, Nested(Fault)]
    struck: Annotated[int, U32]


@dataclass(frozen=True, slots=True)
class FaultList:
    """The faults that are armed, in the order of arming; a fault that struck its last is not among them."""

    faults: Annotated[tuple[ArmedFault, ...], ListOf(Nested(ArmedFault), MAX_FAULTS)]


@dataclass(frozen=True, slots=True)
class ArmFault(Request[Done]):
    """Arm a fault beside those that are armed. Of several that would strike a request the oldest does."""

    fault: Annotated[Fault, Nested(Fault)]
    command = Command.ARM_FAULT
    reply = Done


@dataclass(frozen=True, slots=True)
class ListFaults(Request[FaultList]):
    """Tell which faults are armed."""

    command = Command.LIST_FAULTS
    reply = FaultList
    repeatable = True


@dataclass(frozen=True, slots=True)
class ClearFaults(Request[Done]):
    """Clear all faults; what hangs is let go, its connection breaks. A clock that was put stays put."""

    command = Command.CLEAR_FAULTS
    reply = Done
    repeatable = True
