"""What a page draws with: fonts, pictures, colour spaces, DrawParams, composite units (GB/T 33190, Res.xsd)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from formats.gbt33190.draw_params import DrawParam
from formats.gbt33190.page_objects import PageObject, UnreadableObject


class ColorSpaceType(StrEnum):
    """Component model of a colour space."""

    GRAY = "GRAY"
    RGB = "RGB"
    CMYK = "CMYK"


class MediaType(StrEnum):
    """Kind of a multimedia file."""

    IMAGE = "Image"
    AUDIO = "Audio"
    VIDEO = "Video"


@dataclass(frozen=True, slots=True)
class Font:
    """A font; ``file`` is its entry, ``None`` when it is not embedded or, with ``location`` set, not there."""

    id: int
    name: str
    family: str | None
    charset: str
    italic: bool
    bold: bool
    serif: bool
    fixed_width: bool
    location: str | None
    file: str | None


@dataclass(frozen=True, slots=True)
class ColorSpace:
    """A colour space; ``palette`` is indexed by ``Color.index``; ``profile`` the entry of an ICC profile."""

    id: int
    type: ColorSpaceType
    bits_per_component: int
    palette: tuple[tuple[float, ...], ...]
    profile: str | None


@dataclass(frozen=True, slots=True)
class MultiMedia:
    """A media file; ``file`` is its entry, ``None`` if that is not there; ``format`` free text such as ``PNG``."""

    id: int
    type: MediaType
    format: str | None
    location: str
    file: str | None


@dataclass(frozen=True, slots=True)
class CompositeUnit:
    """A vector picture drawn by CompositeObjects; width and height in its own units."""

    id: int
    width: float
    height: float
    thumbnail: int | None
    substitution: int | None
    objects: tuple[PageObject, ...]
    unreadable: tuple[UnreadableObject, ...]


@dataclass(frozen=True, slots=True)
class UnreadableResource:
    """A resource file or resource that is missing or could not be read."""

    part: str
    reason: str


@dataclass(frozen=True, slots=True)
class Resources:
    """Resources by id, from all resource files that count for a page."""

    fonts: Mapping[int, Font]
    color_spaces: Mapping[int, ColorSpace]
    draw_params: Mapping[int, DrawParam]
    media: Mapping[int, MultiMedia]
    composites: Mapping[int, CompositeUnit]
    unreadable: tuple[UnreadableResource, ...]
