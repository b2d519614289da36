"""Image objects: the picture in its unit square, its mask and its border."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from formats.errors import MalformedDataError
from formats.gbt33190.color import Color
from formats.gbt33190.draw_params import Style
from formats.gbt33190.page_objects import ImageObject
from formats.gbt33190.values import Matrix
from formats.rendering.model import Left
from formats.rendering.path_geometry import inverted, path_operators, rounded_rectangle
from formats.rendering.pdf_file import number, numbers
from formats.rendering.pictures import Picture
from formats.rendering.place import Place

if TYPE_CHECKING:
    from formats.rendering.canvas import Canvas
    from formats.rendering.painter import Painter

_PICTURE_MATRIX: Final = Matrix(1, 0, 0, -1, 0, 1)
"""PDF pictures stand on their lower edge; here y grows downwards."""


def show_picture(canvas: Canvas, picture: Picture) -> None:
    """Draw a picture into the unit square of the present space."""
    with canvas.state():
        canvas.transform(_PICTURE_MATRIX)
        canvas.write(f"/{picture.name} Do")


def draw_image(painter: Painter, image: ImageObject, _: Style, place: Place) -> None:
    """Draw a picture, or what may stand for it, then its border."""
    data = _file(painter, image.resource, place.where)
    if data is None and image.substitution is not None:
        data = _file(painter, image.substitution, place.where)
    mask = None if image.image_mask is None else _file(painter, image.image_mask, place.where)
    picture = None
    if data is not None:
        picture = painter.setting.workshop.pictures.picture(data, place.where, mask=mask)
    if picture is not None:
        with painter.canvas.state():
            if image.ctm is None:  # makers who leave it out mean the whole boundary
                painter.canvas.transform(Matrix(image.boundary.width, 0, 0, image.boundary.height, 0, 0))
            painter.set_opacity(image.alpha / 255, 1.0)
            show_picture(painter.canvas, picture)
    _draw_border(painter, image, place)


def _file(painter: Painter, resource: int, where: str) -> bytes | None:
    """The file of a picture resource."""
    media = painter.setting.resources.media.get(resource)
    if media is None or media.file is None:
        painter.account.omit(Left.RESOURCE_MISSING, where, f"picture {resource}")
        return None
    try:
        return painter.setting.package.read(media.file)
    except MalformedDataError:
        painter.account.omit(Left.IMAGE_UNREADABLE, where, media.file)
        return None


def _draw_border(painter: Painter, image: ImageObject, place: Place) -> None:
    """The border runs along the boundary, so the object's own matrix is undone for it."""
    border, box = image.border, image.boundary
    back = Matrix(1, 0, 0, 1, 0, 0) if image.ctm is None else inverted(image.ctm)
    if border is None or border.line_width <= 0 or back is None:
        return
    outline = rounded_rectangle(
        0, 0, box.width, box.height, border.horizontal_corner_radius, border.vertical_corner_radius
    )
    with painter.canvas.state():
        painter.canvas.transform(back)
        painter.set_paints(None, painter.plain(border.color or Color(), place.where), image.alpha)
        dashes = border.dash_pattern
        if dashes and min(dashes) >= 0 and sum(dashes) > 0:
            if sum(dashes) > (box.width + box.height) / 1000:
                painter.canvas.write(f"[{numbers(dashes)}] {number(border.dash_offset)} d")
            else:
                painter.account.omit(Left.DASHES_OMITTED, place.where)
        painter.canvas.write(f"{number(border.line_width)} w\n{path_operators(outline)}\nS")
