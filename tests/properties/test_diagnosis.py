"""What is no dialect is never taken for one, and a diagnosis never raises nor changes what it explains."""

from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import sm3
from formats import der
from formats.gbt33190.package_writer import write_package
from tests.unit.verifier.diagnosis.speaking import SIGNATURE, VALUE, plain, reported, resigned, written
from tests.unit.verifier.documents import Entries
from verifier.diagnosis import Conclusion, DiagnosisLimits, diagnose_document
from verifier.diagnosis.reencoding import reencodings
from verifier.diagnosis.signature_values import value_variants
from verifier.diagnosis.structures import repair
from verifier.diagnosis.xml_writings import xml_writings

PAGE = "Doc_0/Pages/Page_0/Content.xml"
LETTERS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8).map(str.encode)
EXPLAINED = {Conclusion.FITS, Conclusion.PARTLY}


def conclusions(entries: Entries) -> set[Conclusion]:
    data, report = reported(entries)
    before = report.to_dict()
    found = diagnose_document(data, report)
    assert report.to_dict() == before
    assert found.verdict is report.verdict
    return {each.conclusion for each in found.answers}


@settings(max_examples=12)
@given(st.binary(min_size=1, max_size=80))
def test_a_random_value_is_no_dialect(value: bytes) -> None:
    """Whatever stands where the signature value belongs."""
    entries = resigned(signing=written(lambda _: value))
    assert not EXPLAINED & conclusions(entries)


@settings(max_examples=12)
@given(st.integers(1, 2**256 - 1), st.integers(1, 2**256 - 1))
def test_random_numbers_are_no_dialect(r: int, s: int) -> None:
    """A well-formed signature of nobody."""
    value = der.sequence(der.integer(r), der.integer(s))
    assert conclusions(resigned(signing=written(lambda _: value))) == {Conclusion.NONE}


@settings(max_examples=12)
@given(st.binary(min_size=32, max_size=32))
def test_a_random_digest_is_no_dialect(digest: bytes) -> None:
    """A dataHash that is of nothing."""
    assert conclusions(resigned(digest=digest)) == {Conclusion.NONE}


@settings(max_examples=12)
@given(st.sampled_from([PAGE, SIGNATURE]), LETTERS, st.data())
def test_letters_put_in_are_no_dialect(name: str, letters: bytes, data: st.DataObject) -> None:
    """In a protected file, or in a text of Signature.xml."""
    octets = plain()[name]
    places = (
        [at + 1 for at, octet in enumerate(octets) if octet == ord(">")]
        if name == PAGE
        else [octets.index(b"Xinyin")]
    )
    at = data.draw(st.sampled_from(places[1:] or places))
    changed = octets[:at] + letters + octets[at:]
    assert not EXPLAINED & conclusions({**plain(), name: changed})


@settings(max_examples=30)
@given(st.binary(max_size=200))
def test_parts_read_anything(data: bytes) -> None:
    """Octets of any kind raise nothing where variants are made of them."""
    value_variants(data)
    assert repair(data) is None
    xml_writings(data)
    assert list(reencodings(data)) == [] or der.parse(data)


@settings(max_examples=15)
@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_value_is_diagnosed_without_error(at: int, octet: int) -> None:
    """One octet of SES_Signature is another; an answer, never an exception, and never more than is allowed."""
    value = plain()[VALUE]
    place = at * len(value) // 401
    entries = {**plain(), VALUE: value[:place] + bytes([octet]) + value[place + 1 :]}
    data, report = reported(entries)
    limits = DiagnosisLimits(signatures=100, digests=100)
    found = diagnose_document(data, report, limits=limits)
    assert found.tried <= 200


def test_the_document_itself_is_sound() -> None:
    """The properties above start from a document without any answer."""
    assert conclusions(dict(plain())) == set()
    assert sm3(write_package(plain()))
