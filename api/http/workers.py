"""Several processes that answer on one socket: started together, told ready together, stopped together.

A worker that dies is started again; one that dies over and over stops all, since what is wrong will not mend
itself. Secrets reach workers through the pipe they are started by, not through arguments or environment.
"""

import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Final

_MOST_DEATHS: Final = 5
_DEATH_SECONDS: Final = 60.0
_START_SECONDS: Final = 120.0
_EXTRA_SECONDS: Final = 5.0

Work = Callable[[int, socket.socket, Callable[[Sequence[str]], None]], None]
"""What a worker does: its number, the socket, and whom to tell what it serves once it is ready. It is pickled."""


class WorkersFailedError(Exception):
    """Workers do not start, or die over and over."""


@dataclass(slots=True)
class _Worker:
    number: int
    process: SpawnProcess
    told: Connection


class Workers:
    """The processes of one server.

    Args:
        work: What each does; it and what it holds are pickled.
        count: How many.
        listener: Shared by all.
        stop_seconds: What they are given to stop.
    """

    def __init__(self, work: Work, count: int, listener: socket.socket, *, stop_seconds: float) -> None:
        self._work = work
        self._count = count
        self._listener = listener
        self._stop_seconds = stop_seconds
        self._context = multiprocessing.get_context("spawn")
        self._workers: dict[int, _Worker] = {}
        self._deaths: list[float] = []
        self._stopping = False

    def run(self, *, on_ready: Callable[[Sequence[str]], None]) -> None:
        """Serve until SIGTERM or SIGINT.

        Args:
            on_ready: Called once all answer, with what they serve.

        Raises:
            WorkersFailedError: They do not start, or die over and over; what one said is in the message.
        """
        before = {each: signal.signal(each, self._stop) for each in (signal.SIGTERM, signal.SIGINT)}
        try:
            for number in range(self._count):
                self._start(number)
            served = self._await_all()
            if not self._stopping:
                on_ready(served)
            while not self._stopping:
                self._watch()
        finally:
            self._end()
            for each, handler in before.items():
                signal.signal(each, handler)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _start(self, number: int) -> None:
        told, tell = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_begin, args=(self._work, number, self._listener, tell), name=f"worker-{number}", daemon=True
        )
        process.start()
        tell.close()
        self._workers[number] = _Worker(number, process, told)

    def _await_all(self) -> list[str]:
        deadline = time.monotonic() + _START_SECONDS
        waiting = [each.told for each in self._workers.values()]
        served: list[str] = []
        while waiting and not self._stopping:
            if time.monotonic() > deadline:
                raise WorkersFailedError("workers do not become ready")
            for told in multiprocessing.connection.wait(waiting, timeout=0.2):
                assert isinstance(told, Connection)
                waiting.remove(told)
                served = _received(told)
        return served

    def _watch(self) -> None:
        """Wait a while; start again what has died."""
        sentinels = {each.process.sentinel: each for each in self._workers.values()}
        for sentinel in multiprocessing.connection.wait(list(sentinels), timeout=0.5):
            if self._stopping:
                return
            dead = sentinels[sentinel]  # type: ignore[index]
            now = time.monotonic()
            self._deaths = [*(at for at in self._deaths if now - at < _DEATH_SECONDS), now]
            if len(self._deaths) > _MOST_DEATHS:
                raise WorkersFailedError("workers die over and over")
            dead.told.close()
            self._start(dead.number)

    def _end(self) -> None:
        for each in self._workers.values():
            with suppress(ProcessLookupError):
                each.process.terminate()
        deadline = time.monotonic() + self._stop_seconds + _EXTRA_SECONDS
        for each in self._workers.values():
            each.process.join(max(0.0, deadline - time.monotonic()))
            if each.process.is_alive():
                each.process.kill()
                each.process.join()
            each.told.close()
        self._listener.close()


def _received(told: Connection) -> list[str]:
    """What a worker that is ready serves."""
    try:
        is_ready, said = told.recv()
    except (EOFError, OSError):
        raise WorkersFailedError("a worker ended before it was ready") from None
    if not is_ready:
        raise WorkersFailedError(said)
    return list(said)


def _begin(work: Work, number: int, listener: socket.socket, tell: Connection) -> None:
    """What a worker's process runs."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # a terminal's interrupt reaches all; the first process passes it on
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work(number, listener, lambda served: tell.send((True, list(served))))
    except Exception as error:  # noqa: BLE001 - told to the first process, which tells a person
        with suppress(OSError):
            tell.send((False, str(error)))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
