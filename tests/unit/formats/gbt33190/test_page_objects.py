"""Page objects, colours and drawing attributes from XML."""

from typing import TypeVar

import pytest

from formats.errors import LimitExceededError
from formats.gbt33190.color import (
    AxialShading,
    Color,
    GouraudShading,
    MapType,
    Pattern,
    RadialShading,
    ReflectMethod,
)
from formats.gbt33190.draw_params import DrawParam, effective_style
from formats.gbt33190.page_objects import (
    Cap,
    CompositeObject,
    FillRule,
    ImageObject,
    Join,
    PageBlock,
    PathObject,
    TextObject,
)
from formats.gbt33190.values import Box, Matrix, Position
from tests.unit.formats.gbt33190.documents import page_of

T = TypeVar("T")


def only(kind: type[T], content: str) -> T:
    page = page_of(content)
    assert page.unreadable == ()
    (item,) = page.layers[0].objects
    assert isinstance(item, kind)
    return item


PATH = '<ofd:PathObject ID="2" Boundary="0 0 1 1"{}>{}<ofd:AbbreviatedData>M 0 0 L 1 1</ofd:AbbreviatedData></ofd:PathObject>'


def path(attributes: str = "", children: str = "") -> PathObject:
    return only(PathObject, PATH.format(" " + attributes, children))


def test_defaults_of_an_object() -> None:
    """What an object does not state is None where a DrawParam may state it, else the schema's default."""
    item = path()
    assert (item.stroke, item.fill, item.rule, item.alpha, item.visible) == (
        True,
        False,
        FillRule.NON_ZERO,
        255,
        True,
    )
    assert (item.line_width, item.cap, item.join, item.dash_pattern, item.fill_color) == (
        None,
        None,
        None,
        None,
        None,
    )
    assert item.data == "M 0 0 L 1 1"


def test_attributes_of_an_object() -> None:
    """Every attribute of CT_GraphicUnit is read."""
    item = path(
        'CTM="1 0 0 1 2 3" Name="n" Visible="false" DrawParam="9" LineWidth="0.5" Cap="Round" Join="Bevel" '
        'MiterLimit="2" DashOffset="1" DashPattern="1 2" Alpha="128" Rule="Even-Odd" Fill="1"'
    )
    assert (item.object_id, item.boundary, item.ctm) == (2, Box(0, 0, 1, 1), Matrix(1, 0, 0, 1, 2, 3))
    assert (item.name, item.visible, item.draw_param) == ("n", False, 9)
    assert (item.line_width, item.cap, item.join, item.miter_limit) == (0.5, Cap.ROUND, Join.BEVEL, 2.0)
    assert (item.dash_offset, item.dash_pattern, item.alpha) == (1.0, (1.0, 2.0), 128)
    assert (item.rule, item.fill) == (FillRule.EVEN_ODD, True)


def test_text() -> None:
    """Codes keep their text as written, their advances expanded, and the glyphs of the CGTransforms before them."""
    item = only(
        TextObject,
        """<ofd:TextObject ID="3" Boundary="0 0 9 9" Font="7" Size="4.5" Weight="700" Italic="true" HScale="0.8"
        CharDirection="90" ReadDirection="180" Stroke="true"><ofd:StrokeColor Value="1 2 3"/>
        <ofd:CGTransform CodePosition="0" CodeCount="2" GlyphCount="2"><ofd:Glyphs>21 22</ofd:Glyphs></ofd:CGTransform>
        <ofd:TextCode X="1" Y="2" DeltaX="g 2 1.5" DeltaY="0"> 甲乙 丙</ofd:TextCode>
        <ofd:TextCode>丁</ofd:TextCode></ofd:TextObject>""",
    )
    assert item.text == " 甲乙 丙丁"
    first, second = item.codes
    assert (first.x, first.y, first.delta_x, first.delta_y) == (1.0, 2.0, (1.5, 1.5), (0.0,))
    assert [(t.code_position, t.code_count, t.glyphs) for t in first.transforms] == [(0, 2, (21, 22))]
    assert (second.x, second.y, second.transforms) == (None, None, ())
    assert (item.weight, item.italic, item.horizontal_scale) == (700, True, 0.8)
    assert (item.char_direction, item.read_direction, item.stroke, item.fill) == (90, 180, True, True)


