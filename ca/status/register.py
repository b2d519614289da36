"""Answers signed beforehand, in a register of their own: a SQLite file, or PostgreSQL.

Answers are replaced, so nothing guards them; what was signed when is in the trail, an entry for each batch. The
register can be made anew at any time: what is not there is due.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from ca.model import SerialNumber
from ca.status.model import StoredAnswer
from ca.status.tables import ANSWERS, AUDIT, METADATA, PROGRESS, answer_from, answer_row
from formats.register_file import RegisterStore, time_text

SCHEMA_VERSION: Final = 1
ACTOR: Final = "status-service"
_PORTION: Final = 500


class StatusRegister(RegisterStore[sa.Connection]):
    """``ports.AnswerStore`` in a register.

    Args:
        address: A file, ``:memory:`` for tests, or a URL of PostgreSQL.

    Raises:
        formats.register_errors.RegisterError: It cannot be opened, or has another layout.
    """

    def __init__(self, address: str) -> None:
        super().__init__(
            address, METADATA, AUDIT, layout="status-answers", version=SCHEMA_VERSION, begin=lambda own: own
        )

    def answers(self, authority: str, algorithm: str, serials: Sequence[SerialNumber]) -> Sequence[StoredAnswer]:
        """Answers for CertIDs of one digest."""
        columns = ANSWERS.c
        found = []
        with self._engine.connect() as connection:
            for part in _portions(serials):
                query = sa.select(ANSWERS).where(
                    columns.authority == authority,
                    columns.algorithm == algorithm,
                    columns.serial.in_([str(serial) for serial in part]),
                )
                found += [answer_from(row) for row in connection.execute(query)]
        return found

    def due(
        self, authority: str, algorithms: Sequence[str], *, now: datetime, most: int
    ) -> Sequence[SerialNumber]:
        """Certificates with an answer that is due again by its time."""
        columns = ANSWERS.c
        query = (
            sa.select(columns.serial)
            .where(
                columns.authority == authority,
                columns.refresh_at <= time_text(now),
                columns.algorithm.in_(list(algorithms)),
            )
            .order_by(columns.refresh_at)
            .limit(most)
        )
        with self._engine.connect() as connection:
            return list(dict.fromkeys(SerialNumber.parse(row.serial) for row in connection.execute(query)))

    def progress(self, authority: str) -> int:
        """Number of the last change on record that has reached the answers."""
        with self._engine.connect() as connection:
            query = sa.select(PROGRESS.c.change).where(PROGRESS.c.authority == authority)
            return int(connection.execute(query).scalar() or 0)

    def replace(
        self,
        authority: str,
        answers: Sequence[StoredAnswer],
        *,
        without: Sequence[SerialNumber],
        progress: int | None,
        at: datetime,
    ) -> None:
        """Put answers in place of those before, drop others, and note the progress."""
        columns = ANSWERS.c
        with self.transaction() as connection:
            for algorithm in {each.algorithm for each in answers}:
                own = [each for each in answers if each.algorithm == algorithm]
                for part in _portions([each.serial for each in own]):
                    _delete(connection, authority, part, columns.algorithm == algorithm)
            for part in _portions(without):
                _delete(connection, authority, part)
            if answers:
                connection.execute(ANSWERS.insert(), [answer_row(authority, each) for each in answers])
                details: dict[str, str | int | None] = {
                    "authority": authority,
                    "signed": len(answers),
                    "dropped": len(without),
                }
                AUDIT.append(connection, at=at, actor=ACTOR, event="answers-signed", details=details)
            if progress is not None:
                connection.execute(PROGRESS.delete().where(PROGRESS.c.authority == authority))
                connection.execute(PROGRESS.insert().values(authority=authority, change=progress))


def _delete(
    connection: sa.Connection,
    authority: str,
    serials: Sequence[SerialNumber],
    *conditions: sa.ColumnElement[bool],
) -> None:
    columns = ANSWERS.c
    of_these = columns.serial.in_([str(serial) for serial in serials])
    connection.execute(ANSWERS.delete().where(columns.authority == authority, of_these, *conditions))


def _portions(serials: Sequence[SerialNumber]) -> Iterator[Sequence[SerialNumber]]:
    return (serials[start : start + _PORTION] for start in range(0, len(serials), _PORTION))
