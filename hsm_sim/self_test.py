"""Self-tests at start and on demand, and the pairwise test of a new pair.

Known answers are those of the standards' own annexes: GB/T 32905 (SM3 of "abc"), GB/T 32907 (SM4 of one
block), GB/T 32918.5 (public key, e and signature of "message digest"). A device whose tests fail goes to its
error state and gives nothing out.
"""

from typing import Final

from crypto import (
    CryptoError,
    InvalidSignatureError,
    PrivateKey,
    PublicKey,
    decrypt,
    encrypt,
    message_digest,
    sign_digest,
    signature_from_raw,
    sm3,
    sm4_ecb_encrypt,
    sm4_gcm_decrypt,
    sm4_gcm_encrypt,
    verify_digest,
)
from hsm_sim.model import KeyUsage
from hsm_sim.protection import RandomOctets
from hsm_sim.return_codes import (
    DeviceError,
    PrivateKeyOperationError,
    RandomError,
    SigningError,
    SymmetricOperationError,
    VerificationError,
)

_SM3_ABC: Final = bytes.fromhex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")
_SM4_BLOCK: Final = bytes.fromhex("0123456789abcdeffedcba9876543210")
_SM4_ANSWER: Final = bytes.fromhex("681edf34d206965e86b3e94f536e4246")
_USER_ID: Final = b"1234567812345678"
_POINT: Final = bytes.fromhex(
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
_DIGEST: Final = bytes.fromhex("f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640")
_SIGNATURE: Final = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)
_PROBE: Final = bytes(range(32))


def run_self_tests(random: RandomOctets) -> None:
    """Test digest, cipher, signature, encryption and the source of random octets.

    Raises:
        DeviceError: The first test that failed, by its return code.
    """
    _random(random)
    if sm3(b"abc") != _SM3_ABC:
        raise DeviceError("SM3 gives a wrong answer")
    _symmetric()
    _asymmetric()


def _random(random: RandomOctets) -> None:
    blocks = [random(32) for _ in range(4)]
    if len(set(blocks)) != len(blocks) or any(len(block) != 32 for block in blocks):
        raise RandomError("the source repeats itself")


def _symmetric() -> None:
    nonce = bytes(12)
    sealed = sm4_gcm_encrypt(_SM4_BLOCK, nonce, _PROBE, b"probe")
    if (
        sm4_ecb_encrypt(_SM4_BLOCK, _SM4_BLOCK) != _SM4_ANSWER
        or sm4_gcm_decrypt(_SM4_BLOCK, nonce, sealed, b"probe") != _PROBE
    ):
        raise SymmetricOperationError("SM4 gives a wrong answer")


def _asymmetric() -> None:
    key = PublicKey(_POINT)
    if message_digest(key, b"message digest", user_id=_USER_ID) != _DIGEST:
        raise DeviceError("Z || M is digested wrongly")
    try:
        verify_digest(key, _DIGEST, signature_from_raw(_SIGNATURE))
    except InvalidSignatureError:
        raise VerificationError("the signature of GB/T 32918.5 is refused") from None
    try:
        verify_digest(key, _PROBE, signature_from_raw(_SIGNATURE))
    except InvalidSignatureError:
        pass
    else:
        raise VerificationError("a wrong signature is accepted")
    pair = PrivateKey.generate()
    for usage in KeyUsage:
        pairwise_test(pair, usage)
    pair.wipe()


def pairwise_test(key: PrivateKey, usage: KeyUsage) -> None:
    """Show that the halves of a pair belong together, by the use it will have.

    Raises:
        SigningError, PrivateKeyOperationError: They do not.
    """
    try:
        if usage is KeyUsage.SIGN:
            verify_digest(key.public_key, _PROBE, sign_digest(key, _PROBE))
        elif decrypt(key, encrypt(key.public_key, _PROBE)) != _PROBE:
            raise PrivateKeyOperationError("what was encrypted does not come back")
    except CryptoError as error:
        if isinstance(error, DeviceError):
            raise
        failed = SigningError if usage is KeyUsage.SIGN else PrivateKeyOperationError
        raise failed("pairwise test") from error
