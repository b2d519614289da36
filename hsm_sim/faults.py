"""Faults on demand: what a device in service can do to whoever stands above it.

``Faults`` knows what is armed; ``FaultingAnswers`` stands between the server and the dispatcher and lets what is
armed happen to requests. The device itself knows nothing of it, so that what is tested is the real one.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hsm_sim.audit import Event
from hsm_sim.batches import join_signatures
from hsm_sim.commands import Command, Done, Signature, Signatures
from hsm_sim.device import Device
from hsm_sim.dispatch import Dispatcher
from hsm_sim.encoding import decode, encode
from hsm_sim.fault_commands import (
    ANY_COMMAND,
    MAX_FAULTS,
    ArmedFault,
    ArmFault,
    ClearFaults,
    Fault,
    FaultKind,
    FaultList,
    ListFaults,
)
from hsm_sim.frames import Frame, FrameKind
from hsm_sim.handlers import DONE, Handlers
from hsm_sim.record_store import Clock
from hsm_sim.return_codes import SDR_OK, NoBufferError, OpenSessionError
from hsm_sim.sessions import Session

_SPARED: Final = frozenset({Command.ARM_FAULT, Command.LIST_FAULTS, Command.CLEAR_FAULTS})
"""Never struck, or a fault could not be cleared."""


class ConnectionBrokenError(OSError):
    """A fault breaks this connection; the server ends it as it ends any that broke."""


class ShiftedClock:
    """A clock that can be put forward and back.

    Args:
        clock: Microseconds since 1970-01-01 UTC.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shift = 0

    def __call__(self) -> int:
        """The shifted time, microseconds; never before 1970."""
        return max(0, self._clock() + self._shift)

    def put(self, milliseconds: int) -> None:
        """Put the clock by so much, forward above zero."""
        self._shift += milliseconds * 1000


@dataclass(slots=True)
class _Armed:
    number: int
    fault: Fault
    passed: int = 0
    struck: int = 0

    def meets(self, command: int) -> bool:
        """Whether the fault is of this command's; counts the requests it lets pass."""
        if self.fault.kind is FaultKind.NO_SESSION:
            if command != Command.OPEN_SESSION:
                return False
        elif self.fault.command not in (ANY_COMMAND, command):
            return False
        if self.passed < self.fault.skip:
            self.passed += 1
            return False
        self.struck += 1
        return True

    @property
    def spent(self) -> bool:
        return 0 < self.fault.times <= self.struck


