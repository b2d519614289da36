"""The file a domain keeps its register in: SQLite with a hash-chained, append-only audit trail.

Each domain has its own tables and its own file; what they share is how such a file is opened so that a power cut
loses nothing that was committed, and how the audit trail lies in it, so that an auditor reads all of them alike:

* write-ahead log, ``synchronous = FULL``: a commit is on the disk when it returns;
* ``BEGIN IMMEDIATE`` at the start of every transaction: the trail's last value cannot change between reading it
  and appending to it;
* triggers that refuse UPDATE and DELETE on the trail;
* a schema version, so that a program never writes into a file of another layout.

Needs SQLAlchemy; only domains that keep registers import this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar

import sqlalchemy as sa

from formats.audit_trail import EMPTY_CHAIN, canonical_entry, extend_chain, first_break

_BUSY_MILLISECONDS: Final = 10_000
_Transaction = TypeVar("_Transaction")


class RegisterFormatError(Exception):
    """The file is a register of another layout than this program knows."""


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
            sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("entry", sa.LargeBinary, nullable=False),
            sa.Column("chain", sa.LargeBinary(32), nullable=False),
        )

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
        table = self._table
        last = connection.execute(
            sa.select(table.c.number, table.c.chain).order_by(table.c.number.desc()).limit(1)
        ).one_or_none()
        number, chain = (0, EMPTY_CHAIN) if last is None else (last.number, last.chain)
        rows = []
        for own in details:
            number += 1
            entry = canonical_entry({**own, "number": number, "at": time_text(at), "actor": actor, "event": event})
            chain = extend_chain(chain, entry)
            rows.append({"number": number, "entry": entry, "chain": chain})
        connection.execute(table.insert(), rows)

    def first_break(self, connection: sa.Connection) -> int | None:
        """Index of the first entry that does not follow from those before, None if the trail is whole."""
        table = self._table
        rows = connection.execute(sa.select(table.c.number, table.c.entry, table.c.chain).order_by(table.c.number))
        # SQLite stores any type in any column; what is not octets was not written here.
        return first_break((row.entry if isinstance(row.entry, bytes) else b"", row.chain) for row in rows)

    def make_append_only(self, connection: sa.Connection) -> None:
        """Install the triggers that refuse changes."""
        for change in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER IF NOT EXISTS {self._table.name}_no_{change.lower()} "
                f"BEFORE {change} ON {self._table.name} "
                "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
            )


def open_register(path: str, metadata: sa.MetaData, audit: AuditTable, *, layout: str, version: int) -> sa.Engine:
    """Open a register, creating it if it is new.

    Args:
        path: The database file, or ``:memory:``.
        metadata: The domain's tables.
        audit: Its audit trail.
        layout: Name of the layout, for example ``"seal-register"``.
        version: Version of the layout.

    Raises:
        RegisterFormatError: The file has another layout or version.
    """
    options: dict[str, Any] = {"poolclass": sa.StaticPool} if path == ":memory:" else {}
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False}, **options)
    sa.event.listen(engine, "connect", _configure)
    sa.event.listen(engine, "begin", _begin_immediate)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE IF NOT EXISTS register_layout (name TEXT NOT NULL, version INTEGER NOT NULL)"
        )
        found = connection.exec_driver_sql("SELECT name, version FROM register_layout").one_or_none()
        if found is None:
            connection.exec_driver_sql("INSERT INTO register_layout VALUES (?, ?)", (layout, version))
        elif (found.name, found.version) != (layout, version):
            raise RegisterFormatError(
                f"{path} is a {found.name}, version {found.version}; a {layout}, version {version}, belongs here"
            )
        metadata.create_all(connection)
        audit.make_append_only(connection)
    return engine


class RegisterStore(Generic[_Transaction]):
    """A register opened from its file: what the store of every domain does alike.

    Args:
        path: The database file, or ``:memory:`` for tests.
        metadata: The domain's tables.
        audit: Its audit trail.
        layout: Name of the layout, for example ``"seal-register"``.
        version: Version of the layout.
        begin: Makes the domain's transaction on a connection.

    Raises:
        RegisterFormatError: The file has another layout or version.
    """

    def __init__(
        self,
        path: str,
        metadata: sa.MetaData,
        audit: AuditTable,
        *,
        layout: str,
        version: int,
        begin: Callable[[sa.Connection], _Transaction],
    ) -> None:
        self._engine = open_register(path, metadata, audit, layout=layout, version=version)
        self._audit = audit
        self._begin = begin

    @contextmanager
    def transaction(self) -> Iterator[_Transaction]:
        """Open a write transaction; committed on normal exit."""
        with self._engine.begin() as connection:
            yield self._begin(connection)

    def audit_break(self) -> int | None:
        """Index of the first audit entry that does not follow, None if the trail is whole."""
        with self._engine.connect() as connection:
            return self._audit.first_break(connection)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _configure(connection: Any, _record: object) -> None:
    # The driver's own transaction handling begins too late; ours begins in _begin_immediate.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {_BUSY_MILLISECONDS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def time_text(moment: datetime) -> str:
    """How registers write a moment: UTC, whole seconds, sortable."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_from(text: str) -> datetime:
    """The moment a register wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
