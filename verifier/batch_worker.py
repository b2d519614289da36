"""The process that judges files of a batch, one after the other, and answers for each over a pipe.

It opens regular files only, and without waiting: a pipe in a folder must not stop a batch. Whatever a file does to
it short of ending the process becomes the answer for that file.
"""

import errno
import os
import resource
import stat
import threading
import time
from multiprocessing.connection import Connection
from typing import Final

from crypto import sm3
from formats.errors import MalformedDataError
from verifier.batch_model import BatchLimits, BatchProblem, BatchQuestion, BatchRow
from verifier.verification import Verifier

READY: Final = "ready"
"""What a worker sends first; a text that is not this one tells why it cannot begin."""

_BETWEEN_LOOKS: Final = 1.0
_PROBLEMS: Final = {
    errno.ENOENT: BatchProblem.MISSING,
    errno.ENOTDIR: BatchProblem.MISSING,
    errno.ELOOP: BatchProblem.MISSING,
    errno.EACCES: BatchProblem.DENIED,
    errno.EPERM: BatchProblem.DENIED,
    errno.ENAMETOOLONG: BatchProblem.NAME_TOO_LONG,
    errno.ENXIO: BatchProblem.SPECIAL,
}


class _UnreadError(Exception):
    def __init__(self, problem: BatchProblem, detail: str = "") -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail


def main(descriptor: int) -> None:
    """Take question and limits, then answer each path with a row, until the other end is closed.

    Args:
        descriptor: Of the pipe to who started this process.
    """
    connection = Connection(descriptor)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    try:
        question, limits = connection.recv()
        try:
            verifier = question.verifier(remembered=limits.remembered)
            if limits.memory is not None:
                _, hard = resource.getrlimit(resource.RLIMIT_AS)
                resource.setrlimit(resource.RLIMIT_AS, (limits.memory, hard))
        except Exception as error:  # noqa: BLE001 - told to who started this process
            connection.send(f"{type(error).__name__}: {error}")
            return
        connection.send(READY)
        while True:
            connection.send(judge_file(connection.recv(), question, limits, verifier))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # nobody asks any more


def _end_with(parent: int) -> None:
    """End this process soon after ``parent``, even with a file in hand that never ends."""
    while os.getppid() == parent:
        time.sleep(_BETWEEN_LOOKS)
    os._exit(1)


def judge_file(path: str, question: BatchQuestion, limits: BatchLimits, verifier: Verifier) -> BatchRow:
    """The row of one file; nothing is raised."""
    digest, size = None, None
    try:
        data = _read(path, limits.octets)
        digest, size = sm3(data), len(data)
        return BatchRow(path, digest, size, report=verifier.verify(data, at=question.at))
    except _UnreadError as error:
        return BatchRow(path, problem=error.problem, detail=error.detail)
    except MalformedDataError as error:
        return BatchRow(path, digest, size, problem=BatchProblem.MALFORMED, detail=str(error))
    except (MemoryError, RecursionError):
        return BatchRow(path, digest, size, problem=BatchProblem.OUT_OF_MEMORY)
    except Exception as error:  # noqa: BLE001 - one file must not end the others; the row says what happened
        detail = f"{type(error).__name__}: {error}"
        return BatchRow(path, digest, size, problem=BatchProblem.UNEXPECTED, detail=detail)


def _read(path: str, most: int) -> bytes:
    """The octets of a regular file; one that is being written to is not read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            state = os.fstat(descriptor)
            if stat.S_ISDIR(state.st_mode):
                raise _UnreadError(BatchProblem.DIRECTORY)
            if not stat.S_ISREG(state.st_mode):
                raise _UnreadError(BatchProblem.SPECIAL)
            if state.st_size > most:
                raise _UnreadError(BatchProblem.TOO_LARGE)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                data = file.read(state.st_size + 1)  # room for as much is taken at once
        finally:
            os.close(descriptor)
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise _UnreadError(_PROBLEMS.get(error.errno or 0, BatchProblem.READ_FAILED), detail) from error
    except ValueError:  # an octet of zero in the path
        raise _UnreadError(BatchProblem.MISSING) from None
    if len(data) > state.st_size:
        raise _UnreadError(BatchProblem.READ_FAILED, "it grew while it was read")
    return data
