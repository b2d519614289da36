"""Facts of files that documents share: template pages, fonts, the seal.

Such a file is inflated and digested once. What is remembered is a function of its stored octets, with method, size
and checksum, and of nothing else, so it is as good as doing it again. Stored octets are looked for by what the
directory says of them and then compared in full: comparing takes a hundredth of digesting.

Only a file met twice is kept: the pages and data of one licence are gone when that licence is.
"""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final, NamedTuple, TypeVar

from formats.gbt33190.zip_headers import Entry

_Stated = tuple[int, int, int, int]
"""Method, checksum, stored size and size, as an entry states them."""

_Kept = TypeVar("_Kept")

SHARED_SIZES: Final = range(128, 256 * 1024)
"""Stored sizes that are remembered: smaller files cost less than looking them up, larger ones too much room."""


class FileFacts(NamedTuple):
    """What follows from a file's octets.

    Attributes:
        digest: SM3, 32 octets.
        signature_like: It has what a Signature.xml has (GB/T 33190-2016 18.2).
    """

    digest: bytes
    signature_like: bool


class SharedFiles:
    """Bounded: the files not asked for longest are forgotten. Safe for threads."""

    __slots__ = ("_kept", "_lock", "_met", "_size")

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError("at least one file is kept")
        self._size = size
        self._met: OrderedDict[_Stated, None] = OrderedDict()
        self._kept: OrderedDict[_Stated, tuple[bytes, FileFacts]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def facts(self, data: bytes, entry: Entry, compute: Callable[[], FileFacts]) -> FileFacts:
        """Facts of one file, computed if it is not at hand; what ``compute`` raises is not remembered.

        Args:
            data: The document.
            entry: Where the file lies in it.
            compute: Inflates, checks and digests it.
        """
        if entry.stored_size not in SHARED_SIZES:
            return compute()
        stated = entry[1:5]
        kept = self._kept.get(stated)
        # The stored size is part of what is stated: equal from the first octet on is equal throughout.
        if kept is not None and data.startswith(kept[0], entry.data_offset):
            with self._lock:
                if stated in self._kept:
                    self._kept.move_to_end(stated)
            return kept[1]
        facts = compute()
        with self._lock:
            if stated not in self._met:
                _put(self._met, stated, None, self._size)
                return facts
            stored = data[entry.data_offset : entry.data_offset + entry.stored_size]
            _put(self._kept, stated, (stored, facts), self._size)
        return facts


def _put(values: OrderedDict[_Stated, _Kept], stated: _Stated, value: _Kept, size: int) -> None:
    values[stated] = value
    values.move_to_end(stated)
    while len(values) > size:
        values.popitem(last=False)
