"""Sealed files lie under their own digest, whole or not at all."""

from pathlib import Path

import pytest

from crypto import sm3
from licence_service.files import FolderFileStore


@pytest.mark.parametrize("count", [0, 1, 5])
def test_files_come_back(tmp_path: Path, count: int) -> None:
    """What was put is found by its digest, in ones and in batches; putting it again changes nothing."""
    store = FolderFileStore(tmp_path / "files")
    files = {sm3(data): data for data in (bytes([number]) * 100 for number in range(count))}
    store.put(files)
    store.put(files)
    assert {digest: store.get(digest) for digest in files} == files
    assert not list(tmp_path.rglob(".incoming-*"))


def test_a_wrong_digest_is_noticed(tmp_path: Path) -> None:
    """A file put under a foreign digest is not handed out, and one never put is not there."""
    store = FolderFileStore(tmp_path)
    store.put({bytes(32): b"bad"})
    with pytest.raises(LookupError, match="damaged"):
        store.get(bytes(32))
    with pytest.raises(LookupError, match="no file"):
        store.get(sm3(b"good"))


def test_a_failing_batch_leaves_nothing_half_written(tmp_path: Path) -> None:
    """Where one file cannot be written, no other of the batch is there, nor anything aside."""
    store = FolderFileStore(tmp_path)
    good = b"good"
    blocked = sm3(b"blocked")
    store.path(blocked).parent.parent.mkdir(exist_ok=True)
    store.path(blocked).parent.touch()
    with pytest.raises(OSError, match=r".*"):
        store.put({sm3(good): good, blocked: b"blocked"})
    assert not list(tmp_path.rglob("*.ofd"))
    assert not list(tmp_path.rglob(".incoming-*"))


def test_damage_is_noticed(tmp_path: Path) -> None:
    """A file changed on the disk is not handed out."""
    store = FolderFileStore(tmp_path)
    data = b"sealed"
    store.put({sm3(data): data})
    store.path(sm3(data)).write_bytes(b"forged")
    with pytest.raises(LookupError, match="damaged"):
        store.get(sm3(data))
