"""GB/T 20518 digital certificates, revocation lists and requests with SM2 keys (X.509, RFC 5280, PKCS#10)."""

from formats.gbt20518.building import TbsCertificate, TbsCrl, assemble_certificate, assemble_crl
from formats.gbt20518.certificate import (
    Certificate,
    Validity,
    certificate_verify,
    read_certificate,
    signed_certificate,
)
from formats.gbt20518.crl import (
    Crl,
    IssuingDistributionPoint,
    RevocationReason,
    RevokedEntry,
    crl_verify,
    read_crl,
)
from formats.gbt20518.extension import Extension
from formats.gbt20518.extensions import (
    AccessDescription,
    AuthorityKeyIdentifier,
    BasicConstraints,
    KeyUsage,
    NameConstraints,
    PolicyInformation,
)
from formats.gbt20518.general_name import DistributionPoint, GeneralName, GeneralNameKind
from formats.gbt20518.name import Name, read_name
from formats.gbt20518.pem import der_or_pem, from_pem, pem_blocks, to_pem
from formats.gbt20518.request import (
    CertificationRequest,
    assemble_request,
    read_request,
    request_info,
    verify_possession,
)
from formats.gbt20518.revoked_entries import EncodedEntries

__all__ = [
    "AccessDescription",
    "AuthorityKeyIdentifier",
    "BasicConstraints",
    "Certificate",
    "CertificationRequest",
    "Crl",
    "DistributionPoint",
    "EncodedEntries",
    "Extension",
    "GeneralName",
    "GeneralNameKind",
    "IssuingDistributionPoint",
    "KeyUsage",
    "Name",
    "NameConstraints",
    "PolicyInformation",
    "RevocationReason",
    "RevokedEntry",
    "TbsCertificate",
    "TbsCrl",
    "Validity",
    "assemble_certificate",
    "assemble_crl",
    "assemble_request",
    "certificate_verify",
    "crl_verify",
    "der_or_pem",
    "from_pem",
    "pem_blocks",
    "read_certificate",
    "read_crl",
    "read_name",
    "read_request",
    "request_info",
    "signed_certificate",
    "to_pem",
    "verify_possession",
]
