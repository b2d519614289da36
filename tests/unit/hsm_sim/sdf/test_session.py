"""The client over the compiled library: every function, by the standard and by each deviation."""

import os

import pytest

from crypto import (
    DEFAULT_USER_ID,
    PrivateKey,
    decrypt,
    encrypt,
    hmac_sm3,
    message_digest,
    sign_digest,
    sm3,
    sm4_gcm_encrypt,
    sm4_transform,
    verify_digest,
)
from crypto.sm4_modes import Sm4Mode
from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import (
    AccessDeniedError,
    AccessRightError,
    AlgorithmModeNotSupportedError,
    CiphertextError,
    CommunicationError,
    FileNotExistError,
    FileOffsetError,
    InputArgumentError,
    KeyNotExistError,
    MacError,
    NoBufferError,
    NotSupportedError,
    OutputArgumentError,
    UnlistedReturnCodeError,
    VerificationError,
)
from hsm_sim.sdf import SdfLibrary, read_profile
from hsm_sim.sdf.prototypes import FUNCTIONS

E = bytes(range(32))
DATA = bytes(range(160))
DEVIATIONS = {
    "standard": ((), "simulator"),
    "narrow": (("-DXINYIN_SDF_COORDINATE=32",), "narrow"),
    "length-first": (("-DXINYIN_SDF_CIPHER_LENGTH_FIRST",), "length-first"),
    "softsdf": (
        ("-DXINYIN_SDF_RIGHT_MISSING=SDR_INARGERR", "-DXINYIN_SDF_WRONG_PASSWORD=0x01000100"),
        "softsdf",
    ),
}


@pytest.fixture(params=DEVIATIONS)
def library(request, store, built):
    """The library compiled with what one vendor does otherwise, and the profile that knows it."""
    options, profile = DEVIATIONS[request.param]
    with SdfLibrary(built(*options), read_profile(profile)) as opened:
        yield opened


@pytest.fixture
def session(library, store):
    """A session with the right to index 1."""
    with library.open_session() as opened:
        opened.get_access_right(1, bytearray(store.password))
        yield opened


def test_library_has_every_function(library):
    """The compiled library exports each function the client knows, and RSA as functions that say no."""
    for name in FUNCTIONS:
        assert library._loaded._function(name) is not None, name
    with pytest.raises(NotSupportedError):
        library.call("SDF_ExportSignPublicKey_RSA", None, 1, None)


def test_device(session, store):
    """DEVICEINFO and random octets of any length."""
    info = session.device_info()
    assert (info.issuer_name, info.device_name) == ("Xinyin", "SIMULATOR")
    assert info.serial == store.client.device_info().serial
    assert (info.asymmetric_algorithms, info.asymmetric_bits) == (0x20E00, 256)
    assert len(set(session.random(10_000))) == 256


def test_signatures(session, store):
    """Exported keys are the registered ones; signatures verify inside and outside the device, altered ones nowhere."""
    assert session.public_key(1) == store.sign_key
    assert session.public_key(1, KeyUsage.ENCRYPT) == store.encrypt_key
    signature = session.sign_digest(1, E)
    verify_digest(store.sign_key, E, signature)
    session.verify_digest(1, E, signature)
    session.verify_with(store.sign_key, E, signature)
    for work in (session.verify_digest, lambda _, *rest: session.verify_with(store.sign_key, *rest)):
        with pytest.raises(VerificationError):
            work(1, bytes(32), signature)
    other = PrivateKey.generate()
    session.verify_with(other.public_key, E, sign_digest(other, E))
    with pytest.raises(KeyNotExistError):
        session.public_key(4000)


def test_encryption(session, store):
    """SM2 ciphertexts pass between library and software, both ways."""
    other = PrivateKey.generate()
    assert decrypt(other, session.encrypt_to(other.public_key, b"text")) == b"text"
    assert session.decrypt(1, encrypt(store.encrypt_key, b"x" * 100)) == b"x" * 100
    with pytest.raises(CiphertextError):
        session.decrypt(1, encrypt(other.public_key, b"text"))
    with pytest.raises(InputArgumentError):
        session.decrypt(1, b"no ciphertext")


def test_the_right(library, store):
    """Without the right nothing is signed or opened, whatever code the vendor has for it; nor after release."""
    index = 900 + list(DEVIATIONS.values()).index(
        next(d for d in DEVIATIONS.values() if d[1] == library.profile.name)
    )
    if index not in {key.index for key in store.client.list_keys()}:
        store.new_key(index)
    with library.open_session() as session:
        with pytest.raises(AccessDeniedError):
            session.sign_digest(index, E)
        with pytest.raises(AccessRightError):
            session.get_access_right(index, bytearray(b"a wrong one"))
        session.get_access_right(index, bytearray(store.password))
        session.sign_digest(index, E)
        session.release_access_right(index)
        with pytest.raises(AccessDeniedError):
            session.sign_digest(index, E)


