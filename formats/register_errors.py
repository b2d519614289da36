"""What can be wrong with a register besides what its domain says of its contents.

```
RegisterError
├── RegisterAddressError       the address names no register
├── RegisterFormatError        another layout than the program knows, or a database that cannot keep one
├── RegisterUnreachableError   no connection, or it was lost
└── RegisterBusyError          somebody else has been writing for too long
```

No message holds a password or a recorded value.
"""

from __future__ import annotations


class RegisterError(Exception):
    """A register cannot be used."""


class RegisterAddressError(RegisterError):
    """The address names no register."""


class RegisterFormatError(RegisterError):
    """A register of another layout than this program knows, or a database that cannot keep one."""


class RegisterUnreachableError(RegisterError):
    """The database cannot be reached, or the connection was lost.

    Where a commit was under way nobody knows whether it counts; asking again with the same idempotency key tells.
    """


class RegisterBusyError(RegisterError):
    """Another writer has held the register for longer than this one may wait; nothing was written."""
