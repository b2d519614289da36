"""How commands reach an authority: its folder, its record, and, where something is signed, its key."""

import argparse
import getpass
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from api import moments
from api.arguments import ArgumentParser
from api.failures import CommandError
from api.key_store_access import add_key_store, key_signer
from api.messages import Messages
from api.output import Output, shown
from api.secret_sources import KEY_PIN

if TYPE_CHECKING:
    from api.authority_folder import AuthorityFile
    from ca.ports import CaStore
    from ca.register import CaRegister
    from ca.service import CertificateAuthority
    from crypto import Signer

ACTOR_VARIABLE: Final = "XINYIN_ACTOR"


def add_directory(parser: ArgumentParser, text: Messages) -> None:
    """Add ``--directory``."""
    parser.add_argument("--directory", metavar="DIR", required=True, help=text("ca.directory"))


def add_actor(parser: ArgumentParser, text: Messages) -> None:
    """Add ``--actor``, for commands that leave an audit entry."""
    parser.add_argument("--actor", metavar="NAME", help=text("ca.actor", variable=ACTOR_VARIABLE))


def add_key(parser: ArgumentParser, text: Messages) -> None:
    """Add what commands that sign need."""
    add_key_store(parser, text)
    KEY_PIN.add_to(parser, text)


def actor_of(arguments: argparse.Namespace) -> str:
    """Who asks, for the audit trail."""
    try:
        return str(arguments.actor or os.environ.get(ACTOR_VARIABLE) or getpass.getuser())
    except (OSError, KeyError):  # this user has no name
        return f"uid {os.getuid()}"


@contextmanager
def authority_record(folder: Path, file: "AuthorityFile") -> "Iterator[CaRegister]":
    """The record of an authority: in its folder, or where its file says.

    Raises:
        CommandError: It cannot be opened or is of another layout.
    """
    import sqlalchemy.exc

    from api.authority_folder import RECORD
    from ca.register import CaRegister
    from formats.register_errors import RegisterError

    address = file.record or str(folder / RECORD)
    try:
        store = CaRegister(address)
    except (sqlalchemy.exc.SQLAlchemyError, RegisterError) as error:
        detail = shown(getattr(error, "orig", None) or error)
        raise CommandError("ca.record_unreadable", file=shown(address), detail=detail) from error
    try:
        yield store
    finally:
        store.close()


@contextmanager
def unsigning_authority(arguments: argparse.Namespace) -> "Iterator[CertificateAuthority]":
    """An authority that can look at its record and change states, and sign nothing."""
    from api.authority_folder import UnopenedKey, read_authority

    folder = Path(arguments.directory)
    file = read_authority(folder)
    with authority_record(folder, file) as store:
        yield authority_over(folder, file, store, UnopenedKey(file.public_key))


@contextmanager
def signing_authority(
    arguments: argparse.Namespace, text: Messages, out: Output
) -> "Iterator[CertificateAuthority]":
    """An authority with its key; what an interruption left open is finished first, and told.

    Raises:
        CommandError: The key store holds another key at the index.
    """
    from api.authority_folder import read_authority
    from api.stopped_keys import StopFile
    from crypto import GuardedSigner

    folder = Path(arguments.directory)
    file = read_authority(folder)
    with key_signer(arguments, file.key_index, text, out) as signer, authority_record(folder, file) as store:
        if signer.public_key != file.public_key:
            raise CommandError("ca.other_key", index=file.key_index)
        guarded = GuardedSigner(signer, StopFile(folder, file.public_key, clock=moments.now))
        authority = authority_over(folder, file, store, guarded)
        recovery = authority.recover(actor=actor_of(arguments))
        for serial in recovery.completed:
            out.note(text("ca.recovered", serial=serial))
        for serial, reason in recovery.abandoned:
            out.note(text("ca.given_up", serial=serial, reason=reason))
        yield authority


def authority_over(
    folder: Path, file: "AuthorityFile", store: "CaStore", signer: "Signer"
) -> "CertificateAuthority":
    """The authority of a folder over its record, opened, and its key.

    Raises:
        CommandError: The folder contradicts itself.
    """
    from api.authority_folder import profiles_of
    from ca.service import CertificateAuthority

    if not file.chain:
        raise CommandError("ca.unfinished", directory=shown(folder))
    profiles = profiles_of(folder)
    if file.profile not in profiles:
        raise CommandError("ca.profile_missing", profile=shown(file.profile), directory=shown(folder))
    try:
        return CertificateAuthority(
            store=store,
            signer=signer,
            chain=file.chain,
            profiles=profiles,
            settings=file.settings,
            clock=moments.now,
            random=secrets.token_bytes,
            profile=file.profile,
        )
    except ValueError as error:  # authority.json was changed by hand
        raise CommandError("ca.file_contradicts", directory=shown(folder), detail=error) from error