class Faults:
    """The faults that are armed; used from every thread of the server."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._count = 0
        self._cleared = threading.Condition()
        self._clearings = 0

    def arm(self, fault: Fault) -> int:
        """Arm a fault and give its number.

        Raises:
            NoBufferError: ``MAX_FAULTS`` are armed.
        """
        with self._cleared:
            if len(self._armed) >= MAX_FAULTS:
                raise NoBufferError(f"{MAX_FAULTS} faults are armed")
            self._count += 1
            self._armed.append(_Armed(self._count, fault))
            return self._count

    def armed(self) -> tuple[ArmedFault, ...]:
        """What is armed, in the order of arming."""
        with self._cleared:
            return tuple(ArmedFault(each.number, each.fault, each.struck) for each in self._armed)

    def clear(self) -> int:
        """Clear all and let go what hangs; how many there were."""
        with self._cleared:
            count = len(self._armed)
            self._armed.clear()
            self._clearings += 1
            self._cleared.notify_all()
            return count

    def strike(self, command: int) -> Fault | None:
        """The fault that strikes a request of this command, None if it passes."""
        if command in _SPARED:
            return None
        with self._cleared:
            for each in self._armed:
                if each.meets(command):
                    if each.spent:
                        self._armed.remove(each)
                    return each.fault
        return None

    def hang(self, stopping: Callable[[], bool]) -> None:
        """Wait until faults are cleared or ``stopping``."""
        with self._cleared:
            begun = self._clearings
            while self._clearings == begun and not stopping():
                self._cleared.wait(0.05)


class FaultHandlers:
    """Arming and clearing, for an officer."""

    def __init__(self, device: Device, faults: Faults) -> None:
        self._device = device
        self._faults = faults

    def table(self) -> Handlers:
        """Request class and method of each command."""
        return {ArmFault: self._arm, ListFaults: self._list, ClearFaults: self._clear}

    def _arm(self, session: Session, request: ArmFault) -> Done:
        self._device.managed(session)
        number = self._faults.arm(request.fault)
        kind = request.fault.kind.name.lower().replace("_", "-")
        self._device.log([Event(session.actor, "fault-armed", f"{number} {kind}")])
        return DONE

    def _list(self, session: Session, _request: ListFaults) -> FaultList:
        self._device.managed(session)
        return FaultList(self._faults.armed())

    def _clear(self, session: Session, _request: ClearFaults) -> Done:
        self._device.managed(session)
        self._device.log([Event(session.actor, "faults-cleared", "", self._faults.clear())])
        return DONE


@dataclass(frozen=True, slots=True)
class _CutReply:
    """The first half of a reply."""

    whole: Frame

    def encode(self) -> bytes:
        octets = self.whole.encode()
        return octets[: max(1, len(octets) // 2)]


class FaultingAnswers:
    """Answers as the dispatcher does, but where a fault strikes.

    Args:
        dispatcher: Carries requests out.
        faults: What is armed.
        clock: The device's.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        faults: Faults,
        clock: ShiftedClock,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._dispatcher = dispatcher
        self._faults = faults
        self._clock = clock
        self._sleep = sleep
        self._reset: Callable[[], None] = lambda: None
        self._stopping: Callable[[], bool] = lambda: False

    def attach(self, *, reset: Callable[[], None], stopping: Callable[[], bool]) -> None:
        """Tell how all connections are broken, and whether the server is stopping."""
        self._reset = reset
        self._stopping = stopping

    def handle(self, session: Session, frame: Frame) -> "Frame | _CutReply":
        """Answer one request, or let happen what is armed for it.

        Raises:
            ConnectionBrokenError: The connection is to break.
        """
        fault = self._faults.strike(frame.command)
        if fault is None:
            return self._dispatcher.handle(session, frame)
        match fault.kind:
            case FaultKind.HANG:
                self._faults.hang(self._stopping)
                raise ConnectionBrokenError
            case FaultKind.BREAK_BEFORE:
                raise ConnectionBrokenError
            case FaultKind.RESET:
                self._reset()
                raise ConnectionBrokenError
            case FaultKind.REFUSE:
                return _refusal(frame, fault.amount, "")
            case FaultKind.NO_SESSION:
                session.closed = True
                return _refusal(frame, OpenSessionError.code, "a fault is armed")
            case FaultKind.DELAY:
                self._sleep(fault.amount / 1000)
            case FaultKind.CLOCK_FORWARD:
                self._clock.put(fault.amount)
            case FaultKind.CLOCK_BACK:
                self._clock.put(-fault.amount)
        return self._spoiled(fault.kind, session, self._dispatcher.handle(session, frame))

    def _spoiled(self, kind: FaultKind, session: Session, reply: Frame) -> "Frame | _CutReply":
        """What becomes of a request that was carried out."""
        if kind is FaultKind.BREAK_AFTER:
            raise ConnectionBrokenError
        if kind is FaultKind.CUT_REPLY:
            session.closed = True
            return _CutReply(reply)
        if kind is FaultKind.WRONG_SIGNATURE and reply.return_code == SDR_OK:
            body = _with_wrong_signature(self._dispatcher.reply_class(reply.command), reply.body)
            return Frame(reply.kind, reply.command, reply.request_id, reply.return_code, body)
        return reply


def _refusal(frame: Frame, return_code: int, detail: str) -> Frame:
    return Frame(FrameKind.REPLY, frame.command, frame.request_id, return_code, detail.encode())


def _with_wrong_signature(reply_class: type, body: bytes) -> bytes:
    """The body with its last signature spoiled; bodies without signatures as they are."""
    if reply_class is Signature:
        return encode(Signature(_spoil(decode(Signature, body, what="reply").signature)))
    if reply_class is Signatures:
        joined = decode(Signatures, body, what="reply").joined
        signatures = []
        while joined:
            signatures.append(joined[1 : 1 + joined[0]])
            joined = joined[1 + joined[0] :]
        return encode(Signatures(join_signatures([*signatures[:-1], _spoil(signatures[-1])])))
    return body


def _spoil(signature: bytes) -> bytes:
    """Another s, in good DER: its lowest bit is turned."""
    return signature[:-1] + bytes([signature[-1] ^ 1])
