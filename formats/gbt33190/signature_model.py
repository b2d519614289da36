"""What Signatures.xml and Signature.xml say (GB/T 33190-2016 18.1, 18.2; additions of GM/T 0099-2020)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from formats.gbt33190.digests import DigestAlgorithm
from formats.gbt33190.values import Box


class SignatureType(StrEnum):
    """What the signed value is; Seal where nothing is written."""

    SEAL = "Seal"
    """An electronic seal signature, GB/T 38540."""
    SIGN = "Sign"
    """A digital signature, GB/T 35275."""


@dataclass(frozen=True, slots=True)
class Provider:
    """The software that made the signature, by its own account. ``extend_data`` is Base64 as written."""

    name: str | None
    version: str | None = None
    company: str | None = None
    protocol_version: str | None = None
    extend_data: str | None = None


@dataclass(frozen=True, slots=True)
class CheckMethod:
    """References/@CheckMethod: as written, ``None`` if absent, and the algorithm meant, ``None`` if unknown."""

    written: str | None
    algorithm: DigestAlgorithm | None


class Reference(NamedTuple):
    """A protected file.

    ``file_ref`` is as written; ``path`` the entry it means, ``None`` if there is no such entry or the path is
    impossible; ``check_value`` the digest the signature file states.
    """

    file_ref: str
    path: str | None
    check_value: bytes


@dataclass(frozen=True, slots=True)
class StampAnnot:
    """Where the imprint is drawn: on the page with this object id, scaled to ``boundary`` in page millimetres.

    ``clip`` is the visible part in millimetres from the boundary's top left corner; ``None`` shows all of it.
    """

    id: str
    page_ref: int
    boundary: Box
    clip: Box | None = None


@dataclass(frozen=True, slots=True)
class SignatureFile:
    """A Signature.xml.

    ``encoded`` are its octets: their SM3 is the seal signature's dataHash. Locations are entries; ``seal`` is
    ``None`` where the file names no Seal.esl. A named file that is missing has its location in ``missing``.
    ``date_time`` is what the software wrote and proves nothing.
    """

    path: str
    encoded: bytes = field(repr=False)
    provider: Provider
    signature_method: str | None
    date_time: str | None
    parameters: tuple[tuple[str, str | None, str], ...]
    check_method: CheckMethod
    references: tuple[Reference, ...]
    stamps: tuple[StampAnnot, ...]
    seal: str | None
    seal_image: str | None
    signed_value: str | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignatureEntry:
    """One signature of a list.

    ``file`` is ``None`` if Signature.xml is missing or broken, and ``fault`` then says why: one such signature
    must not hide the others. ``relative`` is the id of the signature this one builds on (GM/T 0099).
    """

    id: str
    type: SignatureType
    base_location: str
    path: str | None
    relative: str | None
    body_index: int
    file: SignatureFile | None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class SignatureList:
    """A Signatures.xml; ``max_sign_id`` is the greatest number of all MaxSignId elements."""

    path: str
    body_index: int
    max_sign_id: int | None
    entries: tuple[SignatureEntry, ...]


def id_number(text: str) -> int | None:
    """The number in a signature or stamp id: 7 for ``7``, ``s7`` and ``s007``; ``None`` if there is none."""
    digits = text.strip().lstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-.")
    if not digits or len(digits) > 18 or not digits.isascii() or not digits.isdigit():
        return None
    return int(digits)
