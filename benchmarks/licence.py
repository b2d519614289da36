"""Licences issued, sealed and verified a second on one core, where the time goes, and ofdrw on the same file.

Issuing goes through the licence service with registers and files on the disk, every commit synchronised, and a
signing key in this process: what a key store adds is measured on its own. Fifty requests make a batch, each of its
own holder. The process is held to one core, and the best round counts, by wall time less the time spent waiting
for that core while others had it: the disk is waited for, other programs are not. ofdrw is measured in CPU time of
its one thread, which leaves out its compiler, its collector and the disk.
"""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.sm2 import Record, openssl_speed
from crypto import bulk, message_digest, sm3, verify_many
from formats.gb11714 import check_character as organisation_check
from formats.gb32100 import check_character as credit_check
from formats.gbt33190.package_writer import write_package
from formats.gbt33190.signing import complete
from formats.gbt36903 import Metadata
from formats.gbt36904 import LicenceId
from licence_service import Holder, IssueRequest, built_in_types
from licence_service.files import FolderFileStore
from licence_service.metadata_of import licence_metadata
from licence_service.painting import FaceToPaint
from seal_service.sealing import PreparedSeal, SealHolder, complete_documents, prepare_document, seal_documents
from tests.peers.ofd_documents import Face, face_of
from tests.peers.ofd_nation import OfdNation, build_ofd_nation
from tests.peers.ofdrw import OfdrwUnavailableError, start_ofdrw
from verifier.report import Verdict
from verifier.verification import Verifier

BATCH = 50
ROUNDS = 10
TYPE = "business-licence"
NAMES = "星禾云川海岳晨晖嘉木清源博远泰和瑞丰启明鸿图锦程天成盛世安康永信金桥银泉绿野蓝湾紫荆白桦"


def run(record: Record) -> None:
    """Measure everything here."""
    with _one_core(), tempfile.TemporaryDirectory(prefix="xinyin-bench-") as folder:
        nation = build_ofd_nation(Path(folder))
        try:
            _measure(record, nation, Path(folder))
        finally:
            nation.close()


def _measure(record: Record, nation: OfdNation, folder: Path) -> None:
    face = face_of(nation, TYPE)
    holder = nation.seal(face.department)
    peers = _ofdrw_rates(face, nation, holder)
    batches = [[nation.licences.issue(request).document for request in _requests(nation, 0)]]

    def issue(number: int) -> None:
        batches.append([issued.document for issued in nation.licences.issue_many(_requests(nation, number))])

    seconds = _best(issue, start=1)
    record("licence.issue", BATCH / seconds, "/s", _only(openssl_sign=peers["openssl_sign"]))
    parts = _parts(nation, holder, folder / "files")
    for name, part in parts.items():
        record(f"licence.issue: {name}", part * 1e6, "µs")
    rest = seconds / BATCH - sum(parts.values())
    record("licence.issue: rules and registers (what is left)", rest * 1e6, "µs")

    requests = [face.sealing(nation, request_id=f"seal-{index}") for index in range(BATCH)]
    seconds = _best(lambda _: seal_documents(requests, holder, at=nation.now))
    record(
        "licence.seal", BATCH / seconds, "/s", _only(ofdrw=peers["ofdrw_seal"], openssl_sign=peers["openssl_sign"])
    )

    verifier = Verifier(nation.trust)
    _verify(verifier, batches[0], nation)
    # A new batch each time: what is remembered is what licences share, never the licence itself.
    seconds = _best(lambda number: _verify(verifier, batches[number], nation), start=1)
    against = _only(ofdrw=peers["ofdrw_verify"], openssl_verify=peers["openssl_verify"])
    record("licence.verify", BATCH / seconds, "/s", against)
    seconds = _best(lambda _: [_verify(Verifier(nation.trust), [each], nation) for each in batches[0][:20]])
    record("licence.verify, nothing remembered", 20 / seconds, "/s", against)
    record("licence.size", len(batches[0][0]), "octets")


def _only(**rates: float) -> dict[str, float]:
    """Those peers that are here."""
    return {name.replace("_", " "): rate for name, rate in rates.items() if rate}


def _best(work: Callable[[int], object], *, start: int = 0) -> float:
    """Seconds of the fastest round; ``work`` gets a number of its own each time."""
    best = float("inf")
    for number in range(start, start + ROUNDS):
        started = _now()
        work(number)
        best = min(best, _now() - started)
    return best


def _now() -> float:
    """Seconds, without those this thread was ready to run and had no core."""
    try:
        _, waited, _ = Path("/proc/thread-self/schedstat").read_text("ascii").split()
    except OSError:
        return time.perf_counter()
    return time.perf_counter() - int(waited) / 1e9


