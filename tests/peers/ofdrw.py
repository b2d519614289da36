"""ofdrw, the Java library for OFD, as a judge: built by Maven when first wanted, kept running for many questions."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "tests" / "peers" / "java"
BUILT = ROOT / "build" / "peers" / "java"
_SECONDS_TO_BUILD = 900


class OfdrwUnavailableError(Exception):
    """Why there is no ofdrw here."""


class OfdrwError(Exception):
    """ofdrw could not carry out a command."""


@dataclass(frozen=True)
class JudgedSignature:
    """One signature whose value ofdrw got to; ``reason`` is empty if it accepts it."""

    type: str
    reason: str


@dataclass(frozen=True)
class Judgement:
    """What ofdrw says of a document; ``reason`` is empty if it accepts it."""

    reason: str
    signatures: tuple[JudgedSignature, ...]

    @property
    def accepted(self) -> tuple[str, ...]:
        """Types of the signatures it accepted, in order; empty if it refused the document."""
        return () if self.reason else tuple(each.type for each in self.signatures if not each.reason)


class Ofdrw:
    """A running peer. Documents and answers pass through files in a temporary folder."""

    def __init__(self, command: list[str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ofdrw-")
        self._process = subprocess.Popen(
            # ofdrw unpacks every document into the folder for temporary files, and not always cleans up.
            [command[0], f"-Djava.io.tmpdir={self._folder.name}", *command[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=60)
        self._folder.cleanup()

    def verify(self, document: bytes) -> Judgement:
        """Have OFDValidator judge a document, each signature in the container of its kind."""
        signatures, reason = [], "no answer"
        for kind, *fields in self._ask("verify", self._file(document)):
            if kind == "SIGNATURE":
                signatures.append(JudgedSignature(fields[2], fields[3]))
            elif kind == "FILE":
                reason = fields[1]
        return Judgement(reason, tuple(signatures))

    def page_count(self, document: bytes) -> int:
        """Pages it sees."""
        [[_, count]] = self._ask("pages", self._file(document))
        return int(count)

    def text(self, document: bytes, page: int) -> list[str]:
        """Text of a page as its ContentExtractor gives it; pages count from 1."""
        return [fields[1] for fields in self._ask("text", self._file(document), str(page))]

    def render(self, document: bytes, page: int, pixels_per_mm: float) -> bytes:
        """A page as PNG."""
        target = self._path("page.png")
        self._ask("render", self._file(document), str(page), str(pixels_per_mm), target)
        return Path(target).read_bytes()

    def seal(self, document: bytes, kind: str) -> bytes:
        """Seal or sign with its own signer and a key it makes: ``seal``, ``sign-a`` or ``sign-b``."""
        target = self._path("sealed.ofd")
        self._ask("seal", self._file(document), target, kind)
        return Path(target).read_bytes()

    def rate(self, what: str, document: bytes, count: int) -> float:
        """``count`` times ``verify`` or ``seal`` after warming up, per second of the thread's CPU time."""
        [[_, rate]] = self._ask(f"bench-{what}", self._file(document), str(count))
        return float(rate)

    def _path(self, name: str) -> str:
        return str(Path(self._folder.name) / name)

    def _file(self, document: bytes) -> str:
        path = Path(self._path("document.ofd"))
        path.write_bytes(document)
        return str(path)

    def _ask(self, *command: str) -> list[list[str]]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write("\t".join(command) + "\n")
        stdin.flush()
        answer = []
        while (line := stdout.readline().rstrip("\n")) != ".":
            if not line:
                raise OfdrwError("ofdrw ended")
            answer.append(line.split("\t"))
        for fields in answer:
            if fields[0] == "ERROR":
                raise OfdrwError(fields[1])
        return answer


def start_ofdrw() -> Ofdrw:
    """Build the peer if that is not done yet, and start it.

    Raises:
        OfdrwUnavailableError: Java, Maven or what they need is not here.
    """
    java = shutil.which("java")
    if java is None:
        raise OfdrwUnavailableError("no java")
    BUILT.mkdir(parents=True, exist_ok=True)
    with (BUILT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_built():
            _build()
    class_path = f"{BUILT / 'classes'}:{BUILT / 'lib'}/*"
    return Ofdrw([java, "-Xshare:auto", "-cp", class_path, "xinyin.peer.OfdrwPeer", "serve"])


def _is_built() -> bool:
    made = BUILT / "classes" / "xinyin" / "peer" / "OfdrwPeer.class"
    sources = [PROJECT / "pom.xml", *PROJECT.rglob("*.java")]
    return (
        made.exists()
        and any((BUILT / "lib").glob("ofdrw-sign-*.jar"))
        and made.stat().st_mtime >= max(source.stat().st_mtime for source in sources)
    )


def _build() -> None:
    """Compile; without asking a repository if everything is on this machine already."""
    maven = shutil.which("mvn")
    if maven is None:
        raise OfdrwUnavailableError("no mvn")
    shutil.rmtree(BUILT / "classes", ignore_errors=True)
    said = ""
    for options in (["-o"], []):
        run = subprocess.run(
            [maven, "-q", "-B", *options, "compile"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=_SECONDS_TO_BUILD,
            check=False,
        )
        if run.returncode == 0:
            return
        said = next((line for line in run.stdout.splitlines() if "ERROR" in line), "mvn failed")
    raise OfdrwUnavailableError(f"Maven could not build the peer: {said[:300]}")
