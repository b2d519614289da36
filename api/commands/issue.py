"""``xinyin issue``: a sealed licence from a request file, at an installation of this machine."""

import argparse
import getpass
from typing import TYPE_CHECKING, Any

from api.arguments import add_command
from api.failures import CommandError, ExitStatus
from api.files import deliver, keep_existing, read_file
from api.installation_input import installation_at
from api.messages import Messages
from api.output import Output

if TYPE_CHECKING:
    from api.installation import OpenInstallation
    from licence_service import IssuedLicence
    from licence_service.errors import RefusedError


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    parser = add_command(subparsers, text, "issue", "issue")
    parser.add_argument("request", metavar="REQUEST", help=text("issue.request"))
    parser.add_argument("--home", metavar="DIR", required=True, help=text("issue.home"))
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help=text("arguments.output"))
    parser.add_argument("--force", action="store_true", help=text("arguments.force"))
    parser.add_argument("--json", action="store_true", help=text("arguments.json"))


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Issue and write the licence."""
    from licence_service.errors import RefusedError
    from licence_service.ports import SealingFailedError

    keep_existing(arguments.output, replace=arguments.force)
    data = read_file(arguments.request, most=1024 * 1024)
    with installation_at(arguments.home) as place:
        try:
            issued = _issue(data, place)
        except RefusedError as exc:
            _tell_refusal(exc, arguments, text, out)
            return ExitStatus.FAILED
        except SealingFailedError as exc:
            raise CommandError("errors.sealing", detail=exc, status=ExitStatus.FAILED) from exc
    deliver(arguments.output, issued.document, out, replace=arguments.force)
    facts = {"licence_id": str(issued.licence_id), "state": str(issued.state), "digest": issued.digest.hex()}
    if arguments.json:
        out.json(facts)
    elif arguments.output != "-":
        out.line(text("issue.issued", licence_id=facts["licence_id"]))
        out.line(text("issue.state", state=facts["state"]))
        out.line(text("issue.digest", digest=facts["digest"]))
    return ExitStatus.PASSED


def _issue(data: bytes, place: "OpenInstallation") -> "IssuedLicence":
    from api.issue_request import read_issue_request

    request = read_issue_request(data, place.installation.issuers, operator=getpass.getuser())
    return place.licences.issue(request)


def _tell_refusal(error: "RefusedError", arguments: argparse.Namespace, text: Messages, out: Output) -> None:
    if arguments.json:
        out.json(
            {
                "refused": [
                    {
                        "field": found.field,
                        "code": found.code,
                        "message_zh": found.message_zh,
                        "message_en": found.message_en,
                    }
                    for found in error.violations
                ]
            }
        )
        return
    out.note(text("issue.refused"))
    for found in error.violations:
        message = found.message_zh if text.language == "zh-CN" else found.message_en
        out.note("  " + text("issue.violation", field=found.field, message=message, code=found.code))
