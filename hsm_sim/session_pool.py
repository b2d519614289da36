"""A few sessions for many threads, and what to do when a connection breaks.

A session is lent to one thread at a time; one that broke is thrown away. Work that may be repeated is tried
on another session at once, and while nobody listens on the socket again and again until ``reconnect_seconds``
have passed since the first failure. In a forked child the parent's sessions are left alone and new ones
opened.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, Protocol, TypeVar

from hsm_sim.return_codes import CommunicationError, OpenDeviceError


class Lendable(Protocol):
    """What a session is to its pool."""

    @property
    def usable(self) -> bool:
        """Whether it can still be used; if not, it is closed when it comes back."""
        ...

    def close(self) -> None:
        """End it."""
        ...


S = TypeVar("S", bound=Lendable)
T = TypeVar("T")
_PAUSE_SECONDS: Final = 0.02


class SessionPool(Generic[S]):
    """Sessions of one kind.

    Args:
        open_session: Opens one more.
        size: How many at a time, at least 1; further threads wait.
        reconnect_seconds: Patience of ``run`` after the first failure.
    """

    def __init__(self, open_session: Callable[[], S], *, size: int, reconnect_seconds: float) -> None:
        if size < 1:
            raise ValueError("a pool holds at least one session")
        self._open_session = open_session
        self._size = size
        self._reconnect_seconds = reconnect_seconds
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._idle: list[S] = []
        self._places = threading.Semaphore(self._size)
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self) -> Iterator[S]:
        """Lend a session; a new one is opened if none is idle.

        Raises:
            CommunicationError: The pool is closed.
            DeviceError: A session could not be opened.
        """
        if self._process != os.getpid():
            self._begin()
        places = self._places
        with places:
            session = self._take()
            try:
                yield session
            finally:
                self._give_back(session)

    def _take(self) -> S:
        with self._lock:
            if self._closed:
                raise CommunicationError("closed on this side")
            if self._idle:
                return self._idle.pop()
        return self._open_session()

    def _give_back(self, session: S) -> None:
        with self._lock:
            if session.usable and not self._closed:
                self._idle.append(session)
                return
        session.close()

    def run(self, work: Callable[[S], T]) -> T:
        """Do work that may be repeated.

        Raises:
            DeviceError: What the work or opening a session raised; SDR_COMMFAIL and SDR_OPENDEVICE only after the
                patience is spent.
        """
        deadline: float | None = None
        broken = 0
        while True:
            try:
                with self.borrow() as session:
                    return work(session)
            except (CommunicationError, OpenDeviceError) as error:
                now = time.monotonic()
                deadline = now + self._reconnect_seconds if deadline is None else deadline
                broken += 1
                if now >= deadline or self._closed:
                    raise
                # Sessions that idled while the device was started anew all break at once: try those first.
                if broken > self._size or isinstance(error, OpenDeviceError):
                    time.sleep(_PAUSE_SECONDS)

    def close(self) -> None:
        """Close the idle sessions; those that are lent are closed when they come back."""
        if self._process != os.getpid():
            self._begin()
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()
