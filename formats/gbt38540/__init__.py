"""Electronic seals and electronic seal signatures: GB/T 38540-2020, GM/T 0031-2025 and GM/T 0031-2014."""

from formats.gbt38540.detection import SignedValueKind, signed_value_kind
from formats.gbt38540.model import (
    HEADER_ID,
    CertListType,
    ExtData,
    Generation,
    Seal,
    SealPicture,
    SealProperty,
    SealSignature,
)
from formats.gbt38540.reading import read_seal, read_seal_signature

__all__ = [
    "HEADER_ID",
    "CertListType",
    "ExtData",
    "Generation",
    "Seal",
    "SealPicture",
    "SealProperty",
    "SealSignature",
    "SignedValueKind",
    "read_seal",
    "read_seal_signature",
    "signed_value_kind",
]
