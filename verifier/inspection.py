"""What the signatures of a document are, recomputed from its bytes and judged against nobody's trust.

Answers "what is this, and do its sums add up": generation, whether each signature value, seal and digest is right,
how many protected files still match. Whether to believe any of it is the business of ``verifier.verification``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from formats.errors import MalformedDataError
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.parts import MAIN_PART, Parts
from formats.gbt33190.signature_model import SignatureFile
from formats.gbt33190.signatures import read_signatures
from formats.gbt33190.values import Box
from formats.gbt35275 import SignedData
from formats.gbt38540 import SealSignature, SignedValueKind, read_seal, read_seal_signature, signed_value_kind
from verifier.examination import Examined, examine_package, examine_seal, examine_seal_signature
from verifier.facts import PartyFacts, SealFacts, moment_text
from verifier.memory import Memory
from verifier.package_files import PackageFiles
from verifier.party import party_facts, seal_facts
from verifier.report import SignatureKind


@dataclass(frozen=True, slots=True)
class Position:
    """Where an imprint is drawn; boxes are x, y, width, height in millimetres.

    Attributes:
        page: Object id of the page.
        boundary: On the page, origin top left.
        clip: Visible part, from the boundary's top left corner; None for all of it.
    """

    page: int
    boundary: tuple[float, float, float, float]
    clip: tuple[float, float, float, float] | None

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "page": self.page,
            "boundary": list(self.boundary),
            "clip": None if self.clip is None else list(self.clip),
        }


@dataclass(frozen=True, slots=True)
class SignatureInspection:
    """Facts of one signature; ``None`` where a question does not arise or cannot be put.

    Attributes:
        generation: ``v1``, ``v4``, ``v5``, ``gbt35275``, ``bare``; None if it cannot be read.
        signature: The outer SM2 signature is right over its bytes.
        seal: The maker's signature on the seal is right.
        data_hash: The signed digest is that of Signature.xml (of OFDEntries.xml).
        references: Protected files whose digest matches, and how many there are.
        id: Id in Signatures.xml.
        type: ``Seal`` or ``Sign`` as listed; empty for an integrity signature.
        path: Path of Signature.xml (of OFDEntries.xml).
        signer: Who signed, as the certificate says.
        seal_used: The seal, as it says itself.
        seal_file: The Seal.esl beside it equals the seal inside; None if there is none.
        signed_at: The signer's stated time, UTC; None if there is none or it names no zone.
        signed_at_text: The same as written.
        time_stamp: A time-stamp token is present.
        signature_algorithm: Object identifier as written.
        digest_method: CheckMethod of the references, as written.
        changed: Protected files that do not match or are missing.
        positions: Where imprints are drawn.
        tolerances: Departures from the standards that were let pass, sorted.
        note: What could not be read, or is worth knowing.
    """

    generation: str | None
    signature: bool | None
    seal: bool | None
    data_hash: bool | None
    references: tuple[int, int] | None
    id: str = ""
    type: str = ""
    path: str = ""
    signer: PartyFacts | None = None
    seal_used: SealFacts | None = None
    seal_file: bool | None = None
    signed_at: datetime | None = None
    signed_at_text: str = ""
    time_stamp: bool = False
    signature_algorithm: str = ""
    digest_method: str = ""
    changed: tuple[str, ...] = ()
    positions: tuple[Position, ...] = ()
    tolerances: tuple[str, ...] = ()
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "generation": self.generation,
            "signature": self.signature,
            "seal": self.seal,
            "data_hash": self.data_hash,
            "references": None if self.references is None else list(self.references),
            "id": self.id,
            "type": self.type,
            "path": self.path,
            "signer": self.signer.to_dict() if self.signer else None,
            "seal_used": self.seal_used.to_dict() if self.seal_used else None,
            "seal_name": self.seal_used.name if self.seal_used else None,
            "seal_file": self.seal_file,
            "signed_at": moment_text(self.signed_at),
            "signed_at_text": self.signed_at_text,
            "time_stamp": self.time_stamp,
            "signature_algorithm": self.signature_algorithm,
            "digest_method": self.digest_method,
            "changed": list(self.changed),
            "positions": [each.to_dict() for each in self.positions],
            "tolerances": list(self.tolerances),
            "note": self.note,
        }


def inspect_document(data: bytes) -> list[SignatureInspection]:
    """Facts of every signature of an OFD document, in the order of its lists.

    Args:
        data: The file.

    Returns:
        One entry for each signature, none for an unsigned document; an integrity signature of GM/T 0099 last.

    Raises:
        MalformedDataError: Not an OFD document, or its list of signatures cannot be read.
    """
    package = OfdPackage.open(data)
    parts = Parts(package)
    if MAIN_PART not in package:
        raise MalformedDataError("OFD.xml is missing", what="document")
    entries = read_signatures(parts)
    memory = Memory(certificates=256, seals=64, files=1)
    files = PackageFiles(package, data, memory.files)
    return [_inspection(each) for each in examine_package(files, parts, entries, memory)]


def inspect_seal(data: bytes) -> SignatureInspection:
    """Facts of a seal by itself (Seal.esl).

    Raises:
        MalformedDataError: Not a seal.
    """
    seal = read_seal(data)
    maker, fault, seal_holds = examine_seal(seal, Memory(certificates=1, seals=1))
    return SignatureInspection(
        generation=seal.generation.value,
        signature=None,
        seal=seal_holds,
        data_hash=None,
        references=None,
        seal_used=seal_facts(seal, party_facts(maker) if maker else None),
        time_stamp=seal.time_stamp is not None,
        signature_algorithm=seal.signature_algorithm,
        tolerances=tuple(seal.tolerances),
        note=fault,
    )


def inspect_signed_value(data: bytes) -> SignatureInspection:
    """Facts of a seal signature by itself (SignedValue.dat), without the document it is over.

    Raises:
        MalformedDataError: Not a seal signature.
    """
    if signed_value_kind(data) is not SignedValueKind.SEAL_SIGNATURE:
        raise MalformedDataError("not a seal signature", what="signature value")
    return _inspection(examine_seal_signature(read_seal_signature(data), Memory(certificates=4, seals=1)))


def _inspection(examined: Examined) -> SignatureInspection:
    value, entry, references = examined.value, examined.entry, examined.references
    file = entry.file if entry else None
    counts = None if references is None else (sum(each.matches is True for each in references), len(references))
    return SignatureInspection(
        generation=examined.generation or None,
        signature=examined.signature,
        seal=examined.seal_holds,
        data_hash=examined.data_hash,
        references=counts,
        id=entry.id if entry else "",
        type=entry.type.value if entry else "",
        path=examined.subject,
        signer=party_facts(examined.signer) if examined.signer else None,
        seal_used=_seal_used(examined),
        seal_file=examined.seal_file_matches,
        signed_at=examined.stated_time,
        signed_at_text=_time_text(examined),
        time_stamp=examined.time_stamp is not None,
        signature_algorithm=_algorithm(value),
        digest_method=(file.check_method.written or "") if file else "",
        changed=tuple(each.path for each in references or () if each.matches is not True),
        positions=_positions(file),
        tolerances=tuple(value.tolerances) if value is not None else (),
        note=_note(examined),
    )


def _seal_used(examined: Examined) -> SealFacts | None:
    if not isinstance(examined.value, SealSignature):
        return None
    return seal_facts(examined.value.seal, party_facts(examined.maker) if examined.maker else None)


def _time_text(examined: Examined) -> str:
    """The stated time as written: the signed one, else what the software wrote into Signature.xml."""
    if isinstance(examined.value, SealSignature):
        return examined.value.time_text
    file = examined.entry.file if examined.entry else None
    return (file.date_time or "") if file else ""


def _algorithm(value: SealSignature | SignedData | None) -> str:
    if value is None:
        return ""
    return value.signer.signature_algorithm if isinstance(value, SignedData) else value.signature_algorithm


def _positions(file: SignatureFile | None) -> tuple[Position, ...]:
    return tuple(
        Position(stamp.page_ref, _box(stamp.boundary), None if stamp.clip is None else _box(stamp.clip))
        for stamp in (file.stamps if file else ())
    )


def _box(box: Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.width, box.height


def _note(examined: Examined) -> str:
    notes = [examined.fault or "", examined.signer_fault]
    if isinstance(examined.value, SealSignature):
        notes.append(examined.maker_fault and f"seal maker: {examined.maker_fault}")
    if isinstance(examined.value, SignedData):
        notes.append(f"shape {examined.value.shape.value}")
    if examined.kind is SignatureKind.INTEGRITY:
        notes.append("integrity protection of GM/T 0099 over OFDEntries.xml")
    return "; ".join(note for note in notes if note)
