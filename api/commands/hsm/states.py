"""The life of a key: activating, suspending, resuming, deactivating, compromise, and what became of it."""

import argparse
from typing import Any, Final

from api.arguments import add_command
from api.commands.hsm.device import moment_of
from api.failures import ExitStatus
from api.files import MAX_DOCUMENT, read_file
from api.key_store_access import add_index, add_key_store, add_officer, officer_session
from api.messages import Messages
from api.moments import beijing_text
from api.output import Output

_USAGES: Final = ("sign", "encrypt")
_STEPS: Final = ("activate", "suspend", "resume", "deactivate", "compromise")


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    for name in (*_STEPS, "history"):
        parser = add_command(group, text, name, f"hsm.{name}")
        add_key_store(parser, text)
        add_officer(parser, text)
        add_index(parser, text)
        parser.add_argument("--usage", choices=_USAGES, default="sign", help=text("hsm.usage"))
        if name != "history":
            parser.add_argument("--reason", metavar="TEXT", required=True, help=text("hsm.state.reason"))
            parser.add_argument("--evidence", metavar="FILE", help=text("hsm.state.evidence"))
        parser.set_defaults(handler=_history if name == "history" else _move, step=name)


def _move(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from crypto import sm3
    from hsm_sim import KeyUsage, key_state_commands

    evidence = None
    if arguments.evidence is not None:
        evidence = sm3(read_file(arguments.evidence, most=MAX_DOCUMENT))
    request = {
        "activate": key_state_commands.ActivateKey,
        "suspend": key_state_commands.SuspendKey,
        "resume": key_state_commands.ResumeKey,
        "deactivate": key_state_commands.DeactivateKey,
        "compromise": key_state_commands.ReportCompromise,
    }[arguments.step]
    usage = KeyUsage[arguments.usage.upper()]
    with officer_session(arguments, text, out) as session:
        key = session.move_key(request(arguments.index, usage, arguments.reason, evidence))
    state = text(f"hsm.state.{key.state.name.lower()}")
    out.line(text("hsm.state.done", index=key.index, usage=arguments.usage, state=state))
    return ExitStatus.PASSED


def _history(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from crypto import sm3
    from hsm_sim import KeyUsage

    with officer_session(arguments, text, out) as session:
        histories = session.key_history(arguments.index, KeyUsage[arguments.usage.upper()])
    if not histories:
        out.line(text("hsm.history.none"))
    for history in histories:
        out.line(f"SM3 {sm3(history.public_key).hex()}")
        out.table(
            [
                (
                    beijing_text(moment_of(each.time)),
                    text(f"hsm.state.{each.before.name.lower()}"),
                    text(f"hsm.state.{each.after.name.lower()}"),
                    " + ".join(name for name in (each.actor, each.seconded_by) if name),
                    each.reason,
                    each.evidence.hex() if each.evidence else "",
                )
                for each in history.transitions
            ],
            indent=2,
        )
    return ExitStatus.PASSED
