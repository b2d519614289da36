"""What reading the face of a document takes, gives and may cost."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from formats.errors import LimitExceededError

Point = tuple[float, float]
Rgb = tuple[float, float, float]
Bounds = tuple[float, float, float, float]
"""Left, top, right, bottom in millimetres."""


class Origin(StrEnum):
    """What a piece of text belongs to."""

    TEMPLATE = "template"
    PAGE = "page"
    ANNOTATION = "annotation"
    """Programs leave annotations out of printing, or let their user hide them."""


class Sight(StrEnum):
    """Whether a reader of the page sees a piece of text."""

    SEEN = "seen"
    HIDDEN = "hidden"
    UNDECIDED = "undecided"
    """It depends on what is not decided here: a picture, a font, the program that shows it."""


@dataclass(frozen=True, slots=True)
class FaceLimits:
    """What reading one document's face may cost.

    Attributes:
        pages: Pages read.
        objects: Objects looked at, those of templates and composite units each time they are shown.
        characters: Characters placed.
        steps: Comparisons of a character with what may lie over or under it, corners of paths included.
        nesting: Composite units inside one another.
    """

    pages: int = 100
    objects: int = 10_000
    characters: int = 30_000
    steps: int = 500_000
    nesting: int = 6


DEFAULT_LIMITS: Final = FaceLimits()


class Effort:
    """Counts what reading costs."""

    __slots__ = ("_limits", "characters", "objects", "steps")

    def __init__(self, limits: FaceLimits) -> None:
        self._limits = limits
        self.objects = self.characters = self.steps = 0

    @property
    def limits(self) -> FaceLimits:
        """The limits counted against."""
        return self._limits

    def spend(self, *, objects: int = 0, characters: int = 0, steps: int = 0) -> None:
        """Count.

        Raises:
            LimitExceededError: A limit is reached.
        """
        self.objects += objects
        self.characters += characters
        self.steps += steps
        limits = self._limits
        if self.objects > limits.objects or self.characters > limits.characters or self.steps > limits.steps:
            raise LimitExceededError("the pages hold more than is read", what="face")


@dataclass(slots=True)
class Run:
    """The characters of one TextCode on the page, or some of them in a row.

    Attributes:
        where: Part, and object id where there is one.
        origin: What it belongs to.
        said: The characters as TextCode has them.
        drawn: The characters as the glyphs drawn are those of, one for each of ``said``; U+FFFD where unknown.
        xs: Baseline origin of each, millimetres from the page's corner.
        ys: The same downwards.
        along: One em along the glyphs' own baseline, in page space.
        down: One em downwards across it.
        rgb: Colour, 0 to 1; None if not known.
        alpha: 0 clear to 1 solid; 0 also where the text is neither filled nor stroked.
        order: Place in the order of drawing; the higher is on top.
        font: Font resource, None once ``drawn`` is settled.
        glyphs: Glyph numbers that a CGTransform names, by position in ``said``.
        clips: Outlines outside which nothing shows.
        sight: Whether it is seen.
        why: Why it is not, or why that is not known.
        strips: What ``lines`` has made of it: the text of a template is set in lines once.
    """

    where: str
    origin: Origin
    said: str
    drawn: str
    xs: tuple[float, ...] = field(repr=False)
    ys: tuple[float, ...] = field(repr=False)
    along: Point
    down: Point
    rgb: Rgb | None
    alpha: float
    order: int
    font: int
    glyphs: dict[int, int] = field(repr=False)
    clips: tuple[object, ...] = field(repr=False, default=())
    boundary: Bounds | None = None
    sight: Sight = Sight.SEEN
    why: str = ""
    strips: Any = field(repr=False, default=None)
    _bounds: Bounds | None = field(repr=False, default=None)

    @property
    def size(self) -> float:
        """Height of an em in millimetres."""
        return float((self.down[0] ** 2 + self.down[1] ** 2) ** 0.5)

    @property
    def bounds(self) -> Bounds:
        """A box around all glyphs, rather too large."""
        if self._bounds is None:
            (ax, ay), (dx, dy) = self.along, self.down
            wide, high = max(0.0, ax, -dx, ax - dx), max(0.0, ay, 0.25 * dy)
            left, up = min(0.0, ax, -dx), min(0.0, ay, -dy, ay - dy)
            self._bounds = (
                min(self.xs) + left, min(self.ys) + up, max(self.xs) + wide, max(self.ys) + high,
            )  # fmt: skip
        return self._bounds

    def part(self, start: int, end: int, sight: Sight, why: str) -> "Run":
        """Some of the characters, with this sight."""
        return Run(
            self.where, self.origin, self.said[start:end], self.drawn[start:end], self.xs[start:end],
            self.ys[start:end], self.along, self.down, self.rgb, self.alpha, self.order, self.font, {}, (), None,
            sight, why,
        )  # fmt: skip
