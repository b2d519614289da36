"""The printed part of a face as OFD template pages: everything that is the same on all licences of a type."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from formats.gbt33190.drawing import Drawn, DrawnLayer, DrawnPath, DrawnTemplate, PathBuilder, Rgb
from formats.gbt33190.page_objects import LayerType
from formats.gbt33190.values import Box
from formats.layout import (
    BorderStyle,
    LayoutError,
    TextStyle,
    Waves,
    double_frame,
    epitrochoid,
    guilloche_border,
    inset,
    lay_text,
    rosette,
    star_medallion,
)
from licence_service.face_data import Face, Grid, Ornament, Printed, PrintedText, Rule, Star, Style


def face_templates(face: Face, style: Callable[[Style], TextStyle]) -> list[DrawnTemplate]:
    """One template page for each page of the face, and one for continuation pages.

    Args:
        face: What to draw.
        style: Turns a face's style into one of the layout.
    """
    area = Box(0, 0, face.width, face.height)
    ground = (*_ground(face, area), *_border(face.border, area, face.ground))
    rosette = _rosette(face.rosette) if face.rosette else ()
    templates = []
    for index, page in enumerate(face.pages):
        printed = [drawn for item in page.printed for drawn in _printed(item, style)]
        templates.append(_template(f"page-{index}", area, (*ground, *rosette, *printed)))
    if face.continuation is not None:
        heading = PrintedText(
            face.continuation.title,
            face.continuation.title_box,
            Style(font="serif-bold", size=6.0, smallest=3.0, align="centre", valign="middle"),
        )
        templates.append(_template("continuation", area, (*ground, *_printed(heading, style))))
    return templates


def _template(name: str, area: Box, objects: tuple[Drawn, ...]) -> DrawnTemplate:
    return DrawnTemplate(name, area, (DrawnLayer(objects, LayerType.BACKGROUND),))


def _ground(face: Face, area: Box) -> Iterator[Drawn]:
    path = PathBuilder().rectangle(0, 0, area.width, area.height).build()
    yield DrawnPath(area, path, fill=face.ground)


def _border(border: Ornament, area: Box, paper: Rgb) -> tuple[Drawn, ...]:
    """Braided waves between frames; ``wave`` takes few and wide strands, ``plain`` frames alone."""
    outer = inset(area, border.inset)
    if border.style == "plain":
        return double_frame(outer, border.colour)
    waves = (
        Waves(strands=4, period=22.0, line_width=0.18)
        if border.style == "wave"
        else Waves(strands=6 + border.seed % 3)
    )
    pale = _mixed(border.colour, paper, 0.45)
    return guilloche_border(
        outer, BorderStyle(strong=border.colour, pale=pale, ground=paper, thickness=border.band, waves=waves)
    )


def _mixed(colour: Rgb, other: Rgb, share: float) -> Rgb:
    """A colour between two: ``share`` of the other."""
    return Rgb(*(round(own + (theirs - own) * share) for own, theirs in zip(colour, other, strict=True)))


def _rosette(ornament: Ornament) -> tuple[Drawn, ...]:
    """A pale figure under the text: a rosette inside a loop curve, its shape chosen by the seed."""
    (x, y), radius = ornament.centre, ornament.radius
    box = Box(x - radius, y - radius, 2 * radius, 2 * radius)
    small = inset(box, radius * 0.45)
    lobes = 31 + 6 * (ornament.seed % 3)
    return (
        epitrochoid(box, ornament.colour, lobes=lobes, turns=8, depth=0.34, width=0.16),
        rosette(small, ornament.colour, lobes=18 + ornament.seed % 7, rings=5, width=0.2),
    )


def _printed(item: Printed, style: Callable[[Style], TextStyle]) -> Iterator[Drawn]:
    if isinstance(item, PrintedText):
        try:
            laid = lay_text(Box(*item.box), item.text, style(item.style))
        except LayoutError as exc:
            raise LayoutError(f"{item.text[:20]!r} in the box {list(item.box)}: {exc}") from exc
        yield from laid.objects
    elif isinstance(item, Star):
        (x, y), radius = item.centre, item.radius
        yield from star_medallion(Box(x - radius, y - radius, 2 * radius, 2 * radius), item.colour)
    elif isinstance(item, Rule):
        x1, y1, x2, y2 = item.points
        yield _lines([(x1, y1, x2, y2)], item.colour, item.width)
    else:
        yield _lines(list(_grid_lines(item)), item.colour, item.width)


def _lines(lines: list[tuple[float, float, float, float]], colour: Rgb, width: float) -> DrawnPath:
    """Lines as one path; its boundary leaves room for half the stroke."""
    left = min(min(x1, x2) for x1, _, x2, _ in lines) - width
    top = min(min(y1, y2) for _, y1, _, y2 in lines) - width
    right = max(max(x1, x2) for x1, _, x2, _ in lines) + width
    bottom = max(max(y1, y2) for _, y1, _, y2 in lines) + width
    path = PathBuilder()
    for x1, y1, x2, y2 in lines:
        path.move(x1 - left, y1 - top).line(x2 - left, y2 - top)
    return DrawnPath(Box(left, top, right - left, bottom - top), path.build(), stroke=colour, line_width=width)


def _grid_lines(grid: Grid) -> Iterator[tuple[float, float, float, float]]:
    x, y, width, height = grid.box
    position = x
    for column in (0.0, *grid.columns):
        position += column
        yield position, y, position, y + height
    position = y
    for row in (0.0, *grid.rows):
        position += row
        yield x, position, x + width, position
