"""Where objects are drawn, and what a page's resources are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from formats.gbt33190.package import OfdPackage
from formats.gbt33190.resources import Resources
from formats.gbt33190.values import Matrix
from formats.rendering.canvas import Output
from formats.rendering.font_choice import FontChoice, FontStock
from formats.rendering.model import Account, Left
from formats.rendering.pictures import Pictures

_MAX_NESTING: Final = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where objects are drawn.

    Attributes:
        matrix: Their space to that of the page.
        page_area: Of the page, in its units, to weigh what is painted.
        where: Part they come from, with the object's id where there is one; for omissions.
        draw_param: Default of their layer.
        depth: How many composites and patterns are around them.
    """

    matrix: Matrix
    page_area: float
    where: str
    draw_param: int | None = None
    depth: int = 0

    @property
    def part(self) -> str:
        """``where`` without the object."""
        return self.where.partition("#")[0]


def deeper(place: Place, account: Account) -> Place | None:
    """The same place one level further in; None, with an omission noted, if that is too deep."""
    if place.depth >= _MAX_NESTING:
        account.omit(Left.NESTED_TOO_DEEP, place.where)
        return None
    return Place(place.matrix, place.page_area, place.where, place.draw_param, place.depth + 1)


@dataclass(slots=True)
class Workshop:
    """What all drawing for one file shares."""

    output: Output
    stock: FontStock
    pictures: Pictures


@dataclass(slots=True)
class Setting:
    """What the objects of one page draw with."""

    workshop: Workshop
    package: OfdPackage
    resources: Resources
    default_color_space: int | None
    _fonts: dict[int, FontChoice] = field(default_factory=dict)

    def font(self, font_id: int) -> FontChoice:
        """Glyphs for a font resource; an unknown one gets an installed font."""
        choice = self._fonts.get(font_id)
        if choice is None:
            font = self.resources.fonts.get(font_id)
            choice = FontChoice(font, self.package, self.workshop.stock, self.workshop.output)
            self._fonts[font_id] = choice
        return choice
