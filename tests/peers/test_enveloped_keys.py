"""Escrowed keys as they leave the key store, opened by software that is not ours: gmsm and OpenSSL.

The envelope is made inside the key store's process. Each peer gets it with the recipient's private key and must come
to the private half of the public key that was provided.
"""

import base64
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.escrow_device import KeyStoreEscrow, KeyStorePoolMaker
from ca.key_management.model import EscrowSettings
from ca.key_management.register import KeyRegister
from ca.key_management.service import KeyManagementCentre
from ca.registration.ports import ProvidedKey
from crypto import PrivateKey
from formats import der
from formats.gbt35276 import ec_private_key, open_enveloped_key, read_enveloped_key
from hsm_sim import (
    DevicePolicy,
    KeyUsage,
    OfficerCredential,
    ServiceSettings,
    WrappedKeyAccess,
    initialise_key_store,
    start_key_store,
)
from tests.escrow_world import START, asked
from tests.peers.gmsm import Ask

pytestmark = pytest.mark.peer
OFFICER = OfficerCredential("zhang", b"officer secret")
PIN = b"pin of the centre"
SUBJECT = PrivateKey.generate()
Provide = Callable[[int], ProvidedKey]


@pytest.fixture(scope="module")
def provide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provide]:
    """Pairs from a centre over a key store, enveloped to ``SUBJECT``."""
    settings = ServiceSettings(tmp_path_factory.mktemp("peer") / "store")
    initialise_key_store(settings, (OFFICER,), DevicePolicy(1000, 1000), stderr=subprocess.DEVNULL)
    with start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL) as process, process.client() as client:
        register = KeyRegister(":memory:")
        with client.officer(OFFICER) as session:
            session.generate_key_pair(1, KeyUsage.SIGN, password=PIN)
            session.enable_wrapping()
            with WrappedKeyAccess(client, PIN, guard=1) as access:
                centre = KeyManagementCentre(
                    archive=register,
                    device=KeyStoreEscrow(access),
                    settings=EscrowSettings(),
                    clock=lambda: START,
                )
                centre.fill(20, KeyStorePoolMaker(session, 1), actor="zhang")
                yield lambda number: centre.provide(asked(number, subject=SUBJECT.public_key))
        register.close()


@pytest.mark.parametrize("number", range(1, 9))
def test_gmsm_opens_what_the_key_store_made(provide: Provide, ask: Ask, number: int) -> None:
    """gmsm opens the envelope, checks that the halves fit, and reports the public key that was provided."""
    provided = provide(number)
    answer = ask("enveloped key", data=provided.enveloped_key, message=SUBJECT.scalar())
    assert not answer["refused"]
    point = bytes.fromhex("04" + answer["facts"]["x"] + answer["facts"]["y"])
    assert point == provided.public_key.point


def test_gmsm_refuses_what_was_changed(provide: Provide, ask: Ask) -> None:
    """A flipped bit in the encrypted scalar, or another recipient, is refused by gmsm as by us."""
    enveloped = provide(9).enveloped_key
    spoiled = enveloped[:-1] + bytes([enveloped[-1] ^ 1])
    assert ask("enveloped key", data=spoiled, message=SUBJECT.scalar())["refused"]
    assert ask("enveloped key", data=enveloped, message=PrivateKey.generate().scalar())["refused"]


def test_we_open_what_gmsm_made(provide: Provide, ask: Ask) -> None:
    """The other way round: an envelope by gmsm opens here."""
    answer = ask("enveloped key", data=provide(10).enveloped_key, message=SUBJECT.scalar())
    made = base64.b64decode(answer["facts"]["made"])
    key = open_enveloped_key(read_enveloped_key(made), SUBJECT)
    assert key.public_key.point[1:33].hex() == answer["facts"]["madeX"]


def run_openssl(*arguments: str, given: bytes) -> bytes:
    ran = subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def openssl() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is not installed")
    listed = subprocess.run(["openssl", "list", "-cipher-algorithms"], capture_output=True, check=False)
    if b"SM4-ECB" not in listed.stdout.upper():
        pytest.skip("this openssl was built without SM4")


@pytest.mark.parametrize("number", range(11, 15))
@pytest.mark.usefixtures("openssl")
def test_openssl_opens_it_step_by_step(provide: Provide, tmp_path: Path, number: int) -> None:
    """OpenSSL decrypts the SM4 key (SM2Cipher), with it the scalar (SM4-ECB, no padding), and derives the public key."""
    provided = provide(number)
    fields = der.parse(provided.enveloped_key, what="enveloped key").sequence(4, 4)
    fields.next("symAlgID")
    cipher = fields.next("symEncryptedKey").encoded
    assert fields.next("sm2PublicKey").bits() == provided.public_key.point
    encrypted = fields.next("sm2EncryptedPrivateKey").bits()

    path = tmp_path / "recipient.der"
    path.touch(mode=0o600)
    path.write_bytes(ec_private_key(SUBJECT))
    symmetric = run_openssl("pkeyutl", "-decrypt", "-inkey", os.fspath(path), "-keyform", "DER", given=cipher)
    assert len(symmetric) == 16
    scalar = run_openssl("enc", "-d", "-sm4-ecb", "-nopad", "-K", symmetric.hex(), given=encrypted)
    assert len(scalar) == 32
    bare = der.sequence(der.integer(1), der.octet_string(scalar), der.explicit(0, der.oid("1.2.156.10197.1.301")))
    public = run_openssl("pkey", "-inform", "DER", "-pubout", "-outform", "DER", given=bare)
    assert public.endswith(provided.public_key.point)
