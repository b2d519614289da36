"""Text drawn as shapes: no font is embedded, so nothing of it can be searched or copied.

For seal imprints and ornaments. Anything a reader must be able to extract is set with ``text`` instead.
"""

from math import cos, pi, sin

from formats.fonts import FontChain
from formats.gbt33190.drawing import BLACK, DrawnPath, PathBuilder, Rgb
from formats.gbt33190.values import Box, Matrix
from formats.layout.errors import LayoutError


def outlined_text(box: Box, text: str, fonts: FontChain, *, color: Rgb = BLACK) -> DrawnPath:
    """One line of text as a filled path, as large as the box allows and centred in it.

    Raises:
        LayoutError: The text is empty.
        MissingGlyphError: No font holds a character.
    """
    if not text:
        raise LayoutError("no text to outline")
    em = fonts.ascent + fonts.descent
    width = fonts.width(text, 1.0)
    size = min(box.width / width, box.height / em)
    x = (box.width - width * size) / 2
    baseline = (box.height - em * size) / 2 + fonts.ascent * size
    path = PathBuilder()
    for character in text:
        face = fonts.face_of(character)
        add_glyph(path, fonts, character, Matrix(size, 0, 0, size, x, baseline))
        x += face.advances[character] * size
    return DrawnPath(box, path.build(), fill=color)


def add_glyph(path: PathBuilder, fonts: FontChain, character: str, matrix: Matrix) -> None:
    """Add a glyph's outline to a path.

    Args:
        path: Receives the outline.
        fonts: The first face that holds the character draws it.
        character: One character.
        matrix: Maps em with the baseline as origin and y downwards, to the path's millimetres.

    Raises:
        MissingGlyphError: No font holds the character.
    """
    for operator, coordinates in fonts.face_of(character).outline(character):
        mapped: list[float] = []
        for index in range(0, len(coordinates), 2):
            mapped += matrix.apply(coordinates[index], -coordinates[index + 1])
        path.add(operator, mapped)


def upright_at(x: float, y: float, angle: float, size: float, stretch: float = 1.0) -> Matrix:
    """Matrix for :func:`add_glyph`: em scaled to ``size`` millimetres, turned clockwise by ``angle`` radians.

    Args:
        x: Baseline origin, millimetres.
        y: Baseline origin, millimetres.
        angle: 0 stands upright, pi / 2 lies to the right, as letters on the right of a round seal do.
        size: Height of an em, millimetres.
        stretch: Width of an em relative to its height.
    """
    turned = angle % (2 * pi)
    return Matrix(
        size * stretch * cos(turned),
        size * stretch * sin(turned),
        -size * sin(turned),
        size * cos(turned),
        x,
        y,
    )
