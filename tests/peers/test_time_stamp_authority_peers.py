"""Our time-stamp authority asked and judged by software that is not ours: OpenSSL and asn1crypto.

OpenSSL 3.0 verifies no token with an SM2 key by ``ts -verify``, for it leaves the identity out. So the same authority
stamps three times over: with RSA, which OpenSSL checks in whole (imprint, nonce, policy, ESSCertIDv2, path); with SM2
under the empty identity, which ``cms -verify`` checks with its path; and with SM2 as everybody else uses it, of which
``dgst`` checks the signature over the attributes.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crypto import DEFAULT_USER_ID
from formats import der, oids
from formats.gbt20518 import read_certificate, to_pem
from formats.gbt20520 import TokenAlgorithms, read_response, read_time_stamp_token
from formats.gbt20520.digests import imprint_of
from tests.peers.test_time_stamp_peers import make_authority
from tests.stamping_world import (
    POLICY,
    STAMPED,
    StampingPlace,
    TwoClocks,
    hierarchy,
    stamping_certificate,
    stamping_place,
)

pytestmark = pytest.mark.peer


class RsaTokenSigner:
    """A twin of the authority's signer for OpenSSL: RSA with SHA-256. Tests alone have such a thing."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)

    @property
    def algorithms(self) -> TokenAlgorithms:
        sha256 = der.sequence(der.oid(oids.SHA256))
        return TokenAlgorithms(
            sha256,
            lambda data: imprint_of(data, oids.SHA256),
            der.sequence(der.oid(oids.RSA_WITH_SHA256), der.null()),
        )

    @property
    def public_key_info(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign_all(self, attributes: Sequence[bytes]) -> list[bytes]:
        return [self.key.sign(each, padding.PKCS1v15(), hashes.SHA256()) for each in attributes]


@pytest.fixture(scope="module")
def openssl() -> str:
    path = shutil.which("openssl")
    if path is None:
        pytest.skip("the openssl command is not installed")
    version = subprocess.run([path, "version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("OpenSSL 3."):
        pytest.skip(f"these command lines are for OpenSSL 3, not {version.strip()}")
    return path


def done(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(each) for each in arguments], capture_output=True, text=True, check=False, timeout=60
    )


def asked(openssl: str, folder: Path, *options: str, data: bytes = b"data") -> bytes:
    """A request that OpenSSL makes."""
    (folder / "data").write_bytes(data)
    made = done(openssl, "ts", "-query", "-data", folder / "data", "-cert", "-out", folder / "q.tsq", *options)
    assert made.returncode == 0, made.stderr
    return (folder / "q.tsq").read_bytes()


def answered(place: StampingPlace, request: bytes, folder: Path) -> bytes:
    """The token of our answer, which is left in ``r.tsr``."""
    answer = place.authority.answer(request)
    (folder / "r.tsr").write_bytes(answer)
    token = read_response(answer).token
    assert token is not None
    (folder / "t.der").write_bytes(token)
    return token


def rsa_place(openssl: str, folder: Path) -> StampingPlace:
    signer = RsaTokenSigner()
    abroad = make_authority(openssl, folder, rsa.generate_private_key(65537, 2048), signer.key)
    certificate = read_certificate(abroad.stamper.public_bytes(Encoding.DER))
    return stamping_place(clocks=TwoClocks(abroad.started), signer=signer, certificate=certificate)


@pytest.mark.parametrize("options", [["-sm3"], ["-sha256", "-tspolicy", POLICY], ["-sm3", "-no_nonce"]])
def test_openssl_verifies_the_rsa_twin(openssl: str, tmp_path: Path, options: list[str]) -> None:
    """``openssl ts -verify`` accepts answer and path: imprint, nonce, policy, signer's name by SM3; and no other data."""
    place = rsa_place(openssl, tmp_path)
    answered(place, asked(openssl, tmp_path, *options), tmp_path)
    verify = [openssl, "ts", "-verify", "-in", tmp_path / "r.tsr", "-CAfile", tmp_path / "ca.pem"]
    assert "Verification: OK" in done(*verify, "-queryfile", tmp_path / "q.tsq").stdout
    assert "Verification: OK" in done(*verify, "-data", tmp_path / "data").stdout
    asked(openssl, tmp_path, *options, data=b"other")
    assert done(*verify, "-queryfile", tmp_path / "q.tsq").returncode != 0


def test_openssl_verifies_the_empty_identity_twin(openssl: str, tmp_path: Path) -> None:
    """``openssl cms -verify`` accepts path, purpose and SM2 signature under the empty identity, and gives TSTInfo."""
    place = stamping_place(user_id=b"")
    token = answered(place, asked(openssl, tmp_path, "-sm3"), tmp_path)
    chain = "".join(to_pem(each.encoded, "CERTIFICATE") for each in hierarchy(b"").chain)
    (tmp_path / "chain.pem").write_text(chain)
    command = [openssl, "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "t.der"]
    command += ["-CAfile", tmp_path / "chain.pem", "-purpose", "timestampsign", "-out", tmp_path / "info.der"]
    command += ["-attime", str(int(STAMPED.timestamp()))]
    verified = done(*command)
    assert verified.returncode == 0, verified.stderr
    assert (tmp_path / "info.der").read_bytes() == read_time_stamp_token(token).info.encoded
    signature = read_time_stamp_token(token).signed_data.signer.signature
    at = token.rindex(signature) + 20
    (tmp_path / "t.der").write_bytes(token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :])
    assert done(*command).returncode != 0


def test_openssl_verifies_the_signature_under_the_standard_identity(openssl: str, tmp_path: Path) -> None:
    """The signature of our answer to OpenSSL's request holds over the attributes, which bind the content by SM3."""
    token = read_time_stamp_token(answered(stamping_place(), asked(openssl, tmp_path, "-sm3"), tmp_path))
    signer = token.signed_data.signer
    (tmp_path / "attributes").write_bytes(signer.signed_attributes or b"")
    (tmp_path / "signature").write_bytes(signer.signature)
    (tmp_path / "content").write_bytes(token.info.encoded)
    (tmp_path / "key.pem").write_text(to_pem(stamping_certificate().spki, "PUBLIC KEY"))
    command: list[object] = [openssl, "dgst", "-sm3", "-verify", tmp_path / "key.pem"]
    command += ["-sigopt", f"distid:{DEFAULT_USER_ID.decode()}", "-signature", tmp_path / "signature"]
    assert "Verified OK" in done(*command, tmp_path / "attributes").stdout
    digest = done(openssl, "dgst", "-sm3", "-r", tmp_path / "content").stdout.split()[0]
    assert signer.message_digest is not None
    assert digest == signer.message_digest.hex()


def test_openssl_shows_the_whole_answer(openssl: str, tmp_path: Path) -> None:
    """``openssl ts -reply -text`` reads what we answered to its request, and what we refused."""
    place = stamping_place()
    answered(place, asked(openssl, tmp_path, "-sm3"), tmp_path)
    text = done(openssl, "ts", "-reply", "-in", tmp_path / "r.tsr", "-text").stdout
    for expected in (
        "Status: Granted.",
        f"Policy OID: {POLICY}",
        "Hash Algorithm: sm3",
        "Time stamp: Jan  1 11:00:00.25 2026 GMT",
        "Accuracy: 0x01 seconds",
        "Ordering: no",
        "TSA: DirName:/C=CN/",
    ):
        assert expected in text
    shown = {
        (("-sha1",), "unrecognized or unsupported algorithm identifier"),
        (("-sm3", "-tspolicy", "1.2.3"), "the requested TSA policy is not supported by the TSA"),
    }
    for options, reason in shown:
        (tmp_path / "r.tsr").write_bytes(place.authority.answer(asked(openssl, tmp_path, *options)))
        assert reason in done(openssl, "ts", "-reply", "-in", tmp_path / "r.tsr", "-text").stdout
    place.clocks.jump(60)
    (tmp_path / "r.tsr").write_bytes(place.authority.answer(asked(openssl, tmp_path, "-sm3")))
    text = done(openssl, "ts", "-reply", "-in", tmp_path / "r.tsr", "-text").stdout
    assert "the TSA's time source is not available" in text


def test_asn1crypto_reads_the_answer() -> None:
    """A third reader: one signer, the policy, a serial number of at most 160 bits, the certificate attached."""
    from asn1crypto import tsp

    request = tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)},
            "nonce": 77,
            "cert_req": True,
        }
    )
    answer = tsp.TimeStampResp.load(stamping_place().authority.answer(request.dump()), strict=True)
    assert answer["status"]["status"].native == "granted"
    signed: Any = answer["time_stamp_token"]["content"]
    info = signed["encap_content_info"]["content"].parsed
    assert (info["policy"].dotted, info["nonce"].native) == (POLICY, 77)
    assert 0 < info["serial_number"].native < 1 << 160
    assert abs(info["gen_time"].native - STAMPED) < timedelta(seconds=1)
    assert len(signed["signer_infos"]) == 1
    assert [each.chosen.serial_number for each in signed["certificates"]] == [stamping_certificate().serial_number]
