"""Sealed documents judged by everyday tools: unzip, xmllint, openssl, qpdf, poppler, and by asn1crypto.

Parts come out of the package by ``unzip`` and digests and signatures are checked by ``openssl`` alone, so none of our
readers stands between the file and the judgement.
"""

import base64
import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from asn1crypto import core
from PIL import Image

from crypto import DEFAULT_USER_ID
from formats.gbt33190.package import OfdPackage
from formats.gbt35275 import Shape
from formats.gbt38540 import Generation
from formats.rendering import render_pdf, render_png
from licence_service.painting import shown_text
from seal_service.sealing import SealingRequest, seal_documents
from tests.peers.ofd_documents import Face, face_of, pages, riding, signed
from tests.peers.ofd_nation import OfdNation, build_ofd_nation

pytestmark = pytest.mark.peer

TYPES = ("business-licence", "food-business-permit", "real-estate-title", "birth-certificate")
DISTID = "distid:" + DEFAULT_USER_ID.decode()
SIGNS = "Doc_0/Signs/Sign_0/"
OFD = "{http://www.ofdspec.org/2016}"


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} command (Debian: {package})")
    return found


def _run(*command: str | Path, data: bytes | None = None, status: int = 0) -> bytes:
    run = subprocess.run([str(part) for part in command], input=data, capture_output=True, check=False, timeout=60)
    assert run.returncode == status, (run.stdout + run.stderr).decode(errors="replace")
    return run.stdout


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfdNation]:
    built = build_ofd_nation(tmp_path_factory.mktemp("nation"))
    yield built
    built.close()


@pytest.fixture(scope="module")
def documents(nation: OfdNation) -> dict[str, bytes]:
    """Licences of every type as issued, and other ways to seal and sign."""
    made = {key: nation.licences.issue(nation.request(key, request_id=f"tools-{key}")).document for key in TYPES}
    face = face_of(nation, "business-licence")
    made["v5"] = face.sealed(nation, nation.seal(face.department, generation=Generation.V5))
    entries, page_ids = pages(3)
    riding_edge = SealingRequest("riding", entries, riding(page_ids), "test", closes=True)
    made["riding"] = seal_documents([riding_edge], nation.seal("land"), at=nation.now)[0]
    for shape in (Shape.DIGEST, Shape.ATTRIBUTES):
        made[f"signed-{shape}"] = signed(nation, pages(1)[0], nation.seal("market"), shape)
    return made


SEALED = (*TYPES, "v5", "riding")
SIGNED = ("signed-A", "signed-B")
ALL = (*SEALED, *SIGNED)


# ---------------------------------------------------------------- container


@pytest.mark.parametrize("name", ALL)
def test_container_is_whole_to_unzip(name: str, documents: dict[str, bytes], tmp_path: Path) -> None:
    """``unzip -t`` finds no fault, ``zipinfo`` and Python's zipfile see the names we see, each once."""
    path = tmp_path / "document.ofd"
    path.write_bytes(documents[name])
    assert b"No errors detected" in _run(_program("unzip", "unzip"), "-t", path)
    ours = list(OfdPackage.open(documents[name]).names)
    listed = _run(_program("zipinfo", "unzip"), "-1", path).decode().splitlines()
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == listed
        assert archive.comment == b""
    assert sorted(ours) == sorted(listed)
    assert listed[0] == "OFD.xml"


def test_spoiled_container_is_not_whole_to_unzip(documents: dict[str, bytes], tmp_path: Path) -> None:
    """The same command finds one octet changed inside a compressed part."""
    path = tmp_path / "document.ofd"
    data = bytearray(documents["riding"])
    data[300] ^= 1
    path.write_bytes(data)
    run = subprocess.run([_program("unzip", "unzip"), "-t", path], capture_output=True, check=False, timeout=60)
    assert run.returncode != 0


@pytest.mark.parametrize("name", ALL)
def test_every_xml_part_is_well_formed_to_libxml(name: str, documents: dict[str, bytes], tmp_path: Path) -> None:
    """``xmllint`` parses every XML part, nothing left over."""
    xmllint = _program("xmllint", "libxml2-utils")
    with zipfile.ZipFile(io.BytesIO(documents[name])) as archive:
        parts = [entry for entry in archive.namelist() if entry.endswith(".xml")]
        archive.extractall(tmp_path, parts)
    assert len(parts) >= 5
    _run(xmllint, "--noout", "--nonet", *(tmp_path / part for part in parts))


# ---------------------------------------------------------------- signatures, by openssl alone


