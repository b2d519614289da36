"""Files are read within bounds and written whole or not at all."""

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from api.failures import CommandError
from api.files import read_file, write_file


def key_of(caught: "pytest.ExceptionInfo[CommandError]") -> str:
    return caught.value.key


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("missing", "errors.file.missing"),
        (".", "errors.file.directory"),
        ("x" * 5000, "errors.file.name_too_long"),
        ("file/below", "errors.file.missing"),
        ("nul\0byte", "errors.file.missing"),
        ("loop", "errors.file.missing"),
    ],
)
def test_unreadable_files_are_told_apart(
    path: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reason has its own text."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(b"x")
    Path("loop").symlink_to("loop")
    with pytest.raises(CommandError) as caught:
        read_file(path, most=10)
    assert key_of(caught) == key


def test_large_files_are_refused_unread(tmp_path: Path) -> None:
    """No more than the bound and one octet are read, also of a file without an end."""
    with pytest.raises(CommandError) as caught:
        read_file("/dev/zero", most=1 << 20)
    assert key_of(caught) == "errors.file.large"
    path = tmp_path / "just"
    path.write_bytes(b"12345")
    assert read_file(str(path), most=5) == b"12345"


def test_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """``-`` reads standard input, within the same bounds."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"abc")))
    assert read_file("-", most=3) == b"abc"


def test_closed_standard_input_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing to read from is an error like any other."""
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(CommandError) as caught:
        read_file("-", most=3)
    assert key_of(caught) == "errors.file.no_input"


def test_names_need_not_be_utf8(tmp_path: Path) -> None:
    """A file whose name is no text is read like any other."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe")
    Path(path).write_bytes(b"x")
    assert read_file(path, most=1) == b"x"


def test_existing_file_is_kept(tmp_path: Path) -> None:
    """Without leave to replace, the old file stays and nothing else is left behind."""
    path = tmp_path / "kept"
    path.write_bytes(b"old")
    with pytest.raises(CommandError) as caught:
        write_file(str(path), b"new", replace=False)
    assert key_of(caught) == "errors.output.exists"
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]


def test_file_is_replaced_on_request(tmp_path: Path) -> None:
    """With leave, the new octets take the name, with the permissions asked for."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    write_file(str(path), b"new", replace=True, mode=0o600)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_new_file_without_leave_to_replace(tmp_path: Path) -> None:
    """A name nobody has is taken."""
    write_file(str(tmp_path / "new"), b"new", replace=False)
    assert (tmp_path / "new").read_bytes() == b"new"


def test_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the disk refuses, the old file is whole and the temporary one is gone."""
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CommandError) as caught:
        write_file(str(path), b"new", replace=True)
    assert key_of(caught) == "errors.output.failed"
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("path", ["missing/file", "x" * 300, "nul\0byte", "/dev/full", ".", ""])
def test_unwritable_places_are_told(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any reason not to write is a clear error."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError) as caught:
        write_file(path, b"x", replace=True)
    assert key_of(caught) == "errors.output.failed"


def test_devices_are_written_to(tmp_path: Path) -> None:
    """/dev/null keeps its name and is not replaced by a file."""
    write_file("/dev/null", b"x", replace=True)
    assert not Path("/dev/null").is_file()
