"""Sealing documents (电子签章): GB/T 38540-2020 clause 7.2, steps in its order, onto OFD packages.

a1  the seal is read and its maker's signature checked        ``SealHolder.check``
a2  the holder's certificate fits key, time and usage           ``SealHolder.check``
a3  the certificate is in the seal's list                       ``SealHolder.check``
b1  the package is made ready, Signature.xml is the original    ``prepare_document``
b2  its SM3 is taken
b3  TBS_Sign is assembled
b4  it is signed, many at once                                  ``complete_documents``
b5  where a time stamper is given, the signature is stamped
b6  SES_Signature is assembled and put into the package

Paths of certificates are the verifier's business, not the signer's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from crypto import (
    DEFAULT_USER_ID,
    InvalidSignatureError,
    KeyStoreError,
    Signer,
    message_digest,
    verify,
    verify_many,
)
from formats import MalformedDataError
from formats.gbt20518 import Certificate, KeyUsage, read_certificate
from formats.gbt20520 import IMPRINT_DIGESTS, read_time_stamp_token
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import Part, write_package
from formats.gbt33190.signature_model import Provider, SignatureType
from formats.gbt33190.signing import (
    PreparedSignature,
    Protection,
    SigningRefusedError,
    complete,
    prepare_signature,
)
from formats.gbt33190.stamps import StampPlacement as OfdStamp
from formats.gbt33190.values import Box
from formats.gbt38540 import Generation, Seal, assemble_seal_signature, read_seal, tbs_sign
from seal_service.errors import RefusedError, TimeStampError
from seal_service.ports import TimeStamper

PROVIDER: Final = Provider(name="Xinyin", version="1", company="Xinyin")


@dataclass(frozen=True, slots=True)
class StampPlacement:
    """Where an imprint stands on a page, or a slice of it for riding-edge seals.

    Attributes:
        page_id: Object id of the page.
        x_mm: Left edge of the whole imprint, may lie outside of the page for a slice.
        y_mm: Top edge of the whole imprint.
        width_mm: Width of the whole imprint.
        height_mm: Height of the whole imprint.
        clip: The part that shows (x, y, width, height), from the imprint's top left corner; None for all.
    """

    page_id: int
    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    clip: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class SealingRequest:
    """One document to seal.

    Attributes:
        request_id: Idempotency key.
        entries: Package entries; see ``of_document`` for a finished file.
        stamps: Where the imprint stands; none for a seal that does not show.
        purpose: What the seal is used for, kept in the record of use.
        digests: SM3 of entries known beforehand.
        closes: Whether this is to be the last signature: any later addition breaks it.
    """

    request_id: str
    entries: Mapping[str, Part] = field(repr=False)
    stamps: tuple[StampPlacement, ...]
    purpose: str
    digests: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    closes: bool = False

    @classmethod
    def of_document(
        cls,
        document: bytes,
        *,
        request_id: str,
        stamps: tuple[StampPlacement, ...],
        purpose: str,
        closes: bool = False,
    ) -> SealingRequest:
        """A request to seal a finished OFD file.

        Raises:
            RefusedError: The file is no OFD package, or one that readers could see differently.
        """
        try:
            package = OfdPackage.open(document)
            entries = {name: package.read(name) for name in package.names}
        except MalformedDataError as exc:
            raise RefusedError(f"the document cannot be read: {exc}", code="seal.document") from exc
        if package.anomalies:
            raise RefusedError(
                f"the document's container is ambiguous: {package.anomalies[0].detail}", code="seal.document"
            )
        return cls(request_id, entries, stamps, purpose, closes=closes)


@dataclass(frozen=True, slots=True)
class SealHolder:
    """Who seals (签章者): the seal, the certificate in its list, and the key.

    Attributes:
        seal: SESeal, DER; its generation decides that of the signatures.
        certificate: The holder's certificate, DER.
        signer: The holder's key.
        user_id: SM2 user identity the holder signs with.
    """

    seal: bytes = field(repr=False)
    certificate: bytes = field(repr=False)
    signer: Signer
    user_id: bytes = DEFAULT_USER_ID

    @staticmethod
    def check(seal: bytes, certificate: bytes, signer: Signer, *, user_id: bytes = DEFAULT_USER_ID) -> Seal:
        """Steps a1 to a3, once for each seal taken into use.

        Raises:
            RefusedError: The seal does not verify, or certificate and key are not its holder's.
        """
        try:
            found, holder = read_seal(seal), read_certificate(certificate)
            maker = read_certificate(found.maker_certificate)
        except MalformedDataError as exc:
            raise RefusedError(f"seal or certificate does not parse: {exc}", code="seal.malformed") from exc
        if found.generation is Generation.V1:
            raise RefusedError("seals of GM/T 0031-2014 are read, not used", code="seal.generation")
        if maker.public_key is None:
            raise RefusedError("the maker's certificate holds no SM2 key", code="seal.maker-certificate")
        try:
            verify(maker.public_key, found.signed_bytes, found.signature_der, user_id=user_id)
        except InvalidSignatureError as exc:
            raise RefusedError("the maker's signature over the seal does not hold", code="seal.signature") from exc
        if certificate not in found.property.certificates:
            raise RefusedError(
                "the certificate is not in the seal's list; if it was renewed, the seal must be made anew",
                code="seal.holder-not-listed",
            )
        if holder.public_key != signer.public_key:
            raise RefusedError("the key is not that of the holder's certificate", code="seal.holder-key")
        return found


@dataclass(frozen=True, slots=True)
class PreparedSeal:
    """A document that lacks nothing but the holder's signature.

    Attributes:
        prepared: The package with its Signature.xml.
        tbs: TBS_Sign, DER.
        generation: Of the seal.
    """

    prepared: PreparedSignature
    tbs: bytes = field(repr=False)
    generation: Generation

    @property
    def document_digest(self) -> bytes:
        """SM3 of Signature.xml, which binds every covered part."""
        return self.prepared.data_hash


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """A sealed package and the value that seals it."""

    package: bytes = field(repr=False)
    signed_value: bytes = field(repr=False)


def prepare_document(request: SealingRequest, holder: SealHolder, *, at: datetime) -> PreparedSeal:
    """Steps b1 to b3.

    Args:
        request: The document.
        holder: Who seals; checked when the seal was taken into use.
        at: Signing time, UTC, whole seconds.

    Raises:
        RefusedError: The document cannot be sealed without breaking what protects it, or does not parse.
    """
    seal = _read_seal(holder.seal)
    _check_times(seal, _read_certificate(holder.certificate), at)
    try:
        prepared = prepare_signature(
            request.entries,
            kind=SignatureType.SEAL,
            provider=PROVIDER,
            at=at,
            seal=holder.seal,
            stamps=[
                OfdStamp(
                    stamp.page_id,
                    Box(stamp.x_mm, stamp.y_mm, stamp.width_mm, stamp.height_mm),
                    Box(*stamp.clip) if stamp.clip else None,
                )
                for stamp in request.stamps
            ],
            protection=Protection.WHOLE if request.closes else Protection.CONTINUE,
            digests=request.digests,
        )
    except (SigningRefusedError, MalformedDataError, ValueError) as exc:
        raise RefusedError(f"the document cannot be sealed: {exc}", code="seal.document") from exc
    tbs = tbs_sign(
        seal.generation,
        seal=holder.seal,
        at=at,
        data_hash=prepared.data_hash,
        property_info=prepared.property_info,
    )
    return PreparedSeal(prepared, tbs, seal.generation)


def complete_documents(
    prepared: Sequence[PreparedSeal], holder: SealHolder, stamper: TimeStamper | None = None
) -> list[SealedDocument]:
    """Steps b4 to b6 for a batch: signed together, every signature verified before it is used.

    Args:
        prepared: What to sign.
        holder: Who signs.
        stamper: Where to get a time stamp over each signature; none are taken without one.

    Raises:
        KeyStoreError: The key store failed, or a signature it gave does not verify.
        TimeStampError: The time stamper gave none, or one of something else.
    """
    key = holder.signer.public_key
    digests = [message_digest(key, item.tbs, user_id=holder.user_id) for item in prepared]
    signatures = holder.signer.sign_digests(digests)
    # A fault in the device could reveal the key through a wrong signature, so none leaves unverified.
    if len(signatures) != len(digests) or not all(
        verify_many([(key, digest, signature) for digest, signature in zip(digests, signatures, strict=True)])
    ):
        raise KeyStoreError("the key store gave a signature that does not verify")
    tokens: Sequence[bytes | None] = [None] * len(signatures)
    if stamper is not None:
        tokens = _time_stamps(stamper, signatures)
    sealed = []
    for item, signature, token in zip(prepared, signatures, tokens, strict=True):
        value = assemble_seal_signature(
            item.generation,
            tbs=item.tbs,
            certificate=holder.certificate,
            signature=signature,
            time_stamp=token,
        )
        sealed.append(SealedDocument(write_package(complete(item.prepared, value)), value))
    return sealed


def _time_stamps(stamper: TimeStamper, signatures: Sequence[bytes]) -> list[bytes]:
    """Tokens over ``signatures``, which is all that is looked at: whom to believe is the verifier's business."""
    tokens = stamper.time_stamps(signatures)
    if len(tokens) != len(signatures):
        raise TimeStampError(f"{len(tokens)} time stamps came for {len(signatures)} signatures")
    for token, signature in zip(tokens, signatures, strict=True):
        try:
            imprint = read_time_stamp_token(token).info.imprint
        except MalformedDataError as exc:
            raise TimeStampError(f"the time stamp does not parse: {exc}") from exc
        compute = IMPRINT_DIGESTS.get(imprint.algorithm)
        if compute is None or compute(signature) != imprint.digest:
            raise TimeStampError("the time stamp is not of this signature")
    return tokens


