"""The SQLite adapter of the storage port."""

import os
import sqlite3
import stat

import pytest

from crypto import PrivateKey
from hsm_sim.device import Device
from hsm_sim.management import GenerateKeyPair, OfficerCredential
from hsm_sim.model import KeyUsage
from hsm_sim.records import KeyRecord, RecordKind
from hsm_sim.return_codes import OpenDeviceError, StoreIntegrityError
from hsm_sim.sessions import Session
from hsm_sim.storage import (
    STORE_FILE,
    Change,
    SqliteStorage,
    StorageError,
    StorageFullError,
    StoredEntry,
    StoredRecord,
)

RECORD = StoredRecord(RecordKind.KEY, b"name", b"body", b"tag")
ENTRY = StoredEntry(1, b"entry", b"digest")


def put(*records: StoredRecord, entries: tuple[StoredEntry, ...] = (), **options) -> Change:
    return Change(records, options.pop("removes", ()), entries, **options)


@pytest.fixture
def storage(tmp_path):
    made = SqliteStorage(tmp_path / "store")
    yield made
    made.close()


def test_change_comes_back_after_reopening(tmp_path):
    """Records in order of kind and name, entries in order of their numbers."""
    first = SqliteStorage(tmp_path)
    other = StoredRecord(RecordKind.DEVICE, b"", b"root", b"tag")
    entries = tuple(StoredEntry(n, b"entry", b"digest") for n in (1, 2, 3))
    first.commit(put(RECORD, other, entries=entries))
    first.close()
    again = SqliteStorage(tmp_path)
    assert again.records() == [other, RECORD]
    assert again.entries(2, 10) == list(entries[1:])
    assert again.entries(1, 2) == list(entries[:2])
    again.commit(put(removes=((RecordKind.KEY, b"name"),), erases=True))
    assert again.records() == [other]
    again.close()


def test_change_is_all_or_nothing(storage):
    """When the last part of a change cannot be written, the first parts are not there either."""
    storage.commit(put(RECORD, entries=(ENTRY,)))
    other = StoredRecord(RecordKind.KEY, b"other", b"body", b"tag")
    with pytest.raises(StorageError):
        storage.commit(put(other, entries=(ENTRY,)))  # an entry of this number is there
    assert storage.records() == [RECORD]
    storage.commit(put(other))  # and the storage works on
    assert len(storage.records()) == 2


def test_full_disk_is_told_apart(storage):
    """SQLITE_FULL becomes its own error, and after it there is room for less."""
    storage._connection.execute("PRAGMA max_page_count = 8")
    with pytest.raises(StorageFullError):
        for number in range(100):
            storage.commit(put(StoredRecord(RecordKind.KEY, bytes((number,)), bytes(3000), b"tag")))
    before = storage.records()
    assert before
    storage._connection.execute("PRAGMA max_page_count = 100")
    storage.commit(put(RECORD))
    assert len(storage.records()) == len(before) + 1


def test_second_process_is_kept_out(tmp_path):
    """While one has the store open, nobody else opens it, nor after it has only been read."""
    first = SqliteStorage(tmp_path)
    with pytest.raises(OpenDeviceError):
        SqliteStorage(tmp_path)
    first.close()
    SqliteStorage(tmp_path).close()


def test_only_the_owner_may_look(tmp_path):
    """Directory 0700, file 0600, whatever the umask is."""
    before = os.umask(0)
    try:
        SqliteStorage(tmp_path / "store").close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "store" / STORE_FILE).stat().st_mode) == 0o600


def test_every_commit_is_synchronous(storage):
    """What is returned from is on the disk: FULL, with a write-ahead log, in exclusive mode."""
    ask = lambda pragma: storage._connection.execute(f"PRAGMA {pragma}").fetchone()[0]  # noqa: E731
    assert (ask("journal_mode"), ask("synchronous"), ask("locking_mode")) == ("wal", 2, "exclusive")
    assert ask("secure_delete") == 1


@pytest.mark.parametrize("content", [b"not a database, though long enough to be read as one" * 40])
def test_other_file_is_no_store(tmp_path, content):
    """A file that is no SQLite database is refused and left as it is."""
    (tmp_path / STORE_FILE).write_bytes(content)
    with pytest.raises(OpenDeviceError):
        SqliteStorage(tmp_path)
    assert (tmp_path / STORE_FILE).read_bytes() == content


def test_link_is_not_followed(tmp_path):
    """A store file that is a symbolic link is refused."""
    (tmp_path / "elsewhere").touch()
    (tmp_path / STORE_FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OpenDeviceError):
        SqliteStorage(tmp_path)


def test_values_of_another_type_are_refused(tmp_path):
    """SQLite does not mind text where octets belong; the reader does, and the device says integrity."""
    SqliteStorage(tmp_path).close()
    connection = sqlite3.connect(tmp_path / STORE_FILE)
    connection.execute("INSERT INTO record VALUES (0, 'text', 'text', 1.5)")
    connection.commit()
    connection.close()
    storage = SqliteStorage(tmp_path)
    with pytest.raises(StorageError):
        storage.records()
    device = Device(storage, clock=lambda: 1, random=os.urandom, say=print)
    with pytest.raises(StoreIntegrityError):
        device.is_initialised()
    device.close()


def test_destroyed_key_leaves_no_octets(tmp_path, host):
    """After a key is destroyed its wrapped scalar is in no file of the store; no scalar ever was."""

    scalars = []

    def make() -> PrivateKey:
        key = PrivateKey.generate()
        scalars.append(key.scalar())
        return key

    device = Device(SqliteStorage(tmp_path), clock=lambda: 1, random=os.urandom, make_key=make, say=print)
    device.initialise((OfficerCredential("zhang", b"officer secret"),), host.POLICY, actor="test")
    interior = device.ready()
    for index in (1, 2):
        interior.keys.generate(GenerateKeyPair(index, KeyUsage.SIGN, "", None, b"password 1"), actor="test")
    first, second = (record.wrapped_scalar for record in interior.store.all(KeyRecord)[2:])

    def files() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert first in files()
    interior.keys.destroy(1, Session(1, "test"))
    assert first not in files()
    assert second in files()
    for scalar in scalars:
        assert scalar not in files()
    device.close()
    assert first not in files()
    assert [path.name for path in tmp_path.iterdir()] == [STORE_FILE]
