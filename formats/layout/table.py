"""Tables: rows as high as their contents, with rules, continued where the box ends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Final

from formats.gbt33190.drawing import BLACK, Drawn, Rgb
from formats.gbt33190.values import Box
from formats.layout.errors import LayoutError, OverfullError
from formats.layout.fitting import FittedText, fit
from formats.layout.frames import filled, frame, grid
from formats.layout.style import TextStyle
from formats.layout.text import place

_TOLERANCE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell.

    Attributes:
        text: Paragraphs apart by line ends; may be empty.
        style: How it is set. A cell shrinks its text only if ``maximum_lines`` asks for it: rows grow instead.
        span: How many columns it takes.
        field: Business field, for the data index.
        tint: Ground, None for none.
    """

    text: str
    style: TextStyle
    span: int = 1
    field: str | None = None
    tint: Rgb | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Cells from left to right; their spans add up to the number of columns."""

    cells: tuple[Cell, ...]
    minimum_height: float = 0.0


@dataclass(frozen=True, slots=True)
class TableStyle:
    """Measures of a table.

    Attributes:
        columns: Widths in millimetres.
        padding: Between a cell's edge and its text, left and right, millimetres.
        padding_above: The same above and below.
        color: Of the rules.
        outer: Width of the frame, millimetres; 0: none.
        inner: Width of the inner rules, millimetres; 0: none.
    """

    columns: tuple[float, ...]
    padding: float = 2.0
    padding_above: float = 1.2
    color: Rgb = BLACK
    outer: float = 0.5
    inner: float = 0.2


@dataclass(frozen=True, slots=True)
class LaidTable:
    """A table in its place.

    Attributes:
        objects: Tints, rules, then texts row by row.
        box: What it takes.
        remainder: Rows for the next page; the first may be the rest of a row begun here.
    """

    objects: tuple[Drawn, ...]
    box: Box
    remainder: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class _FittedRow:
    """A row with its texts broken."""

    row: Row
    texts: tuple[FittedText | None, ...]
    height: float


def lay_table(box: Box, rows: Sequence[Row], style: TableStyle) -> LaidTable:
    """Set rows from the top of a box downwards, as many as fit.

    A row that is higher than a whole box is divided: what fits stands here, the rest begins the remainder.

    Args:
        box: Millimetres; the columns may not be wider.
        rows: At least one.
        style: Measures.

    Raises:
        LayoutError: Columns and box or cells disagree, or not one line of the first row fits.
        OverfullError: A cell's text needs more lines than its style allows.
        MissingGlyphError: No font holds a character.
    """
    if not rows:
        raise LayoutError("a table has at least one row")
    if sum(style.columns) > box.width + _TOLERANCE:
        raise LayoutError(f"columns of {sum(style.columns)} mm do not fit a box of {box.width} mm")
    fitted: list[_FittedRow] = []
    used = 0.0
    remainder: tuple[Row, ...] = ()
    for index, row in enumerate(rows):
        candidate = _fit_row(row, style, inf)
        if used + candidate.height > box.height + _TOLERANCE:
            remainder = tuple(rows[index:])
            if not fitted:
                candidate, rest = _divide(row, style, box.height)
                fitted, used = [candidate], candidate.height
                remainder = (rest, *rows[index + 1 :])
            break
        fitted.append(candidate)
        used += candidate.height
    taken = Box(box.x, box.y, sum(style.columns), used)
    return LaidTable(tuple(_draw(fitted, taken, style)), taken, remainder)


def _fit_row(row: Row, style: TableStyle, height: float) -> _FittedRow:
    """Break a row's texts; the highest decides, and ``height`` bounds it."""
    if sum(cell.span for cell in row.cells) != len(style.columns) or any(cell.span < 1 for cell in row.cells):
        raise LayoutError(f"the spans of a row do not add up to {len(style.columns)} columns")
    texts = []
    needed = row.minimum_height
    for cell, width in zip(row.cells, _widths(row, style), strict=True):
        text = None
        if cell.text:
            room = height - 2 * style.padding_above
            text = fit(cell.text, cell.style, width - 2 * style.padding, room)
            if text.remainder and height == inf:
                raise OverfullError(len(cell.text), text.remainder, text.size)
            needed = max(needed, text.height + 2 * style.padding_above)
        texts.append(text)
    return _FittedRow(row, tuple(texts), needed)


def _widths(row: Row, style: TableStyle) -> list[float]:
    """Widths of a row's cells."""
    widths = []
    column = 0
    for cell in row.cells:
        widths.append(sum(style.columns[column : column + cell.span]))
        column += cell.span
    return widths


def _divide(row: Row, style: TableStyle, height: float) -> tuple[_FittedRow, Row]:
    """What of a row fits a height, and a row with the rest."""
    cells = tuple(replace(cell, style=replace(cell.style, minimum_size=None)) for cell in row.cells)
    first = _fit_row(Row(cells), style, height)
    rest = tuple(
        replace(cell, text=text.remainder if text is not None else "")
        for cell, text in zip(row.cells, first.texts, strict=True)
    )
    return first, Row(rest)


def _draw(rows: list[_FittedRow], box: Box, style: TableStyle) -> list[Drawn]:
    """Tints, rules, texts."""
    tints: list[Drawn] = []
    texts: list[Drawn] = []
    uprights: list[list[tuple[float, float, float]]] = []
    top = box.y
    lines = []
    for fitted in rows:
        left = box.x
        lines.append(top - box.y)
        uprights.append([])
        for cell, text, width in zip(fitted.row.cells, fitted.texts, _widths(fitted.row, style), strict=True):
            if left > box.x:
                uprights[-1].append((left - box.x, top - box.y, top - box.y + fitted.height))
            if cell.tint is not None:
                tints.append(filled(Box(left, top, width, fitted.height), cell.tint))
            if text is not None:
                room = Box(
                    left + style.padding,
                    top + style.padding_above,
                    width - 2 * style.padding,
                    fitted.height - 2 * style.padding_above,
                )
                texts += place(text, room, field=cell.field).objects
            left += width
        top += fitted.height
    rules: list[Drawn] = []
    inner = grid(box, uprights, lines[1:], style.color, style.inner) if style.inner else None
    if inner is not None:
        rules.append(inner)
    if style.outer:
        rules.append(frame(box, style.color, style.outer))
    return [*tints, *rules, *texts]
