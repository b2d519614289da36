"""What the seal service needs of the outside, as protocols; ``api/`` and tests provide them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from crypto import Signer
from seal_service.model import SealRecord, SealState
from seal_service.seal_id import SealId


class UseState(StrEnum):
    """Where one use of a seal stands."""

    INTENDED = "intended"
    """Recorded before the key was asked; after a crash such a use may or may not have been signed."""
    SEALED = "sealed"
    """Signed; the digest of the sealed document is on record."""
    FAILED = "failed"
    """Given up with a reason; nothing was handed out."""


@dataclass(frozen=True, slots=True)
class SealUse:
    """One recorded use of a seal (用章记录).

    Attributes:
        request_id: Idempotency key the caller chose, unique per use.
        seal_id: The seal.
        at: Signing time, UTC.
        operator: Who, or which system, used the seal.
        purpose: What for, for example an item code and case number.
        document_digest: SM3 of the signature file (Signature.xml), which binds all covered parts.
        state: How far it came.
        result_digest: SM3 of the signature value, None before it is sealed.
        reason: Why it failed, None otherwise.
    """

    request_id: str
    seal_id: SealId
    at: datetime
    operator: str
    purpose: str
    document_digest: bytes
    state: UseState
    result_digest: bytes | None = None
    reason: str | None = None


class Transaction(Protocol):
    """Everything one change of the register may do; all of it happens, or none."""

    def next_sequence(self, maker: str, owner: str, type_code: int) -> int:
        """Take the next free sequence number for a seal identifier; never given out twice."""

    def add_seal(self, record: SealRecord) -> None:
        """Register a new seal."""

    def seal(self, seal_id: SealId) -> SealRecord:
        """A registered seal.

        Raises:
            SealNotFoundError: There is none.
        """

    def live_seals_of(self, owner: str, name: str, type_code: int) -> Sequence[SealRecord]:
        """Seals of that owner, name and type that are not finally retired."""

    def set_state(self, seal_id: SealId, state: SealState) -> None:
        """Change a seal's state; the rules were checked before."""

    def set_made(self, seal_id: SealId, encoded: bytes, holder_certificate: bytes, key_label: str) -> None:
        """Attach the made seal."""

    def use(self, request_id: str) -> SealUse | None:
        """The use recorded under an idempotency key."""

    def add_uses(self, uses: Sequence[SealUse]) -> None:
        """Record intended uses.

        Raises:
            RefusedError: One of the keys is already used for another use.
        """

    def finish_uses(self, uses: Sequence[SealUse]) -> None:
        """Record how intended uses ended."""

    def append_audit(self, at: datetime, actor: str, event: str, details: Mapping[str, str | int | None]) -> None:
        """Add an entry to the hash-chained audit trail."""


class SealStore(Protocol):
    """Where the register lives."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a write transaction; committed on normal exit, rolled back on an exception."""

    def audit_break(self) -> int | None:
        """Index of the first audit entry that does not follow from those before, None if the trail is whole."""

    def open_uses(self) -> Sequence[SealUse]:
        """Uses whose intent is on record without an end, oldest first."""


class TimeStamper(Protocol):
    """Gets time stamps from an authority: ``api/`` asks a service, with a nonce of its own and a time limit."""

    def time_stamps(self, signatures: Sequence[bytes]) -> list[bytes]:
        """Time-stamp tokens (GB/T 20520) over signature values, DER, with the authority's certificate in each.

        Raises:
            TimeStampError: The authority did not give one for each.
        """


class KeyRing(Protocol):
    """Finds the ``Signer`` of a seal holder; keys stay in the key store's process."""

    def signer(self, key_label: str) -> Signer:
        """The signer registered under a label.

        Raises:
            crypto.KeyStoreError: No such key, or the key store does not answer.
        """
