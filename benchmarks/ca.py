"""The certification authority: reading certificates and lists, durable issuance."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ca.authority import TEST_POLICY, AuthoritySettings, PolicyStatement
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


def run(record: Callable[..., None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        authority = _authority(Path(folder) / "ca.db")
        requests = [_request(number) for number in range(CERTIFICATES)]
        singles, batches = requests[:BATCH], requests[BATCH:]
        taken = _seconds(lambda: [authority.issue(request, actor="bench") for request in singles])
        record("certificates issued one by one, durable", len(singles) / taken, "/s")
        groups = [batches[start : start + BATCH] for start in range(0, len(batches), BATCH)]
        taken = _seconds(lambda: [authority.issue_many(group, actor="bench") for group in groups])
        record(f"certificates issued in batches of {BATCH}, durable", len(batches) / taken, "/s", cores=2)
        records = authority.certificates(most=CERTIFICATES)
        encoded = [each.encoded for each in records if each.encoded is not None]
    _read(record, encoded)
    _lists(record)


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


def _authority(path: Path) -> CertificateAuthority:
    profiles = built_in_profiles()
    settings = AuthoritySettings(
        policies=(PolicyStatement(TEST_POLICY),),
        crl_uris=("http://crl.test/1.crl",),
        ocsp_uris=("http://ocsp.test/",),
    )
    common = {
        "store": CaRegister(str(path)),
        "profiles": profiles,
        "settings": settings,
        "clock": lambda: START,
        "random": secrets.token_bytes,
    }
    validity = Validity(START, START + timedelta(days=3653))
    name = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "T"), (oids.COMMON_NAME, "Root")])
    root = CertificateAuthority.create_root(
        signer=SoftwareSigner(PrivateKey.generate()), subject=name, validity=validity, actor="bench", **common
    )
    signer = SoftwareSigner(PrivateKey.generate())
    below = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "T"), (oids.COMMON_NAME, "Issuing")])
    request = IssuanceRequest("sub", "issuing-ca", below, signer.public_key, validity, Possession.VOUCHED)
    certificate = root.issue_subordinate(request, actor="bench")
    return CertificateAuthority(signer=signer, chain=(certificate, root.certificate), **common)
