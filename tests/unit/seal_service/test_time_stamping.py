"""Sealing with a time stamper: its token goes into the signature, and nothing goes out without it."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from formats import oids
from formats.gbt20520 import read_time_stamp_token
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package
from formats.gbt38540 import Generation, read_seal_signature
from seal_service import seal_document
from seal_service.errors import TimeStampError
from seal_service.ports import UseState
from tests.small_office import NOW, holder, open_office
from tests.unit.seal_service.test_seal_register import plain_entries, request
from tests.unit.verifier.time_stamps import token_for
from verifier.codes import Code
from verifier.verification import verify_document

VALUE = "Doc_0/Signs/Sign_0/SignedValue.dat"


class Stamper:
    """Stamps two seconds after ``NOW``, or does what a test says."""

    def __init__(
        self, *, of: bytes | None = None, gives: bytes | None = None, fails: bool = False, most: int = 100
    ) -> None:
        self.most = most
        self.of = of
        self.gives = gives
        self.fails = fails

    def time_stamps(self, signatures: Sequence[bytes]) -> list[bytes]:
        if self.fails:
            raise TimeStampError("the authority does not answer")
        if self.gives is not None:
            return [self.gives for _ in signatures]
        return [token_for(self.of or each, at=NOW + timedelta(seconds=2)) for each in signatures][: self.most]


@pytest.mark.parametrize("generation", [Generation.V4, Generation.V5])
def test_the_token_is_in_the_signature(generation: Generation) -> None:
    """It is over the signature value, in both generations written, and verifies as such."""
    sealed = seal_document(
        write_package(plain_entries()), holder(generation), at=NOW, stamps=(), stamper=Stamper()
    )
    value = read_seal_signature(OfdPackage.open(sealed).read(VALUE))
    assert value.generation is generation
    assert value.time_stamp is not None
    assert read_time_stamp_token(value.time_stamp).info.imprint.algorithm == oids.SM3
    report = verify_document(sealed, trust=None, at=NOW + timedelta(days=1))
    stamps = {each.code for each in report.findings if each.step.value == "time-stamp"}
    assert stamps == {Code.TIMESTAMP_CERT_NO_TRUST}


def test_none_without_a_stamper() -> None:
    """As before."""
    sealed = seal_document(write_package(plain_entries()), holder(), at=NOW)
    assert read_seal_signature(OfdPackage.open(sealed).read(VALUE)).time_stamp is None


def test_the_register_stamps_every_use() -> None:
    """A batch gets a token each."""
    office = open_office(stamper=Stamper())
    tokens = set()
    for sealed in office.seals.seal(office.seal_id, [request("a"), request("b")], operator="丁"):
        tokens.add(read_seal_signature(OfdPackage.open(sealed).read(VALUE)).time_stamp)
    assert None not in tokens
    assert len(tokens) == 2


@pytest.mark.parametrize(
    "stamper",
    [
        Stamper(fails=True),
        Stamper(of=b"another signature"),
        Stamper(gives=b"\x30\x00"),
        Stamper(gives=b""),
        Stamper(most=0),
    ],
    ids=["no answer", "of another signature", "no token", "nothing", "too few"],
)
def test_nothing_is_handed_out_without_its_time_stamp(stamper: Stamper) -> None:
    """The use is closed as failed, with the reason; the document is not half sealed."""
    office = open_office(stamper=stamper)
    with pytest.raises(TimeStampError):
        office.seals.seal(office.seal_id, [request("a")], operator="丁")
    with office.seal_store.transaction() as change:
        use = change.use("a")
    assert use is not None
    assert use.state is UseState.FAILED
    assert use.reason
    assert office.seal_store.open_uses() == []
