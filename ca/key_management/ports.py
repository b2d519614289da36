"""What the key management part needs of the outside, as protocols; ``api/`` and tests provide them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from ca.key_management.model import (
    Assignment,
    EscrowedKey,
    EscrowState,
    Recovery,
    WrappedPair,
)
from ca.model import SerialNumber
from ca.ports import AuditDetails
from crypto import PublicKey


class EscrowDevice(Protocol):
    """The device as the centre's service sees it, day and night: it envelopes and does nothing else."""

    def envelope(self, wrapped: bytes, recipient: PublicKey) -> bytes:
        """Envelope a pair: DER SM2EnvelopedKey, made inside the device.

        The device remembers a pair's first recipient, and serves another one only as two officers said to it.

        Raises:
            KeyStoreError: It does not; or the pair does not open.
        """


class PoolMaker(Protocol):
    """The device as an operator who is logged in sees it."""

    def make_pairs(self, count: int) -> Sequence[WrappedPair]:
        """Make encryption pairs that can only leave enveloped.

        Raises:
            KeyStoreError: Not made, or the answer was lost; pairs of a lost answer are nobody's and harm nothing.
        """

    def rewrap(self, wrapped: Sequence[bytes]) -> Sequence[bytes]:
        """Wrap pairs anew under the device's newest wrapping key, in the same order; they stay the same pairs.

        Raises:
            KeyStoreError: One does not open, or the device did not answer.
        """

    def forget(self, key_ids: Sequence[bytes]) -> None:
        """Have the device refuse these pairs for ever, whoever kept a copy. Doing it twice changes nothing.

        Raises:
            KeyStoreError: Not done, or the answer was lost.
        """


class ReleaseOfficer(Protocol):
    """An officer who is logged in to the device with a secret of his own."""

    @property
    def name(self) -> str:
        """As the device knows him."""

    def request_release(self, recovery: Recovery, wrapped: bytes, *, seconds: int) -> None:
        """Ask the device to let the pair go to the recovery's recipient. Asking again changes nothing.

        Raises:
            KeyStoreError: The device refuses.
        """

    def approve_release(self, recovery: Recovery) -> None:
        """Approve what another officer asked the device for. Approving again changes nothing.

        Raises:
            KeyStoreError: The device refuses, for example since it was asked by this officer.
        """

    def withdraw_release(self, recovery: Recovery) -> None:
        """Take back what was asked or approved; nothing happens if the device does not know of it.

        Raises:
            KeyStoreError: The device did not answer.
        """


class Transaction(Protocol):
    """Everything one change of the register may do; all of it happens, or none."""

    def add_pairs(self, pairs: Sequence[WrappedPair], at: datetime) -> None:
        """Put pairs in store.

        Raises:
            RefusedError: One is on record already.
        """

    def assigned(self, authority: str, request_key: str) -> EscrowedKey | None:
        """The pair assigned under a request key."""

    def by_certificate(self, authority: str, serial: SerialNumber) -> EscrowedKey | None:
        """The pair assigned to an encryption certificate."""

    def key(self, key_id: bytes) -> EscrowedKey:
        """A pair on record.

        Raises:
            EscrowNotFoundError: There is none.
        """

    def assign_oldest(self, assignment: Assignment) -> EscrowedKey:
        """Take the pair that lies in store longest for good; nobody else gets it.

        Raises:
            PoolEmptyError: There is none.
        """

    def record_envelope(self, key_id: bytes, enveloped: bytes) -> None:
        """Attach what was handed out first, once."""

    def replace_wrapped(self, wrapped: Mapping[bytes, bytes]) -> None:
        """Attach other wrapped forms to pairs that still have one; those that were destroyed stay without."""

    def set_state(self, key_id: bytes, state: EscrowState) -> None:
        """Change a pair's state; the rules were checked before. A destroyed one loses its private half."""

    def ended(self, states: Sequence[EscrowState], before: datetime, most: int) -> Sequence[EscrowedKey]:
        """Pairs in these states whose certificates ended before a moment, those that ended first."""

    def add_recovery(self, recovery: Recovery) -> None:
        """Record a recovery that is asked for."""

    def recovery(self, recovery_id: bytes) -> Recovery:
        """A recovery on record.

        Raises:
            EscrowNotFoundError: There is none.
        """

    def recoveries_of(self, key_id: bytes) -> Sequence[Recovery]:
        """Recoveries of a pair, the oldest first."""

    def update_recovery(self, recovery: Recovery) -> None:
        """Write a recovery's state and what belongs to it; what was asked for does not change."""

    def append_audit(self, at: datetime, actor: str, event: str, details: Sequence[AuditDetails]) -> None:
        """Add entries of one event to the hash-chained audit trail, one for each of ``details``."""


class KeyArchive(Protocol):
    """Where the register lives."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a write transaction; committed and durable at normal exit, rolled back on an exception."""

    def counts(self) -> Mapping[EscrowState, int]:
        """How many pairs are in each state."""

    def recoveries(self, *, open_only: bool) -> Sequence[Recovery]:
        """Recoveries on record, the oldest first."""

    def pairs(self, *, after: bytes | None = None, most: int = 1000) -> Sequence[EscrowedKey]:
        """A page of pairs by key_id."""

    def audit_break(self) -> int | None:
        """Index of the first audit entry that does not follow from those before, None if the trail is whole."""

    def audit_entries(self, *, after: int = 0, most: int = 10_000) -> Sequence[AuditDetails]:
        """A page of audit entries, oldest first."""