def seal_documents(
    requests: Sequence[SealingRequest], holder: SealHolder, *, at: datetime, stamper: TimeStamper | None = None
) -> list[bytes]:
    """Seal documents without a register: for tools and tests. ``SealService.seal`` keeps the record of use.

    Raises:
        RefusedError: The seal is not the holder's, or a document cannot be sealed.
        KeyStoreError: The key store failed.
        TimeStampError: The time stamper gave none, or one of something else.
    """
    SealHolder.check(holder.seal, holder.certificate, holder.signer, user_id=holder.user_id)
    prepared = [prepare_document(request, holder, at=at) for request in requests]
    return [document.package for document in complete_documents(prepared, holder, stamper)]


def seal_document(
    document: bytes,
    holder: SealHolder,
    *,
    at: datetime,
    stamps: tuple[StampPlacement, ...] = (),
    closes: bool = False,
    stamper: TimeStamper | None = None,
) -> bytes:
    """Seal one finished OFD file without a register; see ``seal_documents``."""
    request = SealingRequest.of_document(document, request_id="single", stamps=stamps, purpose="", closes=closes)
    return seal_documents([request], holder, at=at, stamper=stamper)[0]


# One holder seals many documents with one seal: the last few are kept parsed.
_read_seal = lru_cache(maxsize=64)(read_seal)
_read_certificate = lru_cache(maxsize=64)(read_certificate)


def _check_times(seal: Seal, certificate: Certificate, at: datetime) -> None:
    """What any verifier would refuse is not signed in the first place."""
    start, end = seal.property.valid_from, seal.property.valid_to
    if start is None or end is None or not start <= at <= end:
        raise RefusedError("the signing time is outside the seal's validity", code="seal.outside-validity")
    if not certificate.validity.not_before <= at <= certificate.validity.not_after:
        raise RefusedError("the holder's certificate is not valid at this time", code="seal.holder-certificate")
    usage = certificate.key_usage
    if usage is not None and not usage & {KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION}:
        raise RefusedError("the holder's certificate is not for signing", code="seal.holder-certificate")
