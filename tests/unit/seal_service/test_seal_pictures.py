"""Seal pictures: drawn for names of any length, in three shapes and three carriers."""

import io
from pathlib import Path

import pytest
from PIL import Image

from formats.fonts import FontsNotFoundError, Typeface, installed_fonts
from formats.gbt33190.package import OfdPackage
from seal_service.errors import RefusedError
from seal_service.model import SealKind
from seal_service.pictures import Drawing, SealDesign, draw_seal, ofd_package, png, svg


@pytest.fixture(scope="module")
def bold():
    try:
        return installed_fonts().face(Typeface.SERIF_BOLD)
    except FontsNotFoundError as missing:
        pytest.skip(f"no licence fonts here: {missing}")


DESIGNS = {
    "round": SealDesign(SealKind.ROUND, "示例市市场监督管理局", "", 42, 42),
    "round with lower text and code": SealDesign(
        SealKind.ROUND, "示例市行政审批服务局", "证照专用章", 45, 45, code="9901000012345"
    ),
    "oval": SealDesign(SealKind.OVAL, "示例市第一人民医院", "出生医学证明专用章", 45, 32),
    "rectangular": SealDesign(SealKind.RECTANGULAR, "示例市不动产登记中心", "登记专用章", 45, 20),
    "long name": SealDesign(SealKind.ROUND, "字" * 40, "", 45, 45),
    "short name": SealDesign(SealKind.ROUND, "局", "", 42, 42),
}


def bounds(drawing: Drawing) -> tuple[float, float, float, float]:
    points = [
        (values[index], values[index + 1])
        for shape in drawing.shapes
        for _, values in shape
        for index in range(0, len(values), 2)
    ]
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


@pytest.mark.parametrize("name", DESIGNS)
def test_everything_stays_inside(name: str, bold) -> None:
    """Nothing of a seal lies outside the size its data states, whatever the length of the name."""
    drawing = draw_seal(DESIGNS[name], bold)
    left, top, right, bottom = bounds(drawing)
    assert left >= -0.01
    assert top >= -0.01
    assert right <= drawing.width_mm + 0.01
    assert bottom <= drawing.height_mm + 0.01


def test_png_is_red_on_a_transparent_ground(bold) -> None:
    """RGBA, the stated resolution, one colour, clear corners and a solid rim."""
    data = png(draw_seal(DESIGNS["round"], bold), dpi=300)
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    assert image.size in {(496, 496), (497, 497)}
    assert image.getpixel((2, 2))[3] == 0
    assert image.getpixel((248, 6)) == (255, 0, 0, 255)
    assert {pixel[:3] for pixel in image.get_flattened_data() if pixel[3]} == {(255, 0, 0)}
    assert len(data) < 40_000


def test_carriers_agree_and_are_deterministic(bold) -> None:
    """SVG and the nested OFD page carry the same shapes; the same design gives the same bytes."""
    drawing = draw_seal(DESIGNS["oval"], bold)
    assert svg(drawing) == svg(draw_seal(DESIGNS["oval"], bold))
    assert 'viewBox="0 0 45 32"' in svg(drawing)
    package = OfdPackage.open(ofd_package(drawing, document_id="0" * 32))
    content = package.read("Doc_0/Pages/Page_0/Content.xml").decode()
    assert content.count("<ofd:PathObject") == sum(1 for shape in drawing.shapes if shape)
    assert "0 0 45 32" in content


def test_a_missing_character_is_refused(bold) -> None:
    """A seal is never drawn with a hole where a character of its name should be."""
    with pytest.raises(RefusedError) as caught:
        draw_seal(SealDesign(SealKind.ROUND, "示例\U000e0001局", "", 42, 42), bold)
    assert caught.value.code == "seal.picture-character"


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"name": "字" * 41}, {"lower_text": "字" * 21}, {"code": "1" * 21}]
)
def test_texts_have_limits(change: dict[str, str]) -> None:
    """What cannot be read on a seal is refused before anything is drawn."""
    settings = {"kind": SealKind.ROUND, "name": "局", "lower_text": "", "width_mm": 42, "height_mm": 42} | change
    with pytest.raises(RefusedError):
        SealDesign(**settings)


def test_resolution_has_limits(bold, tmp_path: Path) -> None:
    """A resolution that would make an unreadable or a huge picture is refused."""
    drawing = draw_seal(DESIGNS["round"], bold)
    for dpi in (100, 5000):
        with pytest.raises(ValueError, match="resolution"):
            png(drawing, dpi=dpi)
