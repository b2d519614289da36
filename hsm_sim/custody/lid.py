"""The simulated case: a file named ``lid-open`` in the store's directory is the lid being opened.

While a device runs, and when it starts, the lid's opening destroys everything in it. A real device has switches
and meshes for this, and power of its own to obey them.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LID_FILE: Final = "lid-open"
_SECONDS: Final = 0.25


class LidWatch:
    """Looks for the file every quarter of a second.

    Args:
        directory: Of the store.
        on_open: Called once, with what was seen.
    """

    def __init__(self, directory: Path, on_open: Callable[[str], None]) -> None:
        self._directory = directory
        self._on_open = on_open
        self._ended = threading.Event()

    @staticmethod
    def is_open(directory: Path) -> bool:
        """Whether the lid is open."""
        return (directory / LID_FILE).exists()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch while the block runs."""
        thread = threading.Thread(target=self._watch, name="lid", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SECONDS):
            if self.is_open(self._directory):
                self._on_open("lid")
                return
