"""The authority's record in a register: a SQLite file, or PostgreSQL.

How it is opened and how its audit trail is chained is told in ``formats.register_file``. Guards refuse to
delete a certificate or a list, to change what was recorded of one, and to leave a final state.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ca.errors import CertificateNotFoundError, CrlNotFoundError, RecordDamagedError, RefusedError
from ca.model import (
    CertificateRecord,
    CertificateStanding,
    CertificateState,
    CrlRecord,
    Revocation,
    SerialNumber,
)
from ca.ports import AuditDetails
from ca.tables import (
    AUDIT,
    AUDIT_ROWS,
    CERTIFICATES,
    CRLS,
    GUARDS,
    METADATA,
    ON_LIST,
    STANDING_COLUMNS,
    crl_from,
    record_from,
    standing_from,
)
from formats.register_file import RegisterStore, time_text

SCHEMA_VERSION: Final = 1
_PORTION: Final = 500


class CaRegister(RegisterStore["RegisterTransaction"]):
    """``CaStore`` in a register.

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
            layout="ca-record",
            version=SCHEMA_VERSION,
            begin=RegisterTransaction,
            guards=GUARDS,
        )

    def certificate(self, authority: str, serial: SerialNumber) -> CertificateRecord:
        """A certificate on record."""
        with self._engine.connect() as connection:
            return _certificate(connection, authority, serial)

    def certificates(
        self,
        authority: str,
        *,
        state: CertificateState | None = None,
        after: SerialNumber | None = None,
        most: int = 1000,
    ) -> Sequence[CertificateRecord]:
        """A page of certificates in the order of their intents."""
        columns = CERTIFICATES.c
        query = sa.select(CERTIFICATES).where(columns.authority == authority)
        if state is not None:
            query = query.where(columns.state == str(state))
        with self._engine.connect() as connection:
            if after is not None:
                query = query.where(columns.position > _row(connection, authority, after).position)
            rows = connection.execute(query.order_by(columns.position).limit(most))
            return [record_from(row) for row in rows]

    def standings(
        self, authority: str, serials: Sequence[SerialNumber]
    ) -> Mapping[SerialNumber, CertificateStanding]:
        """How certificates stand; those not on record are left out."""
        columns = CERTIFICATES.c
        found = {}
        with self._engine.connect() as connection:
            for part in _portions(serials):
                query = sa.select(*STANDING_COLUMNS).where(
                    columns.authority == authority, columns.serial.in_([str(serial) for serial in part])
                )
                for row in connection.execute(query):
                    found[SerialNumber.parse(row.serial)] = standing_from(row)
        return found

    def crl(self, authority: str, number: int | None = None) -> CrlRecord:
        """A signed list; without a number the latest."""
        with self._engine.connect() as connection:
            record = _latest_crl(connection, authority) if number is None else None
            if number is not None:
                rows = _crl_rows(connection, authority, CRLS.c.number == number, CRLS.c.encoded.is_not(None))
                record = rows[0] if rows else None
        if record is None:
            raise CrlNotFoundError("no such revocation list")
        return record

    def unsigned_crls(self, authority: str) -> Sequence[CrlRecord]:
        """Lists without a signature, oldest first."""
        with self._engine.connect() as connection:
            return _crl_rows(connection, authority, CRLS.c.encoded.is_(None))

    def audit_head(self) -> int:
        """Number of the trail's last entry; 0 without one."""
        with self._engine.connect() as connection:
            return int(connection.execute(sa.select(sa.func.max(AUDIT_ROWS.c.number))).scalar() or 0)

    def audit_entries(self, *, after: int = 0, most: int = 10_000) -> Sequence[AuditDetails]:
        """A page of audit entries, oldest first."""
        number = AUDIT_ROWS.c.number
        query = sa.select(number, AUDIT_ROWS.c.entry).where(number > after).order_by(number).limit(most)
        with self._engine.connect() as connection:
            return [_entry_from(row) for row in connection.execute(query)]


