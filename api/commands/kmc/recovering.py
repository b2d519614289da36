"""Recovery of escrowed keys: asked for by one officer, approved by another, then delivered."""

import argparse
from typing import TYPE_CHECKING, Any

from api import moments
from api.arguments import ArgumentParser, add_command, add_group, checked
from api.authority_access import actor_of, add_actor
from api.failures import CommandError, ExitStatus, reading
from api.files import MAX_CERTIFICATE, deliver, keep_existing, read_file
from api.key_management_access import (
    NoDevice,
    add_centre,
    desk_over,
    escrow_device,
    key_register,
    release_officer,
)
from api.key_store_access import add_key_store, add_officer
from api.messages import Messages
from api.moments import beijing_text, utc_text
from api.output import Output, shown
from api.secret_sources import KEY_PIN

if TYPE_CHECKING:
    from ca.key_management.model import Recovery
    from ca.model import SerialNumber
    from crypto import PublicKey


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    recover = add_group(add_command(group, text, "recover", "kmc.recover"), text, "recover_command")
    request = add_command(recover, text, "request", "kmc.recover.request")
    add_centre(request, text)
    request.add_argument("--certificate", metavar="FILE", required=True, help=text("kmc.recover.certificate"))
    request.add_argument("--to", metavar="FILE", required=True, help=text("kmc.recover.to"))
    request.add_argument("--reason", metavar="TEXT", required=True, help=text("kmc.recover.reason"))
    request.add_argument("--case", metavar="TEXT", required=True, help=text("kmc.recover.case"))
    request.add_argument("--judicial", action="store_true", help=text("kmc.recover.judicial"))
    add_key_store(request, text)
    add_officer(request, text, second=False)
    request.set_defaults(handler=_request)

    for name, handler in (("approve", _approve), ("reject", _reject)):
        parser = add_command(recover, text, name, f"kmc.recover.{name}")
        _add_recovery(parser, text)
        add_key_store(parser, text)
        add_officer(parser, text, second=False)
        parser.set_defaults(handler=handler)

    delivering = add_command(recover, text, "deliver", "kmc.recover.deliver")
    _add_recovery(delivering, text)
    delivering.add_argument(
        "-o", "--output", metavar="FILE", required=True, help=text("kmc.recover.deliver.output")
    )
    delivering.add_argument("--force", action="store_true", help=text("arguments.force"))
    add_actor(delivering, text)
    add_key_store(delivering, text)
    KEY_PIN.add_to(delivering, text)
    delivering.set_defaults(handler=_deliver)

    listing = add_command(recover, text, "list", "kmc.recover.list")
    add_centre(listing, text)
    listing.add_argument("--all", action="store_true", help=text("kmc.recover.list.all"))
    listing.add_argument("--json", action="store_true", help=text("arguments.json"))
    listing.set_defaults(handler=_list)


def _add_recovery(parser: ArgumentParser, text: Messages) -> None:
    parser.add_argument(
        "recovery",
        metavar="RECOVERY",
        type=checked(_recovery_id, text, "kmc.recover.not_a_recovery"),
        help=text("kmc.recover.recovery"),
    )
    add_centre(parser, text)


def _recovery_id(value: str) -> bytes:
    octets = bytes.fromhex(value)
    if len(octets) != 16:
        raise ValueError
    return octets


