"""Tables of the time-stamp register, and how rows become values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from ca.time_stamping.clock_model import ClockEvent, ClockState
from ca.time_stamping.errors import StampRegisterError
from ca.time_stamping.model import GivenStamp, SerialBlock, number_of
from ca.time_stamping.ports import ClockChange
from formats.register_file import ROW_NUMBER, AuditTable, time_from
from formats.register_guards import Change, RowGuard

METADATA = sa.MetaData()
BLOCKS = sa.Table(
    "time_stamp_blocks",
    METADATA,
    sa.Column("first_number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("salt", sa.String(16), nullable=False),
    sa.Column("reserved_at", sa.String(20), nullable=False),
)
STAMPS = sa.Table(
    "time_stamp_stamps",
    METADATA,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("serial", sa.String(32), nullable=False),
    sa.Column("in_group", sa.BigInteger, nullable=False),
    sa.Column("at", sa.String(27), nullable=False),
    sa.Column("policy", sa.String(128), nullable=False),
    sa.Column("digest_algorithm", sa.String(64), nullable=False),
    sa.Column("imprint", sa.LargeBinary(64), nullable=False),
    sa.Column("token", sa.LargeBinary(32), nullable=False),
    sa.Index("time_stamp_stamps_by_group", "in_group", "number"),
)
CLOCK = sa.Table(
    "time_stamp_clock",
    METADATA,
    sa.Column("number", ROW_NUMBER, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(20), nullable=False),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(1000), nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
)
AUDIT = AuditTable(METADATA, "time_stamp_audit")
AUDIT_ROWS = METADATA.tables["time_stamp_audit"]

GUARDS: Final = tuple(
    RowGuard(f"{table.name}_no_{change}", table.name, change, "the register of time stamps is append-only")
    for table in (BLOCKS, STAMPS, CLOCK)
    for change in Change
)


def moment_text(moment: datetime) -> str:
    """How the register writes the time of a stamp: UTC, microseconds, sortable."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_from(text: str) -> datetime:
    """The moment the register wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def stamp_row(stamp: GivenStamp, group: int) -> dict[str, str | int | bytes]:
    """The row of a stamp."""
    return {
        "number": number_of(stamp.serial),
        "serial": f"{stamp.serial:032x}",
        "in_group": group,
        "at": moment_text(stamp.at),
        "policy": stamp.policy,
        "digest_algorithm": stamp.digest_algorithm,
        "imprint": stamp.imprint,
        "token": stamp.token,
    }


def stamp_from(row: sa.Row[Any]) -> GivenStamp:
    """The stamp of a row.

    Raises:
        StampRegisterError: It holds what was never written there.
    """
    try:
        return GivenStamp(
            serial=int(row.serial, 16),
            at=moment_from(row.at),
            policy=row.policy,
            digest_algorithm=row.digest_algorithm,
            imprint=bytes(row.imprint),
            token=bytes(row.token),
        )
    except (TypeError, ValueError) as exc:
        raise StampRegisterError(f"row {row.number} of the time stamps cannot be read") from exc


def block_from(row: sa.Row[Any]) -> SerialBlock:
    """The block of a row.

    Raises:
        StampRegisterError: It holds what was never written there.
    """
    try:
        return SerialBlock(row.first_number, row.size, int(row.salt, 16))
    except (TypeError, ValueError) as exc:
        raise StampRegisterError("a block of serial numbers cannot be read") from exc


def clock_change_from(row: sa.Row[Any]) -> ClockChange:
    """The change of a row.

    Raises:
        StampRegisterError: It holds what was never written there.
    """
    try:
        return ClockChange(
            row.number, time_from(row.at), ClockEvent(row.event), ClockState(row.state), row.reason, row.actor
        )
    except (TypeError, ValueError) as exc:
        raise StampRegisterError(f"row {row.number} of the clock's changes cannot be read") from exc
