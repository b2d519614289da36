"""A session with a vendor's library: the functions of GM/T 0018 in octets of this project.

Points are ``PublicKey``, signatures and SM2 ciphertexts DER. One thread at a time. A session whose device fails to
communicate or to respond is of no use any more (``usable``).
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from crypto import PublicKey
from hsm_sim.model import DIGEST_LENGTH, KeyUsage
from hsm_sim.return_codes import CommunicationError, HardwareError, InputArgumentError, NotSupportedError
from hsm_sim.sdf.library import SdfLibrary
from hsm_sim.sdf.profile import DecryptArguments
from hsm_sim.sdf.structures import DeviceInfoStructure

T = TypeVar("T")
_BLOCK: Final = 16
_MAX_WRAPPED: Final = 4096
_MAX_OUTPUT: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SdfDeviceInfo:
    """DEVICEINFO."""

    issuer_name: str
    device_name: str
    serial: str
    device_version: int
    standard_version: int
    asymmetric_algorithms: int
    asymmetric_bits: int
    symmetric_algorithms: int
    hash_algorithms: int
    buffer_size: int


@dataclass(frozen=True, slots=True)
class AgreementPoints:
    """What one side of an agreement sends: its lasting and its fleeting public key."""

    public_key: PublicKey
    fleeting_key: PublicKey


class _Octets:
    """Octets handed in or taken out, alive as long as the call."""

    def __init__(self, content: bytes | bytearray | int) -> None:
        self._buffer = (
            (ctypes.c_ubyte * max(content, 1))()
            if isinstance(content, int)
            else (ctypes.c_ubyte * max(len(content), 1)).from_buffer_copy(bytes(content) or b"\x00")
        )
        self.length = content if isinstance(content, int) else len(content)
        self.room = ctypes.c_uint(self.length)

    @property
    def address(self) -> Any:
        """For an argument."""
        return ctypes.cast(self._buffer, ctypes.c_void_p)

    @property
    def count(self) -> Any:
        """In and out: room, then what was written."""
        return ctypes.byref(self.room)

    def written(self) -> bytes:
        """What the library wrote.

        Raises:
            InputArgumentError: It tells more than there was room for.
        """
        if self.room.value > self.length:
            raise InputArgumentError("the library tells more octets than there was room for")
        return bytes(self._buffer[: self.room.value])

    def all(self) -> bytes:
        """Everything."""
        return bytes(self._buffer[: self.length])

    def wipe(self) -> None:
        """Overwrite."""
        ctypes.memset(self._buffer, 0, ctypes.sizeof(self._buffer))


class SdfSession:
    """One session, made by ``SdfLibrary.open_session``."""

    def __init__(self, library: SdfLibrary, handle: int) -> None:
        self._library = library
        self._handle = handle
        self._broken = False
        self._closed = False

    @property
    def usable(self) -> bool:
        """Whether the device answered so far."""
        return not (self._broken or self._closed)

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function on this session.

        Raises:
            DeviceError: By the profile.
        """
        self._watched(lambda: self._library.call(name, self._handle, *arguments))

    def _new_handle(self, name: str, *arguments: Any) -> int:
        return self._watched(lambda: self._library.handle(name, self._handle, *arguments))

    def _watched(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise CommunicationError("the session is closed")
        try:
            return work()
        except (CommunicationError, HardwareError):
            self._broken = True
            raise

    # Device

    def device_info(self) -> SdfDeviceInfo:
        """SDF_GetDeviceInfo."""
        info = DeviceInfoStructure()
        self.call("SDF_GetDeviceInfo", ctypes.byref(info))
        return SdfDeviceInfo(
            _text(info.issuer_name),
            _text(info.device_name),
            _text(info.device_serial),
            info.device_version,
            info.standard_version,
            info.asymmetric_algorithms[0],
            info.asymmetric_algorithms[1],
            info.symmetric_algorithms,
            info.hash_algorithms,
            info.buffer_size,
        )

    def random(self, length: int) -> bytes:
        """SDF_GenerateRandom."""
        octets = _Octets(length)
        self.call("SDF_GenerateRandom", length, octets.address)
        return octets.all()

    def get_access_right(self, index: int, password: bytearray) -> None:
        """SDF_GetPrivateKeyAccessRight; the copy made for the call is overwritten, ``password`` is the caller's.

        Raises:
            AccessRightError: The password is wrong.
        """
        octets = _Octets(password)
        try:
            with self._library.turn():
                self.call("SDF_GetPrivateKeyAccessRight", index, octets.address, octets.length)
        finally:
            octets.wipe()

    def release_access_right(self, index: int) -> None:
        """SDF_ReleasePrivateKeyAccessRight."""
        with self._library.turn():
            self.call("SDF_ReleasePrivateKeyAccessRight", index)

    # Pairs at indexes

    def public_key(self, index: int, usage: KeyUsage = KeyUsage.SIGN) -> PublicKey:
        """SDF_ExportSignPublicKey_ECC or SDF_ExportEncPublicKey_ECC."""
        structure = self._library.layout.public_key()
        which = "Sign" if usage is KeyUsage.SIGN else "Enc"
        self.call(f"SDF_Export{which}PublicKey_ECC", index, ctypes.byref(structure))
        return self._library.layout.read_public_key(structure)

    def sign_digest(self, index: int, digest: bytes) -> bytes:
        """SDF_InternalSign_ECC over e, 32 octets; DER. Not verified here."""
        structure = self._library.layout.signature()
        octets = _digest(digest)
        self.call("SDF_InternalSign_ECC", index, octets.address, octets.length, ctypes.byref(structure))
        return self._library.layout.read_signature(structure)

    def verify_digest(self, index: int, digest: bytes, signature: bytes) -> None:
        """SDF_InternalVerify_ECC.

        Raises:
            VerificationError: The signature is wrong.
        """
        structure, octets = self._library.layout.write_signature(signature), _digest(digest)
        self.call("SDF_InternalVerify_ECC", index, octets.address, octets.length, ctypes.byref(structure))

    def verify_with(self, key: PublicKey, digest: bytes, signature: bytes) -> None:
        """SDF_ExternalVerify_ECC. Raises as ``verify_digest``."""
        layout = self._library.layout
        point, structure, octets = layout.write_public_key(key), layout.write_signature(signature), _digest(digest)
        algorithm = self._library.profile.algorithms.sm2_sign
        self.call(
            "SDF_ExternalVerify_ECC",
            algorithm,
            ctypes.byref(point),
            octets.address,
            octets.length,
            ctypes.byref(structure),
        )

    def encrypt_to(self, key: PublicKey, plaintext: bytes) -> bytes:
        """SDF_ExternalEncrypt_ECC; DER SM2Cipher."""
        layout, octets = self._library.layout, self._plaintext(plaintext)
        point, structure = layout.write_public_key(key), layout.cipher()
        self.call(
            "SDF_ExternalEncrypt_ECC",
            self._library.profile.algorithms.sm2_encrypt,
            ctypes.byref(point),
            octets.address,
            octets.length,
            ctypes.byref(structure),
        )
        return layout.read_cipher(structure)

    def _plaintext(self, plaintext: bytes) -> _Octets:
        if len(plaintext) > self._library.layout.cipher_capacity:
            raise InputArgumentError("longer than ECCCipher")
        return _Octets(plaintext)

    def decrypt(self, index: int, ciphertext: bytes) -> bytes:
        """The extension SDF_InternalDecrypt_ECC over a DER SM2Cipher, with the arguments the profile tells.

        Raises:
            NotSupportedError: The vendor has no such function.
        """
        profile = self._library.profile
        if profile.decrypt_arguments is DecryptArguments.ABSENT:
            raise NotSupportedError("SDF_InternalDecrypt_ECC")
        structure = self._library.layout.write_cipher(ciphertext)
        out = _Octets(structure.length)
        with_algorithm = profile.decrypt_arguments is DecryptArguments.ALGORITHM
        algorithm = (profile.algorithms.sm2_encrypt,) if with_algorithm else ()
        try:
            self.call(
                "SDF_InternalDecrypt_ECC", index, *algorithm, ctypes.byref(structure), out.address, out.count
            )
            return out.written()
        finally:
            out.wipe()

    # Session keys: numbers of the library

    def generate_key_for_index(self, index: int, bits: int = 128) -> tuple[int, bytes]:
        """SDF_GenerateKeyWithIPK_ECC; the key, and DER SM2Cipher."""
        structure = self._library.layout.cipher()
        key = self._new_handle("SDF_GenerateKeyWithIPK_ECC", index, bits, ctypes.byref(structure))
        return key, self._library.layout.read_cipher(structure)

    def generate_key_for(self, receiver: PublicKey, bits: int = 128) -> tuple[int, bytes]:
        """SDF_GenerateKeyWithEPK_ECC; the key, and DER SM2Cipher."""
        layout = self._library.layout
        point, structure = layout.write_public_key(receiver), layout.cipher()
        algorithm = self._library.profile.algorithms.sm2_encrypt
        key = self._new_handle(
            "SDF_GenerateKeyWithEPK_ECC", bits, algorithm, ctypes.byref(point), ctypes.byref(structure)
        )
        return key, layout.read_cipher(structure)

    def import_key(self, index: int, wrapped: bytes) -> int:
        """SDF_ImportKeyWithISK_ECC from DER SM2Cipher; wants the right to the index."""
        structure = self._library.layout.write_cipher(wrapped)
        return self._new_handle("SDF_ImportKeyWithISK_ECC", index, ctypes.byref(structure))

    def generate_key_under_kek(self, kek_index: int, algorithm: int, bits: int = 128) -> tuple[int, bytes]:
        """SDF_GenerateKeyWithKEK."""
        out = _Octets(_MAX_WRAPPED)
        key = self._new_handle("SDF_GenerateKeyWithKEK", bits, algorithm, kek_index, out.address, out.count)
        return key, out.written()

    def import_key_under_kek(self, kek_index: int, algorithm: int, wrapped: bytes) -> int:
        """SDF_ImportKeyWithKEK."""
        octets = _Octets(wrapped)
        return self._new_handle("SDF_ImportKeyWithKEK", algorithm, kek_index, octets.address, octets.length)

    def destroy_key(self, key: int) -> None:
        """SDF_DestroyKey."""
        self.call("SDF_DestroyKey", key)

    def exchange_envelope(self, index: int, receiver: PublicKey, wrapped: bytes) -> bytes:
        """SDF_ExchangeDigitEnvelopeBaseOnECC (2012): DER SM2Cipher in and out."""
        layout = self._library.layout
        point, given, made = layout.write_public_key(receiver), layout.write_cipher(wrapped), layout.cipher()
        algorithm = self._library.profile.algorithms.sm2_encrypt
        self.call(
            "SDF_ExchangeDigitEnvelopeBaseOnECC",
            index,
            algorithm,
            ctypes.byref(point),
            ctypes.byref(given),
            ctypes.byref(made),
        )
        return layout.read_cipher(made)

    # Agreement

    def begin_agreement(self, index: int, user_id: bytes, bits: int = 128) -> tuple[int, AgreementPoints]:
        """SDF_GenerateAgreementDataWithECC."""
        lasting, fleeting = self._library.layout.public_key(), self._library.layout.public_key()
        octets = _Octets(user_id)
        agreement = self._new_handle(
            "SDF_GenerateAgreementDataWithECC",
            index,
            bits,
            octets.address,
            octets.length,
            ctypes.byref(lasting),
            ctypes.byref(fleeting),
        )
        return agreement, self._points(lasting, fleeting)

    def finish_agreement(self, agreement: int, user_id: bytes, points: AgreementPoints) -> int:
        """SDF_GenerateKeyWithECC with the responder's identity and keys; the session key."""
        octets = _Octets(user_id)
        lasting = self._library.layout.write_public_key(points.public_key)
        fleeting = self._library.layout.write_public_key(points.fleeting_key)
        return self._new_handle(
            "SDF_GenerateKeyWithECC",
            octets.address,
            octets.length,
            ctypes.byref(lasting),
            ctypes.byref(fleeting),
            agreement,
        )

    def answer_agreement(
        self, index: int, user_id: bytes, sponsor_id: bytes, sponsor: AgreementPoints, bits: int = 128
    ) -> tuple[int, AgreementPoints]:
        """SDF_GenerateAgreementDataAndKeyWithECC; the session key, and what the sponsor needs."""
        layout, own_id, other_id = self._library.layout, _Octets(user_id), _Octets(sponsor_id)
        other, other_fleeting = (
            layout.write_public_key(key) for key in (sponsor.public_key, sponsor.fleeting_key)
        )
        lasting, fleeting = layout.public_key(), layout.public_key()
        key = self._new_handle(
            "SDF_GenerateAgreementDataAndKeyWithECC",
            index,
            bits,
            own_id.address,
            own_id.length,
            other_id.address,
            other_id.length,
            *(ctypes.byref(each) for each in (other, other_fleeting, lasting, fleeting)),
        )
        return key, self._points(lasting, fleeting)

    def _points(self, lasting: Any, fleeting: Any) -> AgreementPoints:
        layout = self._library.layout
        return AgreementPoints(layout.read_public_key(lasting), layout.read_public_key(fleeting))

    # Ciphers, digests

    def encrypt(self, key: int, algorithm: int, iv: bytes, data: bytes) -> tuple[bytes, bytes]:
        """SDF_Encrypt; the result, and the initial value that continues."""
        return self._symmetric("SDF_Encrypt", key, algorithm, iv, data, len(data))

    def decrypt_with(self, key: int, algorithm: int, iv: bytes, data: bytes) -> tuple[bytes, bytes]:
        """SDF_Decrypt; as ``encrypt``."""
        return self._symmetric("SDF_Decrypt", key, algorithm, iv, data, len(data))

    def mac(self, key: int, iv: bytes, data: bytes) -> bytes:
        """SDF_CalculateMAC."""
        return self._symmetric(
            "SDF_CalculateMAC", key, self._library.profile.algorithms.sm4_mac, iv, data, _BLOCK
        )[0]

    def _symmetric(
        self, name: str, key: int, algorithm: int, iv: bytes, data: bytes, room: int
    ) -> tuple[bytes, bytes]:
        if len(data) > _MAX_OUTPUT or len(iv) not in (0, _BLOCK):
            raise InputArgumentError("16 MiB at a time, and an initial value of 16 octets or none")
        first, given, out = _Octets(iv), _Octets(data), _Octets(room + _BLOCK)
        self.call(
            name,
            key,
            algorithm,
            first.address if iv else None,
            given.address,
            given.length,
            out.address,
            out.count,
        )
        return out.written(), first.all()

    def auth_encrypt(self, key: int, nonce: bytes, aad: bytes, data: bytes) -> tuple[bytes, bytes]:
        """SDF_AuthEnc with SM4-GCM; the ciphertext and the tag."""
        start, more, given = _Octets(nonce), _Octets(aad), _Octets(data)
        out, tag = _Octets(len(data) + _BLOCK), _Octets(_BLOCK)
        self.call(
            "SDF_AuthEnc",
            key,
            self._library.profile.algorithms.sm4_gcm,
            *(value for each in (start, more, given) for value in (each.address, each.length)),
            *(value for each in (out, tag) for value in (each.address, each.count)),
        )
        return out.written(), tag.written()

    def auth_decrypt(self, key: int, nonce: bytes, aad: bytes, tag: bytes, data: bytes) -> bytes:
        """SDF_AuthDec with SM4-GCM.

        Raises:
            MacError: The tag does not fit.
        """
        handed = [_Octets(each) for each in (nonce, aad, tag, data)]
        out = _Octets(len(data) + _BLOCK)
        self.call(
            "SDF_AuthDec",
            key,
            self._library.profile.algorithms.sm4_gcm,
            *(value for each in handed for value in (each.address, each.length)),
            out.address,
            out.count,
        )
        return out.written()

    def digest(self, data: bytes, *, key: PublicKey | None = None, user_id: bytes = b"") -> bytes:
        """SDF_HashInit, Update, Final: SM3, or e with a public key and an identity."""
        point = None if key is None else ctypes.byref(self._library.layout.write_public_key(key))
        identity, given, out = _Octets(user_id), _Octets(data), _Octets(DIGEST_LENGTH)
        algorithm = self._library.profile.algorithms.sm3
        self.call("SDF_HashInit", algorithm, point, identity.address, identity.length)
        self.call("SDF_HashUpdate", given.address, given.length)
        self.call("SDF_HashFinal", out.address, out.count)
        return out.written()

    def keyed_digest(self, key: int, data: bytes) -> bytes:
        """SDF_HMACInit, Update, Final with SM3."""
        given, out = _Octets(data), _Octets(DIGEST_LENGTH)
        self.call("SDF_HMACInit", key, self._library.profile.algorithms.sm3)
        self.call("SDF_HMACUpdate", given.address, given.length)
        self.call("SDF_HMACFinal", out.address, out.count)
        return out.written()

    # Files

    def create_file(self, name: bytes, size: int) -> None:
        """SDF_CreateFile."""
        octets = _Octets(name)
        self.call("SDF_CreateFile", octets.address, octets.length, size)

    def read_file(self, name: bytes, offset: int, length: int) -> bytes:
        """SDF_ReadFile; fewer octets than wanted where the file ends."""
        octets, out = _Octets(name), _Octets(length)
        self.call("SDF_ReadFile", octets.address, octets.length, offset, out.count, out.address)
        return out.written()

    def write_file(self, name: bytes, offset: int, data: bytes) -> None:
        """SDF_WriteFile."""
        octets, given = _Octets(name), _Octets(data)
        self.call("SDF_WriteFile", octets.address, octets.length, offset, given.length, given.address)

    def delete_file(self, name: bytes) -> None:
        """SDF_DeleteFile."""
        octets = _Octets(name)
        self.call("SDF_DeleteFile", octets.address, octets.length)

    def close(self) -> None:
        """Close the session; its rights and keys are gone."""
        if not self._closed:
            self._closed = True
            self._library.close_session(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _digest(digest: bytes) -> _Octets:
    if len(digest) != DIGEST_LENGTH:
        raise InputArgumentError(f"a digest has 32 octets, not {len(digest)}")
    return _Octets(digest)


def _text(field: Any) -> str:
    return bytes(field).rstrip(b"\x00 ").decode("ascii", "replace")
