"""Where a register lives: a SQLite file, or a schema of a PostgreSQL database.

An address is the path of a file, ``:memory:``, or a URL of PostgreSQL as libpq writes it, for example
``postgresql://ca@db.example/registers?options=-csearch_path%3Dca``. Whatever shows an address leaves its password
out; where the address has none, libpq takes it from ``PGPASSWORD`` or the file ``PGPASSFILE`` names.

Both kinds promise the same: a commit is on the disk when it returns, a transaction that writes is the only one
that writes to its register, and reading waits for nobody.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Final, Self

import sqlalchemy as sa

from crypto import sm3
from formats.register_errors import (
    RegisterAddressError,
    RegisterBusyError,
    RegisterError,
    RegisterFormatError,
    RegisterUnreachableError,
)

_MEMORY: Final = ":memory:"
_DRIVER: Final = "postgresql+psycopg"
_SCHEMES: Final = frozenset({"postgresql", "postgres", _DRIVER})
_SECRET_PARAMETERS: Final = frozenset({"password", "passfile", "sslpassword"})
_WAIT_MILLISECONDS: Final = 10_000
_CONNECTION: Final = {
    "connect_timeout": "10",
    "tcp_user_timeout": "30000",
    "application_name": "xinyin",
}
"""Parameters of libpq a URL can override; seconds, milliseconds."""
_LOCK: Final = "register_lock"
_LOST: Final = ("08", "57P01", "57P02", "57P03", "53300")
"""How SQLSTATE begins where a server refuses or ends a connection."""
_NOT_AVAILABLE: Final = "55P03"


@dataclass(frozen=True, slots=True)
class RegisterAddress:
    """Where a register lives; made by ``parse``.

    Attributes:
        url: For SQLAlchemy. Its text form has no password.
    """

    url: sa.URL

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a path, ``:memory:`` or a URL of PostgreSQL.

        Raises:
            RegisterAddressError: Empty, another kind of URL, or a password among the parameters behind the ``?``.
        """
        if not text or "\0" in text:
            raise RegisterAddressError("the address of a register is a path or a postgresql:// URL")
        if "://" not in text:
            return cls(sa.URL.create("sqlite", database=text))
        try:
            url = sa.make_url(text)
        except (sa.exc.ArgumentError, ValueError):
            raise RegisterAddressError("the address of a register is not a well-formed URL") from None
        if url.drivername not in _SCHEMES:
            raise RegisterAddressError("the address of a register is a path or a postgresql:// URL")
        if _SECRET_PARAMETERS & url.query.keys():
            raise RegisterAddressError("a password does not belong behind the ? of an address")
        return cls(url.set(drivername=_DRIVER))

    @property
    def is_file(self) -> bool:
        """Whether it is SQLite's."""
        return self.url.drivername == "sqlite"

    @property
    def has_password(self) -> bool:
        """Whether the address itself holds a password."""
        return self.url.password is not None

    def __str__(self) -> str:
        if self.is_file:
            return self.url.database or ""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return f"RegisterAddress({str(self)!r})"


def engine_of(address: RegisterAddress) -> sa.Engine:
    """An engine whose transactions read; ``writing`` gives the one whose transactions write.

    Connections are made when they are first needed. Failures of a connection come as ``RegisterError``.
    """
    if address.is_file:
        in_memory: dict[str, Any] = {"poolclass": sa.StaticPool} if address.url.database == _MEMORY else {}
        engine = sa.create_engine(
            address.url, connect_args={"check_same_thread": False}, hide_parameters=True, **in_memory
        )
        sa.event.listen(engine, "connect", _configure_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    else:
        parameters = {name: value for name, value in _CONNECTION.items() if name not in address.url.query}
        engine = sa.create_engine(
            address.url,
            connect_args=parameters,
            # Under anything stricter the snapshot would be older than the lock.
            isolation_level="READ COMMITTED",
            hide_parameters=True,
            pool_pre_ping=True,
        )
        sa.event.listen(engine, "connect", _configure_postgresql)
        sa.event.listen(engine, "begin", _begin_postgresql)
    sa.event.listen(engine, "handle_error", _typed, retval=True)
    return engine


def writing(engine: sa.Engine, layout: str) -> sa.Engine:
    """The same engine, whose transactions are the only ones that write to the register of this layout.

    SQLite locks its file. PostgreSQL locks the layout's name within the schema, so that registers of several
    layouts in one database do not wait for each other.
    """
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_LOCK: 0})
    with engine.connect() as connection:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
    return engine.execution_options(**{_LOCK: _lock_number(f"{schema}/{layout}")})


def check_durable(connection: sa.Connection) -> None:
    """Refuse a database that would lose what it said it kept, or not keep every character.

    Raises:
        RegisterFormatError: A server without fsync, in another encoding than UTF-8, or without a schema to use.
    """
    if connection.dialect.name == "sqlite":
        return
    row = connection.exec_driver_sql(
        "SELECT current_setting('fsync'), current_setting('full_page_writes'),"
        " current_setting('server_encoding'), current_schema()"
    ).one()
    if row[0] != "on" or row[1] != "on":
        raise RegisterFormatError("the server does not put commits on the disk (fsync or full_page_writes is off)")
    if row[2] != "UTF8":
        raise RegisterFormatError(f"the database is encoded in {row[2]}; a register needs UTF8")
    if row[3] is None:
        raise RegisterFormatError("the search path of the connection names no schema that exists")


def lock_for_opening(connection: sa.Connection) -> None:
    """Let one process at a time make tables in a database of PostgreSQL; SQLite has locked its file already."""
    if connection.dialect.name != "sqlite":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_lock_number("open"))))


def _lock_number(name: str) -> int:
    return int.from_bytes(sm3(f"xinyin/{name}".encode())[:8], "big", signed=True)


def _configure_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction handling begins too late; ours begins in _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {_WAIT_MILLISECONDS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = _LOCK in connection.get_execution_options()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _configure_postgresql(connection: Any, _record: object) -> None:
    # Statements are planned once and kept. A plan made while a table was small, or never counted, would read all
    # of it for ever; every statement here has an index to go by.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('lock_timeout', %s, false), set_config('enable_seqscan', 'off', false),"
            " set_config('jit', 'off', false), set_config('synchronous_commit',"
            " CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'"
            " ELSE current_setting('synchronous_commit') END, false)",
            (str(_WAIT_MILLISECONDS),),
        )
    connection.commit()


def _begin_postgresql(connection: sa.Connection) -> None:
    lock = connection.get_execution_options().get(_LOCK)
    if lock is not None:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (lock,))


def _typed(context: Any) -> RegisterError | None:
    """Failures of the connection, and of waiting for it, in types of ours; None leaves an error as it is."""
    error = context.original_exception
    state = getattr(error, "sqlstate", None) or ""
    if isinstance(error, sqlite3.OperationalError):
        is_busy = error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    else:
        is_busy = state == _NOT_AVAILABLE
    if is_busy:
        return RegisterBusyError("the register is locked by another writer")
    if context.dialect.name == "postgresql" and (
        context.is_disconnect or context.connection is None or state.startswith(_LOST)
    ):
        return RegisterUnreachableError(f"the database does not answer: {error}".strip())
    return None
