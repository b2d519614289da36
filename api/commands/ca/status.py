"""``xinyin ca status``: make the status service, sign answers beforehand, renew the responder's certificate."""

import argparse
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api import moments
from api.arguments import absolute_path, add_command, add_group, checked, whole_number
from api.authority_access import (
    actor_of,
    add_actor,
    add_directory,
    add_key,
    authority_record,
    signing_authority,
)
from api.failures import CommandError, ExitStatus
from api.key_store_access import add_index, key_signer, key_store
from api.messages import Messages
from api.moments import beijing_text
from api.output import Output, shown
from api.subject_input import read_subject

if TYPE_CHECKING:
    from ca.service import CertificateAuthority
    from ca.status import StatusPolicy
    from crypto import PublicKey
    from formats.gbt20518 import Certificate, Name

_PROFILE: Final = "status-service"
_DAYS: Final = 90
_WITHIN: Final = 14


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    below = add_group(add_command(group, text, "status", "ca.status"), text, "status_command")
    number = checked(whole_number(1, 36_525), text, "arguments.not_a_number")

    create = add_command(below, text, "create", "ca.status.create")
    add_directory(create, text)
    add_index(create, text, "--key-index")
    create.add_argument(
        "--subject",
        metavar="NAME",
        type=checked(read_subject, text, "arguments.not_a_subject"),
        help=text("ca.status.create.subject"),
    )
    create.add_argument("--days", metavar="N", type=number, default=_DAYS, help=text("ca.status.create.days"))
    create.add_argument(
        "--presign",
        choices=("sm3", "sha1", "sha256"),
        action="append",
        default=[],
        help=text("ca.status.create.presign"),
    )
    create.add_argument(
        "--never-issued",
        choices=("unauthorized", "unknown", "revoked"),
        default="unauthorized",
        help=text("ca.status.create.never_issued"),
    )
    create.add_argument("--nonce", choices=("echo", "ignore"), default="echo", help=text("ca.status.create.nonce"))
    create.add_argument("--only-presigned", action="store_true", help=text("ca.status.create.only_presigned"))
    create.add_argument(
        "--validity-minutes",
        metavar="N",
        type=checked(whole_number(2, 14_400), text, "arguments.not_a_number"),
        default=1440,
        help=text("ca.status.create.validity_minutes"),
    )
    create.add_argument("--archive-days", metavar="N", type=number, help=text("ca.status.create.archive_days"))
    create.add_argument(
        "--responder-pin-file",
        type=absolute_path,
        metavar="FILE",
        help=text("ca.status.create.responder_pin_file"),
    )
    create.add_argument("--store", metavar="ADDRESS", help=text("ca.status.create.store"))
    add_actor(create, text)
    add_key(create, text)
    create.set_defaults(handler=_create)

    renew = add_command(below, text, "renew", "ca.status.renew")
    add_directory(renew, text)
    renew.add_argument("--within", metavar="N", type=number, default=_WITHIN, help=text("ca.status.renew.within"))
    renew.add_argument("--days", metavar="N", type=number, default=_DAYS, help=text("ca.status.create.days"))
    add_actor(renew, text)
    add_key(renew, text)
    renew.set_defaults(handler=_renew)

    presign = add_command(below, text, "presign", "ca.status.presign")
    add_directory(presign, text)
    add_key(presign, text)
    presign.set_defaults(handler=_presign)


