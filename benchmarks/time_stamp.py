"""The time-stamp authority: stamps a second, durable and on record, one by one, in groups and over HTTP."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from api.http.application import Application
from api.http.protocol import protocol_for
from api.http.service import Service
from api.http.settings import ServerSettings
from api.http.time_stamp import stamping_route
from api.time_stamp_clients import QUERY_TYPE
from ca.time_stamping.authority import TimeStampAuthority
from ca.time_stamping.register import StampRegister
from formats.gbt20520 import PkiStatus, read_response
from tests.stamping_world import STAMPED, request, stamping_place

STAMPS = 2000
GROUP = 64
CLIENTS = 64
ROUNDS = 3


def run(record: Callable[..., None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = stamping_place(store=StampRegister(str(Path(folder) / "stamps.db")))
        authority = place.authority
        asked = [request(number.to_bytes(4), nonce=number, certificates_wanted=True) for number in range(STAMPS)]
        check(authority.answer_many(asked[:GROUP]))
        groups = [asked[start : start + GROUP] for start in range(0, STAMPS, GROUP)]
        singly = asked[: STAMPS // 4]
        best = min(seconds(lambda: [authority.answer(each) for each in singly]) for _ in range(ROUNDS))
        record("time stamps one by one, durable", len(singly) / best, "/s")
        best = min(seconds(lambda: [authority.answer_many(group) for group in groups]) for _ in range(ROUNDS))
        record(f"time stamps in groups of {GROUP}, durable", STAMPS / best, "/s", cores=2)
        with served(authority) as port:
            best = min(seconds(lambda: check(asyncio.run(over_http(port, asked)))) for _ in range(ROUNDS))
        record(f"time stamps over HTTP, {CLIENTS} connections, durable", STAMPS / best, "/s", cores=2)


@contextmanager
def served(authority: TimeStampAuthority) -> Iterator[int]:
    """The service on a port of this machine, in a thread: clients here take their share of the processors."""
    settings = ServerSettings(access_log=False)
    service = Service("time-stamp", routes=(stamping_route(authority, "/timestamp"),))
    application = Application([service], settings, clock=lambda: STAMPED, write_log=lambda _: None)
    config = uvicorn.Config(
        application, http=protocol_for(settings), lifespan="on", log_config=None, access_log=False, port=0
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


async def over_http(port: int, asked: Sequence[bytes]) -> list[bytes]:
    """Answers to requests that go out over several connections at a time, each kept open."""
    shares = [asked[start::CLIENTS] for start in range(CLIENTS)]
    answers = await asyncio.gather(*(one_connection(port, share) for share in shares))
    return [answer for share in answers for answer in share]


async def one_connection(port: int, asked: Sequence[bytes]) -> list[bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    for body in asked:
        head = (
            "POST /timestamp HTTP/1.1",
            "Host: x",
            f"Content-Type: {QUERY_TYPE}",
            f"Content-Length: {len(body)}",
        )
        writer.write("\r\n".join((*head, "", "")).encode("ascii") + body)
        told = await reader.readuntil(b"\r\n\r\n")
        length = int(told.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        answers.append(await reader.readexactly(length))
    writer.close()
    return answers


def check(answers: Sequence[bytes]) -> None:
    """A refusal would be fast and worth nothing."""
    assert all(read_response(each).status is PkiStatus.GRANTED for each in answers)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
