"""One key store from start to stop: what ``python -m hsm_sim`` and the command line run."""

import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from hsm_sim.custody.lid import LidWatch
from hsm_sim.custody.shares import ShareCredential
from hsm_sim.device import Device
from hsm_sim.dispatch import Dispatcher
from hsm_sim.faults import FaultHandlers, FaultingAnswers, Faults, ShiftedClock
from hsm_sim.functions.settings import FunctionSettings
from hsm_sim.hardening import forbid_core_dumps
from hsm_sim.management import OfficerCredential
from hsm_sim.model import DeviceState
from hsm_sim.protection import RandomOctets
from hsm_sim.record_store import Clock
from hsm_sim.return_codes import DeviceStateError, HardwareError
from hsm_sim.server import Server, ServerLimits, bind
from hsm_sim.storage import SqliteStorage, Storage
from hsm_sim.use_counters import DEFAULT_RESERVE

SOCKET_FILE: Final = "key-store.sock"
FAULT_WARNING: Final = "WARNING: officers may arm faults; nothing this key store answers is to be relied on."
WARNING: Final = (
    "WARNING: this is a SIMULATED key store, for test use only. Its keys are protected by this host's file "
    "permissions and an officer's secret, not by certified hardware."
)


Quorum: TypeAlias = tuple[ShareCredential, ...]
"""The shares of a quorum of custodians, who start a device in place of an officer."""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How to serve one key store.

    Attributes:
        directory: Of the store; made with mode 0700 if it is missing.
        socket_path: Where to listen; ``key-store.sock`` in the directory by default.
        limits: Sessions and patience.
        reserve: Uses that are counted ahead of being used, see ``hsm_sim.use_counters``.
        minimum_generation: Refuse to open an older store than this, see ``hsm_sim.record_store``.
        allow_faults: Whether officers may arm faults, see ``hsm_sim.faults``; for tests alone.
        functions: Algorithm identifiers and quotas.
    """

    directory: Path
    socket_path: Path | None = None
    limits: ServerLimits = field(default_factory=ServerLimits)
    reserve: int = DEFAULT_RESERVE
    minimum_generation: int = 0
    allow_faults: bool = False
    functions: FunctionSettings = field(default_factory=FunctionSettings)

    def __post_init__(self) -> None:
        if not (0 <= self.reserve <= 1_000_000 and self.minimum_generation >= 0):
            raise ValueError("a reservation of 0 to 1,000,000 uses, and a generation of at least 0")

    @property
    def listens_at(self) -> Path:
        """Path of the socket."""
        return self.socket_path or self.directory / SOCKET_FILE


def system_clock() -> int:
    """Tell the time of the host: microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000


def say_on_stderr(line: str) -> None:
    """Tell the operator."""
    sys.stderr.write(f"key store: {line}\n")
    sys.stderr.flush()


def serve(
    settings: ServiceSettings,
    officer: OfficerCredential | Quorum | None,
    *,
    on_ready: Callable[[DeviceState, Server], None],
    clock: Clock = system_clock,
    random: RandomOctets = secrets.token_bytes,
    open_storage: Callable[[Path], Storage] = SqliteStorage,
    say: Callable[[str], None] = say_on_stderr,
) -> None:
    """Serve a key store until SIGTERM, SIGINT or ``Server.stop``.

    Core dumps are switched off for the whole process, and the warning that this is a stand-in is given.
    Handlers for the two signals are installed when called in the main thread.

    Args:
        settings: Where and how.
        officer: Opens an initialised store, or the shares of a quorum of custodians; None to begin in the initial
            state.
        on_ready: Called once the socket listens, with the state and the server.
        clock: Microseconds since 1970-01-01 UTC.
        random: Source of random octets.
        open_storage: Makes the storage of a directory.
        say: Takes one line for the operator.

    Raises:
        DeviceError: A self-test failed, the store is in use or was altered, or the officer is missing or refused.
    """
    forbid_core_dumps()
    say(WARNING)
    if settings.allow_faults:
        say(FAULT_WARNING)
    shifted = ShiftedClock(clock)
    settings.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    storage = open_storage(settings.directory)
    try:
        _refuse_open_lid(settings.directory, storage)
        device = _open_device(
            storage, settings, officer, clock=shifted if settings.allow_faults else clock, random=random, say=say
        )
    except BaseException:
        storage.close()
        raise
    try:
        listener = bind(settings.listens_at)
        try:
            server = _server(device, listener, settings, shifted, random=random, say=say)
            lid = LidWatch(settings.directory, device.tamper)
            with _stopped_by_signals(server), lid.watching():
                on_ready(device.state, server)
                server.run()
        finally:
            listener.close()
            with suppress(FileNotFoundError):
                settings.listens_at.unlink()
    finally:
        device.close()


def _refuse_open_lid(directory: Path, storage: Storage) -> None:
    if LidWatch.is_open(directory):
        storage.erase()
        raise HardwareError("the case was opened: everything was destroyed; close it and start again")


def _open_device(
    storage: Storage,
    settings: ServiceSettings,
    officer: OfficerCredential | Quorum | None,
    *,
    clock: Clock,
    random: RandomOctets,
    say: Callable[[str], None],
) -> Device:
    device = Device(storage, clock=clock, random=random, reserve=settings.reserve, say=say)
    if device.is_initialised():
        if officer is None:
            raise DeviceStateError("the store is initialised; opening it takes an officer")
        if isinstance(officer, OfficerCredential):
            device.open(officer, minimum_generation=settings.minimum_generation)
        else:
            device.open_by_quorum(officer, minimum_generation=settings.minimum_generation)
    elif officer is not None:
        raise DeviceStateError("the store is not initialised; it has no officers yet")
    return device


def _server(
    device: Device,
    listener: socket.socket,
    settings: ServiceSettings,
    clock: ShiftedClock,
    *,
    random: RandomOctets,
    say: Callable[[str], None],
) -> Server:
    if not settings.allow_faults:
        dispatcher = Dispatcher(device, random, say, settings.functions)
        return Server(device, listener, dispatcher, settings.limits, say)
    faults = Faults()
    further = FaultHandlers(device, faults).table()
    answers = FaultingAnswers(Dispatcher(device, random, say, settings.functions, further=further), faults, clock)
    server = Server(device, listener, answers, settings.limits, say)
    answers.attach(reset=server.break_connections, stopping=lambda: server.stopping)
    return server


@contextmanager
def _stopped_by_signals(server: Server) -> Iterator[None]:
    """Stop the server on SIGTERM and SIGINT, whichever thread the system hands the signal to.

    A handler runs in the main thread only, and that waits for connections: if another thread was interrupted, it
    would wait on, were it not for the octet that is sent while the signal is taken.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: server.stop())
    receiver, sender = server.wake_ends()
    before = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        # First: a signal that comes later must not write where this descriptor's number is used again.
        signal.set_wakeup_fd(before)
        receiver.close()
        sender.close()
