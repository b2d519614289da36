"""Symmetric functions and digests: values, order of steps, refusals."""

import hashlib
import hmac

import pytest

from crypto import (
    DEFAULT_USER_ID,
    PrivateKey,
    PublicKey,
    encrypt,
    message_digest,
    sm3,
    sm4_gcm_encrypt,
    sm4_transform,
)
from crypto.sm4_modes import Sm4Mode
from hsm_sim.commands import ExportPublicKey
from hsm_sim.functions.cipher_commands import (
    MAX_DATA,
    AuthDecrypt,
    AuthEncrypt,
    CalculateMac,
    Decrypt,
    Encrypt,
    OperationFinal,
    OperationInit,
    OperationKind,
    OperationUpdate,
)
from hsm_sim.functions.digest_commands import HashFinal, HashInit, HashUpdate, HmacFinal, HmacInit, HmacUpdate
from hsm_sim.functions.key_commands import ImportKeyWithIsk
from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import (
    AlgorithmModeNotSupportedError,
    AlgorithmNotSupportedError,
    InputArgumentError,
    KeyFaultError,
    KeyNotExistError,
    MacError,
    StepError,
    UserIdError,
)

KEY = b"sixteen octets.."
IV, NONCE = bytes(range(16)), bytes(range(12))
DATA = bytes(index * 5 % 256 for index in range(80))
MAC, GCM = 0x410, 0x02000400
MODES = {0x401: Sm4Mode.ECB, 0x402: Sm4Mode.CBC, 0x404: Sm4Mode.CFB, 0x408: Sm4Mode.OFB, 0x420: Sm4Mode.CTR}
ENCRYPT, DECRYPT = OperationKind.ENCRYPT, OperationKind.DECRYPT


def imported(caller, octets=KEY):
    point = PublicKey(caller.call(ExportPublicKey(1, KeyUsage.ENCRYPT)).public_key)
    return caller.call(ImportKeyWithIsk(1, encrypt(point, octets))).handle


@pytest.fixture
def key(caller):
    """A session key whose octets the test knows."""
    return imported(caller)


@pytest.mark.parametrize("algorithm", MODES)
def test_single_part(caller, key, algorithm):
    """Values are those of the mode, and the initial value comes back as what continues."""
    iv = b"" if algorithm == 0x401 else IV
    out = caller.call(Encrypt(key, algorithm, iv, DATA))
    assert (out.data, out.iv) == sm4_transform(MODES[algorithm], KEY, iv, DATA, decrypting=False)
    back = caller.call(Decrypt(key, algorithm, iv, out.data))
    assert (back.data, back.iv) == (DATA, out.iv)


@pytest.mark.parametrize("algorithm", MODES)
def test_in_parts(caller, key, algorithm):
    """Parts give what the whole gives, both ways."""
    iv = b"" if algorithm == 0x401 else IV
    whole = caller.call(Encrypt(key, algorithm, iv, DATA)).data
    for kind, data, expected in ((ENCRYPT, DATA, whole), (DECRYPT, whole, DATA)):
        caller.call(OperationInit(kind, key, algorithm, iv, b"", b"", 0))
        out = b"".join(
            caller.call(OperationUpdate(kind, part)).data for part in (data[:7], data[7:40], b"", data[40:])
        )
        last = caller.call(OperationFinal(kind))
        assert (out + last.data, last.tag) == (expected, b"")


def test_mac(caller, key):
    """The code is the last block of CBC, at once and in parts."""
    whole = caller.call(CalculateMac(key, MAC, IV, DATA))
    assert whole.data == sm4_transform(Sm4Mode.CBC, KEY, IV, DATA, decrypting=False)[0][-16:] == whole.iv
    kind = OperationKind.CALCULATE_MAC
    caller.call(OperationInit(kind, key, MAC, IV, b"", b"", 0))
    assert caller.call(OperationUpdate(kind, DATA)).data == b""
    assert caller.call(OperationFinal(kind)).tag == whole.data
    for data in (b"", DATA[:17]):
        with pytest.raises(InputArgumentError):
            caller.call(CalculateMac(key, MAC, IV, data))
        caller.call(OperationInit(kind, key, MAC, IV, b"", b"", 0))
        caller.call(OperationUpdate(kind, data))
        with pytest.raises(InputArgumentError):
            caller.call(OperationFinal(kind))


