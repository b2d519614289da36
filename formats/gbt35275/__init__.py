"""Signed data of GB/T 35275-2017: PKCS#7 with SM2, SM3 and object identifiers of its own."""

from formats.gbt35275.model import Attribute, Shape, SignedData, SignerInfo
from formats.gbt35275.reading import read_signed_data
from formats.gbt35275.signer_certificate import issuer_and_serial_number, signer_certificate
from formats.gbt35275.writing import assemble_signed_data, signed_attributes

__all__ = [
    "Attribute",
    "Shape",
    "SignedData",
    "SignerInfo",
    "assemble_signed_data",
    "issuer_and_serial_number",
    "read_signed_data",
    "signed_attributes",
    "signer_certificate",
]
