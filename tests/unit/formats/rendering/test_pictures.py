"""Pictures: the right way up, with their transparency, within bounds; what cannot be drawn is named."""

import io
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from formats.gbt33190.package import OfdPackage
from formats.rendering import Left, RenderLimits
from tests.small_ofd import near, package

RED, GREEN, BLUE, BLACK, WHITE = (255, 0, 0), (0, 102, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)


def quarters(mode: str = "RGB") -> Image.Image:
    """Red top left, green top right, blue bottom left, black bottom right."""
    image = Image.new("RGB", (40, 20))
    for box, color in (((0, 0), RED), ((20, 0), GREEN), ((0, 10), BLUE), ((20, 10), BLACK)):
        image.paste(color, (*box, box[0] + 20, box[1] + 10))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def _package(
    data: bytes, *, attributes: str = 'CTM="20 0 0 10 0 0"', inside: str = "", other: bytes = b""
) -> OfdPackage:
    media = "".join(
        f'<ofd:MultiMedia ID="{number}" Type="Image"><ofd:MediaFile>{number}.bin</ofd:MediaFile></ofd:MultiMedia>'
        for number in (3, 4)
    )
    image = f'<ofd:ImageObject ID="8" Boundary="5 5 20 10" ResourceID="3" {attributes}>{inside}</ofd:ImageObject>'
    return package(
        image,
        resources=f"<ofd:MultiMedias>{media}</ofd:MultiMedias>",
        files={"Res/3.bin": data, "Res/4.bin": other or data},
    )


def _close(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(abs(x - y) < 12 for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(
    "data",
    [
        encoded(quarters(), "PNG"),
        encoded(quarters(), "JPEG", quality=95),
        encoded(quarters(), "BMP"),
        encoded(quarters("P"), "GIF"),
        encoded(quarters("P"), "PNG"),
        encoded(quarters("CMYK"), "JPEG", quality=95),
        encoded(quarters("RGBA"), "PNG"),
    ],
    ids=["png", "jpeg", "bmp", "gif", "palette", "cmyk", "rgba"],
)
def test_formats(show: Callable[..., Any], data: bytes) -> None:
    """Every raster format stands upright in its unit square."""
    shown = show(_package(data))
    colors = [shown.at(x, y) for x, y in ((10, 7), (20, 7), (10, 13), (20, 13))]
    assert all(_close(a, b) for a, b in zip(colors, (RED, GREEN, BLUE, BLACK), strict=True)), colors
    assert (shown.at(4.5, 7), shown.at(25.5, 7)) == (WHITE, WHITE)
    assert shown.omissions == ()


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "LA"])
def test_gray_modes(show: Callable[..., Any], mode: str) -> None:
    """One bit, eight and sixteen bits of gray."""
    image = Image.new("L", (10, 10), 255)
    image.paste(0, (0, 0, 5, 10))
    data = encoded(image.convert("I").convert(mode) if mode == "I;16" else image.convert(mode), "PNG")
    shown = show(_package(data))
    assert shown.at(8, 10) == BLACK
    assert shown.at(20, 10)[0] > (250 if mode != "I;16" else -1)


def test_matrix_turns(show: Callable[..., Any]) -> None:
    """The unit square is mapped as CTM says, here mirrored left to right."""
    shown = show(_package(encoded(quarters(), "PNG"), attributes='CTM="-20 0 0 10 20 0"'))
    assert (shown.at(10, 7), shown.at(20, 7)) == (GREEN, RED)


def test_without_matrix_the_boundary_is_filled(show: Callable[..., Any]) -> None:
    """Makers who leave the matrix out mean the whole boundary."""
    assert show(_package(encoded(quarters(), "PNG"), attributes="")).at(20, 13) == BLACK


