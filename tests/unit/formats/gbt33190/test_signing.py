"""Putting signatures onto packages: what is covered, what stays untouched, what is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from lxml import etree

from crypto import sm3
from formats.errors import MalformedDataError
from formats.gbt33190.digests import DigestAlgorithm
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import Part, Precompressed, plain_bytes, write_package
from formats.gbt33190.parts import Parts
from formats.gbt33190.reachability import explore
from formats.gbt33190.references import check_references
from formats.gbt33190.signature_model import Provider, SignatureEntry, SignatureType, StampAnnot
from formats.gbt33190.signature_writer import (
    ListedSignature,
    SignatureDraft,
    write_signature_file,
    write_signature_list,
)
from formats.gbt33190.signatures import read_signature_lists, read_signatures
from formats.gbt33190.signing import (
    PreparedSignature,
    Protection,
    SigningRefusedError,
    complete,
    prepare_signature,
)
from formats.gbt33190.stamps import Edge, PageSize, StampPlacement, centred_stamp, riding_stamps
from formats.gbt33190.values import Box
from tests.unit.formats.gbt33190.documents import MINIMAL, NS, entries

AT = datetime(2026, 6, 1, 8, 0, 0, tzinfo=UTC)
PROVIDER = Provider("信印", "0.1", 'A & "B"')
STAMP = centred_stamp(1, 105, 200, width=42, height=42)
SEAL = b"seal" * 50


def seal(parts: dict[str, Part], **options: object) -> PreparedSignature:
    arguments = {
        "kind": SignatureType.SEAL,
        "provider": PROVIDER,
        "at": AT,
        "seal": SEAL,
        "stamps": (STAMP,),
        **options,
    }
    return prepare_signature(parts, **arguments)  # type: ignore[arg-type]


def sign(parts: dict[str, Part], **options: object) -> PreparedSignature:
    return seal(parts, kind=SignatureType.SIGN, seal=None, stamps=(), **options)


def unsigned() -> dict[str, Part]:
    return {**entries()}


def read(parts: dict[str, Part]) -> tuple[OfdPackage, tuple[SignatureEntry, ...]]:
    package = OfdPackage.open(write_package(parts))
    return package, read_signatures(package)


def covered(package: OfdPackage, entry: SignatureEntry) -> set[str]:
    """Paths covered, all of which must match."""
    assert entry.file is not None
    results = check_references(package, entry.file)
    assert all(result.matches and result.algorithm is DigestAlgorithm.SM3 for result in results)
    return {result.path for result in results}


def test_a_seal_signature_covers_all_it_can() -> None:
    """Everything but Signature.xml, its value and the list; the seal is stored and covered, and all is reachable."""
    prepared = seal(unsigned())
    signed = complete(prepared, b"value")
    package, (entry,) = read(signed)
    assert entry.file is not None
    assert (entry.id, entry.type, entry.path) == ("s001", SignatureType.SEAL, "Doc_0/Signs/Sign_0/Signature.xml")
    assert covered(package, entry) == {*MINIMAL, "Doc_0/Signs/Sign_0/Seal.esl"}
    assert set(package) == covered(package, entry) | {
        "Doc_0/Signs/Signatures.xml",
        "Doc_0/Signs/Sign_0/Signature.xml",
        "Doc_0/Signs/Sign_0/SignedValue.dat",
    }
    assert package.read(entry.file.seal or "") == SEAL
    assert package.read(entry.file.signed_value or "") == b"value"
    assert entry.file.stamps == (StampAnnot("s002", 1, Box(84, 179, 42, 42)),)
    assert (entry.file.date_time, entry.file.signature_method) == ("20260601080000Z", "1.2.156.10197.1.501")
    assert (entry.file.provider.name, entry.file.provider.company) == ("信印", 'A & "B"')
    assert explore(Parts(package)).unreached(package) == ()


def test_what_the_caller_signs() -> None:
    """dataHash is the SM3 of Signature.xml, propertyInfo its absolute path."""
    prepared = seal(unsigned())
    assert prepared.data_hash == sm3(prepared.signature_xml)
    assert prepared.property_info == "/Doc_0/Signs/Sign_0/Signature.xml"
    assert prepared.entries[prepared.signature_path] == prepared.signature_xml
    assert prepared.signed_value_path not in prepared.entries
    assert "seal" not in repr(prepared)


def test_nothing_written_needs_a_tolerance() -> None:
    """What this project emits reads without a single leniency."""
    first = complete(seal(unsigned()), b"value")
    package = OfdPackage.open(write_package(complete(sign(first), b"value")))
    parts = Parts(package)
    read_signature_lists(parts)
    explore(parts)
    assert (parts.tolerances, package.anomalies) == ((), ())


def test_the_same_input_gives_the_same_octets() -> None:
    """Signature.xml does not depend on the order of entries or on what was done before."""
    parts = unsigned()
    assert seal(parts).signature_xml == seal(dict(reversed(parts.items()))).signature_xml
    assert parts == unsigned()


def test_a_second_signature_keeps_the_first() -> None:
    """Only Signatures.xml changes; the second covers the files of the first as well."""
    first = complete(seal(unsigned()), b"value 1")
    second = complete(sign(first), b"value 2")
    assert {name for name in first if first[name] != second[name]} == {"Doc_0/Signs/Signatures.xml"}
    package, (one, two) = read(second)
    assert (one.id, two.id, two.type) == ("s001", "s003", SignatureType.SIGN)
    assert covered(package, one) == {*MINIMAL, "Doc_0/Signs/Sign_0/Seal.esl"}
    assert covered(package, two) == covered(package, one) | {
        "Doc_0/Signs/Sign_0/Signature.xml",
        "Doc_0/Signs/Sign_0/SignedValue.dat",
    }
    third = complete(seal(second), b"value 3")
    package, (one, two, three) = read(third)
    assert covered(package, one) < covered(package, two) < covered(package, three)


def test_locking() -> None:
    """The whole package is covered with the list of signatures, and no further signature is possible."""
    first = complete(seal(unsigned()), b"value 1")
    locked = complete(sign(first, protection=Protection.WHOLE), b"value 2")
    package, (_, last) = read(locked)
    assert set(package) - covered(package, last) == {last.path, "Doc_0/Signs/Sign_1/SignedValue.dat"}
    with pytest.raises(SigningRefusedError, match=r"Signatures\.xml"):
        seal(locked)


def test_max_sign_id_is_no_id_of_the_list() -> None:
    """The schema makes MaxSignId an xs:ID, so it differs from every Signature/@ID, with and without stamps."""
    parts: dict[str, Part] = unsigned()
    for step in (seal, sign, seal, sign):
        parts = complete(step(parts), b"value")
        root = etree.fromstring(plain_bytes(parts["Doc_0/Signs/Signatures.xml"]))
        identifiers = root.xpath("//@ID")
        assert root[0].tag.endswith("MaxSignId")
        assert root[0].text not in identifiers
        assert len(set(identifiers)) == len(identifiers)
        assert root[0].text > max(identifiers)


def test_riding_stamps_are_one_signature() -> None:
    """One StampAnnot a page, with ids of their own and slices as computed."""
    text = MINIMAL["Doc_0/Document.xml"].replace(
        "</ofd:Pages>", '<ofd:Page ID="30" BaseLoc="Pages/P.xml"/></ofd:Pages>'
    )
    parts = entries(**{"Doc_0/Document.xml": text, "Doc_0/Pages/P.xml": f"<ofd:Page {NS}/>"})
    stamps = riding_stamps(
        [PageSize(1, 210, 297), PageSize(30, 210, 297)], Edge.RIGHT, width=40, height=40, offset=100
    )
    _, (entry,) = read(complete(seal({**parts}, stamps=stamps), b"value"))
    assert entry.file is not None
    assert [(item.id, item.page_ref, item.boundary, item.clip) for item in entry.file.stamps] == [
        ("s002", 1, Box(190, 100, 40, 40), Box(0, 0, 20, 40)),
        ("s003", 30, Box(170, 100, 40, 40), Box(20, 0, 20, 40)),
    ]


def test_digests_that_are_known_are_used_but_not_for_changed_parts() -> None:
    """A cached digest saves work; OFD.xml, which is changed here, is digested anew."""
    parts = unsigned()
    known = {name: sm3(plain_bytes(part)) for name, part in parts.items()}
    prepared = seal(parts, digests=known)
    assert prepared.signature_xml == seal(parts).signature_xml
    assert plain_bytes(prepared.entries["OFD.xml"]) != plain_bytes(parts["OFD.xml"])
    wrong = seal(parts, digests={**known, "Doc_0/Document.xml": bytes(32)})
    package, (entry,) = read(complete(wrong, b"value"))
    assert entry.file is not None
    mismatches = [item.path for item in check_references(package, entry.file) if not item.matches]
    assert mismatches == ["Doc_0/Document.xml"]
    with pytest.raises(ValueError, match="32 octets"):
        seal(parts, digests={"Doc_0/Document.xml": b"short"})


def test_precompressed_parts_are_signed_as_plain() -> None:
    """A part compressed once is covered by the digest of what it inflates to."""
    parts = unsigned()
    page = "Doc_0/Pages/Page_0/Content.xml"
    parts[page] = Precompressed.of(plain_bytes(parts[page]))
    package, (entry,) = read(complete(seal(parts), b"value"))
    assert page in covered(package, entry)


@pytest.mark.parametrize(
    ("listed", "sign_id"),
    [
        ('<ofd:MaxSignId>7</ofd:MaxSignId><ofd:Signature ID="2" BaseLoc="/old/Signature.xml"/>', "s008"),
        (
            '<ofd:Signature ID="s012" BaseLoc="/old/Signature.xml"/><ofd:MaxSignId>3</ofd:MaxSignId><ofd:MaxSignId>s4</ofd:MaxSignId>',
            "s013",
        ),
        ('<ofd:Signature ID="x" BaseLoc="/old/Signature.xml"/>', "s041"),
    ],
)
def test_ids_go_on_from_any_maker(listed: str, sign_id: str) -> None:
    """Ids of both forms, several MaxSignId and stamps are counted; earlier entries stay as they were written."""
    old = f"""<ofd:Signature {NS}><ofd:SignedInfo><ofd:Provider ProviderName="p"/><ofd:References CheckMethod="SM3">
    <ofd:Reference FileRef="/Doc_0/PublicRes.xml"><ofd:CheckValue>AA==</ofd:CheckValue></ofd:Reference></ofd:References>
    {'<ofd:StampAnnot ID="40" PageRef="1" Boundary="0 0 1 1"/>' if 'ID="x"' in listed else ""}
    </ofd:SignedInfo><ofd:SignedValue>v.dat</ofd:SignedValue></ofd:Signature>"""
    parts = entries(
        **{
            "OFD.xml": MINIMAL["OFD.xml"].replace(
                "</ofd:DocBody>", "<ofd:Signatures>/Doc_0/Signatures.xml</ofd:Signatures></ofd:DocBody>"
            ),
            "Doc_0/Signatures.xml": f"<ofd:Signatures {NS}>{listed}</ofd:Signatures>",
            "old/Signature.xml": old,
            "old/v.dat": "v",
            "Doc_0/Signs/sign_0/Other.xml": "x",
        }
    )
    signed = complete(sign({**parts}), b"value")
    _, (first, second) = read(signed)
    assert (second.id, second.path) == (sign_id, "Doc_0/Signs/Sign_1/Signature.xml")
    assert first.base_location == "/old/Signature.xml"
    assert signed["OFD.xml"] == parts["OFD.xml"]


def test_relative() -> None:
    """A signature may state which one it builds on, if that exists; later signatures keep the statement."""
    first = complete(seal(unsigned()), b"value")
    second = complete(sign(first, relative="s001"), b"value")
    third = complete(sign(second), b"value")
    assert [entry.relative for entry in read(third)[1]] == [None, "s001", None]
    with pytest.raises(ValueError, match="build on"):
        sign(first, relative="s009")


def test_the_pointer_in_ofd_xml() -> None:
    """It is added as the last child of the body, in the body's own namespace, also into an empty one."""
    for text in (
        MINIMAL["OFD.xml"],
        MINIMAL["OFD.xml"].replace("</ofd:DocBody>", "<ofd:Signatures/></ofd:DocBody>"),
        MINIMAL["OFD.xml"].replace("ofd:", "").replace("xmlns:ofd", "xmlns").replace(':ofd="', '="'),
    ):
        prepared = sign({**entries(**{"OFD.xml": text})})
        root = etree.fromstring(plain_bytes(prepared.entries["OFD.xml"]))
        pointers = [item for item in root.iter() if etree.QName(item).localname == "Signatures"]
        assert [item.text for item in pointers] == ["/Doc_0/Signs/Signatures.xml"]
        assert pointers[0].getnext() is None
        assert pointers[0].tag[: -len("Signatures")] == pointers[0].getparent().tag[: -len("DocBody")]


