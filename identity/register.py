"""The identity register, in a SQLite file or PostgreSQL; how it is opened is told in ``formats.register_file``.

No number of a person is in it: persons are keyed hashes, officers are named as their authority names them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from formats.gb32100 import CreditCode
from formats.register_file import AuditTable, RegisterStore, insert_into, time_from, time_text
from identity.entitlement import Delegation, Officer, Representation
from identity.model import Action, Capacity, OfficerId, RoleGrant, Validity
from identity.number_hash import NumberHash

SCHEMA_VERSION: Final = 1

_metadata = sa.MetaData()
_officers = sa.Table(
    "officers",
    _metadata,
    sa.Column("officer_id", sa.String(64), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("person", sa.String(100), nullable=False, index=True),
    sa.Column("authority", sa.String(18), nullable=False, index=True),
    sa.Column("since", sa.String(20), nullable=False),
    sa.Column("until", sa.String(20)),
)
_grants = sa.Table(
    "role_grants",
    _metadata,
    sa.Column("officer_id", sa.String(64), sa.ForeignKey("officers.officer_id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("role", sa.String(64), nullable=False),
    sa.Column("since", sa.String(20), nullable=False),
    sa.Column("until", sa.String(20)),
)
_delegations = sa.Table(
    "delegations",
    _metadata,
    sa.Column("delegation_id", sa.String(64), primary_key=True),
    sa.Column("delegator", sa.String(64), sa.ForeignKey("officers.officer_id"), nullable=False),
    sa.Column("delegate", sa.String(64), sa.ForeignKey("officers.officer_id"), nullable=False, index=True),
    sa.Column("actions", sa.Text, nullable=False),
    sa.Column("since", sa.String(20), nullable=False),
    sa.Column("until", sa.String(20), nullable=False),
    sa.Column("revoked_at", sa.String(20)),
)
_representations = sa.Table(
    "representations",
    _metadata,
    sa.Column("legal_person", sa.String(18), primary_key=True),
    sa.Column("person", sa.String(100), primary_key=True),
    sa.Column("capacity", sa.String(32), primary_key=True),
    sa.Column("since", sa.String(20), primary_key=True),
    sa.Column("until", sa.String(20)),
)
_audit = AuditTable(_metadata, "identity_audit")


class IdentityRegister(RegisterStore["RegisterTransaction"]):
    """``ports.IdentityStore`` in a register.

    Args:
        address: A file, ``:memory:`` for tests, or a URL of PostgreSQL.
        credit_code_exceptions: Credit codes accepted although their check character is wrong.
    """

    def __init__(self, address: str, *, credit_code_exceptions: frozenset[str] = frozenset()) -> None:
        super().__init__(
            address,
            _metadata,
            _audit,
            layout="identity-register",
            version=SCHEMA_VERSION,
            begin=lambda connection: RegisterTransaction(connection, credit_code_exceptions),
        )


class RegisterTransaction:
    """``ports.Transaction`` on one connection."""

    def __init__(self, connection: sa.Connection, exceptions: frozenset[str]) -> None:
        self._connection = connection
        self._exceptions = exceptions

    def has_officers(self) -> bool:
        """Whether any officer was ever registered."""
        return self._connection.execute(sa.select(_officers.c.officer_id).limit(1)).first() is not None

    def officer(self, officer_id: OfficerId) -> Officer | None:
        """An officer, in office or not."""
        row = self._connection.execute(
            sa.select(_officers).where(_officers.c.officer_id == officer_id.text)
        ).one_or_none()
        if row is None:
            return None
        grants = self._connection.execute(
            sa.select(_grants).where(_grants.c.officer_id == officer_id.text).order_by(_grants.c.position)
        )
        return Officer(
            officer_id=officer_id,
            name=row.name,
            person=NumberHash.parse(row.person),
            authority=CreditCode.parse(row.authority, exceptions=self._exceptions),
            office=_validity(row),
            grants=tuple(RoleGrant(grant.role, _validity(grant)) for grant in grants),
        )

    def save_officer(self, officer: Officer) -> None:
        """Record an officer, new or changed."""
        key = officer.officer_id.text
        self._upsert(
            _officers,
            {
                "officer_id": key,
                "name": officer.name,
                "person": str(officer.person),
                "authority": str(officer.authority),
                **_times(officer.office),
            },
        )
        self._connection.execute(_grants.delete().where(_grants.c.officer_id == key))
        for position, grant in enumerate(officer.grants):
            self._connection.execute(
                _grants.insert().values(
                    officer_id=key, position=position, role=grant.role, **_times(grant.validity)
                )
            )

    def delegation(self, delegation_id: str) -> Delegation | None:
        """A delegation, in force or not."""
        found = self._delegations(_delegations.c.delegation_id == delegation_id)
        return found[0] if found else None

    def delegations_to(self, delegate: OfficerId) -> Sequence[Delegation]:
        """Delegations an officer received."""
        return self._delegations(_delegations.c.delegate == delegate.text)

    def save_delegation(self, delegation: Delegation) -> None:
        """Record a delegation, new or revoked."""
        self._upsert(
            _delegations,
            {
                "delegation_id": delegation.delegation_id,
                "delegator": delegation.delegator.text,
                "delegate": delegation.delegate.text,
                "actions": ",".join(sorted(delegation.actions)),
                "revoked_at": None if delegation.revoked_at is None else time_text(delegation.revoked_at),
                **_times(delegation.validity),
            },
        )

    def representations(self, legal_person: CreditCode, person: NumberHash) -> Sequence[Representation]:
        """Capacities of a person for a legal person."""
        table = _representations
        rows = self._connection.execute(
            sa.select(table)
            .where(table.c.legal_person == str(legal_person), table.c.person == str(person))
            .order_by(table.c.since, table.c.capacity)
        )
        return [Representation(legal_person, person, Capacity(row.capacity), _validity(row)) for row in rows]

    def save_representation(self, representation: Representation) -> None:
        """Record a capacity, new or with another end."""
        self._upsert(
            _representations,
            {
                "legal_person": str(representation.legal_person),
                "person": str(representation.person),
                "capacity": str(representation.capacity),
                **_times(representation.validity),
            },
        )

    def append_audit(self, at: datetime, actor: str, event: str, details: Mapping[str, str | int | None]) -> None:
        """Add an entry to the audit trail."""
        _audit.append(self._connection, at=at, actor=actor, event=event, details=details)

    def _delegations(self, condition: sa.ColumnElement[bool]) -> list[Delegation]:
        query = sa.select(_delegations).where(condition).order_by(_delegations.c.delegation_id)
        return [
            Delegation(
                delegation_id=row.delegation_id,
                delegator=OfficerId(row.delegator),
                delegate=OfficerId(row.delegate),
                actions=frozenset(Action(action) for action in row.actions.split(",")),
                validity=_validity(row),
                revoked_at=None if row.revoked_at is None else time_from(row.revoked_at),
            )
            for row in self._connection.execute(query)
        ]

    def _upsert(self, table: sa.Table, values: Mapping[str, Any]) -> None:
        keys = [column.name for column in table.primary_key]
        rest = {name: value for name, value in values.items() if name not in keys}
        statement = insert_into(self._connection, table).values(**values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))


def _times(validity: Validity) -> dict[str, str | None]:
    until = validity.until
    return {"since": time_text(validity.since), "until": None if until is None else time_text(until)}


def _validity(row: Any) -> Validity:
    return Validity(time_from(row.since), None if row.until is None else time_from(row.until))
