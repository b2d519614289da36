"""Sealed files in a folder, named by their SM3 digest.

A batch is written aside, synchronised and renamed as a whole. Where the system can synchronise a whole file system
in one call (``syncfs``, Linux), a batch costs about as much as a single file.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from crypto import sm3

_FEW: Final = 2
"""Up to so many files are synchronised one by one: a whole file system may have much else to write."""


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

    def put(self, files: Mapping[bytes, bytes]) -> None:
        """Store files durably.

        Args:
            files: Files by their SM3, which is taken as right and checked when a file is fetched; a file that is
                there already is left as it is.
        """
        aside: list[tuple[Path, Path]] = []
        try:
            for digest, data in files.items():
                path = self.path(digest)
                if not path.exists():
                    path.parent.mkdir(exist_ok=True)
                    aside.append((_write_aside(path, data), path))
            self._synchronise_all([incoming for incoming, _ in aside])
            for incoming, path in aside:
                incoming.replace(path)
        except BaseException:
            for incoming, _ in aside:
                incoming.unlink(missing_ok=True)
            raise
        self._synchronise_all(sorted({self._folder, *(path.parent for _, path in aside)}) if aside else [])

    def _synchronise_all(self, paths: Sequence[Path]) -> None:
        if len(paths) > _FEW and _synchronise_file_system(self._folder):
            return
        for path in paths:
            _synchronise(path)

    def get(self, digest: bytes) -> bytes:
        """A stored file, its digest checked."""
        try:
            data = self.path(digest).read_bytes()
        except FileNotFoundError:
            raise LookupError(f"no file {digest.hex()}") from None
        if sm3(data) != digest:
            raise LookupError(f"file {digest.hex()} is damaged")
        return data


def _write_aside(path: Path, data: bytes) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".incoming-")
    with os.fdopen(handle, "wb") as out:
        out.write(data)
    return Path(name)


def _synchronise(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _synchronise_file_system(folder: Path) -> bool:
    """Bring everything on the folder's file system to the disk; False where the system has no such call."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        return False
    handle = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(handle) != 0:
            raise OSError(ctypes.get_errno(), "the file system could not be synchronised", str(folder))
    finally:
        os.close(handle)
    return True
