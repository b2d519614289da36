"""What the cryptography room raises.

```
CryptoError
├── InvalidSignatureError     a signature does not verify, or is not strict DER
├── InvalidKeyError           a key is not a key of the SM2 curve (also a ValueError)
├── DecryptionError           a ciphertext does not open; never says which check failed
├── EngineUnavailableError    no SM2 engine can be used, or not the one that was demanded
└── KeyStoreError             a key store failed to sign; promised beside ``Signer``
    ├── SigningStoppedError   the key gave a wrong signature once and is not asked again
    └── WrongSignatureError   a device gave a signature that does not verify, and it was kept back
```

A caller's own mistake (a digest that has not 32 octets, a negative length) is a plain ``ValueError``.
"""


class CryptoError(Exception):
    """Root of everything this package raises on purpose."""


class InvalidSignatureError(CryptoError):
    """A signature does not verify under the given key and digest, or its encoding is not strict DER."""


class InvalidKeyError(CryptoError, ValueError):
    """A point is not on the SM2 curve, or a scalar is out of its range."""


class DecryptionError(CryptoError):
    """A ciphertext does not open. One message for all causes, so that it cannot serve as an oracle."""


class EngineUnavailableError(CryptoError):
    """An SM2 engine is unknown, absent, or failed its self-test."""


class KeyStoreError(CryptoError):
    """A key store could not do what a ``Signer`` promises. Key stores derive their own errors from it."""


class SigningStoppedError(KeyStoreError):
    """A key gave a signature that does not verify, now or before; it signs no more until that is lifted."""


class WrongSignatureError(KeyStoreError):
    """A device gave a signature that does not verify under its key; whoever verified it kept it back."""
