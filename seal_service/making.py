"""Making a seal (制章): the maker signs eSealInfo with the maker's key, GB/T 38540-2020 seal generation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crypto import DEFAULT_USER_ID, Signer, sign_message
from formats import MalformedDataError, oids
from formats.gbt20518 import Certificate, KeyUsage, read_certificate
from formats.gbt38540 import (
    CertListType,
    Generation,
    Seal,
    SealPicture,
    SealProperty,
    assemble_seal,
    read_seal,
    seal_info,
)
from seal_service.errors import RefusedError
from seal_service.seal_id import SealId

MAX_PICTURE_OCTETS: Final = 512 * 1024
"""A seal travels inside every document it seals; a larger picture would be a mistake."""


@dataclass(frozen=True, slots=True)
class MadeSeal:
    """A seal just made.

    Attributes:
        encoded: SESeal, DER.
        seal: The same, as read back from the bytes.
    """

    encoded: bytes
    seal: Seal


@dataclass(frozen=True, slots=True)
class SealMaker:
    """A seal-making unit (制章者).

    Attributes:
        certificate: The maker's certificate, DER.
        signer: The maker's key.
        vendor_id: Vid, the maker's name in the seal header, ASCII.
        generation: Which standard's seals it makes; v4 (GB/T 38540-2020) or v5 (GM/T 0031-2025).
        user_id: SM2 user identity the maker signs with.
    """

    certificate: bytes
    signer: Signer
    vendor_id: str
    generation: Generation = Generation.V4
    user_id: bytes = DEFAULT_USER_ID

    def make(
        self,
        *,
        seal_id: SealId | str,
        name: str,
        type_code: int,
        picture: SealPicture,
        holder_certificates: tuple[bytes, ...],
        valid_from: datetime,
        valid_to: datetime,
        at: datetime,
    ) -> MadeSeal:
        """Make a seal that only the given holders can use.

        Args:
            seal_id: Identifier, stored as esID.
            name: Seal name.
            type_code: Stored as the seal type.
            picture: The imprint; at most ``MAX_PICTURE_OCTETS``.
            holder_certificates: Signing certificates of the holders, DER, at least one.
            valid_from: Start of the seal's validity, UTC.
            valid_to: End of the seal's validity, UTC.
            at: Time of making (createDate), UTC.

        Raises:
            RefusedError: The request would make a seal that no verifier should accept.
        """
        certificate = _certificate(self.certificate, "maker")
        if certificate.public_key != self.signer.public_key:
            raise RefusedError("the maker's key is not that of its certificate", code="seal.maker-key")
        _check_certificate(certificate, at, "maker")
        if not holder_certificates:
            raise RefusedError("a seal needs at least one holder", code="seal.no-holder")
        for encoded in holder_certificates:
            _check_certificate(_certificate(encoded, "holder"), at, "holder")
        if not picture.data or len(picture.data) > MAX_PICTURE_OCTETS:
            raise RefusedError(f"a seal picture has 1 to {MAX_PICTURE_OCTETS} octets", code="seal.picture-size")
        if valid_to <= valid_from or valid_to <= at:
            raise RefusedError("the seal's validity ends before it can be used", code="seal.validity")
        info = seal_info(
            self.generation,
            seal_id=str(seal_id),
            vendor_id=self.vendor_id,
            property=SealProperty(
                type=type_code,
                name=name,
                cert_list_type=CertListType.CERTIFICATES,
                certificates=holder_certificates,
                certificate_digests=(),
                created=at,
                valid_from=valid_from,
                valid_to=valid_to,
            ),
            picture=picture,
        )
        signature = sign_message(self.signer, info, user_id=self.user_id)
        encoded = assemble_seal(
            self.generation, info=info, maker_certificate=self.certificate, signature=signature
        )
        return MadeSeal(encoded, read_seal(encoded))


def _certificate(encoded: bytes, role: str) -> Certificate:
    try:
        return read_certificate(encoded)
    except MalformedDataError as exc:
        raise RefusedError(
            f"the {role}'s certificate does not parse: {exc}", code=f"seal.{role}-certificate"
        ) from exc


def _check_certificate(certificate: Certificate, at: datetime, role: str) -> None:
    """Refuse a certificate that may not sign, or not now; its path is the authority's business."""
    if at.utcoffset() != timedelta(0):
        raise ValueError("times are kept in UTC")
    if certificate.public_key is None or certificate.signature_algorithm != oids.SM2_WITH_SM3:
        raise RefusedError(f"the {role}'s certificate is not an SM2 certificate", code=f"seal.{role}-certificate")
    usage = certificate.key_usage
    if usage is not None and not usage & {KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION}:
        raise RefusedError(f"the {role}'s certificate is not for signing", code=f"seal.{role}-certificate")
    if not certificate.validity.not_before <= at <= certificate.validity.not_after:
        raise RefusedError(f"the {role}'s certificate is not valid at this time", code=f"seal.{role}-certificate")
