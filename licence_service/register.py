"""The licence register, in a SQLite file or PostgreSQL; how it is opened is told in ``formats.register_file``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from formats.gbt36904 import LicenceId
from formats.register_file import AuditTable, RegisterStore, insert_into
from licence_service.errors import FieldViolation, LicenceNotFoundError, RefusedError
from licence_service.model import LicenceState
from licence_service.ports import LicenceChange, LicenceRow

SCHEMA_VERSION: Final = 1

_metadata = sa.MetaData()
_serials = sa.Table(
    "licence_serials",
    _metadata,
    sa.Column("scope", sa.String(80), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)
_licences = sa.Table(
    "licences",
    _metadata,
    sa.Column("licence_id", sa.String(128), primary_key=True),
    sa.Column("request_id", sa.String(100), nullable=False, unique=True),
    sa.Column("request_digest", sa.LargeBinary(32), nullable=False),
    sa.Column("licence_type", sa.String(64), nullable=False),
    sa.Column("issuer", sa.String(18), nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("issued_on", sa.Date, nullable=False),
    sa.Column("valid_until", sa.Date),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("digest", sa.LargeBinary(32)),
    sa.Column("replaces", sa.String(128)),
)
_holders = sa.Table(
    "licence_holders",
    _metadata,
    sa.Column("licence_id", sa.String(128), sa.ForeignKey("licences.licence_id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("holder_index", sa.String(64), nullable=False, index=True),
)
_audit = AuditTable(_metadata, "licence_audit")
_UPDATE: Final = (
    _licences.update()
    .where(_licences.c.licence_id == sa.bindparam("of_licence"))
    .values(state=sa.bindparam("to_state"), attempt=sa.bindparam("to_attempt"), digest=sa.bindparam("to_digest"))
)
_KEYS_AT_ONCE: Final = 500
"""SQLite takes a bounded number of parameters in a statement."""


class LicenceRegister(RegisterStore["RegisterTransaction"]):
    """``ports.LicenceStore`` in a register.

    Args:
        address: A file, ``:memory:`` for tests, or a URL of PostgreSQL.
    """

    def __init__(self, address: str) -> None:
        super().__init__(
            address,
            _metadata,
            _audit,
            layout="licence-register",
            version=SCHEMA_VERSION,
            begin=RegisterTransaction,
        )


class RegisterTransaction:
    """``ports.Transaction`` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def next_serial(self, issuer: str, licence_type: str, year: int) -> int:
        """Take the next serial."""
        scope = f"{issuer}/{licence_type}/{year}"
        statement = (
            insert_into(self._connection, _serials)
            .values(scope=scope, last=1)
            .on_conflict_do_update(index_elements=["scope"], set_={"last": _serials.c.last + 1})
            .returning(_serials.c.last)
        )
        return int(self._connection.execute(statement).scalar_one())

    def by_requests(self, request_ids: Sequence[str]) -> Mapping[str, LicenceRow]:
        """Licences asked for under idempotency keys."""
        found: dict[str, LicenceRow] = {}
        for start in range(0, len(request_ids), _KEYS_AT_ONCE):
            keys = list(request_ids[start : start + _KEYS_AT_ONCE])
            found.update({row.request_id: row for row in self._rows(_licences.c.request_id.in_(keys))})
        return found

    def licence(self, licence_id: LicenceId) -> LicenceRow:
        """One licence."""
        rows = self._rows(_licences.c.licence_id == str(licence_id))
        if not rows:
            raise LicenceNotFoundError(f"no licence {licence_id}")
        return rows[0]

    def by_holder(self, holder_index: str) -> Sequence[LicenceRow]:
        """Licences of a holder, newest first."""
        chosen = sa.select(_holders.c.licence_id).where(_holders.c.holder_index == holder_index)
        return self._rows(_licences.c.licence_id.in_(chosen))

    def drafts(self) -> Sequence[LicenceRow]:
        """Licences neither issued nor given up."""
        return self._rows(_licences.c.state == str(LicenceState.DRAFT))

    def add(self, rows: Sequence[LicenceRow]) -> None:
        """Record new licences."""
        try:
            self._connection.execute(_licences.insert(), [_values(row) for row in rows])
        except IntegrityError as exc:
            raise RefusedError(
                [
                    FieldViolation(
                        "ZZBS", "duplicate", "该证照标识已经使用", "this licence identifier was already given out"
                    )
                ]
            ) from exc
        self._connection.execute(
            _holders.insert(),
            [
                {"licence_id": str(row.licence_id), "position": position, "holder_index": index}
                for row in rows
                for position, index in enumerate(row.holder_index)
            ],
        )

    def update(self, changes: Sequence[LicenceChange]) -> None:
        """Change what changes in licences' lives."""
        self._connection.execute(
            _UPDATE,
            [
                {
                    "of_licence": str(change.licence_id),
                    "to_state": str(change.state),
                    "to_attempt": change.attempt,
                    "to_digest": change.digest,
                }
                for change in changes
            ],
        )

    def append_audit(
        self, at: datetime, actor: str, event: str, details: Sequence[Mapping[str, str | int | None]]
    ) -> None:
        """Add entries to the audit trail."""
        _audit.append_all(self._connection, at=at, actor=actor, event=event, details=details)

    def _rows(self, condition: sa.ColumnElement[bool]) -> list[LicenceRow]:
        query = sa.select(_licences).where(condition)
        found = self._connection.execute(
            query.order_by(_licences.c.issued_on.desc(), _licences.c.licence_id.desc())
        ).all()
        return [_row_from(row, self._holder_index(row.licence_id)) for row in found]

    def _holder_index(self, licence_id: str) -> tuple[str, ...]:
        query = sa.select(_holders.c.holder_index).where(_holders.c.licence_id == licence_id)
        return tuple(self._connection.execute(query.order_by(_holders.c.position)).scalars())


def _values(row: LicenceRow) -> dict[str, Any]:
    return {
        "licence_id": str(row.licence_id),
        "request_id": row.request_id,
        "request_digest": row.request_digest,
        "licence_type": row.licence_type,
        "issuer": row.issuer,
        "state": str(row.state),
        "issued_on": row.issued_on,
        "valid_until": row.valid_until,
        "attempt": row.attempt,
        "digest": row.digest,
        "replaces": None if row.replaces is None else str(row.replaces),
    }


def _row_from(row: sa.Row[Any], holder_index: tuple[str, ...]) -> LicenceRow:
    issued_on: date = row.issued_on
    return LicenceRow(
        licence_id=LicenceId.parse(row.licence_id),
        request_id=row.request_id,
        request_digest=row.request_digest,
        licence_type=row.licence_type,
        issuer=row.issuer,
        holder_index=holder_index,
        state=LicenceState(row.state),
        issued_on=issued_on,
        valid_until=row.valid_until,
        attempt=row.attempt,
        digest=row.digest,
        replaces=None if row.replaces is None else LicenceId.parse(row.replaces),
    )
