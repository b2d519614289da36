"""Whatever is done to a document that passes, it no longer passes, and no exception but one leaves the verifier."""

from contextlib import suppress
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from formats.errors import MalformedDataError
from formats.gbt20518 import read_name
from formats.gbt33190.package_writer import write_package
from formats.gbt33190.signature_model import SignatureType
from formats.gbt35275 import read_signed_data
from formats.gbt38540 import Generation
from tests.unit.verifier.documents import Entries, Recipe, metadata, seal_recipe, sealed, stored_zip, unpacked
from tests.unit.verifier.nation import NOW, nation
from verifier.errors import TrustListRefusedError
from verifier.findings import Verdict
from verifier.inspection import inspect_document, inspect_seal, inspect_signed_value
from verifier.report import Report
from verifier.trust_list import TrustList
from verifier.verification import Verifier

LIST = "Doc_0/Signs/Signatures.xml"
# A slow machine shared with others is no flaw of the verifier.
PROPERTY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def verifier() -> Verifier:
    return Verifier(nation().trust())


@cache
def specimens() -> dict[str, Entries]:
    """Documents that pass: a licence, two seals, a digital signature, each generation."""
    found = {generation.value: sealed(seal=seal_recipe(generation=generation)) for generation in Generation}
    found["two seals"] = Recipe(holder=nation().other_bureau).apply(sealed())
    found["digital"] = sealed(kind=SignatureType.SIGN)
    found["plain"] = sealed(())
    for entries in found.values():
        assert verify(write_package(entries)).verdict is Verdict.PASSED
    return found


def verify(data: bytes) -> Report:
    return verifier().verify(data, at=NOW)


def passes(data: bytes) -> bool:
    """Whether it passes; a file that is no document at all does not."""
    try:
        return verify(data).verdict is Verdict.PASSED
    except MalformedDataError:
        return False


def loses_the_pass(entries: Entries, name: str, changed: bytes) -> bool:
    """Whether a document with one file changed no longer passes.

    One thing may change without harm: signed data names its signer's certificate by issuer and serial number beside
    the certificate itself, and names are compared without regard to case (RFC 5280 7.1).
    """
    if not passes(stored_zip(list({**entries, name: changed}.items()))):
        return True
    if entries[name][6:16] != SIGNED_DATA:
        return False
    before, after = read_signed_data(entries[name]), read_signed_data(changed)
    same_name = read_name(before.signer.issuer).matches(read_name(after.signer.issuer))
    return same_name and entries[name] == changed.replace(after.signer.issuer, before.signer.issuer)


SIGNED_DATA = bytes.fromhex("2a811ccf550601040202")
NAMES = st.sampled_from(sorted(specimens()))


@st.composite
def specimen_and_entry(draw: st.DrawFn, *, with_list: bool = False) -> tuple[str, str]:
    """Which specimen, and one of its files."""
    key = draw(NAMES)
    names = sorted(name for name in specimens()[key] if with_list or name != LIST)
    return key, draw(st.sampled_from(names))


@PROPERTY
@given(chosen=specimen_and_entry(), place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_flipped_bit_loses_the_pass(chosen: tuple[str, str], place: float, bit: int) -> None:
    """In every file but the open list of signatures: content, Signature.xml, seal, value."""
    entries, name = specimens()[chosen[0]], chosen[1]
    changed = bytearray(entries[name])
    changed[int(place * len(changed))] ^= 1 << bit
    assert loses_the_pass(entries, name, bytes(changed))


@PROPERTY
@given(chosen=specimen_and_entry(with_list=True))
def test_any_removed_file_loses_the_pass(chosen: tuple[str, str]) -> None:
    """No file can be taken out."""
    entries, name = specimens()[chosen[0]], chosen[1]
    assert not passes(stored_zip([(other, data) for other, data in entries.items() if other != name]))


@PROPERTY
@given(
    chosen=NAMES,
    name=st.from_regex(r"(Doc_0/(Signs/(Sign_0/)?)?)?[A-Za-z]{1,8}\.(xml|dat|esl)", fullmatch=True),
    data=st.binary(max_size=64) | st.just(b"<Page/>"),
)
def test_any_added_file_loses_the_pass(chosen: str, name: str, data: bytes) -> None:
    """Wherever it is put and whatever is in it."""
    entries = specimens()[chosen]
    if name not in entries:
        assert not passes(write_package({**entries, name: data}))


@PROPERTY
@given(
    chosen=specimen_and_entry(with_list=True), new=st.sampled_from(["x.xml", "Doc_0/x.xml"]), case=st.booleans()
)
def test_any_renamed_file_loses_the_pass(chosen: tuple[str, str], new: str, case: bool) -> None:
    """To another name, or to one that differs in case only."""
    entries, name = specimens()[chosen[0]], chosen[1]
    target = name.swapcase() if case else new
    renamed = {target if other == name else other: data for other, data in entries.items()}
    assert not passes(stored_zip(list(renamed.items())))


@PROPERTY
@given(chosen=specimen_and_entry(with_list=True), other=st.booleans())
def test_any_repeated_file_loses_the_pass(chosen: tuple[str, str], other: bool) -> None:
    """Also if both are alike."""
    entries, name = specimens()[chosen[0]], chosen[1]
    items = [*entries.items(), (name, b"<Page/>" if other else entries[name])]
    assert not passes(stored_zip(items))


@PROPERTY
@given(chosen=specimen_and_entry(), donor=specimen_and_entry())
def test_swapped_files_lose_the_pass(chosen: tuple[str, str], donor: tuple[str, str]) -> None:
    """A file of another document that passes in its place."""
    entries, name = specimens()[chosen[0]], chosen[1]
    others, other = specimens()[donor[0]], donor[1]
    if others[other] != entries[name]:
        assert not passes(write_package({**entries, name: others[other]}))


MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "repeat", "insert"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(1, 40),
        st.binary(min_size=1, max_size=12),
    ),
    min_size=1,
    max_size=4,
)


