"""OFDEntries.xml: the list of all files of a package, protected by one signature (GM/T 0099-2020).

Where it exists, a verifier fails any file of the package that it does not list, but for itself and its value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from formats.errors import MalformedDataError
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.parts import Parts
from formats.gbt33190.xml import Element
from formats.gbt33190.xml_part import XmlPart

INTEGRITY_PART: Final = "OFDEntries.xml"


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One File of the list; ``path`` is its entry, ``None`` if it is missing."""

    id: str | None
    location: str
    path: str | None


@dataclass(frozen=True, slots=True)
class IntegrityList:
    """An OFDEntries.xml; ``encoded`` are its octets, which the value at ``signed_value`` signs."""

    path: str
    encoded: bytes = field(repr=False)
    id: str | None
    creator_name: str | None
    version: str | None
    creation_date: str | None
    signed_value_location: str
    signed_value: str | None
    files: tuple[ListedFile, ...]

    def unlisted(self, package: OfdPackage) -> tuple[str, ...]:
        """Files of the package that the list leaves out, itself and its value excepted."""
        listed = {file.path for file in self.files} | {self.path, self.signed_value}
        return tuple(name for name in package if name not in listed)


def read_integrity_list(source: OfdPackage | Parts) -> IntegrityList | None:
    """The package's OFDEntries.xml, ``None`` if it has none.

    Raises:
        MalformedDataError: it is no such list.
    """
    parts = source if isinstance(source, Parts) else Parts(source)
    if INTEGRITY_PART not in parts.package:
        return None
    part = parts.xml(INTEGRITY_PART)
    root = part.expect_root("DocEntries")
    location = part.text(part.required_child(root, "SignedValueLoc")).strip()
    files = part.required_child(root, "FileList")
    return IntegrityList(
        path=INTEGRITY_PART,
        encoded=parts.package.read(INTEGRITY_PART),
        id=root.get("ID"),
        creator_name=root.get("CreatorName"),
        version=root.get("Version"),
        creation_date=root.get("CreationDate"),
        signed_value_location=location,
        signed_value=parts.find(location, INTEGRITY_PART),
        files=tuple(_read_file(parts, part, element) for element in part.children(files, "File")),
    )


def _read_file(parts: Parts, part: XmlPart, element: Element) -> ListedFile:
    location = part.required(element, "FileLoc")
    try:
        path = parts.find(location, part.name)
    except MalformedDataError:  # a path no entry can have lists nothing
        path = None
    return ListedFile(element.get("ID"), location, path)
