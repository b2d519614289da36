"""How commands reach a key store: which socket, which officer, which key."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from api.arguments import ArgumentParser, whole_number
from api.arguments import checked as checked_argument
from api.failures import CommandError, ExitStatus
from api.key_places import SOCKET_VARIABLE, DeviceLibrary, KeyPlace, open_library_key, read_key_place
from api.messages import Messages
from api.output import Output, shown
from api.secret_sources import KEY_PIN, OFFICER_SECRET, SECOND_OFFICER_SECRET, SecretSource

if TYPE_CHECKING:
    from crypto import Signer
    from hsm_sim import KeyStoreClient, OfficerCredential, OfficerSession

OFFICER_VARIABLE: Final = "XINYIN_OFFICER"
_DEFAULT_OFFICER: Final = "officer"
MOST_INDEX: Final = 4096


def add_key_store(parser: ArgumentParser, text: Messages) -> None:
    """Add ``--key-store``."""
    parser.add_argument("--key-store", metavar="SOCKET", help=text("key_store.socket", variable=SOCKET_VARIABLE))


def add_officer(
    parser: ArgumentParser, text: Messages, source: SecretSource = OFFICER_SECRET, *, second: bool = True
) -> None:
    """Add ``--officer`` and where the officer's secret comes from; with ``second`` the same for another."""
    parser.add_argument("--officer", metavar="NAME", help=text("key_store.officer", variable=OFFICER_VARIABLE))
    source.add_to(parser, text)
    if second:
        parser.add_argument("--second-officer", metavar="NAME", help=text("key_store.second_officer"))
        SECOND_OFFICER_SECRET.add_to(parser, text)


def add_index(parser: ArgumentParser, text: Messages, option: str = "--index") -> None:
    """Add the option that names a key by its index."""
    parser.add_argument(
        option,
        metavar="N",
        required=True,
        type=checked_argument(whole_number(1, MOST_INDEX), text, "arguments.not_a_number"),
        help=text("key_store.index"),
    )


@contextmanager
def key_store(arguments: argparse.Namespace) -> "Iterator[KeyStoreClient]":
    """A client of the key store that the arguments or the environment name.

    Raises:
        CommandError: Neither names one, or what they name is a vendor's library.
    """
    from hsm_sim import KeyStoreClient

    place = _place(arguments)
    if isinstance(place, DeviceLibrary):
        raise CommandError("key_store.no_management", library=str(place.path))
    with KeyStoreClient(place.path, name="xinyin", reconnect_seconds=0.0) as client:
        yield client


def _place(arguments: argparse.Namespace) -> KeyPlace:
    text = arguments.key_store or os.environ.get(SOCKET_VARIABLE)
    if not text:
        raise CommandError("key_store.not_named", variable=SOCKET_VARIABLE)
    return read_key_place(text)


def officer_of(
    arguments: argparse.Namespace, text: Messages, out: Output, source: SecretSource = OFFICER_SECRET
) -> "OfficerCredential":
    """The officer that the arguments or the environment name, with the secret."""
    from hsm_sim import OfficerCredential

    name = arguments.officer or os.environ.get(OFFICER_VARIABLE) or _DEFAULT_OFFICER
    return OfficerCredential(name, source.read(arguments.secret_file, text, out))


@contextmanager
def officer_session(arguments: argparse.Namespace, text: Messages, out: Output) -> "Iterator[OfficerSession]":
    """A session that the officer is logged in to, with a second one where one is named.

    Raises:
        CommandError: On a device under dual control, with one officer: the act was proposed and waits for another.
    """
    from hsm_sim import OfficerCredential
    from hsm_sim.dual_control import ProposedError

    officer = officer_of(arguments, text, out)
    with key_store(arguments) as client:
        if arguments.second_officer is not None:
            secret = SECOND_OFFICER_SECRET.read(arguments.second_secret_file, text, out)
            second = OfficerCredential(arguments.second_officer, secret)
            with client.administrators(officer, second) as session:
                yield session
            return
        try:
            with client.proposing_officer(officer) as session:
                yield session
        except ProposedError as error:
            act = error.act
            raise CommandError(
                "hsm.acts.proposed",
                status=ExitStatus.UNDETERMINED,
                number=act.number,
                digest=act.digest.hex(),
                summary=shown(act.summary),
            ) from None


@contextmanager
def key_signer(arguments: argparse.Namespace, index: int, text: Messages, out: Output) -> "Iterator[Signer]":
    """A signer over the signing key at ``index``; its PIN comes from where ``KEY_PIN`` says."""
    from hsm_sim import KeyStoreSigner

    place = _place(arguments)
    if isinstance(place, DeviceLibrary):

        def pin_of_key() -> bytes:
            return KEY_PIN.read(arguments.pin_file, text, out)

        with open_library_key(place, index, pin_of_key, reconnect_seconds=0.0) as library_signer:
            yield library_signer
        return
    with key_store(arguments) as client:
        public_key = client.public_key(index)
        pin = KEY_PIN.read(arguments.pin_file, text, out)
        with KeyStoreSigner(client, index, pin, public_key, reconnect_seconds=0.0) as signer:
            yield signer