def mutate(data: bytes, mutations: list[tuple[str, float, int, bytes]]) -> bytes:
    changed = data
    for kind, place, length, octets in mutations:
        at = int(place * len(changed)) if changed else 0
        if kind == "flip" and changed:
            changed = changed[:at] + bytes([changed[at] ^ octets[0]]) + changed[at + 1 :]
        elif kind == "cut":
            changed = changed[:at] + changed[at + length :]
        elif kind == "repeat":
            changed = changed[:at] + changed[at : at + length] + changed[at:]
        else:
            changed = changed[:at] + octets + changed[at:]
    return changed


@PROPERTY
@given(chosen=NAMES, mutations=MUTATIONS)
def test_mutated_files_leak_nothing(chosen: str, mutations: list[tuple[str, float, int, bytes]]) -> None:
    """The container mangled: it passes only if every file in it is as it was."""
    entries = specimens()[chosen]
    data = mutate(stored_zip(list(entries.items())), mutations)
    if passes(data):
        now = unpacked(data)
        assert {name: now.get(name) for name in entries if name != LIST} == {
            name: octets for name, octets in entries.items() if name != LIST
        }
    with suppress(MalformedDataError):
        inspect_document(data)


@PROPERTY
@given(chosen=specimen_and_entry(with_list=True), mutations=MUTATIONS)
def test_mutated_parts_leak_nothing(
    chosen: tuple[str, str], mutations: list[tuple[str, float, int, bytes]]
) -> None:
    """One file mangled, XML, DER or picture; a mangled list passes only if it still lists the same signatures."""
    entries, name = specimens()[chosen[0]], chosen[1]
    changed = {**entries, name: mutate(entries[name], mutations)}
    data = stored_zip(list(changed.items()))
    if passes(data):
        assert name == LIST or changed == entries or loses_the_pass(entries, name, changed[name])
        assert [each.subject for each in verify(data).signatures] == [
            each.subject for each in verify(stored_zip(list(entries.items()))).signatures
        ]


@PROPERTY
@given(mutations=MUTATIONS, digital=st.booleans())
def test_mutated_values_leak_nothing(mutations: list[tuple[str, float, int, bytes]], digital: bool) -> None:
    """Seals and values by themselves."""
    entries = specimens()["digital" if digital else "v4"]
    value = entries["Doc_0/Signs/Sign_0/SignedValue.dat"]
    for data, inspect in (
        (value, inspect_signed_value),
        (entries.get("Doc_0/Signs/Sign_0/Seal.esl", b""), inspect_seal),
    ):
        with suppress(MalformedDataError):
            inspect(mutate(data, mutations))


@PROPERTY
@given(
    names=st.sets(st.sampled_from(sorted(metadata())), max_size=6),
    text=st.text("0123456789ABC.长期-", max_size=24),
)
def test_metadata_of_any_kind_is_judged(names: set[str], text: str) -> None:
    """Fields left out or filled at will: an answer, never an exception."""
    entries = sealed({**metadata(), **dict.fromkeys(names, text)})
    report = verify(write_package(entries))
    assert report.to_dict()["verdict"] in {"PASSED", "FAILED", "INDETERMINATE"}


@PROPERTY
@given(mutations=MUTATIONS)
def test_mutated_trust_lists_are_refused(mutations: list[tuple[str, float, int, bytes]]) -> None:
    """A trust list reads as it was signed, or not at all."""
    original = _trust_file()
    data = mutate(original, mutations)
    try:
        read = TrustList.read(data, at=NOW, anchor=nation().root.certificate)
    except (MalformedDataError, TrustListRefusedError):
        return
    assert read.authorities == TrustList.read(original, at=NOW).authorities
    assert read.issuers == TrustList.read(original, at=NOW).issuers


@cache
def _trust_file() -> bytes:
    return nation().trust_file()


@pytest.mark.slow
@pytest.mark.parametrize("key", ["v1", "v4", "v5", "digital"])
def test_every_octet_of_a_value_counts(key: str) -> None:
    """Each octet of the signature value and of Signature.xml, one after the other: nothing in them is idle."""
    entries = specimens()[key]
    for name in ("Doc_0/Signs/Sign_0/SignedValue.dat", "Doc_0/Signs/Sign_0/Signature.xml"):
        for place in range(len(entries[name])):
            changed = bytearray(entries[name])
            changed[place] ^= 1 << place % 8
            assert loses_the_pass(entries, name, bytes(changed)), (name, place)


@pytest.mark.slow
@settings(max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chosen=specimen_and_entry(with_list=True), mutations=MUTATIONS)
def test_many_mutated_parts_leak_nothing(
    chosen: tuple[str, str], mutations: list[tuple[str, float, int, bytes]]
) -> None:
    """The same with more patience."""
    entries, name = specimens()[chosen[0]], chosen[1]
    changed = {**entries, name: mutate(entries[name], mutations)}
    if changed != entries and name != LIST:
        assert loses_the_pass(entries, name, changed[name])
