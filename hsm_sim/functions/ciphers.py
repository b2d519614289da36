"""Symmetric ciphers and codes with a session key, at once and in parts (GM/T 0018-2023).

No padding is added. In parts there is one operation a session; a new Init drops what was begun before, and an
error ends the operation. An authenticated decryption gives its data at the end, when the tag has been checked, and
not before. Own rules where the printed standard was not at hand: the code and the tag have 16 octets, GCM's nonce
12, and an incomplete last block is refused at the end.
"""

from typing import Final

from crypto import (
    DecryptionError,
    Sm4CbcMac,
    Sm4Stream,
    sm4_gcm_decrypt,
    sm4_gcm_encrypt,
    sm4_transform,
)
from crypto.sm4 import GCM_NONCE_LENGTH, GCM_TAG_LENGTH
from hsm_sim.commands import Done
from hsm_sim.device import Device
from hsm_sim.functions.cipher_commands import (
    MAX_DATA,
    AuthDecrypt,
    AuthEncrypt,
    CalculateMac,
    Ciphered,
    Decrypt,
    Encrypt,
    OperationFinal,
    OperationInit,
    OperationKind,
    OperationUpdate,
    Part,
    Tagged,
)
from hsm_sim.functions.settings import FunctionSettings
from hsm_sim.handlers import DONE, Handlers
from hsm_sim.return_codes import InputArgumentError, KeyFaultError, MacError, StepError
from hsm_sim.session_work import Operation
from hsm_sim.sessions import Session

_BLOCK: Final = 16
_AUTHENTICATED: Final = (OperationKind.AUTH_ENCRYPT, OperationKind.AUTH_DECRYPT)


class Ciphers:
    """Symmetric functions of a device."""

    def __init__(self, device: Device, settings: FunctionSettings) -> None:
        self._device = device
        self._algorithms = settings.algorithms

    def table(self) -> Handlers:
        """Request class and method of each command."""
        return {
            Encrypt: self._encrypt,
            Decrypt: self._decrypt,
            CalculateMac: self._calculate_mac,
            AuthEncrypt: self._auth_encrypt,
            AuthDecrypt: self._auth_decrypt,
            OperationInit: self._init,
            OperationUpdate: self._update,
            OperationFinal: self._final,
        }

    def _key(self, session: Session, handle: int) -> bytes:
        self._device.ready()
        octets = session.work.key(handle)
        if len(octets) != _BLOCK:
            raise KeyFaultError("SM4 wants a session key of 128 bits")
        return octets

    def _encrypt(self, session: Session, request: Encrypt) -> Ciphered:
        return self._transform(session, request, decrypting=False)

    def _decrypt(self, session: Session, request: Decrypt) -> Ciphered:
        return self._transform(session, request, decrypting=True)

    def _transform(self, session: Session, request: Encrypt | Decrypt, *, decrypting: bool) -> Ciphered:
        key = self._key(session, request.key)
        mode = self._algorithms.mode(request.algorithm)
        try:
            data, iv = sm4_transform(mode, key, request.iv, request.data, decrypting=decrypting)
        except ValueError:
            raise InputArgumentError(
                "the initial value has 16 octets, and ECB and CBC want whole blocks"
            ) from None
        return Ciphered(iv, data)

    def _calculate_mac(self, session: Session, request: CalculateMac) -> Ciphered:
        key = self._key(session, request.key)
        self._algorithms.want(request.algorithm, self._algorithms.sm4_mac)
        try:
            running = Sm4CbcMac(key, request.iv)
            running.update(request.data)
            code = running.finish()
        except ValueError:
            raise _bad_mac_input() from None
        return Ciphered(code, code)

    def _auth_encrypt(self, session: Session, request: AuthEncrypt) -> Tagged:
        key = self._authenticated_key(session, request.key, request.algorithm, request.start)
        sealed = sm4_gcm_encrypt(key, request.start, request.data, request.aad)
        return Tagged(sealed[:-GCM_TAG_LENGTH], sealed[-GCM_TAG_LENGTH:])

    def _auth_decrypt(self, session: Session, request: AuthDecrypt) -> Tagged:
        key = self._authenticated_key(session, request.key, request.algorithm, request.start)
        return Tagged(_opened(key, request.start, request.aad, request.tag, request.data), b"")

    def _authenticated_key(self, session: Session, handle: int, algorithm: int, nonce: bytes) -> bytes:
        key = self._key(session, handle)
        self._algorithms.want(algorithm, self._algorithms.sm4_gcm)
        if len(nonce) != GCM_NONCE_LENGTH:
            raise InputArgumentError("GCM starts from a nonce of 12 octets")
        return key

    # In parts

    def _init(self, session: Session, request: OperationInit) -> Done:
        work = session.work
        work.operation, work.kind = None, 0
        work.operation, work.kind = self._begin(session, request), request.kind
        return DONE

    def _begin(self, session: Session, request: OperationInit) -> Operation:
        kind = request.kind
        if kind in _AUTHENTICATED:
            key = self._authenticated_key(session, request.key, request.algorithm, request.iv)
            opening = kind is OperationKind.AUTH_DECRYPT
            if (len(request.tag) == GCM_TAG_LENGTH) is not opening or (request.tag and not opening):
                raise InputArgumentError("the tag of 16 octets comes with a decryption")
            return _Authenticated(key, request)
        if request.aad or request.tag or request.total:
            raise InputArgumentError("additional data, tag and total are for authenticated ciphers")
        key = self._key(session, request.key)
        try:
            if kind is OperationKind.CALCULATE_MAC:
                self._algorithms.want(request.algorithm, self._algorithms.sm4_mac)
                return _Mac(key, request.iv)
            mode = self._algorithms.mode(request.algorithm)
            stream = Sm4Stream(mode, key, request.iv, decrypting=kind is OperationKind.DECRYPT)
        except ValueError:
            raise InputArgumentError("the initial value has 16 octets") from None
        return _Plain(stream)

    def _update(self, session: Session, request: OperationUpdate) -> Part:
        operation = self._running(session, request.kind)
        try:
            return Part(operation.update(request.data))
        except InputArgumentError:
            session.work.operation = None
            raise

    def _final(self, session: Session, request: OperationFinal) -> Tagged:
        operation = self._running(session, request.kind)
        session.work.operation = None
        return Tagged(*operation.finish())

    def _running(self, session: Session, kind: OperationKind) -> Operation:
        self._device.ready()
        operation = session.work.operation
        if operation is None or session.work.kind != kind:
            raise StepError(f"{kind.name.lower().replace('_', '-')} was not begun")
        return operation


