"""Publishing into a folder: a set is in force whole or not at all, whatever fails."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.failures import CommandError
from api.repository_folder import Disk, PublishedSet, RepositoryFile, RepositoryFolder, read_set
from crypto import sm3
from formats.errors import MalformedDataError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def files(number: int) -> list[RepositoryFile]:
    made = NOW + number * HOUR
    lists = [
        RepositoryFile(
            f"crl/{name}.crl",
            f"crl/{name}/{number}.crl",
            f"{name} {number}".encode(),
            "application/pkix-crl",
            made,
            made + HOUR,
        )
        for name in ("ca", "user-1-0000")
    ]
    certificate = RepositoryFile("certificates/a.cer", "certificates/a.cer", b"a", "application/pkix-cert", NOW)
    return [certificate, *lists]


class FaultyDisk(Disk):
    """Fails at the n-th step: before it, or after it was done."""

    def __init__(self, step: int, *, after: bool) -> None:
        self.left = step
        self.after = after

    def __getattribute__(self, name: str) -> Any:
        method = super().__getattribute__(name)
        if name not in {"make_folder", "write", "link", "point", "rename", "sync"}:
            return method

        def call(*arguments: Any) -> None:
            self.left -= 1
            if self.left == 0 and not self.after:
                raise OSError("lost")
            method(*arguments)
            if self.left == 0:
                raise OSError("done, but reported failed")

        return call


def check_whole(folder: Path) -> PublishedSet:
    """Every file of the set in force is there with the digest the manifest tells."""
    published = read_set(folder / "current")
    assert published is not None
    for path, file in published.files.items():
        data = (folder / "current" / path).read_bytes()
        assert (sm3(data), len(data)) == (file.digest, file.octets)
    return published


def test_set_is_in_force_with_its_manifest(tmp_path: Path) -> None:
    """Every file, its digest, moments and media type; the archive keeps what a later set replaces."""
    RepositoryFolder(tmp_path).publish(files(1), at=NOW)
    first = check_whole(tmp_path)
    assert set(first.files) == {"certificates/a.cer", "crl/ca.crl", "crl/user-1-0000.crl"}
    listed = first.files["crl/ca.crl"]
    assert (listed.media_type, listed.issued, listed.next_update) == (
        "application/pkix-crl",
        NOW + HOUR,
        NOW + 2 * HOUR,
    )
    RepositoryFolder(tmp_path).publish(files(2), at=NOW)
    assert check_whole(tmp_path).number == 2
    assert (tmp_path / "archive" / "crl" / "ca" / "1.crl").read_bytes() == b"ca 1"
    assert (tmp_path / "archive" / "crl" / "ca" / "2.crl").read_bytes() == b"ca 2"


def test_same_files_make_no_new_set(tmp_path: Path) -> None:
    """Publishing again what is in force changes nothing."""
    for _ in range(2):
        RepositoryFolder(tmp_path).publish(files(1), at=NOW)
    assert check_whole(tmp_path).number == 1


def test_reader_keeps_the_set_it_began_with(tmp_path: Path) -> None:
    """Who opened a set reads it to the end, though another is in force meanwhile."""
    folder = RepositoryFolder(tmp_path)
    opened = folder.publish(files(1), at=NOW)
    folder.publish(files(2), at=NOW)
    assert (opened.folder / "crl" / "ca.crl").read_bytes() == b"ca 1"
    for number in range(3, 7):
        folder.publish(files(number), at=NOW)
    assert len(list((tmp_path / "sets").iterdir())) == 3


STEPS = 40


@pytest.mark.parametrize("after", [False, True])
def test_failure_at_any_step_leaves_a_whole_set(tmp_path: Path, after: bool) -> None:
    """The set before is in force, or the new one, never a mixture; publishing again finishes."""
    failures = []
    for step in range(1, STEPS):
        folder = tmp_path / str(step)
        RepositoryFolder(folder).publish(files(1), at=NOW)
        try:
            RepositoryFolder(folder, FaultyDisk(step, after=after)).publish(files(2), at=NOW)
        except CommandError as error:
            failures.append(error.key)
        contents = {(folder / "current" / path).read_bytes() for path in check_whole(folder).files}
        assert contents in ({b"a", b"ca 1", b"user-1-0000 1"}, {b"a", b"ca 2", b"user-1-0000 2"})
        RepositoryFolder(folder).publish(files(2), at=NOW)
        check_whole(folder)
        assert (folder / "current" / "crl" / "ca.crl").read_bytes() == b"ca 2"
        assert (folder / "archive" / "crl" / "ca" / "1.crl").read_bytes() == b"ca 1"
    assert set(failures) == {"ca.publish.disk"}
    assert 15 < len(failures) < STEPS - 1


def test_older_list_never_replaces_a_newer_one(tmp_path: Path) -> None:
    """An authority brought back from an old copy does not take revocations back."""
    RepositoryFolder(tmp_path).publish(files(2), at=NOW)
    with pytest.raises(CommandError) as caught:
        RepositoryFolder(tmp_path).publish(files(1), at=NOW)
    assert caught.value.key == "ca.publish.backwards"
    assert check_whole(tmp_path).number == 1


def test_archived_name_stands_for_one_content(tmp_path: Path) -> None:
    """Another list of the same number is refused: somebody signed twice."""
    RepositoryFolder(tmp_path).publish(files(1), at=NOW)
    twin = [replace(each, octets=b"other") if "ca" in each.path else each for each in files(1)]
    with pytest.raises(CommandError) as caught:
        RepositoryFolder(tmp_path).publish(twin, at=NOW)
    assert caught.value.key == "ca.publish.archived"
    assert check_whole(tmp_path).number == 1


@pytest.mark.parametrize("path", ["../x.crl", "/x.crl", "a//b", "", "manifest.json", "a/.b", "x" * 200])
def test_path_that_leaves_the_set_is_refused(path: str) -> None:
    """Names come from addresses in settings; none of them reaches outside."""
    with pytest.raises(ValueError, match="path"):
        RepositoryFile(path, "a", b"", "text/plain", NOW)


@pytest.mark.parametrize("change", [b"{", b"[]", b'{"schema": "other/1"}'])
def test_foreign_manifest_is_told(tmp_path: Path, change: bytes) -> None:
    """A folder whose manifest this program did not write is not published over."""
    published = RepositoryFolder(tmp_path).publish(files(1), at=NOW)
    (published.folder / "manifest.json").write_bytes(change)
    with pytest.raises(MalformedDataError):
        RepositoryFolder(tmp_path).publish(files(2), at=NOW)
