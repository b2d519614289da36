"""The register a domain keeps: tables with a hash-chained, append-only audit trail, in SQLite or PostgreSQL.

Each domain has its own tables and its own register; what they share is how it is opened so that a power cut loses
nothing that was committed, and how the audit trail lies in it, so that an auditor reads all of them alike:

* a commit is on the disk when it returns: write-ahead log and ``synchronous = FULL``, or a server with fsync;
* one writer at a time, from the start of its transaction: the trail's last value cannot change between reading it
  and appending to it; ``BEGIN IMMEDIATE``, or a lock held by the transaction;
* guards that refuse UPDATE and DELETE on the trail (``formats.register_guards``);
* a layout name and version, so that a program never writes into a register of another layout. A file holds one
  register; registers of several layouts can share a schema of PostgreSQL.

Where a register can live is told in ``formats.register_address``. Tables are of types both databases have:
``Text``, ``String``, ``Integer``, ``LargeBinary``, and ``ROW_NUMBER`` for what counts rows. PostgreSQL keeps
``String(n)`` to its length and takes no NUL in a text, so what comes from outside is bounded before it gets here;
a ``StrEnum`` is written as ``str(value)``.

Needs SQLAlchemy; only domains that keep registers import this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from formats.audit_trail import EMPTY_CHAIN, canonical_entry, extend_chain, first_break
from formats.register_address import (
    RegisterAddress,
    check_durable,
    engine_of,
    lock_for_opening,
    writing,
)
from formats.register_errors import RegisterFormatError
from formats.register_guards import Change, RowGuard, install_guards

ROW_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Type of a column that counts rows; on SQLite a primary key of it counts by itself."""
_LAYOUTS: Final = sa.Table(
    "register_layout",
    sa.MetaData(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)
_Transaction = TypeVar("_Transaction")
_PORTION: Final = 500
"""Values in one statement; SQLite takes a bounded number."""


class AuditTable:
    """The audit trail of one register.

    Args:
        metadata: The domain's table collection; the trail's table is added to it.
        name: Table name, for example ``"seal_audit"``.
    """

    def __init__(self, metadata: sa.MetaData, name: str) -> None:
        self._table = sa.Table(
            name,
            metadata,
            sa.Column("number", ROW_NUMBER, primary_key=True, autoincrement=False),
            sa.Column("entry", sa.LargeBinary, nullable=False),
            sa.Column("chain", sa.LargeBinary(32), nullable=False),
        )
        # As texts, since SQLAlchemy takes longer over each of them than the database does.
        self._insert = _as_text(self._table.insert())
        number = self._table.c.number
        highest = sa.select(sa.func.max(number)).scalar_subquery()
        self._last = _as_text(sa.select(number, self._table.c.chain).where(number == highest))

    def append(
        self,
        connection: sa.Connection,
        *,
        at: datetime,
        actor: str,
        event: str,
        details: Mapping[str, str | int | None],
    ) -> None:
        """Add an entry inside the caller's transaction."""
        self.append_all(connection, at=at, actor=actor, event=event, details=[details])

    def append_all(
        self,
        connection: sa.Connection,
        *,
        at: datetime,
        actor: str,
        event: str,
        details: Sequence[Mapping[str, str | int | None]],
    ) -> None:
        """Add one entry for each of ``details``, which are of one time, actor and event."""
        if not details:
            return
        last = connection.exec_driver_sql(self._last).one_or_none()
        number, chain = (0, EMPTY_CHAIN) if last is None else (last.number, last.chain)
        common = {"at": time_text(at), "actor": actor, "event": event}
        rows = []
        for own in details:
            number += 1
            entry = canonical_entry({**own, "number": number, **common})
            chain = extend_chain(chain, entry)
            rows.append((number, entry, chain))
        execute_many(connection, self._insert, rows)

    def first_break(self, connection: sa.Connection) -> int | None:
        """Index of the first entry that does not follow from those before, None if the trail is whole."""
        table = self._table
        rows = connection.execute(sa.select(table.c.number, table.c.entry, table.c.chain).order_by(table.c.number))
        # SQLite stores any type in any column; what is not octets was not written here.
        return first_break((row.entry if isinstance(row.entry, bytes) else b"", row.chain) for row in rows)

    @property
    def guards(self) -> Sequence[RowGuard]:
        """What refuses changes of the trail."""
        name = self._table.name
        return [
            RowGuard(f"{name}_no_{change}", name, change, "the audit trail is append-only") for change in Change
        ]


def open_register(
    address: str,
    metadata: sa.MetaData,
    audit: AuditTable,
    *,
    layout: str,
    version: int,
    guards: Sequence[RowGuard] = (),
) -> sa.Engine:
    """Open a register, creating it if it is new.

    Args:
        address: A file, ``:memory:``, or a URL of PostgreSQL; see ``formats.register_address``.
        metadata: The domain's tables.
        audit: Its audit trail.
        layout: Name of the layout, for example ``"seal-register"``.
        version: Version of the layout.
        guards: What its tables refuse besides changes of the trail.

    Returns:
        An engine to read with.

    Raises:
        RegisterAddressError: The address names no register.
        RegisterFormatError: The register has another layout or version, or the database cannot keep one.
        RegisterUnreachableError: The database does not answer.
    """
    place = RegisterAddress.parse(address)
    engine = engine_of(place)
    try:
        with writing(engine, layout).begin() as connection:
            check_durable(connection)
            lock_for_opening(connection)
            _settle_layout(connection, place, layout, version)
            _create_missing(connection, metadata)
            install_guards(connection, [*audit.guards, *guards])
    except BaseException:
        engine.dispose()
        raise
    return engine


def _create_missing(connection: sa.Connection, metadata: sa.MetaData) -> None:
    # By itself SQLAlchemy asks for each table singly.
    present = set(sa.inspect(connection).get_table_names())
    missing = [table for table in metadata.sorted_tables if table.name not in present]
    metadata.create_all(connection, tables=missing, checkfirst=False)


def _settle_layout(connection: sa.Connection, place: RegisterAddress, layout: str, version: int) -> None:
    _LAYOUTS.create(connection, checkfirst=True)
    query = sa.select(_LAYOUTS.c.name, _LAYOUTS.c.version)
    rows = connection.execute(query if place.is_file else query.where(_LAYOUTS.c.name == layout)).all()
    if not rows:
        connection.execute(_LAYOUTS.insert().values(name=layout, version=version))
    elif (found := rows[0]) != (layout, version):
        raise RegisterFormatError(
            f"{place} is a {found.name}, version {found.version}; a {layout}, version {version}, belongs here"
        )


class RegisterStore(Generic[_Transaction]):
    """An open register: what the store of every domain does alike.

    Args:
        address: A file, ``:memory:`` for tests, or a URL of PostgreSQL.
        metadata: The domain's tables.
        audit: Its audit trail.
        layout: Name of the layout, for example ``"seal-register"``.
        version: Version of the layout.
        begin: Makes the domain's transaction on a connection.
        guards: What its tables refuse besides changes of the trail.

    Raises:
        RegisterError: As ``open_register`` tells.
    """

    def __init__(
        self,
        address: str,
        metadata: sa.MetaData,
        audit: AuditTable,
        *,
        layout: str,
        version: int,
        begin: Callable[[sa.Connection], _Transaction],
        guards: Sequence[RowGuard] = (),
    ) -> None:
        self._engine = open_register(address, metadata, audit, layout=layout, version=version, guards=guards)
        self._writing = writing(self._engine, layout)
        self._audit = audit
        self._begin = begin

    @contextmanager
    def transaction(self) -> Iterator[_Transaction]:
        """Open a write transaction, the only one at its time; committed on normal exit.

        Raises:
            RegisterBusyError: Another writer did not finish in time.
            RegisterUnreachableError: The connection failed; at the end nobody knows whether the commit counts.
        """
        with self._writing.begin() as connection:
            yield self._begin(connection)

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """A connection whose every statement sees the register as it is at the first one."""
        with self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":  # SQLite does so of itself
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    def audit_break(self) -> int | None:
        """Index of the first audit entry that does not follow, None if the trail is whole."""
        with self._engine.connect() as connection:
            return self._audit.first_break(connection)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _as_text(statement: sa.Insert | sa.Select[Any]) -> str:
    return str(statement.compile(dialect=sqlite.dialect()))


def select_in(
    connection: sa.Connection, statement: str, fixed: Sequence[object], values: Sequence[object]
) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    """Rows of a SELECT over any number of values, without what SQLAlchemy does for each statement and value.

    Args:
        connection: Where.
        statement: SQL both databases know, with ``?`` for each fixed value, then ``IN (??)`` for the others, and
            no percent sign.
        fixed: Values of the driver's own kinds.
        values: Likewise; asked for in portions.
    """
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    for start in range(0, len(values), _PORTION):
        portion = values[start : start + _PORTION]
        text = statement.replace("??", ", ".join("?" * len(portion))).replace("?", mark)
        yield from connection.exec_driver_sql(text, (*fixed, *portion))


def execute_many(connection: sa.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> int:
    """Run one statement for each of many rows, without what SQLAlchemy does for each row and value.

    Args:
        connection: Where.
        statement: SQL both databases know, with ``?`` for each value and in no other place, and no percent sign.
        rows: Values of the driver's own kinds: texts, integers, octets, None.

    Returns:
        How many rows were written in all.
    """
    if connection.dialect.name != "sqlite":
        statement = statement.replace("?", "%s")
    return connection.exec_driver_sql(statement, list(rows)).rowcount


def insert_into(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """The INSERT of the connection's database, with ``on_conflict_do_update`` and ``on_conflict_do_nothing``."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def time_text(moment: datetime) -> str:
    """How registers write a moment: UTC, whole seconds, sortable."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_from(text: str) -> datetime:
    """The moment a register wrote.

    Raises:
        ValueError: It did not write this.
    """
    if len(text) != 20 or text[10] != "T" or text[19] != "Z":
        raise ValueError("not a moment as registers write them")
    return datetime.fromisoformat(text)