@dataclass(frozen=True)
class Element:
    """One line of ``openssl asn1parse``."""

    offset: int
    depth: int
    header: int
    length: int
    kind: str


class Openssl:
    """The command, and a folder to work in."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.folder = folder

    def elements(self, data: bytes) -> list[Element]:
        text = _run(self.program, "asn1parse", "-inform", "DER", data=data).decode(errors="replace")
        found = re.findall(
            r"^ *(\d+):d=(\d+) +hl=(\d+) l= *(\d+) (?:cons|prim): *([\w ]*[\w])", text, re.MULTILINE
        )
        return [Element(*map(int, fields[:4]), fields[4]) for fields in found]

    def digest(self, data: bytes) -> bytes:
        return _run(self.program, "dgst", "-sm3", "-binary", data=data)

    def accepts(self, certificate: bytes, message: bytes, signature: bytes, *, distid: str = DISTID) -> bool:
        key = self.folder / "key.pem"
        key.write_bytes(_run(self.program, "x509", "-inform", "DER", "-noout", "-pubkey", data=certificate))
        (self.folder / "signature").write_bytes(signature)
        run = subprocess.run(
            [
                self.program, "dgst", "-sm3", "-verify", key, "-sigopt", distid,
                "-signature", self.folder / "signature",
            ],
            input=message, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        return run.returncode == 0 and run.stdout == b"Verified OK\n"


@pytest.fixture
def openssl(tmp_path: Path) -> Openssl:
    program = _program("openssl", "openssl")
    if b"SM2" not in _run(program, "ecparam", "-list_curves"):
        pytest.skip("this openssl command was built without SM2")
    return Openssl(program, tmp_path)


def _part(document: bytes, name: str, folder: Path) -> bytes:
    path = folder / "document.ofd"
    path.write_bytes(document)
    return _run(_program("unzip", "unzip"), "-p", path, name)


def _whole(data: bytes, element: Element) -> bytes:
    return data[element.offset : element.offset + element.header + element.length]


def _content(data: bytes, element: Element) -> bytes:
    return data[element.offset + element.header : element.offset + element.header + element.length]


def _bits(data: bytes, element: Element) -> bytes:
    """Content of a BIT STRING without the octet that counts unused bits."""
    assert element.kind == "BIT STRING"
    content = _content(data, element)
    assert content[0] == 0
    return content[1:]


def _references(signature_xml: bytes) -> dict[str, bytes]:
    root = ET.fromstring(signature_xml)
    references = root.iter(f"{OFD}Reference")
    return {
        each.attrib["FileRef"].removeprefix("/"): base64.b64decode(each.findtext(f"{OFD}CheckValue", ""))
        for each in references
    }


@pytest.mark.parametrize("name", SEALED)
def test_seal_signature_holds_to_openssl(
    name: str, documents: dict[str, bytes], openssl: Openssl, tmp_path: Path
) -> None:
    """Both signatures of the value hold, each over the structure GB/T 38540 names and under its own certificate."""
    value = _part(documents[name], f"{SIGNS}SignedValue.dat", tmp_path)
    found = openssl.elements(value)
    to_sign, certificate, _, signature = [each for each in found if each.depth == 1]
    assert openssl.accepts(_content(value, certificate), _whole(value, to_sign), _bits(value, signature))
    seal = next(each for each in found if each.depth == 2 and each.kind == "SEQUENCE")
    info, maker, _, seal_signature = [
        each for each in found if each.depth == 3 and each.offset < seal.offset + seal.header + seal.length
    ]
    assert openssl.accepts(_content(value, maker), _whole(value, info), _bits(value, seal_signature))
    assert _whole(value, seal) == _part(documents[name], f"{SIGNS}Seal.esl", tmp_path)
    assert not openssl.accepts(_content(value, maker), _whole(value, to_sign), _bits(value, signature))
    assert not openssl.accepts(
        _content(value, certificate), _whole(value, to_sign), _bits(value, signature), distid="distid:other"
    )


@pytest.mark.parametrize("name", ALL)
def test_every_digest_is_that_of_openssl(
    name: str, documents: dict[str, bytes], openssl: Openssl, tmp_path: Path
) -> None:
    """All references match, and they leave out nothing but the signature's own files and open lists."""
    signature_xml = _part(documents[name], f"{SIGNS}Signature.xml", tmp_path)
    references = _references(signature_xml)
    for part, digest in references.items():
        assert openssl.digest(_part(documents[name], part, tmp_path)) == digest
    with zipfile.ZipFile(io.BytesIO(documents[name])) as archive:
        left_out = set(archive.namelist()) - set(references)
    own = {f"{SIGNS}Signature.xml", f"{SIGNS}SignedValue.dat"}
    assert left_out == own | (set() if name == "riding" else {"Doc_0/Signs/Signatures.xml"})


