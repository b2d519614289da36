"""What a verification of many files is asked, what it may cost, and what comes back for each file."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from formats.gbt20518 import read_certificate
from formats.gbt33190.package import PackageLimits
from verifier.findings import Verdict
from verifier.policy import Policy
from verifier.report import Report
from verifier.trust_list import TrustList
from verifier.verification import Verifier

MOST_PROCESSES: Final = 256


class BatchProblem(Enum):
    """Why there is no report on a file. Values are stable."""

    MISSING = "FILE_MISSING"
    DIRECTORY = "FILE_DIRECTORY"
    SPECIAL = "FILE_SPECIAL"
    """A pipe, a device or a socket, which might never end."""
    DENIED = "FILE_DENIED"
    NAME_TOO_LONG = "FILE_NAME_TOO_LONG"
    TOO_LARGE = "FILE_TOO_LARGE"
    READ_FAILED = "FILE_READ_FAILED"
    MALFORMED = "DOCUMENT_MALFORMED"
    """No OFD document, or one that costs more to read than allowed."""
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    OUT_OF_TIME = "OUT_OF_TIME"
    WORKER_DIED = "WORKER_DIED"
    """The process that had the file in hand ended without an answer."""
    UNEXPECTED = "UNEXPECTED"


class BatchError(Exception):
    """No file can be judged at all: worker processes do not start."""


@dataclass(frozen=True, slots=True)
class BatchQuestion:
    """What every file is held against, as octets, which each worker process reads for itself.

    Attributes:
        at: Moment to judge at, UTC.
        trust_list: File of the signed trust list; None to learn cryptographic facts only.
        anchor: Certificate the list's issuer is pinned to, DER; None if not pinned.
        crls: Further revocation lists, DER.
        status_responses: OCSP responses, DER.
        policy: What is accepted.
        package_limits: What opening a package may cost; the default if None.
    """

    at: datetime
    trust_list: bytes | None
    anchor: bytes | None = None
    crls: tuple[bytes, ...] = ()
    policy: Policy = field(default_factory=Policy)
    package_limits: PackageLimits | None = None
    status_responses: tuple[bytes, ...] = ()

    def verifier(self, *, remembered: int) -> Verifier:
        """The verifier that answers it.

        Args:
            remembered: How many certificates and paths it remembers.

        Raises:
            MalformedDataError: The trust list, the anchor, a revocation list or a status response cannot be read.
            TrustListRefusedError: The trust list may not be used.
        """
        trust = None
        if self.trust_list is not None:
            anchor = None if self.anchor is None else read_certificate(self.anchor)
            trust = TrustList.read(self.trust_list, at=self.at, anchor=anchor)
        return Verifier(
            trust,
            self.crls,
            policy=self.policy,
            limits=self.package_limits,
            cache_size=remembered,
            status_responses=self.status_responses,
        )


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """What a verification of many files may cost.

    Attributes:
        processes: Worker processes.
        octets: Of the largest file read.
        seconds: For one file; its worker is ended then, and another started.
        pending: Results that may wait for an earlier file, since they come in the order of the files.
        remembered: Certificates and paths remembered by each worker.
        memory: Octets of address space of each worker; None for what the system gives.
    """

    processes: int = 1
    octets: int = 128 << 20
    seconds: float = 60.0
    pending: int = 256
    remembered: int = 4096
    memory: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.processes <= MOST_PROCESSES:
            raise ValueError(f"from 1 to {MOST_PROCESSES} processes")
        if self.octets < 1 or self.seconds <= 0 or self.pending < self.processes or self.remembered < 1:
            raise ValueError("limits are positive, and no fewer results wait than there are processes")
        if self.memory is not None and self.memory < 1:
            raise ValueError("a worker needs memory")


@dataclass(frozen=True, slots=True)
class BatchRow:
    """What was found of one file: a report, or why there is none.

    Attributes:
        file: As given.
        digest: SM3 of its octets; None if it was not read whole.
        size: Its octets; None if it was not read whole.
        report: None if there is a problem.
        problem: None if there is a report.
        detail: About the problem, for an engineer.
    """

    file: str
    digest: bytes | None = None
    size: int | None = None
    report: Report | None = None
    problem: BatchProblem | None = None
    detail: str = ""

    def __post_init__(self) -> None:
        if (self.report is None) == (self.problem is None):
            raise ValueError("a row has a report or a problem")


@dataclass(slots=True)
class BatchCounts:
    """How many files came to what."""

    passed: int = 0
    failed: int = 0
    undetermined: int = 0
    unread: int = 0

    def add(self, row: BatchRow) -> None:
        """Count one file."""
        verdict = None if row.report is None else row.report.verdict
        if verdict is None:
            self.unread += 1
        elif verdict is Verdict.PASSED:
            self.passed += 1
        elif verdict is Verdict.FAILED:
            self.failed += 1
        else:
            self.undetermined += 1

    @property
    def files(self) -> int:
        """How many were counted."""
        return self.passed + self.failed + self.undetermined + self.unread
