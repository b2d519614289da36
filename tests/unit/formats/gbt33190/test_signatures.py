"""Signatures.xml, Signature.xml and OFDEntries.xml as they occur, and the digests they state."""

import base64
import hashlib

import pytest

from crypto import sm3
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190.digests import DigestAlgorithm, digest_algorithm
from formats.gbt33190.integrity import read_integrity_list
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.parts import Parts
from formats.gbt33190.references import ReferenceResult, check_references
from formats.gbt33190.signature_model import SignatureType, id_number
from formats.gbt33190.signatures import read_signature_lists, read_signatures
from formats.gbt33190.values import Box
from formats.tolerances import Tolerance
from tests.unit.formats.gbt33190.documents import MINIMAL, NS, entries, opened, parts_of
from tests.unit.formats.gbt33190.zip_bytes import Item, archive

POINTER = MINIMAL["OFD.xml"].replace(
    "</ofd:DocBody>", "<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody>"
)
LIST = f'<ofd:Signatures {NS}><ofd:MaxSignId>s001</ofd:MaxSignId><ofd:Signature ID="s001" BaseLoc="/Doc_0/Signs/Sign_0/Signature.xml"/></ofd:Signatures>'
PATH = "Doc_0/Signs/Sign_0/Signature.xml"
VALUE = base64.b64encode(sm3(b"<data/>")).decode()


def reference(file_ref: str = "/Doc_0/Attachs/data.xml", value: str = VALUE) -> str:
    return f'<ofd:Reference FileRef="{file_ref}"><ofd:CheckValue>{value}</ofd:CheckValue></ofd:Reference>'


def signature(
    references: str = "",
    *,
    method: str | None = "1.2.156.10197.1.401",
    provider: str = '<ofd:Provider ProviderName="p" Version="1" Company="c"/>',
    before: str = "",
    after: str = "",
    value: str = "SignedValue.dat",
) -> str:
    check_method = "" if method is None else f' CheckMethod="{method}"'
    return f"""<ofd:Signature {NS}><ofd:SignedInfo>{provider}{before}<ofd:References{check_method}>
    {references or reference()}</ofd:References>{after}</ofd:SignedInfo><ofd:SignedValue>{value}</ofd:SignedValue>
    </ofd:Signature>"""


def signed(text: str, **changes: str | None) -> Parts:
    return parts_of(
        **{
            "OFD.xml": POINTER,
            "Doc_0/Signs/Signatures.xml": LIST,
            PATH: text,
            "Doc_0/Signs/Sign_0/SignedValue.dat": "value",
            "Doc_0/Signs/Sign_0/Seal.esl": "seal",
            **changes,
        }
    )


def test_reads_a_signature() -> None:
    """Everything a signature file says, with its locations resolved and its octets kept."""
    text = signature(
        before="<ofd:SignatureMethod>1.2.156.10197.1.501</ofd:SignatureMethod>"
        "<ofd:SignatureDateTime>20200723130907.763Z</ofd:SignatureDateTime>"
        '<ofd:Parameters><ofd:Parameter Name="k" Type="t">v</ofd:Parameter></ofd:Parameters>',
        after='<ofd:StampAnnot ID="s002" PageRef="1" Boundary="10 20 40 40" Clip="0 0 8 40"/>'
        "<ofd:Seal><ofd:BaseLoc>/Doc_0/Signs/Sign_0/Seal.esl</ofd:BaseLoc></ofd:Seal>",
    )
    parts = signed(text)
    (signatures,) = read_signature_lists(parts)
    assert (signatures.path, signatures.body_index, signatures.max_sign_id) == ("Doc_0/Signs/Signatures.xml", 0, 1)
    (entry,) = signatures.entries
    assert (entry.id, entry.type, entry.path, entry.relative, entry.fault) == (
        "s001",
        SignatureType.SEAL,
        PATH,
        None,
        None,
    )
    file = entry.file
    assert file is not None
    assert file.encoded == text.encode()
    assert (file.provider.name, file.provider.version, file.provider.company) == ("p", "1", "c")
    assert (file.signature_method, file.date_time) == ("1.2.156.10197.1.501", "20200723130907.763Z")
    assert file.parameters == (("k", "t", "v"),)
    assert file.check_method.algorithm is DigestAlgorithm.SM3
    assert (file.references[0].path, file.references[0].check_value) == ("Doc_0/Attachs/data.xml", sm3(b"<data/>"))
    assert (file.stamps[0].page_ref, file.stamps[0].boundary, file.stamps[0].clip) == (
        1,
        Box(10, 20, 40, 40),
        Box(0, 0, 8, 40),
    )
    assert (file.seal, file.seal_image, file.signed_value) == (
        "Doc_0/Signs/Sign_0/Seal.esl",
        None,
        "Doc_0/Signs/Sign_0/SignedValue.dat",
    )
    assert file.missing == ()
    assert parts.tolerances == ()
    assert "value" not in repr(file.encoded) or str(file.encoded) not in repr(file)


