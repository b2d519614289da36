"""PDF made here, judged by qpdf and poppler: sound structure, the same text, the same picture as PDFium's."""

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from formats.fonts import FontLibrary
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package
from formats.gbt33190.values import Box
from formats.rendering import Stamp, pdf_page_to_png, render_pdf
from tests.small_ofd import entries, layer, page, path, rectangle
from tests.tiny_fonts import cff, truetype

pytestmark = pytest.mark.peer

STOPS = '<ofd:Segment><ofd:Color Value="255 0 0"/></ofd:Segment><ofd:Segment><ofd:Color Value="0 0 255"/></ofd:Segment>'
TEXT = (
    '<ofd:TextObject ID="{0}" Boundary="2 2 36 26" Font="{0}" Size="4"><ofd:TextCode X="0" Y="{1}" DeltaX="5 5">A章B'
    "</ofd:TextCode></ofd:TextObject>"
)


def _everything() -> OfdPackage:
    """A page with each construction of PDF the renderer uses."""
    corners = "".join(
        f'<ofd:Point X="{x}" Y="{y}" EdgeFlag="0"><ofd:Color Value="{color}"/></ofd:Point>'
        for x, y, color in ((30, 20, "255 0 0"), (39, 20, "0 255 0"), (35, 29, "0 0 255"))
    )
    cell = path(rectangle(0, 0, 1, 1), attributes='Boundary="0 0 2 2" Fill="true" Stroke="false"')
    fills = (
        (rectangle(2, 14, 10, 4), f'<ofd:AxialShd StartPoint="2 0" EndPoint="12 0">{STOPS}</ofd:AxialShd>'),
        (
            rectangle(14, 14, 10, 10),
            f'<ofd:RadialShd StartPoint="19 19" EndPoint="19 19" EndRadius="5">{STOPS}</ofd:RadialShd>',
        ),
        (rectangle(30, 20, 9, 9), f"<ofd:GouraudShd>{corners}</ofd:GouraudShd>"),
        (
            rectangle(2, 20, 10, 8),
            f'<ofd:Pattern Width="2" Height="2"><ofd:CellContent>{cell}</ofd:CellContent></ofd:Pattern>',
        ),
    )
    shaded = "".join(path(data, inside=f"<ofd:FillColor>{fill}</ofd:FillColor>") for data, fill in fills)
    faint = '<ofd:CompositeObject ID="20" ResourceID="60" Boundary="30 2 8 8" Alpha="128"/>'
    resources = (
        '<ofd:Fonts><ofd:Font ID="5" FontName="T"><ofd:FontFile>t.ttf</ofd:FontFile></ofd:Font>'
        '<ofd:Font ID="6" FontName="C"><ofd:FontFile>c.otf</ofd:FontFile></ofd:Font></ofd:Fonts>'
        '<ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID="60" Width="9" Height="9"><ofd:Content>'
        f"{path(rectangle(0, 0, 5, 5))}</ofd:Content></ofd:CompositeGraphicUnit></ofd:CompositeGraphicUnits>"
    )
    content = page(layer(TEXT.format(5, 4) + TEXT.format(6, 10) + shaded + faint))
    files = {"Res/t.ttf": truetype(), "Res/c.otf": cff()}
    return OfdPackage.open(write_package(entries(content, resources=resources, files=files)))


def _stamp() -> Stamp:
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 128))
    target = io.BytesIO()
    image.save(target, "PNG")
    return Stamp(1, Box(24, 2, 4, 8), None, "png", target.getvalue())


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def _sample_pdfs(samples_dir: Path) -> dict[str, bytes]:
    fonts = FontLibrary([])
    names = (
        "signed/v4-invoice-a",
        "plain/y",
        "plain/pattern-fill",
        "plain/ano",
        "signed/gbt35275-two-signatures-a",
    )
    return {
        name.partition("/")[2]: render_pdf(
            OfdPackage.open((samples_dir / "ofd" / f"{name}.ofd").read_bytes()), page_numbers=[1], fonts=fonts
        ).pdf
        for name in names
    }


def _checked(pdf: bytes, folder: Path) -> None:
    file = folder / "checked.pdf"
    file.write_bytes(pdf)
    done = subprocess.run(
        [_tool("qpdf"), "--check", file], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _difference(pdf: bytes, folder: Path, dpi: int = 100) -> float:
    """Mean difference, 0 to 255, between poppler's picture of page 1 and PDFium's.

    Both are reduced to an eighth: the programs place the page a fraction of a pixel apart.
    """
    file = folder / "drawn.pdf"
    file.write_bytes(pdf)
    command = [
        _tool("pdftoppm"),
        "-r",
        str(dpi),
        "-f",
        "1",
        "-l",
        "1",
        "-png",
        "-singlefile",
        file,
        folder / "drawn",
    ]
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    theirs = Image.open(folder / "drawn.png").convert("RGB")
    ours = Image.open(io.BytesIO(pdf_page_to_png(pdf, 1, dpi))).convert("RGB")
    assert abs(theirs.width - ours.width) <= 1
    assert abs(theirs.height - ours.height) <= 1
    size = (min(theirs.width, ours.width) // 8, min(theirs.height, ours.height) // 8)
    small = [image.resize(size, Image.Resampling.BOX) for image in (theirs, ours)]
    return max(ImageStat.Stat(ImageChops.difference(*small)).mean)


def test_structure_is_sound(tmp_path: Path) -> None:
    """qpdf finds no error in a PDF that uses every construction."""
    _checked(render_pdf(_everything(), stamps=[_stamp()], fonts=FontLibrary([])).pdf, tmp_path)


def test_structure_of_samples_is_sound(samples_dir: Path, tmp_path: Path) -> None:
    """qpdf finds no error in drawings of real files."""
    for pdf in _sample_pdfs(samples_dir).values():
        _checked(pdf, tmp_path)


def test_text_is_found(tmp_path: Path) -> None:
    """poppler extracts the characters, from embedded TrueType and from drawn CFF glyphs."""
    file = tmp_path / "text.pdf"
    file.write_bytes(render_pdf(_everything(), fonts=FontLibrary([])).pdf)
    done = subprocess.run([_tool("pdftotext"), "-layout", file, "-"], capture_output=True, check=True, timeout=60)
    assert "".join(done.stdout.decode().split()) == "A章BA章B"


def test_pictures_agree(tmp_path: Path) -> None:
    """poppler draws what PDFium draws."""
    pdf = render_pdf(_everything(), stamps=[_stamp()], fonts=FontLibrary([])).pdf
    assert _difference(pdf, tmp_path, dpi=600) < 3


def test_pictures_of_samples_agree(samples_dir: Path, tmp_path: Path) -> None:
    """poppler draws real files as PDFium does, but for the smoothing of edges."""
    for name, pdf in _sample_pdfs(samples_dir).items():
        assert _difference(pdf, tmp_path) < 6, name
