"""HTTP/1.1 of uvicorn over httptools, with the bounds it leaves to whoever stands in front of it.

A head has a size and a time, a connection that never asks is closed, and a reader that takes nothing of an answer
loses its connection. What is no HTTP is answered by a problem document.
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.http.exchange import PROBLEM_JSON
from api.http.problems import problem_document
from api.http.settings import ServerSettings

_MOST_HEADERS: Final = 100


class _HeadRefusedError(Exception):
    """A head is out of bounds."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection; a class of its own for each ``ServerSettings``, see ``protocol_for``."""

    settings: ServerSettings

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = True
        self._head_octets = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._refusal = (HTTPStatus.BAD_REQUEST, "not-http")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the first head its time."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        for timer in (self._head_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take octets; a head that is not whole after them goes on counting."""
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        self._head_octets += len(data)
        if self._head_octets > self.settings.head_octets:
            self._refusal = (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-long")
            self.send_400_response("")
        elif self._head_timer is None:
            self._await_head()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head = True
        self._head_octets = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is whole: judge its size before anybody acts on it."""
        self._in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        if len(self.url) > self.settings.path_octets:
            self._refusal = (HTTPStatus.REQUEST_URI_TOO_LONG, "path-too-long")
            raise _HeadRefusedError
        size = sum(len(name) + len(value) for name, value in self.headers)
        if len(self.headers) > _MOST_HEADERS or size + len(self.url) > self.settings.head_octets:
            self._refusal = (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-long")
            raise _HeadRefusedError
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request within bounds, and close."""
        del msg
        status, code = self._refusal
        body = problem_document(status, code)
        head = (
            STATUS_LINE[status] + b"content-type: " + PROBLEM_JSON.encode() + b"\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        )
        self.transport.write(head + body)
        self.transport.close()

    def pause_writing(self) -> None:
        """The reader does not keep up: it has a while to take what waits for it."""
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self.settings.body_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The reader took it."""
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().resume_writing()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.settings.head_seconds, self._head_too_slow)

    def _head_too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refusal = (HTTPStatus.REQUEST_TIMEOUT, "head-too-slow")
            self.send_400_response("")


def protocol_for(settings: ServerSettings) -> type[BoundedProtocol]:
    """The protocol with these bounds, as uvicorn wants it: a class."""
    return type("BoundedProtocolOfServer", (BoundedProtocol,), {"settings": settings})
