"""The OFD package: a ZIP container of parts (GB/T 33190-2016; entry names as in its description of the package).

Opening checks the structure, see ``zip_layout``; a part is inflated when it is first read and kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from formats.errors import MalformedDataError
from formats.gbt33190.anomalies import Anomaly, AnomalyKind
from formats.gbt33190.digests import DigestAlgorithm
from formats.gbt33190.entry_names import fold_index, folded
from formats.gbt33190.inflate import checksum, inflate
from formats.gbt33190.limits import DEFAULT_LIMITS, PackageLimits
from formats.gbt33190.zip_headers import Entry
from formats.gbt33190.zip_layout import read_layout
from formats.gbt33190.zip_records import STORED
from formats.tolerances import Tolerance, collect

__all__ = ["DEFAULT_LIMITS", "Anomaly", "AnomalyKind", "Entry", "OfdPackage", "PackageLimits"]


class OfdPackage:
    """A package opened for reading. Not safe for use by several threads while parts are first read."""

    __slots__ = ("_cache", "_data", "_digests", "_entries", "_folded", "_tolerances", "anomalies")

    def __init__(
        self,
        data: bytes,
        entries: dict[str, Entry],
        anomalies: tuple[Anomaly, ...],
        tolerances: tuple[Tolerance, ...],
    ) -> None:
        """Use ``open``."""
        self._data = data
        self._entries = entries
        self._cache: dict[str, bytes] = {}
        self._digests: dict[tuple[DigestAlgorithm, str], bytes] = {}
        self._folded: dict[str, list[str]] | None = None
        self.anomalies = anomalies
        self._tolerances = tolerances

    @classmethod
    def open(cls, data: bytes, limits: PackageLimits = DEFAULT_LIMITS) -> OfdPackage:
        """Open a package held in memory.

        Args:
            data: The whole file.
            limits: What it may cost.

        Raises:
            MalformedDataError: it is no ZIP file of the kind OFD uses, or two programs could read it differently.
            LimitExceededError: it is larger than ``limits`` allow.
        """
        layout = read_layout(data, limits)
        return cls(data, layout.entries, tuple(layout.anomalies), collect(layout.tolerances))

    @property
    def tolerances(self) -> tuple[Tolerance, ...]:
        """What opening it had to let pass."""
        return self._tolerances

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all files in the order of the central directory; directory entries are not files."""
        return tuple(self._entries)

    @property
    def entries(self) -> Mapping[str, Entry]:
        """What the directory says of each file, by name."""
        return MappingProxyType(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __repr__(self) -> str:
        return f"<OfdPackage of {len(self._entries)} files, {len(self._data)} octets>"

    def read(self, name: str) -> bytes:
        """The octets of a file, inflated and checked against its checksum.

        Raises:
            MalformedDataError: there is no such file, or its data is damaged.
        """
        plain = self._cache.get(name)
        if plain is None:
            plain = self._cache[name] = self._inflate(name)
        return plain

    def digest(self, name: str, algorithm: DigestAlgorithm) -> bytes:
        """The digest of a file, computed once however many signatures name it how often.

        Raises:
            MalformedDataError: there is no such file, or its data is damaged.
        """
        key = (algorithm, name)
        value = self._digests.get(key)
        if value is None:
            value = self._digests[key] = algorithm.digest(self.read(name))
        return value

    def names_folding_to(self, name: str) -> tuple[str, ...]:
        """All names that equal ``name`` to software that ignores case; see ``entry_names.folded``."""
        if self._folded is None:
            self._folded = fold_index(self._entries)
        return tuple(self._folded.get(folded(name), ()))

    def _inflate(self, name: str) -> bytes:
        entry = self._entries.get(name)
        if entry is None:
            raise MalformedDataError("the package holds no such file", what=ascii(name)[1:-1])
        stored = self._data[entry.data_offset : entry.data_offset + entry.stored_size]
        plain = stored if entry.method == STORED else inflate(stored, entry.size, what=name)
        if checksum(plain) != entry.checksum:
            raise MalformedDataError("the checksum does not match", what=name, offset=entry.data_offset)
        return plain
