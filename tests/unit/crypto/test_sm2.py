"""SM2 on every engine: published answers, edges, refusals."""

import json
from pathlib import Path
from typing import Any

import pytest

from crypto import (
    DEFAULT_USER_ID,
    CryptoError,
    DecryptionError,
    InvalidKeyError,
    InvalidSignatureError,
    PrivateKey,
    PublicKey,
    decrypt,
    encrypt,
    engines,
    message_digest,
    sign,
    sign_digest,
    signature_to_raw,
    sm3,
    sm3_kdf,
    verify,
    verify_digest,
    verify_many,
)
from crypto.encoding import join_cipher, split_cipher

MESSAGE = b"message digest"


@pytest.fixture
def key(published: dict[str, Any], engine: engines.Engine) -> PrivateKey:
    """The published example key, loaded by the engine under test."""
    return PrivateKey.from_scalar(bytes.fromhex(published["private_key"]))


def test_published_signature(published: dict[str, Any], key: PrivateKey) -> None:
    """The digest of the published message is the published e, and the published signature verifies over both."""
    vector = published["signature"]
    digest = message_digest(key.public_key, MESSAGE, user_id=DEFAULT_USER_ID)
    assert digest.hex() == vector["digest"]
    verify(key.public_key, MESSAGE, bytes.fromhex(vector["der"]), user_id=DEFAULT_USER_ID)
    verify_digest(key.public_key, digest, bytes.fromhex(vector["der"]))


def test_edge_signatures(vectors_dir: Path, engine: engines.Engine) -> None:
    """Each case gives the answer of the definition: one at a time and all at once."""
    cases = json.loads((vectors_dir / "gbt32918" / "signatures.json").read_text("utf-8"))["cases"]
    items = []
    for case in cases:
        item = (
            PublicKey(bytes.fromhex(case["public_key"])),
            bytes.fromhex(case["digest"]),
            bytes.fromhex(case["signature"]),
        )
        items.append(item)
        if case["valid"]:
            verify_digest(*item)
        else:
            with pytest.raises(InvalidSignatureError):
                verify_digest(*item)
    wrong = [
        case["name"] for case, answer in zip(cases, verify_many(items), strict=True) if answer != case["valid"]
    ]
    assert wrong == []
    assert {case["valid"] for case in cases} == {True, False}


def test_own_signature_verifies_and_is_strict(key: PrivateKey) -> None:
    """What is signed verifies, converts to 64 octets, and differs each time."""
    signatures = {sign(key, MESSAGE, user_id=DEFAULT_USER_ID) for _ in range(8)}
    assert len(signatures) == 8
    for signature in signatures:
        verify(key.public_key, MESSAGE, signature, user_id=DEFAULT_USER_ID)
        assert len(signature_to_raw(signature)) == 64


@pytest.mark.parametrize("user_id", [b"", b"TLSv1.3+GM+Cipher+Suite", b"x" * 8191])
def test_user_identity_binds(key: PrivateKey, user_id: bytes) -> None:
    """A signature under one identity fails under another, the empty one included."""
    signature = sign(key, MESSAGE, user_id=user_id)
    verify(key.public_key, MESSAGE, signature, user_id=user_id)
    with pytest.raises(InvalidSignatureError, match=r"^the signature does not verify$"):
        verify(key.public_key, MESSAGE, signature, user_id=DEFAULT_USER_ID)


def test_another_message_or_key_fails(key: PrivateKey) -> None:
    """A signature holds for its message and its key alone."""
    signature = sign(key, MESSAGE, user_id=DEFAULT_USER_ID)
    with pytest.raises(InvalidSignatureError):
        verify(key.public_key, MESSAGE + b"\0", signature, user_id=DEFAULT_USER_ID)
    with pytest.raises(InvalidSignatureError):
        verify(PrivateKey.generate().public_key, MESSAGE, signature, user_id=DEFAULT_USER_ID)