def test_images_composites_and_blocks() -> None:
    """Images with border and mask, composites, and blocks nested in blocks, walked in drawing order."""
    page = page_of(
        """<ofd:PageBlock ID="2"><ofd:ImageObject ID="3" Boundary="0 0 1 1" ResourceID="9" ImageMask="8" Substitution="7">
        <ofd:Border LineWidth="1" HorizonalCornerRadius="2" DashPattern="1 1"><ofd:BorderColor Value="1 1 1"/></ofd:Border>
        </ofd:ImageObject><ofd:PageBlock ID="4"><ofd:CompositeObject ID="5" Boundary="0 0 1 1" ResourceID="6"/>
        </ofd:PageBlock></ofd:PageBlock><ofd:Unknown/><ofd:CompositeObject ID="6" Boundary="0 0 1 1" ResourceID="6"/>"""
    )
    objects = list(page.objects())
    assert [type(item) for item in objects] == [
        PageBlock,
        ImageObject,
        PageBlock,
        CompositeObject,
        CompositeObject,
    ]
    assert [item.object_id for item in objects] == [2, 3, 4, 5, 6]
    image = objects[1]
    assert isinstance(image, ImageObject)
    assert (image.resource, image.image_mask, image.substitution) == (9, 8, 7)
    assert image.border is not None
    assert (image.border.line_width, image.border.horizontal_corner_radius) == (1.0, 2.0)
    assert image.border.color == Color((1.0, 1.0, 1.0))


def test_clips() -> None:
    """A clip is areas of a path or a text, each under its own matrix."""
    clips = """<ofd:Clips TransFlag="false"><ofd:Clip><ofd:Area DrawParam="4" CTM="1 0 0 1 5 5">
    <ofd:Path Boundary="0 0 2 2"><ofd:AbbreviatedData>M 0 0</ofd:AbbreviatedData></ofd:Path></ofd:Area>
    <ofd:Area><ofd:Text Boundary="0 0 2 2" Font="1" Size="2"><ofd:TextCode>a</ofd:TextCode></ofd:Text></ofd:Area>
    </ofd:Clip></ofd:Clips>"""
    item = path(children=clips)
    ((first, second),) = (clip.areas for clip in item.clips)
    assert isinstance(first.shape, PathObject)
    assert (first.draw_param, first.ctm) == (4, Matrix(1, 0, 0, 1, 5, 5))
    assert isinstance(second.shape, TextObject)
    assert item.clips_transformed is False


def fill(inside: str, attributes: str = "") -> Color:
    color = path(children=f"<ofd:FillColor {attributes}>{inside}</ofd:FillColor>").fill_color
    assert color is not None
    return color


def test_plain_colours() -> None:
    """Components as written, decimal or hexadecimal; palette index; alpha held between 0 and 255."""
    assert fill("", 'Value="255 0 10" ColorSpace="5" Alpha="40"') == Color((255.0, 0.0, 10.0), None, 5, 40)
    assert fill("", 'Value="#ff #0 #a"') == Color((255.0, 0.0, 10.0))
    assert fill("", 'Index="3"') == Color(None, 3)
    assert fill("", 'Alpha="300"').alpha == 255
    assert fill("", 'Alpha="-1"').alpha == 0


