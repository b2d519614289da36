"""Electronic seals (电子印章) and electronic seal signatures (电子签章) as read from bytes.

GB/T 38540-2020 (generation v4), GM/T 0031-2025 (v5) and GM/T 0031-2014 (v1) describe the same two structures,
``SESeal`` and ``SES_Signature``, with small differences. Everything here is what the bytes say; nothing is
trusted yet, and every signed part is the original slice, never a re-encoding.
"""

import builtins
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from formats.signature_value import signature_as_der
from formats.tolerances import Tolerance

HEADER_ID: Final = "ES"
"""The constant in every seal's header."""


class Generation(StrEnum):
    """Which standard's shape the data has."""

    V1 = "v1"
    """GM/T 0031-2014."""
    V4 = "v4"
    """GB/T 38540-2020."""
    V5 = "v5"
    """GM/T 0031-2025."""


class CertListType(IntEnum):
    """How a seal names its signers (certListType)."""

    CERTIFICATES = 1
    DIGESTS = 2


@dataclass(frozen=True, slots=True)
class ExtData:
    """One entry of extDatas.

    Attributes:
        oid: extnID.
        critical: As encoded; FALSE if absent.
        value: Content of extnValue.
    """

    oid: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class SealPicture:
    """The imprint (SES_ESPictrueInfo).

    Attributes:
        type: Format name as written: ``png``, ``PNG``, ``ofd`` …; compare it with ``format``.
        data: The picture file; for ``ofd`` a complete OFD package whose page is the imprint.
        width_mm: Width in millimetres.
        height_mm: Height in millimetres.
    """

    type: str
    data: bytes
    width_mm: int
    height_mm: int

    @property
    def format(self) -> str:
        """``type`` in lower case; makers differ in case."""
        return self.type.lower()


@dataclass(frozen=True, slots=True)
class SealProperty:
    """What the seal is and who may use it (SES_ESPropertyInfo).

    Attributes:
        type: Seal type, a number the business defines.
        name: Seal name.
        cert_list_type: Which of the two lists follows; generation v1 knows certificates only.
        certificates: Signers' certificates, DER.
        certificate_digests: Pairs (digest name as written, digest of the DER certificate).
        created: createDate, UTC; None if the time names no zone.
        valid_from: validStart, UTC; None if the time names no zone.
        valid_to: validEnd, UTC; None if the time names no zone.
        certificate_identifiers: Entries of a v1 list that are only a name; they identify no certificate.
    """

    type: int
    name: str
    cert_list_type: CertListType
    certificates: tuple[bytes, ...]
    certificate_digests: tuple[tuple[str, bytes], ...]
    created: datetime | None
    valid_from: datetime | None
    valid_to: datetime | None
    certificate_identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seal:
    """An electronic seal (SESeal).

    Attributes:
        generation: Shape of the data.
        encoded: The seal as received.
        info_encoded: eSealInfo as received.
        signed_bytes: What the maker signed: eSealInfo; for v1 the SEQUENCE of eSealInfo, cert and algorithm.
        seal_id: esID.
        version: Version number in the header.
        vendor_id: Vid.
        property: Name, signers and validity.
        picture: The imprint.
        extensions: extDatas.
        maker_certificate: The maker's certificate, DER.
        signature_algorithm: OID as written.
        signature: The maker's signature value as received; a time stamp is over these octets.
        time_stamp: GB/T 20520 token (v5), DER, or None.
        tolerances: Departures let pass.
    """

    generation: Generation
    encoded: bytes
    info_encoded: bytes
    signed_bytes: bytes
    seal_id: str
    version: int
    vendor_id: str
    property: SealProperty
    picture: SealPicture
    extensions: tuple[ExtData, ...]
    maker_certificate: bytes
    signature_algorithm: str
    signature: bytes
    time_stamp: bytes | None
    tolerances: tuple[Tolerance, ...]

    @builtins.property  # the field above has its name from SESeal
    def signature_der(self) -> bytes:
        """``signature`` as DER SEQUENCE {r, s}; 64 raw octets are converted, all else is left as it is."""
        return signature_as_der(self.signature)


@dataclass(frozen=True, slots=True)
class SealSignature:
    """An electronic seal signature (SES_Signature).

    Attributes:
        generation: Shape of the data, that of the seal inside.
        encoded: The signature as received.
        to_sign: TBS_Sign as received: the signed bytes.
        version: Version number in TBS_Sign; the seal's header has its own.
        seal: The seal inside.
        time_info: timeInfo, UTC; None if it is unreadable or names no zone.
        time_text: timeInfo as written; empty for a v1 token.
        data_hash: dataHash, digest of the document (in OFD: of Signature.xml).
        property_info: propertyInfo, in OFD the absolute path of Signature.xml.
        extensions: extDatas of TBS_Sign; none in v1.
        signer_certificate: The signer's certificate, DER.
        signature_algorithm: OID as written.
        signature: Signature value as received; a time stamp is over these octets.
        time_stamp: GB/T 20520 token, DER, or None. In v1 it stands in timeInfo, so it is not over ``signature``.
        tolerances: Departures let pass, those of the seal included.
    """

    generation: Generation
    encoded: bytes
    to_sign: bytes
    version: int
    seal: Seal
    time_info: datetime | None
    time_text: str
    data_hash: bytes
    property_info: str
    extensions: tuple[ExtData, ...]
    signer_certificate: bytes
    signature_algorithm: str
    signature: bytes
    time_stamp: bytes | None
    tolerances: tuple[Tolerance, ...]

    @property
    def signature_der(self) -> bytes:
        """``signature`` as DER SEQUENCE {r, s}; 64 raw octets are converted, all else is left as it is."""
        return signature_as_der(self.signature)
