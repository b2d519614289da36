"""The register of the key management part: pairs, recoveries, and their trail, in SQLite or PostgreSQL.

How the register is opened and how its audit trail is chained is told in ``formats.register_file``. Guards refuse
to delete a pair or a recovery, to assign a pair a second time or put it back in store, and to let one officer
approve what he asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ca.errors import RecordDamagedError, RefusedError
from ca.key_management.errors import EscrowNotFoundError, PoolEmptyError
from ca.key_management.model import (
    Assignment,
    EscrowedKey,
    EscrowState,
    Recovery,
    RecoveryState,
    WrappedPair,
)
from ca.key_management.tables import (
    AUDIT,
    AUDIT_ROWS,
    GUARDS,
    KEYS,
    METADATA,
    RECOVERIES,
    key_from,
    recovery_from,
)
from ca.model import SerialNumber
from ca.ports import AuditDetails
from formats.register_file import RegisterStore, time_text

SCHEMA_VERSION: Final = 1
_OPEN: Final = (str(RecoveryState.REQUESTED), str(RecoveryState.APPROVED))


class KeyRegister(RegisterStore["KeyTransaction"]):
    """``ports.KeyArchive`` in a register.

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
            layout="key-register",
            version=SCHEMA_VERSION,
            begin=KeyTransaction,
            guards=GUARDS,
        )

    def counts(self) -> Mapping[EscrowState, int]:
        """How many pairs are in each state."""
        query = sa.select(KEYS.c.state, sa.func.count()).group_by(KEYS.c.state)
        with self._engine.connect() as connection:
            found = {str(state): int(count) for state, count in connection.execute(query)}
        return {state: found.get(str(state), 0) for state in EscrowState}

    def recoveries(self, *, open_only: bool) -> Sequence[Recovery]:
        """Recoveries on record, the oldest first."""
        query = sa.select(RECOVERIES).order_by(RECOVERIES.c.position)
        if open_only:
            query = query.where(RECOVERIES.c.state.in_(_OPEN))
        with self._engine.connect() as connection:
            return [recovery_from(row) for row in connection.execute(query)]

    def pairs(self, *, after: bytes | None = None, most: int = 1000) -> Sequence[EscrowedKey]:
        """A page of pairs by key_id."""
        query = sa.select(KEYS).order_by(KEYS.c.key_id).limit(most)
        if after is not None:
            query = query.where(KEYS.c.key_id > after.hex())
        with self._engine.connect() as connection:
            return [key_from(row) for row in connection.execute(query)]

    def audit_entries(self, *, after: int = 0, most: int = 10_000) -> Sequence[AuditDetails]:
        """A page of audit entries, oldest first."""
        number = AUDIT_ROWS.c.number
        query = sa.select(number, AUDIT_ROWS.c.entry).where(number > after).order_by(number).limit(most)
        with self._engine.connect() as connection:
            return [_entry_from(row) for row in connection.execute(query)]


