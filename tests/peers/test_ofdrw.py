"""Our sealed documents judged, read and drawn by ofdrw (Java), and ofdrw's seals judged by us.

ofdrw encodes a seal signature anew before it verifies it, so what it accepts has survived a decoder and an encoder
that are not ours. It checks neither maker's signatures nor times, lists and certificates; those are not judged here.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from formats.fonts import Typeface, installed_fonts
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.signature_model import SignatureType
from formats.gbt33190.signing import SigningRefusedError, prepare_signature
from formats.gbt35275 import Shape, read_signed_data
from formats.gbt38540 import Generation, SealPicture, read_seal_signature
from formats.rendering import render_png
from licence_service.painting import shown_text
from seal_service.pictures import SealDesign, draw_seal, ofd_package
from seal_service.sealing import SealingRequest, StampPlacement, seal_document, seal_documents
from tests.peers.ofd_documents import PROVIDER, altered, entries_of, face_of, pages, riding, signed
from tests.peers.ofd_nation import OfdNation, build_ofd_nation
from tests.peers.ofdrw import Ofdrw, OfdrwError, OfdrwUnavailableError, start_ofdrw
from verifier.report import SignatureReport
from verifier.verification import verify_document

pytestmark = pytest.mark.peer

TYPES = ("business-licence", "food-business-permit", "real-estate-title", "birth-certificate")
GENERATIONS = (Generation.V4, Generation.V5)
SHAPES = (Shape.DIGEST, Shape.ATTRIBUTES)
SIGNATURE_XML = "Doc_0/Signs/Sign_0/Signature.xml"
SIGNED_VALUE = "Doc_0/Signs/Sign_0/SignedValue.dat"
PAGE = "Doc_0/Pages/Page_0/Content.xml"


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfdNation]:
    built = build_ofd_nation(tmp_path_factory.mktemp("nation"))
    yield built
    built.close()


@pytest.fixture(scope="module")
def ofdrw() -> Iterator[Ofdrw]:
    try:
        peer = start_ofdrw()
    except OfdrwUnavailableError as exc:
        pytest.skip(f"ofdrw is not to be had: {exc}")
    yield peer
    peer.close()


@pytest.fixture(scope="module")
def licences(nation: OfdNation) -> dict[str, bytes]:
    """One of each type, issued by the licence service."""
    return {key: nation.licences.issue(nation.request(key, request_id=f"ofdrw-{key}")).document for key in TYPES}


def _sealed_pages(nation: OfdNation, count: int, **changes: bool) -> bytes:
    entries, page_ids = pages(count)
    stamps = riding(page_ids) if count > 1 else (StampPlacement(page_ids[0], 84, 120, 42, 42),)
    request = SealingRequest("pages", entries, stamps, "test", **changes)
    return seal_documents([request], nation.seal("market"), at=nation.now)[0]


# ---------------------------------------------------------------- accepted


@pytest.mark.parametrize("licence_type", TYPES)
def test_issued_licence_is_accepted(licence_type: str, licences: dict[str, bytes], ofdrw: Ofdrw) -> None:
    """ofdrw accepts a licence of each type as the licence service issues it."""
    assert ofdrw.verify(licences[licence_type]).accepted == ("Seal",)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_generations_are_accepted(generation: Generation, nation: OfdNation, ofdrw: Ofdrw) -> None:
    """A licence sealed with a v4 or a v5 seal is accepted, and the value is of that generation."""
    face = face_of(nation, "food-business-permit")
    document = face.sealed(nation, nation.seal(face.department, generation=generation))
    assert read_seal_signature(entries_of(document)[SIGNED_VALUE]).generation is generation
    assert ofdrw.verify(document).accepted == ("Seal",)


def test_seals_of_two_holders_are_accepted(nation: OfdNation, licences: dict[str, bytes], ofdrw: Ofdrw) -> None:
    """A second holder's seal, of the other generation, leaves the first whole; ofdrw accepts both."""
    document = seal_document(
        licences["real-estate-title"], nation.seal("market", generation=Generation.V5), at=nation.now
    )
    assert ofdrw.verify(document).accepted == ("Seal", "Seal")


