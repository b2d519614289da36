"""From an authority's folder to an application of its services, in whichever process serves it."""

import importlib
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, cast

from api import moments
from api.authority_access import authority_record
from api.authority_folder import read_authority
from api.failures import CommandError, as_command_error
from api.http.application import Application, StartFailedError
from api.http.server import serve
from api.http.service import Service
from api.http.settings import ServerSettings
from api.http.surroundings import KeyAccess, Surroundings
from api.messages import messages
from api.output import shown

SERVICES: Final[tuple[str, ...]] = ("status", "time_stamp", "cmp", "registration", "repository")
"""Modules of ``api.http`` that offer a service of an authority, in the order they start."""


class ServiceModule(Protocol):
    """What a module in ``SERVICES`` offers."""

    def build(self, surroundings: Surroundings) -> Service | None:
        """The service; None if the folder has no file for it.

        Raises:
            CommandError: What the folder says contradicts itself; nothing is served.
        """


@dataclass(frozen=True, slots=True)
class Assembly:
    """What is to be served, as plain values that can be handed to another process.

    Attributes:
        folder: The authority's.
        settings: Of the server.
        keys: How keys are reached.
        language: Of what is told when it cannot be served.
    """

    folder: Path
    settings: ServerSettings
    keys: KeyAccess
    language: str

    def __call__(self, number: int, listener: socket.socket, on_ready: Callable[[Sequence[str]], None]) -> None:
        """Serve in this process as worker ``number``; the first does the jobs.

        Raises:
            WorkerError: It cannot be served; the message is for a person.
        """
        try:
            with built(self.folder, self.keys) as services:
                application = Application(
                    services, self.settings, clock=moments.now, write_log=_write_log, runs_jobs=number == 0
                )
                serve(
                    application,
                    self.settings,
                    listener,
                    on_ready=lambda: on_ready([service.name for service in services]),
                )
        except Exception as error:
            raise WorkerError(self._told(error)) from error

    def _told(self, error: Exception) -> str:
        cause = error.error if isinstance(error, StartFailedError) else error
        known = as_command_error(cause)
        text = messages(self.language)
        told = known.told(text) if known is not None else f"{type(cause).__name__}"
        if isinstance(error, StartFailedError):
            return text("ca.serve.not_started", service=error.service, detail=told)
        return told


class WorkerError(Exception):
    """A worker cannot serve; the message is for a person."""


@contextmanager
def built(folder: Path, keys: KeyAccess) -> Iterator[tuple[Service, ...]]:
    """The services of an authority's folder, built; what they opened is closed at the end.

    Raises:
        CommandError: There is no authority, it has no service, or what the folder says contradicts itself.
    """
    file = read_authority(folder)
    if not file.chain:
        raise CommandError("ca.unfinished", directory=shown(folder))
    with ExitStack() as stack:
        store = stack.enter_context(authority_record(folder, file))
        surroundings = Surroundings(folder, file, store, keys, stack)
        made = [_module(name).build(surroundings) for name in SERVICES]
        services = tuple(service for service in made if service is not None)
        if not services:
            raise CommandError("ca.serve.nothing", directory=shown(folder))
        yield services


def _module(name: str) -> ServiceModule:
    return cast("ServiceModule", importlib.import_module(f"api.http.{name}"))


def _write_log(lines: str) -> None:
    sys.stderr.write(lines)
    sys.stderr.flush()