def test_the_second_body_of_two() -> None:
    """Each body has its own list; a signature of one leaves all lists uncovered unless it locks."""
    body = MINIMAL["OFD.xml"].split("<ofd:DocBody>")[1].split("</ofd:DocBody>")[0]
    pointers = "<ofd:Signatures>/{}/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody>"
    text = MINIMAL["OFD.xml"].replace(
        "</ofd:DocBody>",
        f"{pointers.format('Doc_0')}<ofd:DocBody>{body.replace('Doc_0', 'Doc_1')}{pointers.format('Doc_1')}",
    )
    empty = f"<ofd:Signatures {NS}/>"
    parts = entries(
        **{
            "OFD.xml": text,
            "Doc_1/Document.xml": MINIMAL["Doc_0/Document.xml"],
            "Doc_0/Signs/Signatures.xml": empty,
            "Doc_1/Signs/Signatures.xml": empty,
        }
    )
    second = complete(sign({**parts}, body_index=1), b"value")
    both = complete(sign(second, body_index=0), b"value")
    package, (one, two) = read(both)
    assert (one.body_index, one.path, two.body_index, two.path) == (
        0,
        "Doc_0/Signs/Sign_0/Signature.xml",
        1,
        "Doc_1/Signs/Sign_0/Signature.xml",
    )
    assert "Doc_1/Signs/Signatures.xml" not in covered(package, one) | covered(package, two)
    with pytest.raises(ValueError, match="no document body"):
        sign(both, body_index=2)