def _create(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.status_folder import FILE, StatusFile, write_status_file

    folder = Path(arguments.directory)
    if (folder / FILE).exists():
        raise CommandError("ca.status.exists", directory=shown(folder))
    policy = _policy(arguments)
    with key_store(arguments) as client:
        public_key = client.public_key(arguments.key_index)
    with signing_authority(arguments, text, out) as authority:
        subject = arguments.subject or _subject(authority.certificate)
        certificate = _certified(authority, public_key, subject, arguments)
    file = StatusFile(
        arguments.key_index, certificate, policy, pin_file=arguments.responder_pin_file, store=arguments.store
    )
    write_status_file(folder, file)
    out.line(text("ca.status.create.done", ends=beijing_text(certificate.validity.not_after)))
    return ExitStatus.PASSED


def _renew(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.status_folder import read_status_file, write_status_file

    folder = Path(arguments.directory)
    file = read_status_file(folder)
    ends = file.certificate.validity.not_after
    if ends - moments.now() > timedelta(days=arguments.within):
        out.line(text("ca.status.renew.not_due", ends=beijing_text(ends)))
        return ExitStatus.PASSED
    public_key = file.certificate.public_key
    assert public_key is not None
    with signing_authority(arguments, text, out) as authority:
        certificate = _certified(authority, public_key, file.certificate.subject, arguments)
    write_status_file(folder, replace(file, certificate=certificate))
    out.line(text("ca.status.renew.done", ends=beijing_text(certificate.validity.not_after)))
    return ExitStatus.PASSED


def _presign(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from contextlib import closing

    from api.authority_folder import read_authority
    from api.status_folder import read_status_file, status_register
    from ca.status import Presigner, ResponderKey

    folder = Path(arguments.directory)
    authority, file = read_authority(folder), read_status_file(folder)
    if not file.policy.presigned:
        raise CommandError("ca.status.presign.nothing")
    if file.pin_file is not None and arguments.pin_file is None:
        arguments.pin_file = str(folder / file.pin_file)
    issuer = authority.chain[0]
    with (
        key_signer(arguments, file.key_index, text, out) as signer,
        authority_record(folder, authority) as record,
        closing(status_register(folder, file)) as answers,
    ):
        key = ResponderKey(signer, file.certificate, issuer, user_id=authority.settings.user_id)
        run = Presigner(
            record=record, issuer=issuer, key=key, policy=file.policy, answers=answers, clock=moments.now
        ).run()
    out.line(text("ca.status.presign.done", signed=run.signed, dropped=run.dropped))
    return ExitStatus.PASSED


def _policy(arguments: argparse.Namespace) -> "StatusPolicy":
    from ca.status import NeverIssued, StatusPolicy
    from ca.status.model import DIGEST_NAMES, NoncePolicy

    try:
        return StatusPolicy(
            never_issued=NeverIssued(arguments.never_issued),
            nonce=NoncePolicy(arguments.nonce),
            on_demand=not arguments.only_presigned,
            validity=timedelta(minutes=arguments.validity_minutes),
            presigned=tuple(DIGEST_NAMES[name] for name in arguments.presign),
            archive=timedelta(days=arguments.archive_days) if arguments.archive_days is not None else None,
        )
    except ValueError as error:
        raise CommandError("ca.status.contradiction", detail=error) from error


def _certified(
    authority: "CertificateAuthority", public_key: "PublicKey", subject: "Name", arguments: argparse.Namespace
) -> "Certificate":
    """A certificate for the responder. Repeated within the hour it is the same, so an interruption costs none."""
    from api.stopped_keys import stop_name
    from ca.model import IssuanceRequest, Possession
    from formats.gbt20518 import Validity

    above = authority.certificate.validity
    start = max(moments.now().replace(minute=0, second=0), above.not_before)
    end = min(start + timedelta(days=arguments.days), above.not_after)
    request = IssuanceRequest(
        key=f"{_PROFILE}-{stop_name(public_key)}-{start:%Y%m%d%H%M%S}-{arguments.days}",
        profile=_PROFILE,
        subject=subject,
        public_key=public_key,
        validity=Validity(start, end),
        possession=Possession.VOUCHED,
    )
    return authority.issue(request, actor=actor_of(arguments))


def _subject(certificate: "Certificate") -> "Name":
    """The authority's country and organisation, and what the service is."""
    from formats import oids
    from formats.gbt20518 import Name

    above = certificate.subject
    if above.country is None or above.organization is None:
        raise CommandError("ca.status.create.subject_needed")
    name = f"{above.common_name or above.organization} OCSP"
    attributes = ((oids.COUNTRY, above.country), (oids.ORGANIZATION, above.organization), (oids.COMMON_NAME, name))
    return Name.build(attributes)
