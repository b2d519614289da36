"""The client's side: sessions, public operations, management.

``KeyStoreSession`` is one connection, used by one thread at a time. ``KeyStoreClient`` keeps a few of them
for public operations and opens others on demand; it may be used from any thread. Signing for the domains goes
through ``hsm_sim.signer.KeyStoreSigner``.

When a connection breaks, only requests that are marked repeatable are sent again
(``commands.Request.repeatable``), see ``hsm_sim.session_pool``; anything else is reported as SDR_COMMFAIL,
and whether the device carried it out is to be looked up.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from crypto import PublicKey
from hsm_sim.commands import (
    ChangePassword,
    DeviceInfo,
    ExportPublicKey,
    GenerateRandom,
    GetAccessRight,
    GetDeviceInfo,
    InternalDecrypt,
    InternalSign,
    InternalSignBatch,
    InternalVerify,
    KeyInfo,
    ListKeys,
    ReleaseAccessRight,
    Request,
)
from hsm_sim.custody.commands import (
    BACKUP_PAGE,
    BackupReport,
    CustodyInfo,
    GetCustodyInfo,
    LoadBackup,
    PresentShare,
    RestoreDevice,
    VerifyBackup,
)
from hsm_sim.custody.shares import ShareCredential
from hsm_sim.dual_control import ProposingSession, TwoAdministrators
from hsm_sim.management import DevicePolicy, Initialise, OfficerCredential, OfficerLogin
from hsm_sim.model import KeyUsage
from hsm_sim.officer_session import OfficerSession
from hsm_sim.session_pool import SessionPool
from hsm_sim.wrapped_calls import WrappedKeyCalls

R = TypeVar("R")


class KeyStoreSession(WrappedKeyCalls):
    """A session for applications: rights to private keys, and their use."""

    def alive(self) -> DeviceInfo:
        """Ask the device for its state."""
        return self.call(GetDeviceInfo())

    def get_access_right(self, index: int, password: bytes) -> None:
        """Get the right to the private keys of an index; every wrong password counts.

        Raises:
            AccessRightError: The password is wrong.
            PasswordLockedError: Too many wrong ones.
        """
        self.call(GetAccessRight(index, password))

    def release_access_right(self, index: int) -> None:
        """Give the right back."""
        self.call(ReleaseAccessRight(index))

    def change_password(self, index: int, password: bytes, new_password: bytes) -> None:
        """Set a new password; every right to the index ends, this session's too."""
        self.call(ChangePassword(index, password, new_password))

    def sign_digest(self, index: int, digest: bytes) -> bytes:
        """Sign e, 32 octets; DER SEQUENCE {r, s}."""
        return self.call(InternalSign(index, digest)).signature

    def sign_digests(self, index: int, digests: Sequence[bytes], signed: list[bytes]) -> None:
        """Sign many digests, the next request on its way while one is carried out.

        Args:
            index: Of the key.
            digests: e, 32 octets each.
            signed: Signatures are appended to it as they arrive, so that after a failure those are not lost.
        """
        self.sign_in_batches(lambda joined: InternalSignBatch(index, joined), digests, signed)

    def decrypt(self, index: int, ciphertext: bytes) -> bytes:
        """Open a DER SM2Cipher with the encryption pair."""
        return self.call(InternalDecrypt(index, ciphertext)).octets


