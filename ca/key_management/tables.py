"""Tables of the key register, the guards on them, and how rows become values."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from ca.errors import RecordDamagedError
from ca.key_management.model import (
    Assignment,
    EscrowedKey,
    EscrowState,
    Recovery,
    RecoveryKind,
    RecoveryOrder,
    RecoveryState,
)
from ca.model import SerialNumber
from crypto import PublicKey
from formats.register_file import ROW_NUMBER, AuditTable, time_from
from formats.register_guards import Change, RowGuard

METADATA = sa.MetaData()
KEYS = sa.Table(
    "kmc_keys",
    METADATA,
    sa.Column("position", ROW_NUMBER, primary_key=True),
    sa.Column("key_id", sa.String(32), nullable=False, unique=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("public_key", sa.LargeBinary(65), nullable=False, unique=True),
    sa.Column("wrapped", sa.LargeBinary),
    sa.Column("made", sa.String(20), nullable=False),
    sa.Column("authority", sa.String(40)),
    sa.Column("serial", sa.String(40)),
    sa.Column("request_key", sa.String(128)),
    sa.Column("recipient", sa.LargeBinary(65)),
    sa.Column("not_after", sa.String(20)),
    sa.Column("assigned", sa.String(20)),
    sa.Column("enveloped", sa.LargeBinary),
    sa.UniqueConstraint("authority", "serial"),
    sa.UniqueConstraint("authority", "request_key"),
    sa.Index("kmc_keys_by_state", "state", "position"),
    sa.Index("kmc_keys_by_end", "state", "not_after"),
)
RECOVERIES = sa.Table(
    "kmc_recoveries",
    METADATA,
    sa.Column("position", ROW_NUMBER, primary_key=True),
    sa.Column("recovery_id", sa.String(32), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("key_id", sa.String(32), nullable=False),
    sa.Column("authority", sa.String(40), nullable=False),
    sa.Column("serial", sa.String(40), nullable=False),
    sa.Column("recipient", sa.LargeBinary(65), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("case_reference", sa.Text, nullable=False),
    sa.Column("requested_by", sa.String(64), nullable=False),
    sa.Column("requested", sa.String(20), nullable=False),
    sa.Column("expires", sa.String(20), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("approved_by", sa.String(64)),
    sa.Column("approved", sa.String(20)),
    sa.Column("enveloped", sa.LargeBinary),
    sa.Column("delivered", sa.String(20)),
    sa.Index("kmc_recoveries_by_key", "key_id", "position"),
)
AUDIT = AuditTable(METADATA, "kmc_audit")
AUDIT_ROWS = METADATA.tables["kmc_audit"]

_ASSIGNMENT: Final = ("authority", "serial", "request_key", "recipient", "not_after", "assigned")
_ORDER: Final = (
    "recovery_id",
    "kind",
    "key_id",
    "authority",
    "serial",
    "recipient",
    "reason",
    "case_reference",
    "requested_by",
    "requested",
    "expires",
)


def _guard(table: str, name: str, change: Change, columns: tuple[str, ...] = (), condition: str = "") -> RowGuard:
    message = "the register of keys is not changed"
    return RowGuard(f"{table}_{name}", table, change, message, columns=columns, condition=condition)


GUARDS: Final = (
    _guard("kmc_keys", "no_delete", Change.DELETE),
    _guard("kmc_keys", "no_change", Change.UPDATE, ("key_id", "public_key", "made")),
    _guard("kmc_keys", "assigned_once", Change.UPDATE, _ASSIGNMENT, "OLD.authority IS NOT NULL"),
    _guard(
        "kmc_keys",
        "not_back_in_store",
        Change.UPDATE,
        ("state",),
        "OLD.state <> 'pooled' AND NEW.state = 'pooled'",
    ),
    _guard("kmc_keys", "final", Change.UPDATE, (), "OLD.state = 'destroyed'"),
    _guard(
        "kmc_keys",
        "handed_out_once",
        Change.UPDATE,
        ("enveloped",),
        "OLD.enveloped IS NOT NULL AND NEW.state <> 'destroyed'",
    ),
    _guard("kmc_recoveries", "no_delete", Change.DELETE),
    _guard("kmc_recoveries", "no_change", Change.UPDATE, _ORDER),
    _guard(
        "kmc_recoveries",
        "approved_once",
        Change.UPDATE,
        ("approved_by", "approved"),
        "OLD.approved IS NOT NULL AND OLD.approved_by <> NEW.approved_by",
    ),
    _guard(
        "kmc_recoveries", "two_officers", Change.UPDATE, ("approved_by",), "NEW.approved_by = OLD.requested_by"
    ),
    _guard("kmc_recoveries", "final", Change.UPDATE, (), "OLD.state IN ('delivered', 'rejected')"),
)


def key_from(row: sa.Row[Any]) -> EscrowedKey:
    """The pair a row of ``KEYS`` records.

    Raises:
        RecordDamagedError: It holds what was never written there.
    """
    try:
        assignment = None
        if row.authority is not None:
            assignment = Assignment(
                row.authority,
                SerialNumber.parse(row.serial),
                row.request_key,
                PublicKey(row.recipient),
                time_from(row.not_after),
                time_from(row.assigned),
            )
        return EscrowedKey(
            bytes.fromhex(row.key_id),
            EscrowState(row.state),
            PublicKey(row.public_key),
            row.wrapped,
            time_from(row.made),
            assignment,
            row.enveloped,
        )
    except (TypeError, ValueError) as exc:
        raise RecordDamagedError(f"row {row.position} of the pairs cannot be read") from exc


def recovery_from(row: sa.Row[Any]) -> Recovery:
    """The recovery a row of ``RECOVERIES`` records. Raises as ``key_from``."""
    try:
        order = RecoveryOrder(
            RecoveryKind(row.kind),
            row.authority,
            SerialNumber.parse(row.serial),
            PublicKey(row.recipient),
            row.reason,
            row.case_reference,
        )
        return Recovery(
            bytes.fromhex(row.recovery_id),
            order,
            bytes.fromhex(row.key_id),
            RecoveryState(row.state),
            row.requested_by,
            time_from(row.requested),
            time_from(row.expires),
            row.approved_by,
            time_from(row.approved) if row.approved else None,
            row.enveloped,
            time_from(row.delivered) if row.delivered else None,
        )
    except (TypeError, ValueError) as exc:
        raise RecordDamagedError(f"row {row.position} of the recoveries cannot be read") from exc
