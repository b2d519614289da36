"""Write the commands' part of docs/reference/command-line.md from the commands themselves.

    .venv/bin/python tools/document_commands.py

A test fails when the page and the commands say different things; running this makes them agree again.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from api.arguments import ArgumentParser, argparse_speaking  # noqa: E402 - the checkout need not be installed
from api.command_line import build_parser  # noqa: E402
from api.messages import LANGUAGE_OPTION, messages  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "command-line.md"
BEGIN = "<!-- commands: written by tools/document_commands.py -->\n"
END = "<!-- end of commands -->\n"


def leaves(parser: ArgumentParser) -> Iterator[ArgumentParser]:
    """Every parser that has no commands below it, in the order of the help."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
    if not below:
        yield parser
    for action in below:
        for child in action.choices.values():
            yield from leaves(child)


def usage(parser: ArgumentParser) -> str:
    """The usage line, as help gives it but on one line, without what every command has."""
    line = " ".join(parser.format_usage().split()).removeprefix("usage: ")
    return line.replace(" [-h]", "").replace(" [--language {zh-CN,en}]", "")


def rows(parser: ArgumentParser) -> Iterator[tuple[str, str]]:
    """Arguments and options with what help says about them, without what every command has."""
    for action in parser._actions:  # noqa: SLF001
        if action.option_strings and action.option_strings[-1] in ("--help", LANGUAGE_OPTION):
            continue
        value = action.metavar if action.nargs != 0 else None
        if value is None and action.choices is not None:
            value = "{" + ",".join(map(str, action.choices)) + "}"
        names = ", ".join(action.option_strings)
        written = f"{names} {value}" if names and value else names or str(value)
        yield written, str(action.help)


def section(parser: ArgumentParser) -> str:
    """One command's part of the page."""
    table = "".join(f"| `{name.replace('|', chr(92) + '|')}` | {told} |\n" for name, told in rows(parser))
    description = " ".join((parser.description or "").split())
    description = description[:1].upper() + description[1:]
    if not description.endswith("."):
        description += "."
    head = f"### {parser.prog}\n\n{description}\n\n```text\n{usage(parser)}\n```\n\n"
    return head + (f"| argument | meaning |\n|---|---|\n{table}\n" if table else "")


def commands() -> str:
    """The generated part of the page."""
    os.environ["COLUMNS"] = "10000"
    text = messages("en")
    with argparse_speaking(text):
        return "\n".join(section(parser).rstrip("\n") + "\n" for parser in leaves(build_parser(text)))


def page(before: str) -> str:
    """The page with its generated part renewed.

    Raises:
        ValueError: The markers are not there.
    """
    start, end = before.index(BEGIN) + len(BEGIN), before.index(END)
    return f"{before[:start]}\n{commands()}\n{before[end:]}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
