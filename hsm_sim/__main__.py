"""``python -m hsm_sim``: the key store as a process.

The officer's secret is asked for on a terminal or read as the first line of standard input; it is never an
argument and never in the environment. The shares of a quorum are read there too, each with its passphrase behind
it, a line each. One line of JSON on standard output tells that the socket listens, or why it does not.
"""

import argparse
import base64
import getpass
import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from hsm_sim.custody.secret_sharing import MAX_SHARES
from hsm_sim.custody.shares import MAX_SHARE_FILE, PASSPHRASE_LENGTHS, ShareCredential
from hsm_sim.functions.settings import FunctionSettings
from hsm_sim.management import OfficerCredential
from hsm_sim.model import SECRET_LENGTHS, DeviceState
from hsm_sim.return_codes import DeviceError, InputArgumentError
from hsm_sim.server import Server, ServerLimits
from hsm_sim.service import Quorum, ServiceSettings, say_on_stderr, serve
from hsm_sim.use_counters import DEFAULT_RESERVE


def arguments() -> argparse.ArgumentParser:
    """Describe the command line."""
    limits = ServerLimits()
    parser = argparse.ArgumentParser(prog="python -m hsm_sim", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where the store lies or is to be made")
    parser.add_argument("--socket", type=Path, help="where to listen (default: key-store.sock in the directory)")
    parser.add_argument("--officer", help="who opens the store; not given for a store that is not initialised")
    parser.add_argument(
        "--quorum", type=int, default=0, help="how many shares open the store in an officer's place"
    )
    parser.add_argument("--max-sessions", type=int, default=limits.max_sessions)
    parser.add_argument("--idle-seconds", type=float, default=limits.idle_seconds)
    parser.add_argument("--frame-seconds", type=float, default=limits.frame_seconds)
    parser.add_argument("--reserve", type=int, default=DEFAULT_RESERVE, help="uses counted ahead of being used")
    parser.add_argument("--minimum-generation", type=int, default=0, help="refuse to open an older store")
    parser.add_argument("--allow-faults", action="store_true", help="let officers arm faults; for tests alone")
    parser.add_argument(
        "--algorithm", action="append", default=[], metavar="NAME=NUMBER", help="another identifier of GM/T 0006"
    )
    parser.add_argument(
        "--quota",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="how much of it the device holds",
    )
    parser.add_argument("--stop-with-stdin", action="store_true", help="stop when standard input is closed")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a key store until it is told to stop.

    Returns:
        0 after a clean stop, 1 if it could not start or not write its last records; SystemExit(2) for bad
        arguments.
    """
    parser = arguments()
    given = parser.parse_args(argv)
    try:
        limits = ServerLimits(given.max_sessions, given.idle_seconds, given.frame_seconds)
        settings = ServiceSettings(
            given.directory,
            given.socket,
            limits,
            given.reserve,
            given.minimum_generation,
            allow_faults=given.allow_faults,
            functions=FunctionSettings.read(given.algorithm, given.quota),
        )
    except ValueError as error:
        parser.error(str(error))

    def on_ready(state: DeviceState, server: Server) -> None:
        if given.stop_with_stdin:
            threading.Thread(target=_wait_for_end_of_input, args=(server,), daemon=True).start()
        _tell({"state": state.name.lower(), "socket": str(settings.listens_at)})

    try:
        officer = _opener(given.officer, given.quorum)
        serve(settings, officer, on_ready=on_ready)
    except DeviceError as error:
        say_on_stderr(str(error))
        _tell({"return_code": error.return_code, "detail": error.detail})
        return 1
    return 0


def _opener(officer: str | None, quorum: int) -> OfficerCredential | Quorum | None:
    if quorum:
        return tuple(_read_share() for _ in range(min(quorum, MAX_SHARES)))
    return None if officer is None else OfficerCredential(officer, _read_secret())


def _read_share() -> ShareCredential:
    """A share file in base64 and its passphrase, a line each."""
    octets = _read_line(2 * MAX_SHARE_FILE, "a share")
    try:
        share = base64.b64decode(octets, validate=True)
    except ValueError:
        raise InputArgumentError("a share is not in base64") from None
    return ShareCredential(share, _read_line(PASSPHRASE_LENGTHS.stop, "a custodian's passphrase"))


def _tell(line: dict[str, object]) -> None:
    try:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # whoever started this process does not listen any more
        sys.stdout = None  # or the interpreter complains again at its end


def _read_secret() -> bytes:
    if sys.stdin.isatty():
        return getpass.getpass("officer's secret: ").encode()
    return _read_line(SECRET_LENGTHS.stop, "the officer's secret")


def _read_line(most: int, what: str) -> bytes:
    # Octet by octet, so that nothing after the line is taken from whoever reads on.
    line = bytearray()
    while (octet := os.read(sys.stdin.fileno(), 1)) not in (b"\n", b""):
        line += octet
        if len(line) >= most:
            raise InputArgumentError(f"{what} is too long")
    return bytes(line)


def _wait_for_end_of_input(server: Server) -> None:
    # Past Python's buffer, whose lock a thread that waits here would hold while the interpreter ends.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    server.stop()


if __name__ == "__main__":
    sys.exit(main())
