"""What a service is to the application: a small typed value. How to add one is told in ``api.http``."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from api.http.exchange import HttpAnswer, HttpRequest

DEFAULT_BODY: Final = 64 * 1024
"""Octets of a request's body, unless its route says otherwise."""
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH"})

Endpoint = Callable[[HttpRequest], Awaitable[HttpAnswer]]
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


def in_thread(answer: Callable[[HttpRequest], HttpAnswer]) -> Endpoint:
    """An endpoint of a function that waits for a disk, a database or a key store."""

    async def endpoint(request: HttpRequest) -> HttpAnswer:
        return await asyncio.to_thread(answer, request)

    return endpoint


@dataclass(frozen=True, slots=True)
class Route:
    """One address of a machine protocol.

    Attributes:
        path: Begins with ``/`` and ends without; a prefix route also answers everything below.
        endpoints: What answers, by method. HEAD goes where GET goes.
        accepts: Media type a body must be of, without parameters; None for any.
        most: Octets of a body.
        is_prefix: Whether it answers paths below its own, and gets the rest of them.
    """

    path: str
    endpoints: dict[str, Endpoint]
    accepts: str | None = None
    most: int = DEFAULT_BODY
    is_prefix: bool = False

    def __post_init__(self) -> None:
        _check_path(self.path)
        if not self.endpoints or not self.endpoints.keys() <= _METHODS:
            raise ValueError(f"route {self.path}: methods are {', '.join(sorted(_METHODS))}")
        if self.most < 1:
            raise ValueError(f"route {self.path}: a body has an octet at least")


@dataclass(frozen=True, slots=True)
class Mount:
    """An ASGI application below a path, for REST parts; bodies and times are bounded as for routes.

    Attributes:
        path: Begins with ``/`` and ends without; the application sees it as its ``root_path``.
        application: Normally from ``rest.rest_application``.
        most: Octets of a body.
    """

    path: str
    application: AsgiApp = field(repr=False)
    most: int = DEFAULT_BODY

    def __post_init__(self) -> None:
        _check_path(self.path)


@dataclass(frozen=True, slots=True)
class Job:
    """Work that comes round, in a thread of the first worker; it never runs twice at a time.

    Attributes:
        name: For log and health.
        every: From the end of one run to the start of the next; the first starts with the service.
        run: Does what is due at this moment. What it raises is logged, shown by ``/health``, and tried again.
    """

    name: str
    every: timedelta
    run: Callable[[], None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a service can do its work now.

    Attributes:
        is_ready: Whether requests should be sent to it.
        detail: Why not, or a remark; no secret.
    """

    is_ready: bool
    detail: str = ""


def _healthy() -> Health:
    return Health(is_ready=True)


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Service:
    """A service as the application runs it.

    Attributes:
        name: Short, for log and health, for example ``"status"``.
        routes: Addresses of its machine protocols.
        mounts: REST parts.
        jobs: Work that comes round.
        start: Called once before the first request, in a thread; what it raises keeps the server from starting.
        stop: Called once after the last request, in a thread, also when another service did not start.
        health: Asked by ``/ready`` and ``/health``, in a thread; quick, and it raises nothing foreseen.
    """

    name: str
    routes: tuple[Route, ...] = ()
    mounts: tuple[Mount, ...] = ()
    jobs: tuple[Job, ...] = ()
    start: Callable[[], None] = field(default=_nothing, repr=False)
    stop: Callable[[], None] = field(default=_nothing, repr=False)
    health: Callable[[], Health] = field(default=_healthy, repr=False)


def _check_path(path: str) -> None:
    if not _PATH.fullmatch(path):
        raise ValueError(f"{path!r} is no path of a service: /name, or /name/name")
