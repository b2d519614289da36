"""Imprints: scaled to their boundary, cut by their clip, nested packages as vectors, from real signatures."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package
from formats.gbt33190.stamps import Edge, PageSize, riding_stamps
from formats.gbt33190.values import Box
from formats.rendering import Left, Stamp, package_stamps
from tests.small_ofd import XMLNS, entries, layer, near, package, page, path, rectangle

BLACK, RED, WHITE = (0, 0, 0), (255, 0, 0), (255, 255, 255)


def _png(mode: str, color: Any, size: tuple[int, int] = (10, 10)) -> bytes:
    target = io.BytesIO()
    Image.new(mode, size, color).save(target, "PNG")
    return target.getvalue()


def _halves() -> bytes:
    """Red on the left, clear on the right."""
    image = Image.new("RGBA", (10, 10), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (5, 0, 10, 10))
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def _seal_package(objects: str, **options: Any) -> bytes:
    return write_package(entries(page(layer(objects)), box="0 0 30 20", **options))


BAND = path(rectangle(0, 10, 40, 5))


def test_imprint_fills_its_boundary(show: Callable[..., Any]) -> None:
    """The whole picture is scaled to the boundary; other pages do not show it."""
    stamp = Stamp(1, Box(10, 5, 20, 8), None, "png", _halves())
    source = OfdPackage.open(write_package(entries(page(""), page(""))))
    shown = show(source, stamps=[stamp])
    assert shown.ink_box() == near(10, 5, 20, 13)
    assert show(source, 2, stamps=[stamp]).ink_box() is None


def test_clip_cuts_the_imprint(show: Callable[..., Any]) -> None:
    """The clip is in millimetres from the boundary's corner."""
    stamp = Stamp(1, Box(10, 5, 20, 8), Box(5, 2, 3, 4), "png", _halves())
    assert show(package(""), stamps=[stamp]).ink_box() == near(15, 7, 18, 11)


def test_white_of_an_imprint_hides_nothing(show: Callable[..., Any]) -> None:
    """A picture without clear parts darkens what it lies on, as ink does."""
    stamps = [Stamp(1, Box(0, 0, 40, 30), None, "png", _png("RGB", (255, 255, 255)))]
    assert show(package(BAND), stamps=stamps).ink_box() == near(0, 10, 40, 15)
    red = [Stamp(1, Box(0, 0, 40, 30), None, "png", _png("RGB", RED))]
    shown = show(package(BAND), stamps=red)
    assert (shown.at(5, 5), shown.at(5, 12)) == (RED, BLACK)


def test_nested_package_is_scaled(show: Callable[..., Any]) -> None:
    """A seal that is an OFD package is drawn as vectors, its page scaled to the boundary, its objects cut by it."""
    seal = _seal_package(path(rectangle(0, 0, 15, 100), inside='<ofd:FillColor Value="255 0 0"/>'))
    shown = show(package(""), stamps=[Stamp(1, Box(10, 5, 10, 10), None, "ofd", seal)])
    assert shown.ink_box() == near(10, 5, 15, 15)
    assert shown.at(12, 12) == RED


def test_nested_package_has_resources_of_its_own(show: Callable[..., Any]) -> None:
    """Ids of the seal's package and of the page's do not meet."""
    media = '<ofd:MultiMedias><ofd:MultiMedia ID="3" Type="Image"><ofd:MediaFile>3.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias>'
    image = '<ofd:ImageObject ID="8" Boundary="{}" ResourceID="3" CTM="10 0 0 10 0 0"/>'
    seal = _seal_package(image.format("0 0 10 10"), resources=media, files={"Res/3.png": _png("RGB", RED)})
    outer = package(image.format("20 0 10 10"), resources=media, files={"Res/3.png": _png("RGB", (0, 0, 255))})
    shown = show(outer, stamps=[Stamp(1, Box(0, 0, 30, 20), None, "ofd", seal)])
    assert (shown.at(5, 5), shown.at(25, 5)) == (RED, (0, 0, 255))


@pytest.mark.parametrize(
    ("kind", "data", "what"),
    [
        ("ofd", b"PK\x03\x04 no package", Left.SEAL_UNREADABLE),
        ("ofd", write_package({"OFD.xml": b"<OFD/>"}), Left.SEAL_UNREADABLE),
        ("svg", b"<svg/>", Left.IMAGE_FORMAT),
        ("png", b"", Left.IMAGE_FORMAT),
    ],
)
def test_imprints_that_cannot_be_drawn_are_named(
    show: Callable[..., Any], kind: str, data: bytes, what: Left
) -> None:
    """The page is drawn without them."""
    shown = show(package(BAND), stamps=[Stamp(1, Box(0, 0, 30, 20), None, kind, data, "Sign_1#7")])
    assert shown.ink_box() == near(0, 10, 40, 15)
    assert [(omission.what, omission.where) for omission in shown.omissions] == [(what, "Sign_1#7")]


