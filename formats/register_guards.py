"""Changes of rows that the database itself refuses, declared once for SQLite and PostgreSQL.

A guard is a trigger. It does not stop whoever owns the database, who can drop it; it stops a program with a fault
and everybody who may write rows and no more. What the owner changes, the hash chain of the audit trail shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

_FUNCTION: Final = "register_refuse"
_MAKE_FUNCTION: Final = (
    f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ "
    "BEGIN RAISE EXCEPTION '%%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$"
)


class Change(StrEnum):
    """What a guard refuses."""

    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class RowGuard:
    """One refusal. It comes as ``sqlalchemy.exc.IntegrityError`` with the message.

    On PostgreSQL a guard against DELETE refuses TRUNCATE of the table too.

    Attributes:
        name: Of the trigger, in small letters; unique in the database.
        table: Table it guards.
        change: What it refuses.
        message: What the refusal says; without a quotation mark.
        columns: For UPDATE: refuse only statements that set one of these; empty for any.
        condition: Refuse only for rows of which this holds: SQL both databases know, over ``OLD`` and ``NEW``,
            without a percent sign; empty for all.

    Raises:
        ValueError: At construction, for a name, message or combination that cannot be written down.
    """

    name: str
    table: str
    change: Change
    message: str
    columns: tuple[str, ...] = ()
    condition: str = ""

    def __post_init__(self) -> None:
        if not all(
            name.isidentifier() and name == name.lower() for name in (self.name, self.table, *self.columns)
        ):
            raise ValueError("names of guards, tables and columns are identifiers in small letters")
        if "'" in self.message or "%" in self.message + self.condition:
            raise ValueError("a guard's message has no quotation mark, its condition no percent sign")
        if self.columns and self.change is not Change.UPDATE:
            raise ValueError("columns are for guards against UPDATE")

    @property
    def _when(self) -> str:
        columns = f" OF {', '.join(self.columns)}" if self.columns else ""
        return f"BEFORE {self.change.upper()}{columns} ON {self.table} FOR EACH ROW" + (
            f" WHEN ({self.condition})" if self.condition else ""
        )

    def sqlite(self) -> str:
        """The trigger for SQLite."""
        return f"CREATE TRIGGER {self.name} {self._when} BEGIN SELECT RAISE(ABORT, '{self.message}'); END"

    def postgresql(self) -> Iterator[tuple[str, str]]:
        """Names and statements of the triggers for PostgreSQL."""
        run = f"EXECUTE FUNCTION {_FUNCTION}('{self.message}')"
        yield self.name, f"CREATE TRIGGER {self.name} {self._when} {run}"
        if self.change is Change.DELETE:
            name = f"{self.name}_all"
            yield name, f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {self.table} FOR EACH STATEMENT {run}"


def install_guards(connection: sa.Connection, guards: Sequence[RowGuard]) -> None:
    """Create the guards that are not there; where none is missing nothing is written.

    A guard of the same name stays as it is, so a guard that is to refuse something else needs a new name.
    """
    if connection.dialect.name == "sqlite":
        present = set(
            connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars()
        )
        wanted = [(guard.name, guard.sqlite()) for guard in guards]
    else:
        present = set(
            connection.exec_driver_sql(
                "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
                " WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace"
            ).scalars()
        )
        wanted = [pair for guard in guards for pair in guard.postgresql()]
        if any(name not in present for name, _ in wanted):
            connection.exec_driver_sql(_MAKE_FUNCTION)
    for name, statement in wanted:
        if name not in present:
            connection.exec_driver_sql(statement)
