"""The catalogue in a file."""

from pathlib import Path

from catalogue.loading import read_catalogue
from catalogue.model import Catalogue
from formats.errors import LimitExceededError
from formats.json_data import MAX_OCTETS


class CatalogueFile:
    """``ports.CatalogueSource`` on a JSON file, read once and again when asked to.

    Args:
        path: The file; read at once, so that a bad one is found at start.
        exceptions: Credit codes to accept although their check character is wrong.

    Raises:
        formats.MalformedDataError: The file is no catalogue.
        OSError: The file cannot be read.
    """

    def __init__(self, path: Path, *, exceptions: frozenset[str] = frozenset()) -> None:
        self._path = path
        self._exceptions = exceptions
        self._current = self._read()

    def current(self) -> Catalogue:
        """The version read last."""
        return self._current

    def reload(self) -> Catalogue:
        """Read the file again. If it is malformed or gone the version before it stays, and the error is raised."""
        self._current = self._read()
        return self._current

    def _read(self) -> Catalogue:
        with self._path.open("rb") as stream:
            data = stream.read(MAX_OCTETS + 1)
        if len(data) > MAX_OCTETS:
            raise LimitExceededError(f"more than {MAX_OCTETS} octets", what=self._path.name)
        return read_catalogue(data, what=self._path.name, exceptions=self._exceptions)
