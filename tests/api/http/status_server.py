"""A status service in processes of its own, over files of a test, for clients that need a real server."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from api import moments
from api.http.application import Application
from api.http.server import listen, serve
from api.http.service import Route, Service
from api.http.settings import Address, ServerSettings
from api.http.status import PATH, REQUEST, StatusFront
from ca.register import CaRegister
from ca.status import ResponderKey, StatusPolicy, StatusResponder
from ca.status.responder import MOST_OCTETS
from crypto import DEFAULT_USER_ID, PrivateKey, SoftwareSigner
from formats.gbt20518 import read_certificate

SETTINGS = ServerSettings(
    access_log=False, head_seconds=1, body_seconds=1, idle_seconds=2, connections=200, stop_seconds=2
)


@dataclass(frozen=True)
class ServedStatus:
    """What a server's process needs: a record, and a key made for the test."""

    record: str
    issuer: bytes
    certificate: bytes
    secret: bytes
    user_id: bytes = DEFAULT_USER_ID
    at: datetime | None = None
    """Where its clock stands; None for the machine's, by which software that is not ours goes."""

    def __call__(self, number: int, listener: socket.socket, on_ready: Callable[[Sequence[str]], None]) -> None:
        """Serve as a worker."""
        clock = moments.now if self.at is None else lambda: self.at
        issuer, certificate = read_certificate(self.issuer), read_certificate(self.certificate)
        signer = SoftwareSigner(PrivateKey.from_scalar(self.secret))
        responder = StatusResponder(
            record=CaRegister(self.record),
            issuer=issuer,
            key=ResponderKey(signer, certificate, issuer, user_id=self.user_id),
            policy=StatusPolicy(validity=timedelta(hours=8)),
            clock=clock,
        )
        front = StatusFront(responder.answer_many, responder.remembered, clock)
        endpoints = {"GET": front.get, "POST": front.post}
        route = Route(PATH, endpoints, accepts=REQUEST, most=MOST_OCTETS, is_prefix=True)
        application = Application(
            [Service("status", routes=(route,))], SETTINGS, clock=clock, write_log=lambda _: None
        )
        serve(application, SETTINGS, listener, on_ready=lambda: on_ready(["status"]))

    @contextmanager
    def running(self) -> Iterator[int]:
        """Serve meanwhile; gives the port, and expects a clean end."""
        context = multiprocessing.get_context("spawn")
        listener = listen(Address("127.0.0.1", 0))
        port = listener.getsockname()[1]
        told, tell = context.Pipe(duplex=False)
        process = context.Process(target=_serve, args=(self, listener, tell))
        process.start()
        listener.close()
        try:
            assert told.poll(60)
            assert told.recv() == ["status"]
            yield port
        finally:
            assert process.pid is not None
            os.kill(process.pid, signal.SIGTERM)
            process.join(30)
        assert process.exitcode == 0


def _serve(served: ServedStatus, listener: socket.socket, tell: object) -> None:
    served(0, listener, lambda names: tell.send(list(names)))  # type: ignore[attr-defined]
