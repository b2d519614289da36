"""What rendering takes, gives and may cost."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from formats.errors import LimitExceededError
from formats.gbt33190.values import Box


class Left(StrEnum):
    """Why something of a page is not, or not exactly, in the rendering; the value is stable."""

    FONT_REPLACED = "font-replaced"
    """The font is not embedded or not readable; another one was drawn."""
    GLYPH_MISSING = "glyph-missing"
    """No font at hand has the character; nothing was drawn for it."""
    GLYPH_REPLACED = "glyph-replaced"
    """The embedded font lacks the character; it was drawn from another font."""
    ADVANCES_ASSUMED = "advances-assumed"
    """The text states no advances; those of the font were taken."""
    IMAGE_FORMAT = "image-format"
    """The picture is of a format that is not drawn here (SVG, most of JBIG2, …)."""
    IMAGE_UNREADABLE = "image-unreadable"
    """The picture is missing, damaged, or too large."""
    SHADING_APPROXIMATED = "shading-approximated"
    """A shading was drawn simpler than it is described."""
    PATTERN_OMITTED = "pattern-omitted"
    """A pattern has too many cells; a plain colour was drawn."""
    COLOR_UNKNOWN = "color-unknown"
    """The colour space or its value is not understood; black was drawn."""
    COLOR_PROFILE = "color-profile"
    """A colour profile was not applied."""
    PATH_UNREADABLE = "path-unreadable"
    """Path data is not understood from some operator on; what precedes it was drawn."""
    DASHES_OMITTED = "dashes-omitted"
    """A line has too many dashes; it was drawn solid."""
    OBJECT_UNREADABLE = "object-unreadable"
    """An element of the page could not be read."""
    RESOURCE_MISSING = "resource-missing"
    """A resource the object names does not exist or could not be read."""
    TEMPLATE_MISSING = "template-missing"
    """A template page does not exist or could not be read."""
    NESTED_TOO_DEEP = "nested-too-deep"
    """Composite units, patterns or seal imprints nest deeper than is followed."""
    SEAL_UNREADABLE = "seal-unreadable"
    """A signature's seal could not be read, so its imprint is not shown."""
    ANNOTATIONS_UNREADABLE = "annotations-unreadable"
    """Annotations of the page could not be read."""


@dataclass(frozen=True, slots=True, order=True)
class Omission:
    """Something left out or drawn otherwise.

    Attributes:
        what: The kind.
        where: Part of the package, and object id where there is one.
        detail: Name of the font, format and the like.
    """

    what: Left
    where: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A seal's imprint on a page (StampAnnot).

    Attributes:
        page_id: Object id of the page.
        boundary: Where the whole imprint goes, millimetres on the page.
        clip: The part of it that shows, millimetres from the top left corner of ``boundary``; None for all.
        format: Picture format in lower case: ``png``, ``jpg``, ``gif``, ``bmp``, ``ofd`` …
        data: The picture file.
        where: For omissions.
    """

    page_id: int
    boundary: Box
    clip: Box | None
    format: str
    data: bytes = field(repr=False)
    where: str = "stamp"


@dataclass(frozen=True, slots=True)
class RenderedPdf:
    """A rendering as PDF.

    Attributes:
        pdf: The file.
        page_count: Its pages.
        omissions: What it leaves out or shows otherwise, each once, sorted.
    """

    pdf: bytes = field(repr=False)
    page_count: int
    omissions: tuple[Omission, ...]


@dataclass(frozen=True, slots=True)
class RenderLimits:
    """What one rendering may cost.

    Attributes:
        pages: Pages drawn.
        objects: Objects drawn, those repeated by patterns and composite units counted each time.
        glyphs: Glyphs drawn.
        segments: Path operators.
        pattern_cells: Cells of all patterns.
        painted_area: Sum of the areas of all objects drawn, in multiples of their page; bounds rasterising.
        image_pixels: Pixels of one picture.
        total_pixels: Pixels of all pictures.
        raster_pixels: Pixels of a page as PNG.
        omissions: Omissions listed; further ones are counted in the last.
    """

    pages: int = 500
    objects: int = 300_000
    glyphs: int = 2_000_000
    segments: int = 3_000_000
    pattern_cells: int = 20_000
    painted_area: float = 3_000.0
    image_pixels: int = 40_000_000
    total_pixels: int = 200_000_000
    raster_pixels: int = 60_000_000
    omissions: int = 1_000


DEFAULT_LIMITS: Final = RenderLimits()
MAX_NESTED_PACKAGES: Final = 2
"""A page, its seal's imprint as a package, and a seal inside that."""


class RenderingTooCostlyError(LimitExceededError):
    """A limit of ``RenderLimits`` is reached; nothing is rendered."""


class Account:
    """Counts what a rendering costs and notes what it leaves out."""

    def __init__(self, limits: RenderLimits) -> None:
        self.limits = limits
        self._spent: dict[str, float] = {}
        self._omissions: dict[Omission, None] = {}

    def spend(self, name: str, amount: float = 1) -> None:
        """Count ``amount`` against the limit ``name``.

        Raises:
            RenderingTooCostlyError: The limit is reached.
        """
        total = self._spent.get(name, 0) + amount
        limit = self._limit(name)
        if total > limit:
            raise RenderingTooCostlyError(f"needs more than {limit:g} {name.replace('_', ' ')}", what="rendering")
        self._spent[name] = total

    def can_spend(self, name: str, amount: float) -> bool:
        """Whether ``amount`` more is allowed."""
        return self._spent.get(name, 0) + amount <= self._limit(name)

    def _limit(self, name: str) -> float:
        limit: float = getattr(self.limits, name)
        return limit

    def omit(self, what: Left, where: str, detail: str = "") -> None:
        """Note something left out; repetitions count once, and beyond the limit none is kept."""
        if len(self._omissions) < self.limits.omissions:
            self._omissions[Omission(what, where, detail)] = None

    @property
    def omissions(self) -> tuple[Omission, ...]:
        """What was noted, sorted."""
        return tuple(sorted(self._omissions))