def test_riding_edge_seal_is_accepted(nation: OfdNation, ofdrw: Ofdrw) -> None:
    """One seal with a slice on each of five pages is accepted."""
    document = _sealed_pages(nation, 5)
    assert entries_of(document)[SIGNATURE_XML].count(b"<ofd:StampAnnot ") == 5
    assert ofdrw.verify(document).accepted == ("Seal",)


def test_closed_document_is_accepted_and_takes_no_more(nation: OfdNation, ofdrw: Ofdrw) -> None:
    """A document closed to later signatures is accepted, and neither ofdrw nor we add a signature to it."""
    document = _sealed_pages(nation, 2, closes=True)
    assert ofdrw.verify(document).accepted == ("Seal",)
    with pytest.raises(OfdrwError, match="SignatureTerminateException"):
        ofdrw.seal(document, "seal")
    with pytest.raises(SigningRefusedError, match="protects"):
        prepare_signature(entries_of(document), kind=SignatureType.SIGN, provider=PROVIDER, at=nation.now)


@pytest.mark.parametrize("shape", SHAPES)
def test_signed_data_is_accepted(shape: Shape, nation: OfdNation, ofdrw: Ofdrw) -> None:
    """A digital signature (Type=Sign) of GB/T 35275 is accepted in shape A and in shape B."""
    document = signed(nation, pages(1)[0], nation.seal("land"), shape)
    assert read_signed_data(entries_of(document)[SIGNED_VALUE]).shape is shape
    assert ofdrw.verify(document).accepted == ("Sign",)


@pytest.mark.parametrize("shape", SHAPES)
def test_signature_beside_a_seal_is_accepted(shape: Shape, nation: OfdNation, ofdrw: Ofdrw) -> None:
    """A sealed document that is signed afterwards is accepted with both."""
    document = signed(nation, entries_of(_sealed_pages(nation, 1)), nation.seal("land"), shape)
    assert ofdrw.verify(document).accepted == ("Seal", "Sign")


# ---------------------------------------------------------------- refused


def _swap_octet(data: bytes) -> bytes:
    """One octet of text changed, so that it stays well-formed XML."""
    place = data.index(b"</ofd:TextCode>") - 1
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def _drop_reference(data: bytes) -> bytes:
    return re.sub(rb'<ofd:Reference FileRef="/' + PAGE.encode() + rb'">.*?</ofd:Reference>', b"", data)


