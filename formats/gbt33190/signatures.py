"""Reading Signatures.xml and Signature.xml as they occur in the field (GB/T 33190-2016 18.1 and 18.2).

Children are read by name in any order; ids with and without letters, several MaxSignId, absolute, relative and
root-relative paths, a Provider of elements and free names of the signed value all occur and are read. What is not
of the standard is recorded as a tolerance. Nothing is verified here, see ``references``.
"""

from __future__ import annotations

import binascii
from typing import Final

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190 import value_text
from formats.gbt33190.digests import DigestAlgorithm, digest_algorithm
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.parts import MAIN_PART, Parts
from formats.gbt33190.signature_model import (
    CheckMethod,
    Provider,
    Reference,
    SignatureEntry,
    SignatureFile,
    SignatureList,
    SignatureType,
    StampAnnot,
    id_number,
)
from formats.gbt33190.xml import Element
from formats.gbt33190.xml_part import XmlPart
from formats.oids import SM3_PLAIN
from formats.tolerances import Tolerance

MAX_SIGNATURES: Final = 256
"""Of one package, whatever number of lists they stand in."""
MAX_STAMPS: Final = 4096
MAX_REFERENCES: Final = 16384


def read_signatures(source: OfdPackage | Parts) -> tuple[SignatureEntry, ...]:
    """Every signature of every document body, in order; see ``read_signature_lists``."""
    return tuple(entry for signatures in read_signature_lists(source) for entry in signatures.entries)


def read_signature_lists(source: OfdPackage | Parts) -> tuple[SignatureList, ...]:
    """The Signatures.xml of every document body that names one.

    Args:
        source: A package, or the parts of one if other readers share them; these receive the tolerances.

    Raises:
        MalformedDataError: OFD.xml is missing or broken, or a Signatures.xml it names is. A broken Signature.xml
            does not raise: its entry carries the fault.
        LimitExceededError: there are more signatures, or more XML, than allowed.
    """
    parts = source if isinstance(source, Parts) else Parts(source)
    main = parts.xml(MAIN_PART)
    root = main.expect_root("OFD")
    lists: list[SignatureList] = []
    files = _SignatureFiles(parts)
    for index, body in enumerate(main.children(root, "DocBody")):
        location = main.child_text(body, "Signatures")
        if location:
            lists.append(_read_list(files, parts.require(location, MAIN_PART), index))
    return tuple(lists)


