"""``KeyStoreSigner``: the ``crypto.Signer`` over a key in the key store."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from crypto import PublicKey
from hsm_sim.client import KeyStoreClient, KeyStoreSession
from hsm_sim.commands import ExportPublicKey
from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import AccessRightError, DeviceError, KeyFaultError, PasswordLockedError
from hsm_sim.session_pool import SessionPool


class KeyStoreSigner:
    """Signs with one signing pair of the key store; may be used from any thread.

    Every session is checked before it is used: the public key that the device exports at the index must be the
    registered one, so that a key store that was exchanged, or whose index was given to another key, signs nothing
    in the old one's name. Signing is repeated on a new session when a connection breaks; the use counter then
    counts both. After a refused password no further one is tried: every try brings the index closer to its lock.

    Args:
        client: Of the key store; must stay open as long as the signer.
        index: Of the key.
        password: Of the index; kept in memory until ``close``, to activate further sessions.
        public_key: The registered one.
        max_sessions: Sessions that sign at the same time.
        reconnect_seconds: For how long signing is tried again after a connection broke.

    Raises:
        KeyFaultError: The device holds another key at the index.
        AccessRightError: The password is wrong.
        DeviceError: Anything else that keeps the key from being used.
    """

    def __init__(
        self,
        client: KeyStoreClient,
        index: int,
        password: bytes,
        public_key: PublicKey,
        *,
        max_sessions: int = 4,
        reconnect_seconds: float = 5.0,
    ) -> None:
        self._client = client
        self._index = index
        self._password = bytearray(password)
        self._public_key = public_key
        self._refused: DeviceError | None = None
        self._pool: SessionPool[KeyStoreSession] = SessionPool(
            self._activate, size=max_sessions, reconnect_seconds=reconnect_seconds
        )
        try:
            self._pool.run(KeyStoreSession.alive)
        except BaseException:
            self.close()
            raise

    @property
    def public_key(self) -> PublicKey:
        """The registered public key."""
        return self._public_key

    @property
    def index(self) -> int:
        """Where the key lies."""
        return self._index

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign e, 32 octets; DER SEQUENCE {r, s}, verified by the device.

        Raises:
            DeviceError: By the device's return code.
        """
        return self._pool.run(lambda session: session.sign_digest(self._index, digest))

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        """Sign many digests of 32 octets; DER signatures in the same order.

        Raises:
            DeviceError: By the device's return code. Some may have been signed, and counted, by then.
        """
        signed: list[bytes] = []
        if digests:
            self._pool.run(lambda session: session.sign_digests(self._index, digests[len(signed) :], signed))
        return signed

    def _activate(self) -> KeyStoreSession:
        if self._refused is not None:
            raise type(self._refused)(self._refused.detail)
        session = self._client.open_session()
        try:
            exported = session.call(ExportPublicKey(self._index, KeyUsage.SIGN)).public_key
            self._check(exported)
            session.get_access_right(self._index, bytes(self._password))
        except BaseException as error:
            if isinstance(error, AccessRightError | PasswordLockedError):
                self._refused = error
            session.close()
            raise
        return session

    def _check(self, exported: bytes) -> None:
        if exported != self._public_key.point:
            raise KeyFaultError(f"index {self._index} does not hold the registered key")

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

    def __repr__(self) -> str:
        return f"<KeyStoreSigner index {self._index}>"