def test_children_in_any_order() -> None:
    """Stamps and seal before the references, the value before everything: all are read by name."""
    text = f"""<ofd:Signature {NS}><ofd:SignedValue>SignedValue.dat</ofd:SignedValue><ofd:SignedInfo><ofd:Seal><ofd:BaseLoc>
    Seal.esl</ofd:BaseLoc></ofd:Seal><ofd:StampAnnot ID="2" PageRef="1" Boundary="0 0 1 1"/><ofd:References CheckMethod="SM3">
    {reference()}</ofd:References><ofd:Provider ProviderName="p"/></ofd:SignedInfo></ofd:Signature>"""
    parts = signed(text)
    (entry,) = read_signatures(parts)
    assert entry.file is not None
    assert (entry.file.seal, len(entry.file.stamps)) == ("Doc_0/Signs/Sign_0/Seal.esl", 1)
    assert parts.tolerances == (Tolerance.OFD_SIGNATURE_ID_NUMERIC,)


def test_no_signatures() -> None:
    """A document without the pointer has none."""
    assert read_signatures(opened()) == ()


BROKEN_LISTS = {
    "missing": None,
    "no XML": "<x",
    "another root": f"<ofd:Page {NS}/>",
    "no id": f'<ofd:Signatures {NS}><ofd:Signature BaseLoc="x"/></ofd:Signatures>',
    "no location": f'<ofd:Signatures {NS}><ofd:Signature ID="1"/></ofd:Signatures>',
}


@pytest.mark.parametrize("text", BROKEN_LISTS.values(), ids=BROKEN_LISTS)
def test_a_broken_list_raises(text: str | None) -> None:
    """A document that names signatures but has no readable list is not a document without signatures."""
    with pytest.raises(MalformedDataError):
        read_signatures(signed(signature(), **{"Doc_0/Signs/Signatures.xml": text}))


BROKEN_FILES = {
    "missing": None,
    "no XML": "<x",
    "another root": f"<ofd:Page {NS}/>",
    "no value": f"<ofd:Signature {NS}><ofd:SignedInfo><ofd:References/></ofd:SignedInfo></ofd:Signature>",
    "two values": signature().replace(
        "</ofd:SignedInfo>", "</ofd:SignedInfo><ofd:SignedValue>x</ofd:SignedValue>"
    ),
    "no references": f"<ofd:Signature {NS}><ofd:SignedInfo/><ofd:SignedValue>v</ofd:SignedValue></ofd:Signature>",
    "two references lists": signature(after="<ofd:References/>"),
    "no Base64": signature(reference(value="?")),
    "Base64 without padding": signature(reference(value="abc")),
    "no FileRef": signature("<ofd:Reference><ofd:CheckValue>AAAA</ofd:CheckValue></ofd:Reference>"),
    "stamp without box": signature(after='<ofd:StampAnnot ID="1" PageRef="1"/>'),
    "stamp on no page": signature(after='<ofd:StampAnnot ID="1" PageRef="x" Boundary="0 0 1 1"/>'),
}