class _SignatureFiles:
    """Every Signature.xml once, though lists and the bodies of a package may name it any number of times."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.named = 0
        self._read: dict[str, SignatureFile | MalformedDataError] = {}

    def count(self, number: int, what: str) -> None:
        """Bound how often files are named.

        Raises:
            LimitExceededError: too often.
        """
        self.named += number
        if self.named > MAX_SIGNATURES:
            raise LimitExceededError(f"more than {MAX_SIGNATURES} signatures", what=what)

    def read(self, path: str) -> SignatureFile:
        found = self._read.get(path)
        if found is None:
            try:
                found = read_signature_file(self.parts, path)
            except LimitExceededError:
                raise
            except MalformedDataError as exc:
                found = exc
            self._read[path] = found
        if isinstance(found, MalformedDataError):
            raise MalformedDataError(found.message, what=found.what, offset=found.offset)
        return found


def _read_list(files: _SignatureFiles, path: str, body_index: int) -> SignatureList:
    part = files.parts.xml(path)
    root = part.expect_root("Signatures")
    elements = part.children(root, "Signature")
    files.count(len(elements), path)
    entries = tuple(_read_entry(files, part, element, body_index) for element in elements)
    if len({entry.id for entry in entries}) < len(entries):
        part.found.add(Tolerance.OFD_SIGNATURE_ID_REPEATED)
    return SignatureList(path, body_index, _read_max_sign_id(part, root), entries)


def _read_max_sign_id(part: XmlPart, root: Element) -> int | None:
    texts = [part.text(element) for element in part.children(root, "MaxSignId")]
    if len(texts) > 1:
        part.found.add(Tolerance.OFD_MAX_SIGN_ID_REPEATED)
    numbers = [number for number in map(id_number, texts) if number is not None]
    if len(numbers) < len(texts):
        part.found.add(Tolerance.OFD_VALUE_IGNORED)
    return max(numbers, default=None)


def _read_entry(files: _SignatureFiles, part: XmlPart, element: Element, body_index: int) -> SignatureEntry:
    location = part.required(element, "BaseLoc")
    written = element.get("Type")
    kind = part.optional_choice(element, "Type", SignatureType)
    path: str | None = None
    file: SignatureFile | None = None
    fault: str | None = None
    try:
        path = files.parts.require(location, part.name)
        if written is not None and kind is None:
            raise part.error("a signature is neither of type Seal nor Sign", element)
        file = files.read(path)
    except LimitExceededError:
        raise
    except MalformedDataError as exc:
        fault = str(exc)
    return SignatureEntry(
        id=_read_id(part, element),
        type=kind or SignatureType.SEAL,
        base_location=location,
        path=path,
        relative=element.get("Relative"),
        body_index=body_index,
        file=file,
        fault=fault,
    )


def _read_id(part: XmlPart, element: Element) -> str:
    text = part.required(element, "ID").strip()
    if text[:1].isdigit():
        part.found.add(Tolerance.OFD_SIGNATURE_ID_NUMERIC)
    return text


def read_signature_file(parts: Parts, path: str) -> SignatureFile:
    """Read a Signature.xml.

    Raises:
        MalformedDataError: it is missing, no XML, or lacks what a signature cannot be judged without.
    """
    part = parts.xml(path)
    root = part.expect_root("Signature")
    info = part.required_child(root, "SignedInfo")
    references = part.required_child(info, "References")
    seal = part.child(info, "Seal")
    missing: list[str] = []

    def find(location: str | None) -> str | None:
        name = parts.find(location, path) if location else None
        if location and name is None:
            missing.append(location)
        return name

    signed_value = part.text(part.required_child(root, "SignedValue")).strip()
    return SignatureFile(
        path=path,
        encoded=parts.package.read(path),
        provider=_read_provider(part, info),
        signature_method=part.child_text(info, "SignatureMethod") or None,
        date_time=part.child_text(info, "SignatureDateTime") or None,
        parameters=_read_parameters(part, info),
        check_method=_read_check_method(part, references),
        references=_read_references(parts, part, references),
        stamps=_read_stamps(part, info),
        seal=find(None if seal is None else part.text(part.required_child(seal, "BaseLoc")).strip()),
        seal_image=find(None if seal is None else part.child_text(seal, "ImageLoc")),
        signed_value=find(signed_value),
        missing=tuple(missing),
    )


def _read_provider(part: XmlPart, info: Element) -> Provider:
    element = part.child(info, "Provider")
    if element is None:
        part.found.add(Tolerance.OFD_ELEMENT_MISSING)
        return Provider(None)

    def value(name: str) -> str | None:
        text = element.get(name)
        if text is None:
            text = part.child_text(element, name)
            if text is not None:
                part.found.add(Tolerance.OFD_PROVIDER_ELEMENTS)
        return text

    return Provider(
        name=value("ProviderName"),
        version=value("Version"),
        company=value("Company"),
        protocol_version=value("ProtocolVer"),
        extend_data=part.child_text(element, "ExtendData"),
    )


def _read_parameters(part: XmlPart, info: Element) -> tuple[tuple[str, str | None, str], ...]:
    element = part.child(info, "Parameters")
    if element is None:
        return ()
    return tuple(
        (part.required(parameter, "Name"), parameter.get("Type"), part.text(parameter))
        for parameter in part.children(element, "Parameter")
    )


def _read_check_method(part: XmlPart, references: Element) -> CheckMethod:
    written = references.get("CheckMethod")
    if written is None:
        part.found.add(Tolerance.OFD_CHECK_METHOD_ABSENT)
        return CheckMethod(None, DigestAlgorithm.MD5)
    if written.strip() == SM3_PLAIN:
        part.found.add(Tolerance.OFD_CHECK_METHOD_SM3_PLAIN)
    return CheckMethod(written, digest_algorithm(written))


def _read_references(parts: Parts, part: XmlPart, references: Element) -> tuple[Reference, ...]:
    elements = part.children(references, "Reference")
    if len(elements) > MAX_REFERENCES:
        raise LimitExceededError(f"more than {MAX_REFERENCES} references", what=part.name)
    return tuple([_read_reference(parts, part, element) for element in elements])


def _read_reference(parts: Parts, part: XmlPart, element: Element) -> Reference:
    file_ref = part.required(element, "FileRef")
    path: str | None = file_ref[1:]
    if file_ref[:1] != "/" or path not in parts.package:  # else it is written as nearly all are, see ``locate``
        if not file_ref.lstrip().startswith("/"):
            part.found.add(Tolerance.OFD_REFERENCE_RELATIVE)
        try:
            path = parts.find(file_ref, part.name)
        except MalformedDataError:  # a path no entry can have; the reference then protects nothing and says so
            path = None
    check_value = part.required_child(element, "CheckValue")
    return Reference(file_ref, path, _read_base64(part, check_value))


def _read_base64(part: XmlPart, element: Element) -> bytes:
    text = part.text(element).strip()
    packed = "".join(text.split())
    if packed != text:
        part.found.add(Tolerance.OFD_BASE64_WHITESPACE)
    try:
        return binascii.a2b_base64(packed, strict_mode=True)
    except (binascii.Error, ValueError) as exc:
        raise part.error(f"{part.local(element)} is not Base64", element) from exc


def _read_stamps(part: XmlPart, info: Element) -> tuple[StampAnnot, ...]:
    elements = part.children(info, "StampAnnot")
    if len(elements) > MAX_STAMPS:
        raise LimitExceededError(f"more than {MAX_STAMPS} stamps", what=part.name)
    return tuple(
        StampAnnot(
            id=_read_id(part, element),
            page_ref=part.typed(element, "PageRef", value_text.identifier),
            boundary=part.box(element, "Boundary"),
            clip=part.optional_box(element, "Clip"),
        )
        for element in elements
    )
