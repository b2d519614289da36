"""Attacks on Signatures.xml, which no signature covers as long as more signatures may follow."""

import re

import pytest

from formats.gbt33190.signature_model import SignatureType
from tests.unit.verifier.documents import Entries, Recipe, codes, document, sealed, substitute, verified
from tests.unit.verifier.nation import nation
from tests.unit.verifier.test_twins import LIST, SIGNATURE, VALUE, twice
from verifier.codes import Code
from verifier.findings import Verdict

N = nation()
SECOND = "Doc_0/Signs/Sign_1/Signature.xml"


def listing(*entries: str) -> bytes:
    body = "".join(entries)
    return f'<ofd:Signatures xmlns:ofd="http://www.ofdspec.org/2016">{body}</ofd:Signatures>'.encode()


def entry(path: str, identifier: str = "s001", kind: str = "Seal") -> str:
    return f'<ofd:Signature ID="{identifier}" Type="{kind}" BaseLoc="{path}"/>'


def copied(shape: str, *, absolute: bool) -> Entries:
    """A digital signature, and a copy of it beside it in the list."""

    def relative_value(xml: bytes) -> bytes:
        return xml if absolute else re.sub(rb"(?<=SignedValue>)[^<]*", b"SignedValue.dat", xml)

    entries = Recipe(kind=SignatureType.SIGN, shape=shape, change_xml=relative_value).apply(document(()))
    copy = "Doc_0/Signs/Sign_7/Signature.xml"
    entries = {
        **entries,
        copy: entries[SIGNATURE],
        copy.replace("Signature.xml", "SignedValue.dat"): entries[VALUE],
    }
    if absolute:
        del entries[copy.replace("Signature.xml", "SignedValue.dat")]
    return {**entries, LIST: listing(entry(f"/{SIGNATURE}", kind="Sign"), entry(f"/{copy}", "s002", "Sign"))}


@pytest.mark.parametrize("shape", ["A", "B"])
@pytest.mark.parametrize("absolute", [True, False])
def test_copy_of_a_digital_signature(shape: str, absolute: bool) -> None:
    """GB/T 35275 states no path, so a copied signature holds cryptographically; it still counts once only."""
    report = verified(copied(shape, absolute=absolute))
    assert report.verdict is Verdict.FAILED
    assert Code.SIGNATURE_LISTED_TWICE in codes(report)


def test_copy_of_a_seal_signature() -> None:
    """A seal signature states its path: moved or copied, it fails."""
    entries = sealed(())
    copy = "Doc_0/Signs/Sign_7/Signature.xml"
    entries[copy] = entries[SIGNATURE]
    entries[LIST] = listing(entry(f"/{SIGNATURE}"), entry(f"/{copy}", "s002"))
    assert {Code.SIGNATURE_LISTED_TWICE, Code.FORMAT} <= codes(verified(entries))
    entries[LIST] = listing(entry(f"/{copy}", "s002"))
    assert Code.PROPERTY_INFO in codes(verified(entries))


