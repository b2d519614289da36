"""``xinyin diagnose``: why another reader may say otherwise; the verdict stays what ``xinyin verify`` says."""

import argparse
from typing import Any, Final

from api.arguments import add_command
from api.commands.verify import add_trust_arguments, question_of
from api.failures import ExitStatus, reading
from api.files import MAX_DOCUMENT, read_file
from api.messages import Messages
from api.output import Output, shown

_DER_SEQUENCE: Final = b"\x30"


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    parser = add_command(subparsers, text, "diagnose", "diagnose")
    parser.add_argument("file", metavar="FILE", help=text("diagnose.file"))
    add_trust_arguments(parser, text)
    parser.add_argument("--json", action="store_true", help=text("arguments.json"))


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Diagnose one file; the status is that of verifying it, and undetermined for a seal by itself."""
    from api import diagnosis_view as view
    from api.verification_view import STATUSES
    from verifier.diagnosis import diagnose_document, diagnose_seal

    data = read_file(arguments.file, most=MAX_DOCUMENT)
    if data.startswith(_DER_SEQUENCE):
        with reading(shown(arguments.file), "inspected"):
            diagnosis = diagnose_seal(data)
        status = ExitStatus.UNDETERMINED
    else:
        question = question_of(arguments)
        with reading(shown(arguments.file), "document"):
            report = question.verifier.verify(data, at=question.at)
            diagnosis = diagnose_document(data, report)
        status = STATUSES[report.verdict]
    if arguments.json:
        out.json(view.as_data(arguments.file, diagnosis, int(status), text))
    else:
        view.show(arguments.file, diagnosis, text, out)
    return status
