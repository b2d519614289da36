"""``SdfSigner``: the ``crypto.Signer`` over a key in a device behind a vendor's library."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from crypto import InvalidSignatureError, PublicKey, WrongSignatureError, verify_digest
from hsm_sim.return_codes import AccessRightError, DeviceError, HardwareError, KeyFaultError, PasswordLockedError
from hsm_sim.sdf.library import SdfLibrary
from hsm_sim.sdf.profile import VendorProfile
from hsm_sim.sdf.session import SdfSession
from hsm_sim.session_pool import SessionPool

T = TypeVar("T")


class SdfSigner:
    """Signs with the signing pair at an index; may be used from any thread.

    A session is checked before it is used: the public key that the device exports must be the registered one.
    Every signature is verified before it is handed out. A session whose device does not answer is thrown away, a
    new one opened and the right got again; then signing, which harms nothing when done twice, is asked once more.
    After a refused password no further one is tried.

    Args:
        path: Of the shared library.
        profile: How its vendor does it.
        index: Of the key.
        password: Of the index; a copy is kept until ``close``, to activate further sessions.
        public_key: The registered one; None to take what the device exports now.
        max_sessions: Sessions that sign at the same time.
        reconnect_seconds: For how long signing is tried again after the device did not answer.

    Raises:
        KeyFaultError: The device holds another key at the index.
        AccessRightError: The password is wrong.
        DeviceError: Anything else that keeps the key from being used.
    """

    def __init__(
        self,
        path: Path,
        profile: VendorProfile,
        index: int,
        password: bytes | bytearray,
        public_key: PublicKey | None,
        *,
        max_sessions: int = 4,
        reconnect_seconds: float = 5.0,
    ) -> None:
        self._index = index
        self._password = bytearray(password)
        self._registered = public_key
        self._refused: DeviceError | None = None
        self._library = SdfLibrary(path, profile)
        self._pool: SessionPool[SdfSession] = SessionPool(
            self._activate, size=max_sessions, reconnect_seconds=reconnect_seconds
        )
        try:
            self._public_key = self._run(lambda session: session.public_key(index))
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
        """Sign e, 32 octets; DER SEQUENCE {r, s}, verified.

        Raises:
            WrongSignatureError: The device gave a signature that does not verify; it was kept back.
            DeviceError: By the device's return code.
        """
        return self._run(lambda session: self._verified(digest, session.sign_digest(self._index, digest)))

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        """Sign many digests of 32 octets; verified signatures in the same order. Raises as ``sign_digest``."""
        signed: list[bytes] = []

        def sign_the_rest(session: SdfSession) -> None:
            signed.extend(
                self._verified(digest, session.sign_digest(self._index, digest))
                for digest in digests[len(signed) :]
            )

        if digests:
            self._run(sign_the_rest)
        return signed

    def _verified(self, digest: bytes, signature: bytes) -> bytes:
        try:
            verify_digest(self._public_key, digest, signature)
        except InvalidSignatureError:
            raise WrongSignatureError("the device returned a signature that does not verify") from None
        return signature

    def _run(self, work: Callable[[SdfSession], T]) -> T:
        try:
            return self._pool.run(work)
        except HardwareError:
            return self._pool.run(work)  # the session that failed is gone; SDR_COMMFAIL the pool knows by itself

    def _activate(self) -> SdfSession:
        if self._refused is not None:
            raise type(self._refused)(self._refused.detail)
        session = self._library.open_session()
        try:
            self._check(session.public_key(self._index))
            session.get_access_right(self._index, self._password)
        except BaseException as error:
            if isinstance(error, AccessRightError | PasswordLockedError):
                self._refused = error
            session.close()
            raise
        return session

    def _check(self, exported: PublicKey) -> None:
        self._registered = self._registered or exported
        if exported != self._registered:
            raise KeyFaultError(f"index {self._index} does not hold the registered key")

    def close(self) -> None:
        """Close the sessions, and with them the rights, and overwrite the password."""
        self._pool.close()
        self._library.close()
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
        return f"<SdfSigner index {self._index}>"
