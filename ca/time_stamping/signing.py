"""Signing tokens with SM2 through a ``crypto.Signer``."""

from __future__ import annotations

from collections.abc import Sequence

from crypto import DEFAULT_USER_ID, KeyStoreError, Signer, message_digest, verify_many
from formats.gbt20518.algorithm import public_key_info
from formats.gbt20520 import SM2_TOKENS, TokenAlgorithms


class Sm2TokenSigner:
    """``ports.TokenSigner`` over a key that lives elsewhere.

    Args:
        signer: Holds the key.
        user_id: SM2 identity to sign under; only tests with software that knows no other give another.
    """

    def __init__(self, signer: Signer, *, user_id: bytes = DEFAULT_USER_ID) -> None:
        self._signer = signer
        self._user_id = user_id

    @property
    def algorithms(self) -> TokenAlgorithms:
        """SM2 with SM3."""
        return SM2_TOKENS

    @property
    def public_key_info(self) -> bytes:
        """SubjectPublicKeyInfo of the key, DER."""
        return public_key_info(self._signer.public_key)

    def sign_all(self, attributes: Sequence[bytes]) -> list[bytes]:
        """Signatures in the same order, DER SEQUENCE {r, s}, each verified.

        Raises:
            KeyStoreError: The key store failed, or a signature it gave does not verify.
        """
        key = self._signer.public_key
        digests = [message_digest(key, each, user_id=self._user_id) for each in attributes]
        if len(digests) == 1:
            signatures = [self._signer.sign_digest(digests[0])]
        else:
            signatures = self._signer.sign_digests(digests)
        # A fault in the device could reveal the key through a wrong signature, so none leaves unverified.
        if len(signatures) != len(digests) or not all(
            verify_many([(key, digest, value) for digest, value in zip(digests, signatures, strict=True)])
        ):
            raise KeyStoreError("the key store gave a signature that does not verify")
        return signatures
