"""JBIG2 pictures (ITU-T T.88) of one page drawn by arithmetically coded generic regions.

That is how invoice makers write their two-dimensional codes. Symbols, halftones, refinements and MMR are not read:
nothing else of the format is worth a large decoder of outside bytes. Files in sequential order only.
"""

import struct
from typing import Final, NamedTuple

from formats.errors import MalformedDataError
from formats.rendering.arithmetic_decoder import ArithmeticDecoder

FILE_START: Final = b"\x97JB2\r\n\x1a\n"
_WHAT: Final = "JBIG2 picture"
_PAGE: Final = 48
_GENERIC_REGIONS: Final = (38, 39)
_IGNORED: Final = (49, 50, 51, 52, 62)
"""End of page, stripe and file, profiles, extensions: nothing to draw."""
_MAX_SEGMENTS: Final = 256

_Pixel = tuple[int, int]
_TEMPLATES: Final[tuple[tuple[_Pixel | int, ...], ...]] = (
    # Pixels that make a context, least significant bit first, as (dx, dy); numbers are adaptive pixels.
    (
        (-1, 0), (-2, 0), (-3, 0), (-4, 0), 0, (2, -1), (1, -1), (0, -1), (-1, -1), (-2, -1), 1, 2,
        (1, -2), (0, -2), (-1, -2), 3,
    ),
    (
        (-1, 0), (-2, 0), (-3, 0), 0, (2, -1), (1, -1), (0, -1), (-1, -1), (-2, -1),
        (2, -2), (1, -2), (0, -2), (-1, -2),
    ),
    ((-1, 0), (-2, 0), 0, (1, -1), (0, -1), (-1, -1), (-2, -1), (1, -2), (0, -2), (-1, -2)),
    ((-1, 0), (-2, 0), (-3, 0), (-4, 0), 0, (1, -1), (0, -1), (-1, -1), (-2, -1), (-3, -1)),
)  # fmt: skip
_TYPICAL: Final = (0x9B25, 0x0795, 0x00E5, 0x0195)
"""Context of the bit that says a row equals the one above, for each template."""


class UnsupportedJbig2Error(MalformedDataError):
    """The picture uses parts of the format that are not read here."""


class Bitmap(NamedTuple):
    """Rows of pixels, 1 is black."""

    width: int
    height: int
    rows: list[bytearray]


def decode_jbig2(data: bytes, *, max_pixels: int) -> Bitmap:
    """Decode a JBIG2 file.

    Args:
        data: The file.
        max_pixels: Bound on the page and on all regions together; decoding takes some two microseconds a pixel.

    Raises:
        MalformedDataError: It is damaged.
        UnsupportedJbig2Error: It is larger, or uses other parts of the format.
    """
    if not data.startswith(FILE_START):
        raise MalformedDataError("not a JBIG2 file", what=_WHAT)
    try:
        return _decode(data, max_pixels)
    except (IndexError, struct.error) as exc:
        raise MalformedDataError("cut short", what=_WHAT) from exc


def _decode(data: bytes, max_pixels: int) -> Bitmap:
    flags = data[8]
    if not flags & 1:
        raise UnsupportedJbig2Error("random access order", what=_WHAT)
    position = 9 if flags & 2 else 13
    page: Bitmap | None = None
    drawn = 0
    for _ in range(_MAX_SEGMENTS):
        if position >= len(data):
            break
        kind, position, length = _segment_header(data, position)
        body = data[position : position + length]
        if len(body) < length:
            raise MalformedDataError("a segment is cut short", what=_WHAT, offset=position)
        position += length
        if kind == _PAGE and page is None:
            page = _read_page(body, max_pixels)
        elif kind in _GENERIC_REGIONS and page is not None:
            drawn += _draw_region(body, page, max_pixels - drawn)
        elif kind not in _IGNORED:
            raise UnsupportedJbig2Error(f"segment type {kind}", what=_WHAT)
    if page is None or not drawn:
        raise MalformedDataError("nothing is drawn", what=_WHAT)
    return page


