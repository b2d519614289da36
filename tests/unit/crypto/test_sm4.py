"""SM4 in its modes against published values, and what opening a bad ciphertext tells."""

import json
from pathlib import Path

import pytest

from crypto import (
    DecryptionError,
    sm4_cbc_decrypt,
    sm4_cbc_encrypt,
    sm4_ctr,
    sm4_ecb_decrypt,
    sm4_ecb_encrypt,
    sm4_gcm_decrypt,
    sm4_gcm_encrypt,
)

KEY = bytes.fromhex("0123456789abcdeffedcba9876543210")
IV = bytes(range(16))
NONCE = bytes(range(12))


def _load(vectors_dir: Path, name: str) -> dict:
    return json.loads((vectors_dir / "gbt32907" / name).read_text("utf-8"))


def test_published_block(vectors_dir: Path) -> None:
    """Example 1 of GB/T 32907, both ways."""
    vector = _load(vectors_dir, "blocks.json")
    key, plaintext = bytes.fromhex(vector["key"]), bytes.fromhex(vector["plaintext"])
    assert sm4_ecb_encrypt(key, plaintext).hex() == vector["ciphertext"]
    assert sm4_ecb_decrypt(key, bytes.fromhex(vector["ciphertext"])) == plaintext


@pytest.mark.slow
def test_published_million_iterations(vectors_dir: Path) -> None:
    """Example 2 of GB/T 32907: a block encrypted 1,000,000 times."""
    vector = _load(vectors_dir, "blocks.json")
    key, block = bytes.fromhex(vector["key"]), bytes.fromhex(vector["plaintext"])
    for _ in range(vector["iterations"]):
        block = sm4_ecb_encrypt(key, block)
    assert block.hex() == vector["ciphertext_after_iterations"]


def test_published_modes(vectors_dir: Path) -> None:
    """CBC (its first blocks, before our padding), CTR and GCM of the published drafts and RFC 8998."""
    vector = _load(vectors_dir, "modes.json")
    for case in vector["cbc"]:
        key, iv, plaintext, ciphertext = (
            bytes.fromhex(case[name]) for name in ("key", "iv", "plaintext", "ciphertext")
        )
        padded = sm4_cbc_encrypt(key, iv, plaintext)
        assert padded[:-16] == ciphertext
        assert sm4_cbc_decrypt(key, iv, padded) == plaintext
    for case in vector["ctr"]:
        key, iv, plaintext = (bytes.fromhex(case[name]) for name in ("key", "iv", "plaintext"))
        assert sm4_ctr(key, iv, plaintext).hex() == case["ciphertext"]
        assert sm4_ctr(key, iv, sm4_ctr(key, iv, plaintext)) == plaintext
    for case in vector["gcm"]:
        key, nonce, aad, plaintext = (bytes.fromhex(case[name]) for name in ("key", "nonce", "aad", "plaintext"))
        sealed = sm4_gcm_encrypt(key, nonce, plaintext, aad)
        assert sealed.hex() == case["ciphertext"] + case["tag"]
        assert sm4_gcm_decrypt(key, nonce, sealed, aad) == plaintext


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 4096])
def test_cbc_pads_every_length(length: int) -> None:
    """A whole block of padding follows data of whole blocks, so every length opens to itself."""
    data = bytes(length)
    ciphertext = sm4_cbc_encrypt(KEY, IV, data)
    assert len(ciphertext) == (length // 16 + 1) * 16
    assert sm4_cbc_decrypt(KEY, IV, ciphertext) == data


def test_bad_cbc_has_one_message() -> None:
    """Wrong length and wrong padding cannot be told apart by the error."""
    messages = set()
    unpadded = sm4_ecb_encrypt(KEY, bytes(a ^ b for a, b in zip(bytes(16), IV, strict=True)))  # opens to zeros
    for ciphertext in (b"", b"x" * 15, b"x" * 17, unpadded):
        with pytest.raises(DecryptionError) as caught:
            sm4_cbc_decrypt(KEY, IV, ciphertext)
        messages.add(str(caught.value))
        assert caught.value.__cause__ is None
    assert messages == {"decryption failed"}


def test_gcm_refuses_every_change() -> None:
    """A changed ciphertext, tag, nonce, additional data or length does not open, all with one message."""
    sealed = sm4_gcm_encrypt(KEY, NONCE, b"data", b"aad")
    altered = [bytes(sealed[:i] + bytes((sealed[i] ^ 1,)) + sealed[i + 1 :]) for i in range(len(sealed))]
    attempts = [(NONCE, other, b"aad") for other in (*altered, sealed[:-1], sealed[1:], sealed[:15], b"")]
    attempts += [(bytes(12), sealed, b"aad"), (NONCE, sealed, b"aaD")]
    for nonce, ciphertext, aad in attempts:
        with pytest.raises(DecryptionError, match=r"^decryption failed$"):
            sm4_gcm_decrypt(KEY, nonce, ciphertext, aad)


@pytest.mark.parametrize(
    "call",
    [
        lambda: sm4_cbc_encrypt(KEY[:15], IV, b""),
        lambda: sm4_cbc_encrypt(KEY, IV[:15], b""),
        lambda: sm4_cbc_decrypt(KEY, IV + b"x", bytes(16)),
        lambda: sm4_ctr(KEY + KEY, IV, b""),
        lambda: sm4_ctr(KEY, b"", b""),
        lambda: sm4_gcm_encrypt(KEY, IV, b"", b""),
        lambda: sm4_gcm_decrypt(KEY, b"", bytes(16), b""),
        lambda: sm4_ecb_encrypt(KEY, b"x"),
        lambda: sm4_ecb_decrypt(KEY, bytes(17)),
    ],
)
def test_wrong_lengths_are_the_callers_mistake(call) -> None:
    """Keys, nonces and unpadded data of a wrong length raise ValueError, never a decryption error."""
    with pytest.raises(ValueError, match=r"16|12"):
        call()
