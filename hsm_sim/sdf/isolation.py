"""``IsolatedSdfSigner``: a vendor's library in a process of its own, with a deadline.

A call into a library cannot be interrupted, and what a library breaks it breaks for the whole process. Here it
breaks a worker: one that does not answer in time, or dies, is ended and another one started. Signing is then
asked once more; a second failure is the caller's to know.
"""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from crypto import PublicKey, WrongSignatureError, verify_many
from formats.errors import MalformedDataError
from hsm_sim.batches import in_chunks, split_signatures
from hsm_sim.model import DIGEST_LENGTH
from hsm_sim.process import child_environment
from hsm_sim.return_codes import (
    AccessRightError,
    CommunicationError,
    DeviceError,
    InputArgumentError,
    PasswordLockedError,
)
from hsm_sim.sdf.worker_messages import (
    MAX_DIGESTS,
    Failed,
    KeyOpened,
    OpenKey,
    SignDigests,
    Signed,
    error_of,
    read,
    receive,
    send,
)

T = TypeVar("T")
_END_SECONDS: Final = 5.0


class _Worker:
    """A process with the library and the key."""

    def __init__(self, order: OpenKey, *, start_seconds: float, seconds: float) -> None:
        self.owner = os.getpid()
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(start_seconds)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hsm_sim.sdf.worker", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                env=child_environment(),
                pass_fds=(theirs.fileno(),),
            )
        try:
            self.public_key = PublicKey(self.ask(order, KeyOpened).public_key)
        except BaseException:
            self.end()
            raise
        self.socket.settimeout(seconds)

    def ask(self, message: object, reply: type[T]) -> T:
        """Send a request and wait for its reply.

        Raises:
            CommunicationError: No reply came in time, or the worker is gone.
            KeyStoreError: What the worker tells.
        """
        try:
            send(self.socket, message)
            body = receive(self.socket)
        except TimeoutError:
            raise CommunicationError("the library did not answer in time") from None
        except OSError as error:
            raise CommunicationError(f"the library's worker is gone: {error.strerror}") from error
        if body[0]:
            raise error_of(read(Failed, body[1:]))
        return read(reply, body[1:])

    def end(self) -> None:
        """Let the worker end by itself if it can, else end it. A parent's worker is left alone."""
        self.socket.close()
        if self.owner == os.getpid():
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.2)
            self.kill()

    def kill(self) -> None:
        """End it now."""
        self.socket.close()
        if self.owner == os.getpid():
            self._process.kill()
            self._process.wait(_END_SECONDS)


class IsolatedSdfSigner:
    """As ``SdfSigner``, with the library in another process; may be used from any thread, one at a time signs.

    Args:
        path: Of the shared library.
        profile: Name of the profile, or path of its file.
        index: Of the key.
        password: Of the index; a copy is kept until ``close``, to start further workers.
        public_key: The registered one; None to take what the device exports now.
        seconds: How long the library may take for signing up to 256 digests.
        start_seconds: How long a worker may take until the key is open.

    Raises:
        KeyStoreError: As ``SdfSigner``.
        CommunicationError: The library hung or its process died, twice.
    """

    def __init__(
        self,
        path: Path,
        profile: str,
        index: int,
        password: bytes | bytearray,
        public_key: PublicKey | None,
        *,
        seconds: float = 30.0,
        start_seconds: float = 60.0,
    ) -> None:
        self._path = path
        self._profile = profile
        self._index = index
        self._password = bytearray(password)
        self._registered = public_key
        self._seconds = seconds
        self._start_seconds = start_seconds
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._refused: DeviceError | None = None
        self._closed = False
        try:
            self._public_key = self._run(lambda worker: worker.public_key)
        except BaseException:
            self.close()
            raise
        self._registered = self._public_key

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
            KeyStoreError: The library refused, hung twice, or died twice.
        """
        return self.sign_digests([digest])[0]

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        """Sign many digests of 32 octets; verified signatures in the same order. Raises as ``sign_digest``."""
        if any(len(digest) != DIGEST_LENGTH for digest in digests):
            raise InputArgumentError("a digest has 32 octets")
        signed: list[bytes] = []
        for chunk in in_chunks(digests, MAX_DIGESTS):
            request = SignDigests(b"".join(chunk))
            joined = self._run(lambda worker, request=request: worker.ask(request, Signed)).joined  # type: ignore[misc]
            signed += self._verified(chunk, joined)
        return signed

    def _verified(self, digests: Sequence[bytes], joined: bytes) -> list[bytes]:
        """The worker verified too; but the library could have written over its memory."""
        try:
            signatures = split_signatures(joined, len(digests))
        except MalformedDataError as error:
            raise CommunicationError(str(error)) from None
        good = verify_many([(self._public_key, e, der) for e, der in zip(digests, signatures, strict=True)])
        if not all(good):
            raise WrongSignatureError("the device returned a signature that does not verify")
        return signatures

    def _run(self, work: Callable[[_Worker], T]) -> T:
        with self._lock:
            try:
                return self._once(work)
            except CommunicationError:
                if self._closed:
                    raise
                return self._once(work)

    def _once(self, work: Callable[[_Worker], T]) -> T:
        if self._closed:
            raise CommunicationError("closed on this side")
        if self._refused is not None:
            raise type(self._refused)(self._refused.detail)
        if self._worker is None or self._worker.owner != os.getpid():
            self._worker = self._start()
        try:
            return work(self._worker)
        except CommunicationError:
            self._worker.kill()
            self._worker = None
            raise

    def _start(self) -> _Worker:
        point = None if self._registered is None else self._registered.point
        order = OpenKey(os.fspath(self._path), self._profile, self._index, bytes(self._password), point)
        try:
            return _Worker(order, start_seconds=self._start_seconds, seconds=self._seconds)
        except (AccessRightError, PasswordLockedError) as error:
            self._refused = error
            raise

    def close(self) -> None:
        """End the worker and overwrite the password."""
        with self._lock:
            self._closed = True
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()
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
        return f"<IsolatedSdfSigner index {self._index}>"
