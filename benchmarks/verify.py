"""Documents verified a second on one core, from memory and from nothing, and where the time goes.

The documents are licences of the toy nation, sealed beforehand, each a different one under one seal: what a hall
or a share node sees. A document carries two signatures, the holder's and the seal maker's; the second, like the
template pages, is the same for all documents of a kind and is remembered. Verifying does no I/O and uses one
thread, so processor time is measured: others on the machine do not count.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.sm2 import Record, openssl_speed
from crypto import PrivateKey, SoftwareSigner, verify_digest
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.parts import Parts
from formats.gbt33190.signatures import read_signatures
from tests.peers.ofd_documents import face_of
from tests.peers.ofd_nation import OfdNation, build_ofd_nation
from verifier.batch import BatchCounts, BatchLimits, BatchQuestion, verify_files
from verifier.bounded_cache import BoundedCache
from verifier.coverage import judge_coverage
from verifier.examination import examine_package
from verifier.findings import Verdict
from verifier.inspection import inspect_document
from verifier.memory import Memory
from verifier.package_files import PackageFiles
from verifier.policy import Policy
from verifier.verification import Verifier

DOCUMENTS = 100
"""Enough that files of one document are forgotten before it comes again."""
ROUNDS = 5
TYPE = "business-licence"


BATCH_FILES = 500
"""Files of a batch; the start of the workers is among the time."""


def run(record: Record) -> None:
    """Measure everything here."""
    with tempfile.TemporaryDirectory(prefix="xinyin-bench-") as folder:
        nation = build_ofd_nation(Path(folder))
        try:
            faces = [face_of(nation, TYPE, number=number) for number in range(1, DOCUMENTS + 1)]
            holder = nation.seal(faces[0].department)
            _measure(record, nation, [face.sealed(nation, holder) for face in faces])
            numbers = range(DOCUMENTS + 1, BATCH_FILES + 1)
            more = [face_of(nation, TYPE, number=number) for number in numbers]
            _measure_batch(record, nation, Path(folder), [face.sealed(nation, holder) for face in [*faces, *more]])
        finally:
            nation.close()


def _measure(record: Record, nation: OfdNation, documents: Sequence[bytes]) -> None:
    verifier = Verifier(nation.trust)
    peers = dict.fromkeys(("openssl verify",), 0.0)
    for _, rate in openssl_speed():
        peers["openssl verify"] = rate

    def verify(data: bytes) -> None:
        if verifier.verify(data, at=nation.now).verdict is not Verdict.PASSED:
            raise RuntimeError("a licence just issued does not verify")

    def verify_afresh(data: bytes) -> None:
        Verifier(nation.trust).verify(data, at=nation.now)

    again = _best(verify, documents)
    # What was found of a document's pages is remembered too: room for one makes each document a new one.
    verifier._memory.face_findings = BoundedCache(1)  # noqa: SLF001
    seconds = _best(verify, documents)
    record("verify: documents met before", 1 / again, "/s", peers)
    record("verify: seals and certificates remembered", 1 / seconds, "/s", peers)
    record("verify: nothing remembered", 1 / _best(verify_afresh, documents), "/s", peers)
    record("verify: one document, remembered", seconds * 1e6, "µs")
    for name, part in _parts(verifier, documents, nation).items():
        record(f"verify: {name}", part * 1e6, "µs")
    report = verifier.verify(documents[0], at=nation.now)
    record("verify: report to JSON form", _best(lambda _: report.to_dict(), documents) * 1e6, "µs")
    record("inspect", 1 / _best(inspect_document, documents), "/s")
    following = Verifier(nation.trust, policy=Policy(follow_pointers=True))
    record(
        "verify: following every pointer",
        1 / _best(lambda data: following.verify(data, at=nation.now), documents),
        "/s",
    )


def _measure_batch(record: Record, nation: OfdNation, folder: Path, documents: Sequence[bytes]) -> None:
    """Files a second by the clock on the wall, with what the machine's other work takes away."""
    paths = [str(folder / f"batch-{number}.ofd") for number in range(len(documents))]
    for path, data in zip(paths, documents, strict=True):
        Path(path).write_bytes(data)
    question = BatchQuestion(nation.now, nation.trust_file, nation.root.certificate.encoded)
    for processes in (1, 2):
        best = 0.0
        for _ in range(3):
            start, counts = time.perf_counter(), BatchCounts()
            for row in verify_files(paths, question, BatchLimits(processes=processes)):
                counts.add(row)
            best = max(best, len(paths) / (time.perf_counter() - start))
            if counts.passed != len(paths):
                raise RuntimeError("a licence just issued does not verify")
        record(f"verify: batch of {len(paths)}, {processes} processes", best, "/s", cores=processes)


def _parts(verifier: Verifier, documents: Sequence[bytes], nation: OfdNation) -> dict[str, float]:
    """Seconds a document for each stage; each is measured with those before it and the difference taken."""
    memory = Memory()

    def opened(data: bytes) -> OfdPackage:
        return OfdPackage.open(data)

    def listed(data: bytes) -> object:
        return read_signatures(Parts(OfdPackage.open(data)))

    def examined(data: bytes) -> object:
        package = OfdPackage.open(data)
        files, parts = PackageFiles(package, data, memory.files), Parts(package)
        return list(examine_package(files, parts, read_signatures(parts), memory))

    def covered(data: bytes) -> object:
        package = OfdPackage.open(data)
        files, parts = PackageFiles(package, data, memory.files), Parts(package)
        found = list(examine_package(files, parts, read_signatures(parts), memory))
        return judge_coverage(files, parts, (), found, Policy())

    stages: dict[str, Callable[[bytes], object]] = {
        "open the container": opened,
        "read the signature files": listed,
        "digests of what is not shared, values, one SM2 verification": examined,
        "coverage": covered,
        "trust, licence rules, pages, report": lambda data: verifier.verify(data, at=nation.now),
    }
    costs, before = {}, 0.0
    for name, stage in stages.items():
        seconds = _best(stage, documents)
        costs[name], before = max(0.0, seconds - before), seconds
    key = PrivateKey.generate()
    digest = bytes(32)
    signature = SoftwareSigner(key).sign_digest(digest)
    costs["sm2 verify, one"] = _best(lambda _: verify_digest(key.public_key, digest, signature), documents)
    return costs


def _best(work: Callable[[bytes], object], documents: Sequence[bytes]) -> float:
    """Seconds a document of the fastest round."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for document in documents:
            work(document)
        best = min(best, (time.process_time() - started) / len(documents))
    return best
