"""Faults of a key store that was started for tests: arming, listing, clearing."""

import argparse
from collections.abc import Callable
from typing import Any, Final

from api.arguments import add_command, add_group, checked, whole_number
from api.failures import CommandError, ExitStatus
from api.key_store_access import add_key_store, add_officer, officer_session
from api.messages import Messages
from api.output import Output

_MOST_REQUESTS: Final = 2**32 - 1
_MOST_AMOUNT: Final = 2**32 - 1
_ANY: Final = "any"
KINDS: Final = (
    "delay", "hang", "break-before", "break-after", "cut-reply", "refuse", "reset", "wrong-signature",
    "no-session", "clock-forward", "clock-back",
)  # fmt: skip
"""As ``hsm_sim.FaultKind`` has them, which help does without."""


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    faults = add_group(add_command(group, text, "fault", "hsm.fault"), text, "fault_command")
    arm = add_command(faults, text, "arm", "hsm.fault.arm")
    arm.add_argument(
        "kind",
        metavar="KIND",
        type=checked(_kind, text, "hsm.fault.no_kind"),
        help=text("hsm.fault.kind", kinds=", ".join(KINDS)),
    )
    arm.add_argument(
        "--command",
        metavar="NAME",
        dest="struck",
        default=_ANY,
        type=checked(_command, text, "hsm.fault.no_command"),
        help=text("hsm.fault.command"),
    )
    requests = checked(whole_number(0, _MOST_REQUESTS), text, "arguments.not_a_number")
    arm.add_argument("--skip", metavar="N", type=requests, default=0, help=text("hsm.fault.skip"))
    arm.add_argument("--times", metavar="N", type=requests, default=1, help=text("hsm.fault.times"))
    amount = checked(_amount, text, "arguments.not_a_number")
    arm.add_argument("--amount", metavar="N", type=amount, default=0, help=text("hsm.fault.amount"))
    arm.set_defaults(handler=_arm)
    for name, handler in (("list", _list), ("clear", _clear)):
        parser = add_command(faults, text, name, f"hsm.fault.{name}")
        parser.set_defaults(handler=handler)
    for parser in faults.choices.values():
        add_key_store(parser, text)
        add_officer(parser, text)


def _by_name(members: Any) -> Callable[[str], Any]:
    def find(value: str) -> Any:
        for member in members:
            if member.name.lower().replace("_", "-") == value:
                return member
        raise ValueError

    return find


def _kind(value: str) -> Any:
    from hsm_sim import FaultKind

    return _by_name(FaultKind)(value)


def _command(value: str) -> Any:
    from hsm_sim.commands import Command

    return value if value == _ANY else _by_name(Command)(value)


def _amount(value: str) -> int:
    """Decimal, or hexadecimal after 0x, as return codes are written."""
    if not value.startswith("0x"):
        return whole_number(0, _MOST_AMOUNT)(value)
    if not 3 <= len(value) <= 10 or not set(value[2:]) <= set("0123456789abcdefABCDEF"):
        raise ValueError
    return int(value, 16)


def _arm(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from hsm_sim import Fault
    from hsm_sim.fault_commands import ANY_COMMAND

    command = ANY_COMMAND if arguments.struck == _ANY else arguments.struck
    try:
        fault = Fault(arguments.kind, command, arguments.skip, arguments.times, arguments.amount)
    except ValueError as error:
        raise CommandError("hsm.fault.senseless", detail=error) from error
    with officer_session(arguments, text, out) as session:
        session.arm_fault(fault)
    out.line(text("hsm.fault.arm.done", kind=_name(arguments.kind)))
    return ExitStatus.PASSED


def _list(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from hsm_sim.commands import Command
    from hsm_sim.fault_commands import ANY_COMMAND

    with officer_session(arguments, text, out) as session:
        armed = session.faults()
    if not armed:
        out.line(text("hsm.fault.none"))
        return ExitStatus.PASSED
    titles = ("number", "kind", "command", "skip", "times", "amount", "struck")
    rows = [
        (
            each.number,
            _name(each.fault.kind),
            _ANY if each.fault.command == ANY_COMMAND else _name(Command(each.fault.command)),
            each.fault.skip,
            each.fault.times,
            each.fault.amount,
            each.struck,
        )
        for each in armed
    ]
    out.table([tuple(text(f"hsm.fault.column.{name}") for name in titles), *rows])
    return ExitStatus.PASSED


def _clear(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with officer_session(arguments, text, out) as session:
        session.clear_faults()
    out.line(text("hsm.fault.clear.done"))
    return ExitStatus.PASSED


def _name(member: Any) -> str:
    return str(member.name.lower().replace("_", "-"))
