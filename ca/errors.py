"""What the certification authority raises.

```
CaError
├── RefusedError               the request breaks a rule; nothing was changed
│   ├── IllegalTransitionError   the certificate's state does not allow the event
│   └── LintError                the certificate or list to be signed breaks rules; carries the findings
├── OverloadedError            too many requests wait; nothing was or will be recorded of this one
├── UnfinishedError            a request takes long; asking again with its key gives the result
├── RecordDamagedError         a row of the record cannot be read; it was not written by this program
├── CertificateNotFoundError   no certificate with this serial number
└── CrlNotFoundError           no revocation list with this number
```

``formats.MalformedDataError``, ``crypto.InvalidSignatureError`` and ``crypto.KeyStoreError`` pass through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One broken rule.

    Attributes:
        code: Stable code, for example ``"ca.validity-nesting"``.
        clause: Where the rule stands.
        message: What is wrong, without values that identify persons.
    """

    code: str
    clause: str
    message: str


class CaError(Exception):
    """The base of the authority's own errors."""


class RefusedError(CaError):
    """The request breaks a rule; nothing was changed.

    Args:
        message: What rule.
        code: Stable code for callers, for example ``"ca.request-key-reused"``.
    """

    def __init__(self, message: str, *, code: str) -> None:
        self.code = code
        super().__init__(message)


class IllegalTransitionError(RefusedError):
    """The state table has no way out of ``state`` by ``event``."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"a certificate that is {state} allows no {event}", code="ca.illegal-transition")


class LintError(RefusedError):
    """What was to be signed breaks rules."""

    def __init__(self, findings: Sequence[LintFinding]) -> None:
        self.findings = tuple(findings)
        text = "; ".join(f"{finding.code}: {finding.message}" for finding in self.findings)
        super().__init__(text, code=self.findings[0].code)


class OverloadedError(CaError):
    """Too many requests wait to be issued; of this one nothing was recorded and nothing will be."""


class UnfinishedError(CaError):
    """A request is being worked on for longer than its caller waits; asking again gives the result."""


class RecordDamagedError(CaError):
    """A row of the record, or an entry of the trail, cannot be read."""


class CertificateNotFoundError(CaError):
    """This authority has no certificate with that serial number."""


class CrlNotFoundError(CaError):
    """This authority has no revocation list with that number, or none yet."""
