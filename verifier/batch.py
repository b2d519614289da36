"""Verifying many files over several processes: rows in the order of the files, whatever single files do.

```python
question = BatchQuestion(at=now, trust_list=list_file, anchor=operator_root)
for row in verify_files(paths, question, BatchLimits(processes=4)):
    ...
```

1. each worker process reads the trust list for itself, keeps one ``Verifier`` and answers one file at a time
2. a worker has at most one more file waiting, and at most ``pending`` rows wait for an earlier one: memory
   does not grow with the number of files
3. a worker that ends, or takes too long over a file, spoils that file; what it had waiting goes to another
4. leaving the iterator, closing it, or ``cancelled`` ends all workers

A pool of ``concurrent.futures`` is not used: when one of its processes ends, all that was under way is lost, and
nobody knows which file did it.
"""

import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Pipe, wait
from typing import Final

from verifier.batch_model import (
    BatchCounts,
    BatchError,
    BatchLimits,
    BatchProblem,
    BatchQuestion,
    BatchRow,
)
from verifier.batch_worker import READY

__all__ = [
    "BatchCounts",
    "BatchError",
    "BatchLimits",
    "BatchProblem",
    "BatchQuestion",
    "BatchRow",
    "verify_files",
]

_PROGRAM: Final = (
    "import sys; sys.path[:] = sys.argv[2:]; from verifier.batch_worker import main; main(int(sys.argv[1]))"
)
"""A worker finds modules where this process does, and never imports the caller's main module, as a process of
``multiprocessing`` would."""
_WAITING: Final = 2
"""Files a worker has: the one in hand and the next, so that it need not wait for an answer to be taken."""
_START_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.2
"""How often cancellation is looked for."""
_ENDING_SECONDS: Final = 1.0
"""What a process that closed its pipe has to end by itself, so that its exit status is its own."""
_LONGEST_PATH: Final = 16 * 1024
"""Characters; the system takes 4,096 octets, and what is handed to a worker must fit its pipe."""


def verify_files(
    files: Iterable[str],
    question: BatchQuestion,
    limits: BatchLimits | None = None,
    *,
    cancelled: Callable[[], bool] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[BatchRow, None, None]:
    """Verify files; each gets one row, in the order given. Taken lazily, so a walk over folders may be given.

    Args:
        files: Paths.
        question: What they are held against.
        limits: What it may cost; one process by default.
        cancelled: Asked often; once it says so, no further rows come.
        clock: Seconds that only grow, for the time limit.

    Raises:
        BatchError: Workers do not start.
        MalformedDataError: The trust list, the anchor or a revocation list cannot be read.
        TrustListRefusedError: The trust list may not be used.
        ValueError: The moment to judge at is not UTC.
    """
    limits = limits or BatchLimits()
    if question.at.utcoffset() is None or question.at.utcoffset():
        raise ValueError("the moment to judge at is in UTC")
    question.verifier(remembered=1)  # refused here, once, and not in every worker
    return _Batch(iter(files), question, limits, cancelled or _never, clock).rows()


def _never() -> bool:
    return False


class _Worker:
    """One process, its pipe, and the files it has, the one in hand first."""

    def __init__(self, question: BatchQuestion, limits: BatchLimits, clock: Callable[[], float]) -> None:
        self.files: deque[tuple[int, str]] = deque()
        self.ready = False
        self.since = clock()
        self.connection, theirs = Pipe()
        try:
            # A process group of its own: Ctrl-C is for who started it.
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, str(theirs.fileno()), *sys.path],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                process_group=0,
            )
        except OSError as error:
            self.connection.close()
            raise BatchError(f"a worker process cannot be started: {error.strerror}") from error
        finally:
            theirs.close()
        with suppress(OSError):  # it has ended; that is seen when its answers are taken
            self.connection.send((question, limits))

    def end(self, *, patience: float = 0) -> int:
        """End the process, whatever it does, and tell how it ended; ``patience`` seconds are left to it."""
        self.connection.close()
        if patience:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        self.process.kill()
        return self.process.wait()


