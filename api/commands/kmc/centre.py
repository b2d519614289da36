"""The centre itself: making it, filling its pool, looking at it, the end of pairs' time, its audit."""

import argparse
from pathlib import Path
from typing import Any, Final

from api.arguments import add_command, checked, whole_number
from api.failures import CommandError, ExitStatus
from api.key_management_access import NoDevice, add_centre, centre_over, key_register, pool_maker
from api.key_store_access import add_index, add_key_store, add_officer, key_store, officer_session
from api.messages import Messages
from api.output import Output, shown

_MOST_PAIRS: Final = 10_000_000
_LEVEL: Final = 1000


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    init = add_command(group, text, "init", "kmc.init")
    add_centre(init, text)
    add_index(init, text, "--key-index")
    hours = checked(whole_number(1, 168), text, "arguments.not_a_number")
    init.add_argument("--recovery-hours", metavar="N", type=hours, default=24, help=text("kmc.init.hours"))
    days = checked(whole_number(0, 36_525), text, "arguments.not_a_number")
    init.add_argument("--kept-days", metavar="N", type=days, default=3653, help=text("kmc.init.days"))
    init.add_argument(
        "--register",
        metavar="URL",
        type=checked(_address, text, "kmc.init.not_an_address"),
        help=text("kmc.init.register"),
    )
    add_key_store(init, text)
    add_officer(init, text)
    init.set_defaults(handler=_init)

    fill = add_command(group, text, "fill", "kmc.fill")
    add_centre(fill, text)
    level = checked(whole_number(1, _MOST_PAIRS), text, "arguments.not_a_number")
    fill.add_argument("--level", metavar="N", type=level, default=_LEVEL, help=text("kmc.fill.level"))
    add_key_store(fill, text)
    add_officer(fill, text, second=False)
    fill.set_defaults(handler=_fill)

    status = add_command(group, text, "status", "kmc.status")
    add_centre(status, text)
    status.add_argument("--json", action="store_true", help=text("arguments.json"))
    status.set_defaults(handler=_status)

    rewrap = add_command(group, text, "rewrap", "kmc.rewrap")
    add_centre(rewrap, text)
    add_key_store(rewrap, text)
    add_officer(rewrap, text, second=False)
    rewrap.set_defaults(handler=_rewrap)

    end = add_command(group, text, "archive", "kmc.archive")
    add_centre(end, text)
    end.add_argument("--destroy", action="store_true", help=text("kmc.archive.destroy"))
    add_key_store(end, text)
    add_officer(end, text, second=False)
    end.set_defaults(handler=_archive)

    audit = add_command(group, text, "audit", "kmc.audit")
    add_centre(audit, text)
    audit.add_argument("--json", action="store_true", help=text("arguments.json"))
    audit.set_defaults(handler=_audit)


def _address(value: str) -> str:
    from api.authority_folder import record_address
    from formats.register_errors import RegisterAddressError

    try:
        return record_address(value)
    except RegisterAddressError as error:
        raise ValueError(str(error)) from None


def _init(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.key_management_folder import (
        FILE,
        KeyManagementFile,
        register_of,
        write_key_management,
    )
    from ca.key_management.register import KeyRegister

    folder = Path(arguments.directory)
    if (folder / FILE).exists():
        raise CommandError("kmc.init.exists", directory=shown(folder))
    with key_store(arguments) as client:
        key = client.public_key(arguments.key_index)
    with officer_session(arguments, text, out) as session:
        if not session.wrapping_keys():
            session.enable_wrapping()
    file = KeyManagementFile(
        arguments.key_index, key, arguments.recovery_hours, arguments.kept_days, arguments.register
    )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    KeyRegister(register_of(folder, file)).close()
    write_key_management(folder, file)
    out.line(text("kmc.init.done", directory=shown(folder)))
    return ExitStatus.PASSED


def _fill(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with key_register(arguments) as (file, register), pool_maker(arguments, file, text, out) as (maker, name):
        made = centre_over(file, register, NoDevice()).fill(arguments.level, maker, actor=name)
    out.line(text("kmc.fill.done", made=made, level=arguments.level))
    return ExitStatus.PASSED


def _status(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with key_register(arguments) as (file, register):
        counts = {str(state): count for state, count in register.counts().items()}
        open_recoveries = len(register.recoveries(open_only=True))
    if arguments.json:
        out.json({"pairs": counts, "open_recoveries": open_recoveries, "key_index": file.key_index})
        return ExitStatus.PASSED
    out.facts(
        [
            *((text(f"kmc.status.{state.replace('-', '_')}"), str(count)) for state, count in counts.items()),
            (text("kmc.status.recoveries"), str(open_recoveries)),
        ]
    )
    return ExitStatus.PASSED


def _rewrap(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with key_register(arguments) as (file, register), pool_maker(arguments, file, text, out) as (maker, name):
        done = centre_over(file, register, NoDevice()).rewrap(maker, actor=name)
    out.line(text("kmc.rewrap.done", count=done))
    return ExitStatus.PASSED


def _archive(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with key_register(arguments) as (file, register), pool_maker(arguments, file, text, out) as (maker, name):
        centre = centre_over(file, register, NoDevice())
        out.line(text("kmc.archive.done", count=centre.archive_ended(actor=name)))
        if arguments.destroy:
            out.line(text("kmc.archive.destroyed", count=centre.destroy_kept(maker, actor=name)))
    return ExitStatus.PASSED


def _audit(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from ca.key_management.audit import audit_keys

    with key_register(arguments) as (_, register):
        report = audit_keys(register)
    if arguments.json:
        out.json(
            {
                "clean": report.is_clean,
                "entries": report.entries,
                "pairs": report.keys,
                "first_break": report.first_break,
                "contradictions": list(report.contradictions),
            }
        )
    else:
        out.line(text("kmc.audit.entries", entries=report.entries, pairs=report.keys))
        if report.first_break is not None:
            out.line(text("kmc.audit.broken", entry=report.first_break + 1))
        for contradiction in report.contradictions:
            out.line(shown(contradiction))
        if report.is_clean:
            out.line(text("kmc.audit.clean"))
    return ExitStatus.PASSED if report.is_clean else ExitStatus.FAILED
