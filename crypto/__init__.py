"""SM2, SM3 and SM4 (GB/T 32918, 32905, 32907): octets in, octets out, and the ``Signer`` protocol.

Parses no document, does no I/O, knows nothing of the rooms above. SM2 runs on an engine chosen at import,
see ``crypto.engines``.
"""

from crypto.bulk import message_digests, sign_many, sign_records, sm3_many, verify_many, verify_records
from crypto.encoding import signature_from_raw, signature_to_raw
from crypto.errors import (
    CryptoError,
    DecryptionError,
    EngineUnavailableError,
    InvalidKeyError,
    InvalidSignatureError,
    KeyStoreError,
    SigningStoppedError,
    WrongSignatureError,
)
from crypto.guarded_signer import GuardedSigner, StopRecord
from crypto.key_exchange import exchange_key
from crypto.keys import PrivateKey, PublicKey, z_value
from crypto.signer import Signer, SoftwareSigner, sign_message
from crypto.sm2 import (
    DEFAULT_USER_ID,
    decrypt,
    encrypt,
    engine_details,
    engine_name,
    message_digest,
    sign,
    sign_digest,
    verify,
    verify_digest,
)
from crypto.sm3 import HmacSm3, Sm3, hmac_sm3, pbkdf2_sm3, sm3, sm3_kdf
from crypto.sm4 import (
    sm4_cbc_decrypt,
    sm4_cbc_encrypt,
    sm4_ctr,
    sm4_ecb_decrypt,
    sm4_ecb_encrypt,
    sm4_gcm_decrypt,
    sm4_gcm_encrypt,
)
from crypto.sm4_modes import Sm4CbcMac, Sm4Mode, Sm4Stream, sm4_transform

__all__ = [
    "DEFAULT_USER_ID",
    "CryptoError",
    "DecryptionError",
    "EngineUnavailableError",
    "GuardedSigner",
    "HmacSm3",
    "InvalidKeyError",
    "InvalidSignatureError",
    "KeyStoreError",
    "PrivateKey",
    "PublicKey",
    "Signer",
    "SigningStoppedError",
    "Sm3",
    "Sm4CbcMac",
    "Sm4Mode",
    "Sm4Stream",
    "SoftwareSigner",
    "StopRecord",
    "WrongSignatureError",
    "decrypt",
    "encrypt",
    "engine_details",
    "engine_name",
    "exchange_key",
    "hmac_sm3",
    "message_digest",
    "message_digests",
    "pbkdf2_sm3",
    "sign",
    "sign_digest",
    "sign_many",
    "sign_message",
    "sign_records",
    "signature_from_raw",
    "signature_to_raw",
    "sm3",
    "sm3_kdf",
    "sm3_many",
    "sm4_cbc_decrypt",
    "sm4_cbc_encrypt",
    "sm4_ctr",
    "sm4_ecb_decrypt",
    "sm4_ecb_encrypt",
    "sm4_gcm_decrypt",
    "sm4_gcm_encrypt",
    "sm4_transform",
    "verify",
    "verify_digest",
    "verify_many",
    "verify_records",
    "z_value",
]
