"""``xinyin render``: pages as PDF and PNG, and what was left out."""

from pathlib import Path

import pytest

from api.messages import LANGUAGES, messages
from formats.gbt33190.package_writer import write_package
from formats.rendering import Left
from tests.api.conftest import Run
from tests.unit.verifier.documents import document, sealed


@pytest.fixture
def licence(tmp_path: Path) -> Path:
    path = tmp_path / "licence.ofd"
    path.write_bytes(write_package(sealed()))
    return path


def test_ending_tells_the_format(run: Run, licence: Path, tmp_path: Path) -> None:
    """PDF or PNG."""
    for name, start in (("page.png", b"\x89PNG"), ("all.pdf", b"%PDF-"), ("PAGE.PNG", b"\x89PNG")):
        assert run("render", licence, "-o", tmp_path / name).status == 0
        assert (tmp_path / name).read_bytes().startswith(start)


def test_format_can_be_given(run: Run, licence: Path, tmp_path: Path) -> None:
    """Where the name does not tell; without either nothing is written."""
    target = tmp_path / "page"
    assert run("render", licence, "-o", target).status == 3
    assert not target.exists()
    assert run("render", licence, "-o", target, "--format", "png").status == 0
    assert target.read_bytes().startswith(b"\x89PNG")


def test_resolution_is_pixels_an_inch(run: Run, licence: Path, tmp_path: Path) -> None:
    """A page of 210 by 297 mm at 25 dpi."""
    from PIL import Image

    run("render", licence, "-o", tmp_path / "a.png", "--dpi", "25")
    with Image.open(tmp_path / "a.png") as image:
        assert abs(image.width - 207) <= 1
        assert abs(image.height - 292) <= 1


@pytest.mark.parametrize("page", ["2", "0", "-1", "x"])
def test_pages_that_are_not_there(run: Run, licence: Path, tmp_path: Path, page: str) -> None:
    """Status 3, nothing written."""
    target = tmp_path / "a.png"
    assert run("render", licence, "-o", target, f"--page={page}").status == 3
    assert not target.exists()


def test_too_costly_a_resolution_is_told(run: Run, tmp_path: Path) -> None:
    """A page too large for its pixels is refused, with what to do."""
    path = tmp_path / "vast.ofd"
    entries = document()
    vast = entries["Doc_0/Document.xml"].replace(b"0 0 210 297", b"0 0 21000 29700")
    path.write_bytes(write_package({**entries, "Doc_0/Document.xml": vast}))
    ended = run("render", path, "-o", tmp_path / "a.png", "--dpi", "1200")
    assert ended.status == 3
    assert "--dpi" in ended.err


def test_what_is_left_out_is_told(run: Run, tmp_path: Path) -> None:
    """On standard error, in words."""
    path = tmp_path / "broken.ofd"
    path.write_bytes(write_package({**document(), "Doc_0/Res/image_3.png": b"\x89PNG\r\n\x1a\n damaged"}))
    ended = run("render", path, "-o", tmp_path / "a.png")
    assert ended.status == 0
    assert messages("en")(f"render.left.{Left.IMAGE_UNREADABLE}") in ended.err


def test_imprints_are_no_verdict(run: Run, licence: Path, tmp_path: Path) -> None:
    """Drawn imprints are told to be unverified; they can be left out."""
    with_seals, without = tmp_path / "with.png", tmp_path / "without.png"
    assert "xinyin verify" in run("render", licence, "-o", with_seals).err
    assert "xinyin verify" not in run("render", licence, "-o", without, "--no-seals").err
    assert with_seals.read_bytes() != without.read_bytes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_omission_has_its_words(language: str) -> None:
    """A kind that the renderer adds needs a text."""
    for left in Left:
        assert messages(language)(f"render.left.{left}")


@pytest.mark.parametrize("content", [b"", b"PK", b"%PDF-1.7"])
def test_what_is_no_document(run: Run, tmp_path: Path, content: bytes) -> None:
    """Status 3, nothing written."""
    path = tmp_path / "hostile"
    path.write_bytes(content)
    assert run("render", path, "-o", tmp_path / "a.png").status == 3
    assert not (tmp_path / "a.png").exists()
