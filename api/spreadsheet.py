"""One sheet of text and numbers as an Office Open XML workbook (ECMA-376), written row by row.

Cells are inline strings or numbers, never formulas; no styles, no shared strings, no dates, so that a row is
forgotten when it is written.
"""

import re
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import BinaryIO, Final, Protocol, Self, cast
from xml.sax.saxutils import escape, quoteattr

MOST_ROWS: Final = 1_048_576
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_NO_CHARACTERS: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (2.2) does not take."""
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Sink(Protocol):
    """Where the octets go."""

    def write(self, data: bytes, /) -> int:
        """Add octets; returns how many."""

    def flush(self) -> object:
        """Let them go on."""


class Spreadsheet:
    """A workbook being written; use it in a ``with`` block.

    Args:
        sink: Where its octets go; it is left open.
        title: Of the sheet.
    """

    def __init__(self, sink: Sink, title: str) -> None:
        self._zip = zipfile.ZipFile(cast("BinaryIO", sink), "w", zipfile.ZIP_DEFLATED)
        for name, text in _parts(title).items():
            self._zip.writestr(_entry(name), _HEAD + text)
        self._sheet = self._zip.open(_entry("xl/worksheets/sheet1.xml"), "w", force_zip64=True)
        self._rows = 0
        self._sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())

    def add(self, cells: Sequence[str | int]) -> None:
        """Add a row.

        Raises:
            ValueError: A sheet has no room for more rows or columns.
        """
        self._rows += 1
        if self._rows > MOST_ROWS or len(cells) > len(_LETTERS):
            raise ValueError("the sheet is full")
        written = "".join(
            _cell(f"{letter}{self._rows}", cell) for letter, cell in zip(_LETTERS, cells, strict=False)
        )
        self._sheet.write(f'<row r="{self._rows}">{written}</row>'.encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._sheet.write(b"</sheetData></worksheet>")
            self._sheet.close()
            self._zip.close()
            return
        for part in (self._sheet, self._zip):
            with suppress(Exception):  # what is written is thrown away; the first error counts
                part.close()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # of 1980: the same rows give the same file
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _cell(place: str, cell: str | int) -> str:
    if isinstance(cell, int):
        return f'<c r="{place}"><v>{cell}</v></c>'
    told = escape(_NO_CHARACTERS.sub("\ufffd", cell))
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{told}</t></is></c>'


def _parts(title: str) -> dict[str, str]:
    relation = f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_RELATIONS}'
    part = f'ContentType="{_TYPES}'
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" {part}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" {part}.worksheet+xml"/></Types>',
        "_rels/.rels": f'{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'{relation}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
        f'<sheet name={quoteattr(title)} sheetId="1" r:id="rId1"/></sheets></workbook>',
    }
