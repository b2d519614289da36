"""``xinyin certificate``: looking at certificates."""

import argparse
from typing import Any

from api.arguments import add_command, add_group
from api.failures import ExitStatus
from api.messages import Messages
from api.output import Output


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    group = add_group(add_command(subparsers, text, "certificate", "certificate"), text, "certificate_command")
    show = add_command(group, text, "show", "certificate.show")
    show.add_argument("file", metavar="FILE", help=text("certificate.show.file"))
    show.add_argument("--json", action="store_true", help=text("arguments.json"))


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Print every certificate of a file."""
    from api import certificate_view as view
    from api.certificate_input import read_certificates

    certificates = read_certificates(arguments.file)
    if arguments.json:
        out.json([view.as_data(each) for each in certificates])
        return ExitStatus.PASSED
    for number, each in enumerate(certificates, 1):
        if len(certificates) > 1:
            if number > 1:
                out.line()
            out.line(text("certificate.show.number", number=number, count=len(certificates)))
        view.show(each, text, out)
    return ExitStatus.PASSED
