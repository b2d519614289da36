"""The desk's record in a register: a SQLite file, or PostgreSQL; see ``formats.register_file``.

Guards refuse to delete an application, to change what was asked, to decide twice, and to leave a final state.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ca.errors import RecordDamagedError, RefusedError
from ca.model import SerialNumber
from ca.registration.errors import ApplicationNotFoundError
from ca.registration.model import ApplicationId, ApplicationRecord, ApplicationState, Decision, IssuePlan
from ca.registration.ports import ProvidedKey
from ca.registration.record_ports import AuditDetails
from ca.registration.tables import (
    APPLICATIONS,
    AUDIT,
    AUDIT_ROWS,
    GUARDS,
    METADATA,
    decided_columns,
    key_digest,
    record_from,
    row_of,
)
from crypto import PublicKey
from formats.register_file import RegisterStore, time_text

SCHEMA_VERSION: Final = 1


class RegistrationRegister(RegisterStore["RegistrationTransaction"]):
    """``record_ports.DeskStore`` in a register.

    Args:
        address: A file, ``:memory:`` for tests, or a URL of PostgreSQL.

    Raises:
        formats.register_errors.RegisterError: It cannot be opened, or has another layout.
    """

    def __init__(self, address: str) -> None:
        super().__init__(
            address,
            METADATA,
            AUDIT,
            layout="registration-record",
            version=SCHEMA_VERSION,
            begin=RegistrationTransaction,
            guards=GUARDS,
        )

    def application(self, authority: str, application_id: ApplicationId) -> ApplicationRecord:
        """An application on record."""
        with self._engine.connect() as connection:
            return record_from(_row(connection, authority, application_id))

    def applications(
        self,
        authority: str,
        *,
        state: ApplicationState | None = None,
        after: ApplicationId | None = None,
        most: int = 1000,
    ) -> Sequence[ApplicationRecord]:
        """A page of applications in the order they came."""
        columns = APPLICATIONS.c
        query = sa.select(APPLICATIONS).where(columns.authority == authority)
        if state is not None:
            query = query.where(columns.state == str(state))
        with self._engine.connect() as connection:
            if after is not None:
                query = query.where(columns.position > _row(connection, authority, after).position)
            return [record_from(row) for row in connection.execute(query.order_by(columns.position).limit(most))]

    def unsettled_renewals(self, authority: str) -> Sequence[ApplicationRecord]:
        """Issued renewals with an overlap whose earlier certificates were not superseded yet."""
        columns = APPLICATIONS.c
        query = sa.select(APPLICATIONS).where(
            columns.authority == authority,
            columns.state == str(ApplicationState.ISSUED),
            columns.overlap_days.is_not(None),
            columns.superseded_at.is_(None),
        )
        with self._engine.connect() as connection:
            return [record_from(row) for row in connection.execute(query.order_by(columns.position))]

    def audit_entries(self, *, after: int = 0, most: int = 10_000) -> Sequence[AuditDetails]:
        """A page of audit entries, oldest first."""
        number = AUDIT_ROWS.c.number
        query = sa.select(number, AUDIT_ROWS.c.entry).where(number > after).order_by(number).limit(most)
        with self._engine.connect() as connection:
            return [_entry_from(row) for row in connection.execute(query)]


class RegistrationTransaction:
    """``record_ports.DeskTransaction`` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, authority: str, record: ApplicationRecord) -> None:
        """Record a new application."""
        try:
            self._connection.execute(APPLICATIONS.insert().values(**row_of(authority, record)))
        except IntegrityError as exc:
            raise RefusedError("the request key is on record", code="registration.key-repeated") from exc

    def application(self, authority: str, application_id: ApplicationId) -> ApplicationRecord:
        """An application on record."""
        return record_from(_row(self._connection, authority, application_id))

    def by_key(self, authority: str, key: str) -> ApplicationRecord | None:
        """The application recorded under an idempotency key."""
        found = self._find(authority, APPLICATIONS.c.request_key == key)
        return found[0] if found else None

    def of_public_key(self, authority: str, public_key: PublicKey) -> Sequence[ApplicationRecord]:
        """Applications for a signing key, oldest first."""
        return self._find(authority, APPLICATIONS.c.key_digest == key_digest(public_key))

    def by_serial(self, authority: str, serial: SerialNumber) -> ApplicationRecord | None:
        """The application whose approval reserved a serial number."""
        columns, text = APPLICATIONS.c, str(serial)
        found = self._find(authority, sa.or_(columns.signing_serial == text, columns.encryption_serial == text))
        return found[0] if found else None

    def decide(
        self,
        authority: str,
        application_id: ApplicationId,
        state: ApplicationState,
        decision: Decision,
        plan: IssuePlan | None,
    ) -> None:
        """Record how an application was decided."""
        self._update(authority, application_id, state=str(state), **decided_columns(decision, plan))

    def attach_key(self, authority: str, application_id: ApplicationId, key: ProvidedKey) -> None:
        """Record the encryption key that was provided, once."""
        self._update(
            authority, application_id, encryption_public_key=key.public_key.point, enveloped_key=key.enveloped_key
        )

    def set_state(self, authority: str, application_id: ApplicationId, state: ApplicationState) -> None:
        """Change the state of an application."""
        self._update(authority, application_id, state=str(state))

    def set_superseded(self, authority: str, application_id: ApplicationId, at: datetime) -> None:
        """Record that the certificates an application replaces were superseded."""
        self._update(authority, application_id, superseded_at=time_text(at))

    def append_audit(self, at: datetime, actor: str, event: str, details: AuditDetails) -> None:
        """Add an entry to the audit trail."""
        AUDIT.append(self._connection, at=at, actor=actor, event=event, details=details)

    def _find(self, authority: str, condition: sa.ColumnElement[bool]) -> list[ApplicationRecord]:
        query = sa.select(APPLICATIONS).where(APPLICATIONS.c.authority == authority, condition)
        rows = self._connection.execute(query.order_by(APPLICATIONS.c.position))
        return [record_from(row) for row in rows]

    def _update(self, authority: str, application_id: ApplicationId, **values: str | bytes | None) -> None:
        columns = APPLICATIONS.c
        statement = APPLICATIONS.update().where(columns.authority == authority, columns.id == str(application_id))
        if self._connection.execute(statement.values(**values)).rowcount != 1:
            raise ApplicationNotFoundError(f"no application {application_id} is on record")


def _row(connection: sa.Connection, authority: str, application_id: ApplicationId) -> sa.Row[Any]:
    columns = APPLICATIONS.c
    query = sa.select(APPLICATIONS).where(columns.authority == authority, columns.id == str(application_id))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise ApplicationNotFoundError(f"no application {application_id} is on record")
    return row


def _entry_from(row: Any) -> AuditDetails:
    try:
        entry = json.loads(row.entry)
    except (TypeError, ValueError) as exc:
        raise RecordDamagedError(f"audit entry {row.number} cannot be read") from exc
    if not isinstance(entry, dict):
        raise RecordDamagedError(f"audit entry {row.number} cannot be read")
    return entry
