"""Cryptographic facts of each signature in a package, without any question of trust.

What is computed here is true or false for the bytes alone: inspection reports it as it stands, judgement turns it
into findings. Nothing raises for a bad signature: what cannot be read is told as a fault.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from crypto import sm3
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt20518 import Certificate
from formats.gbt33190.digests import DigestAlgorithm
from formats.gbt33190.integrity import INTEGRITY_PART, IntegrityList, read_integrity_list
from formats.gbt33190.parts import Parts
from formats.gbt33190.references import ReferenceResult
from formats.gbt33190.signature_model import SignatureEntry, SignatureFile
from formats.gbt35275 import Shape, SignedData, read_signed_data, signer_certificate
from formats.gbt38540 import (
    Seal,
    SealSignature,
    SignedValueKind,
    signed_value_kind,
)
from formats.oids import SM3, SM3_PLAIN
from verifier.findings import shown
from verifier.memory import SM2_ALGORITHMS, Memory, holds
from verifier.package_files import PackageFiles
from verifier.report import SignatureKind
from verifier.seal_files import seal_file_matches, seal_image_matches

_SM3 = frozenset({SM3, SM3_PLAIN})
SM3_DIGEST = DigestAlgorithm.SM3


@dataclass(frozen=True, slots=True)
class Examined:
    """Facts of one signature; ``None`` where a question does not arise or cannot be put.

    Attributes:
        subject: Path of its Signature.xml, or of OFDEntries.xml; the location as written if there is no such file.
        kind: What its value is.
        entry: Its entry in Signatures.xml; None for an integrity signature.
        value_path: Entry of the signature value.
        fault: Why it could not be read.
        value: The decoded value.
        signer: The signer's certificate.
        signer_fault: Why there is none.
        signature: The signature value is right.
        data_hash: The signed digest is that of the signature file.
        references: What each protected file turned out to be.
        matching: Entries whose digest matches under SM3, the only algorithm that protects anything.
        seal_holds: The seal carries a right signature of its maker.
        maker: The maker's certificate.
        maker_fault: Why there is none.
        seal_file_matches: The Seal.esl beside it equals the seal inside; None if none is named. Never true for a
            digital signature, which has no seal inside.
        seal_image_matches: The image beside it (GM/T 0099 ImageLoc) is the seal's picture; None if none is named.
        integrity: The list, for an integrity signature.
    """

    subject: str
    kind: SignatureKind
    entry: SignatureEntry | None = None
    value_path: str | None = None
    fault: str | None = None
    value: SealSignature | SignedData | None = field(default=None, repr=False)
    signer: Certificate | None = None
    signer_fault: str = ""
    signature: bool | None = None
    data_hash: bool | None = None
    references: tuple[ReferenceResult, ...] | None = None
    matching: frozenset[str] = frozenset()
    seal_holds: bool | None = None
    maker: Certificate | None = None
    maker_fault: str = ""
    seal_file_matches: bool | None = None
    seal_image_matches: bool | None = None
    integrity: IntegrityList | None = None

    @property
    def generation(self) -> str:
        """``v1``, ``v4``, ``v5``, ``gbt35275``, ``bare``, or empty if the value could not be read."""
        if isinstance(self.value, SealSignature):
            return self.value.generation.value
        if isinstance(self.value, SignedData):
            return "gbt35275"
        return "bare" if self.kind is SignatureKind.BARE else ""

    @property
    def stated_time(self) -> datetime | None:
        """When the signer says it was made, UTC; None if not stated, unreadable or without a zone."""
        if isinstance(self.value, SealSignature):
            return self.value.time_info
        return self.value.signer.signing_time if self.value is not None else None

    @property
    def time_stamp(self) -> bytes | None:
        """The time-stamp token of the signature, DER; None without one."""
        if isinstance(self.value, SealSignature):
            return self.value.time_stamp
        return self.value.signer.time_stamp if self.value is not None else None

    @property
    def sound(self) -> bool:
        """The signature is right and over the signature file as it stands: its matching references count."""
        return self.signature is True and self.data_hash is True

    @property
    def unjudged(self) -> bool:
        """No fault was found, yet without the signer's key the signature cannot be judged."""
        keyless = self.kind in {SignatureKind.BARE, SignatureKind.SIGNED_DATA} and self.signer is None
        return keyless and self.signature is None and self.data_hash is not False


def examine_package(
    files: PackageFiles, parts: Parts, entries: tuple[SignatureEntry, ...], memory: Memory
) -> Iterator[Examined]:
    """Facts of every listed signature, then of the integrity signature of GM/T 0099 if there is one.

    A signature value is examined once, however often the list leads to it.

    Raises:
        LimitExceededError: Reading costs more than allowed.
    """
    seen: dict[bytes, Examined] = {}
    for entry in entries:
        value = entry.file.signed_value if entry.file and len(entries) > 1 else None
        digest = None if value is None else files.digest(value)
        first = None if digest is None else seen.get(digest)
        examined = examine_entry(files, entry, memory) if first is None else _repeated(first, entry)
        if first is None and digest is not None:
            seen[digest] = examined
        yield examined
    if INTEGRITY_PART in files.package:
        yield _examine_integrity(parts, memory)


def _repeated(first: Examined, entry: SignatureEntry) -> Examined:
    """Facts of a signature whose value was met before: those of the same file, else that it is somebody else's."""
    path = entry.path or shown(entry.base_location)
    if path == first.subject:
        return replace(first, entry=entry)
    value = entry.file.signed_value if entry.file else None
    fault = f"its value is that of {shown(first.subject)}"
    return Examined(path, SignatureKind.UNREADABLE, entry, value_path=value, fault=fault)


