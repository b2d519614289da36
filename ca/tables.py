"""Tables of the authority's record, the guards on them, and how rows become values."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from ca.errors import RecordDamagedError
from ca.model import (
    TRANSITIONS,
    CertificateRecord,
    CertificateStanding,
    CertificateState,
    CrlRecord,
    ListHead,
    Revocation,
    SerialNumber,
    StatusChange,
)
from formats.gbt20518 import RevocationReason
from formats.register_file import ROW_NUMBER, AuditTable, time_from
from formats.register_guards import Change, RowGuard

METADATA = sa.MetaData()
CERTIFICATES = sa.Table(
    "ca_certificates",
    METADATA,
    sa.Column("position", ROW_NUMBER, primary_key=True),
    sa.Column("authority", sa.String(40), nullable=False),
    sa.Column("serial", sa.String(40), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("profile", sa.String(48), nullable=False),
    sa.Column("request_key", sa.String(128), nullable=False),
    sa.Column("request_digest", sa.LargeBinary(32), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("not_after", sa.String(20), nullable=False),
    sa.Column("intended_at", sa.String(20), nullable=False),
    sa.Column("tbs", sa.LargeBinary, nullable=False),
    sa.Column("encoded", sa.LargeBinary),
    sa.Column("revoked_at", sa.String(20)),
    sa.Column("reason", sa.Integer),
    sa.Column("invalidity_date", sa.String(20)),
    sa.Column("lifted_at", sa.String(20)),
    sa.Column("list_name", sa.String(24), nullable=False),
    sa.Column("changed", ROW_NUMBER),
    sa.Column("list_changed", ROW_NUMBER),
    sa.UniqueConstraint("authority", "serial"),
    sa.UniqueConstraint("authority", "request_key"),
    sa.Index("ca_certificates_by_position", "authority", "position"),
    sa.Index("ca_certificates_by_state", "authority", "state", "position"),
    sa.Index("ca_certificates_by_change", "authority", "changed"),
    sa.Index("ca_certificates_by_expiry", "authority", "list_name", "not_after"),
)
"""``changed`` is the number of the last change of state (``model.StatusChange``), which status services and delta
lists follow; ``list_changed`` is the same for changes that concern lists, null before the first."""
_C: Final = CERTIFICATES.c
_LISTED: Final = _C.revoked_at.is_not(None)
_TOUCHED: Final = _C.list_changed.is_not(None)
# All that a list needs stands in the index, so that a long one is read without touching the certificates.
sa.Index(
    "ca_certificates_listed",
    _C.authority,
    _C.list_name,
    _C.serial,
    _C.revoked_at,
    _C.reason,
    _C.invalidity_date,
    _C.not_after,
    _C.list_changed,
    sqlite_where=_LISTED,
    postgresql_where=_LISTED,
)
sa.Index(
    "ca_certificates_by_list_change",
    _C.authority,
    _C.list_name,
    _C.list_changed,
    sqlite_where=_TOUCHED,
    postgresql_where=_TOUCHED,
)
STANDING_COLUMNS: Final[tuple[sa.Column[Any], ...]] = tuple(
    CERTIFICATES.c[name]
    for name in (
        "position",
        "serial",
        "state",
        "not_after",
        "intended_at",
        "revoked_at",
        "reason",
        "invalidity_date",
    )
)
"""What ``standing_from`` needs: without the content, of which there is much."""
CRLS = sa.Table(
    "ca_crls",
    METADATA,
    sa.Column("authority", sa.String(40), primary_key=True),
    sa.Column("list_name", sa.String(24), primary_key=True),
    sa.Column("number", ROW_NUMBER, primary_key=True, autoincrement=False),
    sa.Column("base", ROW_NUMBER, primary_key=True, autoincrement=False),
    sa.Column("this_update", sa.String(20), nullable=False),
    sa.Column("next_update", sa.String(20), nullable=False),
    sa.Column("changed", ROW_NUMBER, nullable=False),
    sa.Column("entries", ROW_NUMBER, nullable=False),
    sa.Column("signature", sa.LargeBinary),
    sa.Column("tbs", sa.LargeBinary, nullable=False),
)
"""``base`` is 0 for a full list. Octets stand last, since a list of a million entries has 50 MB of them."""
HEAD: Final = tuple(column for column in CRLS.c if column.name not in {"signature", "tbs"})
RETIRED = sa.Table(
    "ca_retired",
    METADATA,
    sa.Column("authority", sa.String(40), primary_key=True),
    sa.Column("successor", sa.String(40), nullable=False),
    sa.Column("retired_at", sa.String(20), nullable=False),
)
"""Authorities whose key signs revocation lists and nothing else any more."""
AUDIT = AuditTable(METADATA, "ca_audit")
AUDIT_ROWS = METADATA.tables["ca_audit"]

_FINAL: Final = ", ".join(f"'{state}'" for state, ways in TRANSITIONS.items() if not ways)
_IDENTITY: Final = (
    "authority",
    "serial",
    "profile",
    "request_key",
    "request_digest",
    "subject",
    "not_after",
    "intended_at",
    "tbs",
    "list_name",
)
_STATE: Final = ("state", "revoked_at", "reason", "invalidity_date", "lifted_at", "changed", "list_changed")
_HEAD: Final = ("authority", "list_name", "number", "base", "this_update", "next_update", "changed", "entries")


def _guard(table: str, name: str, change: Change, columns: tuple[str, ...] = (), condition: str = "") -> RowGuard:
    message = "the record of the authority is not changed"
    return RowGuard(f"{table}_{name}", table, change, message, columns=columns, condition=condition)


GUARDS: Final = (
    _guard("ca_certificates", "no_delete", Change.DELETE),
    _guard("ca_certificates", "no_change", Change.UPDATE, _IDENTITY),
    _guard("ca_certificates", "signed_once", Change.UPDATE, ("encoded",), "OLD.encoded IS NOT NULL"),
    _guard("ca_certificates", "final_state", Change.UPDATE, _STATE, f"OLD.state IN ({_FINAL})"),
    _guard("ca_certificates", "forward", Change.UPDATE, ("changed",), "NEW.changed <= OLD.changed"),
    _guard("ca_retired", "no_delete", Change.DELETE),
    _guard("ca_retired", "no_change", Change.UPDATE),
    _guard("ca_crls", "no_delete", Change.DELETE),
    _guard("ca_crls", "no_change", Change.UPDATE, (*_HEAD, "tbs")),
    _guard("ca_crls", "signed_once", Change.UPDATE, ("signature",), "OLD.signature IS NOT NULL"),
)


def record_from(row: sa.Row[Any]) -> CertificateRecord:
    """The certificate a row of ``CERTIFICATES`` records.

    Raises:
        RecordDamagedError: It holds what was never written there.
    """
    try:
        return _record_from(row)
    except (TypeError, ValueError) as exc:
        raise RecordDamagedError(f"row {row.position} of the certificates cannot be read") from exc


def standing_from(row: sa.Row[Any]) -> CertificateStanding:
    """How the certificate of a row of ``CERTIFICATES`` stands.

    Raises:
        RecordDamagedError: It holds what was never written there.
    """
    try:
        return CertificateStanding(
            CertificateState(row.state),
            time_from(row.not_after),
            time_from(row.intended_at),
            revocation_from(row),
        )
    except (TypeError, ValueError) as exc:
        raise RecordDamagedError(f"row {row.position} of the certificates cannot be read") from exc


def revocation_from(row: Any) -> Revocation | None:
    """Since when and why the certificate of a row is on the list.

    Raises:
        ValueError: The row holds what was never written there.
    """
    if row.revoked_at is None:
        return None
    return Revocation(
        time_from(row.revoked_at),
        RevocationReason(row.reason),
        time_from(row.invalidity_date) if row.invalidity_date else None,
    )


def _record_from(row: sa.Row[Any]) -> CertificateRecord:
    return CertificateRecord(
        authority=row.authority,
        serial=SerialNumber.parse(row.serial),
        state=CertificateState(row.state),
        profile=row.profile,
        request_key=row.request_key,
        request_digest=row.request_digest,
        subject=row.subject,
        not_after=time_from(row.not_after),
        intended_at=time_from(row.intended_at),
        tbs=row.tbs,
        encoded=row.encoded,
        revocation=revocation_from(row),
        list_name=row.list_name,
    )


def change_from(row: Any) -> StatusChange:
    """The last change of the certificate in a row.

    Raises:
        RecordDamagedError: It holds what was never written there.
    """
    try:
        return StatusChange(
            number=row.changed,
            serial=SerialNumber.parse(row.serial),
            state=CertificateState(row.state),
            not_after=time_from(row.not_after),
            revocation=revocation_from(row),
        )
    except (TypeError, ValueError) as exc:
        raise RecordDamagedError(f"row {row.position} of the certificates cannot be read") from exc


def head_from(row: sa.Row[Any]) -> ListHead:
    """The list a row with the columns ``HEAD`` tells of."""
    return ListHead(
        authority=row.authority,
        list_name=row.list_name,
        number=row.number,
        base=row.base or None,
        this_update=time_from(row.this_update),
        next_update=time_from(row.next_update),
        changed=row.changed,
        entries=row.entries,
    )


def crl_from(row: sa.Row[Any]) -> CrlRecord:
    """The list a row of ``CRLS`` records."""
    return CrlRecord(head_from(row), row.tbs, row.signature)
