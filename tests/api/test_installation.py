"""An installation's own files: strict, private where they must be, short paths for sockets."""

from pathlib import Path

import pytest

from api.installation import Installation, Secrets, key_store_settings
from formats import MalformedDataError


def test_a_deep_folder_still_has_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path too long for a socket is replaced by a short one that only this user can enter, the same each time."""
    short = tmp_path / "t"
    short.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(short))
    deep = tmp_path.joinpath(*["deep" * 6] * 6)
    first, again = key_store_settings(deep), key_store_settings(deep)
    assert first.listens_at == again.listens_at
    assert first.listens_at.parent.parent == short
    assert first.listens_at.parent.stat().st_mode & 0o077 == 0
    assert key_store_settings(deep / "other").listens_at != first.listens_at
    first.listens_at.parent.chmod(0o755)
    with pytest.raises(PermissionError):
        key_store_settings(deep)


def test_secrets_read_back_and_hide(tmp_path: Path) -> None:
    """Secrets survive a round trip through a file of mode 0600, and show themselves nowhere else."""
    made = Secrets.fresh(["authority"])
    made.save(tmp_path)
    found = Secrets.read(tmp_path)
    assert found == made
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert made.passwords["authority"].decode() not in repr(made)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"officer": 1, "passwords": {}, "index_key": "zz"}'])
def test_broken_files_are_refused(tmp_path: Path, content: bytes) -> None:
    """Both files are read strictly, and what is wrong is told without quoting secrets."""
    (tmp_path / "secrets.json").write_bytes(content)
    (tmp_path / "installation.json").write_bytes(content)
    with pytest.raises(MalformedDataError):
        Secrets.read(tmp_path)
    with pytest.raises(MalformedDataError):
        Installation.read(tmp_path)
