"""Session keys: made and imported wrapped, used by their number, gone with the session (GM/T 0018).

A session key has 16, 32, 48 or 64 octets and never leaves in clear. Under SM2 it is the whole plaintext of a
SM2Cipher. Under a KEK, by the algorithm that is named: ECB as it is; CBC as initial value ‖ ciphertext; GCM as
nonce ‖ ciphertext ‖ tag. The standard does not say where an initial value would go; the latter two are own rules.
"""

import itertools
from typing import Final

from crypto import (
    CryptoError,
    DecryptionError,
    InvalidKeyError,
    PublicKey,
    Sm4Mode,
    encrypt,
    sm4_gcm_decrypt,
    sm4_gcm_encrypt,
    sm4_transform,
)
from hsm_sim.commands import Done
from hsm_sim.device import Device
from hsm_sim.functions.key_commands import (
    DestroyKey,
    Envelope,
    ExchangeDigitEnvelope,
    GenerateKeyWithEpk,
    GenerateKeyWithIpk,
    GenerateKeyWithKek,
    ImportKeyWithIsk,
    ImportKeyWithKek,
    KeyHandle,
    WrappedKey,
)
from hsm_sim.functions.key_encryption_keys import KeyEncryptionKeys
from hsm_sim.functions.settings import FunctionSettings
from hsm_sim.handlers import DONE, Handlers
from hsm_sim.key_use import KeyUse
from hsm_sim.model import KeyUsage
from hsm_sim.protection import RandomOctets
from hsm_sim.return_codes import (
    CiphertextError,
    InputArgumentError,
    KeyFaultError,
    KeyNotExistError,
    NoBufferError,
    PublicKeyOperationError,
)
from hsm_sim.session_work import SessionKey
from hsm_sim.sessions import Session

KEY_OCTETS: Final = (16, 32, 48, 64)


def key_octets(bits: int) -> int:
    """Octets of a session key of so many bits.

    Raises:
        InputArgumentError: No length of a session key.
    """
    if bits % 8 or bits // 8 not in KEY_OCTETS:
        raise InputArgumentError("a session key has 128, 256, 384 or 512 bits")
    return bits // 8


def outside_key(point: bytes) -> PublicKey:
    """A public key that came in a request.

    Raises:
        InputArgumentError: It is not on the curve.
    """
    try:
        return PublicKey(point)
    except InvalidKeyError as error:
        raise InputArgumentError(str(error)) from None


