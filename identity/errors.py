"""What the identity service raises.

```
IdentityError
├── RefusedError          a rule is against it; nothing was changed, code and messages say why
└── UnknownOfficerError   no such officer
```
"""


class IdentityError(Exception):
    """The base of the identity service's own errors."""


class RefusedError(IdentityError):
    """A rule is against it.

    Args:
        code: Stable code, a ``model.RefusalCode``.
        message_zh: For users; holds no numbers of persons.
        message_en: The same in English.
    """

    def __init__(self, code: str, message_zh: str, message_en: str) -> None:
        self.code = code
        self.message_zh = message_zh
        self.message_en = message_en
        super().__init__(message_en)


class UnknownOfficerError(IdentityError):
    """No officer of this identifier is registered."""
