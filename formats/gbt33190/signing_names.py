"""Ids and paths of a new signature, such that nothing that exists is touched or shadowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from formats.gbt33190.entry_names import folded
from formats.gbt33190.locations import directory_of
from formats.gbt33190.signature_model import SignatureList, id_number

_DIRECTORY = "Signs/"
_LIST = "Signatures.xml"


@dataclass(frozen=True, slots=True)
class SignatureNames:
    """What a new signature and its files are called; paths are entry names.

    ``max_sign_id`` is greater than every id of the list: the schema makes MaxSignId an xs:ID, which must differ
    from the ids of the signatures in the same file. So a signature without stamps leaves one number unused.
    """

    id: str
    stamp_ids: tuple[str, ...]
    max_sign_id: str
    list_path: str
    signature_path: str
    seal_path: str
    signed_value_path: str


def allocate(
    names: Iterable[str], existing: SignatureList | None, *, doc_root: str, stamps: int
) -> SignatureNames:
    """Choose names.

    Args:
        names: All entries of the package.
        existing: The body's list of signatures, if it has one.
        doc_root: Entry of the body's Document.xml.
        stamps: How many imprints the signature has.

    Raises:
        ValueError: the paths would not be ASCII, which propertyInfo (IA5String) demands, or a list of signatures
            exists that OFD.xml does not point to.
    """
    taken = {folded(name) for name in names}
    if existing is None:
        directory = directory_of(doc_root) + _DIRECTORY
        list_path = directory + _LIST
        if folded(list_path) in taken:
            raise ValueError(f"{list_path!a} exists, but OFD.xml does not point to it")
    else:
        list_path = existing.path
        directory = directory_of(list_path)
        if not directory.lower().endswith(_DIRECTORY.lower()):
            directory += _DIRECTORY
    if not directory.isascii():
        raise ValueError("the path of a signature is ASCII, since a seal signature states it as IA5String")
    folder = _free_folder(directory, taken)
    first = _greatest_number(existing) + 1
    return SignatureNames(
        id=_id(first),
        stamp_ids=tuple(_id(first + 1 + index) for index in range(stamps)),
        max_sign_id=_id(first + max(stamps, 1)),
        list_path=list_path,
        signature_path=f"{folder}Signature.xml",
        seal_path=f"{folder}Seal.esl",
        signed_value_path=f"{folder}SignedValue.dat",
    )


def _id(number: int) -> str:
    return f"s{number:03}"


def _free_folder(directory: str, taken: set[str]) -> str:
    below = folded(directory)
    rivals = [name for name in taken if name.startswith(below)]
    index = 0
    while any(name.startswith(folded(f"{directory}Sign_{index}/")) for name in rivals):
        index += 1
    return f"{directory}Sign_{index}/"


def _greatest_number(existing: SignatureList | None) -> int:
    if existing is None:
        return 0
    numbers = [existing.max_sign_id or 0]
    for entry in existing.entries:
        numbers.append(id_number(entry.id) or 0)
        numbers += [id_number(stamp.id) or 0 for stamp in (entry.file.stamps if entry.file else ())]
    return max(numbers)
