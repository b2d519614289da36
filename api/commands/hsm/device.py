"""The device as a whole: making a store, serving it, its state, its self-test, its log."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api.arguments import ArgumentParser, add_command, checked, whole_number
from api.failures import CommandError, ExitStatus
from api.key_store_access import add_key_store, add_officer, key_store, officer_of, officer_session
from api.messages import Messages
from api.moments import beijing_text, utc_text
from api.output import Output, shown
from api.secret_sources import FIRST_OFFICER_SECRET, named_secret
from api.share_input import add_shares, shares_of

if TYPE_CHECKING:
    from hsm_sim import DevicePolicy, OfficerCredential

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(microseconds: int) -> datetime:
    """The device counts microseconds since 1970-01-01 UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    init = add_command(group, text, "init", "hsm.init")
    _add_directory(init, text)
    add_administrators(init, text)
    init.set_defaults(handler=_init)

    serve = add_command(group, text, "serve", "hsm.serve")
    _add_directory(serve, text)
    serve.add_argument("--socket", metavar="PATH", help=text("hsm.serve.socket"))
    serve.add_argument(
        "--minimum-generation",
        metavar="N",
        default=0,
        type=checked(whole_number(0, 2**63 - 1), text, "arguments.not_a_number"),
        help=text("hsm.serve.minimum_generation"),
    )
    serve.add_argument("--allow-faults", action="store_true", help=text("hsm.serve.allow_faults"))
    add_officer(serve, text, second=False)
    add_shares(serve, text, required=False)
    serve.set_defaults(handler=_serve)

    status = add_command(group, text, "status", "hsm.status")
    add_key_store(status, text)
    status.add_argument("--json", action="store_true", help=text("arguments.json"))
    status.set_defaults(handler=_status)

    self_test = add_command(group, text, "self-test", "hsm.self_test")
    add_key_store(self_test, text)
    add_officer(self_test, text)
    self_test.set_defaults(handler=_self_test)

    audit = add_command(group, text, "audit", "hsm.audit")
    add_key_store(audit, text)
    add_officer(audit, text)
    audit.add_argument("--json", action="store_true", help=text("arguments.json"))
    audit.set_defaults(handler=_audit)


def _add_directory(parser: ArgumentParser, text: Messages) -> None:
    parser.add_argument("--directory", metavar="DIR", required=True, help=text("hsm.directory"))


@contextmanager
def _opening() -> Iterator[None]:
    """A store that cannot be opened here is no key store that does not answer there."""
    from hsm_sim import DeviceError

    try:
        yield
    except DeviceError as error:
        raise CommandError("hsm.not_opened", status=ExitStatus.FAILED, detail=error) from error


def _init(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from hsm_sim import ServiceSettings, initialise_key_store

    officers, policy = administrators_of(arguments, text, out)
    with _opening():
        initialise_key_store(ServiceSettings(Path(arguments.directory)), officers, policy)
    names = ", ".join(shown(officer.name) for officer in officers)
    out.line(text("hsm.init.done", directory=shown(arguments.directory), officer=names))
    out.line(text(f"hsm.control.{policy.control.name.lower()}"))
    return ExitStatus.PASSED


def add_administrators(parser: ArgumentParser, text: Messages) -> None:
    """Add the options that name the administrators of a new device."""
    add_officer(parser, text, FIRST_OFFICER_SECRET, second=False)
    parser.add_argument(
        "--with-officer", metavar="NAME[=FILE]", action="append", default=[], help=text("hsm.init.with_officer")
    )
    parser.add_argument("--single-control", action="store_true", help=text("hsm.init.single_control"))


def administrators_of(
    arguments: argparse.Namespace, text: Messages, out: Output
) -> "tuple[tuple[OfficerCredential, ...], DevicePolicy]":
    """The administrators of a new device, and its policy: dual control where there are two of them."""
    from hsm_sim import DevicePolicy, OfficerCredential
    from hsm_sim.roles import Control

    officers = [
        officer_of(arguments, text, out, FIRST_OFFICER_SECRET),
        *(
            OfficerCredential(*named_secret(each, text, out, "secrets.officer_secret"))
            for each in arguments.with_officer
        ),
    ]
    dual = len(officers) > 1 and not arguments.single_control
    return tuple(officers), DevicePolicy(control=Control.DUAL if dual else Control.SINGLE)


def _serve(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from hsm_sim import ServiceSettings, serve

    settings = ServiceSettings(
        Path(arguments.directory),
        Path(arguments.socket) if arguments.socket else None,
        minimum_generation=arguments.minimum_generation,
        allow_faults=arguments.allow_faults,
    )
    shares = shares_of(arguments, text, out)
    officer = shares or officer_of(arguments, text, out)

    def on_ready(*_: object) -> None:
        out.line(text("hsm.serve.ready", socket=shown(settings.listens_at)))
        out.flush()

    with _opening():
        serve(settings, officer, on_ready=on_ready)
    return ExitStatus.PASSED


def _status(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with key_store(arguments) as client:
        info = client.device_info()
    facts = {
        "state": info.state.name.lower(),
        "serial": info.serial,
        "device_public_key": info.device_public_key.hex() if info.device_public_key else None,
        "engine": info.engine,
        "generation": info.generation,
        "audit_length": info.audit_length,
        "audit_head": info.audit_head.hex(),
    }
    if arguments.json:
        out.json(facts)
    else:
        out.facts([(text(f"hsm.status.{name}"), value) for name, value in facts.items()])
    return ExitStatus.PASSED


def _self_test(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with officer_session(arguments, text, out) as session:
        session.self_test()
    out.line(text("hsm.self_test.done"))
    return ExitStatus.PASSED


def _audit(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with officer_session(arguments, text, out) as session:
        entries = session.audit_log()
    if arguments.json:
        for each in entries:
            out.json(
                {
                    "sequence": each.sequence,
                    "time": utc_text(moment_of(each.time)),
                    "actor": each.actor,
                    "operation": each.operation,
                    "object": each.object,
                    "count": each.count,
                    "return_code": each.return_code,
                },
                compact=True,
            )
        return ExitStatus.PASSED
    out.table(
        [
            (
                each.sequence,
                beijing_text(moment_of(each.time)),
                each.actor,
                each.operation,
                each.object,
                each.count,
                f"{each.return_code:#010x}" if each.return_code else "",
            )
            for each in entries
        ]
    )
    out.line(text("hsm.audit.chained", count=len(entries)))
    return ExitStatus.PASSED