@pytest.mark.parametrize("data", [b"", DATA, DATA[:17]])
def test_gcm(caller, key, data):
    """Authenticated encryption is SM4-GCM, at once and in parts; a wrong tag gives nothing."""
    sealed = caller.call(AuthEncrypt(key, GCM, NONCE, b"aad", data))
    assert sealed.data + sealed.tag == sm4_gcm_encrypt(KEY, NONCE, data, b"aad")
    assert caller.call(AuthDecrypt(key, GCM, NONCE, b"aad", sealed.tag, sealed.data)).data == data
    kind = OperationKind.AUTH_ENCRYPT
    caller.call(OperationInit(kind, key, GCM, NONCE, b"aad", b"", len(data)))
    given = caller.call(OperationUpdate(kind, data[:9])).data + caller.call(OperationUpdate(kind, data[9:])).data
    last = caller.call(OperationFinal(kind))
    assert (given + last.data, last.tag) == (sealed.data, sealed.tag)
    kind = OperationKind.AUTH_DECRYPT
    for tag in (sealed.tag, bytes(16)):
        caller.call(OperationInit(kind, key, GCM, NONCE, b"aad", tag, 0))
        assert caller.call(OperationUpdate(kind, sealed.data)).data == b""
        if tag == sealed.tag:
            assert caller.call(OperationFinal(kind)).data == data
        else:
            with pytest.raises(MacError):
                caller.call(OperationFinal(kind))
    with pytest.raises(MacError):
        caller.call(AuthDecrypt(key, GCM, NONCE, b"", sealed.tag, sealed.data))


def test_order_of_steps(caller, key):
    """Update and Final without Init, of another kind, or after the end are SDR_STEPERR."""
    wrong_order = [OperationUpdate(ENCRYPT, DATA), OperationFinal(ENCRYPT), HashUpdate(b""), HashFinal()]
    wrong_order += [HmacUpdate(b""), HmacFinal()]
    for request in wrong_order:
        with pytest.raises(StepError):
            caller.call(request)
    caller.call(OperationInit(ENCRYPT, key, 0x402, IV, b"", b"", 0))
    for request in (OperationUpdate(DECRYPT, DATA), OperationFinal(OperationKind.CALCULATE_MAC)):
        with pytest.raises(StepError):
            caller.call(request)
    caller.call(OperationFinal(ENCRYPT))
    with pytest.raises(StepError):
        caller.call(OperationFinal(ENCRYPT))
    caller.call(HashInit(1, None, b""))
    caller.call(HashFinal())
    with pytest.raises(StepError):
        caller.call(HashFinal())


def test_a_new_init_drops_what_was_begun(caller, key):
    """One operation a session; a failed Init leaves none."""
    caller.call(OperationInit(ENCRYPT, key, 0x402, IV, b"", b"", 0))
    caller.call(OperationUpdate(ENCRYPT, DATA[:5]))
    with pytest.raises(AlgorithmNotSupportedError):
        caller.call(OperationInit(ENCRYPT, key, 0x102, IV, b"", b"", 0))
    with pytest.raises(StepError):
        caller.call(OperationUpdate(ENCRYPT, DATA))


def test_sessions_do_not_share_state(device, caller, key):
    """An operation and a digest are their session's alone."""
    other = device.session()
    caller.call(OperationInit(ENCRYPT, key, 0x402, IV, b"", b"", 0))
    caller.call(HashInit(1, None, b""))
    for request in (OperationUpdate(ENCRYPT, DATA), HashUpdate(b"x")):
        with pytest.raises(StepError):
            other.call(request)


