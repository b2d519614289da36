"""The registration desk in an authority's folder: what ``registration.json`` says, and what it leads to.

```
registration.json     how the desk works and which key management centre it asks; public. Without it a desk has the
                      defaults and no centre, so it takes applications for single certificates only
registration.sqlite   its register, unless the file names one in PostgreSQL
number.key            the key numbers are hashed with; secret, and lost numbers cannot be matched without it
```
"""

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from api.authority_folder import record_address
from api.failures import CommandError
from api.files import read_file, write_file
from api.output import shown
from ca.registration.counter import DeskSettings
from ca.registration.ports import NumberHash
from ca.registration.register import RegistrationRegister
from crypto import hmac_sm3
from formats.gbt20518.identity import IdentityNumber
from formats.json_data import JsonNode, read_json
from formats.register_errors import RegisterAddressError, RegisterError

SCHEMA: Final = "xinyin.registration/1"
FILE: Final = "registration.json"
REGISTER: Final = "registration.sqlite"
NUMBER_KEY: Final = "number.key"
_MOST_OCTETS: Final = 1 << 16
_LONGEST_PATH: Final = 2000
_KEY_OCTETS: Final = 32
_LABEL: Final = b"xinyin.certificate-number.1"


@dataclass(frozen=True, slots=True)
class CentreAccess:
    """How the desk reaches its key management centre.

    Attributes:
        directory: The centre's folder, relative to the authority's.
        pin_file: File with the PIN of the centre's key, relative to the authority's folder.
        key_store: Socket of the centre's key store; None for the one the authority uses.
    """

    directory: str
    pin_file: str
    key_store: str | None = None


@dataclass(frozen=True, slots=True)
class RegistrationFile:
    """What ``registration.json`` says.

    Attributes:
        waiting_days: How long an application can be decided.
        hashes_numbers: Whether ``number.key`` is there to hash numbers with.
        register: Address of a register in PostgreSQL; None for the file in the folder.
        centre: The key management centre; None without one.
    """

    waiting_days: int = 30
    hashes_numbers: bool = False
    register: str | None = None
    centre: CentreAccess | None = None

    @property
    def settings(self) -> DeskSettings:
        """How the desk works."""
        return DeskSettings(waiting=timedelta(days=self.waiting_days))

    def to_json(self) -> bytes:
        """The file's octets."""
        centre = self.centre
        content = {
            "schema": SCHEMA,
            "waiting_days": self.waiting_days,
            "hashes_numbers": self.hashes_numbers,
            "register": self.register,
            "centre": None
            if centre is None
            else {"directory": centre.directory, "pin_file": centre.pin_file, "key_store": centre.key_store},
        }
        return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read the file, strictly.

        Raises:
            MalformedDataError: It breaks its schema; the message names the place.
        """
        top = read_json(data, what=FILE, most=_MOST_OCTETS).members(
            required=("schema", "waiting_days"), optional=("hashes_numbers", "register", "centre")
        )
        top["schema"].choice((SCHEMA,))
        return cls(
            waiting_days=top["waiting_days"].integer(least=1, most=366),
            hashes_numbers="hashes_numbers" in top and top["hashes_numbers"].boolean(),
            register=_address(top["register"]) if "register" in top else None,
            centre=_centre(top["centre"]) if "centre" in top else None,
        )


def _address(node: JsonNode) -> str:
    try:
        return record_address(node.text(longest=_LONGEST_PATH))
    except RegisterAddressError as error:
        node.fail(str(error))


def _centre(node: JsonNode) -> CentreAccess:
    fields = node.members(required=("directory", "pin_file"), optional=("key_store",))
    return CentreAccess(
        directory=fields["directory"].text(longest=_LONGEST_PATH),
        pin_file=fields["pin_file"].text(longest=_LONGEST_PATH),
        key_store=fields["key_store"].text(longest=_LONGEST_PATH) if "key_store" in fields else None,
    )


def read_registration(folder: Path) -> RegistrationFile:
    """What an authority's folder says of its desk; the defaults where it says nothing."""
    path = folder / FILE
    if not path.is_file():
        return RegistrationFile()
    return RegistrationFile.from_json(read_file(str(path), most=_MOST_OCTETS))


def write_registration(folder: Path, file: RegistrationFile, random: Callable[[int], bytes]) -> None:
    """Put down how the desk works; a key to hash numbers with is made once and kept."""
    path = folder / NUMBER_KEY
    if file.hashes_numbers and not path.exists():
        write_file(str(path), random(_KEY_OCTETS).hex().encode() + b"\n", replace=False, mode=0o600)
    write_file(str(folder / FILE), file.to_json(), replace=True)


def desk_register(folder: Path, file: RegistrationFile) -> RegistrationRegister:
    """The desk's register, opened.

    Raises:
        CommandError: It cannot be opened or is of another layout.
    """
    address = file.register or str(folder / REGISTER)
    try:
        return RegistrationRegister(address)
    except RegisterError as error:
        raise CommandError("ca.record_unreadable", file=shown(address), detail=shown(error)) from error


def number_hash(folder: Path, file: RegistrationFile) -> NumberHash | None:
    """What hashes numbers for the desk: HMAC-SM3 under the folder's key, over the kind and the number.

    A number is compared as it is meant: without white space, in capital letters, in the usual width.

    Raises:
        CommandError: The key is missing or no key.
    """
    if not file.hashes_numbers:
        return None
    text = read_file(str(folder / NUMBER_KEY), most=_MOST_OCTETS).strip().decode("ascii", "replace")
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise CommandError("ca.request.number_key", file=shown(folder / NUMBER_KEY))
    key = bytes.fromhex(text)

    def hash_number(number: IdentityNumber) -> str:
        plain = "".join(unicodedata.normalize("NFKC", number.text).upper().split())
        return hmac_sm3(key, b"\0".join((_LABEL, number.kind.encode(), plain.encode()))).hex()

    return hash_number