def test_clear_parts_show_what_is_below(show: Callable[..., Any]) -> None:
    """Alpha of the picture and of the object."""
    image = quarters("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    assert show(_package(encoded(image, "PNG"))).ink_box() is None
    faint = show(_package(encoded(quarters(), "PNG"), attributes='CTM="20 0 0 10 0 0" Alpha="128"'))
    assert _close(faint.at(10, 7), (255, 127, 127))


def test_image_mask(show: Callable[..., Any]) -> None:
    """A second picture may say by its brightness where the first shows."""
    mask = Image.new("L", (2, 1), 255)
    mask.putpixel((0, 0), 0)
    shown = show(
        _package(
            encoded(quarters(), "PNG"), attributes='CTM="20 0 0 10 0 0" ImageMask="4"', other=encoded(mask, "PNG")
        )
    )
    assert shown.at(6, 7) == WHITE
    assert shown.at(24, 7) == GREEN


def test_substitution(show: Callable[..., Any]) -> None:
    """Where a picture is missing its substitution is drawn, and the lack is named."""
    attributes = 'CTM="20 0 0 10 0 0" Substitution="4"'
    source = _package(encoded(quarters(), "PNG"), attributes=attributes.replace("4", "3"))
    assert show(source).at(10, 7) == RED
    shown = show(
        package(
            '<ofd:ImageObject ID="8" Boundary="5 5 20 10" ResourceID="77" Substitution="3" CTM="20 0 0 10 0 0"/>',
            resources='<ofd:MultiMedias><ofd:MultiMedia ID="3" Type="Image"><ofd:MediaFile>3.bin</ofd:MediaFile>'
            "</ofd:MultiMedia></ofd:MultiMedias>",
            files={"Res/3.bin": encoded(quarters(), "PNG")},
        )
    )
    assert shown.at(10, 7) == RED
    assert [omission.what for omission in shown.omissions] == [Left.RESOURCE_MISSING]


def test_border(show: Callable[..., Any]) -> None:
    """A border runs along the boundary in its own width."""
    border = '<ofd:Border LineWidth="1"><ofd:BorderColor Value="0 0 255"/></ofd:Border>'
    shown = show(_package(encoded(Image.new("RGB", (4, 4), WHITE), "PNG"), inside=border))
    assert shown.ink_box() == near(5, 5, 25, 15)
    assert (shown.at(5.3, 10), shown.at(15, 10)) == (BLUE, WHITE)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x97JB2\r\n\x1a\n" + bytes(20), Left.IMAGE_FORMAT),
        (b"\x97JB2\r\n\x1a\n\x01", Left.IMAGE_UNREADABLE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Left.IMAGE_FORMAT),
        (b"nothing", Left.IMAGE_FORMAT),
        (encoded(quarters(), "PNG")[:60], Left.IMAGE_UNREADABLE),
        (encoded(quarters(), "JPEG")[:300], Left.IMAGE_UNREADABLE),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), Left.IMAGE_FORMAT),
    ],
)
def test_pictures_that_cannot_be_drawn_are_named(show: Callable[..., Any], data: bytes, what: Left) -> None:
    """Other formats and damaged files leave a gap with a name."""
    shown = show(_package(data))
    assert shown.ink_box() is None
    assert [(omission.what, omission.where) for omission in shown.omissions] == [(what, "Doc_0/Pages/0.xml#8")]


def test_pixels_are_bounded(show: Callable[..., Any]) -> None:
    """A picture of too many pixels is named before it is unpacked."""
    data = encoded(Image.new("1", (3000, 3000)), "PNG")
    shown = show(_package(data), limits=RenderLimits(image_pixels=1_000_000))
    assert [(omission.what, omission.detail) for omission in shown.omissions] == [
        (Left.IMAGE_UNREADABLE, "3000 x 3000 pixels")
    ]


def test_decompression_bomb(show: Callable[..., Any]) -> None:
    """A header that promises ten gigapixels is refused."""
    data = bytearray(encoded(Image.new("1", (8, 8)), "PNG"))
    data[16:24] = (100_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    assert [omission.what for omission in show(_package(bytes(data))).omissions] == [Left.IMAGE_UNREADABLE]