def test_refusals(caller, key):
    """Lengths, algorithms, modes and keys have their codes."""
    long_key = imported(caller, bytes(32))
    kinds = OperationKind
    refusals = [
        (Encrypt(key, 0x402, IV, DATA[:17]), InputArgumentError),
        (Decrypt(key, 0x401, b"", DATA[:17]), InputArgumentError),
        (Encrypt(key, 0x402, IV[:15], DATA), InputArgumentError),
        (Encrypt(key, MAC, IV, DATA), AlgorithmModeNotSupportedError),
        (Encrypt(key, GCM, IV, DATA), AlgorithmModeNotSupportedError),
        (Encrypt(key, 0x440, IV, DATA), AlgorithmModeNotSupportedError),
        (Encrypt(key, 0x101, IV, DATA), AlgorithmNotSupportedError),
        (Encrypt(key, 1, IV, DATA), AlgorithmNotSupportedError),
        (Encrypt(long_key, 0x402, IV, DATA), KeyFaultError),
        (Encrypt(0, 0x402, IV, DATA), KeyNotExistError),
        (CalculateMac(key, 0x402, IV, DATA), AlgorithmModeNotSupportedError),
        (AuthEncrypt(key, 0x402, NONCE, b"", DATA), AlgorithmModeNotSupportedError),
        (AuthEncrypt(key, GCM, IV, b"", DATA), InputArgumentError),
        (AuthDecrypt(key, GCM, NONCE, b"", bytes(15), DATA), InputArgumentError),
        (OperationInit(kinds.AUTH_ENCRYPT, key, GCM, NONCE, b"", bytes(16), 0), InputArgumentError),
        (OperationInit(kinds.AUTH_DECRYPT, key, GCM, NONCE, b"", b"", 0), InputArgumentError),
        (OperationInit(ENCRYPT, key, 0x402, IV, b"aad", b"", 0), InputArgumentError),
        (OperationInit(ENCRYPT, key, 0x402, b"", b"", b"", 0), InputArgumentError),
        (HashInit(2, None, b""), AlgorithmNotSupportedError),
        (HashInit(1, None, b"id"), InputArgumentError),
        (HashInit(1, PrivateKey.generate().public_key.point, b""), UserIdError),
        (HashInit(1, b"\x04" + bytes(64), b"id"), InputArgumentError),
        (HmacInit(0, 1), KeyNotExistError),
        (HmacInit(key, 4), AlgorithmNotSupportedError),
    ]
    for request, error in refusals:
        with pytest.raises(error):
            caller.call(request)


def test_authenticated_parts_are_bounded(caller, key):
    """No more than was told, and no more than an operation takes; less than was told is refused at the end."""
    kind = OperationKind.AUTH_ENCRYPT
    caller.call(OperationInit(kind, key, GCM, NONCE, b"", b"", 10))
    with pytest.raises(InputArgumentError):
        caller.call(OperationUpdate(kind, DATA))
    with pytest.raises(StepError):
        caller.call(OperationFinal(kind))
    caller.call(OperationInit(kind, key, GCM, NONCE, b"", b"", 10))
    with pytest.raises(InputArgumentError):
        caller.call(OperationFinal(kind))
    caller.call(OperationInit(kind, key, GCM, NONCE, b"", b"", 0))
    caller.call(OperationUpdate(kind, bytes(MAX_DATA)))
    with pytest.raises(InputArgumentError):
        caller.call(OperationUpdate(kind, b"x"))


def test_incomplete_block_at_the_end(caller, key):
    """ECB and CBC in parts want whole blocks in total."""
    caller.call(OperationInit(ENCRYPT, key, 0x402, IV, b"", b"", 0))
    caller.call(OperationUpdate(ENCRYPT, DATA[:17]))
    with pytest.raises(InputArgumentError):
        caller.call(OperationFinal(ENCRYPT))


def test_digests(caller):
    """Plain SM3, and e with Z of a public key and an identity."""
    caller.call(HashInit(1, None, b""))
    for part in (b"a", b"", b"bc"):
        caller.call(HashUpdate(part))
    assert caller.call(HashFinal()).digest == sm3(b"abc")
    signer = PrivateKey.generate().public_key
    caller.call(HashInit(1, signer.point, DEFAULT_USER_ID))
    caller.call(HashUpdate(b"abc"))
    assert caller.call(HashFinal()).digest == message_digest(signer, b"abc", user_id=DEFAULT_USER_ID)


@pytest.mark.parametrize("length", [16, 64])
def test_keyed_digests(caller, length):
    """HMAC-SM3 with a session key, as Python's own hmac computes it."""
    octets = bytes(range(1, length + 1))
    caller.call(HmacInit(imported(caller, octets), 1))
    caller.call(HmacUpdate(DATA[:3]))
    caller.call(HmacUpdate(DATA[3:]))
    expected = hmac.new(octets, DATA, lambda data=b"": hashlib.new("sm3", data)).digest()
    assert caller.call(HmacFinal()).digest == expected
