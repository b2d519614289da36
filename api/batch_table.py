"""Rows of a batch as a table for spreadsheets and as lines of JSON."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any, Final

from api.failures import ExitStatus
from api.messages import Messages
from api.moments import beijing_text
from api.output import shown
from api.spreadsheet import Sink
from api.verification_view import STATUSES, as_data, reason
from formats.errors import MalformedDataError
from formats.gb11643 import CitizenNumber
from verifier.batch import BatchProblem, BatchRow
from verifier.explanation import catalogue

COLUMNS: Final = (
    "file",
    "sm3",
    "length",
    "verdict",
    "code",
    "says",
    "issuer",
    "licence",
    "signed_at",
    "proven_at",
)
BYTE_ORDER_MARK: Final = "\ufeff"
"""Spreadsheets read UTF-8 as such only behind it."""
_FORMULAS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What a cell begins with that spreadsheets compute; some take the full-width forms too."""
_LONGEST: Final = 2000
"""Characters of a cell; spreadsheets end at 32,767, and names in documents are as long as their makers please."""
_NUMBER: Final = re.compile(r"(?=([0-9]{17}[0-9Xx]))")
_BETWEEN: Final = "; "


def status_of(row: BatchRow) -> ExitStatus:
    """The status ``verify`` would return for the file."""
    return ExitStatus.UNUSABLE if row.report is None else STATUSES[row.report.verdict]


def verdict_of(row: BatchRow, text: Messages) -> str:
    """The verdict in words."""
    return (
        text("verify.unreadable") if row.report is None else catalogue(text.language).verdicts[row.report.verdict]
    )


def reason_of(row: BatchRow, text: Messages) -> tuple[str, str]:
    """The code that decided, empty for what passed, and what it says to a citizen."""
    if row.report is None:
        problem = row.problem or BatchProblem.UNEXPECTED
        return problem.value, text(f"verify_batch.problems.{problem.name.lower()}")
    code, message = reason(row.report, text)
    return code.value if code else "", message.says


def heads(text: Messages) -> list[str | int]:
    """The first row of the table."""
    return [text(f"verify_batch.columns.{name}") for name in COLUMNS]


def cells(row: BatchRow, text: Messages) -> list[str | int]:
    """The row of one file; every cell is harmless in a spreadsheet."""
    return [cell if isinstance(cell, int) else harmless(cell) for cell in _cells(row, text)]


class CsvTable:
    """A table as text, for spreadsheets.

    Args:
        sink: Where its octets go.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        sink.write(BYTE_ORDER_MARK.encode())

    def add(self, row: Sequence[str | int]) -> None:
        """Add a row."""
        written = io.StringIO()
        # All quoted: a program that takes another separator finds no second cell inside one.
        csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(row)
        self._sink.write(written.getvalue().encode())


def json_line(row: BatchRow, text: Messages) -> dict[str, Any]:
    """What ``xinyin verify --json`` would write, and the SM3 of the file; of a problem its name too."""
    digest = None if row.digest is None else row.digest.hex()
    if row.report is not None:
        return {**as_data(row.file, row.report, text), "sm3": digest}
    code, says = reason_of(row, text)
    return {
        "file": row.file,
        "status": int(ExitStatus.UNUSABLE),
        "error": says,
        "problem": code,
        "detail": row.detail,
        "sm3": digest,
    }


def harmless(cell: object) -> str:
    """A cell as text that no spreadsheet computes and no terminal obeys, of bounded length."""
    told = shown(str(cell)[:_LONGEST])
    return f"'{told}" if told.lstrip().startswith(_FORMULAS) else told


def masked(value: str) -> str:
    """A licence's number with the numbers of citizens in it, as some licences have, cut to their ends."""
    for found in _NUMBER.finditer(value):
        try:
            hidden = CitizenNumber.parse(found[1].upper()).masked
        except MalformedDataError:
            continue
        return masked(f"{value[: found.start()]}{hidden}{value[found.start() + len(hidden) :]}")
    return value


def _cells(row: BatchRow, text: Messages) -> Sequence[str | int]:
    code, says = reason_of(row, text)
    report = row.report
    signatures = () if report is None else report.signatures
    licence = None if report is None else report.licence
    issuers = [licence.issuer] if licence else [each.signer.name for each in signatures if each.signer]
    return (
        row.file,
        "" if row.digest is None else row.digest.hex(),
        "" if row.size is None else row.size,
        verdict_of(row, text),
        code,
        says,
        _distinct(issuers),
        masked(licence.identifier[:_LONGEST]) if licence else "",
        _distinct(beijing_text(each.signed_at) for each in signatures),
        _distinct(beijing_text(each.proven_at) for each in signatures),
    )


def _distinct(values: Any) -> str:
    return _BETWEEN.join(dict.fromkeys(value for value in values if value))