def test_a_body_without_pointer_cannot_be_signed_after_another() -> None:
    """The pointer would change OFD.xml, which the first signature covers."""
    body = MINIMAL["OFD.xml"].split("<ofd:DocBody>")[1].split("</ofd:DocBody>")[0]
    text = MINIMAL["OFD.xml"].replace(
        "</ofd:DocBody>", f"</ofd:DocBody><ofd:DocBody>{body.replace('Doc_0', 'Doc_1')}</ofd:DocBody>"
    )
    parts = entries(**{"OFD.xml": text, "Doc_1/Document.xml": MINIMAL["Doc_0/Document.xml"]})
    first = complete(sign({**parts}), b"value")
    with pytest.raises(SigningRefusedError, match=r"OFD\.xml"):
        sign(first, body_index=1)


def test_refuses_to_break_other_protection() -> None:
    """A package list of GM/T 0099, encryption and an unreadable signature each stop a new one."""
    for name in ("OFDEntries.xml", "Encryptions.xml"):
        with pytest.raises(SigningRefusedError):
            sign({**unsigned(), name: b"<x/>"})
    first = complete(seal(unsigned()), b"value")
    with pytest.raises(SigningRefusedError, match="cannot be read"):
        sign({**first, "Doc_0/Signs/Sign_0/Signature.xml": b"<broken"})


