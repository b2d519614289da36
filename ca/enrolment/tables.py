"""Tables of the enrolment register, the guards over them, and how rows become values."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from ca.enrolment.errors import ReferenceRefusedError
from ca.enrolment.model import TRANSITIONS, Enrolment, EnrolmentState, Reference
from ca.errors import RecordDamagedError
from ca.model import SerialNumber
from formats.errors import MalformedDataError
from formats.gbt20518 import read_name
from formats.register_file import ROW_NUMBER, AuditTable, time_from
from formats.register_guards import Change, RowGuard

METADATA = sa.MetaData()
REFERENCES = sa.Table(
    "enrolment_references",
    METADATA,
    sa.Column("position", ROW_NUMBER, primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("salt", sa.LargeBinary(16), nullable=False),
    sa.Column("profile", sa.String(48), nullable=False),
    sa.Column("subject", sa.LargeBinary, nullable=False),
    sa.Column("any_common_name", sa.Integer, nullable=False),
    sa.Column("credit_code", sa.String(18)),
    sa.Column("days", sa.Integer, nullable=False),
    sa.Column("uses", sa.Integer, nullable=False),
    sa.Column("used", sa.Integer, nullable=False),
    sa.Column("not_after", sa.String(20), nullable=False),
    sa.Column("withdrawn", sa.Integer, nullable=False),
)
ENROLMENTS = sa.Table(
    "enrolment_enrolments",
    METADATA,
    sa.Column("position", ROW_NUMBER, primary_key=True),
    sa.Column("transaction_id", sa.String(128), nullable=False, unique=True),
    sa.Column("reference", sa.String(64)),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("request_digest", sa.LargeBinary(32), nullable=False),
    sa.Column("serial", sa.String(40), nullable=False),
    sa.Column("request_id", sa.BigInteger, nullable=False),
    sa.Column("server_nonce", sa.LargeBinary(16), nullable=False),
    sa.Column("confirm_by", sa.String(20), nullable=False),
    sa.Column("started_at", sa.String(20), nullable=False),
    sa.Column("answer", sa.LargeBinary),
    sa.Index("enrolment_by_state", "state", "confirm_by"),
    sa.Index("enrolment_by_reference", "reference"),
)
AUDIT = AuditTable(METADATA, "enrolment_audit")

_FINAL: Final = ", ".join(f"'{state}'" for state, ways in TRANSITIONS.items() if not ways)
_KEPT: Final = "what enrolment recorded is not changed"
_OF_REFERENCE: Final = (
    "name", "salt", "profile", "subject", "any_common_name", "credit_code", "days", "uses", "not_after",
)  # fmt: skip
_OF_ENROLMENT: Final = (
    "transaction_id", "reference", "request_digest", "serial", "request_id", "server_nonce", "confirm_by",
    "started_at",
)  # fmt: skip
GUARDS: Final = (
    RowGuard("enrolment_references_no_delete", "enrolment_references", Change.DELETE, _KEPT),
    RowGuard("enrolment_references_no_change", "enrolment_references", Change.UPDATE, _KEPT, _OF_REFERENCE),
    RowGuard(
        "enrolment_references_no_return",
        "enrolment_references",
        Change.UPDATE,
        _KEPT,
        ("used", "withdrawn"),
        "NEW.used < OLD.used OR NEW.withdrawn < OLD.withdrawn",
    ),
    RowGuard("enrolment_enrolments_no_delete", "enrolment_enrolments", Change.DELETE, _KEPT),
    RowGuard("enrolment_enrolments_no_change", "enrolment_enrolments", Change.UPDATE, _KEPT, _OF_ENROLMENT),
    RowGuard(
        "enrolment_enrolments_final",
        "enrolment_enrolments",
        Change.UPDATE,
        _KEPT,
        ("state", "answer"),
        f"OLD.state IN ({_FINAL})",
    ),
)


def reference_from(row: sa.Row[Any]) -> Reference:
    """The reference of a row.

    Raises:
        RecordDamagedError: It holds what was never written there.
    """
    try:
        return Reference(
            name=row.name,
            salt=bytes(row.salt),
            profile=row.profile,
            subject=read_name(bytes(row.subject)),
            any_common_name=bool(row.any_common_name),
            credit_code=row.credit_code,
            days=row.days,
            uses=row.uses,
            not_after=time_from(row.not_after),
            used=row.used,
            is_withdrawn=bool(row.withdrawn),
        )
    except (TypeError, ValueError, MalformedDataError, ReferenceRefusedError) as exc:
        raise RecordDamagedError(f"row {row.position} of the references cannot be read") from exc


def enrolment_from(row: sa.Row[Any]) -> Enrolment:
    """The enrolment of a row.

    Raises:
        RecordDamagedError: It holds what was never written there.
    """
    try:
        return Enrolment(
            transaction_id=bytes.fromhex(row.transaction_id),
            reference=row.reference,
            state=EnrolmentState(row.state),
            request_digest=bytes(row.request_digest),
            serial=SerialNumber.parse(row.serial),
            request_id=row.request_id,
            server_nonce=bytes(row.server_nonce),
            confirm_by=time_from(row.confirm_by),
            started_at=time_from(row.started_at),
            answer=bytes(row.answer or b""),
        )
    except (TypeError, ValueError) as exc:
        raise RecordDamagedError(f"row {row.position} of the enrolments cannot be read") from exc
