"""Object identifiers as dotted strings.

Each is copied from the standards the house follows; none is invented. Names follow GM/T 0006, GB/T 33560,
GB/T 35275, GB/T 20518, RFC 5280, RFC 3161 and RFC 6960.
"""

from typing import Final

# GM/T 0006, GB/T 33560: algorithms
SM4: Final = "1.2.156.10197.1.104"
SM4_ECB: Final = "1.2.156.10197.1.104.1"
SM4_CBC: Final = "1.2.156.10197.1.104.2"
SM2_CURVE: Final = "1.2.156.10197.1.301"
SM2_SIGN: Final = "1.2.156.10197.1.301.1"
SM2_ENCRYPT: Final = "1.2.156.10197.1.301.3"
SM3: Final = "1.2.156.10197.1.401"
SM3_PLAIN: Final = "1.2.156.10197.1.401.1"
SM3_KEYED: Final = "1.2.156.10197.1.401.2"
SM2_WITH_SM3: Final = "1.2.156.10197.1.501"
SM2_WITH_SM3_MISPRINT: Final = "1.2.156.10197.501"
"""Seen in deployed code instead of ``1.2.156.10197.1.501``; read only."""
RSA_WITH_SM3: Final = "1.2.156.10197.1.504"
EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"

# Digests other than SM3, met in signature files of other makers
MD5: Final = "1.2.840.113549.2.5"
SHA1: Final = "1.3.14.3.2.26"
SHA256: Final = "2.16.840.1.101.3.4.2.1"
SHA384: Final = "2.16.840.1.101.3.4.2.2"
SHA512: Final = "2.16.840.1.101.3.4.2.3"

# Signatures of foreign time-stamp authorities (RFC 4055, RFC 5758)
RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
RSA_WITH_SHA256: Final = "1.2.840.113549.1.1.11"
RSA_WITH_SHA384: Final = "1.2.840.113549.1.1.12"
RSA_WITH_SHA512: Final = "1.2.840.113549.1.1.13"
ECDSA_WITH_SHA256: Final = "1.2.840.10045.4.3.2"
ECDSA_WITH_SHA384: Final = "1.2.840.10045.4.3.3"
ECDSA_WITH_SHA512: Final = "1.2.840.10045.4.3.4"

# GB/T 35275 content types
GBT35275_DATA: Final = "1.2.156.10197.6.1.4.2.1"
GBT35275_SIGNED_DATA: Final = "1.2.156.10197.6.1.4.2.2"

# PKCS#7 / PKCS#9
PKCS7_DATA: Final = "1.2.840.113549.1.7.1"
PKCS7_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
CHALLENGE_PASSWORD: Final = "1.2.840.113549.1.9.7"
EXTENSION_REQUEST: Final = "1.2.840.113549.1.9.14"
TIME_STAMP_TOKEN: Final = "1.2.840.113549.1.9.16.2.14"
TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.12"
"""RFC 2634: names the certificate by SHA-1; superseded by the next."""
SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"

# X.520 attribute types
COMMON_NAME: Final = "2.5.4.3"
SURNAME: Final = "2.5.4.4"
SERIAL_NUMBER: Final = "2.5.4.5"
COUNTRY: Final = "2.5.4.6"
LOCALITY: Final = "2.5.4.7"
STATE: Final = "2.5.4.8"
ORGANIZATION: Final = "2.5.4.10"
ORGANIZATIONAL_UNIT: Final = "2.5.4.11"
EMAIL_ADDRESS: Final = "1.2.840.113549.1.9.1"

# RFC 5280 extensions
SUBJECT_KEY_IDENTIFIER: Final = "2.5.29.14"
KEY_USAGE: Final = "2.5.29.15"
PRIVATE_KEY_USAGE_PERIOD: Final = "2.5.29.16"
SUBJECT_ALT_NAME: Final = "2.5.29.17"
BASIC_CONSTRAINTS: Final = "2.5.29.19"
CRL_NUMBER: Final = "2.5.29.20"
CRL_REASON: Final = "2.5.29.21"
INVALIDITY_DATE: Final = "2.5.29.24"
DELTA_CRL_INDICATOR: Final = "2.5.29.27"
ISSUING_DISTRIBUTION_POINT: Final = "2.5.29.28"
CERTIFICATE_ISSUER: Final = "2.5.29.29"
NAME_CONSTRAINTS: Final = "2.5.29.30"
CRL_DISTRIBUTION_POINTS: Final = "2.5.29.31"
CERTIFICATE_POLICIES: Final = "2.5.29.32"
AUTHORITY_KEY_IDENTIFIER: Final = "2.5.29.35"
POLICY_CONSTRAINTS: Final = "2.5.29.36"
EXTENDED_KEY_USAGE: Final = "2.5.29.37"
FRESHEST_CRL: Final = "2.5.29.46"
EXPIRED_CERTS_ON_CRL: Final = "2.5.29.60"
"""X.509 8.5.2.12: certificates that expired since stay on the list."""
AUTHORITY_INFO_ACCESS: Final = "1.3.6.1.5.5.7.1.1"
AD_OCSP: Final = "1.3.6.1.5.5.7.48.1"
AD_CA_ISSUERS: Final = "1.3.6.1.5.5.7.48.2"
OCSP_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
OCSP_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
OCSP_NO_CHECK: Final = "1.3.6.1.5.5.7.48.1.5"
OCSP_ARCHIVE_CUTOFF: Final = "1.3.6.1.5.5.7.48.1.6"
OCSP_EXTENDED_REVOKE: Final = "1.3.6.1.5.5.7.48.1.9"
KP_SERVER_AUTH: Final = "1.3.6.1.5.5.7.3.1"
KP_CLIENT_AUTH: Final = "1.3.6.1.5.5.7.3.2"
ANY_EXTENDED_KEY_USAGE: Final = "2.5.29.37.0"
KP_TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"
KP_OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"

# GM/T 0015 / GB/T 20518 identity extensions
IDENTIFY_CODE: Final = "1.2.156.10260.4.1.1"
INSURANCE_NUMBER: Final = "1.2.156.10260.4.1.2"
IC_REGISTRATION_NUMBER: Final = "1.2.156.10260.4.1.3"
ORGANIZATION_CODE: Final = "1.2.156.10260.4.1.4"
"""Several CAs put the 18-character unified social credit code here; this project does so too."""
TAXATION_NUMBER: Final = "1.2.156.10260.4.1.5"
