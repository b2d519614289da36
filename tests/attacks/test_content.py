"""Attacks on what the document shows, after it was sealed: by strangers without a key, and by strangers with one."""

from __future__ import annotations

import pytest

from crypto import sm3
from formats.gbt33190.signature_model import SignatureType
from formats.gbt35275 import assemble_signed_data, signed_attributes
from tests.unit.verifier.documents import PNG, Entries, Recipe, codes, document, metadata, stored_zip, verified
from tests.unit.verifier.nation import SIGNED, nation
from tests.unit.verifier.test_twins import LIST, without
from verifier.codes import Code
from verifier.findings import Verdict

N = nation()
NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
TEXT = (
    '<ofd:Layer ID="20"><ofd:TextObject ID="21" Boundary="20 20 90 9" Font="30" Size="5">'
    '<ofd:TextCode X="0" Y="5">某某公司</ofd:TextCode></ofd:TextObject></ofd:Layer>'
)


def rich() -> Entries:
    """A licence with a page of its own resources, a font, a template, annotations, tags, extensions, attachments."""
    entries = document(metadata())
    root = entries["Doc_0/Document.xml"].decode()
    root = root.replace(
        "</ofd:Document>",
        "<ofd:Annotations>Annots/Annotations.xml</ofd:Annotations><ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>"
        "<ofd:Extensions>Extensions.xml</ofd:Extensions></ofd:Document>",
    ).replace("<ofd:DocumentRes>", "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes><ofd:DocumentRes>")
    page = entries["Doc_0/Pages/Page_0/Content.xml"].decode()
    page = page.replace("<ofd:Content>", f"<ofd:PageRes>PageRes.xml</ofd:PageRes><ofd:Content>{TEXT}")
    return entries | {
        name: text.encode()
        for name, text in {
            "Doc_0/Document.xml": root,
            "Doc_0/Pages/Page_0/Content.xml": page,
            "Doc_0/Pages/Page_0/PageRes.xml": f'<ofd:Res {NS} BaseLoc="Res"/>',
            "Doc_0/PublicRes.xml": f'<ofd:Res {NS} BaseLoc="Res"><ofd:Fonts><ofd:Font ID="30" FontName="宋体">'
            "<ofd:FontFile>font_30.ttf</ofd:FontFile></ofd:Font></ofd:Fonts></ofd:Res>",
            "Doc_0/Res/font_30.ttf": "\0\1\0\0 glyphs",
            "Doc_0/Annots/Annotations.xml": f'<ofd:Annotations {NS}><ofd:Page PageID="1"><ofd:FileLoc>Page_0.xml</ofd:FileLoc>'
            "</ofd:Page></ofd:Annotations>",
            "Doc_0/Annots/Page_0.xml": f'<ofd:PageAnnot {NS}><ofd:Annot ID="40" Type="Watermark" Creator="x" '
            'LastModDate="2026-03-01"><ofd:Appearance Boundary="0 0 210 297"/></ofd:Annot></ofd:PageAnnot>',
            "Doc_0/Tags/CustomTags.xml": f'<ofd:CustomTags {NS}><ofd:CustomTag NameSpace="x"><ofd:FileLoc>Tag.xml</ofd:FileLoc>'
            "</ofd:CustomTag></ofd:CustomTags>",
            "Doc_0/Tags/Tag.xml": f'<a {NS}><b><ofd:ObjectRef PageRef="1">21</ofd:ObjectRef></b></a>',
            "Doc_0/Extensions.xml": f"<ofd:Extensions {NS}/>",
        }.items()
    }  # fmt: skip


GENUINE = Recipe().apply(rich())
SEALED_FILES = sorted(GENUINE)


def test_the_genuine_document_passes() -> None:
    """All that follows starts from a document that passes."""
    report = verified(GENUINE)
    assert codes(report) == set()
    assert report.verdict is Verdict.PASSED


