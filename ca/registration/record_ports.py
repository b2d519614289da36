"""Where the desk's record lives, as protocols; ``ca.registration.register`` fits them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from ca.model import SerialNumber
from ca.registration.model import ApplicationId, ApplicationRecord, ApplicationState, Decision, IssuePlan
from ca.registration.ports import ProvidedKey
from crypto import PublicKey

AuditDetails = Mapping[str, str | int | None]


def entry_of(
    authority: str, application_id: ApplicationId, details: Mapping[str, str | int | None]
) -> AuditDetails:
    """What an audit entry of one application holds."""
    return {"authority": authority, "application": str(application_id), **details}


class DeskTransaction(Protocol):
    """Everything one change of the record may do; all of it happens, or none."""

    def add(self, authority: str, record: ApplicationRecord) -> None:
        """Record a new application.

        Raises:
            RefusedError: Its key is on record already.
        """

    def application(self, authority: str, application_id: ApplicationId) -> ApplicationRecord:
        """An application on record.

        Raises:
            ApplicationNotFoundError: There is none.
        """

    def by_key(self, authority: str, key: str) -> ApplicationRecord | None:
        """The application recorded under an idempotency key."""

    def of_public_key(self, authority: str, public_key: PublicKey) -> Sequence[ApplicationRecord]:
        """Applications for a signing key, oldest first."""

    def by_serial(self, authority: str, serial: SerialNumber) -> ApplicationRecord | None:
        """The application whose approval reserved a serial number, for either certificate."""

    def decide(
        self,
        authority: str,
        application_id: ApplicationId,
        state: ApplicationState,
        decision: Decision,
        plan: IssuePlan | None,
    ) -> None:
        """Record how an application was decided; the rules were checked before."""

    def attach_key(self, authority: str, application_id: ApplicationId, key: ProvidedKey) -> None:
        """Record the encryption key that was provided, once."""

    def set_state(self, authority: str, application_id: ApplicationId, state: ApplicationState) -> None:
        """Change the state of an application; the rules were checked before."""

    def set_superseded(self, authority: str, application_id: ApplicationId, at: datetime) -> None:
        """Record that the certificates an application replaces were superseded."""

    def append_audit(self, at: datetime, actor: str, event: str, details: AuditDetails) -> None:
        """Add an entry to the desk's hash-chained audit trail."""


class DeskStore(Protocol):
    """The desk's register. Desks of several authorities can share one."""

    def transaction(self) -> AbstractContextManager[DeskTransaction]:
        """Open a write transaction; committed and on the disk at normal exit, rolled back on an exception."""

    def application(self, authority: str, application_id: ApplicationId) -> ApplicationRecord:
        """An application on record.

        Raises:
            ApplicationNotFoundError: There is none.
        """

    def applications(
        self,
        authority: str,
        *,
        state: ApplicationState | None = None,
        after: ApplicationId | None = None,
        most: int = 1000,
    ) -> Sequence[ApplicationRecord]:
        """A page of applications in the order they came.

        Args:
            authority: Whose desk.
            state: Only those in this state; None for all.
            after: Start behind this one; None for the first page.
            most: Length of the page.

        Raises:
            ApplicationNotFoundError: ``after`` is not on record.
        """

    def unsettled_renewals(self, authority: str) -> Sequence[ApplicationRecord]:
        """Issued renewals with an overlap whose earlier certificates were not superseded yet."""

    def audit_break(self) -> int | None:
        """Index of the first audit entry that does not follow from those before, None if the trail is whole."""

    def audit_entries(self, *, after: int = 0, most: int = 10_000) -> Sequence[AuditDetails]:
        """A page of audit entries, oldest first."""
