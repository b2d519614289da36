"""The register of enrolment: references, enrolments, and their trail. It holds no secret.

How the register is opened and how its audit trail is chained is told in ``formats.register_file``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from ca.enrolment.errors import ReferenceRefusedError
from ca.enrolment.model import Enrolment, EnrolmentState, Reference
from ca.enrolment.tables import (
    AUDIT,
    ENROLMENTS,
    GUARDS,
    METADATA,
    REFERENCES,
    enrolment_from,
    reference_from,
)
from ca.model import SerialNumber
from formats.register_file import RegisterStore, time_text

SCHEMA_VERSION: Final = 1
_OPEN: Final = (str(EnrolmentState.STARTED), str(EnrolmentState.WAITING))


class EnrolmentRegister(RegisterStore["EnrolmentTransaction"]):
    """``ports.EnrolmentStore`` in a register.

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
            layout="enrolment-register",
            version=SCHEMA_VERSION,
            begin=EnrolmentTransaction,
            guards=GUARDS,
        )

    def reference(self, name: str) -> Reference | None:
        """A reference."""
        with self._engine.connect() as connection:
            return _reference(connection, name)

    def references(self) -> Sequence[Reference]:
        """All references, in the order they were added."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(REFERENCES).order_by(REFERENCES.c.position))
            return [reference_from(row) for row in rows]

    def enrolment(self, transaction_id: bytes) -> Enrolment | None:
        """The enrolment of a transaction."""
        with self._engine.connect() as connection:
            return _enrolment(connection, transaction_id)

    def unconfirmed(self, until: datetime, *, most: int) -> Sequence[Enrolment]:
        """Enrolments that should have been confirmed by then."""
        columns = ENROLMENTS.c
        query = sa.select(ENROLMENTS).where(columns.state.in_(_OPEN), columns.confirm_by < time_text(until))
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(columns.position).limit(most))
            return [enrolment_from(row) for row in rows]

    def serials_of(self, reference: str) -> frozenset[SerialNumber]:
        """Serial numbers of the certificates asked for under a reference."""
        query = sa.select(ENROLMENTS.c.serial).where(ENROLMENTS.c.reference == reference)
        with self._engine.connect() as connection:
            return frozenset(SerialNumber.parse(text) for text in connection.execute(query).scalars())


class EnrolmentTransaction:
    """``ports.Transaction`` on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add_reference(self, reference: Reference) -> None:
        """Record a reference."""
        if _reference(self._connection, reference.name) is not None:
            raise ReferenceRefusedError(f"there is a reference {reference.name} already")
        self._connection.execute(
            REFERENCES.insert().values(
                name=reference.name,
                salt=reference.salt,
                profile=reference.profile,
                subject=reference.subject.encoded,
                any_common_name=int(reference.any_common_name),
                credit_code=reference.credit_code,
                days=reference.days,
                uses=reference.uses,
                used=reference.used,
                not_after=time_text(reference.not_after),
                withdrawn=int(reference.is_withdrawn),
            )
        )

    def reference(self, name: str) -> Reference | None:
        """A reference."""
        return _reference(self._connection, name)

    def use_reference(self, name: str) -> None:
        """Count one use."""
        columns = REFERENCES.c
        self._connection.execute(REFERENCES.update().where(columns.name == name).values(used=columns.used + 1))

    def withdraw_reference(self, name: str) -> None:
        """End a reference."""
        self._connection.execute(REFERENCES.update().where(REFERENCES.c.name == name).values(withdrawn=1))

    def add_enrolment(self, enrolment: Enrolment) -> None:
        """Record an enrolment that starts."""
        self._connection.execute(
            ENROLMENTS.insert().values(
                transaction_id=enrolment.transaction_id.hex(),
                reference=enrolment.reference,
                state=str(enrolment.state),
                request_digest=enrolment.request_digest,
                serial=str(enrolment.serial),
                request_id=enrolment.request_id,
                server_nonce=enrolment.server_nonce,
                confirm_by=time_text(enrolment.confirm_by),
                started_at=time_text(enrolment.started_at),
            )
        )

    def enrolment(self, transaction_id: bytes) -> Enrolment | None:
        """The enrolment of a transaction."""
        return _enrolment(self._connection, transaction_id)

    def set_enrolment(self, transaction_id: bytes, state: EnrolmentState, answer: bytes | None) -> None:
        """Change a state, and attach the answer if there is one."""
        given = {} if answer is None else {"answer": answer}
        statement = ENROLMENTS.update().where(ENROLMENTS.c.transaction_id == transaction_id.hex())
        self._connection.execute(statement.values(state=str(state), **given))

    def append_audit(self, at: datetime, actor: str, event: str, details: Mapping[str, str | int | None]) -> None:
        """Add an entry to the audit trail."""
        AUDIT.append(self._connection, at=at, actor=actor, event=event, details=details)


def _reference(connection: sa.Connection, name: str) -> Reference | None:
    query = sa.select(REFERENCES).where(REFERENCES.c.name == name)
    row = None if "\0" in name else connection.execute(query).one_or_none()
    return None if row is None else reference_from(row)


def _enrolment(connection: sa.Connection, transaction_id: bytes) -> Enrolment | None:
    query = sa.select(ENROLMENTS).where(ENROLMENTS.c.transaction_id == transaction_id.hex())
    row = connection.execute(query).one_or_none()
    return None if row is None else enrolment_from(row)