def test_patterns_and_shadings() -> None:
    """Patterns with their cell, axial, radial and both Gouraud shadings."""
    cell = f"<ofd:CellContent>{PATH.format('', '')}</ofd:CellContent>"
    pattern = fill(f'<ofd:Pattern Width="5" Height="6" XStep="7" ReflectMethod="Row">{cell}</ofd:Pattern>').shading
    assert isinstance(pattern, Pattern)
    assert (pattern.width, pattern.x_step, pattern.y_step, pattern.reflect_method) == (
        5,
        7,
        None,
        ReflectMethod.ROW,
    )
    assert isinstance(pattern.content[0], PathObject)
    stop = '<ofd:Segment Position="{}"><ofd:Color Value="{} 0 0"/></ofd:Segment>'
    stops = stop.format(0, 1) + stop.format(1, 2)
    axial = fill(
        f'<ofd:AxialShd StartPoint="0 0" EndPoint="1 2" MapType="Repeat" Extend="3">{stops}</ofd:AxialShd>'
    ).shading
    assert isinstance(axial, AxialShading)
    assert (axial.end, axial.map_type, axial.extend, axial.segments[1].color.value) == (
        Position(1, 2),
        MapType.REPEAT,
        3,
        (2.0, 0.0, 0.0),
    )
    radial = fill(f'<ofd:RadialShd StartPoint="0 0" EndPoint="1 2" EndRadius="9">{stops}</ofd:RadialShd>').shading
    assert isinstance(radial, RadialShading)
    assert (radial.start_radius, radial.end_radius, len(radial.segments)) == (0.0, 9.0, 2)
    corner = '<ofd:Point X="{}" Y="0" EdgeFlag="1"><ofd:Color Value="0"/></ofd:Point>'
    corners = "".join(corner.format(i) for i in range(4))
    mesh = fill(f"<ofd:GouraudShd>{corners}<ofd:BackColor Value='7'/></ofd:GouraudShd>").shading
    assert isinstance(mesh, GouraudShading)
    assert (len(mesh.points), mesh.points[2].x, mesh.back_color, mesh.vertices_per_row) == (
        4,
        2.0,
        Color((7.0,)),
        None,
    )
    lattice = fill(f'<ofd:LaGourandShd VerticesPerRow="2">{corners}</ofd:LaGourandShd>').shading
    assert isinstance(lattice, GouraudShading)
    assert lattice.vertices_per_row == 2


