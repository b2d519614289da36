"""The simulated key store over its socket, beside the engine in this process.

The device verifies every signature before it gives it out, so the engine's rate to compare with is that of signing
and verifying; the rate of signing alone is shown too. Rounds of both sides alternate and the best of each counts.
"""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from crypto import PrivateKey, sign_digest, sign_many, verify_digest, verify_many
from hsm_sim import (
    DevicePolicy,
    KeyStoreClient,
    KeyStoreSession,
    KeyStoreSigner,
    KeyUsage,
    OfficerCredential,
    ServiceSettings,
    initialise_key_store,
    start_key_store,
)

OFFICER = OfficerCredential("bench", b"officer secret")
PASSWORD = b"password 1"
SINGLES = 800
BATCH = 4096
ROUNDS = 4
CORES = len(os.sched_getaffinity(0))


def rate(action: Callable[[], object], count: int) -> float:
    begun = time.perf_counter()
    action()
    return count / (time.perf_counter() - begun)


def best(*actions: tuple[Callable[[], object], int]) -> list[float]:
    """Best rate of each action over alternating rounds."""
    rounds = [[rate(action, count) for action, count in actions] for _ in range(ROUNDS)]
    return [max(column) for column in zip(*rounds, strict=True)]


def run(record: Callable[..., None]) -> None:
    """Start a key store in a temporary directory and measure it."""
    with tempfile.TemporaryDirectory(prefix="xinyin-bench-") as folder:
        settings = ServiceSettings(Path(folder) / "store")
        policy = DevicePolicy(secret_iterations=1000, password_iterations=1000)
        initialise_key_store(settings, (OFFICER,), policy, stderr=subprocess.DEVNULL)
        begun = time.perf_counter()
        with start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL) as process:
            record("key store: start to ready", (time.perf_counter() - begun) * 1e3, "ms")
            with process.client() as client:
                with client.officer(OFFICER) as officer:
                    officer.generate_key_pair(1, KeyUsage.SIGN, password=PASSWORD)
                measure(record, client)


def measure(record: Callable[..., None], client: KeyStoreClient) -> None:
    own = PrivateKey.generate()
    digests = [os.urandom(32) for _ in range(BATCH)]

    def engine_singly(*, check: bool) -> None:
        for digest in digests[:SINGLES]:
            signature = sign_digest(own, digest)
            if check:
                verify_digest(own.public_key, digest, signature)

    def engine_batch(*, check: bool) -> None:
        signatures = sign_many(own, digests)
        if check:
            verify_many([(own.public_key, e, s) for e, s in zip(digests, signatures, strict=True)])

    def session() -> KeyStoreSession:
        made = client.open_session()
        made.get_access_right(1, PASSWORD)
        return made

    def singly(one: KeyStoreSession) -> None:
        for digest in digests[:SINGLES]:
            one.sign_digest(1, digest)

    def by_all_cores(sessions: list[KeyStoreSession]) -> None:
        threads = [threading.Thread(target=singly, args=(one,)) for one in sessions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with session() as one:
        (trips,) = best((lambda: [one.alive() for _ in range(SINGLES)], SINGLES))
        record("key store: empty request, round trip", 1e6 / trips, "us")
        over_socket, checked, bare = best(
            (lambda: singly(one), SINGLES),
            (lambda: engine_singly(check=True), SINGLES),
            (lambda: engine_singly(check=False), SINGLES),
        )
        peers = {"engine, sign and verify": checked, "engine, sign": bare}
        record("key store: single signatures, one session", over_socket, "/s", peers)
    sessions = [session() for _ in range(CORES)]
    (together,) = best((lambda: by_all_cores(sessions), SINGLES * CORES))
    record("key store: single signatures, a session a core", together, "/s", cores=CORES)
    for each in sessions:
        each.close()
    with KeyStoreSigner(client, 1, PASSWORD, client.public_key(1)) as signer:
        over_socket, checked, bare = best(
            (lambda: signer.sign_digests(digests), BATCH),
            (lambda: engine_batch(check=True), BATCH),
            (lambda: engine_batch(check=False), BATCH),
        )
        peers = {"engine, sign and verify": checked, "engine, sign": bare}
        record("key store: batch signatures", over_socket, "/s", peers, CORES)