@pytest.mark.parametrize("name", SEALED)
def test_data_hash_is_that_of_openssl(
    name: str, documents: dict[str, bytes], openssl: Openssl, tmp_path: Path
) -> None:
    """dataHash is SM3 of Signature.xml as unzipped, and propertyInfo its path."""
    value = _part(documents[name], f"{SIGNS}SignedValue.dat", tmp_path)
    _, _, _, data_hash, property_info = [each for each in openssl.elements(value) if each.depth == 2]
    assert _bits(value, data_hash) == openssl.digest(_part(documents[name], f"{SIGNS}Signature.xml", tmp_path))
    assert _content(value, property_info) == f"/{SIGNS}Signature.xml".encode()


@pytest.mark.parametrize("name", SIGNED)
def test_signed_data_holds_to_openssl(
    name: str, documents: dict[str, bytes], openssl: Openssl, tmp_path: Path
) -> None:
    """GB/T 35275: over the digest itself in shape A, over the attributes as a SET in shape B."""
    digest = openssl.digest(_part(documents[name], f"{SIGNS}Signature.xml", tmp_path))
    value = _part(documents[name], f"{SIGNS}SignedValue.dat", tmp_path)
    found = openssl.elements(value)
    # ContentInfo, [0], SignedData: its parts lie at depth 3, the parts of the one SignerInfo at depth 5.
    certificate = next(each for each in found if each.depth == 4 and each.kind == "SEQUENCE" and each.length > 300)
    info = [each for each in found if each.depth == 5 and each.offset > certificate.offset + certificate.length]
    signature = _content(value, next(each for each in info if each.kind == "OCTET STRING"))
    if name == "signed-A":
        message = digest
        assert digest in value
    else:
        attributes = _whole(value, next(each for each in info if each.kind == "cont"))
        assert attributes[0] == 0xA0
        assert digest in attributes
        message = b"\x31" + attributes[1:]
    assert openssl.accepts(_whole(value, certificate), message, signature)
    assert not openssl.accepts(_whole(value, certificate), message + b"\0", signature)


# ---------------------------------------------------------------- encoding, by asn1crypto


def _sequence(**fields: Any) -> Any:
    return type("Sequence", (core.Sequence,), {"_fields": list(fields.items())})


_HEADER = _sequence(id=core.IA5String, version=core.Integer, vid=core.IA5String)
_CERTIFICATES = type("Certificates", (core.SequenceOf,), {"_child_spec": core.OctetString})
_PROPERTY = _sequence(
    type=core.Integer,
    name=core.UTF8String,
    cert_list_type=core.Integer,
    cert_list=_CERTIFICATES,
    create_date=core.GeneralizedTime,
    valid_start=core.GeneralizedTime,
    valid_end=core.GeneralizedTime,
)
_PICTURE = _sequence(type=core.IA5String, data=core.OctetString, width=core.Integer, height=core.Integer)
_SEAL = _sequence(
    info=_sequence(header=_HEADER, es_id=core.IA5String, property=_PROPERTY, picture=_PICTURE),
    cert=core.OctetString,
    sign_alg_id=core.ObjectIdentifier,
    signed_value=core.OctetBitString,
)
_TO_SIGN = _sequence(
    version=core.Integer,
    eseal=_SEAL,
    time_info=core.GeneralizedTime,
    data_hash=core.OctetBitString,
    property_info=core.IA5String,
)
_SEAL_SIGNATURE = _sequence(
    to_sign=_TO_SIGN,
    cert=core.OctetString,
    signature_alg_id=core.ObjectIdentifier,
    signature=core.OctetBitString,
)


def _rebuilt(value: core.Asn1Value) -> Any:
    """The value as Python objects, from which asn1crypto can build it anew."""
    if isinstance(value, core.Sequence):
        return {name: _rebuilt(value[name]) for name, *_ in value._fields}
    if isinstance(value, core.SequenceOf):
        return [_rebuilt(each) for each in value]
    return value.native


