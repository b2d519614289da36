"""A key that signed wrongly once signs no more: ``GuardedSigner`` and where it is kept that it stopped."""

from collections.abc import Sequence
from typing import Protocol

from crypto.bulk import verify_many
from crypto.errors import InvalidSignatureError, SigningStoppedError, WrongSignatureError
from crypto.keys import PublicKey
from crypto.signer import Signer
from crypto.sm2 import verify_digest


class StopRecord(Protocol):
    """Where it is kept that a key was stopped, so that a new start of the service knows."""

    def reason(self) -> str | None:
        """Why the key is stopped; None while it signs."""
        ...

    def stop(self, reason: str) -> None:
        """Record that it is stopped; kept when this returns. Stopping again keeps the first reason."""
        ...


class GuardedSigner:
    """Lets out signatures that verify, and stops the key at the first that does not.

    A device that gives one wrong signature under the registered key is faulty, is not the device it was, or is
    being worked on by somebody: whatever else it signed is in doubt as well. So it is not asked again, by this
    process or the next, until an operator has looked and lifted the stop.

    Args:
        signer: Asked for signatures.
        record: Where a stop is kept.
    """

    def __init__(self, signer: Signer, record: StopRecord) -> None:
        self._signer = signer
        self._record = record

    @property
    def public_key(self) -> PublicKey:
        """The public half of the key."""
        return self._signer.public_key

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign one digest e of 32 octets; DER SEQUENCE {r, s}, verified.

        Raises:
            SigningStoppedError: The key is stopped, by this call or before; the signer was not asked in that case.
            KeyStoreError: The signer failed.
        """
        self._go_on()
        try:
            signature = self._signer.sign_digest(digest)
            verify_digest(self.public_key, digest, signature)
        except (InvalidSignatureError, WrongSignatureError):
            raise self._stopped("a signature did not verify") from None
        return signature

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        """Sign several digests e; verified signatures in the same order. Raises as ``sign_digest``."""
        self._go_on()
        try:
            signatures = self._signer.sign_digests(digests)
        except WrongSignatureError:
            raise self._stopped("a signature did not verify") from None
        if len(signatures) != len(digests):
            raise self._stopped(f"{len(signatures)} signatures came for {len(digests)} digests")
        key = self.public_key
        good = verify_many([(key, digest, der) for digest, der in zip(digests, signatures, strict=True)])
        if not all(good):
            raise self._stopped(f"{good.count(False)} of {len(good)} signatures did not verify")
        return signatures

    def _go_on(self) -> None:
        reason = self._record.reason()
        if reason is not None:
            raise SigningStoppedError(f"the key is stopped: {reason}")

    def _stopped(self, reason: str) -> SigningStoppedError:
        self._record.stop(reason)
        return SigningStoppedError(f"the key was stopped now: {reason}")

    def __repr__(self) -> str:
        return f"<GuardedSigner {self._signer!r}>"
