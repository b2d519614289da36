"""Starting the key store as a process of its own, and stopping it."""

import base64
import json
import os
import selectors
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from hsm_sim.client import KeyStoreClient
from hsm_sim.management import DevicePolicy, OfficerCredential
from hsm_sim.model import DeviceState
from hsm_sim.return_codes import CommunicationError, HardwareError, error_for
from hsm_sim.service import Quorum, ServiceSettings

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
_MAX_LINE: Final = 8192


class KeyStoreProcess:
    """A running key store. As a context manager it is stopped at the end.

    Attributes:
        socket_path: Where it listens.
        started_in: Its state when it was ready to answer.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", socket_path: Path, state: DeviceState) -> None:
        self._process = process
        self.socket_path = socket_path
        self.started_in = state

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def client(self, name: str = "xinyin", **options: Any) -> KeyStoreClient:
        """Make a client of this key store; options as of ``KeyStoreClient``."""
        return KeyStoreClient(self.socket_path, name=name, **options)

    def stop(self) -> None:
        """Let running requests finish, write the exact counts, end.

        Raises:
            HardwareError: It did not end in time and was killed, or could not write its last records.
        """
        if self.running:
            self._process.terminate()
        try:
            status = self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise HardwareError("the key store did not stop in time and was killed") from None
        self._close_pipes()
        if status not in (0, -9):
            raise HardwareError(f"the key store ended with status {status}")

    def kill(self) -> None:
        """End it as a power cut would, for tests."""
        self._process.kill()
        self._process.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def start_key_store(
    settings: ServiceSettings,
    officer: OfficerCredential | Quorum | None = None,
    *,
    stderr: int | IO[bytes] | None = None,
    start_seconds: float = _START_SECONDS,
) -> KeyStoreProcess:
    """Start the key store as a separate process and wait until it listens.

    The secret goes through a pipe. The process ends with the one that started it, since it watches that pipe.

    Args:
        settings: Where and how.
        officer: Opens an initialised store, or the shares of a quorum of custodians; None to begin in the initial
            state.
        stderr: Where its warning and its messages go, as for ``subprocess``; the caller's own by default.
        start_seconds: How long to wait.

    Raises:
        DeviceError: What kept it from starting, by its return code.
        CommunicationError: It ended, or stayed silent, without saying why.
    """
    process = subprocess.Popen(
        _command(settings, officer),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=child_environment(),
    )
    try:
        _hand_over(process, officer)
        state = _started_in(_first_line(process, start_seconds))
    except BaseException:
        KeyStoreProcess(process, settings.listens_at, DeviceState.ERROR).kill()
        raise
    return KeyStoreProcess(process, settings.listens_at, state)


def _started_in(told: dict[str, Any]) -> DeviceState:
    if "return_code" in told:
        raise error_for(int(told["return_code"]), str(told.get("detail", "")))
    return DeviceState[str(told["state"]).upper()]


def initialise_key_store(
    settings: ServiceSettings,
    officers: tuple[OfficerCredential, ...],
    policy: DevicePolicy | None = None,
    *,
    stderr: int | IO[bytes] | None = None,
) -> None:
    """Make a key store in an empty directory: start it, initialise it, stop it.

    Raises:
        DeviceStateError: There is one already.
        InputArgumentError: An officer's name or secret breaks a rule.
    """
    with start_key_store(settings, stderr=stderr) as process, process.client() as client:
        client.initialise(officers, policy or DevicePolicy())


def _command(settings: ServiceSettings, officer: OfficerCredential | Quorum | None) -> list[str]:
    limits = settings.limits
    command = [sys.executable, "-m", "hsm_sim", "--directory", str(settings.directory), "--stop-with-stdin"]
    command += ["--socket", str(settings.listens_at)]
    command += ["--max-sessions", str(limits.max_sessions), "--idle-seconds", str(limits.idle_seconds)]
    command += ["--frame-seconds", str(limits.frame_seconds), "--reserve", str(settings.reserve)]
    command += ["--minimum-generation", str(settings.minimum_generation)]
    if settings.allow_faults:
        command.append("--allow-faults")
    algorithms, quotas = settings.functions.written()
    command += [f"--algorithm={each}" for each in algorithms] + [f"--quota={each}" for each in quotas]
    if officer is None:
        return command
    if isinstance(officer, OfficerCredential):
        return [*command, "--officer", officer.name]
    return [*command, "--quorum", str(len(officer))]


def child_environment() -> dict[str, str]:
    """The caller's, with the way to this package, which need not be installed."""
    home = str(Path(__file__).resolve().parent.parent)
    others = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": f"{home}{os.pathsep}{others}" if others else home}


def _hand_over(process: "subprocess.Popen[bytes]", officer: OfficerCredential | Quorum | None) -> None:
    if officer is None or process.stdin is None:
        return
    # If it ended already, its last words on standard output tell why.
    with suppress(BrokenPipeError):
        if isinstance(officer, OfficerCredential):
            process.stdin.write(officer.secret + b"\n")
        else:
            for each in officer:
                process.stdin.write(base64.b64encode(each.share) + b"\n" + each.passphrase + b"\n")
        process.stdin.flush()


def _first_line(process: "subprocess.Popen[bytes]", seconds: float) -> dict[str, Any]:
    if process.stdout is None:
        raise CommunicationError("the key store has no standard output")
    deadline = time.monotonic() + seconds
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n") and len(line) < _MAX_LINE:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise CommunicationError(f"the key store was not ready within {seconds:g} s")
            octets = os.read(process.stdout.fileno(), _MAX_LINE)
            if not octets:
                raise CommunicationError("the key store ended before it was ready")
            line += octets
    try:
        told = json.loads(line)
    except ValueError:
        raise CommunicationError("the key store said something else than it should") from None
    if not isinstance(told, dict):
        raise CommunicationError("the key store said something else than it should")
    return told
