"""A question whose verifier dies, hangs or fails over files that say so; worker processes import it by name."""

import os
import signal
import sys
import time
from datetime import datetime

from verifier.batch import BatchQuestion
from verifier.report import Report
from verifier.verification import Verifier

DIE, HANG, EXHAUST, FAIL, EXIT = b"die", b"hang", b"exhaust", b"fail", b"exit"


class FaultyVerifier:
    """A verifier with faults on demand."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    def verify(self, data: bytes, *, at: datetime) -> Report:
        if data == DIE:
            os.kill(os.getpid(), signal.SIGKILL)
        elif data == EXIT:
            os._exit(7)
        elif data == HANG:
            time.sleep(1000)
        elif data == EXHAUST:
            raise MemoryError
        elif data == FAIL:
            raise RuntimeError("a mistake of the program")
        return self._verifier.verify(data, at=at)


class FaultyQuestion(BatchQuestion):
    """Answered by a ``FaultyVerifier``."""

    __slots__ = ()

    def verifier(self, *, remembered: int) -> Verifier:
        return FaultyVerifier(BatchQuestion.verifier(self, remembered=remembered))  # type: ignore[return-value]


class NeverBeginning(BatchQuestion):
    """A worker ends before it can say that it is ready."""

    __slots__ = ()

    def verifier(self, *, remembered: int) -> Verifier:
        if any("verifier.batch_worker" in each for each in sys.orig_argv):
            os._exit(5)
        return BatchQuestion.verifier(self, remembered=remembered)
