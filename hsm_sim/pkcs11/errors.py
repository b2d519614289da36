"""What a PKCS#11 module answered, as exceptions.

```
crypto.KeyStoreError
├── TokenError                  carries the name of the return value
│   └── TokenUnreachableError   the session or the token is gone; a new session may help
├── TokenModuleError            there is no module that could be asked
└── TokenKeyError               the key is missing, not the only one, or another than the registered one
```
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pkcs11.exceptions

from crypto import KeyStoreError


class TokenError(KeyStoreError):
    """A call to the module failed.

    Args:
        name: What failed: the name of the module's answer, as the library calls it.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"the PKCS#11 token answered {name}")
        self.name = name


class TokenUnreachableError(TokenError):
    """The session, the token or the device behind it is gone."""


class TokenModuleError(KeyStoreError):
    """The module cannot be loaded."""


class TokenKeyError(KeyStoreError):
    """The key is not there, is not the only one of its name, or is not the registered one."""


_GONE: Final = (
    pkcs11.exceptions.DeviceError,
    pkcs11.exceptions.DeviceRemoved,
    pkcs11.exceptions.FunctionFailed,
    pkcs11.exceptions.GeneralError,
    pkcs11.exceptions.SessionClosed,
    pkcs11.exceptions.SessionHandleInvalid,
    pkcs11.exceptions.ObjectHandleInvalid,
    pkcs11.exceptions.KeyHandleInvalid,
    pkcs11.exceptions.TokenNotPresent,
    pkcs11.exceptions.UserNotLoggedIn,
)


@contextmanager
def token_errors() -> Iterator[None]:
    """Turn what the library raises into this module's errors; nothing of what was handed in is quoted."""
    try:
        yield
    except _GONE as error:
        raise TokenUnreachableError(type(error).__name__) from error
    except pkcs11.exceptions.PKCS11Error as error:
        raise TokenError(type(error).__name__) from error
