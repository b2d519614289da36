"""One connection: requests out, replies in, return codes into exceptions."""

import os
import socket
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from formats.errors import MalformedDataError
from hsm_sim.commands import CloseSession, OpenSession, Request
from hsm_sim.encoding import decode, encode
from hsm_sim.frames import Frame, FrameDecoder, FrameKind
from hsm_sim.return_codes import (
    SDR_OK,
    CommunicationError,
    InputArgumentError,
    OpenDeviceError,
    error_for,
)

R = TypeVar("R")
_RECEIVE: Final = 64 * 1024
_MAX_REQUEST_ID: Final = 2**32 - 1


class Connection:
    """A session with the device. One thread at a time; useless in a forked child.

    Args:
        path: Of the socket.
        name: What the client calls itself in the device's log.
        seconds: How long to wait for the socket to take or give something.

    Raises:
        OpenDeviceError: Nobody listens there.
        OpenSessionError: All sessions of the device are taken.
    """

    def __init__(self, path: Path, *, name: str, seconds: float) -> None:
        self._process = os.getpid()
        self._request_id = 0
        self._decoder = FrameDecoder(FrameKind.REPLY)
        self._arrived: list[Frame] = []
        self._broken = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(seconds)
        try:
            self._socket.connect(os.fspath(path))
        except OSError as error:
            self._socket.close()
            raise OpenDeviceError(f"nobody listens on the key store's socket: {error}") from error
        try:
            self.limits = self.call(OpenSession(name))
        except BaseException:
            self._socket.close()
            raise

    @property
    def usable(self) -> bool:
        """Whether requests can still be sent: not broken, not closed, not inherited through a fork."""
        return not self._broken and self._process == os.getpid()

    def call(self, request: Request[R]) -> R:
        """Send a request and wait for its reply.

        Raises:
            DeviceError: What the device answered, by its return code.
            CommunicationError: No answer came; whether the request was carried out is unknown.
            InputArgumentError: The request does not keep its own limits and was not sent.
        """
        return self.receive(self.send(request), request)

    def send(self, request: Request[R]) -> int:
        """Send a request without waiting; ``receive`` must follow, in the order of sending.

        Raises:
            CommunicationError, InputArgumentError: As ``call``.
        """
        if not self.usable:
            raise CommunicationError("the connection is closed, broken or another process's")
        try:
            body = encode(request)
        except ValueError as error:
            raise InputArgumentError(str(error)) from None
        self._request_id = self._request_id % _MAX_REQUEST_ID + 1
        frame = Frame(FrameKind.REQUEST, request.command, self._request_id, 0, body)
        try:
            self._socket.sendall(frame.encode())
        except OSError as error:
            if self._last_words() is None:
                raise self.fail(f"sending failed: {error}") from error
        return self._request_id

    def receive(self, request_id: int, request: Request[R]) -> R:
        """Wait for the reply to a request that was sent. Raises as ``call``."""
        frame = self._next_frame()
        if frame.request_id == 0 and frame.return_code != SDR_OK:
            # Said before the device hangs up: no session is free, or it could not make sense of a frame.
            self.fail("")
            raise error_for(frame.return_code, _text(frame.body))
        if (frame.request_id, frame.command) != (request_id, request.command):
            raise self.fail("the reply belongs to another request")
        if frame.return_code != SDR_OK:
            raise error_for(frame.return_code, _text(frame.body))
        try:
            reply: R = decode(request.reply, frame.body, what="key store reply")
        except MalformedDataError as error:
            raise self.fail(str(error)) from error
        return reply

    def _next_frame(self) -> Frame:
        while not self._arrived:
            try:
                data = self._socket.recv(_RECEIVE)
            except OSError as error:
                raise self.fail(f"receiving failed: {error}") from error
            if not data:
                raise self.fail("the device closed the connection")
            try:
                self._arrived = self._decoder.feed(data)
            except MalformedDataError as error:
                raise self.fail(str(error)) from error
        return self._arrived.pop(0)

    def _last_words(self) -> Frame | None:
        """What the device said before it hung up, left to be received, if it said anything."""
        try:
            frame = self._next_frame()
        except CommunicationError:
            return None
        self._arrived.insert(0, frame)
        return frame

    def fail(self, reason: str) -> CommunicationError:
        """Give the connection up and make the error that says why."""
        self._broken = True
        self._socket.close()
        return CommunicationError(reason)

    def close(self) -> None:
        """End the session and the connection."""
        if self.usable:
            with suppress(CommunicationError):  # it is gone, which is what was wanted
                self.call(CloseSession())
        self._broken = True
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _text(body: bytes) -> str:
    """The detail of a refusal; it may come from anything that listens on the socket."""
    return "".join(c for c in body[:512].decode("utf-8", "replace") if c.isprintable())
