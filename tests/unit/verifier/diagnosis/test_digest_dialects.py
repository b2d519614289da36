"""Every way of digesting and of writing references that is known is told as exactly that."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Callable

import pytest
from lxml import etree

from crypto import DEFAULT_USER_ID, sm3
from formats.gbt33190.package_writer import write_package
from formats.gbt35275 import assemble_signed_data, signed_attributes
from tests.unit.verifier.diagnosis.speaking import (
    SIGNATURE,
    VALUE,
    N,
    answers,
    diagnosed,
    dialects_of,
    digital,
    plain,
    resigned,
    with_check_value,
    xml_changed,
)
from tests.unit.verifier.documents import PNG, Entries, verified
from tests.unit.verifier.nation import SIGNED
from verifier.diagnosis import Conclusion, DiagnosisLimits, Question, diagnose_document

Names = tuple[str, ...]
PAGE = "Doc_0/Pages/Page_0/Content.xml"
PICTURE = "Doc_0/Res/image_3.png"


def z() -> bytes:
    key = N.bureau.certificate.public_key
    assert key is not None
    return key.z_value(DEFAULT_USER_ID)


def crlf(xml: bytes) -> bytes:
    return xml.replace(b"\n", b"\r\n")


def with_mark(xml: bytes) -> bytes:
    return b"\xef\xbb\xbf" + xml


def canonical(xml: bytes) -> bytes:
    return etree.tostring(etree.fromstring(xml), method="c14n")


def indented(xml: bytes) -> bytes:
    root = etree.fromstring(xml)
    etree.indent(root, space="  ")
    return xml[: xml.index(b"<ofd:")] + etree.tostring(root, encoding="UTF-8", xml_declaration=False)


def spaced(xml: bytes) -> bytes:
    return xml.replace(b"/>", b" />")


def element(xml: bytes, name: str) -> bytes:
    start, end = xml.index(f"<ofd:{name}".encode()), xml.index(f"</ofd:{name}>".encode())
    return xml[start : end + len(f"</ofd:{name}>")]


def values_of(xml: bytes) -> list[bytes]:
    return [base64.b64decode(each.text or "") for each in etree.fromstring(xml).iter("{*}CheckValue")]


def files_of(xml: bytes) -> bytes:
    return b"".join(plain()[each.get("FileRef", "")[1:]] for each in etree.fromstring(xml).iter("{*}Reference"))


DATA_HASHES: dict[str, tuple[Callable[[bytes], bytes], Names]] = {
    "with Z": (lambda xml: sm3(z() + xml), ("digest.with-z",)),
    "twice": (lambda xml: sm3(sm3(xml)), ("digest.twice",)),
    "of its text": (lambda xml: sm3(sm3(xml).hex().encode()), ("digest.twice",)),
    "text": (lambda xml: sm3(xml).hex().encode(), ("digest.text",)),
    "base64": (lambda xml: base64.b64encode(sm3(xml)), ("digest.text",)),
    "reversed": (lambda xml: sm3(xml)[::-1], ("digest.reversed",)),
    "SHA-256": (lambda xml: hashlib.sha256(xml).digest(), ("digest.other-algorithm",)),
    "SHA-1": (lambda xml: hashlib.sha1(xml).digest(), ("digest.other-algorithm",)),
    "MD5": (lambda xml: hashlib.md5(xml).digest(), ("digest.other-algorithm",)),
    "line ends": (lambda xml: sm3(crlf(xml)), ("content.line-ends",)),
    "mark": (lambda xml: sm3(with_mark(xml)), ("content.byte-order-mark",)),
    "declaration": (lambda xml: sm3(xml[xml.index(b"<ofd:") :]), ("content.declaration",)),
    "last line": (
        lambda xml: sm3(xml.rstrip() if xml.endswith(b"\n") else xml + b"\n"),
        ("content.final-newline",),
    ),
    "indented": (lambda xml: sm3(indented(xml)), ("content.layout",)),
    "canonical": (lambda xml: sm3(canonical(xml)), ("content.canonical",)),
    "written again": (lambda xml: sm3(spaced(xml)), ("content.reserialised",)),
    "SignedInfo": (lambda xml: sm3(element(xml, "SignedInfo")), ("content.part",)),
    "References": (lambda xml: sm3(element(xml, "References")), ("content.part",)),
    "unfinished": (
        lambda xml: sm3(xml.replace(f"/{VALUE}".encode(), b"")),
        ("content.signed-value-empty",),
    ),
    "digests": (lambda xml: sm3(b"".join(values_of(xml))), ("content.reference-digests",)),
    "digest texts": (
        lambda xml: sm3(b"".join(map(base64.b64encode, values_of(xml)))),
        ("content.reference-digests",),
    ),
    "files": (lambda xml: sm3(files_of(xml)), ("content.files",)),
    "another file": (lambda _: sm3(plain()["Doc_0/Document.xml"]), ("content.other-file",)),
    "line ends, Z": (lambda xml: sm3(z() + crlf(xml)), ("content.line-ends", "digest.with-z")),
    "mark, SHA-256": (
        lambda xml: hashlib.sha256(with_mark(xml)).digest(),
        ("content.byte-order-mark", "digest.other-algorithm"),
    ),
    "indented, line ends": (lambda xml: sm3(crlf(indented(xml))), ("content.layout", "content.line-ends")),
    "canonical text": (lambda xml: sm3(canonical(xml)).hex().encode(), ("content.canonical", "digest.text")),
}


@pytest.mark.parametrize("case", DATA_HASHES)
def test_a_data_hash_in_a_dialect(case: str) -> None:
    """The signature holds, over a digest that is none of the file for readers of the standard."""
    digest, names = DATA_HASHES[case]
    found = diagnosed(resigned(digest=digest(plain()[SIGNATURE])))
    assert dialects_of(found) == {Question.DATA_HASH: [names]}


@pytest.mark.parametrize("case", ["with Z", "twice", "line ends", "canonical", "SHA-256"])
def test_a_message_digest_in_a_dialect(case: str) -> None:
    """The same in the attributes of GB/T 35275 data."""
    digest, names = DATA_HASHES[case]
    entries = dict(digital("B"))
    value = digest(entries[SIGNATURE])
    if len(value) != 32:
        return
    attributes = signed_attributes(value, SIGNED)
    entries[VALUE] = assemble_signed_data(
        signature=N.bureau.sign(attributes),
        signer_certificate=N.bureau.certificate.encoded,
        attributes=attributes,
    )
    assert dialects_of(diagnosed(entries)) == {Question.DATA_HASH: [names]}


def referring(name: str, value: bytes, files: dict[str, bytes] | None = None, old: bytes | None = None) -> Entries:
    """The document whose reference to one file states another digest."""
    xml = with_check_value(plain()[SIGNATURE], old or sm3(plain()[name]), value)
    return resigned(xml=xml, files={SIGNATURE: xml, **(files or {})})


def compressed(name: str) -> bytes:
    """The octets of one file as they stand in the package the test writes."""
    data = write_package(plain())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.getinfo(name)
        assert info.compress_size != info.file_size
        start = (
            info.header_offset
            + 30
            + int.from_bytes(data[info.header_offset + 26 : info.header_offset + 28], "little")
        )
        start += int.from_bytes(data[info.header_offset + 28 : info.header_offset + 30], "little")
        return data[start : start + info.compress_size]


REFERENCES: dict[str, tuple[Callable[[bytes], bytes], Names]] = {
    "with Z": (lambda data: sm3(z() + data), ("digest.with-z",)),
    "twice": (lambda data: sm3(sm3(data)), ("digest.twice",)),
    "text": (lambda data: sm3(data).hex().encode(), ("digest.text",)),
    "SHA-256": (lambda data: hashlib.sha256(data).digest(), ("digest.other-algorithm",)),
    "SHA-1": (lambda data: hashlib.sha1(data).digest(), ("digest.other-algorithm",)),
    "MD5": (lambda data: hashlib.md5(data).digest(), ("digest.other-algorithm",)),
    "nothing": (lambda _: sm3(b""), ("content.nothing",)),
    "line ends": (lambda data: sm3(crlf(data)), ("content.line-ends",)),
    "mark": (lambda data: sm3(with_mark(data)), ("content.byte-order-mark",)),
    "canonical": (lambda data: sm3(canonical(data)), ("content.canonical",)),
    "another file": (lambda _: sm3(PNG), ("reference.other-file",)),
    "compressed": (lambda _: sm3(compressed(PAGE)), ("content.compressed",)),
    "line ends, SHA-256": (
        lambda data: hashlib.sha256(crlf(data)).digest(),
        ("content.line-ends", "digest.other-algorithm"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFERENCES)
def test_a_reference_in_a_dialect(case: str) -> None:
    """One file's digest; the file is named, the others are not."""
    digest, names = REFERENCES[case]
    answer = answers(diagnosed(referring(PAGE, digest(plain()[PAGE]))))[Question.REFERENCES]
    assert [each.dialects for each in answer.fits] == [names]
    assert answer.fits[0].paths == (f"/{PAGE}",)
    assert answer.unexplained == ()


