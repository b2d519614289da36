"""Enrolment in an authority's folder: what its file says, its master secret, its register.

```
enrolment-service.json   how enrolment works here; public
enrolment.key            the master secret all secrets of references are derived from, mode 0600
enrolment.sqlite         the register of references and enrolments, unless the file names another place
```
"""

import base64
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from api.failures import CommandError
from api.files import read_file, write_file
from api.output import shown
from ca.enrolment.model import EnrolmentSecrets
from ca.enrolment.register import EnrolmentRegister
from ca.enrolment.service import EnrolmentSettings
from formats.gbt20518 import Certificate, read_certificate
from formats.json_data import read_json

SCHEMA: Final = "xinyin.enrolment-service/1"
FILE: Final = "enrolment-service.json"
KEY: Final = "enrolment.key"
REGISTER: Final = "enrolment.sqlite"
PATH: Final = "/.well-known/cmp"
_MOST_OCTETS: Final = 256 * 1024
_LONGEST_CERTIFICATE: Final = 100_000


@dataclass(frozen=True, slots=True)
class EnrolmentFile:
    """What ``enrolment-service.json`` says.

    Attributes:
        confirm_minutes: Until when a certificate has to be confirmed.
        implicit_confirm: Whether confirmation is left out where a client asks for that.
        empty_identity: Whether possession may be proven under the empty SM2 identity.
        reply_key_index: Key that signs answers to signed messages; None where those are refused.
        reply_certificate: Its certificate.
        register: Address of the register; None for ``enrolment.sqlite``.
        path: Where it answers.
    """

    confirm_minutes: int = 10
    implicit_confirm: bool = True
    empty_identity: bool = True
    reply_key_index: int | None = None
    reply_certificate: Certificate | None = None
    register: str | None = None
    path: str = PATH

    @property
    def settings(self) -> EnrolmentSettings:
        """For the service."""
        settings = EnrolmentSettings()
        identities = settings.identities if self.empty_identity else settings.identities[:1]
        return EnrolmentSettings(
            timedelta(minutes=self.confirm_minutes), self.implicit_confirm, identities=identities
        )

    def to_json(self) -> bytes:
        """The file's octets."""
        reply = self.reply_certificate
        content = {
            "schema": SCHEMA,
            "path": self.path,
            "confirm_minutes": self.confirm_minutes,
            "implicit_confirm": self.implicit_confirm,
            "empty_identity": self.empty_identity,
            "reply_key_index": self.reply_key_index,
            "reply_certificate": None if reply is None else base64.b64encode(reply.encoded).decode("ascii"),
            "register": self.register,
        }
        return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read the file, strictly.

        Raises:
            MalformedDataError: It breaks its schema; the message names the place.
        """
        names = ("path", "confirm_minutes", "implicit_confirm", "empty_identity")
        more = ("reply_key_index", "reply_certificate", "register")
        top = read_json(data, what=FILE, most=_MOST_OCTETS).members(required=("schema", *names), optional=more)
        top["schema"].choice((SCHEMA,))
        if ("reply_key_index" in top) != ("reply_certificate" in top):
            top["schema"].fail("reply_key_index and reply_certificate belong together")
        has_reply = "reply_key_index" in top
        return cls(
            confirm_minutes=top["confirm_minutes"].integer(least=1, most=10_080),
            implicit_confirm=top["implicit_confirm"].boolean(),
            empty_identity=top["empty_identity"].boolean(),
            reply_key_index=top["reply_key_index"].integer(least=1, most=4096) if has_reply else None,
            reply_certificate=read_certificate(top["reply_certificate"].octets(longest=_LONGEST_CERTIFICATE))
            if has_reply
            else None,
            register=top["register"].text(longest=2000) if "register" in top else None,
            path=top["path"].text(longest=200),
        )


def read_enrolment(folder: Path) -> EnrolmentFile | None:
    """What an authority's folder says of enrolment; None if there is none.

    Raises:
        MalformedDataError: The file breaks its schema.
    """
    path = folder / FILE
    return EnrolmentFile.from_json(read_file(str(path), most=_MOST_OCTETS)) if path.is_file() else None


def make_enrolment(folder: Path, file: EnrolmentFile) -> None:
    """Put down how enrolment works, and draw its master secret unless there is one.

    Raises:
        CommandError: The folder has enrolment already.
    """
    if (folder / FILE).exists():
        raise CommandError("ca.enrolment.create.exists", directory=shown(folder))
    key = folder / KEY
    if not key.exists():
        descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(secrets.token_bytes(32))
            out.flush()
            os.fsync(out.fileno())
    write_file(str(folder / FILE), file.to_json(), replace=False)


def enrolment_secrets(folder: Path) -> EnrolmentSecrets:
    """The master secret of a folder.

    Raises:
        CommandError: It cannot be read, or is none.
    """
    octets = read_file(str(folder / KEY), most=4096)
    try:
        return EnrolmentSecrets(octets)
    except ValueError as error:
        raise CommandError("ca.enrolment.bad_key", file=shown(folder / KEY)) from error


@contextmanager
def enrolment_register(folder: Path, file: EnrolmentFile) -> Iterator[EnrolmentRegister]:
    """The register of a folder's enrolment, opened."""
    store = EnrolmentRegister(file.register or str(folder / REGISTER))
    try:
        yield store
    finally:
        store.close()