def _request(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from ca.key_management.model import RecoveryKind, RecoveryOrder

    authority, serial = _certificate(arguments.certificate)
    kind = RecoveryKind.JUDICIAL if arguments.judicial else RecoveryKind.OWNER
    recipient = _recipient(arguments.to)
    try:
        order = RecoveryOrder(kind, authority, serial, recipient, arguments.reason.strip(), arguments.case.strip())
    except ValueError as error:
        raise CommandError("kmc.recover.bad_order", detail=error) from None
    with key_register(arguments) as (file, register), release_officer(arguments, text, out) as officer:
        recovery = desk_over(file, register, NoDevice()).request(order, officer)
    out.line(recovery.recovery_id.hex())
    out.note(text("kmc.recover.request.done", until=beijing_text(recovery.expires)))
    return ExitStatus.PASSED


def _certificate(path: str) -> "tuple[str, SerialNumber]":
    """Whose certificate a file holds, and its serial number."""
    from api.certificate_input import read_one_certificate
    from ca.model import SerialNumber

    certificate = read_one_certificate(path)
    issuer = certificate.authority_key_identifier
    if issuer is None or certificate.serial_number <= 0:
        raise CommandError("kmc.recover.no_issuer", file=shown(path))
    return issuer.hex(), SerialNumber(certificate.serial_number)


def _recipient(path: str) -> "PublicKey":
    """The SM2 key of a certificate or of a public key in PEM."""
    from api.certificate_input import read_one_certificate
    from formats import der
    from formats.gbt20518 import from_pem
    from formats.gbt20518.algorithm import read_public_key_info
    from formats.gbt20518.pem import PUBLIC_KEY

    data = read_file(path, most=MAX_CERTIFICATE)
    if b"-----BEGIN PUBLIC KEY-----" in data:
        with reading(shown(path), "certificate"):
            key = read_public_key_info(der.parse(from_pem(data, PUBLIC_KEY), what="public key")).public_key
    else:
        key = read_one_certificate(path).public_key
    if key is None:
        raise CommandError("kmc.recover.no_key", file=shown(path))
    return key


def _approve(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with key_register(arguments) as (file, register), release_officer(arguments, text, out) as officer:
        recovery = desk_over(file, register, NoDevice()).approve(arguments.recovery, officer)
    _tell(recovery, text, out)
    return ExitStatus.PASSED


def _reject(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with key_register(arguments) as (file, register), release_officer(arguments, text, out) as officer:
        recovery = desk_over(file, register, NoDevice()).reject(arguments.recovery, officer)
    _tell(recovery, text, out)
    return ExitStatus.PASSED


def _deliver(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    keep_existing(arguments.output, replace=arguments.force)
    with (
        key_register(arguments) as (file, register),
        escrow_device(arguments, file, text, out) as device,
    ):
        recovery = desk_over(file, register, device).deliver(arguments.recovery, actor=actor_of(arguments))
    if recovery.enveloped is None:
        raise CommandError("kmc.recover.nothing")
    deliver(arguments.output, recovery.enveloped, out, replace=arguments.force)
    _tell(recovery, text, out)
    return ExitStatus.PASSED


def _tell(recovery: "Recovery", text: Messages, out: Output) -> None:
    order = recovery.order
    out.facts(
        [
            (text("kmc.recover.facts.recovery"), recovery.recovery_id.hex()),
            (text("kmc.recover.facts.state"), _state(recovery, text)),
            (text("kmc.recover.facts.kind"), text(f"kmc.recover.kinds.{order.kind}")),
            (text("kmc.recover.facts.serial"), str(order.serial)),
            (text("kmc.recover.facts.reason"), order.reason),
            (text("kmc.recover.facts.case"), order.case),
            (text("kmc.recover.facts.requested"), f"{recovery.requested_by}, {beijing_text(recovery.requested)}"),
            (
                text("kmc.recover.facts.approved"),
                f"{recovery.approved_by}, {beijing_text(recovery.approved)}" if recovery.approved_by else "",
            ),
            (text("kmc.recover.facts.delivered"), beijing_text(recovery.delivered)),
            (text("kmc.recover.facts.expires"), beijing_text(recovery.expires) if recovery.is_open else ""),
        ]
    )


def _state(recovery: "Recovery", text: Messages) -> str:
    state = "expired" if recovery.is_expired(moments.now()) else str(recovery.state)
    return text(f"kmc.recover.states.{state}")


def _list(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with key_register(arguments) as (_, register):
        found = register.recoveries(open_only=not arguments.all)
    if arguments.json:
        out.json([_as_data(each) for each in found])
    elif not found:
        out.line(text("kmc.recover.list.none"))
    else:
        for number, recovery in enumerate(found):
            if number:
                out.line()
            _tell(recovery, text, out)
    return ExitStatus.PASSED


def _as_data(recovery: "Recovery") -> dict[str, Any]:
    order = recovery.order
    return {
        "recovery": recovery.recovery_id.hex(),
        "state": str(recovery.state),
        "expired": recovery.is_expired(moments.now()),
        "kind": str(order.kind),
        "authority": order.authority,
        "serial": str(order.serial),
        "recipient": order.recipient.point.hex(),
        "reason": order.reason,
        "case": order.case,
        "requested_by": recovery.requested_by,
        "requested": utc_text(recovery.requested),
        "approved_by": recovery.approved_by,
        "approved": utc_text(recovery.approved),
        "delivered": utc_text(recovery.delivered),
        "expires": utc_text(recovery.expires),
    }