class RegisterTransaction:
    """``ports.Transaction`` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add_intents(self, records: Sequence[CertificateRecord]) -> None:
        """Record pending certificates."""
        rows = [
            {
                "authority": record.authority,
                "serial": str(record.serial),
                "state": str(CertificateState.PENDING),
                "profile": record.profile,
                "request_key": record.request_key,
                "request_digest": record.request_digest,
                "subject": record.subject,
                "not_after": time_text(record.not_after),
                "intended_at": time_text(record.intended_at),
                "tbs": record.tbs,
            }
            for record in records
        ]
        try:
            self._connection.execute(CERTIFICATES.insert(), rows)
        except IntegrityError as exc:
            raise RefusedError("a serial number or request key is on record", code="ca.intent-repeated") from exc

    def certificate(self, authority: str, serial: SerialNumber) -> CertificateRecord:
        """A certificate on record."""
        return _certificate(self._connection, authority, serial)

    def by_requests(self, authority: str, request_keys: Sequence[str]) -> Mapping[str, CertificateRecord]:
        """Certificates recorded under idempotency keys."""
        columns = CERTIFICATES.c
        found = {}
        for keys in _portions(request_keys):
            query = sa.select(CERTIFICATES).where(columns.authority == authority, columns.request_key.in_(keys))
            for row in self._connection.execute(query):
                found[row.request_key] = record_from(row)
        return found

    def record_certificates(
        self, authority: str, encoded: Mapping[SerialNumber, bytes], state: CertificateState
    ) -> AbstractSet[SerialNumber]:
        """Attach signed certificates to those of their records that are still pending."""
        columns = CERTIFICATES.c
        pending: dict[str, SerialNumber] = {}
        for serials in _portions(list(encoded)):
            query = sa.select(columns.serial).where(
                columns.authority == authority,
                columns.serial.in_([str(serial) for serial in serials]),
                columns.state == str(CertificateState.PENDING),
            )
            for row in self._connection.execute(query):
                pending[row.serial] = SerialNumber.parse(row.serial)
        if pending:
            statement = CERTIFICATES.update().where(
                columns.authority == authority, columns.serial == sa.bindparam("of")
            )
            self._connection.execute(
                statement.values(state=str(state), encoded=sa.bindparam("signed")),
                [{"of": text, "signed": encoded[serial]} for text, serial in pending.items()],
            )
        return frozenset(pending.values())

    def set_state(
        self, authority: str, serial: SerialNumber, state: CertificateState, revocation: Revocation | None
    ) -> None:
        """Change a certificate's state."""
        since = revocation.invalidity_date if revocation else None
        self._update(
            authority,
            serial,
            state=str(state),
            revoked_at=time_text(revocation.at) if revocation else None,
            reason=int(revocation.reason) if revocation else None,
            invalidity_date=time_text(since) if since else None,
        )

    def on_list(self, authority: str, since: datetime | None) -> Sequence[CertificateRecord]:
        """Certificates for the revocation list, by serial number."""
        columns = CERTIFICATES.c
        query = sa.select(CERTIFICATES).where(
            columns.authority == authority, columns.state.in_([str(state) for state in ON_LIST])
        )
        if since is not None:
            start = time_text(since)
            query = query.where(sa.or_(columns.not_after >= start, columns.revoked_at >= start))
        return [record_from(row) for row in self._connection.execute(query.order_by(columns.serial))]

    def latest_crl(self, authority: str) -> CrlRecord | None:
        """The signed list with the highest number."""
        return _latest_crl(self._connection, authority)

    def next_crl_number(self, authority: str) -> int:
        """A number above every one given out."""
        query = sa.select(sa.func.max(CRLS.c.number)).where(CRLS.c.authority == authority)
        return int(self._connection.execute(query).scalar() or 0) + 1

    def add_crl_intent(self, record: CrlRecord) -> None:
        """Record a list that is about to be signed."""
        self._connection.execute(
            CRLS.insert().values(
                authority=record.authority,
                number=record.number,
                this_update=time_text(record.this_update),
                next_update=time_text(record.next_update),
                tbs=record.tbs,
            )
        )

    def record_crl(self, authority: str, number: int, encoded: bytes) -> None:
        """Attach the signed list."""
        statement = CRLS.update().where(CRLS.c.authority == authority, CRLS.c.number == number)
        if self._connection.execute(statement.values(encoded=encoded)).rowcount != 1:
            raise CrlNotFoundError(f"no list {number} is on record")

    def append_audit(self, at: datetime, actor: str, event: str, details: Sequence[AuditDetails]) -> None:
        """Add entries to the audit trail."""
        AUDIT.append_all(self._connection, at=at, actor=actor, event=event, details=details)

    def _update(self, authority: str, serial: SerialNumber, **values: str | int | bytes | None) -> None:
        columns = CERTIFICATES.c
        statement = CERTIFICATES.update().where(columns.authority == authority, columns.serial == str(serial))
        if self._connection.execute(statement.values(**values)).rowcount != 1:
            raise CertificateNotFoundError(f"no certificate {serial} is on record")


_Item = TypeVar("_Item")


def _portions(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """``items`` cut so that each part fits the variables of one statement of SQLite."""
    return (items[start : start + _PORTION] for start in range(0, len(items), _PORTION))


def _entry_from(row: Any) -> AuditDetails:
    try:
        entry = json.loads(row.entry)
    except (TypeError, ValueError) as exc:
        raise RecordDamagedError(f"audit entry {row.number} cannot be read") from exc
    if not isinstance(entry, dict):
        raise RecordDamagedError(f"audit entry {row.number} cannot be read")
    return entry


def _row(connection: sa.Connection, authority: str, serial: SerialNumber) -> sa.Row[Any]:
    columns = CERTIFICATES.c
    query = sa.select(CERTIFICATES).where(columns.authority == authority, columns.serial == str(serial))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise CertificateNotFoundError(f"no certificate {serial} is on record")
    return row


def _certificate(connection: sa.Connection, authority: str, serial: SerialNumber) -> CertificateRecord:
    return record_from(_row(connection, authority, serial))


def _crl_rows(connection: sa.Connection, authority: str, *conditions: sa.ColumnElement[bool]) -> list[CrlRecord]:
    query = sa.select(CRLS).where(CRLS.c.authority == authority, *conditions).order_by(CRLS.c.number)
    return [crl_from(row) for row in connection.execute(query)]


def _latest_crl(connection: sa.Connection, authority: str) -> CrlRecord | None:
    query = (
        sa.select(CRLS)
        .where(CRLS.c.authority == authority, CRLS.c.encoded.is_not(None))
        .order_by(CRLS.c.number.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else crl_from(row)
