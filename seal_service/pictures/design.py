"""How a seal looks: rim, name along the rim, star, text across the lower part.

The name is set clockwise from lower left to lower right along the inner rim, as 国发〔1999〕25号 asks; its
characters are narrowed as the name grows, so that 4 to 40 characters fill the arc evenly. Line weights and the
star's size are common practice (rim 1.2 mm and star 14 mm on a 42 mm seal) scaled to the seal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

from seal_service.errors import RefusedError
from seal_service.model import SealKind
from seal_service.pictures.shapes import Affine, Drawing, EllipsePath, Segment, ellipse, frame, ring, star

RED: Final = (255, 0, 0)
_REFERENCE: Final = 42.0
"""Millimetres of the seal the proportions are given for."""
_LONGEST_NAME: Final = 40


class GlyphSource(Protocol):
    """Where outlines of characters come from; ``formats.fonts.FontFace`` is one."""

    def outline(self, character: str) -> tuple[Segment, ...]:
        """Outline in em, y up, advance direction +x.

        Raises:
            LookupError: The face lacks the character.
        """

    def width(self, text: str, size: float) -> float:
        """Advance width of ``text`` at ``size``."""


@dataclass(frozen=True, slots=True)
class SealDesign:
    """What to draw.

    Attributes:
        kind: Outward shape.
        name: Text along the rim; for a rectangular seal, its lines.
        lower_text: Text across the lower part, or empty.
        width_mm: Width of the picture.
        height_mm: Height of the picture.
        code: Digits along the lower rim, or empty.
        colour: Red, green, blue.
    """

    kind: SealKind
    name: str
    lower_text: str
    width_mm: float
    height_mm: float
    code: str = ""
    colour: tuple[int, int, int] = RED

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= _LONGEST_NAME:
            raise RefusedError(f"a seal name has 1 to {_LONGEST_NAME} characters", code="seal.picture-name")
        if len(self.lower_text) > 20 or len(self.code) > 20:
            raise RefusedError("lower text and code have at most 20 characters", code="seal.picture-text")


def draw_seal(design: SealDesign, glyphs: GlyphSource) -> Drawing:
    """Shapes of a seal.

    Args:
        design: What to draw.
        glyphs: A bold face with all its characters.

    Raises:
        RefusedError: A character is not in the face.
    """
    try:
        draw = _rectangular if design.kind is SealKind.RECTANGULAR else _rimmed
        shapes = draw(design, glyphs)
    except LookupError as exc:
        raise RefusedError(f"the seal cannot be drawn: {exc}", code="seal.picture-character") from exc
    return Drawing(design.width_mm, design.height_mm, tuple(shapes), design.colour)


def _rimmed(design: SealDesign, glyphs: GlyphSource) -> list[tuple[Segment, ...]]:
    """Round and oval seals."""
    rx, ry = design.width_mm / 2, design.height_mm / 2
    scale = min(rx, ry) * 2 / _REFERENCE
    rim = 1.2 * scale
    shapes = [ring(rx, ry, rx, ry, rim)]
    if design.kind is SealKind.OVAL:
        # A second, thin line inside the rim is customary for oval seals.
        shapes.append(ring(rx, ry, rx - rim - 0.5 * scale, ry - rim - 0.5 * scale, 0.25 * scale))
        rim += 0.75 * scale
    count = len(design.name)
    height = scale * (5.8 if count <= 8 else 5.2 if count <= 14 else 4.7 if count <= 22 else 4.0)
    inset = rim + 0.9 * scale
    path = EllipsePath(rx, ry, rx - inset - height / 2, ry - inset - height / 2)
    lower = bool(design.code)
    share = min(0.70 if lower else 0.76, 0.075 * count + 0.06)
    shapes += _on_path(design.name, glyphs, path, height=height, share=share)
    if design.code:
        digits = EllipsePath(rx, ry, rx - rim - 1.6 * scale, ry - rim - 1.6 * scale)
        shapes += _on_path(design.code, glyphs, digits, height=1.5 * scale, share=0.16, upward=True)
    if design.kind is SealKind.ROUND:
        shapes.append(star(rx, ry - (0.4 * scale if design.lower_text else 0), 7.0 * scale))
        if design.lower_text:
            room = (2 * rx - 2 * inset) * 0.56
            shapes += _line(design.lower_text, glyphs, rx, ry + 11.2 * scale, room, 4.0 * scale)
    elif design.lower_text:
        room = 2 * (rx - inset - height) * 0.92
        shapes += _line(design.lower_text, glyphs, rx, ry + 0.4 * scale, room, 4.2 * scale)
    return shapes


def _rectangular(design: SealDesign, glyphs: GlyphSource) -> list[tuple[Segment, ...]]:
    """A double frame with the name on one or more lines, and the lower text below."""
    width, height = design.width_mm, design.height_mm
    thick = max(0.5, min(width, height) / 26)
    shapes = [
        frame(0, 0, width, height, thick),
        frame(thick * 1.7, thick * 1.7, width - 3.4 * thick, height - 3.4 * thick, thick * 0.35),
    ]
    margin = thick * 3.2
    room_x, room_y = width - 2 * margin, height - 2 * margin
    extra = [design.lower_text] if design.lower_text else []
    # As many lines as make the characters largest.
    best = max(range(1, 6), key=lambda lines: _line_size(design.name, lines + len(extra), room_x, room_y))
    lines = _split(design.name, best) + extra
    size = _line_size(design.name, len(lines), room_x, room_y)
    pitch = room_y / len(lines)
    for index, text in enumerate(lines):
        shapes += _line(text, glyphs, width / 2, margin + pitch * (index + 0.5), room_x, size)
    return shapes


def _line_size(name: str, lines: int, room_x: float, room_y: float) -> float:
    longest = math.ceil(len(name) / lines)
    return min(room_y / lines * 0.9, room_x / longest)


def _split(text: str, lines: int) -> list[str]:
    longest = math.ceil(len(text) / lines)
    return [text[start : start + longest] for start in range(0, len(text), longest)]


def _on_path(
    text: str, glyphs: GlyphSource, path: EllipsePath, *, height: float, share: float, upward: bool = False
) -> list[tuple[Segment, ...]]:
    """Characters on an arc that takes ``share`` of the ellipse, centred at its top (or bottom, if ``upward``)."""
    pitch = path.circumference * share / max(len(text), 1)
    width = min(height * 0.86, pitch * 0.88)
    shapes = []
    for index, character in enumerate(text):
        offset = (index - (len(text) - 1) / 2) * pitch
        if upward:
            x, y, angle = path.position(path.circumference / 2 - offset)
            angle += math.pi
        else:
            x, y, angle = path.position(offset)
        shapes.append(_placed(character, glyphs, x, y, angle, width, height))
    return shapes


def _line(
    text: str, glyphs: GlyphSource, cx: float, cy: float, room: float, size: float
) -> list[tuple[Segment, ...]]:
    """Characters on a straight line centred at (cx, cy), spread or narrowed to at most ``room``."""
    pitch = min(size * 1.12, room / len(text))
    width = min(size * 0.96, pitch * 0.94)
    start = cx - pitch * (len(text) - 1) / 2
    return [
        _placed(character, glyphs, start + index * pitch, cy, 0.0, width, size)
        for index, character in enumerate(text)
    ]


def _placed(
    character: str, glyphs: GlyphSource, cx: float, cy: float, angle: float, width: float, height: float
) -> tuple[Segment, ...]:
    """One character, its em box centred at (cx, cy), turned by ``angle`` and scaled to ``width`` × ``height``."""
    if character.isspace():
        return ()
    advance = glyphs.width(character, 1.0) or 1.0
    # Latin letters and digits keep their proportions; only full-width characters fill the box.
    sx = width / advance if advance > 0.8 else min(width, height * 0.9)
    cosine, sine = math.cos(angle), math.sin(angle)
    # Em box: x 0..advance, y -0.12..0.88 up; its centre goes to the origin.
    mx, my = advance / 2, 0.38
    flip = Affine(sx, 0, 0, -height, -mx * sx, my * height)
    turn = Affine(cosine, sine, -sine, cosine, cx, cy)
    return turn.apply(flip.apply(glyphs.outline(character)))


__all__ = ["RED", "GlyphSource", "SealDesign", "draw_seal", "ellipse"]
