"""The structures of GM/T 0018 in the layout of a profile, and what they hold as octets of this project.

Coordinates are right-aligned in their fields. What stands before them must be zero, or the structure is refused:
a library with another layout shows there first.
"""

import ctypes
from dataclasses import dataclass
from typing import Any, Final

from crypto import (
    DecryptionError,
    InvalidKeyError,
    InvalidSignatureError,
    PublicKey,
    signature_from_raw,
    signature_to_raw,
)
from crypto.encoding import join_cipher, split_cipher
from hsm_sim.return_codes import InputArgumentError, OutputArgumentError
from hsm_sim.sdf.profile import CipherLayout, VendorProfile

COORDINATE: Final = 32
_BITS: Final = 256
_UINT: Final = ctypes.c_uint


class DeviceInfoStructure(ctypes.Structure):
    """DEVICEINFO, 100 octets."""

    _fields_ = (
        ("issuer_name", ctypes.c_ubyte * 40),
        ("device_name", ctypes.c_ubyte * 16),
        ("device_serial", ctypes.c_ubyte * 16),
        ("device_version", _UINT),
        ("standard_version", _UINT),
        ("asymmetric_algorithms", _UINT * 2),
        ("symmetric_algorithms", _UINT),
        ("hash_algorithms", _UINT),
        ("buffer_size", _UINT),
    )


@dataclass(frozen=True, slots=True)
class Structures:
    """The structures of one profile; make them with ``structures``."""

    public_key: type[Any]
    signature: type[Any]
    cipher: type[Any]
    coordinate_octets: int
    cipher_capacity: int

    def write_public_key(self, key: PublicKey) -> Any:
        """ECCrefPublicKey."""
        made = self.public_key()
        made.bits = _BITS
        self._set(made.x, key.point[1:33])
        self._set(made.y, key.point[33:])
        return made

    def read_public_key(self, structure: Any) -> PublicKey:
        """The point.

        Raises:
            OutputArgumentError: Not 256 bits, padding that is not zero, or no point of the curve.
        """
        if structure.bits != _BITS:
            raise OutputArgumentError(f"a public key of {structure.bits} bits")
        try:
            return PublicKey(b"\x04" + self._get(structure.x) + self._get(structure.y))
        except InvalidKeyError as error:
            raise OutputArgumentError(str(error)) from None

    def write_signature(self, der: bytes) -> Any:
        """ECCSignature from DER.

        Raises:
            InputArgumentError: It is no signature in DER.
        """
        try:
            raw = signature_to_raw(der)
        except InvalidSignatureError as error:
            raise InputArgumentError(str(error)) from None
        made = self.signature()
        self._set(made.r, raw[:COORDINATE])
        self._set(made.s, raw[COORDINATE:])
        return made

    def read_signature(self, structure: Any) -> bytes:
        """DER.

        Raises:
            OutputArgumentError: Padding that is not zero, or numbers out of range.
        """
        try:
            return signature_from_raw(self._get(structure.r) + self._get(structure.s))
        except InvalidSignatureError as error:
            raise OutputArgumentError(str(error)) from None

    def write_cipher(self, der: bytes) -> Any:
        """ECCCipher from DER SM2Cipher.

        Raises:
            InputArgumentError: It is none, or longer than the structure.
        """
        try:
            point, tag, text = split_cipher(der)
        except DecryptionError:
            raise InputArgumentError("no DER SM2Cipher") from None
        if len(text) > self.cipher_capacity:
            raise InputArgumentError(f"ECCCipher takes {self.cipher_capacity} octets, not {len(text)}")
        made = self.cipher()
        self._set(made.x, point[1:33])
        self._set(made.y, point[33:])
        made.tag[:] = tag
        made.text[: len(text)] = text
        made.length = len(text)
        return made

    def read_cipher(self, structure: Any) -> bytes:
        """DER SM2Cipher.

        Raises:
            OutputArgumentError: Padding that is not zero, a length beyond the structure, or no point of the curve.
        """
        if not 0 < structure.length <= self.cipher_capacity:
            raise OutputArgumentError(f"ECCCipher tells a length of {structure.length}")
        point = b"\x04" + self._get(structure.x) + self._get(structure.y)
        der = join_cipher(point, bytes(structure.tag), bytes(structure.text[: structure.length]))
        try:
            split_cipher(der)
        except DecryptionError:
            raise OutputArgumentError("ECCCipher holds no point of the curve") from None
        return der

    def _set(self, field: Any, value: bytes) -> None:
        field[:] = value.rjust(self.coordinate_octets, b"\x00")

    def _get(self, field: Any) -> bytes:
        octets = bytes(field)
        if any(octets[:-COORDINATE]):
            raise OutputArgumentError("the padding of a coordinate is not zero")
        return octets[-COORDINATE:]


def structures(profile: VendorProfile) -> Structures:
    """Lay the structures out as a profile says."""
    coordinate = ctypes.c_ubyte * profile.coordinate_octets
    x, y = ("x", coordinate), ("y", coordinate)
    tag, length = ("tag", ctypes.c_ubyte * 32), ("length", _UINT)
    text = ("text", ctypes.c_ubyte * profile.cipher_capacity)
    layout: tuple[tuple[str, Any], ...] = (x, y, tag, length, text)
    if profile.cipher_layout is CipherLayout.LENGTH_FIRST:
        layout = (length, x, y, text, tag)
    return Structures(
        public_key=_structure("ECCrefPublicKey", (("bits", _UINT), x, y)),
        signature=_structure("ECCSignature", (("r", coordinate), ("s", coordinate))),
        cipher=_structure("ECCCipher", layout),
        coordinate_octets=profile.coordinate_octets,
        cipher_capacity=profile.cipher_capacity,
    )


def _structure(name: str, layout: tuple[tuple[str, Any], ...]) -> type[Any]:
    return type(name, (ctypes.Structure,), {"_fields_": layout})
