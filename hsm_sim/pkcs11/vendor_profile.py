"""How a vendor numbers SM2 in PKCS#11, which has no numbers of its own for it; data files, read strictly."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from types import MappingProxyType
from typing import Final

from formats.json_data import JsonNode, read_json

_MAX_FILE_OCTETS: Final = 16 * 1024


class SignatureForm(StrEnum):
    """How a module gives an SM2 signature."""

    RAW = "raw"
    """r ‖ s, 64 octets, as PKCS#11 has it for ECDSA."""
    DER = "der"
    """SEQUENCE {r, s}."""


@dataclass(frozen=True, slots=True)
class VendorProfile:
    """One vendor's numbers.

    Attributes:
        name: For settings, for example ``"sansec"``.
        title: For people.
        key_type: CKK_ of SM2 keys.
        sign_mechanism: CKM_ that signs e = SM3(Z ‖ M), 32 octets.
        signature: How the signature comes.
        basis: What the numbers rest on.
    """

    name: str
    title: str
    key_type: int
    sign_mechanism: int
    signature: SignatureForm
    basis: tuple[str, ...]


def read_vendor_profile(data: bytes, *, what: str) -> VendorProfile:
    """Read one profile, strictly.

    Args:
        data: JSON, at most 16 KiB; numbers are hexadecimal texts.
        what: Name of the file, for messages.

    Raises:
        MalformedDataError: Not a valid profile; the message names the place.
    """
    top = read_json(data, what=what, most=_MAX_FILE_OCTETS).members(
        required=("name", "title", "key_type", "sign_mechanism", "signature", "basis")
    )
    return VendorProfile(
        name=top["name"].text(longest=40),
        title=top["title"].text(longest=200),
        key_type=_number(top["key_type"]),
        sign_mechanism=_number(top["sign_mechanism"]),
        signature=SignatureForm(top["signature"].choice(tuple(SignatureForm))),
        basis=tuple(item.text(longest=400) for item in top["basis"].items(most=20)),
    )


def built_in_vendor_profiles() -> Mapping[str, VendorProfile]:
    """The profiles that come with the project, by name."""
    files = sorted(resources.files("hsm_sim.pkcs11.profiles").iterdir(), key=lambda file: file.name)
    profiles = [
        read_vendor_profile(file.read_bytes(), what=file.name) for file in files if file.name.endswith(".json")
    ]
    return MappingProxyType({profile.name: profile for profile in profiles})


def _number(node: JsonNode) -> int:
    text = node.text(longest=10)
    digits = text.removeprefix("0x")
    if digits == text or not digits or not set(digits) <= set("0123456789abcdefABCDEF"):
        node.fail("a number is written 0x and up to 8 hexadecimal digits")
    return int(digits, 16)
