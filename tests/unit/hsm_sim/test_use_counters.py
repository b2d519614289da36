"""Use counters: what is counted is on the disk before it is used."""

import threading

import pytest

from hsm_sim.commands import ExportPublicKey, InternalSign, InternalSignBatch
from hsm_sim.encoding import decode
from hsm_sim.management import DestroyKeys
from hsm_sim.model import KeyUsage
from hsm_sim.records import KeyRecord, RecordKind, key_name
from hsm_sim.return_codes import FileWriteError, KeyNotExistError, NoBufferError, UseLimitError
from hsm_sim.storage import StorageError, StorageFullError
from hsm_sim.use_counters import UseCounters

E = bytes(32)


def on_disk(host, index: int = 1) -> int:
    row = host.storage.rows[(RecordKind.KEY, key_name(index, KeyUsage.SIGN))]
    return decode(KeyRecord, row.body, what="test").uses


def used(host, index: int = 1) -> int:
    return host.session().call(ExportPublicKey(index, KeyUsage.SIGN)).uses


def test_disk_is_ahead_of_use(one_key):
    """After every signature the number on the disk is at least what was signed; few of them cost a write."""
    caller = one_key.user()
    commits = len(one_key.storage.commits)
    for count in range(1, 40):
        caller.call(InternalSign(1, E))
        assert used(one_key) == count <= on_disk(one_key)
    assert len(one_key.storage.commits) - commits == 3


def test_crash_never_undercounts(one_key):
    """After a power cut the count is at least what was signed and at most a reservation more; it never goes back."""
    signed = seen = 0
    for _ in range(4):
        caller = one_key.user()
        for _ in range(5):
            caller.call(InternalSign(1, E))
            signed += 1
        one_key.restart()
        assert seen + 5 <= used(one_key) <= seen + 5 + one_key.reserve
        seen = used(one_key)
        assert seen >= signed


def test_clean_stop_counts_exactly(one_key):
    """A clean stop writes the exact number."""
    caller = one_key.user()
    for _ in range(5):
        caller.call(InternalSign(1, E))
    caller.call(InternalSignBatch(1, E * 7))
    one_key.restart(clean=True)
    assert used(one_key) == on_disk(one_key) == 12


def test_limit_is_exact(host):
    """A key may be used as often as its limit says: not once more, and a batch is refused as a whole."""
    host.generate(use_limit=10)
    caller = host.user()
    caller.call(InternalSignBatch(1, E * 8))
    with pytest.raises(UseLimitError):
        caller.call(InternalSignBatch(1, E * 3))
    assert used(host) == 8
    caller.call(InternalSign(1, E))
    caller.call(InternalSign(1, E))
    for _ in range(2):
        with pytest.raises(UseLimitError):
            caller.call(InternalSign(1, E))
    host.restart(clean=True)
    with pytest.raises(UseLimitError):
        host.user().call(InternalSign(1, E))


def test_crash_burns_little_of_a_limit(host):
    """A reservation takes at most an eighth of what is left, so crashes cannot use up a small allowance."""
    host.generate(use_limit=100)
    for _ in range(3):
        host.user().call(InternalSign(1, E))
        host.restart()
    assert 3 <= used(host) <= 3 + 3 * 13


def test_pairs_count_for_themselves(one_key):
    """Each pair of an index has its own counter."""
    one_key.generate(usage=KeyUsage.ENCRYPT, password=b"")
    one_key.user().call(InternalSign(1, E))
    assert used(one_key) == 1
    assert one_key.session().call(ExportPublicKey(1, KeyUsage.ENCRYPT)).uses == 0


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize(("fault", "error"), [(StorageFullError, NoBufferError), (StorageError, FileWriteError)])
def test_nothing_is_signed_uncounted(one_key, kept, fault, error):
    """If a reservation cannot be written there is no signature; when there is room again, signing goes on."""

    def fail(change, apply):
        if kept:
            apply()
        raise fault("test")

    caller = one_key.user()
    one_key.storage.fault = fail
    for _ in range(2):
        with pytest.raises(error):
            caller.call(InternalSign(1, E))
    before = on_disk(one_key)
    one_key.storage.fault = None
    for count in range(1, 20):
        caller.call(InternalSign(1, E))
        assert count <= on_disk(one_key)
        assert on_disk(one_key) >= before
    one_key.restart()
    assert used(one_key) >= 19