def _flip_last(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


SPOILED = {
    "page": (PAGE, _swap_octet, "FileIntegrityException"),
    "reference": (SIGNATURE_XML, _drop_reference, "InvalidSignedValueException"),
    "signature": (SIGNED_VALUE, _flip_last, "InvalidSignedValueException"),
}


def _documents(nation: OfdNation) -> dict[str, bytes]:
    return {
        "v4": _sealed_pages(nation, 1),
        "riding": _sealed_pages(nation, 5),
        "closed": _sealed_pages(nation, 1, closes=True),
        "v5": seal_documents(
            [SealingRequest("v5", pages(1)[0], (), "test")],
            nation.seal("market", generation=Generation.V5),
            at=nation.now,
        )[0],
        "A": signed(nation, pages(1)[0], nation.seal("land"), Shape.DIGEST),
    }


@pytest.mark.parametrize("kind", ["v4", "riding", "closed", "v5", "A"])
@pytest.mark.parametrize("spoiled", SPOILED)
def test_spoiled_twin_is_refused(kind: str, spoiled: str, nation: OfdNation, ofdrw: Ofdrw) -> None:
    """One octet of a page, a removed reference, one bit of the signature: ofdrw refuses each, for that reason."""
    document = _documents(nation)[kind]
    part, change, reason = SPOILED[spoiled]
    judgement = ofdrw.verify(altered(document, part, change))
    assert not judgement.accepted
    assert reason in judgement.reason


@pytest.mark.parametrize("spoiled", ["page", "reference"])
def test_spoiled_signed_attributes_are_refused(spoiled: str, nation: OfdNation, ofdrw: Ofdrw) -> None:
    """The same for shape B, whose value does not end in the signature's last octet alone."""
    part, change, _ = SPOILED[spoiled]
    document = signed(nation, pages(1)[0], nation.seal("land"), Shape.ATTRIBUTES)
    assert ofdrw.verify(altered(document, part, change)).reason


def test_exchanged_seal_is_refused(nation: OfdNation, ofdrw: Ofdrw) -> None:
    """Another seal's file in the place of Seal.esl is refused."""
    other = nation.seal("land").seal
    document = altered(_sealed_pages(nation, 1), "Doc_0/Signs/Sign_0/Seal.esl", lambda _: other)
    assert "FileIntegrityException" in ofdrw.verify(document).reason


# ---------------------------------------------------------------- the other way round


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("seal", {"SIGNER_IN_SEAL", "SEAL_SIGNATURE_VALID", "SEAL_MATCHES", "PROPERTY_INFO_MATCHES"}),
        ("sign-a", set()),
        ("sign-b", set()),
    ],
)
def test_what_ofdrw_adds_is_sound_to_us(
    kind: str, codes: set[str], nation: OfdNation, licences: dict[str, bytes], ofdrw: Ofdrw
) -> None:
    """ofdrw seals and signs a licence of ours: its signature and our earlier one both verify with us."""
    document = ofdrw.seal(licences["business-licence"], kind)
    report = verify_document(document, trust=None, at=nation.now)
    first, second = report.signatures
    assert {"SIGNATURE_VALID", "SEAL_SIGNATURE_VALID", "DATA_HASH_MATCHES", "REFERENCES_MATCH"} <= _codes(first)
    assert codes | {"SIGNATURE_VALID", "DATA_HASH_MATCHES", "REFERENCES_MATCH"} <= _codes(second)


def test_what_ofdrw_adds_does_not_outlive_a_change(
    licences: dict[str, bytes], ofdrw: Ofdrw, nation: OfdNation
) -> None:
    """After a change of the page neither of the two seals' references match any more, ours nor ofdrw's."""
    spoiled = altered(ofdrw.seal(licences["business-licence"], "seal"), PAGE, _swap_octet)
    report = verify_document(spoiled, trust=None, at=nation.now)
    assert len(report.signatures) == 2
    assert not any("REFERENCES_MATCH" in _codes(each) for each in report.signatures)


def _codes(signature: SignatureReport) -> set[str]:
    return {finding.code.value for finding in signature.findings}


# ---------------------------------------------------------------- read and drawn


@pytest.mark.parametrize("licence_type", TYPES)
def test_text_of_the_pages_is_the_metadata(licence_type: str, nation: OfdNation, ofdrw: Ofdrw) -> None:
    """Every value the face shows is found, whole and in order, in the text that ofdrw extracts."""
    face = face_of(nation, licence_type)
    document = face.sealed(nation, nation.seal(face.department))
    count = ofdrw.page_count(document)
    text = "".join(line for page in range(1, count + 1) for line in ofdrw.text(document, page))
    shown = [shown_text(place, face.metadata) for page in face.licence_type.face.pages for place in page.values]
    wanted = [_dense(each) for each in shown if each]
    assert len(wanted) > 5
    assert [each for each in wanted if each not in _dense(text)] == []


def _dense(text: str) -> str:
    return re.sub(r"\s", "", text)


PIXELS_PER_MM = 4
CELL_MM = 2


