"""Custody of the key store: shares, backups, restoring, zeroising."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.arguments import add_command, checked, whole_number
from api.commands.hsm.device import add_administrators, administrators_of
from api.failures import CommandError, ExitStatus
from api.files import deliver, keep_existing, read_file, write_file
from api.key_store_access import add_key_store, add_officer, key_store, officer_session
from api.messages import Messages
from api.output import Output, shown
from api.secret_sources import named_secret
from api.share_input import add_shares, shares_of

if TYPE_CHECKING:
    from hsm_sim.custody.commands import BackupReport


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    split = add_command(group, text, "split", "hsm.split")
    add_key_store(split, text)
    add_officer(split, text)
    number = checked(whole_number(2, 10), text, "arguments.not_a_number")
    split.add_argument("--threshold", metavar="M", required=True, type=number, help=text("hsm.split.threshold"))
    split.add_argument(
        "--custodian", metavar="NAME=FILE", action="append", required=True, help=text("hsm.split.custodian")
    )
    split.add_argument("--shares", metavar="DIR", required=True, help=text("hsm.split.shares"))
    split.add_argument("--force", action="store_true", help=text("arguments.force"))
    split.set_defaults(handler=_split)

    info = add_command(group, text, "custody", "hsm.custody")
    add_key_store(info, text)
    info.set_defaults(handler=_info)

    drill = add_command(group, text, "check-shares", "hsm.check_shares")
    add_key_store(drill, text)
    add_officer(drill, text)
    add_shares(drill, text)
    drill.set_defaults(handler=_check_shares)

    backup = add_command(group, text, "backup", "hsm.backup")
    add_key_store(backup, text)
    add_officer(backup, text)
    backup.add_argument("-o", "--output", metavar="FILE", required=True, help=text("arguments.output"))
    backup.add_argument("--force", action="store_true", help=text("arguments.force"))
    backup.set_defaults(handler=_backup)

    verify = add_command(group, text, "verify-backup", "hsm.verify_backup")
    verify.add_argument("backup", metavar="FILE", help=text("hsm.restore.backup"))
    add_key_store(verify, text)
    add_shares(verify, text)
    verify.set_defaults(handler=_verify)

    restore = add_command(group, text, "restore", "hsm.restore")
    restore.add_argument("backup", metavar="FILE", help=text("hsm.restore.backup"))
    restore.add_argument("--directory", metavar="DIR", required=True, help=text("hsm.directory"))
    add_administrators(restore, text)
    add_shares(restore, text)
    generation = checked(whole_number(0, 2**63 - 1), text, "arguments.not_a_number")
    restore.add_argument(
        "--minimum-generation", metavar="N", default=0, type=generation, help=text("hsm.restore.minimum")
    )
    restore.set_defaults(handler=_restore)

    zeroise = add_command(group, text, "zeroise", "hsm.zeroise")
    add_key_store(zeroise, text)
    add_officer(zeroise, text)
    zeroise.add_argument("--force", action="store_true", help=text("hsm.zeroise.force"))
    zeroise.set_defaults(handler=_zeroise)


def _split(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from hsm_sim.custody.shares import Custodian

    folder = Path(arguments.shares)
    custodians = [Custodian(*named_secret(each, text, out, "secrets.passphrase")) for each in arguments.custodian]
    paths = [str(folder / f"{each.name}.share.json") for each in custodians]
    for path in paths:
        keep_existing(path, replace=arguments.force)
    with officer_session(arguments, text, out) as session:
        files = session.split_master(arguments.threshold, custodians)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, file in zip(paths, files, strict=True):
        write_file(path, file, replace=arguments.force, mode=0o600)
        out.line(shown(path))
    out.line(text("hsm.split.done", threshold=arguments.threshold, count=len(files)))
    return ExitStatus.PASSED


def _info(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with key_store(arguments) as client:
        found = client.custody_info().custody_set
    if found is None:
        out.line(text("hsm.custody.none"))
        return ExitStatus.PASSED
    out.line(text("hsm.custody.set", set=found.set_id.hex(), threshold=found.threshold))
    for name in found.custodians:
        out.line(f"  {shown(name)}")
    return ExitStatus.PASSED


def _check_shares(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with officer_session(arguments, text, out) as session:
        session.check_shares(shares_of(arguments, text, out))
    out.line(text("hsm.check_shares.done"))
    return ExitStatus.PASSED


def _backup(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from crypto import sm3

    keep_existing(arguments.output, replace=arguments.force)
    with officer_session(arguments, text, out) as session:
        backup = session.back_up()
    deliver(arguments.output, backup, out, replace=arguments.force, mode=0o600)
    out.note(text("hsm.backup.done", digest=sm3(backup).hex()))
    return ExitStatus.PASSED


def _read(path: str) -> bytes:
    from hsm_sim.custody.commands import MAX_BACKUP

    return read_file(path, most=MAX_BACKUP)


def _verify(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with key_store(arguments) as client:
        report = client.verify_backup(_read(arguments.backup), shares_of(arguments, text, out))
    _tell(report, text, out)
    out.line(text("hsm.verify_backup.done"))
    return ExitStatus.PASSED


def _tell(report: "BackupReport", text: Messages, out: Output) -> None:
    out.facts(
        [
            (text("hsm.status.serial"), report.serial),
            (text("hsm.status.generation"), report.generation),
            (text("hsm.verify_backup.pairs"), report.key_pairs),
            (text("hsm.verify_backup.records"), report.records),
        ]
    )


def _restore(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from hsm_sim import ServiceSettings, start_key_store

    officers, policy = administrators_of(arguments, text, out)
    backup, shares = _read(arguments.backup), shares_of(arguments, text, out)
    with start_key_store(ServiceSettings(Path(arguments.directory))) as process, process.client() as client:
        client.restore(backup, shares, officers, policy, minimum_generation=arguments.minimum_generation)
        keys = len(client.list_keys())
    out.line(text("hsm.restore.done", directory=shown(arguments.directory), count=keys))
    out.line(text(f"hsm.control.{policy.control.name.lower()}"))
    return ExitStatus.PASSED


def _zeroise(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    if not arguments.force:
        raise CommandError("hsm.zeroise.asked")
    with officer_session(arguments, text, out) as session:
        last = session.zeroise()
    out.line(text("hsm.zeroise.done", serial=last.serial, length=last.length))
    return ExitStatus.PASSED
