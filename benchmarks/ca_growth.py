"""What issuing, finding and revoking a certificate costs as the record grows: it must not grow with it.

The record is filled with copies of one certificate under serial numbers and request keys of their own, as issuing
writes them, audit entries included.
"""

from __future__ import annotations

import random
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.ca import START, _authority, _request
from ca.model import CertificateRecord, CertificateState, SerialNumber
from ca.register import CaRegister
from ca.service import CertificateAuthority
from crypto import sm3
from formats.gbt20518 import RevocationReason

SIZES = (10_000, 100_000, 1_000_000)
AT_ONCE = 2000
BATCH = 100
ROUNDS = 5
LOOKUPS = 300
REVOKED = 20


def run(record: Callable[..., None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "ca.db")
        authority, store = _authority(path), CaRegister(path)
        authority.issue(_request(0), actor="bench")
        (model,) = authority.certificates()
        serials: list[SerialNumber] = [model.serial]
        for size in SIZES:
            _fill(store, model, serials, size)
            _measure(record, authority, serials, size)
        store.close()


def _fill(store: CaRegister, model: CertificateRecord, serials: list[SerialNumber], size: int) -> None:
    assert model.encoded is not None
    tbs, certificate = sm3(model.tbs).hex(), sm3(model.encoded).hex()
    while len(serials) < size:
        fresh = [SerialNumber.draw(secrets.token_bytes) for _ in range(min(AT_ONCE, size - len(serials)))]
        records = [replace(model, serial=serial, request_key=f"fill-{serial}", encoded=None) for serial in fresh]
        names = [{"authority": model.authority, "serial": str(serial)} for serial in fresh]
        with store.transaction() as change:
            change.add_intents(records)
            intended = [
                {**name, "profile": model.profile, "request": f"fill-{name['serial']}", "tbs": tbs}
                for name in names
            ]
            change.append_audit(START, "bench", "certificate-intended", intended)
            encoded = dict.fromkeys(fresh, model.encoded)
            change.record_certificates(model.authority, encoded, CertificateState.VALID)
            issued = [{**name, "certificate": certificate} for name in names]
            change.append_audit(START, "bench", "certificate-issued", issued)
        serials += fresh


def _measure(
    record: Callable[..., None], authority: CertificateAuthority, serials: list[SerialNumber], size: int
) -> None:
    source = random.Random(size)

    def issue(number: int) -> None:
        requests = [replace(_request(each), key=f"{size}-{number}-{each}") for each in range(BATCH)]
        start = time.perf_counter()
        authority.issue_many(requests, actor="bench")
        issuing.append((time.perf_counter() - start) / BATCH)

    issuing: list[float] = []
    for number in range(ROUNDS):
        issue(number)
    record(f"issue a certificate, {size:,} on record", min(issuing) * 1e6, "µs", cores=2)
    chosen = source.sample(serials, LOOKUPS)
    best = min(_each(authority.record, chosen) for _ in range(ROUNDS))
    record(f"look a certificate up, {size:,} on record", best * 1e6, "µs")
    to_revoke = iter(source.sample(serials, ROUNDS * REVOKED))
    revoking = [
        _each(
            lambda serial: authority.revoke(serial, RevocationReason.SUPERSEDED, actor="bench"),
            [next(to_revoke) for _ in range(REVOKED)],
        )
        for _ in range(ROUNDS)
    ]
    record(f"revoke a certificate, durable, {size:,} on record", min(revoking) * 1e6, "µs")
    taken = _each(lambda _: authority.publish_crl(actor="bench"), range(3))
    record(f"publish a list of the revoked, {size:,} on record", taken * 1e3, "ms")


def _each(work: Callable[[Any], object], items: Iterable[Any]) -> float:
    """Seconds for each of some items."""
    chosen = list(items)
    start = time.perf_counter()
    for item in chosen:
        work(item)
    return (time.perf_counter() - start) / len(chosen)
