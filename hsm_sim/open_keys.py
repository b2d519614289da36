"""Wrapped pairs that lie open in the device's memory: a bounded number, those used last."""

import threading
from collections import OrderedDict
from typing import Final

from crypto import sm3
from hsm_sim.wrapping import OpenedKey, WrappingKeys

DEFAULT_OPEN_KEYS: Final = 512


class OpenKeys:
    """Opens wrapped keys and keeps the last ones; may be used from any thread.

    A pair that falls out is not overwritten under a thread that signs with it: it overwrites itself when the last
    one who holds it lets go.

    Args:
        wrapping: Opens what is not here.
        most: How many are kept.
    """

    def __init__(self, wrapping: WrappingKeys, *, most: int = DEFAULT_OPEN_KEYS) -> None:
        self._wrapping = wrapping
        self._most = most
        self._open: OrderedDict[bytes, OpenedKey] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, octets: bytes) -> tuple[bytes, OpenedKey]:
        """Open a wrapped key, and return by what digest it is found again. Raises as ``WrappingKeys.open``."""
        digest = sm3(octets)
        found = self.find(digest)
        if found is None:
            found = self._wrapping.open(octets)
            with self._lock:
                self._open[digest] = found
                while len(self._open) > self._most:
                    self._open.popitem(last=False)
        return digest, found

    def find(self, digest: bytes) -> OpenedKey | None:
        """The open pair of this digest, None if it fell out."""
        with self._lock:
            found = self._open.get(digest)
            if found is not None:
                self._open.move_to_end(digest)
            return found

    def forget(self) -> None:
        """Let all of them go: a wrapping key was retired, or pairs were revoked."""
        with self._lock:
            self._open.clear()
