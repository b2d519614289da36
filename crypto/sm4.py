"""SM4 (GB/T 32907) in the modes the project needs, over the ``cryptography`` package.

Keys have 16 octets. Wherever an attacker may send ciphertexts, use GCM, or check a MAC before CBC is opened: CBC's
padding check has one error message, but its time is not constant.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from crypto.errors import DecryptionError

BLOCK_LENGTH: Final = 16
GCM_NONCE_LENGTH: Final = 12
GCM_TAG_LENGTH: Final = 16


def _algorithm(key: bytes) -> algorithms.SM4:
    if len(key) != BLOCK_LENGTH:
        raise ValueError("an SM4 key has 16 octets")
    return algorithms.SM4(key)


def _whole_blocks(data: bytes) -> None:
    if len(data) % BLOCK_LENGTH:
        raise ValueError("without padding the data is a multiple of 16 octets")


def _iv(iv: bytes) -> bytes:
    if len(iv) != BLOCK_LENGTH:
        raise ValueError("the initial value has 16 octets")
    return iv


def sm4_cbc_encrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Encrypt in CBC mode with PKCS#7 padding; ``iv`` has 16 octets and is unpredictable, never used twice.

    Raises:
        ValueError: Key or initial value has not 16 octets.
    """
    padder = PKCS7(8 * BLOCK_LENGTH).padder()
    encryptor = Cipher(_algorithm(key), modes.CBC(_iv(iv))).encryptor()
    return encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()


def sm4_cbc_decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Decrypt CBC mode and take the PKCS#7 padding off.

    Raises:
        ValueError: Key or initial value has not 16 octets.
        DecryptionError: The length or the padding is wrong; which of them is not told.
    """
    decryptor = Cipher(_algorithm(key), modes.CBC(_iv(iv))).decryptor()
    unpadder = PKCS7(8 * BLOCK_LENGTH).unpadder()
    try:
        return unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize()
    except ValueError:
        raise DecryptionError("decryption failed") from None


def sm4_ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Encrypt or decrypt in CTR mode; ``iv`` is the first counter block, 16 octets, never used twice with a key.

    Raises:
        ValueError: Key or initial value has not 16 octets.
    """
    encryptor = Cipher(_algorithm(key), modes.CTR(_iv(iv))).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def sm4_gcm_encrypt(key: bytes, nonce: bytes, data: bytes, aad: bytes = b"") -> bytes:
    """Encrypt in GCM mode; ciphertext followed by the 16-octet tag.

    Args:
        key: 16 octets.
        nonce: 12 octets, never used twice with a key.
        data: What to encrypt.
        aad: Additional data that is authenticated, not encrypted.

    Raises:
        ValueError: Key or nonce has a wrong length.
    """
    encryptor = Cipher(_algorithm(key), modes.GCM(_nonce(nonce))).encryptor()
    encryptor.authenticate_additional_data(aad)
    return encryptor.update(data) + encryptor.finalize() + encryptor.tag


def sm4_gcm_decrypt(key: bytes, nonce: bytes, data: bytes, aad: bytes = b"") -> bytes:
    """Open what ``sm4_gcm_encrypt`` made: ciphertext followed by the 16-octet tag.

    Raises:
        ValueError: Key or nonce has a wrong length.
        DecryptionError: Too short, or the tag does not fit key, nonce, data and additional data.
    """
    algorithm, nonce = _algorithm(key), _nonce(nonce)
    if len(data) < GCM_TAG_LENGTH:
        raise DecryptionError("decryption failed")
    decryptor = Cipher(algorithm, modes.GCM(nonce, data[-GCM_TAG_LENGTH:])).decryptor()
    decryptor.authenticate_additional_data(aad)
    try:
        return decryptor.update(data[:-GCM_TAG_LENGTH]) + decryptor.finalize()
    except (InvalidTag, ValueError):
        # A wrong tag can come out as another error where the library finds an older one in its queue first.
        raise DecryptionError("decryption failed") from None


def _nonce(nonce: bytes) -> bytes:
    if len(nonce) != GCM_NONCE_LENGTH:
        raise ValueError("the GCM nonce has 12 octets")
    return nonce


def sm4_ecb_encrypt(key: bytes, data: bytes) -> bytes:
    """Encrypt whole blocks in ECB mode, no padding: for the private key inside an enveloped key (GB/T 35276).

    Equal blocks give equal ciphertexts, so this is for random data only.

    Raises:
        ValueError: The key has not 16 octets, or the data is no multiple of 16 octets.
    """
    _whole_blocks(data)
    encryptor = Cipher(_algorithm(key), modes.ECB()).encryptor()  # noqa: S305 - the standard demands ECB here
    return encryptor.update(data) + encryptor.finalize()


def sm4_ecb_decrypt(key: bytes, data: bytes) -> bytes:
    """Decrypt whole blocks in ECB mode, no padding.

    Raises:
        ValueError: The key has not 16 octets, or the data is no multiple of 16 octets.
    """
    _whole_blocks(data)
    decryptor = Cipher(_algorithm(key), modes.ECB()).decryptor()  # noqa: S305 - the standard demands ECB here
    return decryptor.update(data) + decryptor.finalize()