@pytest.mark.parametrize("name", SEALED_FILES)
def test_every_file_counts(name: str) -> None:
    """Whichever file is changed, emptied, cut, lengthened, exchanged or taken away: nothing passes.

    Only the list of signatures may be written otherwise and still say the same.
    """
    data = GENUINE[name]
    other = GENUINE["Doc_0/Res/image_3.png" if name != "Doc_0/Res/image_3.png" else "OFD.xml"]
    variants = [data[:-1] + bytes([data[-1] ^ 0x20]), b"", data[:-5], other]
    if name != LIST:
        variants += [data + b"\n", b"\n" + data]
    for variant in variants:
        report = verified({**GENUINE, name: variant})
        assert report.verdict is Verdict.FAILED
    if name == "OFD.xml":
        with pytest.raises(ValueError, match=r"OFD\.xml is missing"):
            verified(stored_zip(list(without(GENUINE, name).items())))
    else:
        assert verified(without(GENUINE, name)).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    "name",
    [
        "Doc_0/Pages/Page_1/Content.xml",
        "Doc_0/Annots/Page_1.xml",
        "Doc_0/Res/font_31.ttf",
        "Doc_0/Signs/Sign_1/Signature.xml",
        "Doc_0/Signs/Sign_0/signFilePaths.dat",
        "Doc_1/Document.xml",
        "META-INF/MANIFEST.MF",
        "OFDEntries.xml.bak",
        "mimetype",
        "empty",
    ],
)
def test_every_added_file_is_named(name: str) -> None:
    """A file that was not sealed fails the document, used or not, wherever it lies."""
    report = verified({**GENUINE, name: b"" if name == "empty" else GENUINE["Doc_0/Tpls/Tpl_0/Content.xml"]})
    assert report.verdict is Verdict.FAILED
    assert Code.COVERAGE_MISSING in codes(report)


ANNOTATION = (
    '<ofd:Annot ID="41" Type="Stamp" Creator="x" LastModDate="2026-03-01"><ofd:Appearance Boundary="0 0 210 297">'
    '<ofd:ImageObject ID="42" Boundary="0 0 210 297" ResourceID="3"/></ofd:Appearance></ofd:Annot></ofd:PageAnnot>'
)


def over_the_page(entries: Entries) -> Entries:
    """An annotation that covers the whole page with a picture."""
    name = "Doc_0/Annots/Page_0.xml"
    return {**entries, name: entries[name].replace(b"</ofd:PageAnnot>", ANNOTATION.encode())}


def test_annotation_over_the_page_after_sealing() -> None:
    """Added afterwards it breaks the seal; a second genuine seal over it does not heal the first."""
    assert {Code.REFERENCE, Code.COVERAGE_MISSING} <= codes(verified(over_the_page(GENUINE)))
    resealed = Recipe(holder=N.other_bureau).apply(over_the_page(GENUINE))
    report = verified(resealed)
    assert report.verdict is Verdict.FAILED
    assert Code.REFERENCE in codes(report)


def test_annotation_over_the_page_before_sealing() -> None:
    """Sealed along it is what the bureau sealed."""
    assert verified(Recipe().apply(over_the_page(rich()))).verdict is Verdict.PASSED


def with_pointer_to_nothing() -> Entries:
    """The bureau sealed a document that names annotations which are not there, as products in use write it."""
    entries = document(metadata())
    root = entries["Doc_0/Document.xml"].replace(
        b"</ofd:Document>", b"<ofd:Annotations>Annots/Annotations.xml</ofd:Annotations></ofd:Document>"
    )
    return Recipe().apply({**entries, "Doc_0/Document.xml": root})


FILLED = {
    "Doc_0/Annots/Annotations.xml": f'<ofd:Annotations {NS}><ofd:Page PageID="1"><ofd:FileLoc>Page_0.xml</ofd:FileLoc></ofd:Page>'
    "</ofd:Annotations>",
    "Doc_0/Annots/Page_0.xml": f"<ofd:PageAnnot {NS}>{ANNOTATION}",
}  # fmt: skip


def test_missing_file_put_in_later() -> None:
    """Where a pointer leads nowhere a stranger puts what it asks for: not covered, nor by his own seal enough."""
    sealed_once = with_pointer_to_nothing()
    assert codes(verified(sealed_once)) <= {Code.FACE_UNDECIDED, Code.FACE_UNREADABLE}
    filled = sealed_once | {name: text.encode() for name, text in FILLED.items()}
    assert codes(verified(filled)) == {Code.COVERAGE_MISSING}
    report = verified(Recipe(holder=N.other_bureau).apply(filled))
    assert report.verdict is not Verdict.PASSED
    assert Code.COVERAGE_PARTIAL in codes(report)


def listed_by_a_stranger(entries: Entries) -> Entries:
    """OFDEntries.xml of GM/T 0099 over all files, signed by another trusted holder."""
    rows = "".join(f'<ofd:File ID="{place}" FileLoc="/{name}"/>' for place, name in enumerate(entries))
    text = (
        f'<ofd:DocEntries {NS} ID="1"><ofd:SignedValueLoc>/entries.dat</ofd:SignedValueLoc>'
        f"<ofd:FileList>{rows}</ofd:FileList></ofd:DocEntries>"
    ).encode()
    attributes = signed_attributes(sm3(text), SIGNED)
    value = assemble_signed_data(
        signature=N.other_bureau.sign(attributes),
        signer_certificate=N.other_bureau.certificate.encoded,
        attributes=attributes,
    )
    return {**entries, "OFDEntries.xml": text, "entries.dat": value}


