"""What the certification authority needs of the outside, as protocols; ``api/`` and tests provide them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, TypeAlias

from ca.model import CertificateRecord, CertificateState, CrlRecord, Revocation, SerialNumber

Clock: TypeAlias = Callable[[], datetime]
"""Gives the present moment, timezone-aware UTC."""

Random: TypeAlias = Callable[[int], bytes]
"""Gives that many octets fit for serial numbers, for example ``secrets.token_bytes``."""

AuditDetails: TypeAlias = Mapping[str, str | int | None]


class Transaction(Protocol):
    """Everything one change of the record may do; all of it happens, or none."""

    def add_intents(self, records: Sequence[CertificateRecord]) -> None:
        """Record pending certificates; reserves their serial numbers for ever.

        Raises:
            RefusedError: A serial number or a request key is on record already; nothing was added.
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
        self, authority: str, serial: SerialNumber, state: CertificateState, revocation: Revocation | None
    ) -> None:
        """Change a certificate's state; the rules were checked before."""

    def on_list(self, authority: str, since: datetime | None) -> Sequence[CertificateRecord]:
        """Certificates for the revocation list: held, revoked and given up, by serial number.

        Args:
            authority: Whose.
            since: Leave out those whose validity ended, and whose entry began, before this moment; None for all.
        """

    def latest_crl(self, authority: str) -> CrlRecord | None:
        """The signed list with the highest number."""

    def next_crl_number(self, authority: str) -> int:
        """A number above every one given out, also to lists that were never signed; from 1."""

    def add_crl_intent(self, record: CrlRecord) -> None:
        """Record a list that is about to be signed; reserves its number for ever."""

    def record_crl(self, authority: str, number: int, encoded: bytes) -> None:
        """Attach the signed list to its record, once."""

    def append_audit(self, at: datetime, actor: str, event: str, details: Sequence[AuditDetails]) -> None:
        """Add entries of one event to the hash-chained audit trail, one for each of ``details``."""


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

    def crl(self, authority: str, number: int | None = None) -> CrlRecord:
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
