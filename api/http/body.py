"""Reading a request's body within bounds of size and time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from api.http.problems import ProblemError

Receive = Callable[[], Awaitable[Any]]
CLOSE: Final = ((b"connection", b"close"),)
"""What was not read to its end would be taken for the next request."""


class GoneError(Exception):
    """The client went away before its request was whole; there is nobody to answer."""


async def read_body(receive: Receive, headers: Mapping[bytes, bytes], *, most: int, seconds: float) -> bytes:
    """The body, at most ``most`` octets, whole within ``seconds``.

    Raises:
        ProblemError: 413 too long, as announced or as received; 408 too slow. Both close the connection.
        GoneError: The client went away.
    """
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and (len(announced) > 18 or int(announced) > most):
        raise too_long(most)
    pieces = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise GoneError
                pieces += message.get("body", b"")
                if len(pieces) > most:
                    raise too_long(most)
                if not message.get("more_body"):
                    return bytes(pieces)
    except TimeoutError:
        raise ProblemError(
            HTTPStatus.REQUEST_TIMEOUT, "body-too-slow", f"a body is sent within {seconds:g} s", headers=CLOSE
        ) from None


def too_long(most: int) -> ProblemError:
    """The refusal of a body above ``most`` octets."""
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-long", f"at most {most} octets are read", headers=CLOSE
    )


def has_body(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request says that a body follows (RFC 9112 6.3)."""
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
