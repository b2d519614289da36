"""Where records lie: the port, and its SQLite adapter.

Why SQLite and not a file rewritten by rename: a change here is several records and audit entries that must be
there together or not at all, and a log that grows without being rewritten. SQLite's write-ahead log gives
that. A commit appends to the log and, with ``synchronous=FULL``, returns after fsync; a process killed in the
middle leaves a log whose last, incomplete transaction has no valid checksum and is ignored at the next start.
So after ``kill -9`` or a power cut every change that was reported is there, and one that was not is there as
a whole or not at all.

``locking_mode=EXCLUSIVE`` keeps a second process out for as long as the first lives, and dies with it.
``secure_delete`` overwrites what is deleted; the write-ahead log is folded in and cut at every clean close
and after every change that erases, so that a destroyed key's wrapped scalar does not stay behind in it.

The adapter knows nothing of tags or chains; whether what it returns can be believed is judged in
``record_store``.
"""

import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from hsm_sim.records import RecordName
from hsm_sim.return_codes import OpenDeviceError

STORE_FILE: Final = "store.sqlite3"
_PRAGMAS: Final = (
    "locking_mode = EXCLUSIVE",
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    "trusted_schema = OFF",
)
_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS record (
        kind INTEGER NOT NULL, name BLOB NOT NULL, body BLOB NOT NULL, tag BLOB NOT NULL, PRIMARY KEY (kind, name)
    ) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS audit (sequence INTEGER PRIMARY KEY, entry BLOB NOT NULL, digest BLOB NOT NULL)",
)


class StorageError(Exception):
    """A change could not be written; it may or may not be in the store."""


class StorageFullError(StorageError):
    """No room is left."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as it lies: kind, name, encoded body, tag."""

    kind: int
    name: bytes
    body: bytes
    tag: bytes


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An audit entry as it lies: encoded, with its link of the chain."""

    sequence: int
    entry: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """All or nothing."""

    puts: tuple[StoredRecord, ...]
    removes: tuple[RecordName, ...]
    entries: tuple[StoredEntry, ...]
    erases: bool = False
    """What it replaces or removes held a wrapped key: no copy may stay in the log."""


class Storage(Protocol):
    """What the device needs of a disk."""

    def records(self) -> list[StoredRecord]:
        """Return all records, in ascending order of kind and name."""
        ...

    def entries(self, first: int, count: int) -> list[StoredEntry]:
        """Return up to ``count`` audit entries from sequence number ``first`` on."""
        ...

    def commit(self, change: Change) -> None:
        """Apply a change; when this returns, it survives a power cut. Raises StorageError."""
        ...

    def erase(self) -> None:
        """Remove everything, leaving no octets of it behind. Raises StorageError."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...


class SqliteStorage:
    """Records in one SQLite file inside a directory that only its owner may enter.

    Raises:
        OpenDeviceError: The file is in use by another process, or is no such store.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / STORE_FILE
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
            # One thread at a time uses the connection; record_store holds a lock around it.
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        except OSError as error:
            raise OpenDeviceError(f"the store cannot be opened: {error.strerror}") from error
        try:
            for pragma in _PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA:
                self._connection.execute(statement)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._connection.close()
            raise OpenDeviceError(f"the store is in use or is no store: {error}") from error

    def records(self) -> list[StoredRecord]:
        """Return all records, in ascending order of kind and name."""
        rows = self._read(
            "SELECT kind, name, body, tag FROM record ORDER BY kind, name", (), (int, bytes, bytes, bytes)
        )
        return [StoredRecord(*row) for row in rows]

    def entries(self, first: int, count: int) -> list[StoredEntry]:
        """Return up to ``count`` audit entries from sequence number ``first`` on."""
        rows = self._read(
            "SELECT sequence, entry, digest FROM audit WHERE sequence >= ? ORDER BY sequence LIMIT ?",
            (first, count),
            (int, bytes, bytes),
        )
        return [StoredEntry(*row) for row in rows]

    def _read(self, statement: str, values: tuple[int, ...], types: tuple[type, ...]) -> list[Any]:
        try:
            rows = self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StorageError(f"reading failed: {error}") from error
        if any(type(value) is not expected for row in rows for value, expected in zip(row, types, strict=True)):
            raise StorageError("a row holds a value of another type")
        return rows

    def commit(self, change: Change) -> None:
        """Apply a change in one transaction.

        Raises:
            StorageFullError: No room is left.
            StorageError: Anything else.
        """
        run = self._connection.execute
        try:
            run("BEGIN IMMEDIATE")
            for record in change.puts:
                run(
                    "INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)",
                    (record.kind, record.name, record.body, record.tag),
                )
            for kind, name in change.removes:
                run("DELETE FROM record WHERE kind = ? AND name = ?", (int(kind), name))
            for entry in change.entries:
                run("INSERT INTO audit VALUES (?, ?, ?)", (entry.sequence, entry.entry, entry.digest))
            run("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise StorageFullError("no room is left on the disk") from error
            raise StorageError(f"writing failed: {error}") from error
        if change.erases:
            self._fold_log()

    def erase(self) -> None:
        """Remove everything: rows are overwritten, free pages dropped, the write-ahead log folded in and cut.

        Raises:
            StorageError: It failed, wholly or after the rows were gone.
        """
        run = self._connection.execute
        try:
            run("BEGIN IMMEDIATE")
            run("DELETE FROM record")
            run("DELETE FROM audit")
            run("COMMIT")
            run("VACUUM")
            blocked, *_ = run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            self._roll_back()
            raise StorageError(f"erasing failed: {error}") from error
        if blocked:
            raise StorageError("the write-ahead log could not be cut")

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            # A failed roll-back leaves the transaction open; the next BEGIN then fails and says so.
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _fold_log(self) -> None:
        # The removal itself is durable already; what this adds, the next close would do as well.
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Fold the write-ahead log into the file and let go of it."""
        self._fold_log()
        self._connection.close()
