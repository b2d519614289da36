"""The time-stamp authority: stamps a second, durable and on record, one by one and for many callers at a time."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ca.time_stamping.gathering import Gathered
from ca.time_stamping.register import StampRegister
from formats.gbt20520 import PkiStatus, read_response
from tests.stamping_world import request, stamping_place

STAMPS = 2000
GROUP = 64
THREADS = 64
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
        gathered = Gathered(authority.answer_many)
        best = min(seconds(lambda: in_threads(gathered.answer, asked)) for _ in range(ROUNDS))
        record(f"time stamps for {THREADS} threads, durable", STAMPS / best, "/s", cores=2)


def in_threads(answer: Callable[[bytes], bytes], asked: Sequence[bytes]) -> None:
    """Every thread asks for its share, one after the other."""
    threads = [
        threading.Thread(target=lambda own=asked[start::THREADS]: check([answer(each) for each in own]))
        for start in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def check(answers: Sequence[bytes]) -> None:
    """A refusal would be fast and worth nothing."""
    assert all(read_response(each).status is PkiStatus.GRANTED for each in answers), datetime.now(UTC)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