def _verify(verifier: Verifier, documents: Sequence[bytes], nation: OfdNation) -> None:
    for document in documents:
        if verifier.verify(document, at=nation.now).verdict is not Verdict.PASSED:
            raise RuntimeError("a licence just issued does not verify")


def _requests(nation: OfdNation, number: int) -> list[IssueRequest]:
    """A batch of requests that no other batch shares anything with but the issuer."""
    sample = nation.request(TYPE, request_id="sample")
    return [
        replace(sample, request_id=f"batch-{number}-{index}", holders=(_holder(number * BATCH + index),))
        for index in range(BATCH)
    ]


def _holder(number: int) -> Holder:
    body = f"MA{number:06d}"
    code = f"91990101{body}{organisation_check(body)}"
    first, second = divmod(number * 7, len(NAMES))
    name = f"东岚市{NAMES[second]}{NAMES[first % len(NAMES)]}数据科技有限公司"
    return Holder(name=name, code=code + credit_check(code), code_type="001")


def _parts(nation: OfdNation, holder: SealHolder, folder: Path) -> dict[str, float]:
    """Seconds a licence that each step of issuing takes on its own."""
    requests = _requests(nation, 1000)
    licence_type = built_in_types()[TYPE]
    seal_name = nation.sealer.seal_name(str(requests[0].issuer.code))
    face = face_of(nation, TYPE)

    def metadata(index: int) -> Metadata:
        return licence_metadata(
            requests[index],
            licence_type,
            licence_id=LicenceId.build(licence_type.type_code, requests[index].issuer.code, f"Y{index:07d}"),
            valid_until=None,
            seal_name=seal_name,
            sealed_at=nation.now,
        )

    known = [metadata(index) for index in range(BATCH)]
    paint = nation.painter.paint
    painted = [paint(licence_type, item, document_id=f"{index:032x}") for index, item in enumerate(known)]
    sealing = [
        replace(face.sealing(nation, request_id="part"), entries=item.entries, digests=item.digests)
        for item in painted
    ]
    prepared = [prepare_document(request, holder, at=nation.now) for request in sealing]
    sealed = complete_documents(prepared, holder)
    store = FolderFileStore(folder)

    def files(number: int) -> None:
        # The same file is stored once only; octets at the end make each round's files its own.
        packages = [item.package + number.to_bytes(4, "big") for item in sealed]
        store.put({sm3(package): package for package in packages})

    steps: dict[str, Callable[[int], object]] = {
        "metadata": lambda _: [metadata(index) for index in range(BATCH)],
        "paint the face": lambda _: nation.painter.paint_many(
            [FaceToPaint(licence_type, item, "0" * 32) for item in known]
        ),
        "Signature.xml": lambda _: [prepare_document(request, holder, at=nation.now) for request in sealing],
        "sign and verify": lambda _: _sign(prepared, holder),
        "value and container": lambda _: [
            write_package(complete(item.prepared, done.signed_value))
            for item, done in zip(prepared, sealed, strict=True)
        ],
        "digest and store the file": files,
    }
    return {name: _best(step) / BATCH for name, step in steps.items()}


def _sign(prepared: Sequence[PreparedSeal], holder: SealHolder) -> None:
    key = holder.signer.public_key
    digests = [message_digest(key, item.tbs, user_id=holder.user_id) for item in prepared]
    signatures = holder.signer.sign_digests(digests)
    if not all(verify_many([(key, *pair) for pair in zip(digests, signatures, strict=True)])):
        raise RuntimeError("a signature just made does not verify")


def _ofdrw_rates(face: Face, nation: OfdNation, holder: SealHolder) -> dict[str, float]:
    """What others do a second on this core; 0 where they are not here."""
    rates = dict.fromkeys(("ofdrw_seal", "ofdrw_verify", "openssl_sign", "openssl_verify"), 0.0)
    for sign, verify in openssl_speed():
        rates |= {"openssl_sign": sign, "openssl_verify": verify}
    try:
        peer = start_ofdrw()
    except OfdrwUnavailableError as exc:
        print(f"  no ofdrw: {exc}")
        return rates
    try:
        rates["ofdrw_seal"] = peer.rate("seal", write_package(face.painted.entries), 200)
        rates["ofdrw_verify"] = peer.rate("verify", face.sealed(nation, holder), 200)
    finally:
        peer.close()
    return rates


@contextlib.contextmanager
def _one_core() -> Iterator[None]:
    """Hold this process, and those it starts, to one core."""
    cores, threads = os.sched_getaffinity(0), bulk._WORKERS  # noqa: SLF001
    os.sched_setaffinity(0, {max(cores)})
    bulk._WORKERS = 1  # noqa: SLF001
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        bulk._WORKERS = threads  # noqa: SLF001
