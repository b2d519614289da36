"""One token behind a PKCS#11 module: the session, who may use it when, and what happens when it is gone.

A session belongs to one caller at a time, and the module is initialised without saying that several threads will
call it: every call to it goes through one lock, per module and process. A forked child may use nothing of it.
"""

import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import pkcs11
from pkcs11.attributes import AttributeMapper, handle_ulong

from hsm_sim.pkcs11.errors import TokenError, TokenKeyError, TokenModuleError, TokenUnreachableError, token_errors

T = TypeVar("T")
_locks: Final[dict[str, threading.RLock]] = {}
_making_locks: Final = threading.Lock()


class _VendorAttributes(AttributeMapper):
    """Reads key types as the numbers they are: the library knows none of a vendor's own."""

    def __init__(self) -> None:
        super().__init__()
        self.attribute_types = {**self.attribute_types, pkcs11.Attribute.KEY_TYPE: handle_ulong}


class Token:
    """A token that is logged in to when it is first used.

    Args:
        library: Path of the vendor's module.
        label: Label of the token.
        pin: The user's PIN; kept until ``close``, to log in anew after the session was lost.

    Raises:
        TokenError: What the module answers; ``run`` raises it, since the module is not touched before.
    """

    def __init__(self, library: str, label: str, pin: bytes) -> None:
        self._process = os.getpid()
        self._library = library
        self._label = label
        self._pin = bytearray(pin)
        self._session: Any = None
        self._refused: str | None = None
        with _making_locks:
            self._lock = _locks.setdefault(library, threading.RLock())

    def run(self, work: Callable[[Any], T], *, again: bool) -> T:
        """Do work with a session, by one thread at a time.

        Args:
            work: Takes the library's session; must not keep it.
            again: Whether the work may be done a second time, on a new session, when the first one is lost in the
                middle of it. Signing may; making a key may not.

        Raises:
            TokenError: What the module answered. After a refused PIN no further one is tried.
        """
        if self._process != os.getpid():
            raise TokenUnreachableError("a session of another process")
        with self._lock:
            try:
                return self._once(work)
            except TokenUnreachableError:
                self._drop()
                if not again:
                    raise
                return self._once(work)

    def _once(self, work: Callable[[Any], T]) -> T:
        with token_errors():
            return work(self._opened())

    def _opened(self) -> Any:
        if self._session is None:
            if self._refused is not None:
                raise TokenError(self._refused)
            if not self._pin:
                raise TokenUnreachableError("closed on this side")
            try:
                self._session = self._token().open(
                    rw=True, user_pin=self._pin.decode(), attribute_mapper=_VendorAttributes()
                )
            except (pkcs11.exceptions.PinIncorrect, pkcs11.exceptions.PinLocked) as error:
                self._refused = type(error).__name__
                raise
        return self._session

    def _token(self) -> Any:
        try:
            return self._module().get_token(token_label=self._label)
        except pkcs11.exceptions.NoSuchToken as error:
            raise TokenKeyError("the module has no token of this label") from error

    def _module(self) -> Any:
        try:
            return pkcs11.lib(self._library)
        except (RuntimeError, OSError) as error:
            if type(error) not in (pkcs11.exceptions.PKCS11Error, RuntimeError, OSError):
                raise  # the module was loaded, and this is its answer
            raise TokenModuleError("there is no PKCS#11 module at this path") from error

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            try:
                session.close()
            except pkcs11.exceptions.PKCS11Error:
                return  # it was gone already, which is why it is dropped

    def close(self) -> None:
        """Log out and forget the PIN."""
        if self._process == os.getpid():
            with self._lock:
                self._drop()
        self._pin[:] = bytes(len(self._pin))
        self._pin.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Token {self._label!r}>"


def find_key(session: Any, kind: pkcs11.ObjectClass, label: str) -> Any:
    """The one key of a label.

    Raises:
        TokenKeyError: There is none, or more than one.
    """
    found = list(session.get_objects({pkcs11.Attribute.CLASS: kind, pkcs11.Attribute.LABEL: label}))
    if len(found) != 1:
        raise TokenKeyError(f"the token has {len(found)} keys of kind {kind.name} and label {label!r}")
    return found[0]
