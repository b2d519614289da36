"""SM2 operations per second: single, in bulk, with fresh keys, over messages; beside ``openssl speed`` and gmssl.

Single operations are measured in CPU time of the process, as ``openssl speed`` measures its own, and in turns with
it, best of three: another process on the machine then disturbs both alike. Bulk is measured in wall time.
"""

import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Protocol

import crypto
from crypto import bulk, engines

ROUNDS = 3
SECONDS = 1.0
BULK = 8192
FRESH_KEYS = 6000
"""More than an engine keeps in mind, so that going round them meets every key anew."""

EXAMPLE_KEY = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"  # GB/T 32918.5
MESSAGE = bytes(1024)


class Record(Protocol):
    def __call__(
        self, name: str, value: float, unit: str, peers: dict[str, float] | None = None, cores: int = 1
    ) -> None: ...


def rate(work: Callable[[], object], seconds: float = SECONDS) -> float:
    """Calls per second of CPU time."""
    calls, started = 0, time.process_time()
    while (spent := time.process_time() - started) < seconds:
        for _ in range(20):
            work()
        calls += 20
    return calls / spent


def openssl_speed(*options: str) -> list[tuple[float, float]]:
    """Sign and verify per second by one run of ``openssl speed``; empty where there is none, or none with SM2."""
    if shutil.which("openssl") is None:
        return []
    command = ["openssl", "speed", "-seconds", "1", *options, "sm2"]
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"SM2\)\s+[\d.]+s\s+[\d.]+s\s+([\d.]+)\s+([\d.]+)", text)
    return [(float(found[1]), float(found[2]))] if found else []


def gmssl_rates() -> tuple[float, float]:
    """Sign and verify per second by the gmssl package's own functions."""
    from gmssl.sm2 import CryptSM2

    point = crypto.PrivateKey.from_scalar(bytes.fromhex(EXAMPLE_KEY)).public_key.point
    # Without its leading 04: given one, the package strips every further 0 and 4 as well.
    theirs = CryptSM2(private_key=EXAMPLE_KEY, public_key=point[1:].hex())
    digest, nonce = crypto.sm3(b"digest"), secrets.token_hex(32)
    signature = theirs.sign(digest, nonce)
    if not theirs.verify(signature, digest):
        raise RuntimeError("gmssl does not verify its own signature")
    return rate(lambda: theirs.sign(digest, nonce)), rate(lambda: theirs.verify(signature, digest))


def single(record: Record) -> None:
    """One operation at a time on one core."""
    key = crypto.PrivateKey.generate()
    public_key, digest, user_id = key.public_key, crypto.sm3(b"digest"), crypto.DEFAULT_USER_ID
    signature = crypto.sign_digest(key, digest)
    over_message = crypto.sign(key, MESSAGE, user_id=user_id)
    fresh = _fresh_keys(digest)
    works: dict[str, Callable[[], object]] = {
        "sm2.sign": lambda: crypto.sign_digest(key, digest),
        "sm2.verify": lambda: crypto.verify_digest(public_key, digest, signature),
        "sm2.sign_message": lambda: crypto.sign(key, MESSAGE, user_id=user_id),
        "sm2.verify_message": lambda: crypto.verify(public_key, MESSAGE, over_message, user_id=user_id),
        "sm2.load_key_and_verify": lambda: _load_and_verify(*next(fresh)),
    }
    ours = dict.fromkeys(works, 0.0)
    theirs: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        theirs += openssl_speed()
        for name, work in works.items():
            ours[name] = max(ours[name], rate(work))
    gmssl_sign, gmssl_verify = gmssl_rates()
    for name, value in ours.items():
        signing = name.startswith("sm2.sign")
        peers = {"gmssl": gmssl_sign if signing else gmssl_verify}
        if theirs:
            peers["openssl speed"] = max(pair[0 if signing else 1] for pair in theirs)
        record(name, value, "/s", peers)


def _fresh_keys(digest: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    return cycle(
        (key.public_key.point, digest, crypto.sign_digest(key, digest))
        for key in crypto.PrivateKey.generate_many(FRESH_KEYS)
    )


def _load_and_verify(point: bytes, digest: bytes, signature: bytes) -> None:
    crypto.verify_digest(crypto.PublicKey(point), digest, signature)


def in_bulk(record: Record) -> None:
    """Thousands at a time, on one thread and on one for each core."""
    key = crypto.PrivateKey.generate()
    digests = [crypto.sm3(number.to_bytes(4, "big")) for number in range(BULK)]
    items = [
        (key.public_key, digest, signature)
        for digest, signature in zip(digests, crypto.sign_many(key, digests), strict=True)
    ]
    cores = bulk._WORKERS  # noqa: SLF001 - the number of threads is nobody else's business
    for workers in sorted({1, cores}):
        bulk._WORKERS = workers  # noqa: SLF001
        rates = {"sm2.sign_many": 0.0, "sm2.verify_many": 0.0}
        theirs: list[tuple[float, float]] = []
        for _ in range(ROUNDS):
            theirs += openssl_speed("-multi", str(workers))
            rates["sm2.sign_many"] = max(
                rates["sm2.sign_many"], _wall_rate(lambda: crypto.sign_many(key, digests))
            )
            rates["sm2.verify_many"] = max(rates["sm2.verify_many"], _wall_rate(lambda: crypto.verify_many(items)))
        for index, (name, value) in enumerate(rates.items()):
            peers = {f"openssl speed -multi {workers}": max(pair[index] for pair in theirs)} if theirs else {}
            record(f"{name}.{workers}_thread{'s' if workers > 1 else ''}", value, "/s", peers, workers)
    bulk._WORKERS = cores  # noqa: SLF001


def _wall_rate(work: Callable[[], object], count: int = BULK, seconds: float = SECONDS / 2) -> float:
    """Operations per second of wall time; ``work`` does ``count`` of them."""
    done, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < seconds:
        work()
        done += count
    return done / spent


def encryption(record: Record) -> None:
    """Encrypting and opening a 16-octet key."""
    key = crypto.PrivateKey.generate()
    ciphertext = crypto.encrypt(key.public_key, bytes(16))
    record("sm2.encrypt", rate(lambda: crypto.encrypt(key.public_key, bytes(16))), "/s")
    record("sm2.decrypt", rate(lambda: crypto.decrypt(key, ciphertext)), "/s")
    record("sm2.generate", rate(crypto.PrivateKey.generate), "/s")


def run(record: Record) -> None:
    """Measure everything here."""
    if engines.active().name == "gmssl":
        raise SystemExit("the bulk sizes here are for a fast engine; gmssl appears as a peer")
    single(record)
    in_bulk(record)
    encryption(record)