@pytest.mark.parametrize("text", BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_a_broken_signature_file_carries_its_fault(text: str | None) -> None:
    """It does not raise, because it must not hide the other signatures; it has a fault and no file."""
    (entry,) = read_signatures(signed(text or "", **({PATH: None} if text is None else {})))
    assert entry.file is None
    assert entry.fault


def test_type_of_a_signature() -> None:
    """Seal where nothing is written, Sign where it is; anything else is a fault."""
    for written, kind in (
        ("", SignatureType.SEAL),
        ('Type="Seal"', SignatureType.SEAL),
        ('Type="Sign"', SignatureType.SIGN),
    ):
        text = LIST.replace('ID="s001"', f'ID="s001" {written}')
        (entry,) = read_signatures(signed(signature(), **{"Doc_0/Signs/Signatures.xml": text}))
        assert (entry.type, entry.fault) == (kind, None)
    text = LIST.replace('ID="s001"', 'ID="s001" Type="Trust"')
    (entry,) = read_signatures(signed(signature(), **{"Doc_0/Signs/Signatures.xml": text}))
    assert entry.fault is not None


def test_ids_and_several_max_sign_id() -> None:
    """Decimal ids, two MaxSignId and repeated ids are read and named; the greatest number counts."""
    text = f"""<ofd:Signatures {NS}><ofd:MaxSignId>s4</ofd:MaxSignId><ofd:Signature ID="2" Type="Sign" Relative="1"
    BaseLoc="Sign_0/Signature.xml"/><ofd:Signature ID="2" BaseLoc="Sign_0/Signature.xml"/><ofd:MaxSignId>12</ofd:MaxSignId>
    </ofd:Signatures>"""
    parts = signed(signature(), **{"Doc_0/Signs/Signatures.xml": text})
    (signatures,) = read_signature_lists(parts)
    assert signatures.max_sign_id == 12
    assert signatures.entries[0].relative == "1"
    assert parts.tolerances == (
        Tolerance.OFD_MAX_SIGN_ID_REPEATED,
        Tolerance.OFD_SIGNATURE_ID_NUMERIC,
        Tolerance.OFD_SIGNATURE_ID_REPEATED,
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("s7", 7),
        ("s007", 7),
        (" sign_12 ", 12),
        ("s", None),
        ("", None),
        ("7s", None),
        ("s-1", 1),
        ("9" * 30, None),
        ("s١", None),
    ],
)
def test_id_numbers(text: str, number: int | None) -> None:
    """The number in an id of either form."""
    assert id_number(text) == number


def test_too_many_signatures_stamps_or_references_are_refused() -> None:
    """Each count is limited."""
    many = LIST.replace("</ofd:Signatures>", '<ofd:Signature ID="1" BaseLoc="x"/>' * 300 + "</ofd:Signatures>")
    with pytest.raises(LimitExceededError):
        read_signatures(signed(signature(), **{"Doc_0/Signs/Signatures.xml": many}))
    stamps = '<ofd:StampAnnot ID="1" PageRef="1" Boundary="0 0 1 1"/>' * 5000
    with pytest.raises(LimitExceededError):
        read_signatures(signed(signature(after=stamps)))
    with pytest.raises(LimitExceededError):
        read_signatures(signed(signature(reference() * 20_000)))


def test_provider_of_elements() -> None:
    """A provider written as child elements is read and named."""
    parts = signed(
        signature(
            provider="<ofd:Provider><ofd:ProviderName>p</ofd:ProviderName><ofd:Company>c</ofd:Company></ofd:Provider>"
        )
    )
    (entry,) = read_signatures(parts)
    assert entry.file is not None
    assert (entry.file.provider.name, entry.file.provider.version, entry.file.provider.company) == ("p", None, "c")
    assert parts.tolerances == (Tolerance.OFD_PROVIDER_ELEMENTS,)


