"""The certification authority: reading certificates and lists, durable issuance."""

from __future__ import annotations

import multiprocessing
import secrets
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ca.authority import TEST_POLICY, AuthoritySettings, PolicyStatement
from ca.group_issuing import GroupIssuing
from ca.model import IssuanceRequest, Possession
from ca.profile import built_in_profiles
from ca.register import CaRegister
from ca.service import CertificateAuthority
from crypto import PrivateKey, SoftwareSigner
from formats import oids
from formats.gbt20518 import (
    Name,
    RevocationReason,
    RevokedEntry,
    TbsCrl,
    Validity,
    assemble_crl,
    read_certificate,
    read_crl,
)
from formats.gbt20518 import extension_building as build
from formats.gbt20518.algorithm import _public_key
from formats.gbt20518.extension import _plain_extension_cached
from formats.gbt20518.extensions import _decode_cached
from formats.gbt20518.name import _read_cached as _read_name

START = datetime(2026, 1, 1, tzinfo=UTC)
CERTIFICATES = 600
BATCH = 200
ENTRIES = 50_000
ROUNDS = 5
CALLERS = 32
GROUPED = 960
TOGETHER = 100


def run(record: Callable[..., None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        authority = _authority(str(Path(folder) / "ca.db"))
        requests = [_request(number) for number in range(CERTIFICATES)]
        singles, batches = requests[:BATCH], requests[BATCH:]
        taken = _seconds(lambda: [authority.issue(request, actor="bench") for request in singles])
        record("certificates issued one by one, durable", len(singles) / taken, "/s")
        groups = [batches[start : start + BATCH] for start in range(0, len(batches), BATCH)]
        taken = _seconds(lambda: [authority.issue_many(group, actor="bench") for group in groups])
        record(f"certificates issued in batches of {BATCH}, durable", len(batches) / taken, "/s", cores=2)
        _callers(record, authority, "")
        records = authority.certificates(most=CERTIFICATES)
        encoded = [each.encoded for each in records if each.encoded is not None]
        taken = min(_seconds(lambda: list(authority.rereading().certificates())) for _ in range(2))
        on_record = sum(page.read for page in authority.rereading().certificates())
        record("certificates on record read again and judged", on_record / taken, "/s")
        _processes(record, str(Path(folder) / "shared.db"), "")
    _in_postgresql(record)
    _read(record, encoded)
    _lists(record)


def _callers(record: Callable[..., None], authority: CertificateAuthority, where: str) -> None:
    """Each caller asks for one certificate at a time; they share commits."""
    best = max(_issued_for_callers(authority, f"callers-{number}") for number in range(ROUNDS))
    record(f"certificates issued for {CALLERS} callers at once, durable{where}", best, "/s", cores=2)


def _issued_for_callers(authority: CertificateAuthority, name: str) -> float:
    requests = [replace(_request(number), key=f"{name}-{number}") for number in range(GROUPED)]
    shares = [requests[start::CALLERS] for start in range(CALLERS)]
    with GroupIssuing(authority) as front, ThreadPoolExecutor(CALLERS) as pool:

        def ask(share: Sequence[IssuanceRequest]) -> None:
            for request in share:
                front.issue(request, actor="bench")

        return GROUPED / _seconds(lambda: list(pool.map(ask, shares)))


def _processes(record: Callable[..., None], address: str, where: str) -> None:
    """Two processes of one authority over one record, each with callers of its own."""
    keys = [PrivateKey.generate() for _ in range(2)]
    _authority(address, keys)  # the chain is there before they start
    context = multiprocessing.get_context("fork")
    barrier, ends = context.Barrier(3), context.Queue()
    workers = [
        context.Process(target=_one_process, args=(address, keys, number, barrier, ends)) for number in range(2)
    ]
    for worker in workers:
        worker.start()
    barrier.wait()
    taken = _seconds(lambda: [ends.get() for _ in workers])
    for worker in workers:
        worker.join()
    issued = 2 * ROUNDS * GROUPED
    record(f"certificates issued by two processes, durable{where}", issued / taken, "/s", cores=2)


def _one_process(address: str, keys: Sequence[PrivateKey], number: int, barrier: Any, ends: Any) -> None:
    authority = _authority(address, keys)
    requests = [replace(_request(each), key=f"{number}-{each}") for each in range(ROUNDS * GROUPED)]
    barrier.wait()
    for start in range(0, len(requests), TOGETHER):
        authority.issue_many(requests[start : start + TOGETHER], actor="bench")
    ends.put(number)


def _in_postgresql(record: Callable[..., None]) -> None:
    from tests.postgresql import programs, started

    if programs() is None:
        return
    with started() as cluster:
        authority = _authority(cluster.new_address())
        requests = [replace(_request(number), key=f"pg-{number}") for number in range(CERTIFICATES)]
        singles, batches = requests[:BATCH], requests[BATCH:]
        taken = _seconds(lambda: [authority.issue(request, actor="bench") for request in singles])
        record("certificates issued one by one, durable, PostgreSQL", len(singles) / taken, "/s")
        groups = [batches[start : start + BATCH] for start in range(0, len(batches), BATCH)]
        taken = _seconds(lambda: [authority.issue_many(group, actor="bench") for group in groups])
        record(
            f"certificates issued in batches of {BATCH}, durable, PostgreSQL", len(batches) / taken, "/s", cores=2
        )
        _callers(record, authority, ", PostgreSQL")


def _read(record: Callable[..., None], encoded: Sequence[bytes]) -> None:
    def everything() -> None:
        for data in encoded:
            certificate = read_certificate(data)
            assert not certificate.tolerances  # decodes every extension
            assert certificate.public_key is not None
            assert str(certificate.subject)

    first = min(_seconds(everything, before=_forget) for _ in range(ROUNDS)) / len(encoded) * 1e6
    again = min(_seconds(everything) for _ in range(ROUNDS)) / len(encoded) * 1e6
    peers = {}
    try:
        from cryptography import x509
    except ImportError:
        pass
    else:

        def pyca() -> None:
            for data in encoded:
                certificate = x509.load_der_x509_certificate(data)
                assert certificate.subject.rfc4514_string()
                assert certificate.issuer.rfc4514_string()
                assert certificate.not_valid_before_utc < certificate.not_valid_after_utc
                assert certificate.serial_number
                assert list(certificate.extensions)

        best = min(_seconds(pyca) for _ in range(ROUNDS))
        peers["cryptography, without the SM2 key"] = best / len(encoded) * 1e6
    record("read an SM2 certificate in full, never seen", first, "µs", peers)
    record("read an SM2 certificate in full, seen before", again, "µs", peers)


def _forget() -> None:
    """Empty the readers' memories of names, keys and extension values, as a fresh process has them."""
    for memory in (_read_name, _public_key, _plain_extension_cached, _decode_cached):
        memory.cache_clear()


def _lists(record: Callable[..., None]) -> None:
    entries = [
        RevokedEntry(2**150 + 7919 * number, START + timedelta(seconds=number), RevocationReason.SUPERSEDED)
        for number in range(ENTRIES)
    ]
    name = Name.build([(oids.COUNTRY, "CN"), (oids.COMMON_NAME, "bench")])
    content = TbsCrl(name, START, START + timedelta(days=7), entries, (build.crl_number(1),))
    data = assemble_crl(content.encode(), b"\x30\x06\x02\x01\x01\x02\x01\x01")
    best = min(_seconds(lambda: read_crl(data)) for _ in range(ROUNDS))
    record("read a revocation list", ENTRIES / best, "entries/s")


def _seconds(work: Callable[[], object], *, before: Callable[[], None] = lambda: None) -> float:
    before()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _request(number: int) -> IssuanceRequest:
    subject = [(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试市民政局"), (oids.COMMON_NAME, f"3703{number:010d}")]
    return IssuanceRequest(
        key=f"bench-{number}",
        profile="seal-holder",
        subject=Name.build(subject),
        public_key=PrivateKey.generate().public_key,
        validity=Validity(START, START + timedelta(days=1000)),
        possession=Possession.VOUCHED,
        credit_code="11320500014150050B",
    )


def _authority(address: str, keys: Sequence[PrivateKey] = ()) -> CertificateAuthority:
    root_key, own_key = keys or [PrivateKey.generate() for _ in range(2)]
    profiles = built_in_profiles()
    settings = AuthoritySettings(
        policies=(PolicyStatement(TEST_POLICY),),
        crl_uris=("http://crl.test/1.crl",),
        ocsp_uris=("http://ocsp.test/",),
    )
    common = {
        "store": CaRegister(address),
        "profiles": profiles,
        "settings": settings,
        "clock": lambda: START,
        "random": secrets.token_bytes,
    }
    validity = Validity(START, START + timedelta(days=3653))
    name = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "T"), (oids.COMMON_NAME, "Root")])
    root = CertificateAuthority.create_root(
        signer=SoftwareSigner(root_key), subject=name, validity=validity, actor="bench", **common
    )
    signer = SoftwareSigner(own_key)
    below = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "T"), (oids.COMMON_NAME, "Issuing")])
    request = IssuanceRequest("sub", "issuing-ca", below, signer.public_key, validity, Possession.VOUCHED)
    certificate = root.issue_subordinate(request, actor="bench")
    return CertificateAuthority(signer=signer, chain=(certificate, root.certificate), **common)
