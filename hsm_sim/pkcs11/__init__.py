"""A PKCS#11 token in place of the key store: SM2 by a vendor's mechanism, P-256 and RSA by the standard ones.

PKCS#11 has no SM2. Every vendor numbers it in its own way, so the numbers are data (``vendor_profile``). Needs the
library ``python-pkcs11`` (the extra ``devices``).
"""

from hsm_sim.pkcs11.errors import TokenError, TokenKeyError, TokenModuleError, TokenUnreachableError
from hsm_sim.pkcs11.foreign_key import ForeignDigest, Pkcs11ForeignKey
from hsm_sim.pkcs11.signer import Pkcs11Signer
from hsm_sim.pkcs11.token import Token
from hsm_sim.pkcs11.vendor_profile import (
    SignatureForm,
    VendorProfile,
    built_in_vendor_profiles,
    read_vendor_profile,
)

__all__ = [
    "ForeignDigest",
    "Pkcs11ForeignKey",
    "Pkcs11Signer",
    "SignatureForm",
    "Token",
    "TokenError",
    "TokenKeyError",
    "TokenModuleError",
    "TokenUnreachableError",
    "VendorProfile",
    "built_in_vendor_profiles",
    "read_vendor_profile",
]
