"""What is said of an applicant on the command line: names, numbers, requests, applications."""

import argparse
from typing import TYPE_CHECKING, Final

from api.arguments import ArgumentParser, checked
from api.failures import CommandError, reading
from api.files import MAX_CERTIFICATE, read_file
from api.messages import Messages
from api.output import shown

if TYPE_CHECKING:
    from ca.registration.model import ApplicationId
    from formats.gbt20518.alternative_name import AlternativeName
    from formats.gbt20518.identity import IdentityNumber

_NAMES: Final = {"dns": "DNS", "ip": "IP_ADDRESS", "email": "EMAIL", "uri": "URI"}
_MOST_NUMBERS: Final = 4096


def add_names(parser: ArgumentParser, text: Messages) -> None:
    """Add ``--dns``, ``--ip``, ``--email`` and ``--uri``."""
    for option in _NAMES:
        parser.add_argument(
            f"--{option}", metavar="NAME", action="append", default=[], help=text(f"ca.names.{option}")
        )


def names_of(arguments: argparse.Namespace) -> "tuple[AlternativeName, ...]":
    """The names that were given.

    Raises:
        CommandError: One is not well-formed.
    """
    from formats.gbt20518 import GeneralNameKind
    from formats.gbt20518.alternative_name import AlternativeName

    found = []
    for option, kind in _NAMES.items():
        for name in getattr(arguments, option):
            try:
                found.append(AlternativeName(GeneralNameKind[kind], name))
            except ValueError as error:
                raise CommandError("ca.names.malformed", option=f"--{option}", value=shown(name)) from error
    return tuple(found)


def numbers_from(path: str | None) -> "tuple[IdentityNumber, ...]":
    """Numbers of an applicant from a JSON file, ``-`` for standard input: they do not belong on a command line.

    Raises:
        CommandError: It cannot be read or is no such file; nothing of a number is told.
    """
    from formats.errors import MalformedDataError
    from formats.gbt20518.identity import IdentityKind, IdentityNumber
    from formats.json_data import read_json

    if path is None:
        return ()
    data = read_file(path, most=_MOST_NUMBERS)
    try:
        members = read_json(data, what="numbers", most=_MOST_NUMBERS).members(
            required=(), optional=tuple(IdentityKind)
        )
        return tuple(IdentityNumber(IdentityKind(kind), node.text(longest=128)) for kind, node in members.items())
    except MalformedDataError:
        # Without a cause: it could quote what stands in the file.
        raise CommandError("ca.request.numbers_malformed", file=shown(path)) from None


def request_octets(path: str) -> bytes:
    """DER of the certification request in a file, DER or PEM; whether it is one the desk says."""
    from formats.gbt20518 import der_or_pem

    data = read_file(path, most=MAX_CERTIFICATE)
    with reading(shown(path), "request"):
        return der_or_pem(data, "CERTIFICATE REQUEST")


def submission_key(arguments: argparse.Namespace, request: bytes) -> str:
    """Idempotency key: the one given, or one that is the same for the same request file."""
    from crypto import sm3

    return arguments.request_key or f"request-{sm3(request).hex()}"


def add_application(parser: ArgumentParser, text: Messages, *, required: bool = True) -> None:
    """Add the argument that names an application."""
    parser.add_argument(
        "application",
        metavar="ID",
        nargs=None if required else "?",
        type=checked(_read_id, text, "ca.request.not_an_id"),
        help=text("ca.request.id"),
    )


def _read_id(text: str) -> "ApplicationId":
    from ca.registration.model import ApplicationId

    return ApplicationId(text)


def application_of(arguments: argparse.Namespace) -> "ApplicationId":
    """The application that was named."""
    found: ApplicationId = arguments.application
    return found
