"""What the certification authority needs of the outside, as protocols; ``api/`` and tests provide them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, TypeAlias

from ca.model import (
    WHOLE_LIST,
    CertificateRecord,
    CertificateState,
    CrlRecord,
    KeptEntries,
    ListHead,
    Revocation,
    SerialNumber,
    StatusChange,
)
from formats.gbt20518 import RevokedEntry

Clock: TypeAlias = Callable[[], datetime]
"""Gives the present moment, timezone-aware UTC."""

Random: TypeAlias = Callable[[int], bytes]
"""Gives that many octets fit for serial numbers, for example ``secrets.token_bytes``."""

Entries: TypeAlias = Iterable[RevokedEntry]
"""Entries of a revocation list, read anew each time they are iterated; as many as there are, not all in memory."""

AuditDetails: TypeAlias = Mapping[str, str | int | None]


class Transaction(Protocol):
    """Everything one change of the record may do; all of it happens, or none."""

    def add_intents(self, records: Sequence[CertificateRecord]) -> Mapping[str, CertificateRecord]:
        """Record pending certificates, those whose request keys are new; reserves their serial numbers for ever.

        Returns:
            What is on record under the other request keys; of those nothing was added.

        Raises:
            RefusedError: A serial number is on record already, or the database does not take a value. The
                transaction is spoilt.
        """

    def certificate(self, authority: str, serial: SerialNumber) -> CertificateRecord:
        """A certificate on record.

        Raises:
            CertificateNotFoundError: There is none.
        """

    def by_requests(self, authority: str, request_keys: Sequence[str]) -> Mapping[str, CertificateRecord]:
        """Certificates recorded under idempotency keys; keys nothing is recorded under are left out."""

    def record_certificates(
        self, authority: str, encoded: Mapping[SerialNumber, bytes], state: CertificateState
    ) -> AbstractSet[SerialNumber]:
        """Attach signed certificates to those of their records that are still pending.

        Returns:
            The serial numbers that were pending; of the others nothing was changed.
        """

    def set_state(
        self,
        authority: str,
        serial: SerialNumber,
        state: CertificateState,
        revocation: Revocation | None,
        at: datetime,
    ) -> None:
        """Change a certificate's state at a moment; the rules were checked before.

        The change gets a number above every one of the authority.
        """

    def successor(self, authority: str) -> str | None:
        """The authority that took over from a retired one; None for one that is not retired."""

    def has_pending(self, authority: str) -> bool:
        """Whether an intent has no certificate on record yet."""

    def retire(self, authority: str, successor: str, at: datetime) -> None:
        """Retire an authority, for good; the rules were checked before."""

    def next_list_number(self, authority: str, list_name: str) -> int:
        """A number above every one given out to a list of this name, signed or not; from 1."""

    def add_crl_intent(self, record: CrlRecord) -> None:
        """Record a list that is about to be signed; reserves its number for ever."""

    def record_crl(self, head: ListHead, signature: bytes) -> None:
        """Attach the signature to a list's record, once."""

    def append_audit(self, at: datetime, actor: str, event: str, details: Sequence[AuditDetails]) -> None:
        """Add entries of one event to the hash-chained audit trail, one for each of ``details``."""


class ListView(Protocol):
    """What is on record of one authority's lists as of one moment."""

    def names(self) -> Sequence[str]:
        """Names of all lists certificates belong to, sorted."""

    def has_unexpired(self, list_name: str, since: datetime) -> bool:
        """Whether a certificate of the list ends its validity at ``since`` or later."""

    def last_change(self, list_name: str) -> int:
        """Number of the last change that concerns the list; 0 without one."""

    def listed(self, list_name: str, kept: KeptEntries) -> Entries:
        """Entries of a full list: certificates held, revoked and given up, by serial number."""

    def changed_since(self, list_name: str, number: int) -> Entries:
        """Entries of a delta list: what was changed after the change of this number, by serial number.

        What is not on the list any more has the reason removeFromCRL.
        """

    def next_number(self, list_name: str) -> int:
        """A number above every one given out; see ``Transaction.next_list_number``."""

    def heads(self, list_name: str, *, is_delta: bool, most: int = 2) -> Sequence[ListHead]:
        """The newest signed lists of a kind, newest first."""

    def all_heads(self, *, after: int = 0, most: int = 1000) -> Sequence[ListHead]:
        """A page of signed lists of every name, in the order of name and number.

        Args:
            after: How many to pass over.
            most: Length of the page.
        """


class CaStore(Protocol):
    """Where the record lives. Several authorities can share one."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a write transaction; committed and on the disk at normal exit, rolled back on an exception."""

    def certificate(self, authority: str, serial: SerialNumber) -> CertificateRecord:
        """A certificate on record.

        Raises:
            CertificateNotFoundError: There is none.
        """

    def certificates(
        self,
        authority: str,
        *,
        state: CertificateState | None = None,
        after: SerialNumber | None = None,
        most: int = 1000,
    ) -> Sequence[CertificateRecord]:
        """A page of certificates in the order of their intents.

        Args:
            authority: Whose.
            state: Only those in this state; None for all.
            after: Start behind this one; None for the first page.
            most: Length of the page.

        Raises:
            CertificateNotFoundError: ``after`` is not on record.
        """

    def lists(self, authority: str) -> AbstractContextManager[ListView]:
        """What is on record of an authority's lists; what it gives is of use within the context only."""

    def changes(self, authority: str, *, after: int = 0, most: int = 1000) -> Sequence[StatusChange]:
        """Certificates whose state changed, by number of their last change.

        Cheap, however many certificates there are: for whoever follows the record, as a status service does that
        signs its answers ahead.

        Args:
            authority: Whose.
            after: Number of the last change known.
            most: Length of the page.
        """

    def crl(
        self, authority: str, number: int | None = None, *, list_name: str = WHOLE_LIST, is_delta: bool = False
    ) -> CrlRecord:
        """A signed list; without a number the latest.

        Raises:
            CrlNotFoundError: There is none.
        """

    def unsigned_crls(self, authority: str) -> Sequence[CrlRecord]:
        """Lists whose intent is on record without a signature, oldest first."""

    def audit_break(self) -> int | None:
        """Index of the first audit entry that does not follow from those before, None if the trail is whole."""

    def audit_entries(self, *, after: int = 0, most: int = 10_000) -> Sequence[AuditDetails]:
        """A page of audit entries, oldest first.

        Args:
            after: Start behind the entry with this number.
            most: Length of the page.
        """