@pytest.mark.parametrize(
    ("written", "algorithm"),
    [
        ("1.2.156.10197.1.401", DigestAlgorithm.SM3),
        ("SM3", DigestAlgorithm.SM3),
        ("sm3", DigestAlgorithm.SM3),
        ("1.2.156.10197.1.401.1", DigestAlgorithm.SM3),
        ("1.2.156.10197.1.401.2", None),
        ("MD5", DigestAlgorithm.MD5),
        ("SHA1", DigestAlgorithm.SHA1),
        ("2.16.840.1.101.3.4.2.1", DigestAlgorithm.SHA256),
        ("", None),
        ("SM4", None),
    ],
)
def test_check_methods(written: str, algorithm: DigestAlgorithm | None) -> None:
    """Names and identifiers of digests; keyed SM3 is none that can be recomputed."""
    assert digest_algorithm(written) is algorithm


def results(text: str, **changes: str | None) -> tuple[list[ReferenceResult], Parts]:
    parts = signed(text, **changes)
    (entry,) = read_signatures(parts)
    assert entry.file is not None
    assert isinstance(parts.package, OfdPackage)
    return check_references(parts.package, entry.file), parts


def test_references_that_match() -> None:
    """The digest is over the entry's octets as stored."""
    (result,), _ = results(signature())
    assert result == ReferenceResult(
        "Doc_0/Attachs/data.xml", found=True, matches=True, algorithm=DigestAlgorithm.SM3
    )


def test_references_that_do_not_match() -> None:
    """A changed file, a missing one, a path out of the package and a digest of the wrong length."""
    text = signature(
        reference("/OFD.xml")
        + reference("/none.xml")
        + reference("../../../../x")
        + reference(value="AAAA")
        + reference(value="")
    )
    checked, _ = results(text)
    assert [(item.path, item.found, item.matches) for item in checked] == [
        ("OFD.xml", True, False),
        ("/none.xml", False, None),
        ("../../../../x", False, None),
        ("Doc_0/Attachs/data.xml", True, False),
        ("Doc_0/Attachs/data.xml", True, False),
    ]


def test_a_missing_check_method_is_md5_and_reported() -> None:
    """The schema's default is computed for the report, and named so that nobody accepts it silently."""
    value = base64.b64encode(hashlib.md5(b"<data/>", usedforsecurity=False).digest()).decode()
    (result,), parts = results(signature(reference(value=value), method=None))
    assert (result.matches, result.algorithm) == (True, DigestAlgorithm.MD5)
    assert parts.tolerances == (Tolerance.OFD_CHECK_METHOD_ABSENT,)


def test_other_check_methods() -> None:
    """SHA-1 is computed; an unknown method leaves the question open, also where the value is SM3."""
    value = base64.b64encode(hashlib.sha1(b"<data/>", usedforsecurity=False).digest()).decode()
    (result,), _ = results(signature(reference(value=value), method="SHA1"))
    assert (result.matches, result.algorithm) == (True, DigestAlgorithm.SHA1)
    (result,), _ = results(signature(method="1.2.156.10197.1.401.2"))
    assert (result.found, result.matches, result.algorithm) == (True, None, None)
    (result,), parts = results(signature(method="1.2.156.10197.1.401.1"))
    assert result.matches is True
    assert parts.tolerances == (Tolerance.OFD_CHECK_METHOD_SM3_PLAIN,)


def test_paths_of_references() -> None:
    """Relative, root-relative and differently capitalised paths find their entry and are named."""
    text = signature(
        reference("../../Attachs/data.xml")
        + reference("Doc_0/Attachs/data.xml")
        + reference("/DOC_0/Attachs/Data.xml")
    )
    checked, parts = results(text)
    assert [item.matches for item in checked] == [True, True, True]
    assert parts.tolerances == (
        Tolerance.OFD_LOCATION_CASE,
        Tolerance.OFD_LOCATION_FROM_ROOT,
        Tolerance.OFD_REFERENCE_RELATIVE,
    )


