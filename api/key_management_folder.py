"""A key management centre of the command line: a folder with what it is and what it did.

```
key-management.json   its key, its rules, where its register is; public
keys.sqlite           its register (ca.key_management.register.KeyRegister), unless that is in PostgreSQL
```

The centre's own key stays in the key store: whoever has its PIN may have pairs enveloped to their first
recipients. The folder knows which index holds it, and the public key to be found there.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from api.authority_folder import record_address
from api.failures import CommandError
from api.files import read_file, write_file
from api.output import shown
from ca.key_management.model import EscrowSettings
from crypto import InvalidKeyError, PublicKey
from formats.json_data import read_json
from formats.register_errors import RegisterAddressError

SCHEMA: Final = "xinyin.key-management/1"
FILE: Final = "key-management.json"
REGISTER: Final = "keys.sqlite"
_MOST_OCTETS: Final = 1 << 16
_LONGEST_ADDRESS: Final = 2000


@dataclass(frozen=True, slots=True)
class KeyManagementFile:
    """What ``key-management.json`` says.

    Attributes:
        key_index: Index of the centre's key in the key store; it guards the pairs.
        public_key: The key to be found there.
        recovery_hours: From a recovery's request to its delivery, 1 to 168.
        kept_days: Days a pair is kept after the end of its certificate.
        register: Address of a register in PostgreSQL; None for the file in the folder.
    """

    key_index: int
    public_key: PublicKey
    recovery_hours: int = 24
    kept_days: int = 3653
    register: str | None = None

    @property
    def settings(self) -> EscrowSettings:
        """The centre's rules."""
        return EscrowSettings(timedelta(hours=self.recovery_hours), timedelta(days=self.kept_days))

    def to_json(self) -> bytes:
        """The file's octets."""
        content: dict[str, object] = {
            "schema": SCHEMA,
            "key_index": self.key_index,
            "public_key": self.public_key.point.hex(),
            "recovery_hours": self.recovery_hours,
            "kept_days": self.kept_days,
        }
        if self.register is not None:
            content["register"] = self.register
        return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read the file, strictly.

        Raises:
            MalformedDataError: It breaks its schema; the message names the place.
        """
        top = read_json(data, what=FILE, most=_MOST_OCTETS).members(
            required=("schema", "key_index", "public_key", "recovery_hours", "kept_days"), optional=("register",)
        )
        top["schema"].choice((SCHEMA,))
        try:
            key = PublicKey.from_point(bytes.fromhex(top["public_key"].text(longest=130)))
        except (InvalidKeyError, ValueError):
            top["public_key"].fail("not a point of the SM2 curve in hexadecimal digits")
        register = None
        if "register" in top:
            try:
                register = record_address(top["register"].text(longest=_LONGEST_ADDRESS))
            except RegisterAddressError as error:
                top["register"].fail(str(error))
        return cls(
            key_index=top["key_index"].integer(least=1, most=4096),
            public_key=key,
            recovery_hours=top["recovery_hours"].integer(least=1, most=168),
            kept_days=top["kept_days"].integer(least=0, most=36_525),
            register=register,
        )


def read_key_management(folder: Path) -> KeyManagementFile:
    """What a centre's folder says of it.

    Raises:
        CommandError: There is no centre in the folder.
    """
    path = folder / FILE
    if not path.is_file():
        raise CommandError("kmc.no_centre", directory=shown(folder))
    return KeyManagementFile.from_json(read_file(str(path), most=_MOST_OCTETS))


def write_key_management(folder: Path, file: KeyManagementFile) -> None:
    """Put down what the centre is; the folder is made if it is missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_file(str(folder / FILE), file.to_json(), replace=False)


def register_of(folder: Path, file: KeyManagementFile) -> str:
    """Address of the centre's register."""
    return file.register or str(folder / REGISTER)
