"""Colours of GB/T 33190 as PDF device colours."""

from typing import Final, NamedTuple

from formats.gbt33190.color import Color
from formats.gbt33190.resources import ColorSpace, ColorSpaceType, Resources
from formats.rendering.model import Account, Left
from formats.rendering.pdf_file import numbers

_COMPONENTS: Final = {ColorSpaceType.GRAY: 1, ColorSpaceType.RGB: 3, ColorSpaceType.CMYK: 4}
_BY_COUNT: Final = {1: ColorSpaceType.GRAY, 3: ColorSpaceType.RGB, 4: ColorSpaceType.CMYK}
_FILL: Final = {1: "g", 3: "rg", 4: "k"}
_STROKE: Final = {1: "G", 3: "RG", 4: "K"}

Rgb = tuple[float, float, float]


class Paint(NamedTuple):
    """A plain colour: components of gray, RGB or CMYK, and alpha; each 0 to 1."""

    components: tuple[float, ...]
    alpha: float

    @property
    def fill(self) -> str:
        """The operator that sets it for filling."""
        return f"{numbers(self.components)} {_FILL[len(self.components)]}"

    @property
    def stroke(self) -> str:
        """The operator that sets it for stroking."""
        return f"{numbers(self.components)} {_STROKE[len(self.components)]}"

    @property
    def rgb(self) -> Rgb:
        """As RGB, for shadings, whose stops share one space; CMYK by the plain formula."""
        if len(self.components) == 1:
            return (self.components[0],) * 3
        if len(self.components) == 3:
            red, green, blue = self.components
            return red, green, blue
        cyan, magenta, yellow, black = self.components
        return (1 - cyan) * (1 - black), (1 - magenta) * (1 - black), (1 - yellow) * (1 - black)


class Palette:
    """Reads colours with the colour spaces of some resources."""

    def __init__(self, resources: Resources, default: int | None, account: Account) -> None:
        self._spaces = resources.color_spaces
        self._default = default
        self._account = account

    def paint(self, color: Color, where: str) -> Paint:
        """The plain colour of ``color``; its shading, if it has one, is not looked at."""
        wanted = color.color_space if color.color_space is not None else self._default
        space = None if wanted is None else self._spaces.get(wanted)
        alpha = color.alpha / 255
        value = color.value
        if color.index is not None:
            palette = () if space is None else space.palette
            value = palette[color.index] if 0 <= color.index < len(palette) else None
            if value is None:
                self._account.omit(Left.COLOR_UNKNOWN, where, f"palette index {color.index}")
        if value is None:
            return Paint((0.0,), alpha)
        kind = _kind(value, space)
        if kind is None:
            self._account.omit(Left.COLOR_UNKNOWN, where, f"{len(value)} components")
            return Paint((0.0,), alpha)
        if space is not None and space.profile is not None:
            self._account.omit(Left.COLOR_PROFILE, where)
        bits = 8 if space is None or not 1 <= space.bits_per_component <= 16 else space.bits_per_component
        highest = (1 << bits) - 1
        return Paint(tuple([max(0.0, min(1.0, part / highest)) for part in value[: _COMPONENTS[kind]]]), alpha)


def _kind(value: tuple[float, ...], space: ColorSpace | None) -> ColorSpaceType | None:
    """The named space if it has this many components, else the one the count tells."""
    if space is not None and len(value) == _COMPONENTS[space.type]:
        return space.type
    return _BY_COUNT.get(len(value))


BLACK: Final = Paint((0.0,), 1.0)