def test_empty_boundary_is_named(show: Callable[..., Any]) -> None:
    """A boundary without extent shows nothing."""
    shown = show(package(""), stamps=[Stamp(1, Box(0, 0, 0, 5), None, "png", _halves())])
    assert [omission.what for omission in shown.omissions] == [Left.SEAL_UNREADABLE]


def test_riding_seal_is_whole_over_all_pages(show: Callable[..., Any]) -> None:
    """The slices of a riding-edge seal lie at the right edges, each with its own part of the imprint."""
    source = OfdPackage.open(write_package(entries(page(""), page(""))))
    placements = riding_stamps(
        [PageSize(1, 40, 30), PageSize(2, 40, 30)], Edge.RIGHT, width=10, height=10, offset=3
    )
    stamps = [Stamp(item.page_ref, item.boundary, item.clip, "png", _halves()) for item in placements]
    assert show(source, 1, stamps=stamps).ink_box() == near(35, 3, 40, 13)
    assert show(source, 2, stamps=stamps).ink_box() is None  # the right half of this imprint is clear


# ------------------------------------------------------------------ from signatures


def test_stamps_of_real_signatures(samples_dir: Path) -> None:
    """Seal pictures of both kinds come out of real signatures with their places."""
    expected = {
        "v4-invoice-a.ofd": ("ofd", b"PK\x03\x04"),
        "v4-locked.ofd": ("png", b"\x89PNG"),
        "v4-raw64-and-gbt35275-edited.ofd": ("png", b"\x89PNG"),
        "v1-nonconformant.ofd": ("png", b"\x89PNG"),
    }
    for name, (kind, start) in expected.items():
        found = OfdPackage.open((samples_dir / "ofd" / "signed" / name).read_bytes())
        stamps, omissions = package_stamps(found)
        assert omissions == ()
        assert [(stamp.format, stamp.data[:4]) for stamp in stamps] == [(kind, start)]
        assert stamps[0].boundary.width > 0


def _signed(signature: str, files: dict[str, bytes] | None = None) -> OfdPackage:
    listed = f'<ofd:Signatures {XMLNS}><ofd:Signature ID="1" Type="Seal" BaseLoc="Sign/Signature.xml"/></ofd:Signatures>'
    return package(
        "",
        body="<ofd:Signatures>Doc_0/Signatures.xml</ofd:Signatures>",
        files={"Signatures.xml": listed.encode(), "Sign/Signature.xml": signature.encode(), **(files or {})},
    )


SIGNATURE = (
    f'<ofd:Signature {XMLNS}><ofd:SignedInfo><ofd:Provider ProviderName="p"/>'
    '<ofd:References CheckMethod="SM3"><ofd:Reference FileRef="/OFD.xml"><ofd:CheckValue>AAAA</ofd:CheckValue>'
    "</ofd:Reference></ofd:References>{stamp}<ofd:Seal><ofd:BaseLoc>Seal.esl</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>"
    "<ofd:SignedValue>SignedValue.dat</ofd:SignedValue></ofd:Signature>"
)
STAMP = '<ofd:StampAnnot ID="1" PageRef="1" Boundary="10 5 20 20"/>'


def test_broken_signatures_are_named() -> None:
    """A signature without a readable seal is named; one without imprint is not; broken lists are named."""
    stamps, omissions = package_stamps(_signed(SIGNATURE.format(stamp=STAMP), {"Sign/SignedValue.dat": b"x"}))
    assert stamps == ()
    assert [(omission.what, omission.detail) for omission in omissions] == [(Left.SEAL_UNREADABLE, "no seal")]
    assert package_stamps(_signed(SIGNATURE.format(stamp=""))) == ((), ())
    _, omissions = package_stamps(_signed("<broken"))
    assert [omission.detail for omission in omissions] == ["signature file"]
    lost = package("", body="<ofd:Signatures>Doc_0/No.xml</ofd:Signatures>")
    assert [omission.what for omission in package_stamps(lost)[1]] == [Left.SEAL_UNREADABLE]


def test_seal_file_stands_in(samples_dir: Path) -> None:
    """Where the signature value holds no seal, the seal file beside it shows what was meant."""
    seal = (samples_dir / "seals" / "UserV4.esl").read_bytes()
    source = _signed(SIGNATURE.format(stamp=STAMP), {"Sign/SignedValue.dat": b"x", "Sign/Seal.esl": seal})
    stamps, omissions = package_stamps(source)
    assert omissions == ()
    assert [(stamp.page_id, stamp.format, stamp.boundary) for stamp in stamps] == [(1, "png", Box(10, 5, 20, 20))]
