"""``xinyin inspect``: what signatures and seals say and whether their sums add up; nobody's trust is asked."""

import argparse
from typing import TYPE_CHECKING, Any, Final

from api.arguments import add_command
from api.failures import ExitStatus, reading
from api.files import MAX_DOCUMENT, read_file
from api.messages import Messages
from api.output import Output, shown

if TYPE_CHECKING:
    from verifier.inspection import SignatureInspection

_DER_SEQUENCE: Final = b"\x30"


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    parser = add_command(subparsers, text, "inspect", "inspect")
    parser.add_argument("file", metavar="FILE", help=text("inspect.file"))
    parser.add_argument("--json", action="store_true", help=text("arguments.json"))


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Print the facts of every signature of a file."""
    from api import inspection_view as view

    data = read_file(arguments.file, most=MAX_DOCUMENT)
    with reading(shown(arguments.file), "inspected"):
        found = _inspect(data)
    if arguments.json:
        out.json([each.to_dict() for each in found])
    else:
        view.show(found, text, out)
    return ExitStatus.PASSED


def _inspect(data: bytes) -> "list[SignatureInspection]":
    from formats.errors import MalformedDataError
    from verifier.inspection import inspect_document, inspect_seal, inspect_signed_value

    if not data.startswith(_DER_SEQUENCE):
        return inspect_document(data)
    try:
        return [inspect_signed_value(data)]
    except MalformedDataError:
        return [inspect_seal(data)]
