"""Tables of the desk's record, the guards over them, and how rows become values."""

from __future__ import annotations

import json
from typing import Any, Final

import sqlalchemy as sa

from ca.errors import RecordDamagedError, RefusedError
from ca.model import SerialNumber
from ca.registration.model import (
    TRANSITIONS,
    Application,
    ApplicationId,
    ApplicationKind,
    ApplicationRecord,
    ApplicationState,
    Decision,
    IssuePlan,
)
from ca.registration.ports import ProvidedKey
from crypto import InvalidKeyError, PublicKey, sm3
from formats.errors import MalformedDataError
from formats.gbt20518 import GeneralNameKind, Validity, read_name
from formats.gbt20518.alternative_name import AlternativeName
from formats.gbt20518.identity import IdentityKind, IdentityNumber
from formats.register_file import ROW_NUMBER, AuditTable, time_from, time_text
from formats.register_guards import Change, RowGuard

METADATA = sa.MetaData()
APPLICATIONS = sa.Table(
    "registration_applications",
    METADATA,
    sa.Column("position", ROW_NUMBER, primary_key=True),
    sa.Column("authority", sa.String(40), nullable=False),
    sa.Column("id", sa.String(32), nullable=False),
    sa.Column("request_key", sa.String(128), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("profile", sa.String(48), nullable=False),
    sa.Column("subject", sa.LargeBinary, nullable=False),
    sa.Column("public_key", sa.LargeBinary(65), nullable=False),
    sa.Column("key_digest", sa.String(64), nullable=False),
    sa.Column("days", sa.Integer, nullable=False),
    sa.Column("clerk", sa.Text, nullable=False),
    sa.Column("request", sa.LargeBinary, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("credit_code", sa.Text),
    sa.Column("alternative_names", sa.Text, nullable=False),
    sa.Column("identity_numbers", sa.Text, nullable=False),
    sa.Column("replaces", sa.String(40)),
    sa.Column("overlap_days", sa.Integer),
    sa.Column("applied_at", sa.String(20), nullable=False),
    sa.Column("expires_at", sa.String(20), nullable=False),
    sa.Column("reviewer", sa.Text),
    sa.Column("decided_at", sa.String(20)),
    sa.Column("reason", sa.Text),
    sa.Column("not_before", sa.String(20)),
    sa.Column("not_after", sa.String(20)),
    sa.Column("signing_serial", sa.String(40)),
    sa.Column("encryption_serial", sa.String(40)),
    sa.Column("encryption_public_key", sa.LargeBinary(65)),
    sa.Column("enveloped_key", sa.LargeBinary),
    sa.Column("superseded_at", sa.String(20)),
    sa.UniqueConstraint("authority", "id"),
    sa.UniqueConstraint("authority", "request_key"),
    sa.Index("registration_applications_by_state", "authority", "state", "position"),
    sa.Index("registration_applications_by_key", "authority", "key_digest"),
    sa.Index("registration_applications_by_signing", "authority", "signing_serial"),
    sa.Index("registration_applications_by_encryption", "authority", "encryption_serial"),
)
AUDIT = AuditTable(METADATA, "registration_audit")
AUDIT_ROWS = METADATA.tables["registration_audit"]

_ASKED: Final = tuple(
    name
    for name in APPLICATIONS.c.keys()[: APPLICATIONS.c.keys().index("reviewer")]
    if name not in {"position", "state"}
)
_DECIDED: Final = (
    "reviewer",
    "decided_at",
    "reason",
    "not_before",
    "not_after",
    "signing_serial",
    "encryption_serial",
)
_FINAL: Final = ", ".join(f"'{state}'" for state, ways in TRANSITIONS.items() if not ways)


def _guard(name: str, change: Change, columns: tuple[str, ...] = (), condition: str = "") -> RowGuard:
    table, message = APPLICATIONS.name, "the record of the registration desk is not changed"
    return RowGuard(f"{table}_{name}", table, change, message, columns=columns, condition=condition)


GUARDS: Final = (
    _guard("no_delete", Change.DELETE),
    _guard("no_change", Change.UPDATE, _ASKED),
    _guard("decided_once", Change.UPDATE, _DECIDED, "OLD.decided_at IS NOT NULL"),
    _guard("key_once", Change.UPDATE, ("encryption_public_key", "enveloped_key"), "OLD.enveloped_key IS NOT NULL"),
    _guard("superseded_once", Change.UPDATE, ("superseded_at",), "OLD.superseded_at IS NOT NULL"),
    _guard("final", Change.UPDATE, ("state",), f"OLD.state IN ({_FINAL})"),
)


def key_digest(public_key: PublicKey) -> str:
    """How a key is looked up: SM3 of its point, hexadecimal."""
    return sm3(public_key.point).hex()


def row_of(authority: str, record: ApplicationRecord) -> dict[str, Any]:
    """The row of a new application."""
    application = record.application
    return {
        "authority": authority,
        "id": str(record.id),
        "request_key": application.key,
        "kind": str(application.kind),
        "state": str(record.state),
        "profile": application.profile,
        "subject": application.subject.encoded,
        "public_key": application.public_key.point,
        "key_digest": key_digest(application.public_key),
        "days": application.days,
        "clerk": application.clerk,
        "request": application.request,
        "evidence": application.evidence,
        "credit_code": application.credit_code,
        "alternative_names": json.dumps([[int(each.kind), each.text] for each in application.alternative_names]),
        "identity_numbers": json.dumps([[str(each.kind), each.text] for each in application.identity]),
        "replaces": str(application.replaces) if application.replaces else None,
        "overlap_days": application.overlap_days,
        "applied_at": time_text(record.applied_at),
        "expires_at": time_text(record.expires_at),
    }


def decided_columns(decision: Decision, plan: IssuePlan | None) -> dict[str, Any]:
    """The columns a decision fills."""
    columns: dict[str, Any] = {
        "reviewer": decision.reviewer,
        "decided_at": time_text(decision.at),
        "reason": decision.reason,
    }
    if plan is not None:
        columns["not_before"] = time_text(plan.validity.not_before)
        columns["not_after"] = time_text(plan.validity.not_after)
        columns["signing_serial"] = str(plan.signing_serial)
        columns["encryption_serial"] = str(plan.encryption_serial) if plan.encryption_serial else None
    return columns


def record_from(row: sa.Row[Any]) -> ApplicationRecord:
    """The application a row records.

    Raises:
        RecordDamagedError: It holds what was never written there.
    """
    try:
        return ApplicationRecord(
            id=ApplicationId(row.id),
            application=_application_from(row),
            state=ApplicationState(row.state),
            applied_at=time_from(row.applied_at),
            expires_at=time_from(row.expires_at),
            decision=_decision_from(row),
            plan=_plan_from(row),
            superseded_at=time_from(row.superseded_at) if row.superseded_at else None,
        )
    except (TypeError, ValueError, KeyError, MalformedDataError, InvalidKeyError, RefusedError):
        # Without a cause: it could quote the row.
        raise RecordDamagedError(f"row {row.position} of the applications cannot be read") from None


def _application_from(row: sa.Row[Any]) -> Application:
    return Application(
        key=row.request_key,
        kind=ApplicationKind(row.kind),
        profile=row.profile,
        subject=read_name(row.subject),
        public_key=PublicKey.from_point(row.public_key),
        days=row.days,
        clerk=row.clerk,
        request=row.request,
        evidence=row.evidence,
        credit_code=row.credit_code,
        alternative_names=tuple(
            AlternativeName(GeneralNameKind(kind), text) for kind, text in json.loads(row.alternative_names)
        ),
        identity=tuple(
            IdentityNumber(IdentityKind(kind), text) for kind, text in json.loads(row.identity_numbers)
        ),
        replaces=SerialNumber.parse(row.replaces) if row.replaces else None,
        overlap_days=row.overlap_days,
    )


def _decision_from(row: sa.Row[Any]) -> Decision | None:
    if row.decided_at is None:
        return None
    return Decision(row.reviewer, time_from(row.decided_at), row.reason)


def _plan_from(row: sa.Row[Any]) -> IssuePlan | None:
    if row.signing_serial is None:
        return None
    provided = None
    if row.enveloped_key is not None:
        provided = ProvidedKey(PublicKey.from_point(row.encryption_public_key), row.enveloped_key)
    return IssuePlan(
        validity=Validity(time_from(row.not_before), time_from(row.not_after)),
        signing_serial=SerialNumber.parse(row.signing_serial),
        encryption_serial=SerialNumber.parse(row.encryption_serial) if row.encryption_serial else None,
        encryption_key=provided,
    )