class SessionKeys:
    """The session keys of all sessions of a device."""

    def __init__(
        self,
        device: Device,
        use: KeyUse,
        random: RandomOctets,
        settings: FunctionSettings,
        wrapping_keys: KeyEncryptionKeys,
    ) -> None:
        self._device = device
        self._use = use
        self._random = random
        self._settings = settings
        self._wrapping_keys = wrapping_keys
        self._handles = itertools.count(1)

    def table(self) -> Handlers:
        """Request class and method of each command."""
        return {
            GenerateKeyWithIpk: self._generate_with_ipk,
            GenerateKeyWithEpk: self._generate_with_epk,
            GenerateKeyWithKek: self._generate_with_kek,
            ImportKeyWithIsk: self._import_with_isk,
            ImportKeyWithKek: self._import_with_kek,
            DestroyKey: self._destroy,
            ExchangeDigitEnvelope: self._exchange_envelope,
        }

    def want_room(self, session: Session) -> None:
        """Refuse where the session's quota is spent.

        Raises:
            NoBufferError: It is.
        """
        if session.work.held >= self._settings.session_keys:
            raise NoBufferError(f"a session holds {self._settings.session_keys} session keys")

    def new_handle(self) -> int:
        """A number that no session key or agreement had before."""
        return next(self._handles)

    def keep(self, session: Session, octets: bytes) -> int:
        """Give a session a key; its number."""
        handle = self.new_handle()
        session.work.keys[handle] = SessionKey(bytearray(octets))
        return handle

    def _generate_with_ipk(self, session: Session, request: GenerateKeyWithIpk) -> WrappedKey:
        record = self._device.ready().keys.record(request.index, KeyUsage.ENCRYPT)
        return self._generate(session, request.bits, PublicKey(record.public_key))

    def _generate_with_epk(self, session: Session, request: GenerateKeyWithEpk) -> WrappedKey:
        self._device.ready()
        algorithms = self._settings.algorithms
        algorithms.want(request.algorithm, algorithms.sm2_encrypt)
        return self._generate(session, request.bits, outside_key(request.public_key))

    def _generate(self, session: Session, bits: int, receiver: PublicKey) -> WrappedKey:
        octets = self._new_key(session, bits)
        wrapped = _encrypted(receiver, octets)
        return WrappedKey(self.keep(session, octets), wrapped)

    def _new_key(self, session: Session, bits: int) -> bytes:
        length = key_octets(bits)
        self.want_room(session)
        return self._random(length)

    def _generate_with_kek(self, session: Session, request: GenerateKeyWithKek) -> WrappedKey:
        kek = self._wrapping_keys.key(request.kek_index)
        octets = self._new_key(session, request.bits)
        wrapped = self._wrap(kek, request.algorithm, octets)
        return WrappedKey(self.keep(session, octets), wrapped)

    def _import_with_isk(self, session: Session, request: ImportKeyWithIsk) -> KeyHandle:
        self._device.ready()
        self.want_room(session)
        return KeyHandle(self.keep(session, self._opened(session, request.index, request.wrapped)))

    def _opened(self, session: Session, index: int, wrapped: bytes) -> bytes:
        octets = self._use.decrypt(session, index, wrapped)
        if len(octets) not in KEY_OCTETS:
            raise CiphertextError
        return octets

    def _import_with_kek(self, session: Session, request: ImportKeyWithKek) -> KeyHandle:
        kek = self._wrapping_keys.key(request.kek_index)
        self.want_room(session)
        return KeyHandle(self.keep(session, self._unwrap(kek, request.algorithm, request.wrapped)))

    def _destroy(self, session: Session, request: DestroyKey) -> Done:
        self._device.answers()
        key = session.work.keys.pop(request.handle, None)
        agreement = session.work.agreements.pop(request.handle, None)
        if key is not None:
            key.wipe()
        elif agreement is not None:
            agreement.fleeting.wipe()
        else:
            raise KeyNotExistError("no such session key")
        return DONE

    def _exchange_envelope(self, session: Session, request: ExchangeDigitEnvelope) -> Envelope:
        self._device.ready()
        algorithms = self._settings.algorithms
        algorithms.want(request.algorithm, algorithms.sm2_encrypt)
        receiver = outside_key(request.public_key)
        return Envelope(_encrypted(receiver, self._opened(session, request.index, request.wrapped)))

    def _wrap(self, kek: bytes, algorithm: int, octets: bytes) -> bytes:
        algorithms = self._settings.algorithms
        if algorithm == algorithms.sm4_gcm:
            nonce = self._random(12)
            return nonce + sm4_gcm_encrypt(kek, nonce, octets)
        mode = self._wrapping_mode(algorithm)
        iv = self._random(16) if mode.uses_iv else b""
        return iv + sm4_transform(mode, kek, iv, octets, decrypting=False)[0]

    def _unwrap(self, kek: bytes, algorithm: int, wrapped: bytes) -> bytes:
        try:
            if algorithm == self._settings.algorithms.sm4_gcm:
                octets = sm4_gcm_decrypt(kek, wrapped[:12], wrapped[12:])
            else:
                mode = self._wrapping_mode(algorithm)
                iv, text = (wrapped[:16], wrapped[16:]) if mode.uses_iv else (b"", wrapped)
                octets = sm4_transform(mode, kek, iv, text, decrypting=True)[0]
        except (DecryptionError, ValueError):
            raise KeyFaultError("the wrapped key does not open") from None
        if len(octets) not in KEY_OCTETS:
            raise KeyFaultError("what was wrapped is no session key")
        return octets

    def _wrapping_mode(self, algorithm: int) -> Sm4Mode:
        mode = self._settings.algorithms.mode(algorithm)
        if not mode.whole_blocks:
            self._settings.algorithms.want(algorithm, self._settings.algorithms.sm4_ecb)
        return mode


def _encrypted(receiver: PublicKey, octets: bytes) -> bytes:
    try:
        return encrypt(receiver, octets)
    except CryptoError as error:
        raise PublicKeyOperationError from error
