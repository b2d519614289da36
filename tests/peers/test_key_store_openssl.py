"""Signatures of the key store and ciphertexts for it, through OpenSSL's command line."""

import base64
import json
import os
import shutil
import subprocess

import pytest

from crypto import DEFAULT_USER_ID, KeyStoreError, PublicKey, message_digest
from hsm_sim import (
    DevicePolicy,
    KeyStoreSigner,
    KeyUsage,
    OfficerCredential,
    ServiceSettings,
    initialise_key_store,
    start_key_store,
)
from hsm_sim.custody.log_files import write_log
from hsm_sim.custody.shares import Custodian, ShareFile

pytestmark = pytest.mark.peer
OFFICER = OfficerCredential("zhang", b"officer secret")
PASSWORD = b"password 1"
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
"""SubjectPublicKeyInfo of an SM2 key up to the point."""


@pytest.fixture(scope="module")
def openssl():
    path = shutil.which("openssl")
    if path is None:
        pytest.skip("the openssl command is not installed")
    listed = subprocess.run([path, "list", "-public-key-algorithms"], capture_output=True, text=True, check=False)
    if "SM2" not in listed.stdout:
        pytest.skip("this openssl was built without SM2")
    return path


@pytest.fixture(scope="module")
def key_store(tmp_path_factory):
    settings = ServiceSettings(tmp_path_factory.mktemp("peer") / "store")
    initialise_key_store(settings, (OFFICER,), DevicePolicy(1000, 1000), stderr=subprocess.DEVNULL)
    with start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL) as process, process.client() as client:
        with client.officer(OFFICER) as officer:
            officer.generate_key_pair(1, KeyUsage.SIGN, password=PASSWORD)
            officer.generate_key_pair(1, KeyUsage.ENCRYPT)
        yield client


def write_public_key(path, key: PublicKey) -> None:
    path.write_bytes(SPKI + key.point)


@pytest.mark.parametrize("count", [1, 3])
def test_openssl_accepts_signatures(openssl, key_store, tmp_path, count):
    """A signature over e = SM3(Z || M) by the device, alone and in a batch, is one over M for OpenSSL; not over M'."""
    key = key_store.public_key(1)
    write_public_key(tmp_path / "key.der", key)
    messages = [os.urandom(100) for _ in range(count)]
    with KeyStoreSigner(key_store, 1, PASSWORD, key) as signer:
        digests = [message_digest(key, message, user_id=DEFAULT_USER_ID) for message in messages]
        signatures = [signer.sign_digest(digests[0])] if count == 1 else signer.sign_digests(digests)
    for message, signature in zip(messages, signatures, strict=True):
        (tmp_path / "sig").write_bytes(signature)
        for content, status in ((message, 0), (message + b"x", 1)):
            (tmp_path / "message").write_bytes(content)
            command = [openssl, "dgst", "-sm3", "-keyform", "DER", "-verify", str(tmp_path / "key.der")]
            command += ["-sigopt", "distid:1234567812345678", "-signature", str(tmp_path / "sig")]
            done = subprocess.run([*command, str(tmp_path / "message")], capture_output=True, check=False)
            assert done.returncode == status, done.stderr


def test_key_store_opens_what_openssl_encrypted(openssl, key_store, tmp_path):
    """A ciphertext by OpenSSL for the exported encryption key comes back in clear from the device."""
    write_public_key(tmp_path / "key.der", key_store.public_key(1, KeyUsage.ENCRYPT))
    (tmp_path / "plain").write_bytes(b"sixteen octets..")
    command = [openssl, "pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", str(tmp_path / "key.der")]
    subprocess.run([*command, "-in", str(tmp_path / "plain"), "-out", str(tmp_path / "cipher")], check=True)
    ciphertext = (tmp_path / "cipher").read_bytes()
    with key_store.open_session() as session:
        session.get_access_right(1, PASSWORD)
        assert session.decrypt(1, ciphertext) == b"sixteen octets.."
        with pytest.raises(KeyStoreError):
            session.decrypt(1, ciphertext[:-1] + bytes((ciphertext[-1] ^ 1,)))


def sm3_of(openssl, data: bytes) -> bytes:
    return subprocess.run([openssl, "dgst", "-sm3", "-binary"], input=data, capture_output=True, check=True).stdout


def test_openssl_follows_the_signed_log(openssl, key_store, tmp_path):
    """The exported log, by its page in the reference alone: OpenSSL computes the chain and accepts the device's word."""
    with key_store.officer(OFFICER) as officer:
        last = officer.sign_log()
        entries = officer.audit_log()[: last.length]
    key = PublicKey(key_store.device_info().device_public_key)
    lines = [json.loads(line) for line in write_log(entries, key.point, last)]
    head = sm3_of(openssl, b"xinyin key store audit" + lines[0]["serial"].encode())
    for line in lines[1:-1]:
        head = sm3_of(openssl, head + base64.b64decode(line["octets"]))
    assert head.hex() == lines[-1]["head"]
    write_public_key(tmp_path / "key.der", key)
    (tmp_path / "sig").write_bytes(bytes.fromhex(lines[-1]["signature"]))
    length = lines[-1]["length"].to_bytes(8, "big")
    for serial, status in ((lines[0]["serial"], 0), ("20200101SIM00000", 1)):
        said = b"xinyin key store checkpoint\0" + serial.encode() + length + head
        (tmp_path / "message").write_bytes(said)
        command = [openssl, "dgst", "-sm3", "-keyform", "DER", "-verify", str(tmp_path / "key.der")]
        command += ["-sigopt", "distid:1234567812345678", "-signature", str(tmp_path / "sig")]
        done = subprocess.run([*command, str(tmp_path / "message")], capture_output=True, check=False)
        assert done.returncode == status, done.stderr


def test_openssl_opens_a_share_file(openssl, key_store):
    """A commitment of a share file is OpenSSL's SM3 of what the page says, and the set's name that of all of them."""
    custodians = [Custodian(name, f"passphrase of {name}".encode()) for name in ("chen", "liu", "sun")]
    with key_store.officer(OFFICER) as officer:
        files = officer.split_master(2, custodians)
    for x, (data, custodian) in enumerate(zip(files, custodians, strict=True), 1):
        told = json.loads(data)
        share = ShareFile.from_json(data).opened(custodian.passphrase)
        said = b"xinyin custody share\0" + bytes((x,)) + share
        assert sm3_of(openssl, said).hex() == told["commitments"][x - 1]
    told = json.loads(files[0])
    names = b"".join(len(n.encode()).to_bytes(2, "big") + n.encode() for n in told["custodians"])
    commitments = b"".join(bytes.fromhex(each) for each in told["commitments"])
    said = b"xinyin custody set\0shamir-gf256-11b\0" + bytes((told["threshold"],))
    said += (3).to_bytes(4, "big") + names + (3).to_bytes(4, "big") + commitments
    said += bytes.fromhex(told["secret_commitment"])
    assert sm3_of(openssl, said)[:16].hex() == told["set"]
