"""What enrolment raises.

```
ca.errors.RefusedError
├── EnrolmentTransitionError   the transaction's state does not allow the event
└── ReferenceRefusedError      a reference that exists, does not, or breaks its form
```
"""

from __future__ import annotations

from ca.errors import RefusedError


class EnrolmentTransitionError(RefusedError):
    """The state table has no way out of ``state`` by ``event``."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"an enrolment that is {state} allows no {event}", code="ca.enrolment.illegal-transition")


class ReferenceRefusedError(RefusedError):
    """A reference exists already, or there is none, or it breaks its form."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="ca.enrolment.reference")
