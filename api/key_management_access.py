"""How commands reach a key management centre: its register, its device, and an officer's session."""

import argparse
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from api import moments
from api.arguments import ArgumentParser
from api.failures import CommandError
from api.key_store_access import key_store, officer_of
from api.messages import Messages
from api.output import Output
from api.secret_sources import KEY_PIN

if TYPE_CHECKING:
    from api.escrow_device import KeyStoreOfficer, KeyStorePoolMaker
    from api.key_management_folder import KeyManagementFile
    from ca.key_management.ports import EscrowDevice
    from ca.key_management.recovery import RecoveryDesk
    from ca.key_management.register import KeyRegister
    from ca.key_management.service import KeyManagementCentre
    from crypto import PublicKey


def add_centre(parser: ArgumentParser, text: Messages) -> None:
    """Add ``--directory``."""
    parser.add_argument("--directory", metavar="DIR", required=True, help=text("kmc.directory"))


class NoDevice:
    """An ``EscrowDevice`` for commands that hand nothing out."""

    def envelope(self, wrapped: bytes, recipient: "PublicKey") -> bytes:
        """Refuse."""
        from crypto import KeyStoreError

        del wrapped, recipient
        raise KeyStoreError("the key store was not opened")


@contextmanager
def key_register(arguments: argparse.Namespace) -> "Iterator[tuple[KeyManagementFile, KeyRegister]]":
    """The centre in ``--directory`` and its register."""
    from api.key_management_folder import read_key_management, register_of
    from ca.key_management.register import KeyRegister

    folder = Path(arguments.directory)
    file = read_key_management(folder)
    register = KeyRegister(register_of(folder, file))
    try:
        yield file, register
    finally:
        register.close()


def centre_over(
    file: "KeyManagementFile", register: "KeyRegister", device: "EscrowDevice"
) -> "KeyManagementCentre":
    """The centre at work."""
    from ca.key_management.service import KeyManagementCentre

    return KeyManagementCentre(archive=register, device=device, settings=file.settings, clock=moments.now)


def desk_over(file: "KeyManagementFile", register: "KeyRegister", device: "EscrowDevice") -> "RecoveryDesk":
    """The centre's desk for recoveries."""
    from ca.key_management.recovery import RecoveryDesk

    return RecoveryDesk(
        archive=register,
        device=device,
        settings=file.settings,
        clock=moments.now,
        random=secrets.token_bytes,
    )


@contextmanager
def escrow_device(
    arguments: argparse.Namespace, file: "KeyManagementFile", text: Messages, out: Output
) -> "Iterator[EscrowDevice]":
    """The device by the PIN of the centre's key.

    Raises:
        CommandError: The key store holds another key at the index.
    """
    from api.escrow_device import KeyStoreEscrow
    from hsm_sim import WrappedKeyAccess

    with key_store(arguments) as client:
        if client.public_key(file.key_index) != file.public_key:
            raise CommandError("kmc.other_key", index=file.key_index)
        pin = KEY_PIN.read(arguments.pin_file, text, out)
        with WrappedKeyAccess(client, pin, guard=file.key_index, reconnect_seconds=0.0) as access:
            yield KeyStoreEscrow(access)


@contextmanager
def release_officer(arguments: argparse.Namespace, text: Messages, out: Output) -> "Iterator[KeyStoreOfficer]":
    """The officer of this command, logged in to the device."""
    from api.escrow_device import KeyStoreOfficer

    credential = officer_of(arguments, text, out)
    with key_store(arguments) as client, client.officer(credential) as session:
        yield KeyStoreOfficer(session, credential.name)


@contextmanager
def pool_maker(
    arguments: argparse.Namespace, file: "KeyManagementFile", text: Messages, out: Output
) -> "Iterator[tuple[KeyStorePoolMaker, str]]":
    """The device as the operator of this command sees it, and the operator's name."""
    from api.escrow_device import KeyStorePoolMaker

    credential = officer_of(arguments, text, out)
    with key_store(arguments) as client, client.officer(credential) as session:
        yield KeyStorePoolMaker(session, file.key_index), credential.name
