"""The seal register, in a SQLite file or PostgreSQL.

How it is opened and how its audit trail is chained is told in ``formats.register_file``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from formats.gb32100 import CreditCode
from formats.register_file import AuditTable, RegisterStore, time_from, time_text
from seal_service.errors import RefusedError, SealNotFoundError
from seal_service.model import TRANSITIONS, SealApplication, SealKind, SealRecord, SealState
from seal_service.ports import SealUse, UseState
from seal_service.seal_id import SealId

SCHEMA_VERSION: Final = 1

_metadata = sa.MetaData()
_sequences = sa.Table(
    "seal_sequences",
    _metadata,
    sa.Column("scope", sa.String(64), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)
_seals = sa.Table(
    "seals",
    _metadata,
    sa.Column("seal_id", sa.String(64), primary_key=True),
    sa.Column("owner", sa.String(18), nullable=False, index=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("type_code", sa.Integer, nullable=False),
    sa.Column("application", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("encoded", sa.LargeBinary),
    sa.Column("holder_certificate", sa.LargeBinary),
    sa.Column("key_label", sa.String(128)),
)
_uses = sa.Table(
    "seal_uses",
    _metadata,
    sa.Column("request_id", sa.String(128), primary_key=True),
    sa.Column("seal_id", sa.String(64), sa.ForeignKey("seals.seal_id"), nullable=False),
    sa.Column("at", sa.String(20), nullable=False),
    sa.Column("operator", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("document_digest", sa.LargeBinary(32), nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("result_digest", sa.LargeBinary(32)),
    sa.Column("reason", sa.Text),
)
_audit = AuditTable(_metadata, "seal_audit")
_FINAL: Final = [str(state) for state, ways in TRANSITIONS.items() if not ways]


class SealRegister(RegisterStore["RegisterTransaction"]):
    """``SealStore`` in a register.

    Args:
        address: A file, ``:memory:`` for tests, or a URL of PostgreSQL.
    """

    def __init__(self, address: str) -> None:
        super().__init__(
            address, _metadata, _audit, layout="seal-register", version=SCHEMA_VERSION, begin=RegisterTransaction
        )

    def open_uses(self) -> Sequence[SealUse]:
        """Uses without an end, oldest first."""
        query = (
            sa.select(_uses)
            .where(_uses.c.state == str(UseState.INTENDED))
            .order_by(_uses.c.at, _uses.c.request_id)
        )
        with self._engine.connect() as connection:
            return [_use_from(row) for row in connection.execute(query)]


class RegisterTransaction:
    """``ports.Transaction`` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def next_sequence(self, maker: str, owner: str, type_code: int) -> int:
        """Take the next sequence number; a rolled-back transaction gives it back unused."""
        scope = f"{maker}/{owner}/{type_code:02d}"
        last = self._connection.execute(sa.select(_sequences.c.last).where(_sequences.c.scope == scope)).scalar()
        if last is None:
            self._connection.execute(_sequences.insert().values(scope=scope, last=1))
            return 1
        self._connection.execute(_sequences.update().where(_sequences.c.scope == scope).values(last=last + 1))
        return int(last) + 1

    def add_seal(self, record: SealRecord) -> None:
        """Register a new seal."""
        self._connection.execute(
            _seals.insert().values(
                seal_id=str(record.seal_id),
                owner=str(record.application.owner),
                name=record.application.name,
                type_code=record.application.type_code,
                application=_application_json(record.application),
                state=str(record.state),
            )
        )

    def seal(self, seal_id: SealId) -> SealRecord:
        """A registered seal."""
        row = self._connection.execute(sa.select(_seals).where(_seals.c.seal_id == str(seal_id))).one_or_none()
        if row is None:
            raise SealNotFoundError(f"no seal {seal_id}")
        return _record_from(row)

    def live_seals_of(self, owner: str, name: str, type_code: int) -> Sequence[SealRecord]:
        """Seals of that owner, name and type that are not finally retired."""
        query = sa.select(_seals).where(
            _seals.c.owner == owner,
            _seals.c.name == name,
            _seals.c.type_code == type_code,
            _seals.c.state.not_in(_FINAL),
        )
        return [_record_from(row) for row in self._connection.execute(query)]

    def set_state(self, seal_id: SealId, state: SealState) -> None:
        """Change a seal's state."""
        self._connection.execute(_seals.update().where(_seals.c.seal_id == str(seal_id)).values(state=str(state)))

    def set_made(self, seal_id: SealId, encoded: bytes, holder_certificate: bytes, key_label: str) -> None:
        """Attach the made seal."""
        self._connection.execute(
            _seals.update()
            .where(_seals.c.seal_id == str(seal_id))
            .values(encoded=encoded, holder_certificate=holder_certificate, key_label=key_label)
        )

    def use(self, request_id: str) -> SealUse | None:
        """The use recorded under an idempotency key."""
        row = self._connection.execute(sa.select(_uses).where(_uses.c.request_id == request_id)).one_or_none()
        return None if row is None else _use_from(row)

    def add_uses(self, uses: Sequence[SealUse]) -> None:
        """Record intended uses."""
        try:
            self._connection.execute(_uses.insert(), [_use_row(use) for use in uses])
        except IntegrityError as exc:
            raise RefusedError("a request key was already used", code="seal.request-repeated") from exc

    def finish_uses(self, uses: Sequence[SealUse]) -> None:
        """Record how intended uses ended."""
        statement = (
            _uses.update()
            .where(_uses.c.request_id == sa.bindparam("key"), _uses.c.state == str(UseState.INTENDED))
            .values(
                state=sa.bindparam("to_state"),
                result_digest=sa.bindparam("to_digest"),
                reason=sa.bindparam("to_reason"),
            )
        )
        self._connection.execute(
            statement,
            [
                {
                    "key": use.request_id,
                    "to_state": str(use.state),
                    "to_digest": use.result_digest,
                    "to_reason": use.reason,
                }
                for use in uses
            ],
        )

    def append_audit(self, at: datetime, actor: str, event: str, details: Mapping[str, str | int | None]) -> None:
        """Add an entry to the audit trail."""
        _audit.append(self._connection, at=at, actor=actor, event=event, details=details)


