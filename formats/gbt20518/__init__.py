"""GB/T 20518 digital certificates, revocation lists and requests with SM2 keys (X.509, RFC 5280, PKCS#10)."""

from formats.gbt20518.certificate import Certificate, Validity, certificate_verify, read_certificate
from formats.gbt20518.extensions import (
    AccessDescription,
    AuthorityKeyIdentifier,
    BasicConstraints,
    Extension,
    KeyUsage,
    NameConstraints,
    PolicyInformation,
)
from formats.gbt20518.general_name import DistributionPoint, GeneralName, GeneralNameKind
from formats.gbt20518.name import Name, read_name

__all__ = [
    "AccessDescription",
    "AuthorityKeyIdentifier",
    "BasicConstraints",
    "Certificate",
    "DistributionPoint",
    "Extension",
    "GeneralName",
    "GeneralNameKind",
    "KeyUsage",
    "Name",
    "NameConstraints",
    "PolicyInformation",
    "Validity",
    "certificate_verify",
    "read_certificate",
    "read_name",
]
