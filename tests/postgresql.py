"""A PostgreSQL cluster that lives as long as the test run, and addresses of registers in it.

The cluster is made from the programs of the machine (``initdb``, ``postgres``), listens on a socket in a folder of
its own and on no port, and puts commits on the disk as a real one does. Each test has a schema of its own. Where
the programs are missing, tests that want them are skipped with the reason; as root the cluster runs as ``postgres``,
since PostgreSQL refuses root.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy as sa

_SUPERUSER: Final = "xinyin"
_SECONDS: Final = 60
_SETTINGS: Final = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "log_min_messages": "fatal",
}


def programs() -> Path | None:
    """Where ``initdb`` and ``postgres`` of the newest version are; None without them."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@dataclass
class Cluster:
    """A running server.

    Attributes:
        folder: Its socket and data.
        process: The server.
    """

    folder: Path
    process: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def address(self, schema: str, *, user: str = _SUPERUSER) -> str:
        """Address of a register in a schema."""
        path = quote(f"-csearch_path={schema}", safe="")
        return f"postgresql://{user}@/postgres?host={self.folder}&options={path}"

    def new_address(self) -> str:
        """Address of a register in a schema made for it."""
        schema = f"test_{next(self._numbers)}"
        self.execute(f"CREATE SCHEMA {schema}")
        return self.address(schema)

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of the owner of everything, committing each statement."""
        return psycopg.connect(f"host={self.folder} user={_SUPERUSER} dbname=postgres", autocommit=True)

    def execute(self, *statements: str) -> None:
        """Run statements as the owner of everything."""
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]

    def end_connections(self) -> None:
        """Cut every connection but one's own, as a server that restarts does."""
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


def _start(folder: Path, bin_folder: Path) -> Cluster:
    account: dict[str, Any] = {}
    if os.getuid() == 0:
        try:
            owner = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        account = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    data = folder / "data"
    subprocess.run(
        [bin_folder / "initdb", "-D", data, "-U", _SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        timeout=_SECONDS,
        **account,
    )
    options = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [bin_folder / "postgres", "-D", data, "-k", folder, *options],
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **account,
        )
    cluster = Cluster(folder, process)
    for _ in range(_SECONDS * 20):
        try:
            cluster.connect().close()
        except psycopg.OperationalError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return cluster
    process.kill()
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text(errors='replace')[-2000:]}")


@contextmanager
def started() -> Iterator[Cluster]:
    """A cluster, running until the end; skips where there are no programs for it."""
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL server on this machine (initdb)")
    folder = Path(tempfile.mkdtemp(prefix="xinyin-pg-", dir="/tmp"))
    try:
        cluster = _start(folder, found)
        yield cluster
        cluster.process.send_signal(signal.SIGINT)
        cluster.process.wait(_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A cluster of this test process."""
    with started() as cluster:
        yield cluster


@pytest.fixture
def postgresql_address(postgresql: Cluster) -> Iterator[str]:
    """Address of an empty register in PostgreSQL; what a test left open is closed after it."""
    opened: list[Any] = []

    def remember(connection: Any, _record: object) -> None:
        opened.append(connection)

    sa.event.listen(sa.Pool, "connect", remember)
    try:
        yield postgresql.new_address()
    finally:
        sa.event.remove(sa.Pool, "connect", remember)
        for connection in opened:
            connection.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def offices(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that uses it runs with the small office's registers in memory and in PostgreSQL."""
    if request.param == "postgresql":
        request.getfixturevalue("postgresql_address")
        cluster: Cluster = request.getfixturevalue("postgresql")
        monkeypatch.setattr("tests.small_office.new_address", cluster.new_address)


@pytest.fixture(params=["sqlite", "postgresql"])
def register_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty register: a test that takes it runs on a SQLite file and on PostgreSQL."""
    if request.param == "sqlite":
        return str(tmp_path / "register.sqlite")
    return str(request.getfixturevalue("postgresql_address"))
