"""The imprints a package's signatures put on its pages.

Showing an imprint says nothing about its signature; whoever shows pages to people who rely on them judges the
signatures first and passes only the stamps that hold.
"""

from formats.errors import MalformedDataError
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.parts import MAIN_PART, Parts
from formats.gbt33190.signature_model import SignatureEntry, SignatureFile
from formats.gbt33190.signatures import read_signatures
from formats.gbt38540 import SealPicture, read_seal, read_seal_signature
from formats.rendering.model import Left, Omission, Stamp


def package_stamps(
    package: OfdPackage | Parts, *, body: int = 0
) -> tuple[tuple[Stamp, ...], tuple[Omission, ...]]:
    """The stamps of one document body, in the order of its signatures, and those whose picture cannot be read.

    The picture comes from the seal inside the signature value, else from the Seal.esl beside it.
    """
    try:
        entries = [entry for entry in read_signatures(package) if entry.body_index == body]
    except MalformedDataError as exc:
        return (), (Omission(Left.SEAL_UNREADABLE, MAIN_PART, exc.what),)
    parts = package if isinstance(package, Parts) else Parts(package)
    stamps: list[Stamp] = []
    omissions: list[Omission] = []
    for entry in entries:
        found = _stamps_of(entry, parts)
        if isinstance(found, Omission):
            omissions.append(found)
        else:
            stamps += found
    return tuple(stamps), tuple(omissions)


def _stamps_of(entry: SignatureEntry, parts: Parts) -> list[Stamp] | Omission:
    where = entry.path or entry.base_location
    if entry.file is None:
        return Omission(Left.SEAL_UNREADABLE, where, "signature file")
    if not entry.file.stamps:
        return []
    picture = _picture(entry.file, parts)
    if picture is None:
        return Omission(Left.SEAL_UNREADABLE, where, "no seal")
    return [
        Stamp(annot.page_ref, annot.boundary, annot.clip, picture.format, picture.data, f"{where}#{annot.id}")
        for annot in entry.file.stamps
    ]


def _picture(file: SignatureFile, parts: Parts) -> SealPicture | None:
    if file.signed_value is not None:
        try:
            return read_seal_signature(parts.package.read(file.signed_value)).seal.picture
        except MalformedDataError:
            pass  # not a seal signature; a seal file may still show what was meant
    if file.seal is not None:
        try:
            return read_seal(parts.package.read(file.seal)).picture
        except MalformedDataError:
            return None
    return None
