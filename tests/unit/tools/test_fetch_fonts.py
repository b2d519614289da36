"""The font fetcher takes only what is pinned, and says what to do when it gets nothing."""

import hashlib
import importlib.util
import io
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def fetcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("fetch_fonts", ROOT / "tools" / "fetch_fonts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, path in (("ROOT", "."), ("TARGET", "fonts"), ("WORK", "work"), ("SYSTEM_FONTS", "system")):
        monkeypatch.setattr(module, name, tmp_path / path)
    content = b"font"
    item = module.Item("Font.ttf", "package@1", "package/Font.ttf", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(module, "ITEMS", (item,))
    return module


def archive(path: Path, name: str, content: bytes) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return path


def test_a_pinned_member_is_stored(fetcher: ModuleType, tmp_path: Path) -> None:
    """The member gets its name once its digest agrees; then nothing is missing."""
    fetcher.TARGET.mkdir()
    fetcher.extract(archive(tmp_path / "a.tgz", "package/Font.ttf", b"font"), list(fetcher.ITEMS))
    assert (fetcher.TARGET / "Font.ttf").read_bytes() == b"font"
    assert fetcher.main() == 0


@pytest.mark.parametrize(("name", "content"), [("package/Font.ttf", b"evil"), ("package/Other.ttf", b"font")])
def test_anything_else_is_refused(fetcher: ModuleType, tmp_path: Path, name: str, content: bytes) -> None:
    """A changed or absent member leaves no file, not even a partial one."""
    fetcher.TARGET.mkdir()
    with pytest.raises(fetcher.FetchError):
        fetcher.extract(archive(tmp_path / "a.tgz", name, content), list(fetcher.ITEMS))
    assert list(fetcher.TARGET.iterdir()) == []


def test_a_broken_archive_is_refused(fetcher: ModuleType, tmp_path: Path) -> None:
    """Truncated downloads are told as such."""
    fetcher.TARGET.mkdir()
    whole = archive(tmp_path / "a.tgz", "package/Font.ttf", b"font").read_bytes()
    (tmp_path / "b.tgz").write_bytes(whole[:30])
    with pytest.raises(fetcher.FetchError, match=r"b\.tgz"):
        fetcher.extract(tmp_path / "b.tgz", list(fetcher.ITEMS))


def test_without_any_source_it_says_what_to_do(
    fetcher: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 1, each failed attempt told, the remedies listed."""

    def absent() -> list[str]:
        raise fetcher.FetchError("no way")

    monkeypatch.setattr(fetcher, "system_npm", absent)
    monkeypatch.setattr(fetcher, "wheel_npm", absent)
    assert fetcher.main() == 1
    told = capsys.readouterr().err
    assert told.count("no way") == 2
    assert "XINYIN_FONTS" in told
    assert "fonts-noto-cjk" in told


def test_system_fonts_are_good_enough(
    fetcher: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With Noto CJK installed by the system, a failed download is no failure."""

    def absent() -> list[str]:
        raise fetcher.FetchError("no way")

    monkeypatch.setattr(fetcher, "system_npm", absent)
    monkeypatch.setattr(fetcher, "wheel_npm", absent)
    fetcher.SYSTEM_FONTS.mkdir()
    (fetcher.SYSTEM_FONTS / "NotoSerifCJK-Regular.ttc").write_bytes(b"")
    assert fetcher.main() == 0
    assert "NotoSerifCJK-Regular.ttc" in capsys.readouterr().out


def test_pins_name_no_address() -> None:
    """Neither the tool nor its locked requirement names a host."""
    for path in (ROOT / "tools" / "fetch_fonts.py", ROOT / "requirements" / "fonts.txt"):
        assert "://" not in path.read_text(encoding="utf-8")