def test_session_keys(session, library, store):
    """Keys wrapped for an index, for another and under a KEK are what software finds in them."""
    algorithms = library.profile.algorithms
    iv = bytes(16)
    key, wrapped = session.generate_key_for_index(1)
    again = session.import_key(1, wrapped)
    out = session.encrypt(key, algorithms.sm4_cbc, iv, DATA)
    assert session.encrypt(again, algorithms.sm4_cbc, iv, DATA) == out
    assert session.decrypt_with(key, algorithms.sm4_cbc, iv, out[0]) == (DATA, out[1])
    receiver = PrivateKey.generate()
    key, wrapped = session.generate_key_for(receiver.public_key)
    octets = decrypt(receiver, wrapped)
    assert session.encrypt(key, algorithms.sm4_ctr, iv, DATA) == sm4_transform(
        Sm4Mode.CTR, octets, iv, DATA, decrypting=False
    )
    assert (
        session.encrypt(key, algorithms.sm4_ecb, b"", DATA)[0]
        == sm4_transform(Sm4Mode.ECB, octets, b"", DATA, decrypting=False)[0]
    )
    assert session.mac(key, iv, DATA) == sm4_transform(Sm4Mode.CBC, octets, iv, DATA, decrypting=False)[0][-16:]
    assert session.keyed_digest(key, DATA) == hmac_sm3(octets, DATA)
    sealed, tag = session.auth_encrypt(key, bytes(12), b"aad", DATA)
    assert sealed + tag == sm4_gcm_encrypt(octets, bytes(12), DATA, b"aad")
    assert session.auth_decrypt(key, bytes(12), b"aad", tag, sealed) == DATA
    with pytest.raises(MacError):
        session.auth_decrypt(key, bytes(12), b"", tag, sealed)
    under_kek, wrapped = session.generate_key_under_kek(1, algorithms.sm4_cbc)
    again = session.import_key_under_kek(1, algorithms.sm4_cbc, wrapped)
    assert session.keyed_digest(under_kek, DATA) == session.keyed_digest(again, DATA)
    _, wrapped = session.generate_key_for_index(1)
    assert len(decrypt(receiver, session.exchange_envelope(1, receiver.public_key, wrapped))) == 16
    session.destroy_key(key)
    with pytest.raises(KeyNotExistError):
        session.keyed_digest(key, DATA)
    with pytest.raises(AlgorithmModeNotSupportedError):
        session.encrypt(again, 0x440, iv, DATA)


def test_agreement(session, library):
    """Two sessions agree on one key."""
    iv, algorithm = bytes(16), library.profile.algorithms.sm4_cbc
    with library.open_session() as other:
        other.get_access_right(1, bytearray(b"password 1"))
        agreement, sponsor = session.begin_agreement(1, b"sponsor")
        theirs, responder = other.answer_agreement(1, b"responder", b"sponsor", sponsor)
        ours = session.finish_agreement(agreement, b"responder", responder)
        assert session.encrypt(ours, algorithm, iv, DATA) == other.encrypt(theirs, algorithm, iv, DATA)


def test_digests(session, store):
    """SM3, and e with a public key and an identity, over more data than a frame takes."""
    assert session.digest(b"abc") == sm3(b"abc")
    assert session.digest(b"") == sm3(b"")
    long = os.urandom(300_000)
    e = message_digest(store.sign_key, long, user_id=DEFAULT_USER_ID)
    assert session.digest(long, key=store.sign_key, user_id=DEFAULT_USER_ID) == e


def test_files(session):
    """A file is made, written, read and deleted."""
    name = b"file of a test"
    session.create_file(name, 100)
    session.write_file(name, 10, b"content")
    assert session.read_file(name, 0, 200) == bytes(10) + b"content" + bytes(83)
    with pytest.raises(FileOffsetError):
        session.read_file(name, 101, 1)
    session.delete_file(name)
    with pytest.raises(FileNotExistError):
        session.read_file(name, 0, 1)


def test_a_vendors_code_nobody_explains_stays_a_number(store, built):
    """Under the standard's profile the code of a locked password is a number, not a guess."""
    store.new_key(950)
    path = built("-DXINYIN_SDF_WRONG_PASSWORD=0x01000099")
    with SdfLibrary(path, read_profile("standard")) as library, library.open_session() as session:
        with pytest.raises(UnlistedReturnCodeError) as caught:
            session.get_access_right(950, bytearray(b"a wrong one"))
        assert caught.value.return_code == 0x01000099


def test_the_wrong_layout_shows(store, built):
    """A profile with other sizes than the library's finds padding or points that cannot be, and hands nothing out."""
    path = built("-DXINYIN_SDF_COORDINATE=32", "-O1")
    with (
        SdfLibrary(path, read_profile("standard")) as library,
        library.open_session() as session,
        pytest.raises(OutputArgumentError),
    ):
        session.public_key(1)


def test_a_function_that_is_missing(store, built):
    """A decryption function the profile says is absent is SDR_NOTSUPPORT, as is one without the algorithm argument."""
    from dataclasses import replace

    from hsm_sim.sdf.profile import DecryptArguments

    absent = replace(read_profile("simulator"), decrypt_arguments=DecryptArguments.ABSENT)
    with SdfLibrary(built(), absent) as library, library.open_session() as session:
        with pytest.raises(NotSupportedError):
            session.decrypt(1, encrypt(store.encrypt_key, b"text"))
        with pytest.raises(NotSupportedError):
            library.call("SDF_NoSuchFunction", None)
    short = replace(read_profile("simulator"), decrypt_arguments=DecryptArguments.NO_ALGORITHM)
    path = built("-DXINYIN_SDF_DECRYPT_WITHOUT_ALGORITHM")
    with SdfLibrary(path, short) as library, library.open_session() as session:
        session.get_access_right(1, bytearray(store.password))
        assert session.decrypt(1, encrypt(store.encrypt_key, b"text")) == b"text"


def test_a_closed_session_is_no_session(library):
    """After close nothing reaches the library."""
    session = library.open_session()
    session.close()
    session.close()
    with pytest.raises(CommunicationError):
        session.random(1)


def test_the_quota_of_session_keys_reaches_the_library(session):
    """A session holds 32 keys here, as the key store was started; the next is SDR_NOBUFFER."""
    for _ in range(32):
        session.generate_key_for_index(1)
    with pytest.raises(NoBufferError):
        session.generate_key_for_index(1)