def _application_json(application: SealApplication) -> dict[str, Any]:
    return {
        **asdict(application),
        "owner": str(application.owner),
        "kind": str(application.kind),
        "valid_from": time_text(application.valid_from),
        "valid_to": time_text(application.valid_to),
    }


def _record_from(row: sa.Row[Any]) -> SealRecord:
    stored = dict(row.application)
    stored["owner"] = CreditCode.parse(stored["owner"])
    stored["kind"] = SealKind(stored["kind"])
    stored["valid_from"] = time_from(stored["valid_from"])
    stored["valid_to"] = time_from(stored["valid_to"])
    return SealRecord(
        seal_id=SealId.parse(row.seal_id),
        application=SealApplication(**stored),
        state=SealState(row.state),
        encoded=row.encoded,
        holder_certificate=row.holder_certificate,
        key_label=row.key_label,
    )


def _use_row(use: SealUse) -> dict[str, Any]:
    return {
        "request_id": use.request_id,
        "seal_id": str(use.seal_id),
        "at": time_text(use.at),
        "operator": use.operator,
        "purpose": use.purpose,
        "document_digest": use.document_digest,
        "state": str(use.state),
        "result_digest": use.result_digest,
        "reason": use.reason,
    }


def _use_from(row: sa.Row[Any]) -> SealUse:
    return SealUse(
        request_id=row.request_id,
        seal_id=SealId.parse(row.seal_id),
        at=time_from(row.at),
        operator=row.operator,
        purpose=row.purpose,
        document_digest=row.document_digest,
        state=UseState(row.state),
        result_digest=row.result_digest,
        reason=row.reason,
    )
