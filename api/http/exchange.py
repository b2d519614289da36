"""One exchange as endpoints see it: a request whose body was read within its limits, and the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

JSON: Final = "application/json"
PROBLEM_JSON: Final = "application/problem+json"
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request, whole.

    Attributes:
        method: ``GET``, ``POST`` …; a HEAD request comes as GET, its answer goes without the body.
        rest: Of the path, what follows the route's own, as received (percent-encoded), without query; empty for a
            route that is not a prefix.
        headers: By lower-case name; of a repeated header the last.
        body: At most as long as its route allows.
    """

    method: str
    rest: bytes
    headers: Mapping[bytes, bytes] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What is sent back.

    Attributes:
        status: HTTP status code.
        body: Content; sent in pieces that wait for the reader, so a long one costs no memory for each of them.
        media_type: Of the body; None for an answer without content.
        headers: Further ones, names in lower case; length and type are added when it is sent.
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    media_type: str | None = None
    headers: Headers = ()


def header_list(answer: HttpAnswer) -> list[tuple[bytes, bytes]]:
    """The answer's headers as ASGI takes them, length and type included.

    304 has no content, and a length would speak of the one it stands for (RFC 9110 15.4.5): it is left out.
    """
    headers = [(b"x-content-type-options", b"nosniff"), *answer.headers]
    if answer.media_type is not None:
        headers.append((b"content-type", answer.media_type.encode("ascii")))
    if answer.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(answer.body)))
    return headers
