"""DrawParam: drawing attributes shared by objects, and what finally holds for one (GB/T 33190-2016, Res.xsd)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from formats.gbt33190.color import Color
from formats.gbt33190.page_objects import Cap, GraphicUnit, Join, PathObject, TextObject

DEFAULT_LINE_WIDTH: Final = 0.353
DEFAULT_MITER_LIMIT: Final = 4.234
_MAX_CHAIN: Final = 16

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DrawParam:
    """A DrawParam resource as written; ``relative`` is the one it builds on. Lengths in millimetres."""

    id: int
    relative: int | None = None
    line_width: float | None = None
    cap: Cap | None = None
    join: Join | None = None
    miter_limit: float | None = None
    dash_offset: float | None = None
    dash_pattern: tuple[float, ...] | None = None
    fill_color: Color | None = None
    stroke_color: Color | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """The drawing attributes that hold for one object; a colour is ``None`` where nobody states one."""

    line_width: float
    cap: Cap
    join: Join
    miter_limit: float
    dash_offset: float
    dash_pattern: tuple[float, ...]
    fill_color: Color | None
    stroke_color: Color | None


def effective_style(unit: GraphicUnit, params: Mapping[int, DrawParam], layer_param: int | None = None) -> Style:
    """What holds for ``unit``: its own attribute, else its DrawParam's, else its layer's, else the default.

    A DrawParam takes what it does not state from the one it is relative to; a chain that is circular or longer
    than sixteen ends there.
    """
    shared = [*_chain(params, unit.draw_param), *_chain(params, layer_param)]
    fill, stroke = (
        (unit.fill_color, unit.stroke_color) if isinstance(unit, TextObject | PathObject) else (None, None)
    )
    return Style(
        line_width=_first(DEFAULT_LINE_WIDTH, unit.line_width, *(param.line_width for param in shared)),
        cap=_first(Cap.BUTT, unit.cap, *(param.cap for param in shared)),
        join=_first(Join.MITER, unit.join, *(param.join for param in shared)),
        miter_limit=_first(DEFAULT_MITER_LIMIT, unit.miter_limit, *(param.miter_limit for param in shared)),
        dash_offset=_first(0.0, unit.dash_offset, *(param.dash_offset for param in shared)),
        dash_pattern=_first((), unit.dash_pattern, *(param.dash_pattern for param in shared)),
        fill_color=_first(None, fill, *(param.fill_color for param in shared)),
        stroke_color=_first(None, stroke, *(param.stroke_color for param in shared)),
    )


def _first(default: T, *values: T | None) -> T:
    return next((value for value in values if value is not None), default)


def _chain(params: Mapping[int, DrawParam], param_id: int | None) -> list[DrawParam]:
    chain: list[DrawParam] = []
    while param_id is not None and len(chain) < _MAX_CHAIN:
        param = params.get(param_id)
        if param is None or param in chain:
            break
        chain.append(param)
        param_id = param.relative
    return chain