def test_every_reference_in_one_dialect() -> None:
    """Files that share an explanation stand together."""
    xml = plain()[SIGNATURE]
    for value in values_of(xml):
        name = next(name for name, data in plain().items() if sm3(data) == value)
        xml = with_check_value(xml, value, sm3(z() + plain()[name]))
    answer = answers(diagnosed(resigned(xml=xml, files={SIGNATURE: xml})))[Question.REFERENCES]
    assert answer.conclusion is Conclusion.FITS
    assert [each.dialects for each in answer.fits] == [("digest.with-z",)]
    assert len(answer.fits[0].paths) == len(values_of(xml))


METHOD = 'CheckMethod="1.2.156.10197.1.401"'


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("", ("method.absent",)),
        ('CheckMethod="MD5"', ("method.name",)),
        ('CheckMethod="1.2.156.10197.1.401.2"', ("method.name",)),
        ('CheckMethod="国密"', ("method.name",)),
    ],
)
def test_a_method_misnamed(method: str, names: Names) -> None:
    """The digests are SM3, whatever CheckMethod says."""
    answer = answers(diagnosed(xml_changed(METHOD, method)))[Question.REFERENCES]
    assert [each.dialects for each in answer.fits] == [names]
    assert answer.conclusion is Conclusion.FITS


