"""What a vendor's library does differently, as data.

A profile is a JSON file: sizes of coordinates, order of members, numbers of algorithms, and what return codes
mean. Those the project brings lie in ``hsm_sim/sdf/profiles``; a path names any other. A code is first looked up
for the function, then for every function (``*``), then taken as the standard has it; a vendor's code that no list
explains stays a number (``UnlistedReturnCodeError``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any, Final

from hsm_sim.functions.settings import AlgorithmTable
from hsm_sim.return_codes import (
    VENDOR_BASE,
    DeviceError,
    InputArgumentError,
    UnlistedReturnCodeError,
    error_for,
    listed_codes,
)

_FOLDER: Final = Path(__file__).parent / "profiles"
_MAX_OCTETS: Final = 64 * 1024
_ANY_FUNCTION: Final = "*"


class CipherLayout(Enum):
    """Order of the members of ECCCipher."""

    STANDARD = "x y M L C"
    LENGTH_FIRST = "L x y C M"


class DecryptArguments(Enum):
    """How the extension SDF_InternalDecrypt_ECC is called, if it is there."""

    ALGORITHM = "index algorithm cipher"
    NO_ALGORITHM = "index cipher"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class VendorProfile:
    """How to talk to one vendor's library.

    Attributes:
        name: Of the file.
        coordinate_octets: Length of the fields of coordinates, 64 or 32.
        cipher_layout: Order of ECCCipher's members.
        cipher_capacity: Octets of C in ECCCipher; the room that is made for it.
        decrypt_arguments: Of SDF_InternalDecrypt_ECC.
        rights_in_turn: Whether getting and releasing access rights is done by one thread at a time.
        algorithms: Numbers.
        return_codes: By function or ``*``: code to the standard's, or this project's, name of it.
    """

    name: str
    coordinate_octets: int
    cipher_layout: CipherLayout
    cipher_capacity: int
    decrypt_arguments: DecryptArguments
    rights_in_turn: bool
    algorithms: AlgorithmTable
    return_codes: Mapping[str, Mapping[int, str]]

    def __post_init__(self) -> None:
        if self.coordinate_octets not in (32, 64):
            raise ValueError("coordinates lie in fields of 32 or 64 octets")
        if not 32 <= self.cipher_capacity <= 64 * 1024:
            raise ValueError("ECCCipher has room for 32 to 65,536 octets")
        unknown = {name for names in self.return_codes.values() for name in names.values()} - _BY_NAME.keys()
        if unknown:
            raise ValueError(f"no such return codes: {', '.join(sorted(unknown))}")

    def error(self, function: str, code: int) -> DeviceError:
        """The exception for what a function returned, not SDR_OK."""
        for scope in (function, _ANY_FUNCTION):
            name = self.return_codes.get(scope, {}).get(code)
            if name is not None:
                return _BY_NAME[name](function)
        if code >= VENDOR_BASE:
            return UnlistedReturnCodeError(function, received=code)
        return error_for(code, function)


_BY_NAME: Final = {kind.name: kind for kind in listed_codes().values()}
_FIELDS: Final = {
    "description",
    "coordinate_octets",
    "cipher_layout",
    "cipher_capacity",
    "internal_decrypt",
    "rights_in_turn",
    "algorithms",
    "return_codes",
}


def profile_names() -> tuple[str, ...]:
    """Names of the profiles the project brings."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


def read_profile(name: str) -> VendorProfile:
    """Read a profile by its name, or by the path of a file that ends in ``.json``.

    Raises:
        InputArgumentError: There is none, or it is no profile.
    """
    path = Path(name) if name.endswith(".json") else _FOLDER / f"{name}.json"
    if not name.endswith(".json") and name not in profile_names():
        raise InputArgumentError(f"no profile {name!r}; there are {', '.join(profile_names())}")
    try:
        with path.open("rb") as file:
            octets = file.read(_MAX_OCTETS)
        return _profile(path.stem, json.loads(octets))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputArgumentError(f"vendor profile {path}: {error}") from error


def _profile(name: str, data: Any) -> VendorProfile:
    if not isinstance(data, dict) or set(data) != _FIELDS:
        raise ValueError(f"a profile has exactly these members: {', '.join(sorted(_FIELDS))}")
    numbers = {each: _number(number) for each, number in data["algorithms"].items()}
    unknown = numbers.keys() - {each.name for each in fields(AlgorithmTable)}
    if unknown:
        raise ValueError(f"no such algorithms: {', '.join(sorted(unknown))}")
    codes = {
        function: {_number(code): str(meaning) for code, meaning in meanings.items()}
        for function, meanings in data["return_codes"].items()
    }
    if type(data["coordinate_octets"]) is not int or type(data["cipher_capacity"]) is not int:
        raise ValueError("sizes are whole numbers")
    if type(data["rights_in_turn"]) is not bool:
        raise ValueError("rights_in_turn is true or false")
    return VendorProfile(
        name=name,
        coordinate_octets=data["coordinate_octets"],
        cipher_layout=CipherLayout(data["cipher_layout"]),
        cipher_capacity=data["cipher_capacity"],
        decrypt_arguments=DecryptArguments(data["internal_decrypt"]),
        rights_in_turn=data["rights_in_turn"],
        algorithms=AlgorithmTable(**numbers),
        return_codes=codes,
    )


def _number(text: Any) -> int:
    """A number of 32 bits, written 0x…."""
    if not isinstance(text, str) or not text.startswith("0x"):
        raise ValueError(f"{text!r} is no number in hexadecimal")
    number = int(text, 16)
    if not 0 < number < 2**32:
        raise ValueError(f"{text} is outside 32 bits")
    return number
