"""Making an authority: a root that certifies itself, or a subordinate with the certificate its parent issued."""

import argparse
import secrets
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api import moments
from api.arguments import add_command, checked, whole_number
from api.authority_access import actor_of, add_actor, add_directory, add_key, authority_record
from api.certificate_input import read_certificates
from api.failures import CommandError, ExitStatus
from api.key_store_access import add_index, key_signer
from api.messages import Messages
from api.output import Output, shown
from api.subject_input import read_subject

if TYPE_CHECKING:
    from api.authority_folder import AuthorityFile
    from ca.partition import PartitionPlan
    from crypto import Signer

_ROOT_DAYS: Final = 3650
_CRL_DAYS: Final = 7
_MOST_DAYS: Final = 36_525
_MOST_SHARDS: Final = 4096
_MOST_DELTA_HOURS: Final = 24 * 365


def add_parsers(group: Any, text: Messages) -> None:
    """Add the command."""
    create = add_command(group, text, "create", "ca.create")
    add_directory(create, text)
    add_index(create, text, "--key-index")
    kind = create.add_mutually_exclusive_group(required=True)
    kind.add_argument(
        "--subject",
        metavar="NAME",
        type=checked(read_subject, text, "arguments.not_a_subject"),
        help=text("ca.create.subject"),
    )
    kind.add_argument("--chain", metavar="FILE", help=text("ca.create.chain"))
    days = checked(whole_number(1, _MOST_DAYS), text, "arguments.not_a_number")
    create.add_argument("--days", metavar="N", type=days, default=_ROOT_DAYS, help=text("ca.create.days"))
    create.add_argument("--profile", metavar="NAME", help=text("ca.create.profile"))
    create.add_argument("--policy", metavar="OID", action="append", default=[], help=text("ca.create.policy"))
    create.add_argument("--crl-uri", metavar="URI", action="append", default=[], help=text("ca.create.crl_uri"))
    create.add_argument("--ocsp-uri", metavar="URI", action="append", default=[], help=text("ca.create.ocsp_uri"))
    create.add_argument(
        "--ca-issuers-uri", metavar="URI", action="append", default=[], help=text("ca.create.ca_issuers_uri")
    )
    create.add_argument("--crl-days", metavar="N", type=days, default=_CRL_DAYS, help=text("ca.create.crl_days"))
    create.add_argument("--crl-folder", metavar="URI", help=text("ca.create.crl_folder"))
    shards = checked(whole_number(1, _MOST_SHARDS), text, "arguments.not_a_number")
    create.add_argument("--shards", metavar="N", type=shards, default=1, help=text("ca.create.shards"))
    hours = checked(whole_number(1, _MOST_DELTA_HOURS), text, "arguments.not_a_number")
    create.add_argument("--delta-hours", metavar="N", type=hours, help=text("ca.create.delta_hours"))
    create.add_argument(
        "--record",
        metavar="URL",
        type=checked(_record_address, text, "ca.create.not_an_address"),
        help=text("ca.create.record"),
    )
    add_actor(create, text)
    add_key(create, text)
    create.set_defaults(handler=_create)


def _record_address(value: str) -> str:
    from api.authority_folder import record_address
    from formats.register_errors import RegisterAddressError

    try:
        return record_address(value)
    except RegisterAddressError as error:
        raise ValueError(str(error)) from None


def _create(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.authority_folder import FILE, read_authority, write_authority

    folder = Path(arguments.directory)
    with key_signer(arguments, arguments.key_index, text, out) as signer:
        if (folder / FILE).exists():
            file = _resumed(read_authority(folder), arguments, signer)
        else:
            file = _planned(arguments, signer)
            write_authority(folder, file)
        if not file.chain:
            file = _with_root_certificate(folder, file, signer, actor_of(arguments))
            write_authority(folder, file)
    with authority_record(folder, file):
        pass  # its record is there from the first day
    out.line(text("ca.create.done", directory=shown(folder), subject=shown(file.chain[0].subject)))
    out.line(f"SM3 {file.chain[0].digest().hex()}")
    return ExitStatus.PASSED


def _planned(arguments: argparse.Namespace, signer: "Signer") -> "AuthorityFile":
    from api.authority_folder import AuthorityFile, PlannedRoot
    from ca.authority import TEST_POLICY
    from formats.gbt20518 import Validity

    own = {
        "key_index": arguments.key_index,
        "public_key": signer.public_key,
        # The key store is a simulation, so whatever its keys sign is marked as test (docs/design.md, rule 10).
        "policies": (TEST_POLICY, *arguments.policy),
        "crl_uris": tuple(arguments.crl_uri),
        "ocsp_uris": tuple(arguments.ocsp_uri),
        "ca_issuers_uris": tuple(arguments.ca_issuers_uri),
        "crl_days": arguments.crl_days,
        "delta_hours": arguments.delta_hours,
        "partitions": _plan(arguments),
        "record": arguments.record,
    }
    if arguments.chain is None:
        start = moments.now()
        validity = Validity(start, start + timedelta(days=arguments.days))
        return AuthorityFile(
            profile=arguments.profile or "root", planned=PlannedRoot(arguments.subject, validity), **own
        )
    chain = tuple(read_certificates(arguments.chain))
    if chain[0].public_key != signer.public_key:
        raise CommandError("ca.create.chain_of_another", file=shown(arguments.chain), index=arguments.key_index)
    return AuthorityFile(profile=arguments.profile or "issuing-ca", chain=chain, **own)


def _plan(arguments: argparse.Namespace) -> "PartitionPlan | None":
    from ca.partition import PartitionPlan

    if arguments.crl_folder is None:
        return None
    try:
        return PartitionPlan(arguments.crl_folder, (arguments.shards,))
    except ValueError:
        raise CommandError("ca.create.not_a_folder", uri=shown(arguments.crl_folder)) from None


def _resumed(file: "AuthorityFile", arguments: argparse.Namespace, signer: "Signer") -> "AuthorityFile":
    """An authority that was begun before; only a root whose making was interrupted is finished."""
    same = (
        file.planned is not None
        and arguments.subject is not None
        and file.planned.subject == arguments.subject
        and file.public_key == signer.public_key
    )
    if file.chain or not same:
        raise CommandError("ca.create.exists", directory=shown(arguments.directory))
    return file


def _with_root_certificate(folder: Path, file: "AuthorityFile", signer: "Signer", actor: str) -> "AuthorityFile":
    from api.authority_folder import profiles_of
    from ca.service import CertificateAuthority

    planned = file.planned
    if planned is None:
        raise CommandError("ca.unfinished", directory=shown(folder))
    with authority_record(folder, file) as store:
        authority = CertificateAuthority.create_root(
            store=store,
            signer=signer,
            subject=planned.subject,
            validity=planned.validity,
            profiles=profiles_of(folder),
            settings=file.settings,
            clock=moments.now,
            random=secrets.token_bytes,
            actor=actor,
            profile=file.profile,
        )
    return replace(file, chain=authority.chain)
