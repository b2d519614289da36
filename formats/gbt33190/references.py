"""Recomputing the digests a signature file states (GB/T 33190-2016 18.2)."""

from __future__ import annotations

from typing import NamedTuple

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190.digests import DigestAlgorithm
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.signature_model import Reference, SignatureFile


class ReferenceResult(NamedTuple):
    """What one Reference turned out to be worth.

    ``path`` is the entry, or the path as written where there is none. ``matches`` is ``None`` where the question
    could not be put: the file is missing (``found`` is then false) or the algorithm is unknown. Whether a match
    under ``algorithm`` counts is for the verifier: only SM3 does.
    """

    path: str
    found: bool
    matches: bool | None
    algorithm: DigestAlgorithm | None


def check_references(package: OfdPackage, signature_file: SignatureFile) -> list[ReferenceResult]:
    """Compare every Reference with the octets of its entry, in the order of the file.

    Raises:
        LimitExceededError: an entry is larger than the package was opened for.
    """
    algorithm = signature_file.check_method.algorithm
    return [_check(package, reference, algorithm) for reference in signature_file.references]


def _check(package: OfdPackage, reference: Reference, algorithm: DigestAlgorithm | None) -> ReferenceResult:
    if reference.path is None:
        return ReferenceResult(reference.file_ref, found=False, matches=None, algorithm=algorithm)
    if algorithm is None:
        return ReferenceResult(reference.path, found=True, matches=None, algorithm=None)
    try:
        matches = package.digest(reference.path, algorithm) == reference.check_value
    except LimitExceededError:
        raise
    except MalformedDataError:  # the entry is there, but its data does not inflate to what the ZIP file states
        matches = False
    return ReferenceResult(reference.path, found=True, matches=matches, algorithm=algorithm)
