"""SM4 without padding in the modes of GM/T 0006, whole or in pieces, with the initial value that continues it.

What a device offers under ``SGD_SM4_*``: the caller brings whole blocks where the mode wants them, and gets back
the initial value with which a next call goes on as if both had been one.
"""

from enum import Enum, auto
from typing import Any, Final

from cryptography.hazmat.decrepit.ciphers import modes as old_modes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK: Final = 16


class Sm4Mode(Enum):
    """Modes without authentication."""

    ECB = auto()
    CBC = auto()
    CFB = auto()
    OFB = auto()
    CTR = auto()

    @property
    def whole_blocks(self) -> bool:
        """Whether the data is a multiple of 16 octets."""
        return self in (Sm4Mode.ECB, Sm4Mode.CBC)

    @property
    def uses_iv(self) -> bool:
        """Whether there is an initial value, 16 octets."""
        return self is not Sm4Mode.ECB


def _cipher(mode: Sm4Mode, key: bytes, iv: bytes) -> Any:
    if len(key) != BLOCK:
        raise ValueError("an SM4 key has 16 octets")
    if mode.uses_iv and len(iv) != BLOCK:
        raise ValueError("the initial value has 16 octets")
    chosen: Any
    match mode:
        case Sm4Mode.ECB:
            chosen = modes.ECB()  # noqa: S305 - the device interface has it
        case Sm4Mode.CBC:
            chosen = modes.CBC(iv)
        case Sm4Mode.CFB:
            chosen = old_modes.CFB(iv)
        case Sm4Mode.OFB:
            chosen = old_modes.OFB(iv)
        case Sm4Mode.CTR:
            chosen = modes.CTR(iv)
    return Cipher(algorithms.SM4(key), chosen)


class Sm4Stream:
    """SM4 over data that arrives in pieces of any length.

    Args:
        mode: Of operation.
        key: 16 octets.
        iv: 16 octets; ignored in ECB mode.
        decrypting: The direction.

    Raises:
        ValueError: Key or initial value has not 16 octets.
    """

    def __init__(self, mode: Sm4Mode, key: bytes, iv: bytes, *, decrypting: bool) -> None:
        cipher = _cipher(mode, key, iv)
        self._running = cipher.decryptor() if decrypting else cipher.encryptor()

    def update(self, data: bytes) -> bytes:
        """Take the next piece and give what can be given of it; in ECB and CBC whole blocks."""
        out: bytes = self._running.update(data)
        return out

    def finish(self) -> bytes:
        """End; gives nothing more in any of these modes.

        Raises:
            ValueError: A block is incomplete where the mode wants whole ones.
        """
        out: bytes = self._running.finalize()
        return out


def sm4_transform(mode: Sm4Mode, key: bytes, iv: bytes, data: bytes, *, decrypting: bool) -> tuple[bytes, bytes]:
    """Encrypt or decrypt at once.

    Returns:
        As many octets as ``data`` has, and the initial value that continues: in CBC and CFB the last ciphertext
        block, in OFB the last block of the key stream, in CTR the next counter. After an incomplete block CFB and
        OFB shift in what there was, and CTR goes to the next counter.

    Raises:
        ValueError: A length is wrong.
    """
    stream = Sm4Stream(mode, key, iv, decrypting=decrypting)
    out = stream.update(data) + stream.finish()
    match mode:
        case Sm4Mode.ECB:
            return out, iv
        case Sm4Mode.CBC | Sm4Mode.CFB:
            return out, (iv + (data if decrypting else out))[-BLOCK:]
        case Sm4Mode.OFB:
            mask = (int.from_bytes(data, "big") ^ int.from_bytes(out, "big")).to_bytes(len(data), "big")
            return out, (iv + mask)[-BLOCK:]
        case Sm4Mode.CTR:
            counter = int.from_bytes(iv, "big") + -(-len(data) // BLOCK)
            return out, (counter % (1 << 128)).to_bytes(BLOCK, "big")


class Sm4CbcMac:
    """CBC-MAC with SM4: the last ciphertext block, 16 octets. For data of one known length under a key.

    Raises:
        ValueError: Key or initial value has not 16 octets.
    """

    def __init__(self, key: bytes, iv: bytes) -> None:
        self._stream = Sm4Stream(Sm4Mode.CBC, key, iv, decrypting=False)
        self._last = b""

    def update(self, data: bytes) -> None:
        """Take the next piece."""
        self._last = (self._last + self._stream.update(data))[-BLOCK:]

    def finish(self) -> bytes:
        """Give the code.

        Raises:
            ValueError: There was nothing, or a block is incomplete.
        """
        self._stream.finish()
        if not self._last:
            raise ValueError("a code is computed over at least one block")
        return self._last
