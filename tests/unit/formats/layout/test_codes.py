"""QR codes: what is drawn is what is read."""

import re

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from formats.gbt33190.drawing import DrawnPath, Rgb
from formats.gbt33190.values import Box
from formats.layout import ErrorCorrection, LayoutError, qr_code
from formats.layout.codes import module_path, modules

LINK = "https://licence.example/c/1.2.156.3005.2.11100000MB0143028R001.91510100MA62FLEL38.000001.001.A"
BOX = Box(248, 48, 26, 26)


def rasterised(paths: tuple[DrawnPath, ...], dots_per_inch: int) -> Image.Image:
    """The drawn rectangles on a white picture of the box."""
    scale = dots_per_inch / 25.4
    picture = Image.new("L", (round(BOX.width * scale), round(BOX.height * scale)), 255)
    pen = ImageDraw.Draw(picture)
    for path in paths:
        module = path.matrix.a if path.matrix is not None else 1.0
        numbers = [float(number) for number in re.findall(r"[\d.]+", path.data)]
        for start in range(0, len(numbers), 8):
            left, top, right, _, _, bottom = numbers[start : start + 6]
            x, y = path.boundary.x - BOX.x, path.boundary.y - BOX.y
            corners = [x + left * module, y + top * module, x + right * module, y + bottom * module]
            a, b, c, d = (round(value * scale) for value in corners)
            if c > a and d > b:
                pen.rectangle((a, b, c - 1, d - 1), fill=path.fill[0] if path.fill else 0)
    return picture


@pytest.mark.parametrize("content", [LINK, "1", "证照标识：测试", "x" * 300])
@pytest.mark.parametrize("mask", [None, 0, 5])
def test_code_decodes_at_200_dpi(content: str, mask: int | None) -> None:
    """An unrelated reader gets the content back from a 26 mm code at 200 dpi."""
    picture = rasterised(qr_code(BOX, content, mask=mask), 200)
    found = zxingcpp.read_barcode(picture, zxingcpp.BarcodeFormat.QRCode)
    assert found is not None
    assert found.text == content


def test_path_covers_exactly_the_dark_modules() -> None:
    """Rectangles do not overlap and together are the matrix."""
    rows = modules(LINK)
    covered = [[0] * len(rows) for _ in rows]
    numbers = [int(number) for number in re.findall(r"\d+", module_path(rows))]
    for start in range(0, len(numbers), 8):
        left, top, right, _, _, bottom = numbers[start : start + 6]
        for y in range(top, bottom):
            for x in range(left, right):
                covered[y][x] += 1
    assert covered == [[1 if module == 0 else 0 for module in row] for row in rows]


def test_quiet_zone_is_inside_the_box() -> None:
    """Four modules stay free on every side, filled with the ground's colour."""
    paper, code = qr_code(BOX, LINK, ground=Rgb(255, 253, 245))
    module = code.matrix.a if code.matrix else 0
    assert paper.boundary == BOX
    assert paper.fill == (255, 253, 245)
    assert code.boundary.x - BOX.x == pytest.approx(4 * module)
    assert code.boundary.right == pytest.approx(BOX.right - 4 * module)
    assert len(qr_code(BOX, LINK, ground=None)) == 1


def test_oblong_boxes_hold_a_square() -> None:
    """The code is centred in the longer direction."""
    paper, _ = qr_code(Box(0, 0, 40, 20), LINK)
    assert paper.boundary == Box(10, 0, 20, 20)


def test_correction_levels_are_passed_on() -> None:
    """More correction takes more modules."""
    assert len(modules(LINK, ErrorCorrection.HIGH)) > len(modules(LINK, ErrorCorrection.LOW))


def test_impossible_contents_are_refused() -> None:
    """Empty, too long, more than a QR code holds, and masks that do not exist."""
    for content, level, mask in (
        ("", ErrorCorrection.LOW, None),
        ("x" * 1501, ErrorCorrection.LOW, None),
        ("证" * 1200, ErrorCorrection.HIGH, None),
        ("x", ErrorCorrection.LOW, 8),
    ):
        with pytest.raises(LayoutError):
            qr_code(BOX, content, error_correction=level, mask=mask)
