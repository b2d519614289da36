"""Keys in the key store: making, listing, handing out public keys, requests, PINs, destroying."""

import argparse
from typing import TYPE_CHECKING, Any, Final

from api.arguments import ArgumentParser, add_command, checked, whole_number
from api.commands.hsm.device import moment_of
from api.failures import CommandError, ExitStatus
from api.files import deliver, keep_existing
from api.key_store_access import add_index, add_key_store, add_officer, key_signer, key_store, officer_session
from api.messages import Messages
from api.moments import beijing_text, utc_text
from api.output import Output
from api.secret_sources import FIRST_KEY_PIN, KEY_PIN, NEW_KEY_PIN
from api.subject_input import read_subject

if TYPE_CHECKING:
    from hsm_sim import KeyInfo

_USAGES: Final = ("sign", "encrypt")


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    keys = add_command(group, text, "keys", "hsm.keys")
    add_key_store(keys, text)
    keys.add_argument("--json", action="store_true", help=text("arguments.json"))
    keys.set_defaults(handler=_keys)

    generate = _of_index(group, text, "generate")
    add_officer(generate, text)
    _add_usage(generate, text)
    generate.add_argument("--label", metavar="TEXT", default="", help=text("hsm.generate.label"))
    generate.add_argument(
        "--use-limit",
        metavar="N",
        type=checked(whole_number(1, 2**63 - 1), text, "arguments.not_a_number"),
        help=text("hsm.generate.use_limit"),
    )
    FIRST_KEY_PIN.add_to(generate, text)

    export = _of_index(group, text, "export")
    _add_usage(export, text)
    _add_output(export, text)

    request = _of_index(group, text, "request")
    request.add_argument(
        "--subject",
        metavar="NAME",
        required=True,
        type=checked(read_subject, text, "arguments.not_a_subject"),
        help=text("arguments.subject"),
    )
    KEY_PIN.add_to(request, text)
    _add_output(request, text)

    change_pin = _of_index(group, text, "change-pin")
    KEY_PIN.add_to(change_pin, text)
    NEW_KEY_PIN.add_to(change_pin, text)

    unlock = _of_index(group, text, "unlock")
    add_officer(unlock, text)

    destroy = _of_index(group, text, "destroy")
    add_officer(destroy, text)
    destroy.add_argument("--force", action="store_true", help=text("hsm.destroy.force"))


def _of_index(group: Any, text: Messages, name: str) -> ArgumentParser:
    """A command about the key at one index."""
    parser = add_command(group, text, name, f"hsm.{name.replace('-', '_')}")
    add_key_store(parser, text)
    add_index(parser, text)
    parser.set_defaults(handler=_HANDLERS[name])
    return parser


def _add_usage(parser: ArgumentParser, text: Messages) -> None:
    parser.add_argument("--usage", choices=_USAGES, default="sign", help=text("hsm.usage"))


def _add_output(parser: ArgumentParser, text: Messages) -> None:
    parser.add_argument("-o", "--output", metavar="FILE", default="-", help=text("arguments.output"))
    parser.add_argument("--force", action="store_true", help=text("arguments.force"))


def _keys(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with key_store(arguments) as client:
        found = client.list_keys()
    if arguments.json:
        out.json([_as_data(each) for each in found])
    elif not found:
        out.line(text("hsm.keys.none"))
    else:
        titles = tuple(
            text(f"hsm.keys.{name}") for name in ("index", "usage", "label", "created", "uses", "tries", "digest")
        )
        out.table([titles, *(_row(each) for each in found)])
    return ExitStatus.PASSED


def _as_data(each: "KeyInfo") -> dict[str, Any]:
    return {
        "index": each.index,
        "usage": each.usage.name.lower(),
        "label": each.label,
        "created": utc_text(moment_of(each.created)),
        "uses": each.uses,
        "use_limit": each.use_limit,
        "pin_tries_left": each.password_tries_left,
        "public_key": each.public_key.hex(),
    }


def _row(each: "KeyInfo") -> tuple[object, ...]:
    from crypto import sm3

    return (
        each.index,
        each.usage.name.lower(),
        each.label,
        beijing_text(moment_of(each.created)),
        each.uses if each.use_limit is None else f"{each.uses}/{each.use_limit}",
        each.password_tries_left,
        sm3(each.public_key).hex(),
    )


def _generate(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from hsm_sim import KeyUsage

    pin = FIRST_KEY_PIN.read(arguments.pin_file, text, out) if _needs_pin(arguments) else b""
    with officer_session(arguments, text, out) as session:
        made = session.generate_key_pair(
            arguments.index,
            KeyUsage[arguments.usage.upper()],
            password=pin,
            label=arguments.label,
            use_limit=arguments.use_limit,
        )
    out.line(text("hsm.generate.done", index=made.index, usage=arguments.usage))
    out.line(made.public_key.hex())
    return ExitStatus.PASSED


def _needs_pin(arguments: argparse.Namespace) -> bool:
    """The first pair of an index sets its PIN, the second has the same one."""
    with key_store(arguments) as client:
        made = client.list_keys()
    return all(each.index != arguments.index for each in made)


def _export(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    del text
    from formats.gbt20518 import to_pem
    from formats.gbt20518.algorithm import public_key_info
    from hsm_sim import KeyUsage

    with key_store(arguments) as client:
        key = client.public_key(arguments.index, KeyUsage[arguments.usage.upper()])
    pem = to_pem(public_key_info(key), "PUBLIC KEY").encode()
    deliver(arguments.output, pem, out, replace=arguments.force, printable=True)
    return ExitStatus.PASSED


def _request(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from crypto import DEFAULT_USER_ID, sign_message
    from formats.gbt20518 import assemble_request, request_info, to_pem

    keep_existing(arguments.output, replace=arguments.force)
    with key_signer(arguments, arguments.index, text, out) as signer:
        info = request_info(arguments.subject, signer.public_key)
        encoded = assemble_request(info, sign_message(signer, info, user_id=DEFAULT_USER_ID))
    pem = to_pem(encoded, "CERTIFICATE REQUEST").encode()
    deliver(arguments.output, pem, out, replace=arguments.force, printable=True)
    return ExitStatus.PASSED


def _change_pin(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    old = KEY_PIN.read(arguments.pin_file, text, out)
    new = NEW_KEY_PIN.read(arguments.new_pin_file, text, out)
    with key_store(arguments) as client, client.open_session() as session:
        session.change_password(arguments.index, old, new)
    out.line(text("hsm.change_pin.done", index=arguments.index))
    return ExitStatus.PASSED


def _unlock(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with officer_session(arguments, text, out) as session:
        session.unlock_password(arguments.index)
    out.line(text("hsm.unlock.done", index=arguments.index))
    return ExitStatus.PASSED


def _destroy(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    if not arguments.force:
        raise CommandError("hsm.destroy.asked", index=arguments.index)
    with officer_session(arguments, text, out) as session:
        session.destroy_keys(arguments.index)
    out.line(text("hsm.destroy.done", index=arguments.index))
    return ExitStatus.PASSED


_HANDLERS: Final = {
    "generate": _generate,
    "export": _export,
    "request": _request,
    "change-pin": _change_pin,
    "unlock": _unlock,
    "destroy": _destroy,
}