def test_a_method_that_is_named_rightly() -> None:
    """Digests of SHA-256 under its own name are of another algorithm, not misnamed."""
    xml = plain()[SIGNATURE].replace(METHOD.encode(), b'CheckMethod="SHA256"')
    for value in values_of(xml):
        name = next(name for name, data in plain().items() if sm3(data) == value)
        xml = with_check_value(xml, value, hashlib.sha256(plain()[name]).digest())
    answer = answers(diagnosed(resigned(xml=xml, files={SIGNATURE: xml})))[Question.REFERENCES]
    assert [(each.dialects, each.detail) for each in answer.fits] == [(("digest.other-algorithm",), "SHA-256")]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("\\Doc_0\\Res\\image_3.png", "path.backslash"),
        ("/doc_0/RES/Image_3.PNG", "path.case"),
        ("Doc_0/Res/image_3.png", "path.leading-slash"),
        ("//Doc_0/Res/image_3.png", "path.leading-slash"),
        ("/Doc_0/Res/image%5F3.png", "path.percent-encoded"),
        ("/Res/image_3.png", "path.relative"),
    ],
)
def test_a_reference_written_otherwise(written: str, name: str) -> None:
    """The file is found as some readers find it, and its digest matches."""
    answer = answers(diagnosed(xml_changed(f'"/{PICTURE}"', f'"{written}"')))[Question.REFERENCES]
    assert [each.dialects for each in answer.fits] == [(name,)]


