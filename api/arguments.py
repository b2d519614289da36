"""``argparse`` in two languages, without its ways of ending the process.

``ArgumentParser`` raises instead of exiting, offers ``--language`` on every command, and takes options by their
full names only, so that a new option never changes what an old command line means.
"""

import argparse
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from api.messages import LANGUAGE_OPTION, LANGUAGES, Messages

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

_DESCRIPTION_COLUMNS: Final = 79
_TEXTS: Final = {
    "usage: ": "usage",
    "options": "options",
    "positional arguments": "positionals",
    "show this help message and exit": "help_option",
    "the following arguments are required: %s": "required",
    "unrecognized arguments: %s": "unrecognized",
    "expected one argument": "expected_one",
    "expected at most one argument": "expected_at_most_one",
    "expected at least one argument": "expected_at_least_one",
    "expected %s argument": "expected_count",
    "expected %s arguments": "expected_count",
    "not allowed with argument %s": "not_allowed_with",
    "one of the arguments %s is required": "one_required",
    "ignored explicit argument %r": "ignored_explicit",
    "invalid choice: %(value)r (choose from %(choices)s)": "invalid_choice",
    "unknown parser %(parser_name)r (choices: %(choices)s)": "unknown_command",
    "invalid %(type)s value: %(value)r": "invalid_value",
    "argument %(argument_name)s: %(message)s": "of_argument",
}
"""What ``argparse`` (3.11 to 3.14) says, and the name of each text under ``arguments``; what it says beside these
stays English."""


class UsageError(Exception):
    """The arguments are wrong.

    Args:
        usage: Usage line of the command.
        message: What is wrong.
        command: How to call for help on it.
    """

    def __init__(self, usage: str, message: str, command: str) -> None:
        super().__init__(message)
        self.usage = usage
        self.message = message
        self.command = command


class HelpGivenError(Exception):
    """Help or version was asked for and given; nothing is left to do."""


class ArgumentParser(argparse.ArgumentParser):
    """Parser of the command and of each of its parts.

    Args:
        text: Catalogue; every parser of a tree has the same one.
        options: As of ``argparse.ArgumentParser``.
    """

    text: Messages

    def __init__(self, *, text: Messages, **options: Any) -> None:
        if text.language == "en" and options.get("description"):  # Chinese is wrapped by the terminal
            options["description"] = textwrap.fill(
                options["description"], _DESCRIPTION_COLUMNS, break_on_hyphens=False, break_long_words=False
            )
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)
        self.text = text
        # Read before parsing (api.messages.choose_language); here only so that it is known and documented.
        self.add_argument(
            LANGUAGE_OPTION, choices=LANGUAGES, default=argparse.SUPPRESS, help=text("arguments.language")
        )

    def print_help(self, file: "SupportsWrite[str] | None" = None) -> None:
        """Write the help; unlike ``argparse``, let it be known when it cannot be written."""
        (file or sys.stdout).write(self.format_help())

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments."""
        raise UsageError(self.format_usage(), message, self.prog)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Stop after help or version."""
        del status, message
        raise HelpGivenError


def add_command(subparsers: Any, text: Messages, name: str, path: str) -> ArgumentParser:
    """Add a command whose texts are ``<path>.help`` (one line) and, if present, ``<path>.description``.

    Args:
        subparsers: Of the parser above, see ``add_group``.
        text: Catalogue.
        name: As typed.
        path: Where its texts are in the catalogue.
    """
    parser: ArgumentParser = subparsers.add_parser(
        name,
        text=text,
        help=text.raw(f"{path}.help"),
        description=text.get(f"{path}.description") or text.raw(f"{path}.help"),
    )
    return parser


def add_group(parser: ArgumentParser, text: Messages, dest: str) -> Any:
    """Seats for the commands below ``parser``; one of them must be chosen, and lands in ``dest``."""
    return parser.add_subparsers(
        dest=dest, metavar=text("arguments.command"), required=True, title=text("arguments.commands")
    )


def checked(convert: Callable[[str], Any], text: Messages, key: str) -> Callable[[str], Any]:
    """A ``type=`` that complains with the text at ``key``, which takes ``{value}``."""

    def convert_or_complain(value: str) -> Any:
        try:
            return convert(value)
        except (ValueError, OverflowError):
            raise argparse.ArgumentTypeError(text(key, value=value)) from None

    return convert_or_complain


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Convert decimal digits to a number within bounds."""

    def convert(value: str) -> int:
        if not (value.isascii() and value.isdigit()) or not least <= int(value[:20]) <= most:
            raise ValueError
        return int(value)

    return convert


def absolute_path(given: str) -> str:
    """A path that is kept in a file of settings, and found again from any working folder."""
    return str(Path(given).resolve())


@contextmanager
def argparse_speaking(text: Messages) -> Iterator[None]:
    """Let ``argparse`` itself speak the language of ``text`` meanwhile.

    It looks its texts up through ``gettext`` under two module names. Those are exchanged for the time of parsing,
    since a compiled gettext catalogue on disk would be a second form of the same texts.
    """
    before = {name: getattr(argparse, name) for name in ("_", "ngettext")}

    def translate(message: str) -> str:
        name = _TEXTS.get(message)
        return message if name is None else text.raw(f"arguments.{name}")

    def translate_counted(singular: str, plural: str, count: int) -> str:
        return translate(singular if count == 1 else plural)

    try:
        setattr(argparse, "_", translate)  # noqa: B010 - the name is not in argparse's type stubs
        setattr(argparse, "ngettext", translate_counted)  # noqa: B010
        yield
    finally:
        for name, function in before.items():
            setattr(argparse, name, function)
