"""How commands and services reach an authority's registration desk and its key management centre."""

import argparse
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from api import moments
from api.authority_access import signing_authority, unsigning_authority
from api.failures import CommandError
from api.key_store_access import key_store
from api.messages import Messages
from api.output import Output
from api.secret_sources import first_line

if TYPE_CHECKING:
    from api.registration_folder import CentreAccess
    from ca.registration.ports import EncryptionKeyRequest, KeyManagement, ProvidedKey, RestoreRequest
    from ca.registration.record_ports import DeskStore
    from ca.registration.service import RegistrationDesk
    from ca.service import CertificateAuthority
    from hsm_sim import KeyStoreClient


class UnopenedCentre:
    """A ``KeyManagement`` for commands that issue nothing: it says that there is one, and gives no key."""

    def provide(self, request: "EncryptionKeyRequest") -> "ProvidedKey":
        """Refuse."""
        from crypto import KeyStoreError

        del request
        raise KeyStoreError("the key management centre was not opened")

    def restore(self, request: "RestoreRequest") -> "ProvidedKey":
        """Refuse."""
        from crypto import KeyStoreError

        del request
        raise KeyStoreError("the key management centre was not opened")


@contextmanager
def open_centre(folder: Path, access: "CentreAccess", client: "KeyStoreClient") -> "Iterator[KeyManagement]":
    """The key management centre an authority's desk asks.

    Args:
        folder: The authority's.
        access: How the centre is reached.
        client: Of the centre's key store.

    Raises:
        CommandError: There is no centre, or the key store holds another key.
    """
    from api.escrow_device import KeyStoreEscrow
    from api.key_management_access import centre_over
    from api.key_management_folder import read_key_management, register_of
    from ca.key_management.register import KeyRegister
    from hsm_sim import WrappedKeyAccess

    directory = folder / access.directory
    file = read_key_management(directory)
    if client.public_key(file.key_index) != file.public_key:
        raise CommandError("kmc.other_key", index=file.key_index)
    pin = first_line(str(folder / access.pin_file))
    with WrappedKeyAccess(client, pin, guard=file.key_index, reconnect_seconds=0.0) as device:
        register = KeyRegister(register_of(directory, file))
        try:
            yield centre_over(file, register, KeyStoreEscrow(device))
        finally:
            register.close()


@contextmanager
def _centre_of(folder: Path, access: "CentreAccess", arguments: argparse.Namespace) -> "Iterator[KeyManagement]":
    """The centre over its own key store, or over the one of this command."""
    from hsm_sim import KeyStoreClient

    with ExitStack() as stack:
        if access.key_store is None:
            client = stack.enter_context(key_store(arguments))
        else:
            own = KeyStoreClient(Path(access.key_store), name="xinyin", reconnect_seconds=0.0)
            client = stack.enter_context(own)
        yield stack.enter_context(open_centre(folder, access, client))


def desk_over(
    folder: Path, store: "DeskStore", authority: "CertificateAuthority", centre: "KeyManagement | None"
) -> "RegistrationDesk":
    """The desk of a folder over its register, opened."""
    from api.authority_folder import profiles_of
    from api.registration_folder import number_hash, read_registration
    from ca.registration.service import RegistrationDesk

    file = read_registration(folder)
    return RegistrationDesk(
        store=store,
        authority=authority,
        key_management=centre,
        profiles=profiles_of(folder),
        settings=file.settings,
        clock=moments.now,
        random=secrets.token_bytes,
        hash_number=number_hash(folder, file),
    )


@contextmanager
def counter(arguments: argparse.Namespace) -> "Iterator[RegistrationDesk]":
    """A desk that takes, looks, rejects and changes states, and issues nothing."""
    from api.registration_folder import desk_register, read_registration

    folder = Path(arguments.directory)
    with unsigning_authority(arguments) as authority:
        file = read_registration(folder)
        store = desk_register(folder, file)
        try:
            yield desk_over(folder, store, authority, UnopenedCentre() if file.centre else None)
        finally:
            store.close()


@contextmanager
def issuing_desk(arguments: argparse.Namespace, text: Messages, out: Output) -> "Iterator[RegistrationDesk]":
    """A desk with the authority's key and the centre's device."""
    from api.registration_folder import desk_register, read_registration

    folder = Path(arguments.directory)
    with signing_authority(arguments, text, out) as authority, ExitStack() as stack:
        file = read_registration(folder)
        store = desk_register(folder, file)
        stack.callback(store.close)
        centre = None
        if file.centre is not None:
            centre = stack.enter_context(_centre_of(folder, file.centre, arguments))
        yield desk_over(folder, store, authority, centre)
