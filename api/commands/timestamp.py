"""``xinyin timestamp``: time stamps from a service, for files."""

import argparse
import os
import secrets
from typing import Any, Final

from api.arguments import add_command, add_group, checked, whole_number
from api.failures import CommandError, ExitStatus
from api.files import MAX_DOCUMENT, deliver, keep_existing, read_file
from api.messages import Messages
from api.moments import beijing_text, utc_text
from api.output import Output, shown

SERVICE_VARIABLE: Final = "XINYIN_TIME_STAMP"
_DIGESTS: Final = ("sm3", "sha256", "sha384", "sha512")


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command."""
    group = add_group(add_command(subparsers, text, "timestamp", "timestamp"), text, "timestamp_command")
    request = add_command(group, text, "request", "timestamp.request")
    request.add_argument("file", metavar="FILE", help=text("timestamp.request.file"))
    request.add_argument(
        "--service", metavar="URL", help=text("timestamp.request.service", variable=SERVICE_VARIABLE)
    )
    request.add_argument("--policy", metavar="OID", help=text("timestamp.request.policy"))
    request.add_argument("--digest", choices=_DIGESTS, default="sm3", help=text("timestamp.request.digest"))
    request.add_argument(
        "--seconds",
        metavar="N",
        type=checked(whole_number(1, 600), text, "arguments.not_a_number"),
        default=10,
        help=text("timestamp.request.seconds"),
    )
    request.add_argument("-o", "--output", metavar="FILE", required=True, help=text("timestamp.request.output"))
    request.add_argument("--force", action="store_true", help=text("arguments.force"))
    request.add_argument("--json", action="store_true", help=text("arguments.json"))


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Ask for a stamp, check what came, and write the answer."""
    from api.time_stamp_clients import HttpTimeStampService, ServiceAddress, TimeStampClient, checked_answer
    from api.time_stamp_service import DIGEST_NAMES
    from formats.gbt20520 import MessageImprint, encode_request, imprint_of
    from seal_service.errors import TimeStampError

    keep_existing(arguments.output, replace=arguments.force)
    url = arguments.service or os.environ.get(SERVICE_VARIABLE)
    if not url:
        raise CommandError("timestamp.request.no_service", variable=SERVICE_VARIABLE)
    try:
        service = HttpTimeStampService(ServiceAddress(url, arguments.seconds))
    except ValueError as error:
        raise CommandError("timestamp.request.bad_service", service=shown(url)) from error
    algorithm = DIGEST_NAMES[arguments.digest]
    imprint = MessageImprint(algorithm, imprint_of(read_file(arguments.file, most=MAX_DOCUMENT), algorithm))
    client = TimeStampClient(service.answer_many, policy=arguments.policy, random=secrets.token_bytes)
    request = client.request(imprint)
    try:
        (answer,) = service.answer_many([encode_request(request)])
        token = checked_answer(request, answer)
    except TimeStampError as error:
        raise CommandError("timestamp.request.failed", status=ExitStatus.FAILED, detail=error) from error
    deliver(arguments.output, answer, out, replace=arguments.force)
    info = token.info
    if arguments.json:
        facts = {"at": utc_text(info.gen_time), "policy": info.policy, "serial": f"{info.serial_number:x}"}
        out.json(facts)
    elif arguments.output != "-":
        out.line(text("timestamp.request.done", at=beijing_text(info.gen_time), policy=info.policy))
        out.line(text("timestamp.request.unjudged"))
    return ExitStatus.PASSED
