"""A folder that others fetch certificates and revocation lists from: a set of files that changes as a whole.

```
current -> sets/00000007     the set in force; serve what lies behind it
sets/00000007/crl/…          hard links to the archive
sets/00000007/certificates/…
sets/00000007/manifest.json  every file of the set with its SM3, moments and media type
archive/…                    every file that was ever published, under a name that is never used again
```

A set is written beside the ones before, reaches the disk, and is then named by ``current`` in one step. Whatever
happens before that step, the set before is in force, whole; a set that is not in force is removed later.
"""

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from api.failures import CommandError
from api.moments import utc_text
from api.output import shown
from crypto import sm3
from formats.json_data import JsonNode, read_json

SCHEMA: Final = "xinyin.repository/1"
MANIFEST: Final = "manifest.json"
CURRENT: Final = "current"
_SETS: Final = "sets"
_ARCHIVE: Final = "archive"
_KEPT_SETS: Final = 3
_MOST_FILES: Final = 100_000
_MOST_OCTETS: Final = 64 << 20
_PATH: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}(/[A-Za-z0-9][A-Za-z0-9._-]{0,127}){0,3}")
_SET: Final = re.compile(r"\d{8}")


@dataclass(frozen=True, slots=True, repr=False)
class RepositoryFile:
    """One file to be published.

    Attributes:
        path: Where it is found in a set, for example ``"crl/whole.crl"``.
        archived: Where it stays in the archive; a name that always stands for the same octets.
        octets: Its content.
        media_type: For whoever serves it.
        issued: When it was made; a file of this path is never replaced by one made earlier.
        next_update: By when a newer one comes; None if none does.
    """

    path: str
    archived: str
    octets: bytes
    media_type: str
    issued: datetime
    next_update: datetime | None = None

    def __post_init__(self) -> None:
        if not _PATH.fullmatch(self.path) or not _PATH.fullmatch(self.archived) or self.path == MANIFEST:
            raise ValueError("a published file has a plain relative path")


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """What a manifest says of one file.

    Attributes:
        path: Where it is found in the set.
        media_type: Of its content.
        octets: How many it has.
        digest: SM3 of its content.
        issued: When it was made.
        next_update: By when a newer one comes; None if none does.
    """

    path: str
    media_type: str
    octets: int
    digest: bytes
    issued: datetime
    next_update: datetime | None


@dataclass(frozen=True, slots=True)
class PublishedSet:
    """A set as its manifest tells of it.

    Attributes:
        number: Rises from set to set.
        folder: Where its files lie.
        files: By path.
    """

    number: int
    folder: Path
    files: dict[str, PublishedFile]


