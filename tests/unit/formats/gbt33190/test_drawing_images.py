"""Image files are recognised by their own headers."""

import io

import pytest
from PIL import Image

from formats.errors import MalformedDataError
from formats.gbt33190.drawing import read_image


def encoded(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (37, 21), (200, 10, 10)).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"comment": b"x" * 300}])
def test_jpeg_size_is_read(options: dict[str, object]) -> None:
    """Baseline, progressive, and with segments before the frame header."""
    image = read_image(encoded("JPEG", **options))
    assert (image.format, image.width, image.height) == ("JPEG", 37, 21)


def test_png_size_is_read() -> None:
    """From IHDR."""
    image = read_image(encoded("PNG"))
    assert (image.format, image.width, image.height) == ("PNG", 37, 21)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_every_cut_is_refused_or_read(kind: str) -> None:
    """No prefix of a file raises anything but MalformedDataError."""
    data = encoded(kind)
    refused = 0
    for end in range(min(len(data), 400)):
        try:
            read_image(data[:end])
        except MalformedDataError:
            refused += 1
    assert refused > 20


def test_other_formats_and_absurd_sizes_are_refused() -> None:
    """GIF is not embedded; a header may not claim more than 20,000 pixels a side."""
    with pytest.raises(MalformedDataError):
        read_image(encoded("GIF"))
    data = bytearray(encoded("PNG"))
    data[16:20] = (1 << 30).to_bytes(4, "big")
    with pytest.raises(MalformedDataError, match="pixels"):
        read_image(bytes(data))
