"""Page layout: from boxes, texts and styles to drawn objects. Pure functions, no domain knowledge.

``style`` and ``text`` set Chinese text (``line_breaking`` and ``fitting`` do the work), ``table`` sets rows,
``frames``, ``guilloche`` and ``ornaments`` decorate, ``codes`` draws two-dimensional codes, ``outlined`` text as
shapes, and ``specimen`` shows it all on two sample documents. All lengths are millimetres on the page.
"""

from formats.layout.codes import ErrorCorrection, qr_code
from formats.layout.errors import LayoutError, OverfullError
from formats.layout.fitting import FittedText, fit
from formats.layout.frames import double_frame, filled, frame, horizontal_rule, inset, notched_frame
from formats.layout.guilloche import Waves, band, epitrochoid, ground, rosette
from formats.layout.ornaments import (
    BorderStyle,
    guilloche_border,
    ring,
    star,
    star_medallion,
    tapered_rule,
    wave_rule,
)
from formats.layout.outlined import add_glyph, outlined_text, upright_at
from formats.layout.style import Align, TextStyle, VerticalAlign, points
from formats.layout.table import Cell, LaidTable, Row, TableStyle, lay_table
from formats.layout.text import LaidText, lay_pages, lay_part, lay_text, place

__all__ = [
    "Align",
    "BorderStyle",
    "Cell",
    "ErrorCorrection",
    "FittedText",
    "LaidTable",
    "LaidText",
    "LayoutError",
    "OverfullError",
    "Row",
    "TableStyle",
    "TextStyle",
    "VerticalAlign",
    "Waves",
    "add_glyph",
    "band",
    "double_frame",
    "epitrochoid",
    "filled",
    "fit",
    "frame",
    "ground",
    "guilloche_border",
    "horizontal_rule",
    "inset",
    "lay_pages",
    "lay_part",
    "lay_table",
    "lay_text",
    "notched_frame",
    "outlined_text",
    "place",
    "points",
    "qr_code",
    "ring",
    "rosette",
    "star",
    "star_medallion",
    "tapered_rule",
    "upright_at",
    "wave_rule",
]
