"""The application: services put together behind one ASGI callable.

It finds the route, reads the body within its bounds, turns errors into problem documents, logs, tells health, and
starts and stops services in order. It holds no rule of any service.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from api.http.access_log import AccessLog
from api.http.body import CLOSE, GoneError, has_body, read_body
from api.http.exchange import HttpAnswer, HttpRequest, header_list
from api.http.health import HealthReport
from api.http.jobs import JobRunner
from api.http.problems import ProblemError, is_foreseen, problem_of
from api.http.routing import Found, Router
from api.http.service import Service
from api.http.settings import ServerSettings

_THREADS: Final = 16
_PIECE: Final = 64 * 1024
_OWN: Final = "-"


class StartFailedError(Exception):
    """A service did not start.

    Args:
        service: Its name.
        error: What it raised.
    """

    def __init__(self, service: str, error: Exception) -> None:
        super().__init__(f"service {service} did not start: {error}")
        self.service = service
        self.error = error


class Application:
    """An ASGI application of services.

    Args:
        services: In the order they start; they stop in the reverse of it.
        settings: Bounds.
        clock: Gives the present moment, UTC.
        write_log: Takes whole lines of the access log.
        runs_jobs: Whether this process does the services' jobs; one of all workers does.

    Raises:
        ValueError: Two services have one name, or one address.
    """

    def __init__(
        self,
        services: Sequence[Service],
        settings: ServerSettings,
        *,
        clock: Callable[[], datetime],
        write_log: Callable[[str], None],
        runs_jobs: bool = True,
    ) -> None:
        if len({service.name for service in services}) != len(services):
            raise ValueError("two services have one name")
        self._services = tuple(services)
        self._settings = settings
        self._log = AccessLog(write_log, clock, has_exchanges=settings.access_log)
        self._router = Router(services)
        self._runner = JobRunner(services if runs_jobs else (), self._log)
        self._health = HealthReport(services, self._runner)
        self._started: list[Service] = []
        self.start_error: StartFailedError | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one ASGI connection scope."""
        if scope["type"] == "http":
            await self._exchange(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    # ------------------------------------------------------------------ one exchange

    async def _exchange(self, scope: Any, receive: Any, send: Any) -> None:
        began = time.perf_counter()
        found: Found | None = None
        try:
            found = self._router.find(scope.get("raw_path") or scope["path"].encode("utf-8", "replace"))
            if found.mount is not None:
                status, octets = await self._mounted(found, scope, receive, send)
            else:
                answer = await self._answer(found, scope, receive)
                status, octets = await _send(answer, scope["method"], send)
        except GoneError:
            status, octets = 499, 0
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody outside sees a traceback
            if not is_foreseen(error):
                self._log.event("unexpected", service=found.service if found else _OWN, kind=type(error).__name__)
            status, octets = await _send(problem_of(error), scope["method"], send)
        self._log.exchange(
            service=found.service if found else _OWN,
            route=found.path if found else _OWN,
            method=scope["method"],
            status=status,
            octets=octets,
            seconds=time.perf_counter() - began,
        )

    async def _answer(self, found: Found, scope: Any, receive: Any) -> HttpAnswer:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        headers = dict(scope["headers"])
        if found.probe is not None:
            return await self._health.answer(found.probe, method)
        route = found.route
        assert route is not None
        endpoint = route.endpoints.get(method)
        if endpoint is None:
            raise not_allowed(tuple(route.endpoints), has_body(headers))
        body = b""
        if has_body(headers):
            if route.accepts is not None and method != "GET":
                _check_type(headers.get(b"content-type", b""), route.accepts)
            body = await read_body(receive, headers, most=route.most, seconds=self._settings.body_seconds)
        return await endpoint(HttpRequest(method, found.rest, headers, body))

    async def _mounted(self, found: Found, scope: Any, receive: Any, send: Any) -> tuple[int, int]:
        """Let a mounted application answer; it gets a body that was read within its bounds."""
        mount = found.mount
        assert mount is not None
        headers = dict(scope["headers"])
        body = b""
        if has_body(headers):
            body = await read_body(receive, headers, most=mount.most, seconds=self._settings.body_seconds)
        sent = _Sent(send)
        whole = [{"type": "http.request", "body": body, "more_body": False}]

        async def give() -> Any:
            return whole.pop() if whole else await receive()

        inner = {**scope, "root_path": scope.get("root_path", "") + mount.path}
        try:
            await mount.application(inner, give, sent)
        except Exception as error:
            if not sent.status:
                raise
            self._log.event("unexpected", service=found.service, kind=type(error).__name__)
        return sent.status, sent.octets

    # ------------------------------------------------------------------ life

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="service"))
        try:
            await self._start()
        except StartFailedError as error:
            self.start_error = error
            await self._stop()
            await send({"type": "lifespan.startup.failed", "message": ""})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        for service in self._services:
            try:
                await asyncio.to_thread(service.start)
            except Exception as error:
                raise StartFailedError(service.name, error) from error
            self._started.append(service)
        self._runner.start()

    async def _stop(self) -> None:
        await self._runner.stop()
        while self._started:
            service = self._started.pop()
            try:
                await asyncio.to_thread(service.stop)
            except Exception as error:  # noqa: BLE001 - the others are stopped all the same
                self._log.event("stop-failed", service=service.name, kind=type(error).__name__)
        self._log.flush()


class _Sent:
    """An ASGI ``send`` that remembers what went through it."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self.status = 0
        self.octets = 0

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.octets += len(message.get("body", b""))
        await self._send(message)


async def _send(answer: HttpAnswer, method: str, send: Any) -> tuple[int, int]:
    """Send an answer; gives status and octets of the body sent."""
    await send({"type": "http.response.start", "status": answer.status, "headers": header_list(answer)})
    body = b"" if method == "HEAD" else answer.body
    if len(body) <= _PIECE:
        await send({"type": "http.response.body", "body": body})
        return answer.status, len(body)
    view = memoryview(body)
    for start in range(0, len(body), _PIECE):
        piece = view[start : start + _PIECE]
        await send({"type": "http.response.body", "body": bytes(piece), "more_body": True})
    await send({"type": "http.response.body", "body": b""})
    return answer.status, len(body)


def not_allowed(methods: Sequence[str], unread: bool = False) -> ProblemError:  # noqa: FBT001, FBT002
    """The refusal of a method that an address does not know."""
    allowed = sorted({*methods, *(("HEAD",) if "GET" in methods else ())})
    allow = ((b"allow", ", ".join(allowed).encode("ascii")), *(CLOSE if unread else ()))
    return ProblemError(HTTPStatus.METHOD_NOT_ALLOWED, "method", headers=allow)


def _check_type(given: bytes, wanted: str) -> None:
    """Refuse a body of another media type; parameters, and what stands around them, are not looked at."""
    if given.split(b";", 1)[0].strip().lower() != wanted.encode("ascii"):
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media-type", f"a body is {wanted}", headers=CLOSE)
