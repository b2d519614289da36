"""Serial numbers of time stamps: taken from blocks that the register reserved before."""

from __future__ import annotations

from datetime import datetime
from threading import Lock
from typing import Final

from ca.time_stamping.model import SALT_BITS, SerialBlock
from ca.time_stamping.ports import Random, StampStore

BLOCK: Final = 10_000
"""Numbers of one block. What is left of it when a process ends stays unused."""


class SerialNumbers:
    """Gives serial numbers out, each once. May be used from any thread.

    Args:
        store: Reserves blocks.
        random: Gives octets for their salts.
        block: Numbers to reserve at a time.
    """

    def __init__(self, *, store: StampStore, random: Random, block: int = BLOCK) -> None:
        self._store = store
        self._random = random
        self._size = block
        self._lock = Lock()
        self._block: SerialBlock | None = None
        self._used = 0

    def take(self, count: int, *, at: datetime) -> list[int]:
        """``count`` serial numbers of one block, ascending; a block with fewer left is given up.

        Args:
            count: At least one.
            at: Now, for the record of a new block.

        Raises:
            StampRegisterError: A new block was needed and could not be reserved.
        """
        with self._lock:
            if self._block is None or self._used + count > self._block.count:
                salt = int.from_bytes(self._random(SALT_BITS // 8), "big")
                with self._store.transaction() as change:
                    block = change.reserve_serials(max(self._size, count), salt, at=at)
                # Only here is it known to be durable.
                self._block, self._used = block, 0
            serials = self._block.serials(self._used, count)
            self._used += count
            return serials
