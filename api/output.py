"""Where commands write: results to standard output, remarks to standard error; text from outside is tamed."""

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import IO, Any, Final

from api.failures import CommandError
from api.messages import Messages

_UNSHOWN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_UNSHOWN_IN_JSON: Final = re.compile("[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_GAP: Final = "  "


def shown(value: object) -> str:
    """``value`` as text that cannot move a cursor, change its direction, or hide.

    Documents name people, files and seals as their makers please. Control, format and surrogate characters are
    written as escapes, so that no name can pass for a verdict.
    """
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character) in _UNSHOWN_CATEGORIES
        else character
        for character in str(value)
    )


def width(text: str) -> int:
    """Columns ``text`` takes on a terminal: two for each wide character, none for a combining one."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


class Output:
    """Standard output and standard error of a command.

    Args:
        text: Catalogue.
        results: Where results go.
        remarks: Where everything else goes.
    """

    def __init__(self, text: Messages, results: IO[str], remarks: IO[str]) -> None:
        self.text = text
        self._results = results
        self._remarks = remarks

    def line(self, line: str = "") -> None:
        """Write one line of the result."""
        self._results.write(f"{line.rstrip()}\n")

    def note(self, line: str) -> None:
        """Write one line beside the result."""
        self._remarks.write(f"{line}\n")

    def progress(self, line: str) -> None:
        """Show how far the work is, on a terminal alone, in a line that the next one replaces; empty clears it."""
        if self._remarks.isatty():
            self._remarks.write(f"\r\x1b[2K{line}")
            self._remarks.flush()

    def flush(self) -> None:
        """Let what was written be seen now."""
        self._results.flush()

    def table(self, rows: Sequence[Sequence[object]], *, indent: int = 0) -> None:
        """Write rows with aligned columns; every cell is tamed."""
        cells = [[shown(cell) for cell in row] for row in rows]
        columns = max((len(row) for row in cells), default=0)
        widths = [max((width(row[at]) for row in cells if at < len(row)), default=0) for at in range(columns)]
        for row in cells:
            padded = [cell + " " * (widths[at] - width(cell)) for at, cell in enumerate(row)]
            self.line(" " * indent + _GAP.join(padded))

    def facts(self, rows: Sequence[tuple[str, object]], *, indent: int = 0) -> None:
        """Write names and values; one that is None or empty is left out, a list takes a line for each entry."""
        shown_rows: list[tuple[str, object]] = []
        for name, value in rows:
            entries = list(value) if isinstance(value, list | tuple) else [value]
            for position, entry in enumerate(entry for entry in entries if entry not in (None, "")):
                shown_rows.append(("" if position else name, entry))
        self.table(shown_rows, indent=indent)

    def json(self, value: Any, *, compact: bool = False) -> None:
        """Write a JSON value, in a form that is JSON in any encoding and harmless on a terminal."""
        encoding = (getattr(self._results, "encoding", None) or "utf-8").lower().replace("_", "-")
        written = json.dumps(
            value, ensure_ascii=encoding not in {"utf-8", "utf8"}, indent=None if compact else 2, allow_nan=False
        )
        self._results.write(_UNSHOWN_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", written) + "\n")

    def octets(self, data: bytes, *, printable: bool = False) -> None:
        """Write octets as they are; onto a terminal only what is meant to be read.

        Raises:
            CommandError: Standard output is a terminal and the octets are no text.
        """
        if not printable and self._results.isatty():
            raise CommandError("errors.output.terminal")
        buffer = getattr(self._results, "buffer", None)
        if buffer is None:
            raise CommandError("errors.output.text_only")
        self._results.flush()
        buffer.write(data)
        buffer.flush()
