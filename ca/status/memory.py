"""Answers in memory by the octets of the request they answer; bounded, and forgotten when a status changes."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from ca.model import SerialNumber
from ca.status.model import StatusAnswer

_OVERHEAD: Final = 600
"""Octets an entry costs beside its octets, about."""


class AnswerMemory:
    """A bounded memory; the oldest goes first.

    Args:
        most_octets: What its entries may take, about; 0 remembers nothing.
    """

    def __init__(self, most_octets: int) -> None:
        self._most = most_octets
        self._octets = 0
        self._entries: dict[bytes, tuple[StatusAnswer, SerialNumber]] = {}
        self._requests: dict[SerialNumber, set[bytes]] = {}
        self._lock = threading.Lock()

    def get(self, request: bytes, now: datetime) -> StatusAnswer | None:
        """The answer to a request, unless a newer one is due."""
        entry = self._entries.get(request)
        if entry is None or entry[0].caching is None or now >= entry[0].caching.refresh_at:
            return None
        return entry[0]

    def put(self, request: bytes, answer: StatusAnswer, serial: SerialNumber) -> None:
        """Remember an answer about one certificate."""
        size = len(request) + len(answer.body) + _OVERHEAD
        if size > self._most:
            return
        with self._lock:
            self._drop(request)
            while self._octets + size > self._most:
                self._drop(next(iter(self._entries)))
            self._entries[request] = (answer, serial)
            self._requests.setdefault(serial, set()).add(request)
            self._octets += size

    def forget(self, serials: Iterable[SerialNumber]) -> None:
        """Forget what was said of certificates."""
        with self._lock:
            for serial in serials:
                for request in list(self._requests.get(serial, ())):
                    self._drop(request)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._requests.clear()
            self._octets = 0

    def _drop(self, request: bytes) -> None:
        entry = self._entries.pop(request, None)
        if entry is None:
            return
        answer, serial = entry
        self._octets -= len(request) + len(answer.body) + _OVERHEAD
        requests = self._requests[serial]
        requests.discard(request)
        if not requests:
            del self._requests[serial]