def test_the_error_tells_a_bad_encoding_from_a_bad_signature(key: PrivateKey) -> None:
    """A wrong tag is reported as an encoding fault, a wrong digest as a signature that does not verify."""
    signature = sign_digest(key, bytes(32))
    with pytest.raises(InvalidSignatureError, match="not exactly one DER SEQUENCE"):
        verify_digest(key.public_key, bytes(32), b"\x31" + signature[1:])
    with pytest.raises(InvalidSignatureError, match="does not verify"):
        verify_digest(key.public_key, b"\1" * 32, signature)


@pytest.mark.parametrize("length", [0, 20, 31, 33, 64])
def test_digests_have_32_octets(key: PrivateKey, length: int) -> None:
    """Another length is the caller's mistake, not a bad signature."""
    signature = sign_digest(key, bytes(32))
    with pytest.raises(ValueError, match="32 octets"):
        sign_digest(key, bytes(length))
    with pytest.raises(ValueError, match="32 octets"):
        verify_digest(key.public_key, bytes(length), signature)


def test_published_ciphertext(published: dict[str, Any], key: PrivateKey) -> None:
    """The published ciphertext opens to the published plaintext."""
    vector = published["encryption"]
    assert decrypt(key, bytes.fromhex(vector["der"])).decode() == vector["plaintext_text"]


@pytest.mark.parametrize("length", [1, 16, 32, 33, 255, 5000])
def test_encryption_round_trip(key: PrivateKey, length: int) -> None:
    """Every length opens again, the ciphertext is strict DER, and no two are alike."""
    plaintext = bytes(range(256)) * 20
    plaintext = plaintext[:length]
    first, second = encrypt(key.public_key, plaintext), encrypt(key.public_key, plaintext)
    assert first != second
    assert len(split_cipher(first)[2]) == length
    assert decrypt(key, first) == decrypt(key, second) == plaintext


def test_an_empty_plaintext_is_refused(key: PrivateKey) -> None:
    """There is nothing to encrypt in no octets."""
    with pytest.raises(ValueError, match="at least one octet"):
        encrypt(key.public_key, b"")


def test_altered_ciphertexts_do_not_open(published: dict[str, Any], key: PrivateKey) -> None:
    """A change anywhere is refused with the one message, from whichever check it comes."""
    der = bytes.fromhex(published["encryption"]["der"])
    for index in range(0, len(der), 3):
        altered = der[:index] + bytes((der[index] ^ 0x01,)) + der[index + 1 :]
        with pytest.raises(DecryptionError, match=r"^decryption failed$") as caught:
            decrypt(key, altered)
        assert caught.value.__cause__ is None
    with pytest.raises(DecryptionError, match=r"^decryption failed$"):
        decrypt(PrivateKey.generate(), der)


def test_an_all_zero_mask_does_not_open(engine: engines.Engine) -> None:
    """If the derived key is all zeros GB/T 32918.4 refuses, though C3 fits: the plaintext would lie open.

    One octet of mask is zero for one nonce in 256, so such a ciphertext can be made.
    """
    key = PrivateKey.from_scalar((7).to_bytes(32, "big"))
    for k in range(1, 5000):
        scalar = k.to_bytes(32, "big")
        shared = engine.public_point((7 * k).to_bytes(32, "big"))[1:]
        if sm3_kdf(shared, 1) == b"\0":
            ciphertext = join_cipher(engine.public_point(scalar), sm3(shared[:32] + b"A" + shared[32:]), b"A")
            with pytest.raises(DecryptionError):
                decrypt(key, ciphertext)
            return
    pytest.fail("no nonce gave a zero mask")


def test_errors_name_no_secret(key: PrivateKey) -> None:
    """An error raised while a private key is in use carries neither the scalar nor the plaintext."""
    hexadecimal = key.scalar().hex()
    attempts = (
        lambda: decrypt(key, b"\x30\x00"),
        lambda: sign_digest(key, b""),
        lambda: PrivateKey.from_scalar(key.scalar() + b"\0"),
    )
    for attempt in attempts:
        with pytest.raises((CryptoError, ValueError, InvalidKeyError)) as caught:
            attempt()
        assert hexadecimal not in repr(caught.value).lower()
        assert repr(key.scalar()) not in repr(caught.value)