def _segment_header(data: bytes, position: int) -> tuple[int, int, int]:
    """Type of a segment, where its data begins, how long it is."""
    number, flags = struct.unpack_from(">IB", data, position)
    position += 5
    count = data[position] >> 5
    if count > 4:
        raise UnsupportedJbig2Error("a segment refers to many", what=_WHAT)
    position += 1 + count * (1 if number <= 256 else 2 if number <= 65536 else 4)
    position += 4 if flags & 0x40 else 1
    length: int = struct.unpack_from(">I", data, position)[0]
    if length == 0xFFFFFFFF:
        raise UnsupportedJbig2Error("a segment of unknown length", what=_WHAT)
    return flags & 0x3F, position + 4, length


def _read_page(body: bytes, max_pixels: int) -> Bitmap:
    width, height = struct.unpack_from(">II", body)
    if not 0 < width * height <= max_pixels:
        raise UnsupportedJbig2Error(f"{width} x {height} pixels", what=_WHAT)
    fill = body[16] >> 2 & 1
    return Bitmap(width, height, [bytearray([fill]) * width for _ in range(height)])


def _draw_region(body: bytes, page: Bitmap, max_pixels: int) -> int:
    """Decode a generic region onto the page; how many pixels it had."""
    width, height, left, top, combine = struct.unpack_from(">IIIIB", body)
    if not 0 < width * height <= max_pixels:
        raise UnsupportedJbig2Error(f"a region of {width} x {height} pixels", what=_WHAT)
    flags = body[17]
    if flags & 1:
        raise UnsupportedJbig2Error("MMR", what=_WHAT)
    template = flags >> 1 & 3
    adaptive = 4 if template == 0 else 1
    pairs = struct.unpack_from(f">{2 * adaptive}b", body, 18)
    pixels = [(pairs[2 * index], pairs[2 * index + 1]) for index in range(adaptive)]
    if any(dy > 0 or (dy == 0 and dx >= 0) for dx, dy in pixels):
        raise MalformedDataError("an adaptive pixel lies ahead", what=_WHAT)
    coded = body[18 + 2 * adaptive :]
    rows = _generic_region(coded, width, height, template, pixels, typical=bool(flags & 8))
    for index, row in enumerate(rows):
        if top + index < page.height:
            _combine(page.rows[top + index], row, left, combine & 7)
    pixel_count: int = width * height
    return pixel_count


def _generic_region(
    coded: bytes, width: int, height: int, template: int, adaptive: list[_Pixel], *, typical: bool
) -> list[bytearray]:
    """Decode rows; outside of the region all pixels are 0 (T.88 6.2.5)."""
    shape = [adaptive[item] if isinstance(item, int) else item for item in _TEMPLATES[template]]
    margin = max(abs(dx) for dx, _ in shape)
    reach = max(-dy for _, dy in shape)
    decoder = ArithmeticDecoder(coded or b"\xff", 1 << len(shape))
    blank = bytearray(width + 2 * margin)
    rows = [blank] * reach
    same = 0
    for _ in range(height):
        if typical:
            same ^= decoder.bit(_TYPICAL[template])
        if same:
            rows.append(rows[-1])
            continue
        row = bytearray(width + 2 * margin)
        rows.append(row)
        sources = [(rows[len(rows) - 1 + dy], dx + margin, bit) for bit, (dx, dy) in enumerate(shape)]
        for x in range(width):
            context = 0
            for source, shift, bit in sources:
                if source[x + shift]:
                    context |= 1 << bit
            row[x + margin] = decoder.bit(context)
    return [row[margin : margin + width] for row in rows[reach:]]


def _combine(target: bytearray, row: bytearray, left: int, operator: int) -> None:
    """Lay a row over the page's: or, and, exclusive or, its opposite, replace."""
    for index, pixel in enumerate(row[: max(0, len(target) - left)]):
        before = target[left + index]
        if operator == 0:
            pixel |= before  # noqa: PLW2901
        elif operator == 1:
            pixel &= before  # noqa: PLW2901
        elif operator == 2:
            pixel ^= before  # noqa: PLW2901
        elif operator == 3:
            pixel ^= before ^ 1  # noqa: PLW2901
        target[left + index] = pixel
