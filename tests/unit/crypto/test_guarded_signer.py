"""A key that signed wrongly once signs no more."""

from collections.abc import Callable, Sequence

import pytest

from crypto import (
    GuardedSigner,
    KeyStoreError,
    PrivateKey,
    PublicKey,
    SigningStoppedError,
    SoftwareSigner,
    verify_digest,
)

E = bytes(range(32))


class Memory:
    """``StopRecord`` in memory."""

    def __init__(self) -> None:
        self.told: str | None = None

    def reason(self) -> str | None:
        return self.told

    def stop(self, reason: str) -> None:
        self.told = self.told or reason


class Device:
    """A signer whose answers can be altered, and that counts how often it is asked."""

    def __init__(self) -> None:
        self._signer = SoftwareSigner(PrivateKey.generate())
        self.alter: Callable[[list[bytes]], list[bytes]] = lambda signatures: signatures
        self.asked = 0

    @property
    def public_key(self) -> PublicKey:
        return self._signer.public_key

    def sign_digest(self, digest: bytes) -> bytes:
        return self.sign_digests([digest])[0]

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        self.asked += 1
        return self.alter(self._signer.sign_digests(digests))


def spoiled(signatures: list[bytes]) -> list[bytes]:
    last = signatures[-1]
    return [*signatures[:-1], last[:-1] + bytes([last[-1] ^ 1])]


def test_good_signatures_pass() -> None:
    """What verifies is handed on, one or many, and nothing is recorded."""
    device, memory = Device(), Memory()
    signer = GuardedSigner(device, memory)
    verify_digest(signer.public_key, E, signer.sign_digest(E))
    assert len(signer.sign_digests([E, bytes(32)])) == 2
    assert signer.sign_digests([]) == []
    assert memory.told is None


@pytest.mark.parametrize("alter", [spoiled, lambda s: [b"no signature"] * len(s), lambda s: [b""] * len(s)])
def test_wrong_signature_stops_the_key(alter: Callable[[list[bytes]], list[bytes]]) -> None:
    """The first wrong signature is kept back, and the device is not asked again."""
    device, memory = Device(), Memory()
    signer = GuardedSigner(device, memory)
    device.alter = alter
    with pytest.raises(SigningStoppedError, match="stopped now"):
        signer.sign_digest(E)
    device.alter = lambda signatures: signatures
    for ask in (lambda: signer.sign_digest(E), lambda: signer.sign_digests([E])):
        with pytest.raises(SigningStoppedError, match="did not verify"):
            ask()
    assert device.asked == 1


@pytest.mark.parametrize("alter", [spoiled, lambda s: s[:-1], lambda s: [*s, s[0]], lambda s: [b"", *s[1:]]])
def test_one_wrong_signature_of_a_batch_stops_the_key(alter: Callable[[list[bytes]], list[bytes]]) -> None:
    """Of a batch that holds one wrong signature, or another number of them, none is handed on."""
    device, memory = Device(), Memory()
    signer = GuardedSigner(device, memory)
    device.alter = alter
    with pytest.raises(SigningStoppedError):
        signer.sign_digests([E] * 5)
    assert memory.told is not None


def test_failing_device_is_not_stopped() -> None:
    """A device that says it cannot sign is no device that signs wrongly."""
    device, memory = Device(), Memory()
    signer = GuardedSigner(device, memory)

    def fail(_signatures: list[bytes]) -> list[bytes]:
        raise KeyStoreError("away")

    device.alter = fail
    with pytest.raises(KeyStoreError, match="away"):
        signer.sign_digest(E)
    device.alter = lambda signatures: signatures
    signer.sign_digest(E)
    assert memory.told is None


def test_stop_of_an_earlier_process_holds() -> None:
    """What is on record before the first signature keeps the device from being asked at all."""
    device, memory = Device(), Memory()
    memory.stop("yesterday")
    with pytest.raises(SigningStoppedError, match="yesterday"):
        GuardedSigner(device, memory).sign_digest(E)
    assert device.asked == 0


def test_repr_tells_no_secret() -> None:
    """Its text is the signer's own."""
    assert "SoftwareSigner" in repr(GuardedSigner(SoftwareSigner(PrivateKey.generate()), Memory()))
