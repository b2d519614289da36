"""``Signer``: what a domain gets instead of a key."""

from collections.abc import Sequence

import pytest

from crypto import (
    DEFAULT_USER_ID,
    InvalidSignatureError,
    KeyStoreError,
    PrivateKey,
    PublicKey,
    Signer,
    SoftwareSigner,
    sign_digest,
    sign_message,
    verify,
    verify_many,
)


class _FaultySigner:
    """Gives whatever answer it was made with."""

    def __init__(self, public_key: PublicKey, answer: bytes) -> None:
        self.public_key = public_key
        self._answer = answer

    def sign_digest(self, digest: bytes) -> bytes:
        return self._answer

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        return [self._answer for _ in digests]


def test_a_software_signer_is_a_signer() -> None:
    """It signs one digest and many, with its key, in order."""
    key = PrivateKey.generate()
    signer: Signer = SoftwareSigner(key)
    assert signer.public_key == key.public_key
    digests = [bytes((n,)) * 32 for n in range(5)]
    signatures = [*signer.sign_digests(digests), signer.sign_digest(digests[0])]
    items = zip([key.public_key] * 6, [*digests, digests[0]], signatures, strict=True)
    assert all(verify_many(list(items)))


def test_sign_message_binds_identity_and_message() -> None:
    """The result verifies under the same identity, and under no other."""
    signer = SoftwareSigner(PrivateKey.generate())
    signature = sign_message(signer, b"text", user_id=DEFAULT_USER_ID)
    verify(signer.public_key, b"text", signature, user_id=DEFAULT_USER_ID)
    with pytest.raises(InvalidSignatureError):
        verify(signer.public_key, b"text", signature, user_id=b"another")


@pytest.mark.parametrize("fault", ["other key", "other digest", "not DER", "empty"])
def test_a_wrong_signature_never_leaves_sign_message(fault: str) -> None:
    """A device that answers with anything but a good signature is reported, and its answer is dropped."""
    key, other = PrivateKey.generate(), PrivateKey.generate()
    answer = {
        "other key": sign_digest(other, bytes(32)),
        "other digest": sign_digest(key, bytes(32)),
        "not DER": bytes(64),
        "empty": b"",
    }[fault]
    with pytest.raises(KeyStoreError, match="does not verify"):
        sign_message(_FaultySigner(key.public_key, answer), b"text", user_id=DEFAULT_USER_ID)


def test_a_signer_shows_its_public_half_only() -> None:
    """repr names the key by its public point."""
    key = PrivateKey.generate()
    shown = repr(SoftwareSigner(key))
    assert key.scalar().hex()[:16] not in shown
    assert key.public_key.point.hex()[:16] in shown


def test_a_key_that_is_gone_is_a_key_store_error() -> None:
    """The one error ``Signer`` promises, whatever failed below; a digest of a wrong length stays the caller's fault."""
    key = PrivateKey.generate()
    signer = SoftwareSigner(key)
    with pytest.raises(ValueError, match="32 octets"):
        signer.sign_digest(b"")
    key.wipe()
    for sign in (lambda: signer.sign_digest(bytes(32)), lambda: signer.sign_digests([bytes(32)])):
        with pytest.raises(KeyStoreError, match="wiped"):
            sign()
