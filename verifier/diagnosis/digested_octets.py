"""Octets that software digests, or may digest, in place of Signature.xml or of a protected file."""

import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Final

from formats.gbt33190.package import OfdPackage
from formats.gbt33190.signature_model import SignatureFile
from formats.gbt33190.zip_records import STORED
from verifier.diagnosis.model import Budget, Variant, distinct
from verifier.diagnosis.xml_writings import looks_like_xml, xml_writings

_MOST_REFERENCES: Final = 1024
_MOST_JOINED: Final = 16 << 20
_ELEMENT: Final = r"<((?:[\w.-]+:)?{name})(?:\s[^<>]*)?>"


def of_signature_file(file: SignatureFile, package: OfdPackage, budget: Budget) -> list[Variant]:
    """What may have been digested for dataHash: the file first, then its other writings, parts and digests."""
    xml = file.encoded
    variants = [Variant((), xml), *_writings(xml, budget)]
    for name in ("SignedInfo", "References"):
        part = _element(xml, name)
        if part is not None:
            variants += [Variant(("content.part",), part, name)]
            variants += [
                Variant(("content.part",), each.octets, f"{name}, {each.detail}")
                for each in xml_writings(part)
                if each.dialects == ("content.canonical",)
            ]
    emptied = re.sub(rb"(<(?:[\w.-]+:)?SignedValue(?:\s[^<>]*)?>)[^<]*", rb"\1", xml, count=1)
    variants.append(Variant(("content.signed-value-empty",), emptied))
    variants += _of_references(file, package)
    return distinct(variants)


def of_list(encoded: bytes, budget: Budget) -> list[Variant]:
    """What may have been digested for OFDEntries.xml."""
    return distinct([Variant((), encoded), *_writings(encoded, budget)])


def of_file(name: str, data: bytes, package: OfdPackage, octets: bytes, budget: Budget) -> list[Variant]:
    """What may have been digested for a protected file.

    Args:
        name: Its entry.
        data: Its octets, uncompressed.
        package: Where it is.
        octets: The whole package.
        budget: What trying may cost.
    """
    variants = [Variant((), data)]
    entry = package.entries.get(name)
    if entry is not None and entry.method != STORED:
        stored = octets[entry.data_offset : entry.data_offset + entry.stored_size]
        variants.append(Variant(("content.compressed",), stored))
    variants.append(Variant(("content.nothing",), b""))
    variants += _writings(data, budget)
    return distinct(variants)


def _writings(data: bytes, budget: Budget) -> list[Variant]:
    """Other writings; each costs about as much as digesting it some times over."""
    if not looks_like_xml(data) or not budget.may_write(32 * len(data)):
        return []
    return xml_writings(data)


def _element(xml: bytes, name: str) -> bytes | None:
    """One element as it stands in the file."""
    start = re.search(_ELEMENT.format(name=name).encode(), xml)
    if start is None:
        return None
    end = b"</" + start[1] + b">"
    stop = xml.find(end, start.end())
    return None if stop < 0 else xml[start.start() : stop + len(end)]


def _of_references(file: SignatureFile, package: OfdPackage) -> Iterator[Variant]:
    """The digests it states, put one after the other, and the files they are of."""
    references = file.references[:_MOST_REFERENCES]
    if not references:
        return
    values = [reference.check_value for reference in references]
    yield Variant(("content.reference-digests",), b"".join(values), "octets")
    yield Variant(("content.reference-digests",), b"".join(each.hex().encode() for each in values), "hexadecimal")
    yield Variant(("content.reference-digests",), b"".join(map(b64encode, values)), "Base64")
    paths = [reference.path for reference in references]
    if any(path is None or path not in package for path in paths):
        return
    if sum(package.entries[path].size for path in paths if path) > _MOST_JOINED:
        return
    yield Variant(("content.files",), b"".join(package.read(path) for path in paths if path))
