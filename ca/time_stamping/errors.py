"""What the time-stamp authority raises.

```
ca.errors.CaError
├── TimeNotTrustedError          the clock is not to be believed; nothing is stamped
├── StampRegisterError           the register cannot be read or written
│   └── OutOfOrderError            another process recorded a later time first; nothing was recorded
└── ca.errors.RefusedError
    ├── ClockTransitionError     the clock's state does not allow the event
    └── StampingCertificateError the certificate or key is none to stamp with
```
"""

from __future__ import annotations

from ca.errors import CaError, RefusedError


class TimeNotTrustedError(CaError):
    """The clock is not to be believed at the moment.

    Args:
        state: Of the clock, for example ``"stopped"``.
        reason: Why, a stable code.
    """

    def __init__(self, state: str, reason: str) -> None:
        self.state = state
        self.reason = reason
        super().__init__(f"the clock is {state}: {reason}")


class StampRegisterError(CaError):
    """The register cannot be read or written; what was asked of it did not happen, or may have."""


class OutOfOrderError(StampRegisterError):
    """A stamp with the same or a later time is on record already, and this authority promises an order."""


class ClockTransitionError(RefusedError):
    """The clock's state table has no way out of ``state`` by ``event``."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"a clock that is {state} allows no {event}", code="ca.time-stamp.illegal-transition")


class StampingCertificateError(RefusedError):
    """The certificate or the key is none to stamp with."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="ca.time-stamp.certificate")
