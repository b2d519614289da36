"""100,000 seal keys kept outside the key store, wrapped: does anything grow with their number?

Making, signing, the device's memory, its store and its start are measured with none and with all of them. Signing
goes over the socket, one session, one signature a request; "cold" is a pair the device has not open, "warm" one it
has. The peer is a key at an index of the same key store in the same run.
"""

import os
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hsm_sim import (
    DevicePolicy,
    KeyOrder,
    KeyStoreClient,
    KeyStoreProcess,
    KeyStoreSession,
    KeyUsage,
    OfficerCredential,
    ServiceSettings,
    initialise_key_store,
    start_key_store,
)

OFFICER = OfficerCredential("bench", b"officer secret")
PASSWORD = b"password 1"
KEYS = 100_000
PORTION = 5_000
"""Keys of the first and the last measurement of making."""
SINGLES = 600
ROUNDS = 4
WARM = 256
COLD = 51


def rate(action: Callable[[], object], count: int) -> float:
    begun = time.perf_counter()
    action()
    return count / (time.perf_counter() - begun)


def resident(process: KeyStoreProcess) -> float:
    """Memory of the device's process, MB."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def start(settings: ServiceSettings) -> tuple[KeyStoreProcess, float]:
    """The device, and the milliseconds from start to ready."""
    begun = time.perf_counter()
    process = start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL)
    return process, (time.perf_counter() - begun) * 1e3


def store_size(settings: ServiceSettings) -> float:
    """Octets of the store's folder, kB."""
    return sum(path.stat().st_size for path in settings.directory.iterdir() if path.is_file()) / 1024


def run(record: Callable[..., None]) -> None:
    """Make the keys in a temporary key store and measure before, with and after them."""
    with tempfile.TemporaryDirectory(prefix="xinyin-bench-") as folder:
        settings = ServiceSettings(Path(folder) / "store")
        initialise_key_store(settings, (OFFICER,), DevicePolicy(1000, 1000), stderr=subprocess.DEVNULL)
        process, _ = start(settings)
        with process, process.client() as client, client.officer(OFFICER) as officer:
            officer.generate_key_pair(1, KeyUsage.SIGN, password=PASSWORD)
            officer.enable_wrapping()
        process, empty_start = start(settings)
        empty_size = store_size(settings)
        with process, process.client() as client:
            wrapped, empty_memory = make(record, process, client)
            sign(record, process, client, wrapped, empty_memory)
        full_size = store_size(settings)
        process, full_start = start(settings)
        process.stop()
        with_none = "with no wrapped key"
        record("wrapped keys: store with 100,000 of them", full_size, "kB", {with_none: empty_size})
        record("wrapped keys: start to ready with 100,000", full_start, "ms", {with_none: empty_start})
        record("wrapped keys: kept outside, each", sum(map(len, wrapped)) / len(wrapped), "octets")


def make(
    record: Callable[..., None], process: KeyStoreProcess, client: KeyStoreClient
) -> tuple[list[bytes], float]:
    wrapped: list[bytes] = []

    with client.officer(OFFICER) as officer:

        def more(count: int) -> None:
            orders = [KeyOrder("", f"seal {len(wrapped) + n}") for n in range(count)]
            wrapped.extend(officer.make_wrapped_keys(KeyUsage.SIGN, orders, guard=1))

        more(WARM)
        memory = resident(process)
        first = rate(lambda: more(PORTION), PORTION)
        more(KEYS - len(wrapped) - PORTION)
        last = rate(lambda: more(PORTION), PORTION)
    record("wrapped keys: made, the last of 100,000", last, "/s", {"the first": first})
    return wrapped, memory


def sign(
    record: Callable[..., None],
    process: KeyStoreProcess,
    client: KeyStoreClient,
    wrapped: Sequence[bytes],
    empty_memory: float,
) -> None:
    draw = random.Random(1)
    digest = os.urandom(32)
    with client.open_session() as session:
        session.get_access_right(1, PASSWORD)
        handle = session.load_wrapped(wrapped[-1]).handle

        def with_pairs(keys: Sequence[bytes]) -> None:
            for key in keys:
                session.sign_wrapped(key, digest)

        def from_anywhere() -> None:
            with_pairs([wrapped[n] for n in draw.sample(range(KEYS), SINGLES)])

        some = [wrapped[n] for n in draw.sample(range(KEYS), WARM)]
        actions = {
            "key at an index": lambda: [session.sign_digest(1, digest) for _ in range(SINGLES)],
            "random of 100,000, cold": from_anywhere,
            "the first, warm": lambda: with_pairs([wrapped[0]] * SINGLES),
            "the 100,000th, warm": lambda: with_pairs([wrapped[-1]] * SINGLES),
            "random of 256, warm": lambda: with_pairs(draw.choices(some, k=SINGLES)),
            "the 100,000th by a handle": lambda: by_handle(session, handle, digest, wrapped[-1]),
        }
        rates = best(actions, {"random of 256, warm": lambda: with_pairs(some)})
        peers = {"key at an index": rates.pop("key at an index")}
        for name, value in rates.items():
            record(f"wrapped keys: signed with {name}", value, "/s", peers)
        record("wrapped keys: the first ones, cold", cold(session, wrapped[:COLD], digest), "us")
        record("wrapped keys: the last ones, cold", cold(session, wrapped[-COLD:], digest), "us")
        record("wrapped keys: device's memory after them", resident(process), "MB", {"before": empty_memory})


def best(actions: dict[str, Callable[[], object]], before: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Best rate of each action over alternating rounds; what is done ``before`` one is not counted."""
    rates = dict.fromkeys(actions, 0.0)
    for _ in range(ROUNDS):
        for name, action in actions.items():
            before.get(name, int)()
            rates[name] = max(rates[name], rate(action, SINGLES))
    return rates


def by_handle(session: KeyStoreSession, handle: int, digest: bytes, key: bytes) -> None:
    session.sign_wrapped(key, digest)  # so that the pair is open
    for _ in range(SINGLES - 1):
        session.sign_loaded(handle, digest)


def cold(session: KeyStoreSession, keys: Sequence[bytes], digest: bytes) -> float:
    """Microseconds of the first signature with a pair that is not open; the median over some."""
    taken = []
    for key in keys:
        begun = time.perf_counter()
        session.sign_wrapped(key, digest)
        taken.append((time.perf_counter() - begun) * 1e6)
    return statistics.median(taken)