class KeyTransaction:
    """``ports.Transaction`` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add_pairs(self, pairs: Sequence[WrappedPair], at: datetime) -> None:
        """Put pairs in store."""
        rows = [
            {
                "key_id": pair.key_id.hex(),
                "state": str(EscrowState.POOLED),
                "public_key": pair.public_key.point,
                "wrapped": pair.wrapped,
                "made": time_text(at),
            }
            for pair in pairs
        ]
        try:
            self._connection.execute(KEYS.insert(), rows)
        except IntegrityError as exc:
            raise RefusedError("a pair is on record already", code="kmc.pair-known") from exc

    def assigned(self, authority: str, request_key: str) -> EscrowedKey | None:
        """The pair assigned under a request key."""
        return self._one(KEYS.c.authority == authority, KEYS.c.request_key == request_key)

    def by_certificate(self, authority: str, serial: SerialNumber) -> EscrowedKey | None:
        """The pair assigned to an encryption certificate."""
        return self._one(KEYS.c.authority == authority, KEYS.c.serial == str(serial))

    def key(self, key_id: bytes) -> EscrowedKey:
        """A pair on record."""
        found = self._one(KEYS.c.key_id == key_id.hex())
        if found is None:
            raise EscrowNotFoundError(f"no pair {key_id.hex()} is on record")
        return found

    def assign_oldest(self, assignment: Assignment) -> EscrowedKey:
        """Take the pair that lies in store longest for good."""
        in_store = KEYS.c.state == str(EscrowState.POOLED)
        oldest = sa.select(KEYS.c.key_id).where(in_store).order_by(KEYS.c.position).limit(1)
        key_id = self._connection.execute(oldest).scalar()
        if key_id is None:
            raise PoolEmptyError
        taken = KEYS.update().where(KEYS.c.key_id == key_id, in_store)
        taken = taken.values(
            state=str(EscrowState.IN_USE),
            authority=assignment.authority,
            serial=str(assignment.serial),
            request_key=assignment.request_key,
            recipient=assignment.recipient.point,
            not_after=time_text(assignment.not_after),
            assigned=time_text(assignment.at),
        )
        try:
            if self._connection.execute(taken).rowcount != 1:
                raise PoolEmptyError
        except IntegrityError as exc:
            raise RefusedError("that certificate has a pair already", code="kmc.certificate-known") from exc
        return self.key(bytes.fromhex(key_id))

    def record_envelope(self, key_id: bytes, enveloped: bytes) -> None:
        """Attach what was handed out first, once."""
        self._update(KEYS, KEYS.c.key_id == key_id.hex(), enveloped=enveloped)

    def replace_wrapped(self, wrapped: Mapping[bytes, bytes]) -> None:
        """Attach other wrapped forms to pairs that still have one."""
        statement = KEYS.update().where(KEYS.c.key_id == sa.bindparam("of"), KEYS.c.wrapped.is_not(None))
        self._connection.execute(
            statement.values(wrapped=sa.bindparam("anew")),
            [{"of": key_id.hex(), "anew": octets} for key_id, octets in wrapped.items()],
        )

    def set_state(self, key_id: bytes, state: EscrowState) -> None:
        """Change a pair's state."""
        gone: dict[str, None] = {"wrapped": None, "enveloped": None} if state is EscrowState.DESTROYED else {}
        self._update(KEYS, KEYS.c.key_id == key_id.hex(), state=str(state), **gone)

    def ended(self, states: Sequence[EscrowState], before: datetime, most: int) -> Sequence[EscrowedKey]:
        """Pairs in these states whose certificates ended before a moment, those that ended first."""
        query = (
            sa.select(KEYS)
            .where(KEYS.c.state.in_([str(state) for state in states]), KEYS.c.not_after < time_text(before))
            .order_by(KEYS.c.not_after, KEYS.c.position)
            .limit(most)
        )
        return [key_from(row) for row in self._connection.execute(query)]

    def add_recovery(self, recovery: Recovery) -> None:
        """Record a recovery that is asked for."""
        order = recovery.order
        self._connection.execute(
            RECOVERIES.insert().values(
                recovery_id=recovery.recovery_id.hex(),
                kind=str(order.kind),
                key_id=recovery.key_id.hex(),
                authority=order.authority,
                serial=str(order.serial),
                recipient=order.recipient.point,
                reason=order.reason,
                case_reference=order.case,
                requested_by=recovery.requested_by,
                requested=time_text(recovery.requested),
                expires=time_text(recovery.expires),
                state=str(recovery.state),
            )
        )

    def recovery(self, recovery_id: bytes) -> Recovery:
        """A recovery on record."""
        query = sa.select(RECOVERIES).where(RECOVERIES.c.recovery_id == recovery_id.hex())
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise EscrowNotFoundError(f"no recovery {recovery_id.hex()} is on record")
        return recovery_from(row)

    def recoveries_of(self, key_id: bytes) -> Sequence[Recovery]:
        """Recoveries of a pair, the oldest first."""
        query = sa.select(RECOVERIES).where(RECOVERIES.c.key_id == key_id.hex()).order_by(RECOVERIES.c.position)
        return [recovery_from(row) for row in self._connection.execute(query)]

    def update_recovery(self, recovery: Recovery) -> None:
        """Write a recovery's state and what belongs to it."""
        self._update(
            RECOVERIES,
            RECOVERIES.c.recovery_id == recovery.recovery_id.hex(),
            state=str(recovery.state),
            approved_by=recovery.approved_by,
            approved=time_text(recovery.approved) if recovery.approved else None,
            enveloped=recovery.enveloped,
            delivered=time_text(recovery.delivered) if recovery.delivered else None,
        )

    def append_audit(self, at: datetime, actor: str, event: str, details: Sequence[AuditDetails]) -> None:
        """Add entries to the audit trail."""
        AUDIT.append_all(self._connection, at=at, actor=actor, event=event, details=details)

    def _one(self, *conditions: sa.ColumnElement[bool]) -> EscrowedKey | None:
        row = self._connection.execute(sa.select(KEYS).where(*conditions)).one_or_none()
        return None if row is None else key_from(row)

    def _update(self, table: sa.Table, condition: sa.ColumnElement[bool], **values: Any) -> None:
        if self._connection.execute(table.update().where(condition).values(**values)).rowcount != 1:
            raise EscrowNotFoundError("nothing is on record under what was given")


def _entry_from(row: Any) -> AuditDetails:
    try:
        entry = json.loads(row.entry)
    except (TypeError, ValueError) as exc:
        raise RecordDamagedError(f"audit entry {row.number} cannot be read") from exc
    if not isinstance(entry, dict):
        raise RecordDamagedError(f"audit entry {row.number} cannot be read")
    return entry
