"""``WrappedKeySigner``: the ``crypto.Signer`` over a pair that is kept outside the key store."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

from crypto import PublicKey
from hsm_sim.client import KeyStoreClient, KeyStoreSession
from hsm_sim.return_codes import AccessRightError, DeviceError, KeyFaultError, PasswordLockedError
from hsm_sim.session_pool import SessionPool
from hsm_sim.wrapped_key import read_wrapped_key

T = TypeVar("T")


class WrappedKeyAccess:
    """Sessions that hold the right to some wrapped pairs; may be used from any thread.

    All pairs guarded by one index share one access, so a hundred thousand seals need a few sessions. After a
    refused password no further one is tried: every try brings the lock closer.

    Args:
        client: Of the key store; must stay open as long as the access.
        password: Of the index, or the pair's own; kept in memory until ``close``, to activate further sessions.
        guard: The index that guards the pairs, or
        wrapped: the one pair whose own password it is.
        max_sessions: Sessions that work at the same time.
        reconnect_seconds: For how long work is tried again after a connection broke.

    Raises:
        AccessRightError: The password is wrong.
        DeviceError: Anything else that keeps the pairs from being used.
    """

    def __init__(
        self,
        client: KeyStoreClient,
        password: bytes,
        *,
        guard: int | None = None,
        wrapped: bytes | None = None,
        max_sessions: int = 4,
        reconnect_seconds: float = 5.0,
    ) -> None:
        if (guard is None) == (wrapped is None):
            raise ValueError("access is by a guard or to one wrapped key")
        self._client = client
        self._password = bytearray(password)
        self._guard = guard
        self._wrapped = wrapped
        self._refused: DeviceError | None = None
        self._pool: SessionPool[KeyStoreSession] = SessionPool(
            self._activate, size=max_sessions, reconnect_seconds=reconnect_seconds
        )
        try:
            self._pool.run(KeyStoreSession.alive)
        except BaseException:
            self.close()
            raise

    def run(self, work: Callable[[KeyStoreSession], T]) -> T:
        """Do work that may be repeated on a session that holds the right. Raises as ``SessionPool.run``."""
        return self._pool.run(work)

    def signer(self, wrapped: bytes) -> "WrappedKeySigner":
        """A signer over one pair. Raises as ``WrappedKeySigner``."""
        return WrappedKeySigner(self, wrapped)

    def _activate(self) -> KeyStoreSession:
        if self._refused is not None:
            raise type(self._refused)(self._refused.detail)
        session = self._client.open_session()
        try:
            if self._guard is not None:
                session.get_access_right(self._guard, bytes(self._password))
            elif self._wrapped is not None:
                session.get_wrapped_right(self._wrapped, bytes(self._password))
        except BaseException as error:
            if isinstance(error, AccessRightError | PasswordLockedError):
                self._refused = error
            session.close()
            raise
        return session

    def close(self) -> None:
        """Close the sessions, and with them the rights, and forget the password."""
        self._pool.close()
        for at in range(len(self._password)):
            self._password[at] = 0
        self._password.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class WrappedKeySigner:
    """Signs with one wrapped pair; costs nothing until it signs, and is thrown away without closing.

    The device signs only if the pair opens, and it opens only with the public key that stands in it. Whoever keeps
    the register of pairs should still compare ``public_key`` with the one he certified.

    Args:
        access: To the pair.
        wrapped: The pair as it is kept.

    Raises:
        KeyFaultError: The octets are no wrapped key.
    """

    def __init__(self, access: WrappedKeyAccess, wrapped: bytes) -> None:
        try:
            self._public_key = PublicKey(read_wrapped_key(wrapped).public_key)
        except ValueError as error:  # MalformedDataError and InvalidKeyError are
            raise KeyFaultError("no wrapped key") from error
        self._access = access
        self._wrapped = wrapped

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self._public_key

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign e, 32 octets; DER SEQUENCE {r, s}, verified by the device.

        Raises:
            DeviceError: By the device's return code.
        """
        return self._access.run(lambda session: session.sign_wrapped(self._wrapped, digest))

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        """Sign many digests of 32 octets; DER signatures in the same order.

        Raises:
            DeviceError: By the device's return code. Some may have been signed, and counted, by then.
        """
        signed: list[bytes] = []
        if digests:
            self._access.run(
                lambda session: session.sign_digests_wrapped(self._wrapped, digests[len(signed) :], signed)
            )
        return signed

    def __repr__(self) -> str:
        return f"<WrappedKeySigner {self._public_key.point[1:9].hex()}>"
