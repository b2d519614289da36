"""Tables of the answers signed beforehand."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from ca.errors import RecordDamagedError
from ca.model import SerialNumber
from ca.status.model import StoredAnswer, refresh_at
from formats.register_file import ROW_NUMBER, AuditTable, time_from, time_text

METADATA = sa.MetaData()
ANSWERS: Final = sa.Table(
    "status_answers",
    METADATA,
    sa.Column("authority", sa.String(40), primary_key=True),
    sa.Column("algorithm", sa.String(32), primary_key=True),
    sa.Column("serial", sa.String(40), primary_key=True),
    sa.Column("cert_id", sa.LargeBinary, nullable=False),
    sa.Column("this_update", sa.String(20), nullable=False),
    sa.Column("next_update", sa.String(20), nullable=False),
    sa.Column("refresh_at", sa.String(20), nullable=False),
    sa.Column("change", ROW_NUMBER, nullable=False),
    sa.Column("encoded", sa.LargeBinary, nullable=False),
    sa.Index("status_answers_by_time", "authority", "refresh_at"),
)
PROGRESS: Final = sa.Table(
    "status_progress",
    METADATA,
    sa.Column("authority", sa.String(40), primary_key=True),
    sa.Column("change", ROW_NUMBER, nullable=False),
)
AUDIT: Final = AuditTable(METADATA, "status_audit")


def answer_row(authority: str, answer: StoredAnswer) -> dict[str, Any]:
    """The row of an answer."""
    return {
        "authority": authority,
        "algorithm": answer.algorithm,
        "serial": str(answer.serial),
        "cert_id": answer.cert_id,
        "this_update": time_text(answer.this_update),
        "next_update": time_text(answer.next_update),
        "refresh_at": time_text(refresh_at(answer.this_update, answer.next_update)),
        "change": answer.change,
        "encoded": answer.encoded,
    }


def answer_from(row: sa.Row[Any]) -> StoredAnswer:
    """The answer a row holds.

    Raises:
        RecordDamagedError: It holds what was never written there.
    """
    try:
        return StoredAnswer(
            serial=SerialNumber.parse(row.serial),
            cert_id=row.cert_id,
            algorithm=row.algorithm,
            this_update=time_from(row.this_update),
            next_update=time_from(row.next_update),
            change=row.change,
            encoded=row.encoded,
        )
    except (TypeError, ValueError) as exc:
        raise RecordDamagedError("an answer signed beforehand cannot be read") from exc
