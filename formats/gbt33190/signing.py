"""Putting a signature onto a package: everything but the signature value (GB/T 33190-2016 clause 18).

The order is forced by what covers what. Signatures.xml must list the new signature and OFD.xml must point to
Signatures.xml before anything is digested; then every file is digested into Signature.xml; then Signature.xml
itself is what gets signed:

1. ``prepare_signature`` does all of that and hands out Signature.xml;
2. the caller has its SM3 sealed (GB/T 38540) or signed (GB/T 35275);
3. ``complete`` adds the value. After that no protected file may change, while the container may be written anew.

A signature protects every file it can: all but its own Signature.xml and value and, unless it is to be the last
one, the lists of signatures, which a later one changes. What an earlier signature protects is left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from functools import cached_property, lru_cache

from lxml import etree

from crypto import sm3
from formats.gbt33190.document import Document, OfdDocument
from formats.gbt33190.entry_map import EntryMap
from formats.gbt33190.integrity import INTEGRITY_PART
from formats.gbt33190.package_writer import Part, plain_bytes
from formats.gbt33190.parts import MAIN_PART, Parts
from formats.gbt33190.signature_model import Provider, SignatureList, SignatureType, StampAnnot
from formats.gbt33190.signature_writer import (
    ListedSignature,
    SignatureDraft,
    write_signature_file,
    write_signature_list,
)
from formats.gbt33190.signatures import read_signature_lists
from formats.gbt33190.signing_names import SignatureNames, allocate
from formats.gbt33190.stamps import StampPlacement


class SigningRefusedError(ValueError):
    """The package may not be signed as asked: doing so would break what protects it already."""


class Protection(Enum):
    """Whether signatures may follow."""

    CONTINUE = auto()
    """Later signatures may be added: the lists of signatures stay uncovered."""
    WHOLE = auto()
    """This is the last signature: the lists are covered, and any addition breaks it."""


@dataclass(frozen=True)
class PreparedSignature:
    """A package that lacks nothing but the signature value. Paths are entry names."""

    id: str
    type: SignatureType
    signature_path: str
    signature_xml: bytes = field(repr=False)
    signed_value_path: str
    entries: Mapping[str, Part] = field(repr=False)

    @cached_property
    def data_hash(self) -> bytes:
        """SM3 of Signature.xml, 32 octets: dataHash of a seal signature, content of a GB/T 35275 signature."""
        return sm3(self.signature_xml)

    @property
    def property_info(self) -> str:
        """The absolute path of Signature.xml, which a seal signature states as propertyInfo."""
        return f"/{self.signature_path}"


def prepare_signature(
    entries: Mapping[str, Part],
    *,
    kind: SignatureType,
    provider: Provider,
    at: datetime,
    seal: bytes | None = None,
    stamps: Sequence[StampPlacement] = (),
    protection: Protection = Protection.CONTINUE,
    body_index: int = 0,
    relative: str | None = None,
    digests: Mapping[str, bytes] | None = None,
) -> PreparedSignature:
    """Add a signature that lacks its value.

    Args:
        entries: All parts of the package by name; not changed.
        kind: SEAL for an electronic seal signature, SIGN for a digital signature.
        provider: Named in Signature.xml.
        at: SignatureDateTime, UTC. It is informative; the signed time is in the value.
        seal: SEAL only: the octets of Seal.esl, to be the seal inside the value.
        stamps: SEAL only: where the imprint shows; none for an invisible seal.
        protection: Whether later signatures are to be possible.
        body_index: Which DocBody is signed.
        relative: Id of a signature of the same body that this one builds on (GM/T 0099).
        digests: SM3 of entries that are known already, so that what many packages share is not digested for each.
            Entries that are changed here are digested in any case.

    Raises:
        SigningRefusedError: an earlier signature protects what would have to change or cannot be read, or the
            package carries the whole-package protection or encryption of GM/T 0099.
        MalformedDataError: OFD.xml, a document root or an existing list of signatures is broken.
        ValueError: the arguments do not fit together or do not fit the document.
    """
    _check_arguments(kind, seal, stamps)
    parts = Parts(EntryMap(entries))
    document = OfdDocument.read(parts)
    if not 0 <= body_index < len(document.bodies):
        raise ValueError(f"the package has no document body {body_index}")
    body_document = document.bodies[body_index].document
    _check_stamps(body_document, stamps)
    lists = read_signature_lists(parts)
    existing = next((item for item in lists if item.body_index == body_index), None)
    _check_relative(existing, relative)
    names = allocate(entries, existing, doc_root=body_document.path, stamps=len(stamps))
    changed = _changed_parts(parts, existing, names, kind, relative, body_index)
    _check_untouched(entries, lists, changed)
    known = {name: value for name, value in (digests or {}).items() if name not in changed}
    if seal is not None:
        changed[names.seal_path] = seal
        known[names.seal_path] = _seal_digest(seal)
    list_paths = {names.list_path, *(item.path for item in lists)}
    complete_entries = {**entries, **changed}
    unprotected = list_paths if protection is Protection.CONTINUE else set[str]()
    signature_xml = write_signature_file(
        SignatureDraft(
            provider=provider,
            at=at,
            references=_references(complete_entries, unprotected, known),
            stamps=_stamp_annotations(names, stamps),
            seal_location=None if seal is None else f"/{names.seal_path}",
            signed_value_location=f"/{names.signed_value_path}",
        )
    )
    complete_entries[names.signature_path] = signature_xml
    return PreparedSignature(
        names.id, kind, names.signature_path, signature_xml, names.signed_value_path, complete_entries
    )


def complete(prepared: PreparedSignature, signed_value: bytes) -> dict[str, Part]:
    """All entries of the signed package.

    Args:
        prepared: From ``prepare_signature``.
        signed_value: DER of SES_Signature for SEAL, of a GB/T 35275 ContentInfo for SIGN.

    Raises:
        ValueError: the value is empty.
    """
    if not signed_value:
        raise ValueError("a signature value is not empty")
    return {**prepared.entries, prepared.signed_value_path: signed_value}


# One seal goes into many documents: the last few are digested once.
_seal_digest = lru_cache(maxsize=16)(sm3)


def _check_arguments(kind: SignatureType, seal: bytes | None, stamps: Sequence[StampPlacement]) -> None:
    if kind is SignatureType.SEAL and not seal:
        raise ValueError("a seal signature needs its seal")
    if kind is SignatureType.SIGN and (seal is not None or stamps):
        raise ValueError("a digital signature has no seal and no imprint")


def _check_stamps(document: Document, stamps: Sequence[StampPlacement]) -> None:
    for stamp in stamps:
        if document.page_by_id(stamp.page_ref) is None:
            raise ValueError(f"the document has no page {stamp.page_ref}")


def _check_relative(existing: SignatureList | None, relative: str | None) -> None:
    if relative is not None and relative not in {entry.id for entry in (existing.entries if existing else ())}:
        raise ValueError(f"there is no signature {relative!a} to build on")


def _changed_parts(
    parts: Parts,
    existing: SignatureList | None,
    names: SignatureNames,
    kind: SignatureType,
    relative: str | None,
    body_index: int,
) -> dict[str, Part]:
    """Signatures.xml with the new signature, and OFD.xml if it does not point there yet."""
    listed = [
        ListedSignature(entry.id, entry.type, entry.base_location, entry.relative)
        for entry in (existing.entries if existing else ())
    ]
    listed.append(ListedSignature(names.id, kind, f"/{names.signature_path}", relative))
    changed: dict[str, Part] = {names.list_path: write_signature_list(listed, max_sign_id=names.max_sign_id)}
    if existing is None:
        changed[MAIN_PART] = _point_to_list(parts, names.list_path, body_index)
    return changed


def _point_to_list(parts: Parts, list_path: str, body_index: int) -> bytes:
    """OFD.xml with a Signatures element at the end of the body, where the schema has it."""
    main = parts.xml(MAIN_PART)
    body = main.children(main.expect_root("OFD"), "DocBody")[body_index]
    tag = body.tag[: -len("DocBody")] + "Signatures"
    pointer = main.child(body, "Signatures")  # may be there and empty
    if pointer is None:
        pointer = etree.SubElement(body, tag)
    pointer.text = f"/{list_path}"
    return etree.tostring(main.root, encoding="UTF-8", xml_declaration=True)


def _check_untouched(
    entries: Mapping[str, Part], lists: Sequence[SignatureList], changed: Mapping[str, Part]
) -> None:
    """Refuse to break what protects the package already."""
    if INTEGRITY_PART in entries:
        raise SigningRefusedError(f"{INTEGRITY_PART} lists all files of the package; adding one would break it")
    if "Encryptions.xml" in entries:
        raise SigningRefusedError("the package is encrypted; signatures are made before")
    for signatures in lists:
        for entry in signatures.entries:
            if entry.file is None:
                raise SigningRefusedError(f"signature {entry.id!a} cannot be read: {entry.fault}")
            for reference in entry.file.references:
                if reference.path in changed:
                    raise SigningRefusedError(f"signature {entry.id!a} protects {reference.path}")


def _references(
    entries: Mapping[str, Part], unprotected: set[str], digests: Mapping[str, bytes]
) -> list[tuple[str, bytes]]:
    names = sorted(entries, key=lambda name: (name != MAIN_PART, name))
    return [
        (f"/{name}", digests.get(name) or sm3(plain_bytes(entries[name])))
        for name in names
        if name not in unprotected
    ]


def _stamp_annotations(names: SignatureNames, stamps: Sequence[StampPlacement]) -> list[StampAnnot]:
    return [
        StampAnnot(stamp_id, stamp.page_ref, stamp.boundary, stamp.clip)
        for stamp_id, stamp in zip(names.stamp_ids, stamps, strict=True)
    ]
