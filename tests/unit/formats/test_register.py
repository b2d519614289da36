"""Registers in SQLite and PostgreSQL: the same promises from both."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from formats.register_address import RegisterAddress, _lock_number
from formats.register_errors import (
    RegisterAddressError,
    RegisterBusyError,
    RegisterError,
    RegisterFormatError,
    RegisterUnreachableError,
)
from formats.register_file import ROW_NUMBER, AuditTable, RegisterStore, insert_into, open_register
from formats.register_guards import Change, RowGuard
from tests.postgresql import Cluster
from tests.registers import rewrite

METADATA = sa.MetaData()
THINGS = sa.Table(
    "things",
    METADATA,
    sa.Column("position", ROW_NUMBER, primary_key=True),
    sa.Column("name", sa.String(20), nullable=False, unique=True),
    sa.Column("state", sa.String(16), nullable=False),
)
AUDIT = AuditTable(METADATA, "things_audit")
GUARDS = (
    RowGuard("things_no_delete", "things", Change.DELETE, "things stay"),
    RowGuard("things_named_once", "things", Change.UPDATE, "things stay", columns=("name",)),
    RowGuard("things_final", "things", Change.UPDATE, "things stay", condition="OLD.state = 'over'"),
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Transaction:
    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def add(self, name: str, state: str = "new") -> None:
        self.connection.execute(THINGS.insert().values(name=name, state=state))
        AUDIT.append(self.connection, at=NOW, actor="a", event="added", details={"name": name})


class Things(RegisterStore[Transaction]):
    def __init__(self, address: str, layout: str = "things", version: int = 1) -> None:
        super().__init__(
            address, METADATA, AUDIT, layout=layout, version=version, begin=Transaction, guards=GUARDS
        )

    def names(self) -> list[str]:
        with self._engine.connect() as connection:
            return list(connection.execute(sa.select(THINGS.c.name).order_by(THINGS.c.position)).scalars())


@pytest.fixture
def things(register_address: str) -> Iterator[Things]:
    with closing(Things(register_address)) as store:
        yield store


def test_a_transaction_is_whole_or_nothing(things: Things, register_address: str) -> None:
    """What an exception ends leaves neither rows nor audit entries; what ends well is there for the next process."""
    with things.transaction() as change:
        change.add("one")
    with pytest.raises(ZeroDivisionError), things.transaction() as change:
        change.add("two")
        1 / 0  # noqa: B018
    assert things.names() == ["one"]
    things.close()
    with closing(Things(register_address)) as again:
        assert again.names() == ["one"]
        assert again.audit_break() is None


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM things",
        "UPDATE things SET name = 'other' WHERE name = 'one'",
        "UPDATE things SET state = 'new' WHERE name = 'two'",
        "DELETE FROM things_audit",
        "UPDATE things_audit SET chain = chain",
    ],
)
def test_guards_refuse(things: Things, register_address: str, statement: str) -> None:
    """The database refuses what the guards declare, whoever asks."""
    with things.transaction() as change:
        change.add("one")
        change.add("two", "over")
    with pytest.raises(sa.exc.IntegrityError, match=r"things stay|append-only"):
        rewrite(register_address, statement)
    rewrite(register_address, "UPDATE things SET state = 'over' WHERE name = 'one'")


@pytest.mark.parametrize("table", ["things", "things_audit"])
def test_guards_refuse_truncate(postgresql_address: str, table: str) -> None:
    """PostgreSQL's way to empty a table past the triggers of its rows is refused too."""
    with closing(Things(postgresql_address)) as things, things.transaction() as change:
        change.add("one")
    with pytest.raises(sa.exc.IntegrityError, match=r"things stay|append-only"):
        rewrite(postgresql_address, f"TRUNCATE {table} CASCADE")


def test_removed_guards_come_back(things: Things, register_address: str) -> None:
    """Opening a register installs what is missing of its guards."""
    with things.transaction() as change:
        change.add("one")
    things.close()
    rewrite(register_address, drop_guards=True)
    Things(register_address).close()
    with pytest.raises(sa.exc.IntegrityError, match="things stay"):
        rewrite(register_address, "DELETE FROM things")