def test_white_space_around_a_reference() -> None:
    """It is let pass, so it is told only where another file gives cause to look."""
    entries = xml_changed(f'"/{PICTURE}"', f'" /{PICTURE} "')
    assert diagnosed(entries).answers == ()
    answer = answers(diagnosed({**entries, PAGE: b"changed"}))[Question.REFERENCES]
    assert [each.dialects for each in answer.fits] == [("path.white-space",)]
    assert answer.unexplained == (f"/{PAGE}",)


def test_a_changed_file_is_no_dialect() -> None:
    """What was changed after signing is named; what is only written otherwise is told apart."""
    xml = with_check_value(plain()[SIGNATURE], sm3(plain()[PAGE]), sm3(z() + plain()[PAGE]))
    files = {SIGNATURE: xml, PICTURE: PNG + b"\0"}
    answer = answers(diagnosed(resigned(xml=xml, files=files)))[Question.REFERENCES]
    assert answer.conclusion is Conclusion.PARTLY
    assert answer.unexplained == (f"/{PICTURE}",)
    assert [each.paths for each in answer.fits] == [(f"/{PAGE}",)]
    only = answers(diagnosed({**plain(), PICTURE: PNG + b"\0"}))
    assert only[Question.REFERENCES].conclusion is Conclusion.NONE
    assert only[Question.REFERENCES].unexplained == (f"/{PICTURE}",)


def test_a_signature_file_changed_after_signing() -> None:
    """Another word in Signature.xml is no dialect."""
    xml = plain()[SIGNATURE].replace(b"Xinyin", b"Xinyim")
    answer = answers(diagnosed({**plain(), SIGNATURE: xml}))[Question.DATA_HASH]
    assert answer.conclusion is Conclusion.NONE
    assert answer.tried > 100


def test_a_signature_file_converted_after_signing() -> None:
    """A transfer that converted line ends is told, whichever way it went."""
    found = diagnosed({**plain(), SIGNATURE: crlf(plain()[SIGNATURE])})
    assert dialects_of(found) == {Question.DATA_HASH: [("content.line-ends",)]}


def test_trying_is_bounded_and_told() -> None:
    """With hardly anything allowed, the answer says that it is not complete."""
    entries = {**plain(), SIGNATURE: plain()[SIGNATURE].replace(b"Xinyin", b"Xinyim")}
    data = write_package(entries)
    report = verified(data)
    for limits in (DiagnosisLimits(digests=5), DiagnosisLimits(octets=5000), DiagnosisLimits(digests=0)):
        found = diagnose_document(data, report, limits=limits)
        assert not found.complete
        assert found.tried <= 5 or limits.octets == 5000
        assert [each.conclusion for each in found.answers] == [Conclusion.STOPPED]


def test_a_report_on_another_document_is_refused() -> None:
    """A diagnosis is of the document its report is about."""
    report = verified(write_package(plain()))
    with pytest.raises(ValueError, match="another document"):
        diagnose_document(write_package(plain()) + b"x", report)


def test_thousands_of_references_stop_at_the_limit() -> None:
    """A file that names one part ten thousand times, each with another digest, costs no more than is allowed."""
    reference = '<ofd:Reference FileRef="/Doc_0/Document.xml"><ofd:CheckValue>{}</ofd:CheckValue></ofd:Reference>'
    values = (base64.b64encode(sm3(number.to_bytes(4, "big"))).decode() for number in range(10_000))
    found = diagnosed(
        xml_changed("</ofd:References>", "".join(map(reference.format, values)) + "</ofd:References>")
    )
    limits = DiagnosisLimits()
    assert found.tried <= limits.digests
    assert not found.complete
    answer = answers(found)[Question.REFERENCES]
    assert answer.conclusion is Conclusion.STOPPED
    assert len(answer.unexplained) == limits.paths + 1
