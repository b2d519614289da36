"""SM2 by the system's OpenSSL: about four thousand operations a second on a core, and the GIL is released.

Many distributions build OpenSSL without SM2, so nothing is assumed: ``create`` fails where the curve is missing,
and the registry runs known answers before it takes the engine.
"""

import sys
from functools import lru_cache
from typing import Any, Final

from crypto.encoding import MAX_SIGNATURE_LENGTH, split_cipher, split_signature
from crypto.engines import libcrypto
from crypto.engines.libcrypto import ffi
from crypto.engines.one_by_one import OneByOne
from crypto.engines.protocol import PrivateHandle
from crypto.errors import CryptoError, DecryptionError, EngineUnavailableError, InvalidSignatureError

_LITTLE_ENDIAN: Final = sys.byteorder == "little"
# Parameter names outlive the structures that point to them.
_GROUP: Final = ffi.new("char[]", b"group")
_PUB: Final = ffi.new("char[]", b"pub")
_PRIV: Final = ffi.new("char[]", b"priv")
_SM2: Final = ffi.new("char[]", b"SM2")

KEY_CACHE_LENGTH: Final = 1024
"""Public keys kept loaded. Issuers' keys come back with every document; holders' keys mostly do not."""


class _Key:
    """A loaded key with contexts ready for one operation.

    An EVP_PKEY may be shared by threads, an EVP_PKEY_CTX may not: a call takes one off ``idle`` (or makes one) and
    puts it back. Taking and putting are single list operations, so no lock is needed, and there are never more
    contexts than calls that ran at the same time.
    """

    __slots__ = ("idle", "pkey")

    def __init__(self, pkey: Any) -> None:
        self.pkey = pkey
        self.idle: list[Any] = []


class _SigningContext:
    """An EVP_PKEY_CTX ready to sign, with its output buffer."""

    __slots__ = ("context", "length", "octets", "signature")

    def __init__(self, context: Any) -> None:
        self.context = context
        self.signature = ffi.new("unsigned char[]", MAX_SIGNATURE_LENGTH)
        self.octets = ffi.buffer(self.signature)
        self.length = ffi.new("size_t *")


