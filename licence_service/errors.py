"""What the licence service raises.

```
LicenceServiceError
├── RefusedError               the request breaks a rule; nothing was issued, the violations name the fields
│   └── IllegalTransitionError   the licence's state does not allow the event
└── LicenceNotFoundError       no such licence
```
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One rule a request breaks.

    Attributes:
        field: The field's short name, for example ``ZZBH`` or ``KZ_JYFW``.
        code: Stable code of the rule, for example ``"missing"``.
        message_zh: For users.
        message_en: The same in English.
    """

    field: str
    code: str
    message_zh: str
    message_en: str


class LicenceServiceError(Exception):
    """The base of the service's own errors."""


class RefusedError(LicenceServiceError):
    """The request breaks at least one rule.

    Args:
        violations: What is wrong, field by field; never empty. Messages hold no numbers of persons.
    """

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        self.violations = tuple(violations)
        super().__init__("; ".join(f"{found.field}: {found.message_en}" for found in self.violations))


class IllegalTransitionError(RefusedError):
    """The state table has no way out of ``state`` by ``event``."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(
            [
                FieldViolation(
                    "status",
                    "illegal-transition",
                    f"状态为 {state} 的证照不能执行 {event}",
                    f"a licence that is {state} cannot be changed by {event}",
                )
            ]
        )


class LicenceNotFoundError(LicenceServiceError):
    """No licence with this identifier is on record."""