class _Batch:
    """The state of one call of ``verify_files``."""

    def __init__(
        self,
        files: Iterator[str],
        question: BatchQuestion,
        limits: BatchLimits,
        cancelled: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._files = enumerate(files)
        self._question = question
        self._limits = limits
        self._cancelled = cancelled
        self._clock = clock
        self._workers: list[_Worker] = []
        self._again: deque[tuple[int, str]] = deque()
        self._rows: dict[int, BatchRow] = {}
        self._given = 0
        self._next = 0
        self._exhausted = False

    def rows(self) -> Generator[BatchRow, None, None]:
        """Every row, in order; whatever ends this ends the workers."""
        try:
            while not self._cancelled():
                self._hand_out()
                if self._exhausted and self._next == self._given:
                    return
                self._take_answers(waiting=self._next not in self._rows)
                row = self._rows.pop(self._next, None)
                if row is not None:
                    self._next += 1
                    yield row
        finally:
            for worker in self._workers:
                worker.end()

    def _hand_out(self) -> None:
        """Give files to workers, as many as they and the rows that wait have room for."""
        while (taken := self._take_file()) is not None:
            if len(taken[1]) > _LONGEST_PATH:
                self._rows[taken[0]] = BatchRow(taken[1], problem=BatchProblem.NAME_TOO_LONG)
                continue
            worker = self._seat()
            if worker is None:
                self._again.appendleft(taken)
                return
            if not worker.files:
                worker.since = self._clock()
            worker.files.append(taken)
            with suppress(OSError):  # it has ended; that is seen when its answers are taken
                worker.connection.send(taken[1])

    def _take_file(self) -> tuple[int, str] | None:
        """The next file to be judged; None if there is none, or too many rows wait."""
        if self._again:
            return self._again.popleft()
        if self._exhausted or self._given >= self._next + self._limits.pending:
            return None
        taken = next(self._files, None)
        if taken is None:
            self._exhausted = True
        else:
            self._given += 1
        return taken

    def _seat(self) -> _Worker | None:
        """An idle worker, else a new one, else one with room for a file to wait; None if all are full."""
        least = min(self._workers, key=lambda worker: len(worker.files), default=None)
        if least is not None and not least.files:
            return least
        if len(self._workers) < self._limits.processes:
            self._workers.append(_Worker(self._question, self._limits, self._clock))
            return self._workers[-1]
        return least if least is not None and len(least.files) < _WAITING else None

    def _take_answers(self, *, waiting: bool) -> None:
        """Take what workers have answered, and end those that take too long.

        Args:
            waiting: Wait a moment if nothing has been answered.
        """
        workers = {worker.connection: worker for worker in self._workers}
        for connection in wait(list(workers), _LOOK_SECONDS if waiting else 0):
            self._take_from(workers[connection])  # type: ignore[index]  # only connections were waited for
        now = self._clock()
        for worker in list(self._workers):
            allowed = self._limits.seconds if worker.ready else _START_SECONDS
            if worker.files and now - worker.since > allowed and not worker.connection.poll():
                self._lose(worker, BatchProblem.OUT_OF_TIME)

    def _take_from(self, worker: _Worker) -> None:
        try:
            while worker.connection.poll():
                answer = worker.connection.recv()
                worker.since = self._clock()
                if worker.ready:
                    self._rows[worker.files.popleft()[0]] = answer
                elif answer != READY:
                    raise BatchError(answer)
                worker.ready = True
        except (EOFError, OSError):
            self._lose(worker, BatchProblem.WORKER_DIED)

    def _lose(self, worker: _Worker, problem: BatchProblem) -> None:
        """End a worker: the file in hand is spoiled, the one behind it is as good as before."""
        self._workers.remove(worker)
        status = worker.end(patience=_ENDING_SECONDS if problem is BatchProblem.WORKER_DIED else 0)
        if not worker.ready:
            raise BatchError(f"a worker process did not begin, exit status {status}")
        if worker.files:
            position, file = worker.files.popleft()
            detail = f"exit status {status}" if problem is BatchProblem.WORKER_DIED else ""
            self._rows[position] = BatchRow(file, problem=problem, detail=detail)
            self._again.extendleft(reversed(worker.files))