BROKEN = {
    "no boundary": '<ofd:PathObject ID="9"><ofd:AbbreviatedData>M</ofd:AbbreviatedData></ofd:PathObject>',
    "no path": '<ofd:PathObject ID="9" Boundary="0 0 1 1"/>',
    "no resource": '<ofd:ImageObject ID="9" Boundary="0 0 1 1"/>',
    "infinite size": '<ofd:TextObject ID="9" Boundary="0 0 1 1" Font="1" Size="INF"/>',
    "glyph of nothing": '<ofd:TextObject ID="9" Boundary="0 0 1 1" Font="1" Size="1"><ofd:CGTransform CodePosition="0"/></ofd:TextObject>',
    "glyph out of range": '<ofd:TextObject ID="9" Boundary="0 0 1 1" Font="1" Size="1"><ofd:CGTransform CodePosition="0">'
    "<ofd:Glyphs>70000</ofd:Glyphs></ofd:CGTransform><ofd:TextCode>a</ofd:TextCode></ofd:TextObject>",
    "two fillings": PATH.format("", "<ofd:FillColor><ofd:Pattern/><ofd:AxialShd/></ofd:FillColor>").replace(
        '"2"', '"9"'
    ),
    "clip of nothing": PATH.format("", "<ofd:Clips><ofd:Clip><ofd:Area/></ofd:Clip></ofd:Clips>").replace(
        '"2"', '"9"'
    ),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_an_unreadable_object_is_listed_and_hides_no_other(content: str) -> None:
    """Whoever judges the page sees that one object is missing, and why."""
    page = page_of(PATH.format("", "") + content + PATH.format("", ""))
    assert len(page.layers[0].objects) == 2
    ((element, object_id),) = ((item.element, item.object_id) for item in page.unreadable)
    assert (element in content, object_id) == (True, "9")


def test_nesting_of_blocks_patterns_and_clips_is_bounded() -> None:
    """Deep nesting raises the limit instead of exhausting the stack."""
    blocks = "<ofd:PageBlock>" * 60 + "</ofd:PageBlock>" * 60
    cell = '<ofd:FillColor><ofd:Pattern Width="1" Height="1"><ofd:CellContent>{}</ofd:CellContent></ofd:Pattern></ofd:FillColor>'
    patterns = PATH.format("", "")
    clips = PATH.format("", "")
    for _ in range(30):
        patterns = PATH.format("", cell.format(patterns))
        inner = clips.replace("PathObject", "Path")
        clips = PATH.format("", f"<ofd:Clips><ofd:Clip><ofd:Area>{inner}</ofd:Area></ofd:Clip></ofd:Clips>")
    for content in (blocks, patterns, clips):
        with pytest.raises(LimitExceededError):
            page_of(content)


def test_an_error_deep_inside_leaves_the_depth_as_it_was() -> None:
    """Many objects that fail inside a clip or pattern do not add up to a depth."""
    bad = PATH.format("", "<ofd:Clips><ofd:Clip><ofd:Area><ofd:Path/></ofd:Area></ofd:Clip></ofd:Clips>")
    page = page_of(bad * 100 + PATH.format("", ""))
    assert (len(page.unreadable), len(page.layers[0].objects)) == (100, 1)


def test_effective_style() -> None:
    """The object's own attribute wins, then its DrawParam and what that is relative to, then the layer's."""
    red, blue = Color((255.0, 0.0, 0.0)), Color((0.0, 0.0, 255.0))
    params = {
        1: DrawParam(1, relative=2, line_width=1.0),
        2: DrawParam(2, relative=1, cap=Cap.SQUARE, line_width=2.0, fill_color=red),
        3: DrawParam(3, join=Join.ROUND, cap=Cap.ROUND, stroke_color=blue, dash_pattern=(1.0,)),
    }
    style = effective_style(path('DrawParam="1" MiterLimit="9"'), params, layer_param=3)
    assert (style.line_width, style.cap, style.join, style.miter_limit) == (1.0, Cap.SQUARE, Join.ROUND, 9.0)
    assert (style.fill_color, style.stroke_color, style.dash_pattern, style.dash_offset) == (
        red,
        blue,
        (1.0,),
        0.0,
    )
    plain = effective_style(path(children='<ofd:FillColor Value="0 0 255"/>'), params)
    assert (plain.line_width, plain.miter_limit, plain.fill_color, plain.stroke_color) == (
        0.353,
        4.234,
        blue,
        None,
    )
    assert effective_style(path('DrawParam="99"'), params) == effective_style(path(), {})


def test_repeated_deltas_cost_no_more_than_the_text() -> None:
    """Ten octets that ask for two billion advances yield as many as there are characters, or glyphs."""
    code = '<ofd:TextObject Boundary="0 0 1 1" Font="1" Size="1">{}<ofd:TextCode DeltaX="g 2000000000 1">abc</ofd:TextCode></ofd:TextObject>'
    assert only(TextObject, code.format("")).codes[0].delta_x == (1.0, 1.0, 1.0)
    glyphs = '<ofd:CGTransform CodePosition="0"><ofd:Glyphs>1 2 3 4 5</ofd:Glyphs></ofd:CGTransform>'
    assert len(only(TextObject, code.format(glyphs)).codes[0].delta_x) == 5
    broken = code.format("").replace("g 2000000000 1", "g 1")
    assert only(TextObject, broken).codes[0].delta_x == ()


def test_too_many_unreadable_objects_stop_the_page() -> None:
    """A page of nothing but broken objects is a limit, not a list without end."""
    with pytest.raises(LimitExceededError):
        page_of("<ofd:TextObject/>" * 1001)


def test_an_object_with_very_many_attributes_is_unreadable() -> None:
    """Listing 100,000 attributes of one element would take minutes."""
    attributes = " ".join(f'a{index}="1"' for index in range(100_000))
    page = page_of(f"<ofd:TextObject {attributes}/>")
    assert [item.reason.split(" in ")[0] for item in page.unreadable] == ["more than 128 attributes"]