LISTS = {
    "emptied": (listing(), {Code.UNSIGNED}),
    "another root": (b"<Signature/>", {Code.SIGNATURE_LIST_MALFORMED}),
    "no XML": (b"\x00", {Code.SIGNATURE_LIST_MALFORMED}),
    "second one hidden in another element": (
        listing(entry(f"/{SIGNATURE}"), f"<ofd:Old>{entry(f'/{SECOND}', 's002')}</ofd:Old>"),
        {Code.SIGNATURE_NOT_LISTED},
    ),
    "second one in a comment": (
        listing(entry(f"/{SIGNATURE}"), f"<!--{entry(f'/{SECOND}', 's002')}-->"),
        {Code.SIGNATURE_NOT_LISTED},
    ),
    "first one left out": (listing(entry(f"/{SECOND}", "s002")), {Code.SIGNATURE_NOT_LISTED}),
    "same id twice": (listing(entry(f"/{SIGNATURE}"), entry(f"/{SECOND}")), {Code.SIGNATURE_ID_REPEATED}),
    "same file twice": (
        listing(entry(f"/{SIGNATURE}"), entry(f"/{SECOND}", "s002"), entry("/Doc_0/./Signs/Sign_0/Signature.xml", "s003")),
        {Code.SIGNATURE_LISTED_TWICE},
    ),
    "as digital signature": (
        listing(entry(f"/{SIGNATURE}", kind="Sign"), entry(f"/{SECOND}", "s002")),
        {Code.FORMAT_TYPE},
    ),
    "of a third type": (
        listing(entry(f"/{SIGNATURE}", kind="None"), entry(f"/{SECOND}", "s002")),
        {Code.FORMAT},
    ),
    "page as signature": (
        listing(entry(f"/{SIGNATURE}"), entry(f"/{SECOND}", "s002"), entry("/Doc_0/Pages/Page_0/Content.xml", "s3")),
        {Code.FORMAT},
    ),
    "missing signature": (
        listing(entry(f"/{SIGNATURE}"), entry(f"/{SECOND}", "s002"), entry("/Doc_0/Signs/Sign_9/Signature.xml", "s3")),
        {Code.FORMAT_FILE_MISSING},
    ),
    "path out of the package": (
        listing(entry(f"/{SIGNATURE}"), entry(f"/{SECOND}", "s002"), entry("../../../etc/passwd", "s3")),
        {Code.FORMAT_FILE_MISSING},
    ),
    "builds on nobody": (
        listing(entry(f"/{SIGNATURE}"), entry(f"/{SECOND}", "s002").replace("/>", ' Relative="s009"/>')),
        {Code.SIGNATURE_BASE_MISSING},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LISTS)
def test_list_of_two_seals_rewritten(case: str) -> None:
    """Whatever is done to the list of two genuine seals, nothing passes but both of them."""
    assert verified(twice()).verdict is Verdict.PASSED
    text, expected = LISTS[case]
    report = verified({**twice(), LIST: text})
    assert report.verdict is Verdict.FAILED
    assert expected <= codes(report)


DIALECTS = {
    "other prefix": lambda text: text.replace("ofd:", "x:").replace("xmlns:ofd", "xmlns:x"),
    "default namespace": lambda text: text.replace("ofd:", "").replace("xmlns:ofd", "xmlns"),
    "no namespace": lambda text: re.sub(r' xmlns:ofd="[^"]*"', "", text).replace("ofd:", ""),
    "byte order mark": lambda text: "\ufeff" + text,
    "line ends of Windows": lambda text: text.replace("><", ">\r\n<"),
    "single quotes": lambda text: text.replace('"', "'"),
    "character references": lambda text: text.replace("/Doc_0/", "/&#68;oc_0/"),
    "relative paths": lambda text: text.replace("/Doc_0/Signs/", ""),
    "no type": lambda text: text.replace(' Type="Seal"', ""),
    "attributes in another order": lambda text: re.sub(r'(ID="[^"]*") (Type="[^"]*") (BaseLoc="[^"]*")', r"\3 \2 \1", text),
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_lists_as_other_makers_write_them(dialect: str) -> None:
    """Honest variety of the same list passes."""
    entries = twice()
    text = DIALECTS[dialect](entries[LIST].decode())
    assert text.encode() != entries[LIST]
    report = verified({**entries, LIST: text.encode()})
    assert codes(report) == set()
    assert report.verdict is Verdict.PASSED
    assert len(report.signatures) == 2


def test_last_signature_taken_away() -> None:
    """A last signature that nothing covers can be taken away without trace: what is left is what is told.

    No verifier can see it. The test keeps in mind that a report names every seal it judged, so that a reader who
    expects two of them misses one.
    """
    entries = {name: data for name, data in twice().items() if "/Sign_1/" not in name}
    report = verified(substitute(entries, LIST, r'<ofd:Signature ID="s003"[^>]*/>', ""))
    assert report.verdict is Verdict.PASSED
    assert [each.id for each in report.signatures] == ["s001"]


def test_first_signature_taken_away_with_its_files() -> None:
    """The first of two is covered by the second and is missed."""
    entries = {name: data for name, data in twice().items() if "/Sign_0/" not in name}
    report = verified(substitute(entries, LIST, r'<ofd:Signature ID="s001"[^>]*/>', ""))
    assert Code.REFERENCE_MISSING in codes(report)
    assert report.verdict is Verdict.FAILED


@pytest.mark.parametrize("start", ["", "\ufeff", " " * 4000, "\r\n" * 20, "<!--  -->", "<?a b?>"])
def test_first_signature_hidden_behind_white_space(start: str) -> None:
    """A signature left out of the list is found however its Signature.xml begins."""

    def begin(xml: bytes) -> bytes:
        declaration, _, rest = xml.partition(b"?>")
        return (declaration + b"?>" if start == "" else start.encode()) + rest

    both = Recipe(holder=N.other_bureau).apply(sealed(change_xml=begin))
    assert verified(both).verdict is Verdict.PASSED
    report = verified(substitute(both, LIST, r'<ofd:Signature ID="s001"[^>]*/>', ""))
    assert Code.SIGNATURE_NOT_LISTED in codes(report)
