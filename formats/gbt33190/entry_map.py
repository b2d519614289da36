"""Entries that are being put together, read as if they were a package already."""

from __future__ import annotations

from collections.abc import Mapping

from formats.errors import MalformedDataError
from formats.gbt33190.entry_names import fold_index, folded
from formats.gbt33190.package_writer import Part, plain_bytes
from formats.tolerances import Tolerance


class EntryMap:
    """A view of entries that ``Parts`` can read; it does not copy them."""

    __slots__ = ("_entries", "_folded")

    def __init__(self, entries: Mapping[str, Part]) -> None:
        """Look at ``entries``, which must not change meanwhile."""
        self._entries = entries
        self._folded: dict[str, list[str]] | None = None

    @property
    def tolerances(self) -> tuple[Tolerance, ...]:
        """None: nothing was read from a container."""
        return ()

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def read(self, name: str) -> bytes:
        """The octets of an entry.

        Raises:
            MalformedDataError: there is no such entry.
        """
        part = self._entries.get(name)
        if part is None:
            raise MalformedDataError("there is no such entry", what=ascii(name)[1:-1])
        return plain_bytes(part)

    def names_folding_to(self, name: str) -> tuple[str, ...]:
        """All names that equal ``name`` to software that ignores case."""
        if self._folded is None:
            self._folded = fold_index(self._entries)
        return tuple(self._folded.get(folded(name), ()))
