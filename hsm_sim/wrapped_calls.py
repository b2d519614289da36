"""The client's side of pairs that are kept outside: what sessions and officers ask of the device."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from formats.errors import MalformedDataError
from hsm_sim.batches import in_chunks, split_signatures
from hsm_sim.commands import Request, Signatures
from hsm_sim.connection import Connection
from hsm_sim.model import DIGEST_LENGTH, KeyUsage
from hsm_sim.return_codes import InputArgumentError
from hsm_sim.wrapped_key import ReleasePurpose, WrappedPurpose
from hsm_sim.wrapped_key_commands import (
    MAX_MADE,
    ApproveRelease,
    EnableWrapping,
    EnvelopeWrapped,
    GetWrappedRight,
    KeyOrder,
    ListReleases,
    ListWrappingKeys,
    LoadedKey,
    LoadedSign,
    LoadedSignBatch,
    LoadWrapped,
    MakeWrappedKeys,
    ReleaseInfo,
    RequestRelease,
    RetireWrapping,
    RevokeWrappedKeys,
    RewrapKeys,
    UnloadWrapped,
    UnlockWrappedKey,
    WithdrawRelease,
    WrappedDecrypt,
    WrappedInfo,
    WrappedKeyInfo,
    WrappedSign,
    WrappedSignBatch,
    WrappingKeyInfo,
)

BATCH: Final = 512
"""Digests in one request of a longer batch. Two requests and their replies fit into a socket's buffers."""


class WrappedKeyCalls(Connection):
    """What applications ask; the base of ``hsm_sim.client.KeyStoreSession``."""

    def sign_in_batches(
        self,
        request_for: Callable[[bytes], Request[Signatures]],
        digests: Sequence[bytes],
        signed: list[bytes],
    ) -> None:
        """Sign many digests, the next request on its way while one is carried out.

        Args:
            request_for: Makes the request of joined digests.
            digests: e, 32 octets each.
            signed: Signatures are appended to it as they arrive, so that after a failure those are not lost.
        """
        if any(len(digest) != DIGEST_LENGTH for digest in digests):  # joined, others would come of them
            raise InputArgumentError("a digest has 32 octets")
        pending: deque[tuple[int, Request[Signatures], int]] = deque()
        try:
            for chunk in in_chunks(digests, BATCH):
                request = request_for(b"".join(chunk))
                pending.append((self.send(request), request, len(chunk)))
                if len(pending) == 2:
                    signed += self._collect(*pending.popleft())
            while pending:
                signed += self._collect(*pending.popleft())
        except BaseException:
            if pending:  # a reply is still to come, and nobody would know what it answers
                self.fail("a batch was given up")
            raise

    def _collect(self, request_id: int, request: Request[Signatures], count: int) -> list[bytes]:
        reply = self.receive(request_id, request)
        try:
            return split_signatures(reply.joined, count)
        except MalformedDataError as error:
            raise self.fail(str(error)) from error

    def wrapped_info(self, wrapped: bytes) -> WrappedKeyInfo:
        """Ask what the device says of a wrapped pair.

        Raises:
            InputArgumentError: The octets are no wrapped key.
            KeyFaultError: It does not open on this device.
        """
        return self.call(WrappedInfo(wrapped))

    def get_wrapped_right(self, wrapped: bytes, password: bytes) -> None:
        """Get the right to a pair with its own password; every wrong one counts."""
        self.call(GetWrappedRight(wrapped, password))

    def load_wrapped(self, wrapped: bytes) -> LoadedKey:
        """Open a wrapped pair and name it by a handle of this session."""
        return self.call(LoadWrapped(wrapped))

    def unload_wrapped(self, handle: int) -> None:
        """Give a handle back."""
        self.call(UnloadWrapped(handle))

    def sign_loaded(self, handle: int, digest: bytes) -> bytes:
        """Sign e, 32 octets, with a loaded pair; DER.

        Raises:
            KeyNotExistError: The device let go of the pair since; load it again.
        """
        return self.call(LoadedSign(handle, digest)).signature

    def sign_digests_loaded(self, handle: int, digests: Sequence[bytes], signed: list[bytes]) -> None:
        """Sign many digests with a loaded pair, as ``sign_in_batches``."""
        self.sign_in_batches(lambda joined: LoadedSignBatch(handle, joined), digests, signed)

    def sign_wrapped(self, wrapped: bytes, digest: bytes) -> bytes:
        """Sign e, 32 octets, with a pair handed in; DER."""
        return self.call(WrappedSign(wrapped, digest)).signature

    def sign_digests_wrapped(self, wrapped: bytes, digests: Sequence[bytes], signed: list[bytes]) -> None:
        """Sign many digests with a pair handed in, as ``sign_in_batches``."""
        self.sign_in_batches(lambda joined: WrappedSignBatch(wrapped, joined), digests, signed)

    def decrypt_wrapped(self, wrapped: bytes, ciphertext: bytes) -> bytes:
        """Open a DER SM2Cipher with an encryption pair handed in."""
        return self.call(WrappedDecrypt(wrapped, ciphertext)).octets

    def envelope_wrapped(self, wrapped: bytes, recipient: bytes) -> bytes:
        """Envelope an escrowed pair to a public key, 04 ‖ X ‖ Y: DER SM2EnvelopedKey.

        Raises:
            AccessDeniedError: It was handed out to another key, and no release names this one.
        """
        return self.call(EnvelopeWrapped(wrapped, recipient)).octets


