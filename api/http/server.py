"""One process that serves: uvicorn over a listening socket, told apart from what it serves."""

import logging
import socket
from collections.abc import Callable
from typing import Final

import uvicorn

from api.http.application import Application
from api.http.protocol import protocol_for
from api.http.settings import Address, ServerSettings

_BACKLOG: Final = 2048


def listen(address: Address) -> socket.socket:
    """A listening socket, to be shared by all workers.

    Raises:
        OSError: The address is taken, or none of this machine's.
    """
    family, kind, number, _, place = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, number)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def address_of(listener: socket.socket) -> Address:
    """Where a socket listens."""
    host, port = listener.getsockname()[:2]
    return Address(host, port)


def serve(
    application: Application, settings: ServerSettings, listener: socket.socket, *, on_ready: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT, then let what runs finish.

    Args:
        application: What answers.
        settings: Bounds.
        listener: From ``listen``; closed at the end.
        on_ready: Called once requests are answered.

    Raises:
        api.http.application.StartFailedError: A service did not start.
    """
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())
    config = uvicorn.Config(
        application,
        http=protocol_for(settings),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        limit_concurrency=settings.connections,
        timeout_keep_alive=settings.idle_seconds,
        timeout_graceful_shutdown=settings.stop_seconds,
    )
    for name in ("uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).disabled = True  # the application logs; a traceback reaches nobody
    server = _Server(config, on_ready)
    try:
        server.run(sockets=[listener])
    except SystemExit:
        if application.start_error is None:
            raise
    finally:
        listener.close()
    if application.start_error is not None:
        raise application.start_error


class _Server(uvicorn.Server):
    """Tells when it answers, and does not raise the signal that stopped it once more."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_ready()

    async def main_loop(self) -> None:
        await super().main_loop()
        self._captured_signals.clear()
