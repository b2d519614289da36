"""Documents to be sealed and ways to seal, sign and spoil them; judged by the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crypto import DEFAULT_USER_ID, sign_message
from formats.fonts import Typeface, installed_fonts
from formats.gbt33190.drawing import DocInfo, DrawnDocument, DrawnLayer, DrawnPage, write_document
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import Part, plain_bytes, write_package
from formats.gbt33190.page_objects import LayerType
from formats.gbt33190.signature_model import Provider, SignatureType
from formats.gbt33190.signing import complete, prepare_signature
from formats.gbt33190.stamps import Edge, PageSize, riding_stamps
from formats.gbt33190.values import Box
from formats.gbt35275 import Shape, assemble_signed_data, signed_attributes
from formats.gbt36903 import Metadata
from formats.gbt36904 import LicenceId
from formats.layout import TextStyle, lay_text
from licence_service import LicenceType, built_in_types
from licence_service.metadata_of import licence_metadata
from licence_service.painting import PaintedFace
from licence_service.rules import last_day
from seal_service.sealing import SealHolder, SealingRequest, StampPlacement, seal_documents
from tests.peers.ofd_nation import OfdNation

PROVIDER = Provider(name="Xinyin", version="1", company="Xinyin")
A4 = Box(0, 0, 210, 297)


@dataclass(frozen=True)
class Face:
    """A licence's face before it is sealed, and what it was drawn from."""

    licence_type: LicenceType
    metadata: Metadata
    painted: PaintedFace
    department: str

    def sealing(self, nation: OfdNation, *, request_id: str, closes: bool = False) -> SealingRequest:
        """The request to seal it where its face has the place for the seal."""
        seal = nation.seals[self.department].department
        x, y = self.painted.seal_centre
        stamp = StampPlacement(
            page_id=self.painted.seal_page_id,
            x_mm=x - seal.width_mm / 2,
            y_mm=y - seal.height_mm / 2,
            width_mm=seal.width_mm,
            height_mm=seal.height_mm,
        )
        return SealingRequest(
            request_id, self.painted.entries, (stamp,), "test", digests=self.painted.digests, closes=closes
        )

    def sealed(self, nation: OfdNation, holder: SealHolder, *, closes: bool = False) -> bytes:
        """The sealed licence."""
        request = self.sealing(nation, request_id="one", closes=closes)
        return seal_documents([request], holder, at=nation.now)[0]


def face_of(nation: OfdNation, licence_type: str, *, number: int = 1) -> Face:
    """Draw the sample licence of a type."""
    chosen = built_in_types()[licence_type]
    request = nation.request(licence_type, request_id="face")
    metadata = licence_metadata(
        request,
        chosen,
        licence_id=LicenceId.build(chosen.type_code, request.issuer.code, f"X{number:07d}"),
        valid_until=last_day(request, chosen),
        seal_name=nation.sealer.seal_name(str(request.issuer.code)),
        sealed_at=nation.now,
    )
    painted = nation.painter.paint(chosen, metadata, document_id=f"{number:032x}")
    return Face(chosen, metadata, painted, nation.sample(licence_type).department)


def pages(count: int) -> tuple[dict[str, Part], tuple[int, ...]]:
    """Entries of a plain document of A4 pages with a line of text each, and the ids of its pages."""
    style = TextStyle(fonts=installed_fonts().chain(Typeface.SERIF), size=6)
    drawn = []
    for number in range(1, count + 1):
        laid = lay_text(Box(30, 40, 150, 12), f"第 {number} 页，共 {count} 页：骑缝章测试", style)
        drawn.append(DrawnPage(A4, (DrawnLayer(tuple(laid.objects), LayerType.BODY),)))
    written = write_document(DrawnDocument(DocInfo("0" * 31 + "1", title="多页文件"), tuple(drawn)))
    return dict(written.entries), written.page_ids


def riding(page_ids: tuple[int, ...]) -> tuple[StampPlacement, ...]:
    """A riding-edge seal at the right edge of these A4 pages."""
    sizes = [PageSize(page_id, A4.width, A4.height) for page_id in page_ids]
    stamps = []
    for stamp in riding_stamps(sizes, Edge.RIGHT, width=42, height=42, offset=120):
        box, clip = stamp.boundary, stamp.clip
        assert clip is not None
        stamps.append(
            StampPlacement(
                stamp.page_ref,
                box.x,
                box.y,
                box.width,
                box.height,
                (clip.x, clip.y, clip.width, clip.height),
            )
        )
    return tuple(stamps)


def signed_value(nation: OfdNation, holder: SealHolder, digest: bytes, shape: Shape) -> bytes:
    """A GB/T 35275 value over a digest, in shape A or B."""
    if shape is Shape.DIGEST:
        signature = sign_message(holder.signer, digest, user_id=DEFAULT_USER_ID)
        return assemble_signed_data(signature=signature, signer_certificate=holder.certificate, content=digest)
    attributes = signed_attributes(digest, nation.now)
    signature = sign_message(holder.signer, attributes, user_id=DEFAULT_USER_ID)
    return assemble_signed_data(signature=signature, signer_certificate=holder.certificate, attributes=attributes)


def signed(nation: OfdNation, entries: Mapping[str, Part], holder: SealHolder, shape: Shape) -> bytes:
    """A package with a digital signature (Type=Sign)."""
    prepared = prepare_signature(entries, kind=SignatureType.SIGN, provider=PROVIDER, at=nation.now)
    value = signed_value(nation, holder, prepared.data_hash, shape)
    return write_package(complete(prepared, value))


def entries_of(document: bytes) -> dict[str, bytes]:
    """All parts of a package."""
    package = OfdPackage.open(document)
    return {name: package.read(name) for name in package.names}


def altered(document: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The package with one part changed."""
    entries = entries_of(document)
    changed = change(plain_bytes(entries[name]))
    if changed == entries[name]:
        raise ValueError(f"{name} is as it was")
    return write_package({**entries, name: changed})