def test_white_space_in_base64() -> None:
    """Around a value it is nothing, inside it is named."""
    (result,), parts = results(signature(reference(value=f"\n {VALUE}\n")))
    assert (result.matches, parts.tolerances) == (True, ())
    (result,), parts = results(signature(reference(value=f"{VALUE[:20]}\n{VALUE[20:]}")))
    assert (result.matches, parts.tolerances) == (True, (Tolerance.OFD_BASE64_WHITESPACE,))


def test_a_damaged_entry_does_not_match() -> None:
    """An entry whose data does not inflate is not the file that was signed."""
    files = {
        **entries(**{"OFD.xml": POINTER, "Doc_0/Signs/Signatures.xml": LIST, PATH: signature()}),
        "Doc_0/Signs/Sign_0/SignedValue.dat": b"value",
    }
    items = [Item(name.encode(), data) for name, data in files.items() if name != "Doc_0/Attachs/data.xml"]
    broken = Item(b"Doc_0/Attachs/data.xml", b"<data/>", method=0, facts=(1, 7, 7))
    package = OfdPackage.open(archive(*items, broken))
    (entry,) = read_signatures(package)
    assert entry.file is not None
    (result,) = check_references(package, entry.file)
    assert (result.found, result.matches) == (True, False)


def test_missing_value_and_seal_are_listed() -> None:
    """A signature whose value is not there has no value, not another one."""
    text = signature(after="<ofd:Seal><ofd:BaseLoc>none.esl</ofd:BaseLoc></ofd:Seal>", value="none.dat")
    (entry,) = read_signatures(signed(text))
    assert entry.file is not None
    assert (entry.file.seal, entry.file.signed_value, entry.file.missing) == (None, None, ("none.esl", "none.dat"))


def test_integrity_list() -> None:
    """OFDEntries.xml lists files; what it leaves out is found, itself and its value excepted."""
    text = f"""<ofd:DocEntries {NS} ID="1" CreatorName="c" Version="1" CreationDate="2023-03-21"><ofd:SignedValueLoc>/v.dat
    </ofd:SignedValueLoc><ofd:FileList><ofd:File ID="2" FileLoc="/OFD.xml"/><ofd:File ID="3" FileLoc="/none.xml"/>
    <ofd:File ID="4" FileLoc="../x"/></ofd:FileList></ofd:DocEntries>"""
    package = opened(**{"OFDEntries.xml": text, "v.dat": "x"})
    listed = read_integrity_list(package)
    assert listed is not None
    assert (listed.creator_name, listed.signed_value, listed.encoded) == ("c", "v.dat", text.encode())
    assert [file.path for file in listed.files] == ["OFD.xml", None, None]
    assert set(listed.unlisted(package)) == set(MINIMAL) - {"OFD.xml"}
    assert read_integrity_list(opened()) is None
    with pytest.raises(MalformedDataError):
        read_integrity_list(opened(**{"OFDEntries.xml": f"<ofd:DocEntries {NS}/>"}))


def test_one_broken_signature_does_not_hide_another() -> None:
    """Both are listed, one with its fault."""
    text = LIST.replace("</ofd:Signatures>", '<ofd:Signature ID="s2" BaseLoc="none.xml"/></ofd:Signatures>')
    first, second = read_signatures(signed(signature(), **{"Doc_0/Signs/Signatures.xml": text}))
    assert (first.fault is None, second.fault is not None, second.path) == (True, True, None)


def test_each_file_is_digested_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often references and signatures name a large file, it costs one digest."""
    calls: list[int] = []
    real = DigestAlgorithm.digest

    def counting(self: DigestAlgorithm, data: bytes) -> bytes:
        calls.append(len(data))
        return real(self, data)

    monkeypatch.setattr(DigestAlgorithm, "digest", counting)
    checked, _ = results(signature(reference() * 500))
    assert len(checked) == 500
    assert all(item.matches for item in checked)
    assert len(calls) == 1