@pytest.mark.parametrize("licence_type", TYPES)
def test_page_looks_the_same(licence_type: str, licences: dict[str, bytes], ofdrw: Ofdrw) -> None:
    """ofdrw draws the first page, seal included, as we do: equal ink in cells of 2 mm, and red in the same ones."""
    theirs, ours = _both(licences[licence_type], ofdrw)
    assert _correlation(theirs.ink, ours.ink) > 0.95
    assert _correlation(theirs.red, ours.red) > 0.9
    assert sum(abs(a - b) for a, b in zip(theirs.ink, ours.ink, strict=True)) / len(ours.ink) < 8


def test_page_without_its_seal_looks_different(licences: dict[str, bytes], ofdrw: Ofdrw) -> None:
    """The comparison sees a missing imprint and a foreign page."""
    document = licences["business-licence"]
    theirs = _both(document, ofdrw)[0]
    bare = _cells(render_png(OfdPackage.open(document), 1, PIXELS_PER_MM * 25.4, stamps=())[0])
    other = _cells(render_png(OfdPackage.open(licences["food-business-permit"]), 1, PIXELS_PER_MM * 25.4)[0])
    assert _correlation(theirs.red, bare.red) < 0.5
    assert _correlation(theirs.ink, other.ink) < 0.9


def test_slices_of_a_riding_edge_seal_look_the_same(nation: OfdNation, ofdrw: Ofdrw) -> None:
    """Every page shows the same slice of the imprint with both."""
    document = _sealed_pages(nation, 3)
    for page in (1, 2, 3):
        theirs, ours = _both(document, ofdrw, page)
        assert _correlation(theirs.red, ours.red) > 0.9


class _Cells:
    """Mean ink and mean redness of a page's cells, 0 to 255."""

    def __init__(self, image: Image.Image) -> None:
        cell = PIXELS_PER_MM * CELL_MM
        size = (image.width // cell, image.height // cell)
        octets = image.resize(size, Image.Resampling.BOX).tobytes()
        pixels = list(zip(octets[0::3], octets[1::3], octets[2::3], strict=True))
        self.ink = [255 - min(pixel) for pixel in pixels]
        self.red = [max(0, red - max(green, blue)) for red, green, blue in pixels]


def _cells(png: bytes) -> _Cells:
    return _Cells(Image.open(io.BytesIO(png)).convert("RGB"))


def _both(document: bytes, ofdrw: Ofdrw, page: int = 1) -> tuple[_Cells, _Cells]:
    ours, omissions = render_png(OfdPackage.open(document), page, PIXELS_PER_MM * 25.4)
    assert omissions == ()
    return _cells(ofdrw.render(document, page, PIXELS_PER_MM)), _cells(ours)


def _correlation(first: list[int], second: list[int]) -> float:
    assert len(first) == len(second)
    means = sum(first) / len(first), sum(second) / len(second)
    a, b = [value - means[0] for value in first], [value - means[1] for value in second]
    product = sum(x * y for x, y in zip(a, b, strict=True))
    spread = (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5
    return product / spread if spread else 0.0


def test_imprint_as_nested_page_looks_the_same(nation: OfdNation, ofdrw: Ofdrw) -> None:
    """A seal whose picture is an OFD page is accepted, and ofdrw draws its imprint as we do."""
    department = nation.seals["hospital"].department
    design = SealDesign(
        department.seal_kind,
        department.name,
        department.lower_text,
        department.width_mm,
        department.height_mm,
    )
    drawing = draw_seal(design, installed_fonts().face(Typeface.SERIF_BOLD))
    page = ofd_package(drawing, document_id="0" * 31 + "2")
    holder = nation.seal("hospital", picture=SealPicture("ofd", page, department.width_mm, department.height_mm))
    face = face_of(nation, "birth-certificate")
    document = face.sealed(nation, holder)
    assert ofdrw.verify(document).accepted == ("Seal",)
    theirs, ours = _both(document, ofdrw)
    assert _correlation(theirs.red, ours.red) > 0.9


def test_the_peer_names_no_host() -> None:
    """The peer's build file holds no address: neither namespace nor repository."""
    assert "://" not in (Path(__file__).parent / "java" / "pom.xml").read_text("utf-8")