class WrappedKeyManagement(Connection):
    """What officers ask; the base of ``hsm_sim.officer_session.OfficerSession``."""

    def enable_wrapping(self) -> WrappingKeyInfo:
        """Make a wrapping key, which wraps from now on."""
        return self.call(EnableWrapping())

    def wrapping_keys(self) -> tuple[WrappingKeyInfo, ...]:
        """The wrapping keys, the oldest first; the last one wraps."""
        return self.call(ListWrappingKeys()).keys

    def retire_wrapping(self, number: int) -> None:
        """Destroy an old wrapping key, and with it every pair that was not wrapped anew."""
        self.call(RetireWrapping(number))

    def make_wrapped_keys(
        self,
        usage: KeyUsage,
        orders: Sequence[KeyOrder],
        *,
        purpose: WrappedPurpose = WrappedPurpose.USE,
        guard: int | None = None,
        password: bytes = b"",
        not_after: int | None = None,
    ) -> list[bytes]:
        """Make pairs that are kept outside.

        Args:
            usage: Signing or encryption pairs.
            orders: Label and owner of each; any number, sent 256 at a time.
            purpose: What they are for.
            guard: Whoever has the right to this index may use them, or
            password: whoever knows this password of 8 to 64 octets.
            not_after: End of their use, microseconds since 1970-01-01 UTC; None for no end.

        Returns:
            The wrapped pairs in the order of ``orders``. If this raises, pairs that were made are lost with the
            answer, which harms nothing: nobody can use them.
        """
        made: list[bytes] = []
        for at in range(0, len(orders), MAX_MADE):
            portion = tuple(orders[at : at + MAX_MADE])
            made += self.call(MakeWrappedKeys(usage, purpose, portion, not_after, guard, password)).keys
        return made

    def rewrap(self, wrapped: Sequence[bytes]) -> list[bytes]:
        """Wrap pairs anew under the newest wrapping key, in the same order; any number."""
        made: list[bytes] = []
        for at in range(0, len(wrapped), MAX_MADE):
            made += self.call(RewrapKeys(tuple(wrapped[at : at + MAX_MADE]))).keys
        return made

    def revoke_wrapped(self, key_ids: Sequence[bytes]) -> None:
        """Let pairs never be used again, by their identifiers; any number."""
        for at in range(0, len(key_ids), MAX_MADE):
            self.call(RevokeWrappedKeys(tuple(key_ids[at : at + MAX_MADE])))

    def unlock_wrapped(self, key_id: bytes) -> None:
        """Give a pair's password all its tries back."""
        self.call(UnlockWrappedKey(key_id))

    def request_release(
        self,
        release_id: bytes,
        wrapped: bytes,
        recipient: bytes,
        *,
        purpose: ReleasePurpose,
        grounds: bytes,
        seconds: int,
    ) -> ReleaseInfo:
        """Ask that an escrowed pair go to another recipient.

        Args:
            release_id: 16 octets, chosen by the caller; asking again with the same ones changes nothing.
            wrapped: The pair.
            recipient: Public key, 04 ‖ X ‖ Y.
            purpose: Why.
            grounds: SM3 of reason and case as they are on record.
            seconds: How long the release lives, 60 to 604,800.
        """
        return self.call(RequestRelease(release_id, purpose, wrapped, recipient, grounds, seconds))

    def approve_release(self, release_id: bytes, key_id: bytes, recipient: bytes, grounds: bytes) -> ReleaseInfo:
        """Approve a release another officer asked for, saying again what is approved."""
        return self.call(ApproveRelease(release_id, key_id, recipient, grounds))

    def withdraw_release(self, release_id: bytes) -> None:
        """Take a release back."""
        self.call(WithdrawRelease(release_id))

    def releases(self) -> tuple[ReleaseInfo, ...]:
        """The releases that have not expired."""
        return self.call(ListReleases()).releases