class KeyStoreClient:
    """A key store, from outside.

    Args:
        socket_path: Where it listens.
        name: What this client calls itself in the device's log.
        seconds: How long to wait for an answer.
        reconnect_seconds: For how long a repeatable request is tried again after the connection broke.
        max_sessions: Sessions kept for public operations.
    """

    def __init__(
        self,
        socket_path: Path,
        *,
        name: str = "xinyin",
        seconds: float = 60.0,
        reconnect_seconds: float = 5.0,
        max_sessions: int = 2,
    ) -> None:
        self._path = socket_path
        self._name = name
        self._seconds = seconds
        self._pool = SessionPool(self.open_session, size=max_sessions, reconnect_seconds=reconnect_seconds)

    def open_session(self) -> KeyStoreSession:
        """Open a session; the caller closes it, best by ``with``.

        Raises:
            OpenDeviceError: Nobody listens on the socket.
            OpenSessionError: All sessions are taken.
        """
        return KeyStoreSession(self._path, name=self._name, seconds=self._seconds)

    def _call(self, request: Request[R]) -> R:
        if request.repeatable:
            return self._pool.run(lambda session: session.call(request))
        with self._pool.borrow() as session:
            return session.call(request)

    # Public operations

    def device_info(self) -> DeviceInfo:
        """State, serial, generation and the head of the log."""
        return self._call(GetDeviceInfo())

    def random(self, length: int) -> bytes:
        """Get 1 to 4,096 random octets."""
        return self._call(GenerateRandom(length)).octets

    def key_info(self, index: int, usage: KeyUsage = KeyUsage.SIGN) -> KeyInfo:
        """What is public about one pair.

        Raises:
            KeyNotExistError, KeyTypeError: There is no such pair.
        """
        return self._call(ExportPublicKey(index, usage))

    def public_key(self, index: int, usage: KeyUsage = KeyUsage.SIGN) -> PublicKey:
        """Public key of one pair. Raises as ``key_info``."""
        return PublicKey(self.key_info(index, usage).public_key)

    def list_keys(self) -> list[KeyInfo]:
        """Every user key, by index and usage."""
        found: list[KeyInfo] = []
        while page := self._call(ListKeys(found[-1].index + 1 if found else 1)).keys:
            found += page
        return found

    def verify_digest(self, index: int, digest: bytes, signature: bytes) -> None:
        """Verify with the signing pair's public key, inside the device.

        Raises:
            VerificationError: The signature is wrong.
        """
        self._call(InternalVerify(index, digest, signature))

    # Management

    def initialise(self, officers: Sequence[OfficerCredential], policy: DevicePolicy) -> DeviceInfo:
        """Leave the initial state.

        Raises:
            DeviceStateError: The device is initialised.
        """
        return self._call(Initialise(tuple(officers), policy))

    # Custody

    def custody_info(self) -> CustodyInfo:
        """The set of shares in force."""
        return self._call(GetCustodyInfo())

    def verify_backup(self, backup: bytes, shares: Sequence[ShareCredential]) -> BackupReport:
        """Have the device check a backup as restoring does, without a change.

        Raises:
            ShareError: The shares do not fit.
            BackupError: It could not be restored.
        """
        with self.open_session() as session:
            _hand_over(session, backup, shares)
            return session.call(VerifyBackup())

    def restore(
        self,
        backup: bytes,
        shares: Sequence[ShareCredential],
        officers: Sequence[OfficerCredential],
        policy: DevicePolicy,
        *,
        minimum_generation: int = 0,
    ) -> DeviceInfo:
        """Have a device in its initial state take over what a backup holds.

        Args:
            backup: Its octets.
            shares: Of m custodians.
            officers: Administrators of the new device.
            policy: Of the new device.
            minimum_generation: Refuse an older backup.

        Raises:
            DeviceStateError: The device is initialised.
            ShareError, BackupError: As ``verify_backup``.
        """
        with self.open_session() as session:
            _hand_over(session, backup, shares)
            return session.call(RestoreDevice(tuple(officers), policy, minimum_generation))

    @contextmanager
    def officer(self, officer: OfficerCredential) -> Iterator[OfficerSession]:
        """Log an officer in to a session of its own; it is closed at the end.

        Raises:
            OfficerSecretError: No such officer, or the secret is wrong.
            OfficerLockedError: Too many wrong ones.
        """
        with OfficerSession(self._path, name=self._name, seconds=self._seconds) as session:
            session.call(OfficerLogin(officer))
            yield session

    @contextmanager
    def proposing_officer(self, officer: OfficerCredential) -> Iterator[OfficerSession]:
        """As ``officer``; on a device under dual control what takes two administrators is proposed.

        Raises:
            ProposedError: From a call of the session, when it was proposed and not done.
        """
        with ProposingSession(self._path, name=self._name, seconds=self._seconds) as session:
            session.call(OfficerLogin(officer))
            yield session

    @contextmanager
    def administrators(self, first: OfficerCredential, second: OfficerCredential) -> Iterator[OfficerSession]:
        """Log two administrators in; what takes two is proposed by the first and confirmed by the second.

        Raises:
            OfficerSecretError, OfficerLockedError: As ``officer``, for either.
        """
        with (
            self.officer(second) as seconder,
            TwoAdministrators(self._path, name=self._name, seconds=self._seconds, second=seconder) as session,
        ):
            session.call(OfficerLogin(first))
            yield session

    def close(self) -> None:
        """Close the sessions kept."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _hand_over(session: KeyStoreSession, backup: bytes, shares: Sequence[ShareCredential]) -> None:
    for offset in range(0, max(1, len(backup)), BACKUP_PAGE):
        session.call(LoadBackup(offset, backup[offset : offset + BACKUP_PAGE]))
    for share in shares:
        session.call(PresentShare(share))
