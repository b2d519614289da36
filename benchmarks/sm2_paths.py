"""Every path of the native engine beside OpenSSL and gmssl, in one run and one table.

All through the Python API. What runs on one thread is counted in CPU time of the process, so that others on the
machine disturb it less; on several threads in wall time; each figure is the best of three. "One key" is a key met
before, which has its table; "all keys different" are keys that the engine has not met.
"""

import time
from collections.abc import Callable

import crypto
from benchmarks.sm2 import Record, gmssl_rates, openssl_speed, rate
from crypto import EngineUnavailableError, bulk, engines

PATHS = ("ifma", "avx2", "portable")
ROUNDS = 3
SECONDS = 0.4
BATCH = 8192
SHORT_MESSAGE = bytes(100)

Rates = dict[str, float]


def _rate_of_batches(work: Callable[[], object], count: int, clock: Callable[[], float]) -> float:
    done, started = 0, clock()
    while (spent := clock() - started) < SECONDS:
        work()
        done += count
    return done / spent


def measure(engine: engines.Engine, threads: list[int], *, fast: bool = True) -> Rates:
    """Rates of one engine, by the names of the table."""
    before = engines._active  # noqa: SLF001 - which engine runs is what is measured
    engines._active = engine  # noqa: SLF001
    try:
        return _measure(threads, BATCH if fast else BATCH // 16)
    finally:
        engines._active = before  # noqa: SLF001


def _measure(threads: list[int], batch: int) -> Rates:
    key, user_id = crypto.PrivateKey.generate(), crypto.DEFAULT_USER_ID
    public_key = key.public_key
    digests = [crypto.sm3(number.to_bytes(4, "big")) for number in range(batch)]
    signatures = crypto.sign_many(key, digests)
    one_key = [(public_key, digest, sig) for digest, sig in zip(digests, signatures, strict=True)]
    others = crypto.PrivateKey.generate_many(batch)
    differing = [
        (other.public_key, digest, crypto.sign_digest(other, digest))
        for other, digest in zip(others, digests, strict=True)
    ]
    records = b"".join(
        k.point[1:] + digest + crypto.signature_to_raw(signature) for k, digest, signature in one_key
    )
    joined = b"".join(digests)
    messages = [(public_key, SHORT_MESSAGE)] * batch
    singles: dict[str, Callable[[], object]] = {
        "sign.single": lambda: crypto.sign_digest(key, digests[0]),
        "verify.single": lambda: crypto.verify_digest(public_key, digests[0], signatures[0]),
    }
    batches: dict[str, Callable[[], object]] = {
        "sign.batch": lambda: crypto.sign_many(key, digests),
        "sign.records": lambda: crypto.sign_records(key, joined),
        "verify.batch.one_key": lambda: crypto.verify_many(one_key),
        "verify.records.one_key": lambda: crypto.verify_records(records),
        "verify.batch.all_keys_different": lambda: _forgetting(differing),
        "generate.batch": lambda: crypto.PrivateKey.generate_many(batch),
        "message_digest.batch": lambda: crypto.message_digests(messages, user_id=user_id),
    }
    rates: Rates = {}
    for _ in range(ROUNDS):
        for name, work in singles.items():
            rates[name] = max(rates.get(name, 0.0), rate(work, SECONDS))
        started, calls = time.process_time(), min(batch, 2000)
        engines.active().forget()
        for item in differing[:calls]:
            crypto.verify_digest(*item)
        fresh = calls / (time.process_time() - started)
        rates["verify.single.new_key"] = max(rates.get("verify.single.new_key", 0.0), fresh)
        for count in threads:
            bulk._WORKERS = count  # noqa: SLF001
            for name, work in batches.items():
                full = f"{name}.{count}_thread{'s' if count > 1 else ''}"
                clock = time.process_time if count == 1 else time.perf_counter
                rates[full] = max(rates.get(full, 0.0), _rate_of_batches(work, batch, clock))
    return rates


def _forgetting(items: list[tuple[crypto.PublicKey, bytes, bytes]]) -> None:
    engines.active().forget()
    crypto.verify_many(items)


def run(record: Record) -> None:
    """Measure everything here."""
    threads, cores = sorted({1, bulk._WORKERS}), bulk._WORKERS  # noqa: SLF001
    gmssl_sign, gmssl_verify = gmssl_rates()
    try:
        openssl = measure(engines.load("openssl"), threads, fast=False)
    except EngineUnavailableError as error:
        print(f"  no OpenSSL engine: {error}")
        openssl = {}
    speed = openssl_speed()
    try:
        for path in PATHS:
            try:
                engine = engines.load(f"native:{path}")
            except EngineUnavailableError as error:
                print(f"  {path}: {error}")
                continue
            for name, value in measure(engine, threads).items():
                peers = {"openssl engine": openssl[name]} if name in openssl else {}
                if name.startswith(("sign", "verify")):
                    signing = name.startswith("sign")
                    peers["gmssl"] = gmssl_sign if signing else gmssl_verify
                    if speed:
                        peers["openssl speed"] = speed[0][0 if signing else 1]
                used = int(name.rsplit(".", 1)[1].split("_")[0]) if "thread" in name else 1
                record(f"sm2.native.{path}.{name}", value, "/s", peers, used)
    finally:
        bulk._WORKERS = cores  # noqa: SLF001
