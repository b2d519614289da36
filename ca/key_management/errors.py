"""What the key management part raises.

```
ca.errors.RefusedError             the request breaks a rule; nothing was changed
├── IllegalKeyTransitionError        the pair's or the recovery's state does not allow the event
└── EscrowNotFoundError              no pair is archived for that certificate, or no such recovery
crypto.KeyStoreError               no key is to be had at present; asking again may help
├── PoolEmptyError                   no pair is in store; an operator must fill the pool
└── UnsoundEnvelopeError             the device answered with an envelope of another pair; it goes nowhere
```

``ca.errors.RecordDamagedError`` and what the device raises (``crypto.KeyStoreError``) pass through.
"""

from __future__ import annotations

from ca.errors import RefusedError
from crypto import KeyStoreError


class IllegalKeyTransitionError(RefusedError):
    """The table has no way out of ``state`` by ``event``."""

    def __init__(self, what: str, state: str, event: str) -> None:
        super().__init__(f"a {what} that is {state} allows no {event}", code="kmc.illegal-transition")


class EscrowNotFoundError(RefusedError):
    """Nothing is archived under what was given."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="kmc.not-found")


class PoolEmptyError(KeyStoreError):
    """No pair is in store."""

    def __init__(self) -> None:
        super().__init__("no encryption pair is in store; the pool must be filled")


class UnsoundEnvelopeError(KeyStoreError):
    """What the device gave is no envelope of the pair."""
