"""Revocation lists of a million entries: made from the record, on shards, as a delta list, and read."""

from __future__ import annotations

import multiprocessing
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from ca.authority import TEST_POLICY, AuthoritySettings, PolicyStatement
from ca.model import WHOLE_LIST, CertificateState, SerialNumber
from ca.partition import PartitionPlan
from ca.profile import built_in_profiles
from ca.register import CaRegister
from ca.service import CertificateAuthority
from ca.tables import CERTIFICATES
from crypto import PrivateKey, SoftwareSigner
from formats import oids
from formats.gbt20518 import Name, RevocationReason, Validity, read_crl, to_pem
from formats.register_file import time_text

START = datetime(2026, 1, 1, tzinfo=UTC)
ENTRIES = 1_000_000
SHARDS = 128
CHANGED = 1000
_ROWS = 20_000
_PLAN = PartitionPlan("http://crl.test/", (SHARDS,))


def run(record: Callable[..., None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "key").write_bytes(PrivateKey.generate().scalar())
        for work in (_fill_whole, _whole, _fill_shards, _shards, _read):
            for name, value, unit, peers in _apart(work, folder):
                record(name, value, unit, peers)


def _apart(work: Callable[[str], list[Any]], folder: str) -> list[Any]:
    """Run in a process of its own, whose memory is that of this work alone."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, folder).result()


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _fill_whole(folder: str) -> list[Any]:
    authority, store, _ = _authority(folder, "whole", None)
    _fill(store, authority, None, 0, ENTRIES)
    return []


def _whole(folder: str) -> list[Any]:
    authority, store, clock = _authority(folder, "whole", None)
    before = _memory()
    taken = _seconds(lambda: authority.publish_crl(actor="bench"))
    used = _memory() - before
    record = authority.crl()
    assert record.encoded is not None
    Path(folder, "whole.crl").write_bytes(record.encoded)
    _fill(store, authority, None, ENTRIES, CHANGED)
    clock[0] += timedelta(hours=1)
    delta = _seconds(lambda: authority.lists.publish(delta_only=True, actor="bench"))
    peers = {}
    generated = _openssl_gencrl(folder)
    if generated is not None:
        peers["openssl ca -gencrl"] = generated
    return [
        (f"list of {ENTRIES:,} entries: from the record to signed and durable", taken, "s", peers),
        (f"list of {ENTRIES:,} entries: memory beside the process", used, "MB", {}),
        (f"list of {ENTRIES:,} entries: size", len(record.encoded) / 1e6, "MB", {}),
        (f"delta list of {CHANGED:,} changes to it", delta * 1000, "ms", {}),
    ]


def _fill_shards(folder: str) -> list[Any]:
    authority, store, _ = _authority(folder, "shards", _PLAN)
    _fill(store, authority, _PLAN, 0, ENTRIES)
    return []


def _shards(folder: str) -> list[Any]:
    authority, _, clock = _authority(folder, "shards", _PLAN)
    due = authority.lists.due()
    taken = _seconds(lambda: authority.lists.publish_due(actor="bench"))
    clock[0] += timedelta(hours=1)
    one = min(
        _seconds(partial(authority.lists.publish, partition, actor="bench")) for partition in _PLAN.current[:5]
    )
    asked = _seconds(authority.lists.due)
    return [
        (f"all {len(due)} shards of {ENTRIES:,} entries", taken, "s", {}),
        ("one of these shards", one * 1000, "ms", {}),
        ("which of these shards are due", asked * 1000, "ms", {}),
    ]


def _read(folder: str) -> list[Any]:
    path = Path(folder, "whole.crl")
    data = path.read_bytes()
    before = _memory()
    start = time.perf_counter()
    crl = read_crl(data)
    taken = time.perf_counter() - start
    used = _memory() - before
    serials = [serial for number, serial in enumerate(crl.revoked) if number % 1000 == 0]
    found = _seconds(lambda: [crl.revoked[serial] for serial in serials]) / len(serials)
    peers = {}
    openssl = shutil.which("openssl")
    if openssl is not None:
        command = [openssl, "crl", "-inform", "DER", "-in", str(path), "-noout", "-crlnumber"]
        peers["openssl crl -crlnumber"] = _seconds(
            lambda: subprocess.run(command, check=True, capture_output=True)
        )
    from cryptography import x509

    def pyca() -> None:
        listing = x509.load_der_x509_crl(data)
        assert listing.get_revoked_certificate_by_serial_number(serials[-1]) is not None

    peers["cryptography, until one entry is found"] = _seconds(pyca)
    return [
        (f"read a list of {ENTRIES:,} entries, each checked", taken, "s", peers),
        (f"read a list of {ENTRIES:,} entries: memory beside its octets", used, "MB", {}),
        ("find one of a million entries", found * 1e6, "µs", {}),
    ]


def _authority(
    folder: str, name: str, plan: PartitionPlan | None
) -> tuple[CertificateAuthority, CaRegister, list[datetime]]:
    clock = [START]
    store = CaRegister(str(Path(folder) / f"{name}.sqlite"))
    validity = Validity(START, START + timedelta(days=3653))
    settings = AuthoritySettings(
        policies=(PolicyStatement(TEST_POLICY),),
        crl_uris=("http://crl.test/1.crl",),
        delta_validity=timedelta(days=1),
        partitions=plan,
    )
    common: dict[str, Any] = {
        "store": store,
        "signer": SoftwareSigner(PrivateKey.from_scalar(Path(folder, "key").read_bytes())),
        "profiles": built_in_profiles(),
        "clock": lambda: clock[0],
        "random": lambda count: bytes(range(count)),
    }
    root = CertificateAuthority.create_root(
        subject=Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "T"), (oids.COMMON_NAME, "Root")]),
        validity=validity,
        actor="bench",
        settings=settings,
        **common,
    )
    clock[0] += timedelta(days=30)
    return root, store, clock


def _fill(
    store: CaRegister,
    authority: CertificateAuthority,
    plan: PartitionPlan | None,
    first: int,
    count: int,
) -> None:
    """Revoked certificates, without the making of each: what a list needs of them is as it would be."""
    blank = {
        "authority": authority.authority,
        "state": str(CertificateState.REVOKED),
        "profile": "seal-holder/2",
        "request_digest": bytes(32),
        "subject": "C=CN",
        "not_after": time_text(START + timedelta(days=1800)),
        "intended_at": time_text(START),
        "tbs": bytes(600),
        "encoded": bytes(680),
        "reason": int(RevocationReason.SUPERSEDED),
    }
    for start in range(first, first + count, _ROWS):
        rows = []
        for number in range(start, min(start + _ROWS, first + count)):
            serial = SerialNumber((1 << 150) + number * 0x9E3779B97F4A7C15F39CC0605CEDC834 % (1 << 149))
            own = {
                "serial": str(serial),
                "request_key": f"r{number}",
                "list_name": plan.partition_of(serial, is_authority=False).name if plan else WHOLE_LIST,
                "revoked_at": time_text(START + timedelta(seconds=number)),
                "changed": number + 2,
                "list_changed": number + 2,
            }
            rows.append(blank | own)
        with store.transaction() as change:
            change._connection.execute(CERTIFICATES.insert(), rows)  # noqa: SLF001  no port makes a million at once


_CONFIGURATION = """
[ca]
default_ca = this
[this]
database = {folder}/index.txt
crlnumber = {folder}/crlnumber
default_md = sm3
default_crl_days = 7
certificate = {folder}/ca.pem
private_key = {folder}/key.pem
"""


def _openssl_gencrl(folder: str) -> float | None:
    """Seconds OpenSSL takes for a list of as many entries, from its text database to a file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        return None
    from formats.gbt35276 import private_key_info

    key = PrivateKey.generate()
    Path(folder, "key.pem").write_text(to_pem(private_key_info(key), "PRIVATE KEY"))
    Path(folder, "openssl.cnf").write_text(_CONFIGURATION.format(folder=folder))
    Path(folder, "crlnumber").write_text("01\n")
    identity = ["-sigopt", "distid:1234567812345678"]
    made = subprocess.run(
        [openssl, "req", "-x509", "-new", "-key", f"{folder}/key.pem", "-sm3", *identity, "-days", "3650", "-subj",
         "/C=CN/CN=Root", "-out", f"{folder}/ca.pem"],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        return None
    with Path(folder, "index.txt").open("w") as index:
        for number in range(ENTRIES):
            serial = (1 << 150) + number * 0x9E3779B97F4A7C15F39CC0605CEDC834 % (1 << 149)
            index.write(f"R\t310101000000Z\t260101000000Z,superseded\t{serial:040X}\tunknown\t/CN={number}\n")
    command = [openssl, "ca", "-config", f"{folder}/openssl.cnf", "-gencrl", "-md", "sm3", *identity]
    return _seconds(
        lambda: subprocess.run([*command, "-out", f"{folder}/theirs.crl"], check=True, capture_output=True)
    )