class OpensslEngine(OneByOne):
    """SM2 over libcrypto 3.0 or later."""

    name: Final = "openssl"
    parallel: Final = True
    batch_length: Final = 16

    def __init__(self) -> None:
        self._library, self._file_name = libcrypto.open_libcrypto()
        group = self._library.EC_GROUP_new_by_curve_name(libcrypto.NID_SM2)
        self._clear_errors()
        if not group:
            raise EngineUnavailableError(f"{self.details} was built without the SM2 curve")
        self._group = ffi.gc(group, self._library.EC_GROUP_free)
        self._template = self._from_data({}, libcrypto.EVP_PKEY_KEY_PARAMETERS)
        self._public_key = lru_cache(KEY_CACHE_LENGTH)(self._load_public_key)

    @property
    def details(self) -> str:
        """Version text of the library, and the file it was found under."""
        version = ffi.string(self._library.OpenSSL_version(libcrypto.OPENSSL_VERSION))
        text = version.decode("ascii", "replace") if isinstance(version, bytes) else version
        return f"{text} ({self._file_name})"

    def public_point(self, scalar: bytes) -> bytes:
        """See ``Engine``."""
        return self._product(None, scalar, "compute a public key")

    def multiply(self, point: bytes, scalar: bytes) -> bytes:
        """See ``Engine``."""
        return self._product(point, scalar, "multiply a point")

    def _product(self, point: bytes | None, scalar: bytes, action: str) -> bytes:
        """Multiply a point, or the generator. One product alone: libcrypto takes its constant-time ladder."""
        library, null = self._library, ffi.NULL
        secret = ffi.gc(library.BN_bin2bn(scalar, len(scalar), null), library.BN_clear_free)
        product = ffi.gc(library.EC_POINT_new(self._group), library.EC_POINT_clear_free)
        if not (secret and product):
            raise self._failure(action)
        if point is None:
            done = library.EC_POINT_mul(self._group, product, secret, null, null, null)
        else:
            other = ffi.gc(library.EC_POINT_new(self._group), library.EC_POINT_clear_free)
            if not other or library.EC_POINT_oct2point(self._group, other, point, len(point), null) != 1:
                raise self._failure(action)
            done = library.EC_POINT_mul(self._group, product, null, other, secret, null)
        encoded = ffi.new("unsigned char[65]")
        form = libcrypto.POINT_CONVERSION_UNCOMPRESSED
        if done != 1 or library.EC_POINT_point2oct(self._group, product, form, encoded, 65, null) != 65:
            raise self._failure(action)
        return bytes(ffi.buffer(encoded))

    def private_handle(self, scalar: bytes, point: bytes) -> PrivateHandle:
        """See ``Engine``."""
        native_order = ffi.new("unsigned char[32]", scalar[::-1] if _LITTLE_ENDIAN else scalar)
        public = ffi.new("unsigned char[65]", point)
        parameters = {
            b"pub": self._library.OSSL_PARAM_construct_octet_string(_PUB, public, 65),
            b"priv": self._library.OSSL_PARAM_construct_BN(_PRIV, native_order, 32),
        }
        try:
            return _Key(self._from_data(parameters, libcrypto.EVP_PKEY_KEYPAIR))
        finally:
            self._library.OPENSSL_cleanse(native_order, 32)

    def sign(self, handle: PrivateHandle, digest: bytes) -> bytes:
        """See ``Engine``."""
        try:
            ready = handle.idle.pop()
        except IndexError:
            ready = _SigningContext(self._context(handle.pkey, self._library.EVP_PKEY_sign_init))
        length = ready.length
        length[0] = MAX_SIGNATURE_LENGTH
        if self._library.EVP_PKEY_sign(ready.context, ready.signature, length, digest, 32) != 1:
            raise self._failure("sign")
        signature: bytes = ready.octets[: length[0]]
        handle.idle.append(ready)
        return signature

    def verify(self, point: bytes, digest: bytes, signature: bytes) -> bool:
        """See ``Engine``."""
        try:
            split_signature(signature)
        except InvalidSignatureError:
            return False
        key = self._public_key(point)
        try:
            context = key.idle.pop()
        except IndexError:
            context = self._context(key.pkey, self._library.EVP_PKEY_verify_init)
        verified: bool = self._library.EVP_PKEY_verify(context, signature, len(signature), digest, 32) == 1
        if not verified:
            self._clear_errors()
        key.idle.append(context)
        return verified

    def encrypt(self, point: bytes, plaintext: bytes) -> bytes:
        """See ``Engine``."""
        context = self._context(self._public_key(point).pkey, self._library.EVP_PKEY_encrypt_init)
        # Two coordinates, C3 and the headers take less than 128 octets.
        length = ffi.new("size_t *", len(plaintext) + 128)
        output = ffi.new("unsigned char[]", length[0])
        if self._library.EVP_PKEY_encrypt(context, output, length, plaintext, len(plaintext)) != 1:
            raise self._failure("encrypt")
        return bytes(ffi.buffer(output, length[0]))

    def decrypt(self, handle: PrivateHandle, ciphertext: bytes) -> bytes:
        """See ``Engine``."""
        split_cipher(ciphertext)
        context = self._context(handle.pkey, self._library.EVP_PKEY_decrypt_init)
        capacity = len(ciphertext)
        length = ffi.new("size_t *", capacity)
        output = ffi.new("unsigned char[]", capacity)
        try:
            if self._library.EVP_PKEY_decrypt(context, output, length, ciphertext, len(ciphertext)) != 1:
                self._clear_errors()
                raise DecryptionError("decryption failed")
            return bytes(ffi.buffer(output, length[0]))
        finally:
            self._library.OPENSSL_cleanse(output, capacity)

    def forget(self) -> None:
        """See ``Engine``."""
        self._public_key = lru_cache(KEY_CACHE_LENGTH)(self._load_public_key)

    def _load_public_key(self, point: bytes) -> _Key:
        """Load a point; copying a key that has the curve already is five times quicker than EVP_PKEY_fromdata."""
        library = self._library
        pkey = ffi.gc(library.EVP_PKEY_dup(self._template), library.EVP_PKEY_free)
        if not pkey or library.EVP_PKEY_set1_encoded_public_key(pkey, point, len(point)) != 1:
            raise self._failure("load a public key")
        return _Key(pkey)

    def _from_data(self, parameters: dict[bytes, Any], selection: int) -> Any:
        library = self._library
        maker = ffi.gc(library.EVP_PKEY_CTX_new_from_name(ffi.NULL, b"SM2", ffi.NULL), library.EVP_PKEY_CTX_free)
        group = library.OSSL_PARAM_construct_utf8_string(_GROUP, _SM2, 0)
        listed = ffi.new("OSSL_PARAM[]", [group, *parameters.values(), library.OSSL_PARAM_construct_end()])
        made = ffi.new("EVP_PKEY **")
        if not (
            maker
            and library.EVP_PKEY_fromdata_init(maker) == 1
            and library.EVP_PKEY_fromdata(maker, made, selection, listed) == 1
        ):
            raise self._failure("load a key")
        return ffi.gc(made[0], library.EVP_PKEY_free)

    def _context(self, pkey: Any, initialise: Any) -> Any:
        context = ffi.gc(self._library.EVP_PKEY_CTX_new(pkey, ffi.NULL), self._library.EVP_PKEY_CTX_free)
        if not context or initialise(context) != 1:
            raise self._failure("start an operation")
        return context

    def _failure(self, action: str) -> CryptoError:
        self._clear_errors()
        return CryptoError(f"OpenSSL could not {action}")

    def _clear_errors(self) -> None:
        """Empty this thread's error queue, or the next caller of OpenSSL finds our failure in it."""
        self._library.ERR_clear_error()


def create() -> OpensslEngine:
    """Open the library.

    Raises:
        EngineUnavailableError: There is no libcrypto 3.0 or later, or it has no SM2.
    """
    try:
        return OpensslEngine()
    except EngineUnavailableError:
        raise
    except CryptoError as error:
        raise EngineUnavailableError(str(error)) from error
