"""Two-dimensional codes as vector paths.

QR is what deployed licence systems print. GB/T 36905 cites Grid Matrix (网格矩阵码, GB/T 27766-2011); no encoder
for it is at hand, so it cannot be drawn here.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import zxingcpp

from formats.gbt33190.drawing import BLACK, WHITE, DrawnPath, PathBuilder, Rgb
from formats.gbt33190.values import Box, Matrix
from formats.layout.errors import LayoutError

_QUIET_ZONE: Final = 4
"""Light modules that a QR code keeps on every side."""

_DARK: Final = re.compile(b"\x00+")
_MOST_CHARACTERS: Final = 1500


class ErrorCorrection(StrEnum):
    """How much of a QR code may be lost: about 7, 15, 25 or 30 per cent."""

    LOW = "L"
    MEDIUM = "M"
    QUARTILE = "Q"
    HIGH = "H"


def qr_code(
    box: Box,
    content: str,
    *,
    error_correction: ErrorCorrection = ErrorCorrection.MEDIUM,
    color: Rgb = BLACK,
    ground: Rgb | None = WHITE,
    mask: int | None = None,
) -> tuple[DrawnPath, ...]:
    """Draw a QR code as large as a box allows, quiet zone included.

    Args:
        box: Millimetres; the code is centred in its shorter side's square.
        content: 1 to 1,500 characters.
        error_correction: At least this level; the encoder raises it where that costs no larger symbol.
        color: Of the dark modules.
        ground: Filled under code and quiet zone; None if nothing but plain paper lies there.
        mask: Data mask 0 to 7. None lets the encoder try all and take the best, as the code's standard has it;
            a given one saves that time (0.25 ms) where many are made, and reads as well in practice.

    Returns:
        The ground, if any, then one path with all dark modules.

    Raises:
        LayoutError: The content is empty or too long.
    """
    rows = modules(content, error_correction, mask)
    side = min(box.width, box.height)
    x, y = box.x + (box.width - side) / 2, box.y + (box.height - side) / 2
    module = side / (len(rows) + 2 * _QUIET_ZONE)
    margin = _QUIET_ZONE * module
    inner = Box(x + margin, y + margin, side - 2 * margin, side - 2 * margin)
    code = DrawnPath(inner, module_path(rows), fill=color, matrix=Matrix(module, 0, 0, module, 0, 0))
    if ground is None:
        return (code,)
    square = PathBuilder().rectangle(0, 0, side, side).build()
    return (DrawnPath(Box(x, y, side, side), square, fill=ground), code)


def modules(
    content: str, error_correction: ErrorCorrection = ErrorCorrection.MEDIUM, mask: int | None = None
) -> list[bytes]:
    """The modules of a QR code without quiet zone: rows of octets, 0 for dark, 255 for light.

    Raises:
        LayoutError: The content is empty or too long, or there is no such mask.
    """
    if not 0 < len(content) <= _MOST_CHARACTERS:
        raise LayoutError(f"a code holds 1 to {_MOST_CHARACTERS} characters, not {len(content)}")
    if mask is not None and not 0 <= mask <= 7:
        raise LayoutError(f"there is no mask {mask}")
    options = {} if mask is None else {"data_mask": mask}
    try:
        barcode = zxingcpp.create_barcode(
            content, zxingcpp.BarcodeFormat.QRCode, ec_level=error_correction.value, **options
        )
    except (ValueError, RuntimeError) as error:
        raise LayoutError(f"content of {len(content)} characters does not fit a QR code: {error}") from error
    image: Any = barcode.to_image(scale=1, add_quiet_zones=False)
    data = bytes(image)
    side: int = image.shape[0]
    return [data[start : start + side] for start in range(0, len(data), side)]


def module_path(rows: list[bytes]) -> str:
    """Dark modules as rectangles in units of a module; equal runs of neighbouring rows share one rectangle."""
    parts: list[str] = []
    open_runs: dict[tuple[int, int], int] = {}
    for y, row in enumerate([*rows, b""]):
        runs = {}
        for match in _DARK.finditer(row):
            run = match.span()
            runs[run] = open_runs.pop(run, y)
        parts += [_rectangle(run, start, y) for run, start in open_runs.items()]
        open_runs = runs
    return " ".join(parts)


@lru_cache(maxsize=16384)
def _rectangle(run: tuple[int, int], top: int, bottom: int) -> str:
    """One rectangle; codes of one size are made of the same few thousand."""
    left, right = run
    return f"M {left} {top} L {right} {top} L {right} {bottom} L {left} {bottom} C"
