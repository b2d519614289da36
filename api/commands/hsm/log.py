"""The device's log as a file under its signature, and the judgement of such a file without a device."""

import argparse
from typing import Any

from api.arguments import add_command, add_group
from api.failures import CommandError, ExitStatus
from api.files import deliver, keep_existing, read_file
from api.key_store_access import add_key_store, add_officer, key_store, officer_session
from api.messages import Messages
from api.output import Output, shown


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    log = add_group(add_command(group, text, "log", "hsm.log"), text, "log_command")
    export = add_command(log, text, "export", "hsm.log.export")
    add_key_store(export, text)
    add_officer(export, text)
    export.add_argument("-o", "--output", metavar="FILE", default="-", help=text("arguments.output"))
    export.add_argument("--force", action="store_true", help=text("arguments.force"))
    export.set_defaults(handler=_export)

    verify = add_command(log, text, "verify", "hsm.log.verify")
    verify.add_argument("log", metavar="FILE", help=text("hsm.log.file"))
    verify.add_argument("--device-key", metavar="HEX", help=text("hsm.log.device_key"))
    verify.set_defaults(handler=_verify)


def _export(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from hsm_sim.custody.log_files import write_log

    keep_existing(arguments.output, replace=arguments.force)
    with key_store(arguments) as client, officer_session(arguments, text, out) as session:
        key = client.device_info().device_public_key or b""
        last = session.sign_log()
        entries = session.audit_log()[: last.length]
    data = b"".join(write_log(entries, key, last))
    deliver(arguments.output, data, out, replace=arguments.force, printable=True)
    out.note(text("hsm.log.export.done", length=last.length, head=last.head.hex()))
    return ExitStatus.PASSED


def _verify(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from hsm_sim.custody.log_files import MAX_LOG_FILE, LogFileError, read_log

    data = read_file(arguments.log, most=MAX_LOG_FILE)
    try:
        judged = read_log(data.splitlines(keepends=True))
    except LogFileError as error:
        raise CommandError("hsm.log.broken", status=ExitStatus.FAILED, detail=shown(error)) from error
    if arguments.device_key is not None and arguments.device_key.lower() != judged.device_key.hex():
        raise CommandError("hsm.log.other_device", status=ExitStatus.FAILED, device_key=judged.device_key.hex())
    out.facts(
        [
            (text("hsm.status.serial"), judged.serial),
            (text("hsm.status.device_public_key"), judged.device_key.hex()),
            (text("hsm.status.audit_length"), len(judged.entries)),
            (text("hsm.log.checkpoints"), judged.checkpoints),
            (text("hsm.status.audit_head"), judged.last.head.hex()),
        ]
    )
    out.line(text("hsm.log.verify.done"))
    return ExitStatus.PASSED
