"""The ``xinyin`` command: parses arguments, runs one command, and tells in a line what went wrong.

Exit status: 0 passed, 1 failed or refused, 2 undetermined, 3 wrong usage or unreadable input (``ExitStatus``).
"""

import argparse
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, Protocol, TextIO, cast

from api.arguments import ArgumentParser, HelpGivenError, UsageError, add_group, argparse_speaking
from api.commands import COMMANDS
from api.failures import BROKEN_PIPE, INTERRUPTED, CommandError, ExitStatus, as_command_error
from api.messages import Messages, choose_language, messages
from api.output import Output, shown

PROGRAM: Final = "xinyin"
DEBUG_VARIABLE: Final = "XINYIN_DEBUG"


class Command(Protocol):
    """What a module in ``api.commands`` offers."""

    def add_parser(self, subparsers: Any, text: Messages) -> None:
        """Add the command and its arguments."""

    def run(self, arguments: argparse.Namespace, text: Messages, out: Output) -> int:
        """Carry the command out; returns the exit status."""


def command(name: str) -> Command:
    """The module of one of ``COMMANDS``."""
    return cast("Command", importlib.import_module(f"api.commands.{name.replace('-', '_')}"))


def build_parser(text: Messages) -> ArgumentParser:
    """The parser of everything; build and use it within ``argparse_speaking(text)``."""
    parser = ArgumentParser(
        text=text, prog=PROGRAM, description=text("program.description"), epilog=text("program.exit_status")
    )
    parser.add_argument("--version", action=_Version, help=text("program.version_option"))
    subparsers = add_group(parser, text, "command")
    for name in COMMANDS:
        command(name).add_parser(subparsers, text)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; those of the process by default.

    Returns:
        The exit status; nothing is raised.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    text = messages(choose_language(given, os.environ))
    results, remarks = _usable(sys.stdout), _usable(sys.stderr)
    out = Output(text, results, remarks)
    try:
        try:
            status = _run(given, text, out)
        finally:
            results.flush()
    except BrokenPipeError:
        _give_up(results)
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - a person gets a line, never a traceback
        status = _tell(error, out)
        try:
            results.flush()
        except OSError:
            _give_up(results)
    return int(status)


def _usable(stream: TextIO | None) -> TextIO:
    """A stream that can be written to: the shell may have closed it, and a terminal may lack characters."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - open as long as the process
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _run(given: list[str], text: Messages, out: Output) -> int:
    try:
        with argparse_speaking(text):
            arguments = build_parser(text).parse_args(given)
    except VersionAskedError:
        return _version(out)
    except HelpGivenError:
        return ExitStatus.PASSED
    except UsageError as error:
        out.note(error.usage.rstrip())
        out.note(text("errors.usage", detail=shown(error.message), command=error.command))
        return ExitStatus.UNUSABLE
    return command(arguments.command).run(arguments, text, out)


class VersionAskedError(Exception):
    """``--version`` was given."""


class _Version(argparse.Action):
    """Stops parsing at ``--version``; what to print costs the import of the engines."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **options)

    def __call__(self, *_: object) -> None:
        raise VersionAskedError


def _version(out: Output) -> int:
    from api.software import installed_version
    from crypto import engine_details

    out.line(f"{PROGRAM} {installed_version() or out.text('program.not_installed')}")
    out.line(engine_details())
    return ExitStatus.PASSED


def _tell(error: Exception, out: Output) -> int:
    if os.environ.get(DEBUG_VARIABLE) == "1":
        out.note("".join(traceback.format_exception(error)))
    known = as_command_error(error)
    if known is None:
        known = CommandError("errors.unexpected", kind=type(error).__name__, detail=error, variable=DEBUG_VARIABLE)
    with suppress(OSError):  # with nobody to tell, the status says it
        out.note(f"{PROGRAM}: {shown(known.told(out.text))}")
    return known.status


def _give_up(stream: TextIO) -> None:
    """Let nothing more be written: the interpreter would complain about the stream once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        sys.stdout = None
    finally:
        os.close(nowhere)
