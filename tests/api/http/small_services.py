"""Services for tests of what runs them."""

import os
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.http.application import Application
from api.http.exchange import HttpAnswer, HttpRequest
from api.http.server import serve
from api.http.service import Job, Route, Service, in_thread
from api.http.settings import ServerSettings

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def clock() -> datetime:
    return NOW


async def echo(request: HttpRequest) -> HttpAnswer:
    return HttpAnswer(200, request.method.encode() + b" " + request.rest + b" " + request.body, "text/plain")


async def large(_: HttpRequest) -> HttpAnswer:
    return HttpAnswer(200, bytes(64 << 20), "application/octet-stream")


def process(_: HttpRequest) -> HttpAnswer:
    return HttpAnswer(200, str(os.getpid()).encode(), "text/plain")


def die(_: HttpRequest) -> HttpAnswer:
    os.kill(os.getpid(), signal.SIGKILL)
    return HttpAnswer(200)


def small_service(**changes: object) -> Service:
    made = {
        "name": "small",
        "routes": (
            Route("/echo", {"GET": echo, "POST": echo}, accepts="text/plain", most=1000, is_prefix=True),
            Route("/large", {"GET": large}),
            Route("/process", {"GET": in_thread(process)}),
            Route("/die", {"POST": in_thread(die)}),
        ),
    }
    return Service(**{**made, **changes})  # type: ignore[arg-type]


@dataclass(frozen=True)
class SmallWork:
    """What workers of tests do; ``trace`` is a file that the job writes a line to."""

    settings: ServerSettings
    trace: str
    fails: bool = False

    def __call__(self, number: int, listener: socket.socket, on_ready: Callable[[Sequence[str]], None]) -> None:
        if self.fails:
            raise ValueError("the folder contradicts itself")

        def write() -> None:
            with Path(self.trace).open("a", encoding="ascii") as file:
                file.write(f"{os.getpid()}\n")

        service = small_service(jobs=(Job("trace", timedelta(seconds=30), write),))
        application = Application(
            [service], self.settings, clock=clock, write_log=lambda _: None, runs_jobs=number == 0
        )
        serve(application, self.settings, listener, on_ready=lambda: on_ready(["small"]))