class Disk:
    """What publishing does to the disk, step by step; tests make steps fail."""

    def make_folder(self, path: Path) -> None:
        """Make a folder and those above it."""
        path.mkdir(parents=True, exist_ok=True)

    def write(self, path: Path, octets: bytes) -> None:
        """Write a new file; it is on the disk when this returns."""
        with path.open("xb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name."""
        os.link(source, target)

    def point(self, path: Path, target: str) -> None:
        """Make a symbolic link."""
        path.symlink_to(target)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file, link or folder another name, in one step."""
        source.replace(target)

    def sync(self, folder: Path) -> None:
        """Put the names in a folder on the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class RepositoryFolder:
    """Publishes into a folder. One process at a time.

    Args:
        folder: Made if it is missing.
        disk: Does the writing.
    """

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self._folder = folder
        self._disk = disk or Disk()

    def current(self) -> PublishedSet | None:
        """The set in force; None before the first.

        Raises:
            MalformedDataError: Its manifest was not written by this program.
        """
        return read_set(self._folder / CURRENT)

    def publish(self, files: Sequence[RepositoryFile], *, at: datetime) -> PublishedSet:
        """Put a set in force. With the files of the set in force nothing is done.

        Args:
            files: The whole set.
            at: The present moment, for the manifest.

        Returns:
            The set in force now.

        Raises:
            CommandError: A file is older than the one of its path in force, a name in the archive stands for other
                octets, or the disk failed. The set before is still in force then.
        """
        by_path = {file.path: file for file in files}
        if len(by_path) != len(files):
            raise ValueError("two files have one path")
        before = self.current()
        if before is not None:
            self._refuse_older(by_path, before)
            if {path: each.digest for path, each in before.files.items()} == {
                path: sm3(file.octets) for path, file in by_path.items()
            }:
                return before
        try:
            return self._publish(by_path, at)
        except OSError as error:
            detail = error.strerror or type(error).__name__
            raise CommandError("ca.publish.disk", directory=shown(self._folder), detail=detail) from error

    def _refuse_older(self, files: dict[str, RepositoryFile], before: PublishedSet) -> None:
        for path, file in files.items():
            there = before.files.get(path)
            if there is not None and file.issued < there.issued:
                raise CommandError("ca.publish.backwards", file=shown(path), at=utc_text(there.issued))

    def _publish(self, files: dict[str, RepositoryFile], at: datetime) -> PublishedSet:
        sets = self._folder / _SETS
        self._disk.make_folder(sets)
        for file in files.values():
            self._archive(file)
        number = 1 + max((int(each.name) for each in sets.iterdir() if _SET.fullmatch(each.name)), default=0)
        name = f"{number:08d}"
        building = sets / f".{name}.{secrets.token_hex(8)}"
        folders = {building / Path(path).parent for path in files} | {building}
        for folder in sorted(folders):
            self._disk.make_folder(folder)
        for path, file in files.items():
            self._disk.link(self._folder / _ARCHIVE / file.archived, building / path)
        self._disk.write(building / MANIFEST, _manifest(number, files.values(), at))
        for folder in folders:
            self._disk.sync(folder)
        self._disk.rename(building, sets / name)
        self._disk.sync(sets)
        pointer = self._folder / f".{CURRENT}.{secrets.token_hex(8)}"
        self._disk.point(pointer, f"{_SETS}/{name}")
        self._disk.rename(pointer, self._folder / CURRENT)
        self._disk.sync(self._folder)
        self._tidy(number)
        published = read_set(self._folder / CURRENT)
        if published is None:
            raise OSError("the set is not in force")
        return published

    def _archive(self, file: RepositoryFile) -> None:
        target = self._folder / _ARCHIVE / file.archived
        if target.exists():
            if target.read_bytes() != file.octets:
                raise CommandError("ca.publish.archived", file=shown(target))
            return
        self._disk.make_folder(target.parent)
        building = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
        self._disk.write(building, file.octets)
        self._disk.rename(building, target)
        self._disk.sync(target.parent)

    def _tidy(self, number: int) -> None:
        """Remove sets nobody reads any more, and what interruptions left; failing to is no failure."""
        with suppress(OSError):
            for entry in (self._folder / _SETS).iterdir():
                if not _SET.fullmatch(entry.name) or int(entry.name) <= number - _KEPT_SETS:
                    shutil.rmtree(entry, ignore_errors=True)
            for entry in self._folder.glob(f".{CURRENT}.*"):
                entry.unlink()


def read_set(folder: Path) -> PublishedSet | None:
    """The set in a folder, as of this moment: later sets do not change what is read of it; None without one.

    Raises:
        MalformedDataError: Its manifest was not written by this program.
    """
    try:
        place = folder.resolve(strict=True)
        data = (place / MANIFEST).read_bytes()
    except OSError:
        return None
    top = read_json(data, what=MANIFEST, most=_MOST_OCTETS).members(
        required=("schema", "set", "published_at", "files")
    )
    top["schema"].choice((SCHEMA,))
    files = [_published(node) for node in top["files"].items(most=_MOST_FILES)]
    number = top["set"].integer(least=1, most=99_999_999)
    return PublishedSet(number, place, {file.path: file for file in files})


def _published(node: JsonNode) -> PublishedFile:
    members = node.members(required=("path", "media_type", "octets", "sm3", "issued"), optional=("next_update",))
    path = members["path"].text(longest=600)
    if not _PATH.fullmatch(path):
        members["path"].fail("not a plain relative path")
    digest = members["sm3"].text(longest=64)
    if not re.fullmatch("[0-9a-f]{64}", digest):
        members["sm3"].fail("not an SM3 digest")
    return PublishedFile(
        path=path,
        media_type=members["media_type"].text(longest=80),
        octets=members["octets"].integer(least=0, most=1 << 40),
        digest=bytes.fromhex(digest),
        issued=_moment(members["issued"]),
        next_update=_moment(members["next_update"]) if "next_update" in members else None,
    )


def _moment(node: JsonNode) -> datetime:
    try:
        return datetime.fromisoformat(node.text(longest=30))
    except ValueError:
        node.fail("not a moment")


def _manifest(number: int, files: Iterable[RepositoryFile], at: datetime) -> bytes:
    listed: list[dict[str, Any]] = [
        {
            "path": file.path,
            "media_type": file.media_type,
            "octets": len(file.octets),
            "sm3": sm3(file.octets).hex(),
            "issued": utc_text(file.issued),
            "next_update": utc_text(file.next_update),
        }
        for file in sorted(files, key=lambda file: file.path)
    ]
    content = {"schema": SCHEMA, "set": number, "published_at": utc_text(at), "files": listed}
    return (json.dumps(content, indent=1) + "\n").encode()