def examine_entry(files: PackageFiles, entry: SignatureEntry, memory: Memory) -> Examined:
    """Facts of one listed signature.

    Raises:
        LimitExceededError: Reading costs more than allowed.
    """
    file = entry.file
    if file is None:
        return Examined(
            entry.path or shown(entry.base_location), SignatureKind.UNREADABLE, entry, fault=entry.fault
        )
    references = files.check_references(file)
    start = Examined(
        file.path,
        SignatureKind.UNREADABLE,
        entry,
        value_path=file.signed_value,
        references=references,
        matching=frozenset([each.path for each in references if each.matches and each.algorithm is SM3_DIGEST]),
    )
    if file.signed_value is None:
        return replace(start, fault="the signature value is missing")
    try:
        data = files.package.read(file.signed_value)
        kind = signed_value_kind(data)
        if kind is SignedValueKind.BARE_SIGNATURE:
            return replace(start, kind=SignatureKind.BARE, signer_fault="the signature carries no certificate")
        if kind is SignedValueKind.SIGNED_DATA:
            start = replace(start, kind=SignatureKind.SIGNED_DATA)
            examined = _examine_signed_data(start, data, file.encoded, memory)
        else:
            return _examine_seal_signature(start, memory.seal_signature(data), files, file, memory)
    except LimitExceededError:
        raise
    except MalformedDataError as exc:
        return replace(start, kind=SignatureKind.UNREADABLE, fault=str(exc))
    return replace(
        examined,
        seal_file_matches=seal_file_matches(files.package, file, examined.value),
        seal_image_matches=seal_image_matches(files.package, file, examined.value),
    )


def _examine_seal_signature(
    start: Examined, value: SealSignature, files: PackageFiles, file: SignatureFile, memory: Memory
) -> Examined:
    facts = examine_seal_signature(value, memory)
    return replace(
        facts,
        subject=start.subject,
        entry=start.entry,
        value_path=start.value_path,
        references=start.references,
        matching=start.matching,
        data_hash=sm3(file.encoded) == value.data_hash,
        seal_file_matches=seal_file_matches(files.package, file, value),
        seal_image_matches=seal_image_matches(files.package, file, value),
    )


def examine_seal_signature(value: SealSignature, memory: Memory) -> Examined:
    """Facts of a seal signature alone: its own signature and that of the seal inside."""
    signer, signer_fault = _certificate(value.signer_certificate, memory)
    signature = None
    if signer is not None and signer.public_key is not None and value.signature_algorithm in SM2_ALGORITHMS:
        signature = memory.seal_signature_value_holds(value, signer.public_key)
    maker, maker_fault, seal_holds = examine_seal(value.seal, memory)
    return Examined(
        "",
        SignatureKind.SEAL,
        value=value,
        signer=signer,
        signer_fault=signer_fault,
        signature=signature,
        seal_holds=seal_holds,
        maker=maker,
        maker_fault=maker_fault,
    )


def examine_seal(seal: Seal, memory: Memory) -> tuple[Certificate | None, str, bool | None]:
    """A seal's maker certificate, why there is none, and whether the maker's signature is right."""
    maker, fault = _certificate(seal.maker_certificate, memory)
    if maker is None or maker.public_key is None or seal.signature_algorithm not in SM2_ALGORITHMS:
        return maker, fault, None
    return maker, fault, memory.seal_signature_holds(seal, maker.public_key)


def _examine_signed_data(start: Examined, data: bytes, document: bytes, memory: Memory) -> Examined:
    value = read_signed_data(data)
    attached = signer_certificate(value)
    if attached is None:
        return replace(
            start,
            value=value,
            signer_fault="the signer's certificate is not attached",
            data_hash=_states_digest_of(value, document),
        )
    signer, fault = _certificate(attached, memory)
    signature = None
    info = value.signer
    if (
        signer is not None
        and signer.public_key is not None
        and info.signature_algorithm in SM2_ALGORITHMS
        and info.digest_algorithm in _SM3
    ):
        key = signer.public_key
        signature = any(holds(key, each, info.signature_der) for each in value.signed_bytes())
    return replace(
        start,
        value=value,
        signer=signer,
        signer_fault=fault,
        signature=signature,
        data_hash=_states_digest_of(value, document),
    )


def _states_digest_of(value: SignedData, document: bytes) -> bool:
    """Whether what is signed leads to ``document``, by the shape the data has."""
    digest = sm3(document)
    if value.shape is Shape.DIGEST:
        return value.content == digest
    if value.shape is Shape.ATTRIBUTES:
        return value.signer.message_digest == digest
    content = value.content
    if content is None:
        return False
    if value.signer.signed_attributes is not None and value.signer.message_digest != sm3(content):
        return False
    return content in (digest, document) or _decoded(content) == digest


def _decoded(content: bytes) -> bytes | None:
    """Octets of a Base64 digest (shape C); None if it is none."""
    if len(content) > 64:
        return None
    try:
        return base64.b64decode(content.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None


def _examine_integrity(parts: Parts, memory: Memory) -> Examined:
    start = Examined(INTEGRITY_PART, SignatureKind.INTEGRITY)
    try:
        listed = read_integrity_list(parts)
        if listed is None:
            return replace(start, fault="the list is missing")
        start = replace(start, integrity=listed, value_path=listed.signed_value)
        if listed.signed_value is None:
            return replace(start, fault="the signature value is missing")
        return _examine_signed_data(start, parts.package.read(listed.signed_value), listed.encoded, memory)
    except LimitExceededError:
        raise
    except MalformedDataError as exc:
        return replace(start, fault=str(exc))


def _certificate(data: bytes, memory: Memory) -> tuple[Certificate | None, str]:
    try:
        certificate = memory.certificate(data)
    except MalformedDataError as exc:
        return None, str(exc)
    return certificate, "" if certificate.public_key is not None else "the key is no SM2 key"
