"""Pages: order of layers and templates, annotations, composites, what is missing, what it may cost."""

from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest

from formats.errors import MalformedDataError
from formats.fonts import FontLibrary
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package
from formats.rendering import (
    Left,
    Omission,
    RenderingTooCostlyError,
    RenderLimits,
    pdf_page_to_png,
    render_pdf,
    render_png,
)
from tests.small_ofd import XMLNS, entries, layer, near, package, page, path, rectangle

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
WHOLE = rectangle(0, 0, 40, 30)


def _paint(color: str, data: str = WHOLE) -> str:
    return path(data, inside=f'<ofd:FillColor Value="{color}"/>')


def _open(*pages: str, **options: Any) -> OfdPackage:
    return OfdPackage.open(write_package(entries(*pages, **options)))


def _whats(omissions: tuple[Omission, ...]) -> list[Left]:
    return [omission.what for omission in omissions]


def test_layers_lie_by_type(show: Callable[..., Any]) -> None:
    """Background, body, foreground, whatever their order in the file; equal ones in file order."""
    layers = [
        layer(_paint("255 0 0", rectangle(0, 0, 10, 30)), kind="Foreground"),
        layer(_paint("0 255 0", rectangle(0, 0, 20, 30))),
        layer(_paint("0 0 255", rectangle(5, 0, 25, 30)), kind="Background"),
        layer(_paint("0 0 0", rectangle(15, 0, 5, 30)), kind="Custom"),
    ]
    shown = show(_open(page("".join(layers))))
    assert [shown.at(x, 15) for x in (7, 13, 17, 25)] == [RED, GREEN, BLACK, BLUE]


@pytest.mark.parametrize(("order", "color"), [("Background", RED), ("Foreground", BLUE)])
def test_templates_lie_below_or_above(show: Callable[..., Any], order: str, color: tuple[int, int, int]) -> None:
    """A template page is drawn under or over all of the page's layers, as the page says."""
    use = f'<ofd:Template TemplateID="50" ZOrder="{order}"/>'
    front = page(layer(_paint("255 0 0"), kind="Background"), before=use)
    template = page(layer(_paint("0 0 255", rectangle(0, 0, 20, 30)), kind="Foreground"))
    source = _open(
        front,
        front,
        common='<ofd:TemplatePage ID="50" BaseLoc="Tpl.xml"/>',
        files={"Tpl.xml": template.encode()},
    )
    for number in (1, 2):
        shown = show(source, number)
        assert (shown.at(10, 15), shown.at(30, 15)) == (color, RED)


def test_missing_template_is_named(show: Callable[..., Any]) -> None:
    """A template that does not exist, or whose part does not, is named; the page is drawn."""
    use = '<ofd:Template TemplateID="50"/><ofd:Template TemplateID="51"/>'
    shown = show(
        _open(page(layer(_paint("255 0 0")), before=use), common='<ofd:TemplatePage ID="51" BaseLoc="No.xml"/>')
    )
    assert shown.at(10, 10) == RED
    assert [(omission.what, omission.detail) for omission in shown.omissions] == [
        (Left.TEMPLATE_MISSING, "50"),
        (Left.TEMPLATE_MISSING, "51"),
    ]


def test_page_area_overrides(show: Callable[..., Any]) -> None:
    """A page's own box counts; its corner is the page's corner."""
    area = "<ofd:Area><ofd:PhysicalBox>10 5 20 10</ofd:PhysicalBox></ofd:Area>"
    shown = show(_open(page(layer(_paint("0 0 0", rectangle(12, 6, 5, 5))), before=area)))
    assert shown.image.size == (200, 100)
    assert shown.ink_box() == near(2, 1, 7, 6)


def test_page_without_size_is_a4(no_fonts: FontLibrary) -> None:
    """An empty box is none."""
    png, _ = render_png(_open(page(""), box="0 0 0 0"), 1, 25.4, fonts=no_fonts)
    assert png[16:24] == (210).to_bytes(4, "big") + (297).to_bytes(4, "big")


def _annotated(appearance: str, attributes: str = "") -> OfdPackage:
    annotation = (
        f'<ofd:PageAnnot {XMLNS}><ofd:Annot ID="80" Type="Watermark" Creator="c" LastModDate="2026-01-01" {attributes}>'
        f"{appearance}</ofd:Annot></ofd:PageAnnot>"
    )
    listed = f'<ofd:Annotations {XMLNS}><ofd:Page PageID="1"><ofd:FileLoc>A1.xml</ofd:FileLoc></ofd:Page></ofd:Annotations>'
    return _open(
        page(layer(_paint("255 0 0", rectangle(0, 0, 20, 30)))),
        root="<ofd:Annotations>A.xml</ofd:Annotations>",
        files={"A.xml": listed.encode(), "A1.xml": annotation.encode()},
    )


