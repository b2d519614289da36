"""What the seal service raises.

```
SealServiceError
├── RefusedError              the request breaks a rule; nothing was changed
│   └── IllegalTransitionError  the seal's state does not allow the event
├── SealNotFoundError         no such seal
└── TimeStampError            no time stamp was to be had, or not the one asked for; nothing was handed out
```
"""


class SealServiceError(Exception):
    """The base of the service's own errors."""


class RefusedError(SealServiceError):
    """The request breaks a rule.

    Args:
        message: What rule, and for which field.
        code: Stable code for callers, for example ``"seal.not-in-use"``.
    """

    def __init__(self, message: str, *, code: str) -> None:
        self.code = code
        super().__init__(message)


class IllegalTransitionError(RefusedError):
    """The state table has no way out of ``state`` by ``event``."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"a seal that is {state} cannot be changed by {event}", code="seal.illegal-transition")


class TimeStampError(SealServiceError):
    """A time stamp was asked for and none came, or one of something else.

    Promised beside ``ports.TimeStamper``; adapters derive their own errors from it.
    """


class SealNotFoundError(SealServiceError):
    """No seal with this identifier is registered."""
