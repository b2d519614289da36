"""The attributes of page objects as the schema has them (GB/T 33190-2016 Annex A, Page.xsd)."""

from __future__ import annotations

from typing import Final

from formats.gbt33190 import value_text
from formats.gbt33190.attribute_table import (
    Attribute,
    array,
    boolean,
    choice,
    extend,
    identifier,
    integer,
    number,
    table,
    text,
)
from formats.gbt33190.page_objects import Cap, FillRule, Join

_UNIT: Final = table(
    required={"boundary": "Boundary"},
    ID=identifier("object_id"),
    Boundary=Attribute("boundary", value_text.box),
    CTM=Attribute("ctm", value_text.matrix),
    Name=text("name"),
    Visible=boolean("visible"),
    DrawParam=identifier("draw_param"),
    LineWidth=number("line_width"),
    Cap=choice("cap", Cap),
    Join=choice("join", Join),
    MiterLimit=number("miter_limit"),
    DashOffset=number("dash_offset"),
    DashPattern=array("dash_pattern"),
    Alpha=integer("alpha"),
)

TEXT: Final = extend(
    _UNIT,
    required={"font": "Font", "size": "Size"},
    Font=identifier("font"),
    Size=number("size"),
    Stroke=boolean("stroke"),
    Fill=boolean("fill"),
    HScale=number("horizontal_scale"),
    ReadDirection=integer("read_direction"),
    CharDirection=integer("char_direction"),
    Weight=integer("weight"),
    Italic=boolean("italic"),
)

PATH: Final = extend(
    _UNIT,
    Stroke=boolean("stroke"),
    Fill=boolean("fill"),
    Rule=choice("rule", FillRule),
)

IMAGE: Final = extend(
    _UNIT,
    required={"resource": "ResourceID"},
    ResourceID=identifier("resource"),
    Substitution=identifier("substitution"),
    ImageMask=identifier("image_mask"),
)

COMPOSITE: Final = extend(_UNIT, required={"resource": "ResourceID"}, ResourceID=identifier("resource"))

TEXT_CODE: Final = table(
    X=number("x"),
    Y=number("y"),
    DeltaX=text("delta_x"),  # text until the length of the run is known
    DeltaY=text("delta_y"),
)

TRANSFORM: Final = table(
    required={"code_position": "CodePosition"},
    CodePosition=integer("code_position"),
    CodeCount=integer("code_count"),
    GlyphCount=integer("glyph_count"),
)

BORDER: Final = table(
    LineWidth=number("line_width"),
    HorizonalCornerRadius=number("horizontal_corner_radius"),  # the schema's own spelling
    VerticalCornerRadius=number("vertical_corner_radius"),
    DashOffset=number("dash_offset"),
    DashPattern=array("dash_pattern"),
)

COLOR: Final = table(
    Value=Attribute("value", value_text.components),
    Index=integer("index"),
    ColorSpace=identifier("color_space"),
    Alpha=integer("alpha"),
)