def test_annotations_lie_above(show: Callable[..., Any]) -> None:
    """An annotation is drawn over the page in the space of its boundary, which clips it."""
    source = _annotated(f'<ofd:Appearance Boundary="10 10 8 5">{_paint("0 0 255")}</ofd:Appearance>')
    shown = show(source)
    assert [shown.at(x, 12) for x in (9, 11, 17, 19)] == [RED, BLUE, BLUE, RED]
    assert shown.at(11, 16) == RED


def test_invisible_annotations(show: Callable[..., Any]) -> None:
    """Visible=false is not drawn."""
    source = _annotated(
        f'<ofd:Appearance Boundary="10 10 8 5">{_paint("0 0 255")}</ofd:Appearance>', 'Visible="false"'
    )
    assert show(source).at(11, 12) == RED


def test_missing_annotations_are_named(show: Callable[..., Any]) -> None:
    """An annotation list that is not there, and a file of one that is not, are named."""
    shown = show(_open(page(layer(_paint("255 0 0"))), root="<ofd:Annotations>No.xml</ofd:Annotations>"))
    assert _whats(shown.omissions) == [Left.ANNOTATIONS_UNREADABLE]
    listed = f'<ofd:Annotations {XMLNS}><ofd:Page PageID="1"><ofd:FileLoc>No.xml</ofd:FileLoc></ofd:Page></ofd:Annotations>'
    shown = show(
        _open(page(""), root="<ofd:Annotations>A.xml</ofd:Annotations>", files={"A.xml": listed.encode()})
    )
    assert _whats(shown.omissions) == [Left.ANNOTATIONS_UNREADABLE]


# ------------------------------------------------------------------ composites


def _unit(number: int, objects: str) -> str:
    return (
        f'<ofd:CompositeGraphicUnit ID="{number}" Width="10" Height="10"><ofd:Content>{objects}</ofd:Content>'
        "</ofd:CompositeGraphicUnit>"
    )


def _composite(number: int, attributes: str = 'Boundary="5 5 20 10"') -> str:
    return f'<ofd:CompositeObject ID="20" ResourceID="{number}" {attributes}/>'


def test_composite(show: Callable[..., Any]) -> None:
    """A composite draws its unit under its matrix, inside its boundary; alpha holds for the whole."""
    units = f"<ofd:CompositeGraphicUnits>{_unit(60, _paint('0 0 0', rectangle(0, 0, 4, 4)) * 2)}</ofd:CompositeGraphicUnits>"
    source = package(_composite(60, 'Boundary="5 5 6 20" CTM="2 0 0 1 0 0"'), resources=units)
    assert show(source).ink_box() == near(5, 5, 11, 9)
    faint = package(_composite(60, 'Boundary="5 5 20 20" Alpha="128"'), resources=units)
    assert show(faint).at(7, 7)[0] in range(125, 131)


def test_composites_that_hold_themselves_end(show: Callable[..., Any]) -> None:
    """A unit that draws itself is followed to a depth and named."""
    units = f"<ofd:CompositeGraphicUnits>{_unit(60, _composite(60) + _composite(60))}</ofd:CompositeGraphicUnits>"
    shown = show(package(_composite(60), resources=units))
    assert _whats(shown.omissions) == [Left.NESTED_TOO_DEEP]


def test_missing_resources_are_named(show: Callable[..., Any]) -> None:
    """Unknown units, pictures and resource files are named where they are used."""
    image = '<ofd:ImageObject ID="8" Boundary="5 5 20 10" ResourceID="3"/>'
    shown = show(package(image + _composite(60)))
    assert [(omission.what, omission.detail) for omission in shown.omissions] == [
        (Left.RESOURCE_MISSING, "composite unit 60"),
        (Left.RESOURCE_MISSING, "picture 3"),
    ]


def test_unreadable_objects_are_named(show: Callable[..., Any]) -> None:
    """An object without what it must have is named, the others are drawn."""
    shown = show(package('<ofd:ImageObject ID="8" Boundary="0 0 1 1"/>' + _paint("255 0 0")))
    assert shown.at(10, 10) == RED
    assert shown.omissions == (Omission(Left.OBJECT_UNREADABLE, "Doc_0/Pages/0.xml#8", "ImageObject"),)


# ------------------------------------------------------------------ documents


def test_pages_and_numbers(no_fonts: FontLibrary) -> None:
    """Pages come in the order asked for; a page that does not exist is the caller's mistake."""
    source = _open(page(layer(_paint("255 0 0"))), page(layer(_paint("0 0 255"))))
    assert render_pdf(source, fonts=no_fonts).page_count == 2
    assert render_pdf(source, page_numbers=[2, 1, 2], fonts=no_fonts).page_count == 3
    for numbers in ([0], [3], []):
        with pytest.raises(ValueError, match="pages are numbered 1 to 2"):
            render_pdf(source, page_numbers=numbers, fonts=no_fonts)
    with pytest.raises(ValueError, match="no document body"):
        render_pdf(source, body=1, fonts=no_fonts)