class _Plain:
    """A cipher without authentication."""

    def __init__(self, stream: Sm4Stream) -> None:
        self._stream = stream

    def update(self, data: bytes) -> bytes:
        """See ``Operation``."""
        return self._stream.update(data)

    def finish(self) -> tuple[bytes, bytes]:
        """See ``Operation``."""
        try:
            return self._stream.finish(), b""
        except ValueError:
            raise InputArgumentError("the last block is incomplete") from None


class _Mac:
    """A code."""

    def __init__(self, key: bytes, iv: bytes) -> None:
        self._running = Sm4CbcMac(key, iv)

    def update(self, data: bytes) -> bytes:
        """See ``Operation``."""
        self._running.update(data)
        return b""

    def finish(self) -> tuple[bytes, bytes]:
        """See ``Operation``."""
        try:
            return b"", self._running.finish()
        except ValueError:
            raise _bad_mac_input() from None


class _Authenticated:
    """GCM; the parts are kept until the end, where the tag belongs to all of them."""

    def __init__(self, key: bytes, request: OperationInit) -> None:
        self._key = key
        self._request = request
        self._kept = bytearray()

    def update(self, data: bytes) -> bytes:
        """See ``Operation``."""
        if len(self._kept) + len(data) > (self._request.total or MAX_DATA):
            raise InputArgumentError("more data than was told, or than an operation takes")
        self._kept += data
        return b""

    def finish(self) -> tuple[bytes, bytes]:
        """See ``Operation``."""
        request, data = self._request, bytes(self._kept)
        if request.total and request.total != len(data):
            raise InputArgumentError("less data than was told")
        if request.kind is OperationKind.AUTH_DECRYPT:
            return _opened(self._key, request.iv, request.aad, request.tag, data), b""
        sealed = sm4_gcm_encrypt(self._key, request.iv, data, request.aad)
        return sealed[:-GCM_TAG_LENGTH], sealed[-GCM_TAG_LENGTH:]


def _opened(key: bytes, nonce: bytes, aad: bytes, tag: bytes, data: bytes) -> bytes:
    if len(tag) != GCM_TAG_LENGTH:
        raise InputArgumentError("the tag has 16 octets")
    try:
        return sm4_gcm_decrypt(key, nonce, data + tag, aad)
    except DecryptionError:
        raise MacError("the tag does not fit") from None


def _bad_mac_input() -> InputArgumentError:
    return InputArgumentError(
        "a code is computed over whole blocks, at least one, from an initial value of 16 octets"
    )