def test_waiting_threads_share_a_write(host):
    """Threads that need a reservation at the same moment are served by one write, and each is counted."""
    for index in range(1, 6):
        host.generate(index)
    counters = UseCounters(host.device.ready().store, reserve=0)
    gate, arrived = threading.Event(), threading.Event()

    def slowly(change, apply):
        arrived.set()
        gate.wait(10)
        apply()

    host.storage.fault = slowly
    before = len(host.storage.commits)
    first = threading.Thread(target=counters.take, args=(1, KeyUsage.SIGN))
    first.start()
    arrived.wait(10)
    rest = [threading.Thread(target=counters.take, args=(i, KeyUsage.SIGN, i)) for i in range(2, 6)]
    for thread in rest:
        thread.start()
    while sum(c.wanted for c in counters._counters.values()) < 1 + 2 + 3 + 4 + 5:
        pass
    gate.set()
    for thread in [first, *rest]:
        thread.join(10)
    assert len(host.storage.commits) - before == 2
    assert [counters.used(i, KeyUsage.SIGN) for i in range(1, 6)] == [1, 2, 3, 4, 5]
    assert [on_disk(host, i) for i in range(1, 6)] == [1, 2, 3, 4, 5]


def test_many_threads_never_exceed_a_limit(host):
    """Under contention the number of successes is the limit, to the last use."""
    host.generate(use_limit=500)
    counters = host.device.ready().counters
    successes = []

    def take() -> None:
        for _ in range(100):
            try:
                counters.take(1, KeyUsage.SIGN)
            except UseLimitError:
                continue
            successes.append(1)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(successes) == 500 == counters.used(1, KeyUsage.SIGN) == on_disk(host)


def test_label_and_count_do_not_overwrite_each_other(one_key):
    """Naming a key while its count is written loses neither."""
    keys, counters = one_key.device.ready().keys, one_key.device.ready().counters

    def name() -> None:
        for number in range(200):
            keys.set_label(1, KeyUsage.SIGN, f"label {number}", actor="test")

    thread = threading.Thread(target=name)
    thread.start()
    for _ in range(200):
        counters.take(1, KeyUsage.SIGN, 20)
    thread.join()
    assert on_disk(one_key) >= 200 * 20
    assert one_key.session().call(ExportPublicKey(1, KeyUsage.SIGN)).label == "label 199"


def test_destroyed_key_counts_no_more(one_key):
    """A key that is destroyed while somebody wants to use it is missing, and its record does not come back."""
    counters = one_key.device.ready().counters
    one_key.officer().call(DestroyKeys(1))
    with pytest.raises(KeyNotExistError):
        counters.take(1, KeyUsage.SIGN)
    assert (RecordKind.KEY, key_name(1, KeyUsage.SIGN)) not in one_key.storage.rows


def test_destroyed_while_its_reservation_waits(one_key):
    """A key that is destroyed between the wish for a use and its writing is not brought back by the writing."""
    counters, store = one_key.device.ready().counters, one_key.device.ready().store
    officer = one_key.officer()
    put = counters._put

    def destroyed_first(waiting, goals):
        officer.call(DestroyKeys(1))
        return put(waiting, goals)

    counters._put = destroyed_first
    with pytest.raises(KeyNotExistError):
        counters.take(1, KeyUsage.SIGN)
    assert store.get(KeyRecord, key_name(1, KeyUsage.SIGN)) is None
    counters._put = put
    one_key.generate()
    counters.take(1, KeyUsage.SIGN)
    assert counters.used(1, KeyUsage.SIGN) == 1
