"""The PKCS#11 client against SoftHSM, a token that is not ours; it knows P-256 and RSA, and no SM2."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, Hash
from cryptography.hazmat.primitives.serialization import load_der_public_key

from crypto import KeyStoreError, PublicKey
from hsm_sim.pkcs11 import (
    ForeignDigest,
    Pkcs11ForeignKey,
    Pkcs11Signer,
    SignatureForm,
    Token,
    TokenError,
    TokenKeyError,
    VendorProfile,
    built_in_vendor_profiles,
)
from hsm_sim.pkcs11.token import find_key

pytestmark = pytest.mark.peer
LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
LABEL, PIN = "xinyin", b"123456"
SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")
P256_CURVE = bytes.fromhex("06082a8648ce3d030107")
P384_CURVE = bytes.fromhex("06052b81040022")
HASHES = {ForeignDigest.SHA256: SHA256(), ForeignDigest.SHA384: SHA384(), ForeignDigest.SHA512: SHA512()}


@pytest.fixture(scope="module")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A token with a key pair of each kind."""
    if not LIBRARY.exists() or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed (Debian: softhsm2)")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(conf)
    made = ["--init-token", "--free", "--label", LABEL, "--pin", PIN.decode(), "--so-pin", "12345678"]
    subprocess.run(["softhsm2-util", *made], check=True, capture_output=True)
    # The module reads its configuration when it is loaded: one copy of its path for this token alone.
    library = str(LIBRARY)
    module = pkcs11.lib(library)
    module.reinitialize()
    with module.get_token(token_label=LABEL).open(rw=True, user_pin=PIN.decode()) as session:
        for name, curve in (("sm2", SM2_CURVE), ("p256", P256_CURVE), ("p384", P384_CURVE)):
            parameters = session.create_domain_parameters(
                pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: curve}, local=True
            )
            parameters.generate_keypair(store=True, label=name, mechanism=pkcs11.Mechanism.EC_KEY_PAIR_GEN)
        session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label="rsa")
        for _ in range(2):
            session.generate_keypair(pkcs11.KeyType.RSA, 1024, store=True, label="twice")
    yield library
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def token(softhsm: str) -> Iterator[Token]:
    with Token(softhsm, LABEL, PIN) as opened:
        yield opened


def sm2_key(token: Token) -> PublicKey:
    """The public half of the key on the curve of SM2; CKA_EC_POINT is an OCTET STRING."""
    kind, point = pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.Attribute.EC_POINT
    octets = token.run(lambda session: bytes(find_key(session, kind, "sm2")[point]), again=True)
    return PublicKey.from_point(octets[2:])


def digest_of(message: bytes, algorithm: ForeignDigest) -> bytes:
    hashed = Hash(HASHES[algorithm])
    hashed.update(message)
    return hashed.finalize()


@pytest.mark.parametrize("algorithm", ForeignDigest)
@pytest.mark.parametrize("label", ["p256", "rsa"])
def test_signatures_are_those_of_the_algorithm(token: Token, label: str, algorithm: ForeignDigest) -> None:
    """What SoftHSM signs verifies with other software over the message itself, under the key as we tell it."""
    key = Pkcs11ForeignKey(token, label)
    message = "电子印章".encode()
    signature = key.sign_digest(digest_of(message, algorithm), algorithm)
    public_key = load_der_public_key(key.public_key_info)
    if isinstance(public_key, rsa.RSAPublicKey):
        public_key.verify(signature, message, padding.PKCS1v15(), HASHES[algorithm])
    else:
        assert isinstance(public_key, ec.EllipticCurvePublicKey)
        utils.decode_dss_signature(signature)
        public_key.verify(signature, message, ec.ECDSA(HASHES[algorithm]))


def test_openssl_verifies_too(token: Token, tmp_path: Path) -> None:
    """The same by the command line of OpenSSL."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl")
    message, signature, public_key = (tmp_path / name for name in ("message", "signature", "key.der"))
    message.write_bytes(b"message")
    key = Pkcs11ForeignKey(token, "p256")
    signature.write_bytes(key.sign_digest(digest_of(b"message", ForeignDigest.SHA256), ForeignDigest.SHA256))
    public_key.write_bytes(key.public_key_info)
    command = ["openssl", "dgst", "-sha256", "-verify", public_key, "-keyform", "DER", "-signature", signature]
    told = subprocess.run([*command, message], capture_output=True, text=True, check=False)
    assert "Verified OK" in told.stdout, told.stderr


def test_ecdsa_on_the_curve_of_sm2_is_no_sm2(token: Token) -> None:
    """A token that takes the curve but signs ECDSA is found out by its first signature, and nothing is handed out."""
    ecdsa = VendorProfile("softhsm", "", 3, int(pkcs11.Mechanism.ECDSA), SignatureForm.RAW, ())
    signer = Pkcs11Signer(token, "sm2", sm2_key(token), ecdsa)
    with pytest.raises(KeyStoreError, match="does not verify"):
        signer.sign_digest(bytes(range(32)))
    with pytest.raises(KeyStoreError, match="does not verify"):
        signer.sign_digests([bytes(32), bytes(range(32))])


def test_vendor_mechanism_is_refused_by_a_token_without_it(token: Token) -> None:
    """SoftHSM knows no vendor's SM2 and says so."""
    signer = Pkcs11Signer(token, "sm2", sm2_key(token), built_in_vendor_profiles()["sansec"])
    with pytest.raises(TokenError, match="MechanismInvalid"):
        signer.sign_digest(bytes(32))


def test_keys_are_told_apart(token: Token) -> None:
    """A missing key, one of two of a name, one of another curve and one that is no SM2 key are refused by name."""
    for label, reason in (
        ("none", "0 keys"),
        ("twice", "2 keys"),
        ("p384", "another curve"),
        ("sm2", "another curve"),
    ):
        with pytest.raises(TokenKeyError, match=reason):
            Pkcs11ForeignKey(token, label)


def test_digest_of_another_length_is_refused(token: Token) -> None:
    """A digest is as long as its algorithm says."""
    key = Pkcs11ForeignKey(token, "p256")
    with pytest.raises(KeyStoreError):
        key.sign_digest(bytes(20), ForeignDigest.SHA256)


def test_wrong_pin_is_told_and_not_tried_again(softhsm: str) -> None:
    """Each try would count on a token that locks."""
    with Token(softhsm, LABEL, b"000000") as wrong:
        for _ in range(3):
            with pytest.raises(TokenError, match="PinIncorrect"):
                Pkcs11ForeignKey(wrong, "p256")
    with Token(softhsm, LABEL, PIN) as right:
        Pkcs11ForeignKey(right, "p256")
