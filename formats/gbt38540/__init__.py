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
from formats.gbt38540.writing import assemble_seal, assemble_seal_signature, seal_info, tbs_sign

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
    "assemble_seal",
    "assemble_seal_signature",
    "read_seal",
    "read_seal_signature",
    "seal_info",
    "signed_value_kind",
    "tbs_sign",
]