def test_equal_input_gives_equal_octets(no_fonts: FontLibrary) -> None:
    """No clock and no chance."""
    source = package(_paint("255 0 0"))
    assert render_pdf(source, fonts=no_fonts).pdf == render_pdf(source, fonts=no_fonts).pdf


def test_title_and_size(no_fonts: FontLibrary) -> None:
    """The PDF carries the document's title; its pages have the physical size."""
    document = pypdfium2.PdfDocument(render_pdf(package(_paint("255 0 0")), fonts=no_fonts).pdf)
    try:
        assert document.get_metadata_value("Title") == "题目"
        assert document[0].get_size() == pytest.approx((40 / 25.4 * 72, 30 / 25.4 * 72), abs=1e-3)
    finally:
        document.close()


def test_damaged_documents_raise(no_fonts: FontLibrary) -> None:
    """Without main part, document or page there is nothing to draw."""
    for name in ("OFD.xml", "Doc_0/Document.xml", "Doc_0/Pages/0.xml"):
        broken = entries(page("")) | {name: b"<"}
        with pytest.raises(MalformedDataError):
            render_pdf(OfdPackage.open(write_package(broken)), fonts=no_fonts)
    empty = entries()
    with pytest.raises(MalformedDataError):
        render_pdf(OfdPackage.open(write_package(empty)), fonts=no_fonts)


# ------------------------------------------------------------------ costs


@pytest.mark.parametrize(
    ("limits", "objects"),
    [
        (RenderLimits(objects=50), _paint("255 0 0", rectangle(0, 0, 1, 1)) * 51),
        (RenderLimits(segments=50), _paint("255 0 0", " ".join(["M 0 0 L 1 1"] * 26))),
        (RenderLimits(painted_area=9.5), _paint("255 0 0") * 10),
        (
            RenderLimits(glyphs=10),
            '<ofd:TextObject ID="7" Boundary="0 0 9 9" Font="5" Size="4"><ofd:TextCode X="0" Y="4" DeltaX="1">'
            + "一" * 11
            + "</ofd:TextCode></ofd:TextObject>",
        ),
        (RenderLimits(pages=0), ""),
    ],
)
def test_costs_are_bounded(no_fonts: FontLibrary, limits: RenderLimits, objects: str) -> None:
    """Each limit stops the whole rendering with its own error."""
    with pytest.raises(RenderingTooCostlyError):
        render_pdf(package(objects), fonts=no_fonts, limits=limits)


def test_costs_of_repetition_are_counted(no_fonts: FontLibrary) -> None:
    """Units that draw units twice, ten deep, are a thousand objects."""
    units = "".join(_unit(60 + level, _composite(61 + level) * 2) for level in range(10))
    resources = f"<ofd:CompositeGraphicUnits>{units}{_unit(70, _paint('0 0 0'))}</ofd:CompositeGraphicUnits>"
    source = package(_composite(60), resources=resources)
    with pytest.raises(RenderingTooCostlyError):
        render_pdf(source, fonts=no_fonts, limits=RenderLimits(objects=1000))


def test_omissions_are_bounded(no_fonts: FontLibrary) -> None:
    """A page of ten thousand faults lists some."""
    faults = "".join(
        f'<ofd:ImageObject ID="{number}" Boundary="0 0 1 1" ResourceID="3"/>' for number in range(1, 2000)
    )
    assert len(render_pdf(package(faults), fonts=no_fonts).omissions) == RenderLimits().omissions


def test_pixels_of_a_page_are_bounded(no_fonts: FontLibrary) -> None:
    """A page of five metres at high resolution is refused before it is drawn."""
    source = _open(page(""), box="0 0 5000 5000")
    with pytest.raises(RenderingTooCostlyError):
        render_png(source, 1, 300, fonts=no_fonts)
    pdf = render_pdf(source, fonts=no_fonts).pdf
    for dpi in (0, 0.5, 1201, float("nan")):
        with pytest.raises(ValueError, match="resolutions"):
            pdf_page_to_png(pdf, 1, dpi)
    with pytest.raises(ValueError, match="pages are numbered"):
        pdf_page_to_png(pdf, 2, 10)
    with pytest.raises(ValueError, match="not a PDF"):
        pdf_page_to_png(b"no PDF", 1, 10)


def test_huge_numbers_are_drawn_or_cut(show: Callable[..., Any]) -> None:
    """Coordinates and matrices at the edge of what is read lead to no error."""
    extreme = 'Boundary="-1000000000 -1000000000 1000000000 1000000000" CTM="1e9 -1e9 1e9 1e9 -1e9 1e9"'
    objects = path("M -1e9 -1e9 L 1e9 1e9 A 1e9 1e-9 45 1 0 0 0 B 0 0 1e9 0 0 1e9 C", attributes=extreme)
    nested = path(WHOLE, attributes='Boundary="0 0 40 30" CTM="0 0 0 0 0 0" LineWidth="-3"')
    assert show(package(objects + nested)).omissions == ()
