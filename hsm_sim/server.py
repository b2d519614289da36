"""The server: a local socket, a thread for each connection, and patience that ends.

* The socket's mode is 0600, and the kernel is asked who connects (SO_PEERCRED): another user is turned away.
* A connection is a session. There are at most ``max_sessions``; one more is told SDR_OPENSESSION and closed.
* A frame that has begun to arrive must be complete within ``frame_seconds``, and a session that asks nothing for
  ``idle_seconds`` is closed: a client that sends octet by octet, or nothing, holds a thread for that long only.
* What is no frame gets one last reply, SDR_INARGERR with what was wrong, and the connection is closed.
* A reply that is not taken within ``frame_seconds`` closes the connection.
"""

import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from formats.errors import MalformedDataError
from hsm_sim.device import Device
from hsm_sim.frames import Frame, FrameDecoder, FrameKind
from hsm_sim.return_codes import DeviceError, InputArgumentError, OpenDeviceError, OpenSessionError
from hsm_sim.sessions import Session

MAX_SOCKET_PATH: Final = 107
"""Octets that fit into sockaddr_un."""
_RECEIVE: Final = 64 * 1024
_CREDENTIALS: Final = struct.Struct("3i")
_STOP_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Bounds of a server.

    Attributes:
        max_sessions: Connections at a time, each with its thread.
        idle_seconds: Without a request a session is closed after this long.
        frame_seconds: A frame must arrive, and a reply be taken, within this.
    """

    max_sessions: int = 64
    idle_seconds: float = 600.0
    frame_seconds: float = 10.0

    def __post_init__(self) -> None:
        if not (1 <= self.max_sessions <= 4096 and self.idle_seconds > 0 and self.frame_seconds > 0):
            raise ValueError("1 to 4,096 sessions, and times above zero")


def bind(path: Path) -> socket.socket:
    """Listen on a local socket that only this user may connect to.

    A socket file that a killed server left behind is replaced; that nobody serves it any more is made sure by the
    exclusive lock on the store, which is taken before.

    Raises:
        OpenDeviceError: The path is too long, is taken by something else, or its directory cannot be written.
    """
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise OpenDeviceError(f"the socket's path is longer than {MAX_SOCKET_PATH} octets")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        if path.is_socket():
            path.unlink()
        listener.bind(os.fspath(path))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise OpenDeviceError(f"cannot listen on the socket: {error.strerror}") from error
    finally:
        os.umask(before)
    return listener


class Reply(Protocol):
    """What goes back to the other end."""

    def encode(self) -> bytes:
        """Octets for the socket."""
        ...


class Answers(Protocol):
    """Who answers requests: the dispatcher, or what stands before it in tests."""

    def handle(self, session: Session, frame: Frame) -> Reply:
        """Answer one request; OSError breaks the connection."""
        ...


class Server:
    """Serves one device on one socket until it is told to stop.

    Args:
        device: Opened, or in its initial state.
        listener: From ``bind``.
        answers: Carries the requests out.
        limits: Bounds.
        say: Takes one line for the operator.
    """

    def __init__(
        self,
        device: Device,
        listener: socket.socket,
        answers: Answers,
        limits: ServerLimits,
        say: Callable[[str], None],
    ) -> None:
        self._device = device
        self._listener = listener
        self._answers = answers
        self._limits = limits
        self._say = say
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_sender.setblocking(False)  # a signal's handler may not wait
        self._stopping = False
        self._sessions = 0
        self._connections: dict[int, tuple[socket.socket, threading.Thread]] = {}
        self._lock = threading.Lock()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._stopping

    def break_connections(self) -> None:
        """Break every connection at once, as a device does that is reset; each session ends with its own."""
        with self._lock:
            for connection, _ in self._connections.values():
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """Ask the server to stop; safe in a signal handler and from any thread."""
        self._stopping = True
        with suppress(OSError):
            self._wake_sender.send(b"\x00")

    def wake_ends(self) -> tuple[socket.socket, socket.socket]:
        """Give copies of both ends of what wakes ``run``: an octet sent to the second ends its waiting.

        For ``signal.set_wakeup_fd``; the caller closes them, after ``run`` or before.
        """
        return self._wake_receiver.dup(), self._wake_sender.dup()

    def run(self) -> None:
        """Accept connections until ``stop``, then let running requests finish."""
        self._listener.setblocking(False)
        while not self._stopping:
            readable, _, _ = select.select([self._listener, self._wake_receiver], [], [])
            if self._listener in readable:
                self._accept()
        self._listener.close()
        self._end_connections()
        self._wake_receiver.close()
        self._wake_sender.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            # Gone again before it was accepted, or no descriptor is left: the next one may fare better.
            self._say(f"a connection was not accepted: {error.strerror}")
            time.sleep(0.01)
            return
        connection.setblocking(True)
        process, user = _peer(connection)
        if user != os.geteuid():
            self._say(f"a connection of user {user} was turned away")
            connection.close()
            return
        with self._lock:
            self._sessions += 1
            session = Session(self._sessions, f"uid {user} pid {process}")
            if len(self._connections) >= self._limits.max_sessions:
                self._turn_away(connection)
                return
            thread = threading.Thread(
                target=self._serve, args=(connection, session), name=f"session-{session.number}", daemon=True
            )
            self._connections[session.number] = (connection, thread)
        try:
            thread.start()
        except RuntimeError:
            self._say("a connection was not served: no thread could be started")
            self._forget(connection, session)

    def _turn_away(self, connection: socket.socket) -> None:
        refusal = OpenSessionError(f"all {self._limits.max_sessions} sessions are taken")
        connection.setblocking(False)
        with suppress(OSError):
            connection.send(_last_words(refusal).encode())
        connection.close()

    def _serve(self, connection: socket.socket, session: Session) -> None:
        try:
            for frame in self._requests(connection):
                connection.sendall(self._answers.handle(session, frame).encode())
                if session.closed:
                    break
        except MalformedDataError as error:
            refusal = InputArgumentError(str(error))
            self._device.log_refusal(session, "frame", refusal)
            with suppress(OSError):
                connection.sendall(_last_words(refusal).encode())
        except OSError:
            pass  # the other end is gone, too slow, or this server is stopping: the session ends either way
        finally:
            try:
                self._device.end_session(session)
            finally:
                self._forget(connection, session)

    def _forget(self, connection: socket.socket, session: Session) -> None:
        with self._lock:
            del self._connections[session.number]
        connection.close()

    def _requests(self, connection: socket.socket) -> Iterator[Frame]:
        """Yield requests as they come; ends when the other end closes, raises OSError when patience ends."""
        decoder = FrameDecoder(FrameKind.REQUEST)
        patience = _Patience(self._limits)
        while not self._stopping:
            connection.settimeout(patience.seconds(mid_frame=decoder.mid_frame))
            data = connection.recv(_RECEIVE)
            if not data:
                return
            connection.settimeout(self._limits.frame_seconds)
            frames = decoder.feed(data)
            if frames:
                patience.begin()
            for frame in frames:
                if self._stopping:
                    return
                yield frame

    def _end_connections(self) -> None:
        with self._lock:
            connections = list(self._connections.values())
        for connection, _ in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        deadline = time.monotonic() + _STOP_SECONDS
        for _, thread in connections:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                self._say(f"{thread.name} did not end in time")


class _Patience:
    """How long to wait for the next octets."""

    def __init__(self, limits: ServerLimits) -> None:
        self._limits = limits
        self._frame_ends: float | None = None

    def begin(self) -> None:
        """A whole frame has arrived."""
        self._frame_ends = None

    def seconds(self, *, mid_frame: bool) -> float:
        """Seconds left; TimeoutError when there are none."""
        if not mid_frame:
            self._frame_ends = None
            return self._limits.idle_seconds
        if self._frame_ends is None:
            self._frame_ends = time.monotonic() + self._limits.frame_seconds
        left = self._frame_ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _peer(connection: socket.socket) -> tuple[int, int]:
    """Process and user on the other end, as the kernel knows them."""
    octets = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    process, user, _group = _CREDENTIALS.unpack(octets)
    return process, user


def _last_words(refusal: DeviceError) -> Frame:
    """A reply to no request."""
    return Frame(FrameKind.REPLY, 0, 0, refusal.return_code, refusal.detail.encode())
