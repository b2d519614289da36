"""Many operations at once: order, neighbours, threads, forks."""

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest

from crypto import (
    InvalidKeyError,
    PrivateKey,
    bulk,
    engines,
    sign_digest,
    sign_many,
    signature_to_raw,
    sm3,
    verify_digest,
    verify_many,
)


def _digests(count: int) -> list[bytes]:
    return [sm3(index.to_bytes(4, "big")) for index in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 37, 70])
def test_order_is_kept(engine: engines.Engine, count: int) -> None:
    """Signature i is over digest i, for lengths below, at and between batches."""
    if not engine.parallel:
        count = min(count, 5)
    key = PrivateKey.generate()
    digests = _digests(count)
    signatures = sign_many(key, digests)
    assert len(signatures) == count
    for digest, signature in zip(digests, signatures, strict=True):
        verify_digest(key.public_key, digest, signature)


def test_one_bad_item_spoils_only_its_own_answer(engine: engines.Engine) -> None:
    """False for each fault (encoding, digest length, wrong key, empty), True for everything around it."""
    key, other = PrivateKey.generate(), PrivateKey.generate()
    digest = sm3(b"x")
    good = (key.public_key, digest, sign_digest(key, digest))
    bad = [
        (key.public_key, digest, b""),
        (key.public_key, digest, good[2] + b"\0"),
        (key.public_key, digest, b"\x30" * 72),
        (key.public_key, digest[:31], good[2]),
        (key.public_key, b"", good[2]),
        (key.public_key, sm3(b"y"), good[2]),
        (other.public_key, digest, good[2]),
    ]
    items = [good]
    for item in bad:
        items += [item, good]
    assert verify_many(items) == [True] + [False, True] * len(bad)


def test_a_bad_digest_stops_signing_before_it_starts() -> None:
    """No signature exists if any digest has a wrong length; the error says which."""
    key = PrivateKey.generate()
    with pytest.raises(ValueError, match="number 2 has 31"):
        sign_many(key, [bytes(32), bytes(32), bytes(31)])


def test_a_wiped_key_signs_nothing() -> None:
    """The batch fails as a single signature does."""
    key = PrivateKey.generate()
    key.wipe()
    with pytest.raises(InvalidKeyError, match="wiped"):
        sign_many(key, [bytes(32)])


def test_batches_use_the_pool_and_one_item_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads are started for several batches only."""
    if not engines.active().parallel:
        pytest.skip("the active engine gains nothing from threads")
    monkeypatch.setattr(bulk, "_WORKERS", 2)
    asked = []
    real = bulk._executor
    monkeypatch.setattr(bulk, "_executor", lambda: asked.append(1) or real())
    key = PrivateKey.generate()
    sign_many(key, _digests(1))
    assert asked == []
    sign_many(key, _digests(2 * engines.active().batch_minimum))
    assert asked == [1]


def test_threads_share_keys(engine: engines.Engine) -> None:
    """Eight threads sign and verify with the same two keys: every answer is right and no nonce repeats."""
    keys = [PrivateKey.generate(), PrivateKey.generate()]
    rounds = 40 if engine.parallel else 2
    digest = sm3(b"one digest for all, so that a repeated nonce shows as a repeated r")

    def work(number: int) -> list[bytes]:
        key, other = keys[number % 2], keys[1 - number % 2]
        made = []
        for _ in range(rounds):
            signature = sign_digest(key, digest)
            answers = verify_many([(key.public_key, digest, signature), (other.public_key, digest, signature)])
            assert answers == [True, False]
            made.append(signature)
        return made

    with ThreadPoolExecutor(8) as pool:
        signatures = [signature for made in pool.map(work, range(8)) for signature in made]
    assert len({signature_to_raw(signature)[:32] for signature in signatures}) == 8 * rounds


_FORK = """
    import os, signal, threading
    import crypto

    key, digest = crypto.PrivateKey.generate(), bytes(32)
    items = [(key.public_key, digest, crypto.sign_digest(key, digest))] * 40
    assert all(crypto.verify_many(items))            # pool and caches are warm
    stop = threading.Event()

    def busy():                                      # the fork happens while the pool works
        while not stop.is_set():
            crypto.verify_many(items)

    worker = threading.Thread(target=busy)
    worker.start()
    seen = set()
    for _ in range(5):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            signal.alarm(30)                         # a child that hangs dies, and the parent sees it
            signatures = crypto.sign_many(key, [digest] * 8)
            good = all(crypto.verify_many([(key.public_key, digest, s) for s in signatures] * 3))
            os.write(writer, b"".join(map(crypto.signature_to_raw, signatures)) if good else b"")
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as stream:
            raw = stream.read()
        assert os.waitpid(child, 0)[1] == 0, "the child failed"
        assert len(raw) == 8 * 64, "the child could not verify what it signed"
        seen.update(raw[i:i + 32] for i in range(0, len(raw), 64))
        seen.add(crypto.signature_to_raw(crypto.sign_digest(key, digest))[:32])
    stop.set()
    worker.join()
    assert len(seen) == 5 * 9, "parent and child used the same nonce"
    assert all(crypto.verify_many(items))
    print("ok")
"""


def test_forked_children_work_and_share_no_nonce() -> None:
    """A child forked while threads verify can sign and verify in bulk, and its nonces are its own."""
    # DeprecationWarning: newer Pythons warn about any fork of a process with threads, which is the point here.
    ran = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(_FORK)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ran.stdout.strip(), ran.stderr) == ("ok", "")
