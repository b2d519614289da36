"""Issuing under faults: each write lost, or stored and yet reported as failed; then everything is asked again.

Whatever write fails, afterwards: no licence is doubled, no identifier is given to two licences, every signature that
was handed out is on record, and asking again gives a licence that is on record as valid.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto

import pytest

from api.wiring import IssuerSeal, SealServiceSealer, SignersByLabel
from crypto import sm3
from formats.gbt33190.package import OfdPackage
from licence_service import LicenceService, LicenceState, built_in_types
from licence_service.register import LicenceRegister
from seal_service import SealService
from seal_service.ports import UseState
from seal_service.register import SealRegister
from tests.small_office import (
    COMPANY,
    MAKER_CODE,
    NOW,
    OWNER_CODE,
    SEAL_NAME,
    MemoryFiles,
    Office,
    open_office,
    painter,
    seal_maker,
)


class Fault(Enum):
    """How a write fails."""

    LOST = auto()
    STORED_BUT_REPORTED_FAILED = auto()


class PowerCutError(Exception):
    """The write did not come back."""


@dataclass
class Faults:
    """Fails the write with a given number, once."""

    at: int | None = None
    fault: Fault = Fault.LOST
    count: int = 0
    seen: list[str] = field(default_factory=list)

    @contextmanager
    def write(self, name: str) -> Iterator[None]:
        """Wrap one write."""
        self.count += 1
        self.seen.append(name)
        due = self.count == self.at
        if due and self.fault is Fault.LOST:
            raise PowerCutError(name)
        yield
        if due:
            raise PowerCutError(name)


class FaultyStore:
    """A store whose transactions are the writes."""

    def __init__(self, store: object, faults: Faults, name: str) -> None:
        self._store = store
        self._faults = faults
        self._name = name

    @contextmanager
    def transaction(self):
        lost = self._faults.count + 1 == self._faults.at and self._faults.fault is Fault.LOST
        with self._faults.write(self._name) if not lost else _nothing(), self._store.transaction() as change:
            yield change
            if lost:
                self._faults.count += 1
                self._faults.seen.append(self._name)
                raise PowerCutError(self._name)

    def __getattr__(self, name: str):
        return getattr(self._store, name)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


class FaultyFiles(MemoryFiles):
    """A file store whose puts are the writes."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults

    def put(self, files: dict[bytes, bytes]) -> None:
        with self._faults.write("file"):
            super().put(files)


def faulty(office: Office, faults: Faults) -> LicenceService:
    """The office's services again over the same registers, every write under fault."""
    seals = SealService(
        store=FaultyStore(office.seal_store, faults, "seal register"),
        maker=seal_maker(),
        maker_code=MAKER_CODE,
        keys=SignersByLabel({"holder": office.signer}),
        clock=office.clock,
    )
    files = FaultyFiles(faults)
    files.files = office.files.files
    return LicenceService(
        store=FaultyStore(office.licence_store, faults, "licence register"),
        files=files,
        sealer=SealServiceSealer(seals, {str(OWNER_CODE): IssuerSeal(office.seal_id, SEAL_NAME, 42, 42)}),
        directory=office.directory,
        types=built_in_types(),
        painter=painter(),
        index_key=bytes(range(32)),
        clock=office.clock,
    )


def writes_of_one_issue() -> list[str]:
    faults = Faults()
    office = open_office()
    faulty(office, faults).issue(office.request())
    return faults.seen


WRITES = ["licence register", "seal register", "seal register", "file", "licence register"]


def test_the_writes_are_the_ones_that_fail_below() -> None:
    """Intent, intent of use, end of use, file, in force: a write added later must be added here."""
    assert writes_of_one_issue() == WRITES


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("number", range(1, len(WRITES) + 1))
def test_issuing_survives_a_failed_write(number: int, fault: Fault) -> None:
    """After a failed write and asking again: one licence, in force, its file whole, every use accounted for."""
    office = open_office()
    faults = Faults(at=number, fault=fault)
    with pytest.raises(Exception, match=r".*") as failed:
        faulty(office, faults).issue(office.request())
    assert isinstance(failed.value, PowerCutError) or isinstance(failed.value.__cause__, PowerCutError)
    issued = office.licences.issue(office.request())
    assert issued.state is LicenceState.VALID
    assert office.licences.of_holder("001", COMPANY) == [issued.licence_id]
    assert office.licences.drafts() == []
    assert sm3(office.files.get(issued.digest)) == issued.digest
    assert office.licences.document(issued.licence_id) == issued.document
    value = OfdPackage.open(issued.document).read("Doc_0/Signs/Sign_0/SignedValue.dat")
    with office.seal_store.transaction() as change:
        uses = [change.use(f"r-1#{attempt}") for attempt in range(1, 4)]
    closed = [use for use in uses if use is not None and use.state is UseState.SEALED]
    assert sm3(value) in {use.result_digest for use in closed}
    assert all(use.state is UseState.INTENDED for use in uses if use is not None and use not in closed)
    assert len(office.seal_store.open_uses()) == sum(use is not None for use in uses) - len(closed)
    assert office.seal_store.audit_break() is None
    assert office.licence_store.audit_break() is None


def test_registers_survive_being_reopened(tmp_path) -> None:
    """What was committed is there after the process is gone, and the trail is whole."""
    seal_path, licence_path = str(tmp_path / "seals.sqlite"), str(tmp_path / "licences.sqlite")
    office = open_office(seal_store=SealRegister(seal_path), licence_store=LicenceRegister(licence_path))
    issued = office.licences.issue(office.request())
    again = LicenceRegister(licence_path)
    with again.transaction() as change:
        row = change.licence(issued.licence_id)
    assert (row.state, row.digest, row.issued_on) == (LicenceState.VALID, issued.digest, NOW.date())
    assert again.audit_break() is None
    seals = SealRegister(seal_path)
    with seals.transaction() as change:
        assert change.seal(office.seal_id).encoded
    assert seals.audit_break() is None
