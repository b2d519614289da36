"""Drawing: whatever a page says, the answer is a PDF that opens, or MalformedDataError."""

import hypothesis.strategies as st
import pypdfium2
from hypothesis import HealthCheck, given, settings

from formats.errors import MalformedDataError
from formats.fonts import FontLibrary
from formats.gbt33190.package import OfdPackage
from formats.rendering import RenderLimits, render_pdf
from formats.rendering.bare_cff import as_font_file
from formats.rendering.jbig2 import FILE_START, decode_jbig2
from formats.rendering.path_reading import read_path
from tests.small_ofd import package, rectangle
from tests.tiny_fonts import cff, truetype

NO_FONTS = FontLibrary([])
LIMITS = RenderLimits(objects=2000, glyphs=2000, segments=20_000, pattern_cells=200, painted_area=500)
FONTS = (
    '<ofd:Fonts><ofd:Font ID="5" FontName="T"><ofd:FontFile>t.ttf</ofd:FontFile></ofd:Font></ofd:Fonts>'
    '<ofd:MultiMedias><ofd:MultiMedia ID="3" Type="Image"><ofd:MediaFile>p.png</ofd:MediaFile></ofd:MultiMedia>'
    "</ofd:MultiMedias>"
)

numbers = st.one_of(
    st.sampled_from(["0", "1", "-1", "40", "1e9", "-1e9", "0.0001", "90"]),
    st.floats(-100, 100).map(lambda value: f"{value:.3f}"),
)
operators = st.sampled_from(["S", "M", "L", "Q", "B", "A", "C", "Z", ""])
path_data = st.lists(st.one_of(numbers, operators), max_size=60).map(" ".join)


def _array(count: int) -> st.SearchStrategy[str]:
    return st.lists(numbers, min_size=count, max_size=count).map(" ".join)


colors = st.one_of(
    _array(3).map(lambda value: f'<ofd:FillColor Value="{value}"/>'),
    st.tuples(_array(2), _array(2), st.sampled_from(["Direct", "Repeat", "Reflect"])).map(
        lambda parts: (
            f'<ofd:FillColor><ofd:AxialShd StartPoint="{parts[0]}" EndPoint="{parts[1]}" MapType="{parts[2]}">'
            '<ofd:Segment><ofd:Color Value="9 9 9"/></ofd:Segment></ofd:AxialShd></ofd:FillColor>'
        )
    ),
    st.tuples(_array(2), _array(2), numbers, numbers).map(
        lambda parts: (
            f'<ofd:FillColor><ofd:RadialShd StartPoint="{parts[0]}" EndPoint="{parts[1]}" EndRadius="{parts[2]}"'
            f' Eccentricity="{parts[3]}"><ofd:Segment><ofd:Color Value="9 9 9"/></ofd:Segment></ofd:RadialShd></ofd:FillColor>'
        )
    ),
    st.tuples(numbers, numbers, _array(6)).map(
        lambda parts: (
            f'<ofd:FillColor><ofd:Pattern Width="{parts[0]}" Height="{parts[1]}" CTM="{parts[2]}">'
            "<ofd:CellContent/></ofd:Pattern></ofd:FillColor>"
        )
    ),
)
common = st.tuples(_array(4), _array(6), numbers, st.integers(0, 255)).map(
    lambda parts: f'Boundary="{parts[0]}" CTM="{parts[1]}" LineWidth="{parts[2]}" Alpha="{parts[3]}"'
)
paths = st.tuples(common, colors, path_data).map(
    lambda parts: (
        f'<ofd:PathObject ID="1" Fill="true" DashPattern="1 2" {parts[0]}>{parts[1]}'
        f"<ofd:AbbreviatedData>{parts[2]}</ofd:AbbreviatedData></ofd:PathObject>"
    )
)
texts = st.tuples(
    common, numbers, st.text("AB章 𠀀", max_size=6), st.lists(numbers, max_size=6).map(" ".join)
).map(
    lambda parts: (
        f'<ofd:TextObject ID="2" Font="5" Size="{parts[1]}" {parts[0]}>'
        f'<ofd:TextCode X="0" Y="5" DeltaX="{parts[3]}">{parts[2]}</ofd:TextCode></ofd:TextObject>'
    )
)
images = common.map(lambda attributes: f'<ofd:ImageObject ID="4" ResourceID="3" {attributes}/>')


def _draws(source: OfdPackage) -> None:
    try:
        rendered = render_pdf(source, fonts=NO_FONTS, limits=LIMITS)
    except MalformedDataError:
        return
    document = pypdfium2.PdfDocument(rendered.pdf)
    try:
        assert len(document) == rendered.page_count
        document[0].render(scale=0.5)
    finally:
        document.close()


@given(st.lists(st.one_of(paths, texts, images), max_size=5).map("".join), st.binary(max_size=60))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_objects(objects: str, picture: bytes) -> None:
    """Objects with any numbers, also the largest, lead to a PDF or to MalformedDataError."""
    _draws(package(objects, resources=FONTS, files={"Res/t.ttf": truetype(), "Res/p.png": picture}))


@given(
    st.sampled_from([truetype(), cff()]), st.lists(st.tuples(st.integers(0, 699), st.integers(0, 255)), max_size=8)
)
@settings(max_examples=100, deadline=None)
def test_damaged_fonts(font: bytes, damage: list[tuple[int, int]]) -> None:
    """A font with any octets changed is drawn, replaced, or its text left out."""
    data = bytearray(font)
    for position, value in damage:
        data[position % len(data)] = value
    text = (
        '<ofd:TextObject ID="2" Boundary="0 0 40 30" Font="5" Size="4"><ofd:CGTransform CodePosition="0" CodeCount="2"'
        ' GlyphCount="2"><ofd:Glyphs>1 2</ofd:Glyphs></ofd:CGTransform>'
        '<ofd:TextCode X="0" Y="5" DeltaX="4">AB</ofd:TextCode></ofd:TextObject>'
    )
    _draws(package(text, resources=FONTS, files={"Res/t.ttf": bytes(data), "Res/p.png": b""}))


@given(st.text(max_size=60) | path_data)
def test_any_path_data(data: str) -> None:
    """Any text is read as path data as far as it goes, and segments have their coordinates."""
    counts = {"M": 2, "L": 2, "B": 6, "C": 0}
    segments, _ = read_path(data)
    assert all(len(values) == counts[operator] for operator, values in segments)
    assert not segments or segments[0][0] == "M"


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 30), st.integers(1, 30))
def test_rectangles_read_back(x: int, y: int, width: int, height: int) -> None:
    """Corners come back in order."""
    segments, fault = read_path(rectangle(x, y, width, height))
    assert fault is None
    assert [values for _, values in segments] == [
        (x, y),
        (x + width, y),
        (x + width, y + height),
        (x, y + height),
        (),
    ]


@given(st.binary(max_size=120))
def test_any_octets(data: bytes) -> None:
    """Random font programs and JBIG2 files are malformed, nothing else."""
    for read in (
        lambda: as_font_file(b"\x01\x00\x04\x01" + data),
        lambda: decode_jbig2(FILE_START + b"\x01\x00\x00\x00\x01" + data, max_pixels=500),
    ):
        try:
            read()
        except MalformedDataError:
            continue