@pytest.mark.parametrize("name", SEALED)
def test_seal_signature_comes_back_octet_for_octet(
    name: str, documents: dict[str, bytes], nation: OfdNation, tmp_path: Path
) -> None:
    """asn1crypto, told the structure of the standard, decodes the value and encodes it again to the same octets."""
    value = _part(documents[name], f"{SIGNS}SignedValue.dat", tmp_path)
    decoded = _SEAL_SIGNATURE.load(value, strict=True)
    native = _rebuilt(decoded)
    assert _SEAL_SIGNATURE(native).dump() == value
    version = 5 if name == "v5" else 4
    assert native["to_sign"]["version"] == native["to_sign"]["eseal"]["info"]["header"]["version"] == version
    assert native["to_sign"]["time_info"] == nation.now
    seal = native["to_sign"]["eseal"]["info"]
    assert seal["property"]["cert_list"] == [native["cert"]]


@pytest.mark.parametrize("name", SEALED)
def test_picture_of_the_seal_is_sound(name: str, documents: dict[str, bytes], tmp_path: Path) -> None:
    """The picture decodes in full, has the proportions stated in millimetres, 300 dpi or more, and a clear ground."""
    value = _part(documents[name], f"{SIGNS}SignedValue.dat", tmp_path)
    picture = _SEAL_SIGNATURE.load(value)["to_sign"]["eseal"]["info"]["picture"].native
    assert picture["type"] == "png"
    image = Image.open(io.BytesIO(picture["data"]))
    image.load()
    assert image.format == "PNG"
    assert abs(image.width / image.height - picture["width"] / picture["height"]) < 0.02
    assert image.width / (picture["width"] / 25.4) >= 300
    corner, middle = image.convert("RGBA").getpixel((0, 0)), image.convert("RGBA").getbbox()
    assert corner[3] == 0
    assert middle is not None


# ---------------------------------------------------------------- PDF


@pytest.fixture(scope="module")
def faces(nation: OfdNation) -> dict[str, tuple[Face, bytes]]:
    """Each type's face and its rendering as PDF, seal included."""
    made = {}
    for key in TYPES:
        face = face_of(nation, key)
        document = face.sealed(nation, nation.seal(face.department))
        rendered = render_pdf(OfdPackage.open(document))
        assert rendered.omissions == ()
        made[key] = (face, rendered.pdf)
    return made


@pytest.mark.parametrize("licence_type", TYPES)
def test_pdf_is_sound_to_qpdf(licence_type: str, faces: dict[str, tuple[Face, bytes]], tmp_path: Path) -> None:
    """``qpdf --check`` finds neither errors nor anything to warn of."""
    path = tmp_path / "licence.pdf"
    path.write_bytes(faces[licence_type][1])
    assert b"No syntax or stream encoding errors found" in _run(_program("qpdf", "qpdf"), "--check", path)


@pytest.mark.parametrize("licence_type", TYPES)
def test_pdf_text_is_found_by_poppler(
    licence_type: str, faces: dict[str, tuple[Face, bytes]], tmp_path: Path
) -> None:
    """``pdftotext`` finds every value the face shows."""
    face, pdf = faces[licence_type]
    path = tmp_path / "licence.pdf"
    path.write_bytes(pdf)
    # In the order of the content stream: values of two columns are not read across.
    text = _run(_program("pdftotext", "poppler-utils"), "-raw", "-enc", "UTF-8", path, "-").decode()
    dense = re.sub(r"\s", "", text)
    shown = [shown_text(place, face.metadata) for page in face.licence_type.face.pages for place in page.values]
    wanted = [re.sub(r"\s", "", each) for each in shown if each]
    assert len(wanted) > 5
    assert [each for each in wanted if each not in dense] == []


@pytest.mark.parametrize("licence_type", TYPES)
def test_pdf_is_drawn_alike_by_poppler(
    licence_type: str, faces: dict[str, tuple[Face, bytes]], nation: OfdNation, tmp_path: Path
) -> None:
    """``pdftoppm`` draws the first page as PDFium does, seal included."""
    face, pdf = faces[licence_type]
    path = tmp_path / "licence.pdf"
    path.write_bytes(pdf)
    _run(_program("pdftoppm", "poppler-utils"), "-r", "100", "-png", "-singlefile", path, tmp_path / "page")
    document = face.sealed(nation, nation.seal(face.department))
    ours = render_png(OfdPackage.open(document), 1, 100)[0]
    theirs, wanted = (_cells(png) for png in ((tmp_path / "page.png").read_bytes(), ours))
    assert sum(abs(a - b) for a, b in zip(theirs, wanted, strict=True)) / len(wanted) < 6
    bare = _cells(render_png(OfdPackage.open(document), 1, 100, stamps=())[0])
    assert max(abs(a - b) for a, b in zip(theirs, bare, strict=True)) > 60


def _cells(png: bytes) -> bytes:
    """A page in cells of 2 mm."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return image.resize((image.width // 8, image.height // 8), Image.Resampling.BOX).tobytes()
