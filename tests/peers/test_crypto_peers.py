"""SM2, SM3 and SM4 judged by the ``openssl`` command and by pyOpenSSL, both ways, on every engine.

The command runs the same libcrypto as the ``openssl`` engine, so for that engine it shows that we call the library as
its authors do; pyOpenSSL brings an OpenSSL 4 of its own, and the ``gmssl`` engine has no code in common with either.
"""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crypto import (
    DEFAULT_USER_ID,
    InvalidSignatureError,
    PrivateKey,
    PublicKey,
    decrypt,
    encrypt,
    engines,
    hmac_sm3,
    message_digest,
    pbkdf2_sm3,
    sign,
    sign_digest,
    sm3,
    sm3_kdf,
    sm4_cbc_encrypt,
    sm4_ctr,
    verify,
    verify_digest,
)
from tests import sm2_engines

pytestmark = pytest.mark.peer

MESSAGE = b"message judged by a peer"
DISTID = "distid:" + DEFAULT_USER_ID.decode()
Openssl = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(params=sm2_engines.NAMES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> engines.Engine:
    loaded = sm2_engines.load_or_skip(request.param)
    monkeypatch.setattr(engines, "_active", loaded)
    return loaded


@pytest.fixture
def key(engine: engines.Engine) -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(scope="session")
def openssl() -> Openssl:
    """The command, with SM2 in it."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl command")

    def run(*arguments: str | Path, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [program, *map(str, arguments)], input=data, capture_output=True, check=False, timeout=60
        )

    if b"SM2" not in run("ecparam", "-list_curves").stdout:
        pytest.skip("this openssl command was built without SM2")
    return run


def _der(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    length = len(content)
    return bytes((tag,)) + (bytes((length,)) if length < 128 else bytes((0x81, length))) + content


SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")
EC_PUBLIC_KEY = bytes.fromhex("06072a8648ce3d0201")


def _pem(label: str, der: bytes) -> bytes:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n".encode()


def _private_pem(key: PrivateKey) -> bytes:
    """ECPrivateKey of RFC 5915, written here so that no code of the project is between key and peer."""
    public = _der(0xA1, _der(0x03, b"\0", key.public_key.point))
    der = _der(0x30, b"\x02\x01\x01", _der(0x04, key.scalar()), _der(0xA0, SM2_CURVE), public)
    return _pem("EC PRIVATE KEY", der)


def _public_pem(key: PublicKey) -> bytes:
    der = _der(0x30, _der(0x30, EC_PUBLIC_KEY, SM2_CURVE), _der(0x03, b"\0", key.point))
    return _pem("PUBLIC KEY", der)


@pytest.fixture
def files(key: PrivateKey, tmp_path: Path) -> dict[str, Path]:
    """Key files for the command."""
    paths = {name: tmp_path / name for name in ("private", "public", "message", "signature", "digest")}
    paths["private"].write_bytes(_private_pem(key))
    paths["public"].write_bytes(_public_pem(key.public_key))
    paths["message"].write_bytes(MESSAGE)
    return paths


def test_openssl_verifies_what_we_sign(key: PrivateKey, files: dict[str, Path], openssl: Openssl) -> None:
    """dgst and pkeyutl accept our signature, and refuse it under another identity and for another message."""
    files["signature"].write_bytes(sign(key, MESSAGE, user_id=DEFAULT_USER_ID))
    dgst = ("dgst", "-sm3", "-verify", files["public"], "-signature", files["signature"])
    assert openssl(*dgst, "-sigopt", DISTID, files["message"]).stdout == b"Verified OK\n"
    assert openssl(*dgst, "-sigopt", "distid:another", files["message"]).returncode == 1
    assert openssl(*dgst, "-sigopt", DISTID, data=MESSAGE + b"!").returncode == 1
    pkeyutl = ("pkeyutl", "-verify", "-pubin", "-inkey", files["public"], "-sigfile", files["signature"])
    ran = openssl(*pkeyutl, "-rawin", "-digest", "sm3", "-pkeyopt", DISTID, "-in", files["message"])
    assert ran.stdout == b"Signature Verified Successfully\n"


def test_we_verify_what_openssl_signs(key: PrivateKey, files: dict[str, Path], openssl: Openssl) -> None:
    """Its signature over the message verifies under the same identity only."""
    ran = openssl("dgst", "-sm3", "-sign", files["private"], "-sigopt", DISTID, files["message"])
    assert ran.returncode == 0, ran.stderr
    verify(key.public_key, MESSAGE, ran.stdout, user_id=DEFAULT_USER_ID)
    with pytest.raises(InvalidSignatureError):
        verify(key.public_key, MESSAGE, ran.stdout, user_id=b"")
    arguments = ("-rawin", "-digest", "sm3", "-pkeyopt", DISTID, "-in", files["message"])
    ran = openssl("pkeyutl", "-sign", "-inkey", files["private"], *arguments)
    assert ran.returncode == 0, ran.stderr
    verify(key.public_key, MESSAGE, ran.stdout, user_id=DEFAULT_USER_ID)


def test_signatures_over_digests_both_ways(key: PrivateKey, files: dict[str, Path], openssl: Openssl) -> None:
    """pkeyutl signs and verifies the 32 octets of e as they are, as sign_digest and verify_digest do."""
    digest = message_digest(key.public_key, MESSAGE, user_id=DEFAULT_USER_ID)
    files["digest"].write_bytes(digest)
    theirs = openssl("pkeyutl", "-sign", "-inkey", files["private"], "-in", files["digest"]).stdout
    verify_digest(key.public_key, digest, theirs)
    files["signature"].write_bytes(sign_digest(key, digest))
    pkeyutl = ("pkeyutl", "-verify", "-pubin", "-inkey", files["public"], "-sigfile", files["signature"])
    assert openssl(*pkeyutl, "-in", files["digest"]).returncode == 0


def test_encryption_both_ways(key: PrivateKey, files: dict[str, Path], openssl: Openssl) -> None:
    """What pkeyutl encrypts we open, and the other way round: the same SM2Cipher."""
    theirs = openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", files["public"], data=MESSAGE)
    assert decrypt(key, theirs.stdout) == MESSAGE
    ours = encrypt(key.public_key, MESSAGE)
    assert openssl("pkeyutl", "-decrypt", "-inkey", files["private"], data=ours).stdout == MESSAGE


def test_openssl_judges_the_edge_signatures(vectors_dir: Path, tmp_path: Path, openssl: Openssl) -> None:
    """The cases our generator calls good or bad are good or bad to software that had no part in them."""
    cases = json.loads((vectors_dir / "gbt32918" / "signatures.json").read_text("utf-8"))["cases"]
    public, signature, digest = (tmp_path / name for name in ("public", "signature", "digest"))
    differ = []
    for case in cases:
        if case["name"].startswith("encoding: cut after") and not case["name"].endswith("0 octets"):
            continue  # one in ten tells enough, a process for each is slow
        public.write_bytes(_public_pem(PublicKey(bytes.fromhex(case["public_key"]))))
        signature.write_bytes(bytes.fromhex(case["signature"]))
        digest.write_bytes(bytes.fromhex(case["digest"]))
        pkeyutl = ("pkeyutl", "-verify", "-pubin", "-inkey", public, "-sigfile", signature, "-in", digest)
        if (openssl(*pkeyutl).stdout == b"Signature Verified Successfully\n") != case["valid"]:
            differ.append(case["name"])
    assert differ == []


def test_openssl_has_the_same_sm3_and_sm4(openssl: Openssl) -> None:
    """Digest, HMAC, both key derivations, CBC and CTR: octet for octet."""
    key, iv, data = bytes(range(16)), bytes(range(16, 32)), bytes(range(256)) * 5

    def hexadecimal(*arguments: str) -> str:
        return openssl(*arguments, data=data).stdout.decode().split("= ")[-1].strip().replace(":", "").lower()

    assert hexadecimal("dgst", "-sm3") == sm3(data).hex()
    mac = hexadecimal("dgst", "-sm3", "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}")
    assert mac == hmac_sm3(key, data).hex()
    x963 = ("kdf", "-keylen", "77", "-kdfopt", "digest:SM3", "-kdfopt", f"hexsecret:{key.hex()}", "X963KDF")
    assert hexadecimal(*x963) == sm3_kdf(key, 77).hex()
    password = ("-kdfopt", "pass:password", "-kdfopt", f"hexsalt:{iv.hex()}", "-kdfopt", "iter:1000")
    pbkdf2 = ("kdf", "-keylen", "40", "-kdfopt", "digest:SM3", *password, "PBKDF2")
    assert hexadecimal(*pbkdf2) == pbkdf2_sm3(b"password", iv, 1000, 40).hex()
    for mode, ours in (("cbc", sm4_cbc_encrypt(key, iv, data)), ("ctr", sm4_ctr(key, iv, data))):
        assert openssl("enc", f"-sm4-{mode}", "-K", key.hex(), "-iv", iv.hex(), data=data).stdout == ours


def _certificate(peer: Any, subject_key: Any, issuer_name: str, subject_name: str) -> Any:
    certificate = peer.X509()
    certificate.set_version(0)  # version 1: a self-signed one may issue without any extension
    certificate.set_serial_number(1)
    certificate.get_issuer().CN = issuer_name
    certificate.get_subject().CN = subject_name
    certificate.set_notBefore(b"20260101000000Z")
    certificate.set_notAfter(b"20360101000000Z")
    certificate.set_pubkey(subject_key)
    return certificate


def _parts(peer: Any, certificate: Any) -> tuple[bytes, bytes, bytes]:
    """What is signed, the algorithm, the signature; cut by asn1crypto."""
    x509 = pytest.importorskip("asn1crypto.x509", reason="asn1crypto is not installed")
    parsed = x509.Certificate.load(peer.dump_certificate(peer.FILETYPE_ASN1, certificate), strict=True)
    signature = parsed["signature_value"].native
    return parsed["tbs_certificate"].dump(), parsed["signature_algorithm"].dump(), signature


def _long_der(tag: int, content: bytes) -> bytes:
    return bytes((tag, 0x82)) + len(content).to_bytes(2, "big") + content


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # building certificates with pyOpenSSL is deprecated
def test_pyopenssl_both_ways(key: PrivateKey) -> None:
    """A certificate it signs verifies here; one whose signature we replace by ours still passes its path check.

    It uses the default identity, so a signature of ours under another one must not pass.
    """
    peer = pytest.importorskip("OpenSSL.crypto", reason="pyOpenSSL is not installed")
    theirs = peer.load_privatekey(peer.FILETYPE_PEM, _private_pem(key))
    issuer = _certificate(peer, theirs, "issuer", "issuer")
    issuer.sign(theirs, "sm3")
    subject = _certificate(peer, theirs, "issuer", "subject")
    subject.sign(theirs, "sm3")
    tbs, algorithm, signature = _parts(peer, subject)
    verify(key.public_key, tbs, signature, user_id=DEFAULT_USER_ID)

    store = peer.X509Store()
    store.add_cert(issuer)
    store.set_time(datetime(2027, 1, 1, tzinfo=UTC))

    def judge(user_id: bytes) -> None:
        ours = _der(0x03, b"\0", sign(key, tbs, user_id=user_id))
        encoded = _long_der(0x30, tbs + algorithm + ours)
        certificate = peer.load_certificate(peer.FILETYPE_ASN1, encoded)
        peer.X509StoreContext(store, certificate).verify_certificate()

    judge(DEFAULT_USER_ID)
    with pytest.raises(peer.X509StoreContextError, match="signature"):
        judge(b"another identity")


def test_gmssl_in_c_both_ways(key: PrivateKey) -> None:
    """GmSSL's C library, which shares no code with OpenSSL: signatures, ciphertexts and key derivation."""
    peer = pytest.importorskip("gmssl_pyx", reason="gmssl-pyx (GmSSL in C) is not installed")
    scalar, point = key.scalar(), key.public_key.point[1:]
    verify(key.public_key, MESSAGE, peer.sm2_sign(scalar, point, MESSAGE), user_id=DEFAULT_USER_ID)
    verify(key.public_key, MESSAGE, peer.sm2_sign(scalar, point, MESSAGE, b"another"), user_id=b"another")
    signature = sign(key, MESSAGE, user_id=DEFAULT_USER_ID)
    assert peer.sm2_verify(point, MESSAGE, signature)
    assert not peer.sm2_verify(point, MESSAGE, signature, b"another")
    assert decrypt(key, peer.sm2_encrypt(point, MESSAGE)) == MESSAGE
    assert peer.sm2_decrypt(scalar, encrypt(key.public_key, MESSAGE)) == MESSAGE
    assert peer.sm3_kdf(MESSAGE, 77) == sm3_kdf(MESSAGE, 77)
