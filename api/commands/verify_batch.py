"""``xinyin verify-batch``: the verdict on many documents, over several processes, as a table."""

import argparse
import json
import os
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any, Final

from api.arguments import add_command, checked, whole_number
from api.commands.verify import add_trust_arguments, note_unpinned, question_of, worst
from api.failures import CommandError, ExitStatus
from api.files import MAX_DOCUMENT, keep_existing
from api.messages import Messages
from api.output import Output, shown
from api.streamed_file import StreamedFile

if TYPE_CHECKING:
    from api.batch_table import CsvTable
    from api.commands.verify import Question
    from api.spreadsheet import Spreadsheet
    from verifier.batch import BatchCounts, BatchLimits, BatchQuestion, BatchRow

_MOST_PROCESSES: Final = 256
_SECONDS: Final = 60
_MEMORY: Final = 4096
"""MiB of address space of a worker."""
_WORKBOOK: Final = ".xlsx"
_BETWEEN_SIGHTS: Final = 0.2
"""Seconds between two sights of the progress."""


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    parser = add_command(subparsers, text, "verify-batch", "verify_batch")
    parser.add_argument("paths", nargs="+", metavar="PATH", help=text("verify_batch.paths"))
    parser.add_argument("--recursive", action="store_true", help=text("verify_batch.recursive"))
    add_trust_arguments(parser, text)
    parser.add_argument("--table", metavar="OUT", help=text("verify_batch.table"))
    parser.add_argument("--json-lines", metavar="OUT", help=text("verify_batch.json_lines"))
    parser.add_argument("--force", action="store_true", help=text("arguments.force"))
    for option, least, most, key in (
        ("--processes", 1, _MOST_PROCESSES, "verify_batch.processes"),
        ("--file-seconds", 1, 86_400, "verify_batch.file_seconds"),
        ("--worker-memory", 256, 1 << 20, "verify_batch.worker_memory"),
    ):
        number = checked(whole_number(least, most), text, "arguments.not_a_number")
        parser.add_argument(option, metavar="N", type=number, help=text.raw(key))
    parser.add_argument("--quiet", action="store_true", help=text("verify.quiet"))


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Judge every document and return the worst status."""
    from api.document_walk import documents
    from verifier.batch import BatchError, verify_files

    question = question_of(arguments)
    if not arguments.quiet:
        note_unpinned(question, text, out)
    _check_outputs(arguments)
    files = documents(arguments.paths, recursive=arguments.recursive)
    with ExitStack() as stack:
        telling = _Telling(arguments, text, out, stack)
        try:
            with closing(verify_files(files, _batch_question(question), _limits(arguments))) as rows:
                for row in rows:
                    telling.take(row)
        except BatchError as error:
            raise CommandError("verify_batch.workers", detail=shown(error)) from error
        finally:
            out.progress("")
        if not telling.counts.files:
            raise CommandError("verify_batch.no_files")
    if not arguments.quiet:
        out.line(told_counts("verify_batch.summary", telling.counts, text))
    return worst(telling.statuses)


def told_counts(key: str, counts: "BatchCounts", text: Messages) -> str:
    """How many files came to what, in the words of ``key``."""
    return text(
        key,
        files=counts.files,
        passed=counts.passed,
        failed=counts.failed,
        undetermined=counts.undetermined,
        unread=counts.unread,
    )


class _Telling:
    """Takes rows as they come and writes them where they were asked for; keeps none."""

    def __init__(self, arguments: argparse.Namespace, text: Messages, out: Output, stack: ExitStack) -> None:
        from api import batch_table
        from verifier.batch import BatchCounts

        self.counts = BatchCounts()
        self.statuses: set[ExitStatus] = set()
        self._rows = batch_table
        self._text = text
        self._out = out
        self._quiet = arguments.quiet
        self._seen = time.monotonic()
        self._table: CsvTable | Spreadsheet | None = None
        self._json: StreamedFile | None = None
        if arguments.table:
            file = stack.enter_context(StreamedFile(arguments.table, replace=arguments.force))
            self._table = _table_in(file, arguments.table, text, stack)
            self._table.add(batch_table.heads(text))
        if arguments.json_lines:
            self._json = stack.enter_context(StreamedFile(arguments.json_lines, replace=arguments.force))

    def take(self, row: "BatchRow") -> None:
        """Count, write and tell one row."""
        self.counts.add(row)
        status = self._rows.status_of(row)
        self.statuses.add(status)
        if self._table is not None:
            try:
                self._table.add(self._rows.cells(row, self._text))
            except ValueError:
                raise CommandError("verify_batch.sheet_full") from None
        if self._json is not None:
            # ASCII with escapes: names of files need not be text.
            written = json.dumps(self._rows.json_line(row, self._text), allow_nan=False)
            self._json.write(written.encode("ascii") + b"\n")
        if self._quiet:
            return
        if status is not ExitStatus.PASSED:
            self._out.progress("")
            code, says = self._rows.reason_of(row, self._text)
            self._out.line(f"{self._rows.verdict_of(row, self._text)}  {shown(row.file)}")
            self._out.line(f"  [{code}] {says} {shown(row.detail)}")
        now = time.monotonic()
        if now - self._seen >= _BETWEEN_SIGHTS:
            self._seen = now
            self._out.progress(told_counts("verify_batch.progress", self.counts, self._text))


def _table_in(file: StreamedFile, path: str, text: Messages, stack: ExitStack) -> "CsvTable | Spreadsheet":
    """The form of table that the name of its file asks for."""
    from api.batch_table import CsvTable
    from api.spreadsheet import Spreadsheet

    if path.lower().endswith(_WORKBOOK):
        return stack.enter_context(Spreadsheet(file, text("verify_batch.sheet")))
    return CsvTable(file)


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Refuse before the work what could not be written after it."""
    outputs = [path for path in (arguments.table, arguments.json_lines) if path]
    if len(outputs) != len({os.path.realpath(path) for path in outputs}) and outputs[0] != os.devnull:
        raise CommandError("verify_batch.same_output")
    for path in outputs:
        keep_existing(path, replace=arguments.force)


def _batch_question(question: "Question") -> "BatchQuestion":
    from verifier.batch import BatchQuestion

    given = question.given
    crls = tuple(crl.encoded for crl in question.crls)
    if given is None:
        return BatchQuestion(question.at, None, crls=crls, status_responses=question.status_responses)
    anchor = None if given.anchor is None else given.anchor.encoded
    return BatchQuestion(question.at, given.data, anchor, crls, status_responses=question.status_responses)


def _limits(arguments: argparse.Namespace) -> "BatchLimits":
    from verifier.batch import BatchLimits

    processes = arguments.processes or min(len(os.sched_getaffinity(0)), _MOST_PROCESSES)
    return BatchLimits(
        processes=processes,
        octets=MAX_DOCUMENT,
        seconds=arguments.file_seconds or _SECONDS,
        pending=max(256, 8 * processes),
        memory=(arguments.worker_memory or _MEMORY) << 20,
    )