@pytest.mark.parametrize(
    "broken",
    [
        {"name": "Robert'); DROP"},
        {"table": "Things"},
        {"columns": ("a b",)},
        {"message": "it's"},
        {"condition": "OLD.a LIKE '%'"},
        {"change": Change.DELETE, "columns": ("name",)},
    ],
)
def test_guards_cannot_be_written_wrong(broken: dict[str, object]) -> None:
    """A guard whose names or texts would not survive being written into SQL cannot be made."""
    good = {"name": "g", "table": "t", "change": Change.UPDATE, "message": "no"}
    with pytest.raises(ValueError, match="guard"):
        RowGuard(**(good | broken))  # type: ignore[arg-type]


def test_writers_follow_each_other(things: Things) -> None:
    """Threads that append at the same time leave one unbroken chain with an entry of each."""

    def add_some(thread: int) -> None:
        for number in range(10):
            with things.transaction() as change:
                change.add(f"{thread}-{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_some, range(4)))
    assert len(things.names()) == 40
    assert things.audit_break() is None


def test_readers_do_not_wait_for_a_writer(things: Things) -> None:
    """While one transaction writes, what was committed before can be read."""
    with things.transaction() as change:
        change.add("one")
    with things.transaction() as change:
        change.add("two")
        assert things.names() == ["one"]
    assert things.names() == ["one", "two"]


def test_a_writer_waits_no_longer_than_told(
    things: Things, register_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who cannot write in time is told so, and nothing was written."""
    monkeypatch.setattr("formats.register_address._WAIT_MILLISECONDS", 100)
    with closing(Things(register_address)) as second:
        with things.transaction(), pytest.raises(RegisterBusyError), second.transaction():
            pass
        with second.transaction() as change:
            change.add("later")
        assert second.names() == ["later"]


def test_insert_or_update(things: Things) -> None:
    """The INSERT of either database can give way to a row that is there."""
    for state in ("first", "second"):
        with things.transaction() as change:
            statement = insert_into(change.connection, THINGS).values(name="one", state=state)
            found = change.connection.execute(
                statement.on_conflict_do_update(index_elements=["name"], set_={"state": state}).returning(
                    THINGS.c.state
                )
            )
            assert found.scalar_one() == state
    assert things.names() == ["one"]


def test_other_versions_are_refused(things: Things, register_address: str) -> None:
    """A program does not write into a register of another version."""
    del things
    with pytest.raises(RegisterFormatError, match="version 1"):
        Things(register_address, version=2)


def test_layouts_share_a_schema(postgresql_address: str) -> None:
    """Registers of several layouts can live in one schema and do not wait for each other; each has its version."""
    other = sa.MetaData()
    audit = AuditTable(other, "others_audit")
    first = Things(postgresql_address)
    second: RegisterStore[sa.Connection] = RegisterStore(
        postgresql_address, other, audit, layout="others", version=7, begin=lambda connection: connection
    )
    with first.transaction() as change, second.transaction() as connection:
        change.add("one")
        audit.append(connection, at=NOW, actor="a", event="e", details={})
    assert first.audit_break() is second.audit_break() is None
    first.close()
    second.close()
    with pytest.raises(RegisterFormatError, match="version 7"):
        open_register(postgresql_address, other, audit, layout="others", version=8)


def test_many_open_at_once(postgresql_address: str) -> None:
    """Processes that start together make the tables once, and all of them start."""
    with ThreadPoolExecutor(6) as pool:
        for store in pool.map(Things, [postgresql_address] * 6):
            store.close()


def test_a_role_that_may_only_write_rows_suffices(postgresql: Cluster, postgresql_address: str) -> None:
    """A service need not own its tables: with SELECT, INSERT and UPDATE it opens and writes the register."""
    Things(postgresql_address).close()
    schema = postgresql_address.rpartition("%3D")[2]
    postgresql.execute(
        f"CREATE ROLE clerk_{schema} LOGIN",
        f"GRANT USAGE ON SCHEMA {schema} TO clerk_{schema}",
        f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA {schema} TO clerk_{schema}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO clerk_{schema}",
    )
    address = postgresql.address(schema, user=f"clerk_{schema}")
    with closing(Things(address)) as things:
        with things.transaction() as change:
            change.add("one")
        assert things.names() == ["one"]
    with pytest.raises(sa.exc.ProgrammingError, match=r"permission|owner"):
        rewrite(address, "DROP TRIGGER things_no_delete ON things")


def test_a_lost_connection_is_told_as_that(postgresql: Cluster, postgresql_address: str) -> None:
    """A connection cut in a transaction gives the typed error and leaves nothing; the next transaction works."""
    with closing(Things(postgresql_address)) as things:
        with pytest.raises(RegisterUnreachableError), things.transaction() as change:
            change.add("one")
            postgresql.end_connections()
            change.add("two")
        with pytest.raises(RegisterUnreachableError), things.transaction() as change:
            change.add("three")
            postgresql.end_connections()
        assert things.names() == []
        with things.transaction() as change:
            change.add("four")
        assert things.names() == ["four"]
        assert things.audit_break() is None


def test_a_server_that_is_not_there(tmp_path: object) -> None:
    """Where nothing answers, the error says so and holds no password."""
    with pytest.raises(RegisterUnreachableError) as caught:
        Things(f"postgresql://ca:secret-1@/registers?host={tmp_path}")
    assert "secret-1" not in str(caught.value) + repr(caught.value)
    assert isinstance(caught.value, RegisterError)


@pytest.mark.parametrize("name", ["postgresql", "postgres", "postgresql+psycopg"])
def test_addresses_show_no_password(name: str) -> None:
    """An address as text leaves its password out."""
    address = RegisterAddress.parse(f"{name}://ca:secret-1@db.test:5433/registers")
    assert address.has_password
    assert "secret-1" not in f"{address} {address!r} {address.url}"
    assert str(address) == "postgresql://ca:***@db.test:5433/registers"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\0b",
        "mysql://u:secret-1@h/d",
        "postgresql+asyncpg://u:secret-1@h/d",
        "postgresql://u:secret-1@h:port/d",
        "postgresql://u@h/d?password=secret-1",
        "postgresql://u@h/d?passfile=secret-1",
        "http://secret-1/",
    ],
)
def test_other_addresses_are_refused(text: str) -> None:
    """What names no register is refused, without repeating what may be a secret."""
    with pytest.raises(RegisterAddressError) as caught:
        RegisterAddress.parse(text)
    assert "secret-1" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_paths_are_taken_as_they_are() -> None:
    """A file's path is no URL: a question mark or a percent sign in it is part of its name."""
    for path in ("/tmp/a?b=c", "a%20b.sqlite", ":memory:", "postgresql"):
        assert RegisterAddress.parse(path).is_file
        assert str(RegisterAddress.parse(path)) == path


def test_recorded_values_stay_out_of_errors(things: Things) -> None:
    """An error of the database repeats no recorded value."""
    with things.transaction() as change:
        change.add("hidden-name")
    with pytest.raises(sa.exc.IntegrityError) as caught, things.transaction() as change:
        change.connection.execute(THINGS.insert(), [{"name": "hidden-name", "state": "hidden-state"}])
    assert "hidden-state" not in str(caught.value)


def test_a_server_that_loses_commits_is_refused(postgresql: Cluster, postgresql_address: str) -> None:
    """Settings of a database under which a commit is not on the disk are put right or refused."""
    schema = postgresql_address.rpartition("%3D")[2]
    postgresql.execute(f"CREATE ROLE hasty_{schema} LOGIN SUPERUSER")
    postgresql.execute(f"ALTER ROLE hasty_{schema} SET synchronous_commit = off")
    address = postgresql.address(schema, user=f"hasty_{schema}")
    with closing(Things(address)) as things, things.transaction() as change:
        assert change.connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


def test_locks_of_layouts_differ() -> None:
    """Names of locks are spread over all 64-bit numbers."""
    numbers = {_lock_number(f"test/{number}") for number in range(1000)}
    assert len(numbers) == 1000
    assert all(-(2**63) <= number < 2**63 for number in numbers)