def test_integrity_list_covers_no_content() -> None:
    """A stranger's list of all files names files; it does not make an added one part of what was sealed."""
    added = {**GENUINE, "Doc_0/Annots/Page_1.xml": b"<a/>"}
    report = verified(listed_by_a_stranger(added))
    assert report.verdict is Verdict.FAILED
    assert Code.COVERAGE_MISSING in codes(report)


@pytest.mark.parametrize("kind", SignatureType)
def test_stranger_seals_what_he_changed(kind: SignatureType) -> None:
    """The genuine seal taken off, a digit changed, sealed by somebody else who is trusted for his own documents."""
    changed = rich()
    changed["Doc_0/Pages/Page_0/Content.xml"] = changed["Doc_0/Pages/Page_0/Content.xml"].replace(
        "某某公司".encode(), "别的公司".encode()
    )
    report = verified(Recipe(holder=N.other_bureau, kind=kind).apply(changed))
    assert report.verdict is Verdict.FAILED
    assert codes(report) == {Code.ISSUER_NOT_SEALED}


def test_genuine_signature_over_a_little_beside_a_strangers_over_all() -> None:
    """The issuer's signature taken from a small document covers nothing of the large one around it."""
    small = Recipe().apply(
        {"OFD.xml": rich()["OFD.xml"], **{k: v for k, v in rich().items() if k.startswith("Doc_0/Doc")}}
    )
    large = {**rich(), **small, "Doc_0/Res/image_3.png": PNG}
    report = verified(Recipe(holder=N.other_bureau).apply(large))
    assert report.verdict is not Verdict.PASSED
    assert {Code.COVERAGE_PARTIAL, Code.ISSUER_SEAL_UNKNOWN, Code.ISSUER_NOT_SEALED} & codes(report)


def test_content_of_one_and_signature_of_another() -> None:
    """Two licences of one bureau: the signature files of one put into the other."""
    other = Recipe().apply(document(metadata(CZZT="别的公司")))
    mixed = {**GENUINE, **{name: data for name, data in other.items() if "/Signs/" in name}}
    report = verified(mixed)
    assert report.verdict is Verdict.FAILED
    assert {Code.REFERENCE, Code.COVERAGE_MISSING} <= codes(report)


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("<ofd:Annotations>Annots/All.xml</ofd:Annotations></ofd:Document>", "Doc_0/Annots/All.xml"),
        ("<ofd:CustomTags>Tags.xml</ofd:CustomTags></ofd:Document>", "Doc_0/Tags.xml"),
        ("page", "Doc_0/Pages/Page_1/Content.xml"),
    ],
)  # fmt: skip
def test_signature_file_put_where_a_page_is_missing(pointer: str, place: str) -> None:
    """The second signer's Signature.xml, which no signature covers, lies where the sealed document misses a part.

    It is a sound signature, and to a program that looks for elements and not for roots it is that part.
    """
    entries = document(metadata())
    root = entries["Doc_0/Document.xml"].decode()
    if pointer == "page":
        root = root.replace("</ofd:Pages>", '<ofd:Page ID="50" BaseLoc="Pages/Page_1/Content.xml"/></ofd:Pages>')
    else:
        root = root.replace("</ofd:Document>", pointer)
    first = Recipe().apply({**entries, "Doc_0/Document.xml": root.encode()})
    assert codes(verified(first)) <= {Code.FACE_UNDECIDED, Code.FACE_UNREADABLE}

    content = b"<ofd:Content><ofd:Layer ID='90'/></ofd:Content><ofd:Page PageID='1'><ofd:FileLoc>x</ofd:FileLoc></ofd:Page>"
    second = "Doc_0/Signs/Sign_1"
    both = Recipe(
        holder=N.other_bureau,
        change_xml=lambda xml: xml.replace(b"</ofd:SignedInfo>", b"</ofd:SignedInfo>" + content),
        property_info=f"/{place}",
    ).apply(first)
    both[place] = both.pop(f"{second}/Signature.xml")
    both[LIST] = both[LIST].replace(f"{second}/Signature.xml".encode(), place.encode())
    report = verified(both)
    assert [each.verdict for each in report.signatures] == [Verdict.PASSED] * 2
    assert report.verdict is Verdict.FAILED
    assert codes(report) - {Code.FACE_UNDECIDED, Code.FACE_UNREADABLE} == {Code.COVERAGE_MISSING}
