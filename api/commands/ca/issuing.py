"""Issuing certificates from requests and public keys, and finishing what was interrupted."""

import argparse
import secrets
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api import moments
from api.applicant_input import add_names, names_of
from api.arguments import add_command, checked, whole_number
from api.authority_access import actor_of, add_actor, add_directory, add_key, signing_authority
from api.failures import CommandError, ExitStatus, reading
from api.files import MAX_CERTIFICATE, deliver, keep_existing, read_file
from api.messages import Messages
from api.output import Output, shown
from api.subject_input import read_subject

if TYPE_CHECKING:
    from ca.model import IssuanceRequest
    from crypto import PublicKey
    from formats.gbt20518 import Validity

_DAYS: Final = 365
_MOST_DAYS: Final = 36_525


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    issue = add_command(group, text, "issue", "ca.issue")
    add_directory(issue, text)
    source = issue.add_mutually_exclusive_group(required=True)
    source.add_argument("--request", metavar="FILE", help=text("ca.issue.request"))
    source.add_argument("--public-key", metavar="FILE", help=text("ca.issue.public_key"))
    issue.add_argument("--profile", metavar="NAME", required=True, help=text("ca.issue.profile"))
    issue.add_argument(
        "--subject",
        metavar="NAME",
        type=checked(read_subject, text, "arguments.not_a_subject"),
        help=text("ca.issue.subject"),
    )
    issue.add_argument("--credit-code", metavar="CODE", help=text("ca.issue.credit_code"))
    add_names(issue, text)
    issue.add_argument(
        "--days",
        metavar="N",
        type=checked(whole_number(1, _MOST_DAYS), text, "arguments.not_a_number"),
        default=_DAYS,
        help=text("ca.issue.days"),
    )
    issue.add_argument(
        "--not-before",
        metavar="TIME",
        type=checked(moments.read_moment, text, "arguments.not_a_moment"),
        help=text("ca.issue.not_before"),
    )
    issue.add_argument("--request-key", metavar="KEY", help=text("ca.issue.request_key"))
    issue.add_argument("--with-chain", action="store_true", help=text("ca.issue.with_chain"))
    issue.add_argument("-o", "--output", metavar="FILE", default="-", help=text("arguments.output"))
    issue.add_argument("--force", action="store_true", help=text("arguments.force"))
    add_actor(issue, text)
    add_key(issue, text)
    issue.set_defaults(handler=_issue)

    recover = add_command(group, text, "recover", "ca.recover")
    add_directory(recover, text)
    add_actor(recover, text)
    add_key(recover, text)
    recover.set_defaults(handler=_recover)


def _issue(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from formats.gbt20518 import to_pem

    keep_existing(arguments.output, replace=arguments.force)
    request = _request(arguments)
    with signing_authority(arguments, text, out) as authority:
        issue = authority.issue_subordinate if _is_for_authorities(arguments) else authority.issue
        certificate = issue(request, actor=actor_of(arguments))
        certificates = [certificate, *(authority.chain if arguments.with_chain else ())]
    out.note(text("ca.issue.done", serial=f"{certificate.serial_number:040x}", subject=shown(certificate.subject)))
    pem = "".join(to_pem(each.encoded, "CERTIFICATE") for each in certificates)
    deliver(arguments.output, pem.encode(), out, replace=arguments.force, printable=True)
    return ExitStatus.PASSED


def _is_for_authorities(arguments: argparse.Namespace) -> bool:
    from api.authority_folder import profiles_of
    from ca.profile import Certifies

    profile = profiles_of(Path(arguments.directory)).get(arguments.profile)
    return profile is not None and profile.certifies is Certifies.AUTHORITY


def _request(arguments: argparse.Namespace) -> "IssuanceRequest":
    from ca.model import IssuanceRequest, Possession
    from ca.requests import request_from_pkcs10
    from crypto import DEFAULT_USER_ID, InvalidSignatureError
    from formats.gbt20518 import der_or_pem

    key = arguments.request_key or f"command-{secrets.token_hex(16)}"
    validity = _validity(arguments)
    if arguments.public_key is not None:
        if arguments.subject is None:
            raise CommandError("ca.issue.subject_needed")
        return IssuanceRequest(
            key=key,
            profile=arguments.profile,
            subject=arguments.subject,
            public_key=_public_key(arguments.public_key),
            validity=validity,
            possession=Possession.VOUCHED,
            credit_code=arguments.credit_code,
            alternative_names=names_of(arguments),
        )
    data = read_file(arguments.request, most=MAX_CERTIFICATE)
    with reading(shown(arguments.request), "request"):
        try:
            return request_from_pkcs10(
                der_or_pem(data, "CERTIFICATE REQUEST"),
                key=key,
                profile=arguments.profile,
                validity=validity,
                user_id=DEFAULT_USER_ID,
                subject=arguments.subject,
                credit_code=arguments.credit_code,
                alternative_names=names_of(arguments),
            )
        except InvalidSignatureError as error:
            raise CommandError(
                "ca.issue.possession", status=ExitStatus.FAILED, file=shown(arguments.request)
            ) from error


def _validity(arguments: argparse.Namespace) -> "Validity":
    from formats.gbt20518 import Validity

    start = arguments.not_before or moments.now()
    return Validity(start, start + timedelta(days=arguments.days))


def _public_key(path: str) -> "PublicKey":
    from formats import der
    from formats.gbt20518 import der_or_pem
    from formats.gbt20518.algorithm import read_public_key_info

    data = read_file(path, most=MAX_CERTIFICATE)
    with reading(shown(path), "public_key"):
        key = read_public_key_info(der.parse(der_or_pem(data, "PUBLIC KEY"), what="public key")).public_key
    if key is None:
        raise CommandError("errors.malformed.public_key", file=shown(path), detail="no SM2 key")
    return key


def _recover(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with signing_authority(arguments, text, out):
        pass  # opening it finishes what was left open, and tells
    out.line(text("ca.recover.done"))
    return ExitStatus.PASSED
