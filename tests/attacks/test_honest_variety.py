"""What honest software does differently must pass: a verifier that cries wolf is soon not listened to.

The same sealed content in containers as zip libraries write them, and in packages laid out as other makers do.
"""

from __future__ import annotations

import base64
import io
import re
import struct
import zipfile
from collections.abc import Callable

import pytest

from crypto import sm3
from formats.gbt33190.signature_model import SignatureType
from formats.gbt33190.signing import Protection
from formats.gbt38540 import Generation, assemble_seal_signature, tbs_sign
from tests.attacks.containers import Item, archive, items
from tests.attacks.resealing import resealed
from tests.unit.verifier.documents import Entries, Recipe, codes, document, edit, metadata, sealed, verified
from tests.unit.verifier.nation import SIGNED, nation
from tests.unit.verifier.test_twins import LIST, SEAL, SIGNATURE, VALUE
from verifier.codes import Code
from verifier.findings import Verdict
from verifier.report import Report

N = nation()
GENUINE = sealed()


def passes(report: Report) -> bool:
    assert codes(report) == set()
    return report.verdict is Verdict.PASSED


class Pipe(io.RawIOBase):
    """An output that cannot be sought in, as a response to a browser."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.data += data
        return len(data)


def zipped(
    *, method: int = 8, pipe: bool = False, zip64: bool = False, directories: bool = False, comment: bytes = b""
) -> bytes:
    out = Pipe() if pipe else io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        if directories:
            for name in sorted({f"{each.rpartition('/')[0]}/" for each in GENUINE if "/" in each}):
                file.writestr(zipfile.ZipInfo(name), b"")
        for name, data in GENUINE.items():
            info = zipfile.ZipInfo(name, (2026, 3, 1, 10, 30, 0))
            info.compress_type = method
            info.external_attr = 0o644 << 16
            with file.open(info, "w", force_zip64=zip64) as entry:
                entry.write(data)
        file.comment = comment
    return bytes(out.data) if isinstance(out, Pipe) else out.getvalue()


NTFS = struct.pack("<2H4x2H3Q", 0x000A, 32, 1, 24, 1, 2, 3)
UNIX = struct.pack("<2HBI", 0x5455, 5, 1, 1_700_000_000) + struct.pack("<2HBBIBI", 0x7875, 11, 1, 4, 0, 4, 0)
JAR = struct.pack("<2H", 0xCAFE, 0)

CONTAINERS: dict[str, Callable[[], bytes]] = {
    "stored": lambda: zipped(method=0),
    "deflated": zipped,
    "with directories": lambda: zipped(directories=True),
    "streamed": lambda: zipped(pipe=True),
    "streamed and stored": lambda: zipped(pipe=True, method=0),
    "sizes of ZIP64": lambda: zipped(zip64=True),
    "streamed with sizes of ZIP64": lambda: zipped(zip64=True, pipe=True),
    "a few octets of comment": lambda: zipped(comment=b"Powered by example"),
    "entries in reverse": lambda: archive(*reversed(items(GENUINE))),
    "main part last": lambda: archive(*items(GENUINE)[1:], items(GENUINE)[0]),
    "times of Windows": lambda: archive(*(Item(each.name, each.plain, local_extra=NTFS, extra=NTFS) for each in items(GENUINE))),
    "times and owners of Unix": lambda: archive(
        *(Item(each.name, each.plain, local_extra=UNIX, extra=UNIX[:9]) for each in items(GENUINE))
    ),
    "mark of a Java archive": lambda: archive(Item(b"OFD.xml", GENUINE["OFD.xml"], local_extra=JAR, extra=JAR), *items(GENUINE)[1:]),
    "deflated directories": lambda: archive(Item(b"Doc_0/", stored=b"\x03\x00"), *items(GENUINE)),
    "names flagged as UTF-8": lambda: archive(*(Item(each.name, each.plain, flags=0x800) for each in items(GENUINE))),
    "flags of compression levels": lambda: archive(*(Item(each.name, each.plain, flags=6) for each in items(GENUINE))),
    "comments of entries": lambda: archive(*(Item(each.name, each.plain, comment=b"x") for each in items(GENUINE))),
}  # fmt: skip


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_of_other_libraries(container: str) -> None:
    """Packing the sealed files anew changes nothing about them."""
    assert passes(verified(CONTAINERS[container]()))


def laid_out(signatures: str, signature: str, value: str, seal: str) -> Entries:
    """The sealed document with its signature files at these places."""
    entries = sealed()
    texts = {LIST: signatures, SIGNATURE: signature, VALUE: value, SEAL: seal}
    moved = {texts.get(name, name): data for name, data in entries.items()}
    text = moved[signature].decode()
    main = re.sub(r"(<ofd:Signatures>)[^<]*", rf"\g<1>/{signatures}", moved["OFD.xml"].decode()).encode()
    digest = base64.b64encode(sm3(main)).decode()
    text = re.sub(r'(FileRef="/OFD.xml"><ofd:CheckValue>)[^<]*', rf"\g<1>{digest}", text)
    for old, new in texts.items():
        text = text.replace(f"/{old}", f"/{new}")
    listing = moved[signatures].replace(f"/{SIGNATURE}".encode(), f"/{signature}".encode())
    own = tbs_sign(Generation.V4, moved[seal], SIGNED, sm3(text.encode()), f"/{signature}")
    signed = assemble_seal_signature(Generation.V4, own, N.bureau.certificate.encoded, N.bureau.sign(own))
    return {**moved, "OFD.xml": main, signatures: listing, signature: text.encode(), value: signed}


@pytest.mark.parametrize(
    "places",
    [
        ("Signatures.xml", "Sign_0/Signature.xml", "Sign_0/SignedValue.dat", "Sign_0/Seal.esl"),
        ("Doc_0/Signs/Signatures.xml", "Doc_0/Signs/Sign_1/Signature.xml", "Doc_0/Signs/Sign_1/SignValue.dat", "Doc_0/Signs/Sign_1/Seal.esl"),
        ("Signs/List.xml", "Signs/a/b/c/s.xml", "values/1", "seals/1.esl"),
        ("Doc_0/Signs/Signatures.xml", "Doc_0/Signs/签章/Signature.xml".replace("签章", "Sign"), "Doc_0/Signs/Sign/v", "Doc_0/印章.esl"),
    ],
)  # fmt: skip
def test_signature_files_at_other_places(places: tuple[str, str, str, str]) -> None:
    """All names but OFD.xml are conventions: pointers are followed."""
    assert passes(verified(laid_out(*places)))


MAIN = {
    "byte order mark": lambda text: "\ufeff" + text,
    "no declaration": lambda text: re.sub(r"<\?xml.*?\?>\s*", "", text),
    "standalone": lambda text: re.sub(r"<\?xml.*?\?>", '<?xml version="1.0" encoding="utf-8" standalone="yes"?>', text),
    "indented": lambda text: text.replace("><", ">\r\n\t<"),
    "other prefix": lambda text: text.replace("ofd:", "o:").replace("xmlns:ofd", "xmlns:o"),
    "default namespace": lambda text: text.replace("ofd:", "").replace("xmlns:ofd", "xmlns"),
    "old namespace": lambda text: text.replace("ofdspec.org/2016", "ofdspec.org"),
    "no namespace": lambda text: re.sub(r' xmlns:ofd="[^"]*"', "", text).replace("ofd:", ""),
    "archive profile": lambda text: text.replace('DocType="OFD"', 'DocType="OFD-A"').replace('Version="1.0"', 'Version="1.1"'),
    "absolute root": lambda text: text.replace(">Doc_0/Document.xml<", ">/Doc_0/Document.xml<"),
    "white space around the root": lambda text: text.replace(">Doc_0/Document.xml<", ">\n  Doc_0/Document.xml\n<"),
    "values as CDATA": lambda text: re.sub(r'(Name="ZZMC">)([^<]*)', r"\1<![CDATA[\2]]>", text),
    "values as references": lambda text: re.sub(r'(Name="ZZMC">)营', r"\1&#x8425;", text),
    "comment": lambda text: text.replace("<ofd:DocBody>", "<!-- made elsewhere --><ofd:DocBody>"),
    "data of other makers": lambda text: text.replace(
        "</ofd:CustomDatas>", '<ofd:CustomData Name="native-producer">SuwellFormSDK</ofd:CustomData></ofd:CustomDatas>'
    ),
    "element of another namespace": lambda text: text.replace("<ofd:DocRoot>", '<x:Note xmlns:x="urn:x"/><ofd:DocRoot>'),
}  # fmt: skip


@pytest.mark.parametrize("dialect", MAIN)
def test_main_parts_of_other_makers(dialect: str) -> None:
    """OFD.xml in every spelling that says the same."""
    text = GENUINE["OFD.xml"].decode()
    changed = MAIN[dialect](text)
    assert changed != text
    report = verified(resealed({"OFD.xml": changed.encode()}))
    assert passes(report)
    assert report.licence is not None
    assert report.licence.name == "营业执照"


def test_more_files_covered() -> None:
    """Attachments, annotations, tags and files that nothing points to are honest if they are covered."""
    more = {
        "Doc_0/Attachs/original_invoice.xml": b"<a/>",
        "Doc_0/Annots/Annotations.xml": b"<ofd:Annotations xmlns:ofd='http://www.ofdspec.org/2016'/>",
        "Doc_0/Tags/CustomTags.xml": b"not even XML",
        "notes.txt": b"",
    }
    assert passes(verified(resealed(more)))


def test_plain_document_of_two_bodies() -> None:
    """A document that is no licence may have several bodies."""
    body = "<ofd:DocBody><ofd:DocInfo/><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    assert passes(verified(Recipe().apply(edit(document(()), "OFD.xml", "</ofd:OFD>", body))))


ORDERS = [
    (SignatureType.SEAL, SignatureType.SIGN),
    (SignatureType.SIGN, SignatureType.SEAL),
    (SignatureType.SEAL, SignatureType.SEAL, SignatureType.SIGN, SignatureType.SIGN),
]


@pytest.mark.parametrize("kinds", ORDERS)
@pytest.mark.parametrize("shape", ["A", "B"])
def test_seals_and_digital_signatures_in_any_order(kinds: tuple[SignatureType, ...], shape: str) -> None:
    """GB/T 35275 beside seals, by one holder or another, the last one closing the document."""
    entries = document(metadata())
    for position, kind in enumerate(kinds):
        entries = Recipe(
            kind=kind,
            shape=shape,
            holder=N.bureau if position % 2 == 0 else N.other_bureau,
            protection=Protection.WHOLE if position + 1 == len(kinds) else Protection.CONTINUE,
        ).apply(entries)
    report = verified(entries)
    assert passes(report)
    assert len(report.signatures) == len(kinds)
    assert Code.SIGNATURES_LISTED in {each.code for each in report.findings}
