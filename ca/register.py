"""The authority's record in a register: a SQLite file, or PostgreSQL.

How it is opened and how its audit trail is chained is told in ``formats.register_file``. Guards refuse to
delete a certificate or a list, to change what was recorded of one, and to leave a final state.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError

from ca.errors import CertificateNotFoundError, CrlNotFoundError, RecordDamagedError, RefusedError
from ca.list_register import ListView
from ca.model import (
    WHOLE_LIST,
    CertificateRecord,
    CertificateStanding,
    CertificateState,
    CrlRecord,
    ListHead,
    Revocation,
    SerialNumber,
    StatusChange,
)
from ca.ports import AuditDetails
from ca.tables import (
    AUDIT,
    AUDIT_ROWS,
    CERTIFICATES,
    CRLS,
    GUARDS,
    METADATA,
    RETIRED,
    STANDING_COLUMNS,
    change_from,
    record_from,
    standing_from,
)
from formats.register_file import RegisterStore, execute_many, select_in, time_text

SCHEMA_VERSION: Final = 3
_PORTION: Final = 500
_ADD_INTENT: Final = (
    "INSERT INTO ca_certificates (authority, serial, state, profile, request_key, request_digest, subject,"
    " not_after, intended_at, tbs, list_name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (authority, request_key) DO NOTHING"
)
_STATES: Final = "SELECT serial, state FROM ca_certificates WHERE authority = ? AND serial IN (??)"
_ATTACH: Final = (
    "UPDATE ca_certificates SET state = ?, encoded = ?, changed = ? WHERE authority = ? AND serial = ?"
)


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

    @contextmanager
    def lists(self, authority: str) -> Iterator[ListView]:
        """What is on record of an authority's lists, as of one moment."""
        with self.snapshot() as connection:
            yield ListView(connection, authority)

    def last_change(self, authority: str) -> int:
        """Number of the last change of a certificate's state; 0 without one."""
        with self._engine.connect() as connection:
            return _last_change(connection, authority)

    def changes(self, authority: str, *, after: int = 0, most: int = 1000) -> Sequence[StatusChange]:
        """Certificates changed since, by number of the change."""
        columns = CERTIFICATES.c
        query = sa.select(
            columns.position,
            columns.changed,
            columns.serial,
            columns.state,
            columns.not_after,
            columns.revoked_at,
            columns.reason,
            columns.invalidity_date,
        ).where(columns.authority == authority, columns.changed > after)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(columns.changed).limit(most))
            return [change_from(row) for row in rows]

    def crl(
        self, authority: str, number: int | None = None, *, list_name: str = WHOLE_LIST, is_delta: bool = False
    ) -> CrlRecord:
        """A signed list; without a number the latest."""
        with self._engine.connect() as connection:
            found = ListView(connection, authority).record(list_name, number, is_delta=is_delta)
        if found is None:
            raise CrlNotFoundError("no such revocation list")
        return found

    def unsigned_crls(self, authority: str) -> Sequence[CrlRecord]:
        """Lists without a signature, oldest first."""
        with self._engine.connect() as connection:
            return ListView(connection, authority).unsigned()

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

    def add_intents(self, records: Sequence[CertificateRecord]) -> Mapping[str, CertificateRecord]:
        """Record pending certificates whose request keys are new."""
        rows = [
            (
                record.authority,
                str(record.serial),
                str(CertificateState.PENDING),
                record.profile,
                record.request_key,
                record.request_digest,
                record.subject,
                time_text(record.not_after),
                time_text(record.intended_at),
                record.tbs,
                record.list_name,
            )
            for record in records
        ]
        try:
            added = execute_many(self._connection, _ADD_INTENT, rows)
        except IntegrityError as exc:
            raise RefusedError("a serial number is on record", code="ca.intent-repeated") from exc
        except DataError as exc:
            raise RefusedError("the record cannot keep a value", code="ca.intent-unwritable") from exc
        if added == len(rows):
            return {}
        own = {record.serial for record in records}
        found = self.by_requests(records[0].authority, [record.request_key for record in records])
        return {key: record for key, record in found.items() if record.serial not in own}

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
        texts = {str(serial): serial for serial in encoded}
        # The state is judged here: in the query it would draw PostgreSQL to the index of states, where every
        # certificate that ever was pending has left something behind.
        found = select_in(self._connection, _STATES, [authority], list(texts))
        pending = [texts[serial] for serial, stated in found if stated == CertificateState.PENDING]
        numbers = enumerate(pending, self._next_change(authority))
        rows = [(str(state), encoded[serial], number, authority, str(serial)) for number, serial in numbers]
        if rows:
            execute_many(self._connection, _ATTACH, rows)
        return frozenset(pending)

    def set_state(
        self,
        authority: str,
        serial: SerialNumber,
        state: CertificateState,
        revocation: Revocation | None,
        at: datetime,
    ) -> None:
        """Change a certificate's state."""
        since = revocation.invalidity_date if revocation else None
        number = self._next_change(authority)
        self._update(
            authority,
            serial,
            changed=number,
            list_changed=number,
            lifted_at=None if revocation else time_text(at),
            state=str(state),
            revoked_at=time_text(revocation.at) if revocation else None,
            reason=int(revocation.reason) if revocation else None,
            invalidity_date=time_text(since) if since else None,
        )

    def successor(self, authority: str) -> str | None:
        """The authority that took over from a retired one."""
        query = sa.select(RETIRED.c.successor).where(RETIRED.c.authority == authority)
        found = self._connection.execute(query).scalar()
        return None if found is None else str(found)

    def has_pending(self, authority: str) -> bool:
        """Whether an intent has no certificate on record yet."""
        columns = CERTIFICATES.c
        query = sa.select(columns.position).where(
            columns.authority == authority, columns.state == str(CertificateState.PENDING)
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def retire(self, authority: str, successor: str, at: datetime) -> None:
        """Retire an authority."""
        row = {"authority": authority, "successor": successor, "retired_at": time_text(at)}
        self._connection.execute(RETIRED.insert().values(**row))

    def next_list_number(self, authority: str, list_name: str) -> int:
        """A number above every one given out."""
        return ListView(self._connection, authority).next_number(list_name)

    def add_crl_intent(self, record: CrlRecord) -> None:
        """Record a list that is about to be signed."""
        head = record.head
        self._connection.execute(
            CRLS.insert().values(
                authority=head.authority,
                list_name=head.list_name,
                number=head.number,
                base=head.base or 0,
                this_update=time_text(head.this_update),
                next_update=time_text(head.next_update),
                changed=head.changed,
                entries=head.entries,
                tbs=record.tbs,
            )
        )

    def record_crl(self, head: ListHead, signature: bytes) -> None:
        """Attach the signature of a list."""
        columns = CRLS.c
        statement = CRLS.update().where(
            columns.authority == head.authority,
            columns.list_name == head.list_name,
            columns.number == head.number,
            columns.base == (head.base or 0),
        )
        if self._connection.execute(statement.values(signature=signature)).rowcount != 1:
            raise CrlNotFoundError(f"no list {head.number} is on record")

    def append_audit(self, at: datetime, actor: str, event: str, details: Sequence[AuditDetails]) -> None:
        """Add entries to the audit trail."""
        AUDIT.append_all(self._connection, at=at, actor=actor, event=event, details=details)

    def _next_change(self, authority: str) -> int:
        return _last_change(self._connection, authority) + 1

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


def _last_change(connection: sa.Connection, authority: str) -> int:
    columns = CERTIFICATES.c
    query = sa.select(sa.func.max(columns.changed)).where(columns.authority == authority)
    return int(connection.execute(query).scalar() or 0)


def _certificate(connection: sa.Connection, authority: str, serial: SerialNumber) -> CertificateRecord:
    return record_from(_row(connection, authority, serial))
