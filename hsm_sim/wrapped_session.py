"""What one session knows of pairs that are kept outside: rights, handles, numbers of uses, all of them bounded."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import KeyNotExistError

MAX_RIGHTS: Final = 4096
MAX_HANDLES: Final = 1024


@dataclass(slots=True)
class WrappedSession:
    """Gone with its session. The right or handle given first ends when too many follow; it can be had again."""

    _rights: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    _handles: OrderedDict[int, bytes] = field(default_factory=OrderedDict)
    _last_handle: int = 0
    uses: dict[KeyUsage, int] = field(default_factory=dict)
    """How often wrapped pairs were used, all of them together."""

    def give_right(self, key_id: bytes) -> None:
        """Let the session use a pair."""
        self._rights[key_id] = None
        self._rights.move_to_end(key_id)
        while len(self._rights) > MAX_RIGHTS:
            self._rights.popitem(last=False)

    def has_right(self, key_id: bytes) -> bool:
        """Whether the session was given the right to a pair."""
        return key_id in self._rights

    def new_handle(self, digest: bytes) -> int:
        """Name an open pair."""
        self._last_handle = self._last_handle % (2**32 - 1) + 1
        self._handles[self._last_handle] = digest
        while len(self._handles) > MAX_HANDLES:
            self._handles.popitem(last=False)
        return self._last_handle

    def digest(self, handle: int) -> bytes:
        """The digest by which the pair of a handle is found.

        Raises:
            KeyNotExistError: There is no such handle.
        """
        try:
            return self._handles[handle]
        except KeyError:
            raise KeyNotExistError(f"handle {handle}") from None

    def drop_handle(self, handle: int) -> None:
        """Forget a handle.

        Raises:
            KeyNotExistError: There is no such handle.
        """
        if self._handles.pop(handle, None) is None:
            raise KeyNotExistError(f"handle {handle}")

    def count(self, usage: KeyUsage, count: int) -> None:
        """Note uses for the log."""
        self.uses[usage] = self.uses.get(usage, 0) + count

    def end(self) -> None:
        """Forget everything."""
        self._rights.clear()
        self._handles.clear()
        self.uses.clear()