def test_refuses_arguments_that_do_not_fit() -> None:
    """Each is a mistake of the caller."""
    parts = unsigned()
    for call in (
        lambda: seal(parts, seal=None),
        lambda: seal(parts, seal=b""),
        lambda: seal(parts, kind=SignatureType.SIGN),
        lambda: sign(parts, body_index=1),
        lambda: sign(parts, body_index=-1),
        lambda: seal(parts, stamps=(StampPlacement(99, Box(0, 0, 1, 1)),)),
        lambda: seal(parts, at=datetime(2026, 1, 1)),  # noqa: DTZ001 - the mistake itself
        lambda: seal(parts, at=AT.astimezone(timezone(timedelta(hours=8)))),
        lambda: seal(parts, provider=Provider(None)),
        lambda: seal(parts, provider=Provider("a\x00b")),
        lambda: complete(seal(parts), b""),
        lambda: seal({**parts, "Doc_0/Signs/Signatures.xml": b"<x/>"}),
    ):
        with pytest.raises(ValueError):
            call()
    with pytest.raises(MalformedDataError):
        sign({"OFD.xml": b"<x/>"})


def test_refuses_paths_beyond_ascii() -> None:
    """propertyInfo is an IA5String, so the signature's path must be ASCII."""
    text = MINIMAL["OFD.xml"].replace("Doc_0/", "文档/")
    parts = entries(**{"OFD.xml": text, "文档/Document.xml": MINIMAL["Doc_0/Document.xml"]})
    with pytest.raises(ValueError, match="ASCII"):
        sign({**parts})


def test_written_lists_and_files_are_in_the_order_of_the_schema() -> None:
    """MaxSignId first; Provider, SignatureMethod, SignatureDateTime, References, StampAnnot, Seal; then SignedValue."""
    text = write_signature_list(
        [
            ListedSignature("s001", SignatureType.SEAL, "/a"),
            ListedSignature("s002", SignatureType.SIGN, "/b", "s001"),
        ],
        max_sign_id="s003",
    )
    assert text.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<ofd:Signatures {NS}><ofd:MaxSignId>s003</ofd:MaxSignId><ofd:Signature ID="s001" Type="Seal" BaseLoc="/a"/>'
        '<ofd:Signature ID="s002" Type="Sign" BaseLoc="/b" Relative="s001"/></ofd:Signatures>\n'
    )
    draft = SignatureDraft(
        Provider("p"),
        AT,
        [("/a<&>", bytes(32))],
        [StampAnnot("s2", 1, Box(1, 2.00004, 1 / 3, -0.00001))],
        "/s",
        "/v",
    )
    root = etree.fromstring(write_signature_file(draft))
    names = [etree.QName(item).localname for item in root.iter()]
    assert names == [
        "Signature",
        "SignedInfo",
        "Provider",
        "SignatureMethod",
        "SignatureDateTime",
        "References",
        "Reference",
        "CheckValue",
        "StampAnnot",
        "Seal",
        "BaseLoc",
        "SignedValue",
    ]
    assert root.xpath("//@FileRef") == ["/a<&>"]
    assert root.xpath("//@Boundary") == ["1 2 0.3333 0"]
    with pytest.raises(ValueError, match="at least one file"):
        write_signature_file(SignatureDraft(Provider("p"), AT, [], [], None, "/v"))
