"""Several workers on one socket: ready together, replaced when they die, stopped together."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from api.http.server import listen
from api.http.settings import Address, ServerSettings
from api.http.workers import Workers, WorkersFailedError
from tests.api.http.small_services import SmallWork

SETTINGS = ServerSettings(stop_seconds=2, access_log=False)


def _run(work: SmallWork, listener: socket.socket, tell: Connection) -> None:
    try:
        Workers(work, 2, listener, stop_seconds=2).run(on_ready=lambda served: tell.send(list(served)))
    except WorkersFailedError as error:
        tell.send(str(error))


@contextmanager
def running(work: SmallWork) -> Iterator[tuple[object, int]]:
    """What it told first, and its port."""
    context = multiprocessing.get_context("spawn")
    listener = listen(Address("127.0.0.1", 0))
    told, tell = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(work, listener, tell))
    process.start()
    port = listener.getsockname()[1]
    listener.close()
    try:
        assert told.poll(60)
        yield told.recv(), port
    finally:
        assert process.pid is not None
        os.kill(process.pid, signal.SIGTERM)
        process.join(30)
    assert process.exitcode in (0, -signal.SIGTERM)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def fetched(port: int, path: str, body: bytes | None = None) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", body, timeout=10) as answer:
        return bytes(answer.read())


def test_dead_worker_is_replaced_and_jobs_have_one_worker(tmp_path: Path) -> None:
    """A worker killed in the middle of an answer costs that answer; jobs run in one process alone."""
    trace = tmp_path / "trace"
    with running(SmallWork(SETTINGS, str(trace))) as (served, port):
        assert served == ["small"]
        before = {fetched(port, "/process") for _ in range(50)}
        with pytest.raises(OSError, match=r"\w"):
            fetched(port, "/die", b"now")
        deadline = time.monotonic() + 30
        after: set[bytes] = set()
        while not after - before and time.monotonic() < deadline:
            try:
                after.add(fetched(port, "/process"))
            except OSError:  # taken by the one that was dying
                continue
        assert after - before
        assert 1 <= len(trace.read_text().splitlines()) <= 2  # the first worker, and once more if it was the one


def test_worker_that_cannot_serve_says_why(tmp_path: Path) -> None:
    """What keeps it from starting reaches whoever started it."""
    with running(SmallWork(SETTINGS, str(tmp_path / "trace"), fails=True)) as (told, _):
        assert told == "the folder contradicts itself"


def test_large_answer_reaches_a_reader_that_reads(tmp_path: Path) -> None:
    """64 MiB in pieces; a reader that takes nothing loses its connection and costs no memory for the rest."""
    settings = ServerSettings(stop_seconds=2, access_log=False, body_seconds=1)
    with running(SmallWork(settings, str(tmp_path / "trace"))) as (_, port):
        assert len(fetched(port, "/large")) == 64 << 20
        with socket.create_connection(("127.0.0.1", port), timeout=15) as idle:
            idle.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(3)
            taken = 0
            try:
                while piece := idle.recv(1 << 20):
                    taken += len(piece)
            except OSError:
                pass
            assert taken < 64 << 20
