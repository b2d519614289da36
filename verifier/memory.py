"""What a verifier need not compute twice: decoded certificates and the signatures on seals.

Each result is a pure function of the octets it is kept under: the same octets decode to the same certificate, and
the same seal carries a right or a wrong signature of the maker named inside it. Nothing that depends on time or on
the trust list is kept here; what depends on a document is kept under the digests of all its files.
"""

from collections.abc import Hashable
from typing import Any, Final

from crypto import DEFAULT_USER_ID, InvalidSignatureError, PublicKey, verify, verify_digest
from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate, read_certificate
from formats.gbt38540 import Seal, SealSignature, read_seal_signature
from formats.oids import SM2_SIGN, SM2_WITH_SM3, SM2_WITH_SM3_MISPRINT
from verifier.bounded_cache import BoundedCache
from verifier.facts import PartyFacts
from verifier.findings import Finding
from verifier.party import party_facts
from verifier.shared_files import SharedFiles
from verifier.shared_seals import MAX_REMEMBERED_SEAL, SharedSeals

SM2_ALGORITHMS: Final = frozenset({SM2_WITH_SM3, SM2_WITH_SM3_MISPRINT, SM2_SIGN})
"""Identifiers that stand for SM2 with SM3 in seals and signed data."""
MAX_REMEMBERED_CERTIFICATE: Final = 8 * 1024
"""Real certificates have a fourth of it; hostile ones shall not fill the memory."""

_FACES: Final = 1024
"""Documents whose findings about their pages are remembered; some kilobytes each at most."""
_TEMPLATES: Final = 32
"""Template pages remembered; of at most 256 KiB each."""


class Memory:
    """Bounded; safe for threads.

    Attributes:
        files: Facts of files that many documents share.
        faces: Template pages that many documents share, read for what they show.
        face_findings: What was found of the pages of a document, by the digests of all its files.
        shared_seals: Seals that many signatures carry.
    """

    __slots__ = ("_certificates", "_parties", "_seals", "face_findings", "faces", "files", "shared_seals")

    def __init__(self, certificates: int = 4096, seals: int = 256, files: int = 256) -> None:
        self.files = SharedFiles(files)
        self._certificates: BoundedCache[bytes, Certificate | MalformedDataError] = BoundedCache(certificates)
        self._parties: BoundedCache[bytes, PartyFacts] = BoundedCache(certificates)
        self._seals: BoundedCache[Hashable, bool] = BoundedCache(seals)
        self.shared_seals = SharedSeals(seals)
        self.faces: BoundedCache[tuple[Hashable, ...], Any] = BoundedCache(_TEMPLATES)
        self.face_findings: BoundedCache[bytes, tuple[Finding, ...]] = BoundedCache(_FACES)

    def certificate(self, data: bytes) -> Certificate:
        """The decoded certificate.

        Raises:
            MalformedDataError: It does not decode.
        """

        def decode() -> Certificate | MalformedDataError:
            try:
                return read_certificate(data)
            except MalformedDataError as exc:
                return exc

        small = len(data) <= MAX_REMEMBERED_CERTIFICATE
        found = self._certificates.get(data, decode) if small else decode()
        if isinstance(found, MalformedDataError):
            # A new object: raising the kept one would let its traceback grow with every document.
            raise MalformedDataError(found.message, what=found.what, offset=found.offset)
        return found

    def party(self, certificate: Certificate | None) -> PartyFacts | None:
        """Who a certificate names."""
        if certificate is None:
            return None
        if len(certificate.encoded) > MAX_REMEMBERED_CERTIFICATE:
            return party_facts(certificate)
        return self._parties.get(certificate.encoded, lambda: party_facts(certificate))

    def seal_signature_holds(self, seal: Seal, maker_key: PublicKey) -> bool:
        """Whether the seal carries a right signature of ``maker_key``; kept under the seal's exact octets."""
        if seal.signature_algorithm not in SM2_ALGORITHMS:
            return False

        def check() -> bool:
            return holds(maker_key, seal.signed_bytes, seal.signature_der)

        if len(seal.encoded) > MAX_REMEMBERED_SEAL:
            return check()
        return self._seals.get((seal.encoded, maker_key.point), check)

    def seal_signature(self, data: bytes) -> SealSignature:
        """The decoded seal signature; the seal inside is decoded once.

        Raises:
            MalformedDataError: It does not decode.
            LimitExceededError: Too large or too many elements.
        """
        return read_seal_signature(data, seal_reader=self.shared_seals.read)

    def seal_signature_value_holds(self, value: SealSignature, key: PublicKey) -> bool:
        """Whether ``value`` is a right signature of ``key`` over its TBS_Sign; never remembered."""
        if value.signature_algorithm not in SM2_ALGORITHMS:
            return False
        try:
            verify_digest(key, self.shared_seals.signed_digest(value, key), value.signature_der)
        except InvalidSignatureError:
            return False
        return True


def holds(key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is right under the default user identity."""
    try:
        verify(key, message, signature, user_id=DEFAULT_USER_ID)
    except InvalidSignatureError:
        return False
    return True
