"""Sealed files in a folder, named by their SM3 digest."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from crypto import sm3


class FolderFileStore:
    """``ports.FileStore`` on a local folder: written aside, synchronised, renamed.

    Args:
        folder: Created if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, digest: bytes) -> Path:
        """Where a file of this digest lies, stored or not."""
        name = digest.hex()
        return self._folder / name[:2] / f"{name}.ofd"

    def put(self, digest: bytes, data: bytes) -> None:
        """Store a file durably."""
        if sm3(data) != digest:
            raise ValueError("a file is stored under its own digest only")
        path = self.path(digest)
        if path.exists():
            return
        path.parent.mkdir(exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".incoming-")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            Path(aside).replace(path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def get(self, digest: bytes) -> bytes:
        """A stored file, its digest checked."""
        try:
            data = self.path(digest).read_bytes()
        except FileNotFoundError:
            raise LookupError(f"no file {digest.hex()}") from None
        if sm3(data) != digest:
            raise LookupError(f"file {digest.hex()} is damaged")
        return data
