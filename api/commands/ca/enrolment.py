"""Enrolment for machines: setting it up, and the references clients enrol under."""

import argparse
import secrets
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api import moments
from api.arguments import add_command, add_group, checked, whole_number
from api.authority_access import actor_of, add_actor, add_directory
from api.certificate_input import read_certificates
from api.failures import CommandError, ExitStatus
from api.key_store_access import MOST_INDEX
from api.messages import Messages
from api.moments import beijing_text, utc_text
from api.output import Output, shown
from api.subject_input import read_subject

if TYPE_CHECKING:
    from api.enrolment_folder import EnrolmentFile

_MOST_DAYS: Final = 36_525


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    own = add_group(add_command(group, text, "enrolment", "ca.enrolment"), text, "enrolment_command")
    number = text, "arguments.not_a_number"

    create = add_command(own, text, "create", "ca.enrolment.create")
    add_directory(create, text)
    create.add_argument(
        "--confirm-minutes",
        metavar="N",
        type=checked(whole_number(1, 10_080), *number),
        default=10,
        help=text("ca.enrolment.create.confirm"),
    )
    create.add_argument("--always-confirm", action="store_true", help=text("ca.enrolment.create.always_confirm"))
    create.add_argument(
        "--standard-identity", action="store_true", help=text("ca.enrolment.create.standard_identity")
    )
    create.add_argument(
        "--reply-key-index",
        metavar="N",
        type=checked(whole_number(1, MOST_INDEX), *number),
        help=text("ca.enrolment.create.reply_key"),
    )
    create.add_argument("--reply-certificate", metavar="FILE", help=text("ca.enrolment.create.reply_certificate"))
    create.set_defaults(handler=_create)

    add = add_command(own, text, "add", "ca.enrolment.add")
    add.add_argument("reference", metavar="REFERENCE", help=text("ca.enrolment.reference"))
    add_directory(add, text)
    add.add_argument("--profile", metavar="NAME", required=True, help=text("ca.enrolment.add.profile"))
    add.add_argument(
        "--subject",
        metavar="NAME",
        required=True,
        type=checked(read_subject, text, "arguments.not_a_subject"),
        help=text("ca.enrolment.add.subject"),
    )
    add.add_argument("--any-common-name", action="store_true", help=text("ca.enrolment.add.any_common_name"))
    add.add_argument("--credit-code", metavar="CODE", help=text("ca.issue.credit_code"))
    for option, most, default, key in (
        ("--days", _MOST_DAYS, 365, "days"),
        ("--uses", 100_000, 1, "uses"),
        ("--lasts", 3660, 7, "lasts"),
    ):
        add.add_argument(
            option,
            metavar="N",
            type=checked(whole_number(1, most), *number),
            default=default,
            help=text(f"ca.enrolment.add.{key}"),
        )
    add.add_argument("--json", action="store_true", help=text("arguments.json"))
    add_actor(add, text)
    add.set_defaults(handler=_add)

    listing = add_command(own, text, "list", "ca.enrolment.list")
    add_directory(listing, text)
    listing.add_argument("--json", action="store_true", help=text("arguments.json"))
    listing.set_defaults(handler=_list)

    remove = add_command(own, text, "remove", "ca.enrolment.remove")
    remove.add_argument("reference", metavar="REFERENCE", help=text("ca.enrolment.reference"))
    add_directory(remove, text)
    add_actor(remove, text)
    remove.set_defaults(handler=_remove)


def _file(folder: Path) -> "EnrolmentFile":
    from api.enrolment_folder import read_enrolment

    file = read_enrolment(folder)
    if file is None:
        raise CommandError("ca.enrolment.none", directory=shown(folder))
    return file


def _create(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.authority_folder import read_authority
    from api.enrolment_folder import EnrolmentFile, enrolment_register, make_enrolment

    folder = Path(arguments.directory)
    read_authority(folder)
    if (arguments.reply_key_index is None) != (arguments.reply_certificate is None):
        raise CommandError("ca.enrolment.create.reply_halves")
    reply = None if arguments.reply_certificate is None else read_certificates(arguments.reply_certificate)[0]
    file = EnrolmentFile(
        confirm_minutes=arguments.confirm_minutes,
        implicit_confirm=not arguments.always_confirm,
        empty_identity=not arguments.standard_identity,
        reply_key_index=arguments.reply_key_index,
        reply_certificate=reply,
    )
    make_enrolment(folder, file)
    with enrolment_register(folder, file):
        pass  # it is there from the first day
    out.line(text("ca.enrolment.create.done", directory=shown(folder)))
    return ExitStatus.PASSED


def _add(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.authority_folder import profiles_of
    from api.enrolment_folder import enrolment_register, enrolment_secrets
    from ca.enrolment.references import add_reference
    from ca.profile import Certifies

    folder = Path(arguments.directory)
    file = _file(folder)
    profile = profiles_of(folder).get(arguments.profile)
    if profile is None or profile.certifies is not Certifies.END_ENTITY:
        raise CommandError("ca.enrolment.add.no_profile", profile=shown(arguments.profile))
    with enrolment_register(folder, file) as store:
        secret = add_reference(
            store,
            enrolment_secrets(folder),
            name=arguments.reference,
            profile=arguments.profile,
            subject=arguments.subject,
            any_common_name=arguments.any_common_name,
            credit_code=arguments.credit_code,
            days=arguments.days,
            uses=arguments.uses,
            lasts=timedelta(days=arguments.lasts),
            actor=actor_of(arguments),
            at=moments.now(),
            random=secrets.token_bytes,
        )
    if arguments.json:
        out.json({"reference": arguments.reference, "secret": secret.decode("ascii")})
        return ExitStatus.PASSED
    out.note(text("ca.enrolment.add.done", reference=shown(arguments.reference)))
    out.line(secret.decode("ascii"))
    return ExitStatus.PASSED


def _list(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.enrolment_folder import enrolment_register

    folder = Path(arguments.directory)
    at = moments.now()
    with enrolment_register(folder, _file(folder)) as store:
        references = store.references()
    rows = []
    for each in references:
        is_open = each.is_open(at) and each.used < each.uses
        if arguments.json:
            facts = {
                "reference": each.name,
                "open": is_open,
                "profile": each.profile,
                "subject": str(each.subject),
                "uses": each.uses,
                "used": each.used,
                "not_after": utc_text(each.not_after),
            }
            out.json(facts, compact=True)
            continue
        state = text("ca.enrolment.list.open" if is_open else "ca.enrolment.list.ended")
        used = f"{each.used}/{each.uses}"
        rows.append((each.name, state, used, beijing_text(each.not_after), each.profile, shown(each.subject)))
    out.table(rows)
    if not references and not arguments.json:
        out.line(text("ca.enrolment.list.nothing"))
    return ExitStatus.PASSED


def _remove(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.enrolment_folder import enrolment_register
    from ca.enrolment.references import withdraw_reference

    folder = Path(arguments.directory)
    with enrolment_register(folder, _file(folder)) as store:
        withdraw_reference(store, arguments.reference, actor=actor_of(arguments), at=moments.now())
    out.line(text("ca.enrolment.remove.done", reference=shown(arguments.reference)))
    return ExitStatus.PASSED
