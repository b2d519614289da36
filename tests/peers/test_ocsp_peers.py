"""Certificate status between the house and software that is not ours: OpenSSL, asn1crypto and cryptography.

OpenSSL's responder says its machine's time; nothing but that hour is judged here. OpenSSL 3.0 signs and verifies
SM2 responses under the empty identity alone, so it verifies ours under that one.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from crypto import DEFAULT_USER_ID, InvalidSignatureError
from formats import oids
from formats.gbt20518 import Certificate, RevocationReason, read_certificate, to_pem
from formats.rfc6960 import (
    BasicResponse,
    CertStatus,
    OcspRequest,
    ResponseStatus,
    cert_id_of,
    encode_failure,
    encode_request,
    names_certificate,
    read_request,
    read_response,
    responder_of,
    response_verify,
)
from tests.peers.test_time_stamp_peers import certified, named, openssl, run, usage
from tests.unit.formats import status_world as world
from tests.unit.formats.status_world import DAY, NOW, ca, responder, response, single, subject

pytestmark = pytest.mark.peer
__all__ = ["openssl"]
REVOKED = {
    "status": CertStatus.REVOKED,
    "revoked_at": NOW - DAY,
    "reason": RevocationReason.KEY_COMPROMISE,
}
DIGESTS = {"sha1": oids.SHA1, "sha256": oids.SHA256, "sm3": oids.SM3}


def pem(path: Path, certificate: Certificate) -> Path:
    path.write_text(to_pem(certificate.encoded, "CERTIFICATE"))
    return path


# ---------------------------------------------------------------------- ours, read by others


def test_openssl_reads_our_responses(openssl: str, tmp_path: Path) -> None:
    """``openssl ocsp -resp_text`` shows every field as we wrote it."""
    unknown = single(cert_id=cert_id_of(5, ca().certificate, algorithm=oids.SHA1), status=CertStatus.UNKNOWN)
    (tmp_path / "r.der").write_bytes(response(None, single(**REVOKED), unknown, nonce=b"\x11\x22\x33\x44"))
    text = run(openssl, "ocsp", "-noverify", "-resp_text", "-respin", tmp_path / "r.der")
    name_hash = single().cert_id.issuer_name_hash.hex().upper()
    for expected in (
        "OCSP Response Status: successful (0x0)",
        "Response Type: Basic OCSP Response",
        "Produced At: Mar  1 02:30:00 2026 GMT",
        "Hash Algorithm: sm3",
        f"Issuer Name Hash: {name_hash}",
        "Serial Number: 1234",
        "Cert Status: revoked",
        "Revocation Time: Feb 28 02:30:00 2026 GMT",
        "Revocation Reason: keyCompromise (0x1)",
        "This Update: Mar  1 01:30:00 2026 GMT",
        "Next Update: Mar  2 02:30:00 2026 GMT",
        "Hash Algorithm: sha1",
        "Cert Status: unknown",
        "OCSP Nonce:",
        "11223344",
        "Signature Algorithm: SM2-with-SM3",
    ):
        assert expected in text, expected
    (tmp_path / "f.der").write_bytes(encode_failure(ResponseStatus.UNAUTHORIZED))
    text = run_both(openssl, "ocsp", "-noverify", "-resp_text", "-respin", tmp_path / "f.der")
    assert "unauthorized (6)" in text


@pytest.mark.parametrize("by_issuer", [False, True])
def test_openssl_verifies_ours(openssl: str, tmp_path: Path, by_issuer: bool) -> None:
    """Signature, delegation and status hold for OpenSSL, whose SM2 signatures have the empty identity."""
    own = world.authority(user_id=b"")
    asked = world.holder("x", 0x77, (world.SIGNS,), issuer=own, user_id=b"")
    delegate = world.holder("y", 0x78, (world.SIGNS, world.OCSP_SIGNING), issuer=own, user_id=b"")
    said = single(cert_id=cert_id_of(0x77, own.certificate))
    encoded = response(own if by_issuer else delegate, said, user_id=b"")
    (tmp_path / "r.der").write_bytes(encoded)
    files = [pem(tmp_path / f"{index}.pem", each.certificate) for index, each in enumerate((own, asked))]
    command: list[object] = [openssl, "ocsp", "-no_nonce", "-respin", tmp_path / "r.der", "-CAfile", files[0]]
    command += ["-issuer", files[0], "-sm3", "-cert", files[1], "-attime", int(NOW.timestamp())]
    command += ["-validity_period", 10**10]
    done = run_both(*command)
    assert "Response verify OK" in done
    assert f"{files[1]}: good" in done
    changed = bytearray(encoded)
    changed[encoded.index(b"20260301023000Z") + 13] ^= 1
    (tmp_path / "r.der").write_bytes(bytes(changed))
    assert "Response Verify Failure" in run_both(*command)


def run_both(*arguments: object) -> str:
    done = subprocess.run(
        [str(each) for each in arguments], capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout + done.stderr


def test_asn1crypto_reads_ours() -> None:
    """A second reader finds the same fields."""
    from asn1crypto import ocsp as peer

    read = peer.OCSPResponse.load(response(None, single(**REVOKED), nonce=b"n" * 32), strict=True)
    assert read["response_status"].native == "successful"
    data = read.response_data
    assert data["responder_id"].chosen.untag().dump() == responder().certificate.subject.encoded
    assert data["produced_at"].native == NOW
    (said,) = data["responses"]
    assert said["cert_id"]["hash_algorithm"]["algorithm"].dotted == oids.SM3
    assert said["cert_id"]["serial_number"].native == 0x1234
    assert said["cert_status"].name == "revoked"
    assert said["cert_status"].chosen["revocation_time"].native == NOW - DAY
    assert said["cert_status"].chosen["revocation_reason"].native == "key_compromise"
    assert (said["this_update"].native, said["next_update"].native) == (NOW - timedelta(hours=1), NOW + DAY)
    assert read.nonce_value.native == b"n" * 32
    assert read.basic_ocsp_response["certs"][0].dump() == responder().certificate.encoded
    request = peer.OCSPRequest.load(encode_request(OcspRequest((single().cert_id,), b"q" * 16)), strict=True)
    assert request.nonce_value.native == b"q" * 16
    assert request["tbs_request"]["request_list"][0]["req_cert"]["serial_number"].native == 0x1234


def test_cryptography_reads_ours() -> None:
    """A third reader finds the same fields."""
    encoded = response(
        None, single(cert_id=cert_id_of(0x1234, ca().certificate, algorithm=oids.SHA256), **REVOKED), by_key=True
    )
    read = ocsp.load_der_ocsp_response(encoded)
    assert read.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    assert read.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert read.revocation_time_utc == NOW - DAY
    assert read.revocation_reason is x509.ReasonFlags.key_compromise
    assert (read.this_update_utc, read.next_update_utc) == (NOW - timedelta(hours=1), NOW + DAY)
    assert (read.produced_at_utc, read.serial_number) == (NOW, 0x1234)
    assert read.signature_algorithm_oid.dotted_string == oids.SM2_WITH_SM3
    basic = read_response(encoded).basic
    assert basic is not None
    assert (read.responder_key_hash, read.tbs_response_bytes) == (basic.responder.key_hash, basic.tbs)
    request = ocsp.load_der_ocsp_request(
        encode_request(OcspRequest((cert_id_of(7, ca().certificate, algorithm=oids.SHA1),), b"q"))
    )
    assert request.serial_number == 7


def test_openssl_reads_our_request(openssl: str, tmp_path: Path) -> None:
    """Requests both ways; OpenSSL's CertID, with its NULL parameters, is ours."""
    request = OcspRequest((single().cert_id,), b"\x11\x22\x33\x44")
    (tmp_path / "q.der").write_bytes(encode_request(request))
    text = run(openssl, "ocsp", "-reqin", tmp_path / "q.der", "-req_text")
    for expected in ("Hash Algorithm: sm3", "Serial Number: 1234", "11223344"):
        assert expected in text
    issuer, own = pem(tmp_path / "ca.pem", ca().certificate), pem(tmp_path / "own.pem", subject().certificate)
    command: list[object] = [openssl, "ocsp", "-issuer", issuer]
    for digest in DIGESTS:
        command += [f"-{digest}", "-cert", own]
    run(*command, "-reqout", tmp_path / "q.der")
    theirs = read_request((tmp_path / "q.der").read_bytes())
    assert theirs.cert_ids == tuple(
        cert_id_of(0x1234, ca().certificate, algorithm=each) for each in DIGESTS.values()
    )
    assert theirs.nonce is not None
    assert theirs.tolerances == ()


# ---------------------------------------------------------------------- theirs, read and verified by us


@dataclass
class Abroad:
    """A stand-in authority abroad with OpenSSL as its responder."""

    openssl: str
    folder: Path
    ca: Certificate
    responder: Certificate
    subjects: dict[str, Certificate]
    started: datetime

    def answer(self, request: OcspRequest, *options: object) -> BasicResponse:
        (self.folder / "q.der").write_bytes(encode_request(request))
        run(
            self.openssl, "ocsp", "-index", self.folder / "index.txt", "-CA", self.folder / "ca.pem",
            "-rsigner", self.folder / "responder.pem", "-rkey", self.folder / "responder.key",
            "-reqin", self.folder / "q.der", "-respout", self.folder / "r.der", "-ndays", 2, *options,
        )  # fmt: skip
        read = read_response((self.folder / "r.der").read_bytes()).basic
        assert read is not None
        return read


KINDS: dict[str, Any] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.fixture(scope="module", params=KINDS)
def abroad(request: pytest.FixtureRequest, openssl: str, tmp_path_factory: pytest.TempPathFactory) -> Abroad:
    folder, make = tmp_path_factory.mktemp("ocsp"), KINDS[request.param]
    started = datetime.now(UTC).replace(microsecond=0)
    ca_key, key = make(), make()
    constraints = (x509.BasicConstraints(ca=True, path_length=None), True)
    root = certified("CA", ca_key, named("CA"), ca_key, started, constraints, (usage("key_cert_sign"), True))
    purpose = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
    signs = (usage("digital_signature"), True)
    own = certified("Responder", key, root.subject, ca_key, started, signs, purpose)
    subjects = {
        name: certified(name, key, root.subject, ca_key, started, signs) for name in ("good", "lost", "other")
    }
    (folder / "ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "responder.pem").write_bytes(own.public_bytes(Encoding.PEM))
    (folder / "responder.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    until = f"{started + 100 * DAY:%y%m%d%H%M%SZ}"
    (folder / "index.txt").write_text(
        f"V\t{until}\t\t{subjects['good'].serial_number:040X}\tunknown\t/CN=good\n"
        f"R\t{until}\t{started - DAY:%y%m%d%H%M%SZ},keyCompromise\t{subjects['lost'].serial_number:040X}"
        "\tunknown\t/CN=lost\n"
    )
    (folder / "index.txt.attr").write_text("unique_subject = no\n")
    read = {name: read_certificate(each.public_bytes(Encoding.DER)) for name, each in subjects.items()}
    return Abroad(openssl, folder, ours(root), ours(own), read, started)


def ours(certificate: x509.Certificate) -> Certificate:
    return read_certificate(certificate.public_bytes(Encoding.DER))


@pytest.mark.parametrize("digest", DIGESTS)
def test_openssl_answers(abroad: Abroad, digest: str) -> None:
    """OpenSSL answers our request, by each digest; we read what it says and find who signed it."""
    names = ("good", "lost", "other")
    asked = [abroad.subjects[name] for name in names]
    request = OcspRequest(
        tuple(cert_id_of(each.serial_number, abroad.ca, algorithm=DIGESTS[digest]) for each in asked), b"n" * 32
    )
    read = abroad.answer(request)
    assert read.nonce == b"n" * 32
    assert (read.tolerances, read.unknown_critical_extensions) == ((), ())
    assert [each.status for each in read.responses] == [CertStatus.GOOD, CertStatus.REVOKED, CertStatus.UNKNOWN]
    for said, certificate in zip(read.responses, asked, strict=True):
        assert names_certificate(said.cert_id, certificate, abroad.ca)
        assert said.next_update is not None
        assert said.next_update - said.this_update == 2 * DAY
    lost = read.responses[1]
    assert (lost.revoked_at, lost.reason) == (abroad.started - DAY, RevocationReason.KEY_COMPROMISE)
    at = read.produced_at
    assert responder_of(read, abroad.ca, at=at, user_id=DEFAULT_USER_ID) == abroad.responder
    for wrong in (ca().certificate, abroad.subjects["good"]):
        with pytest.raises(InvalidSignatureError):
            responder_of(read, wrong, at=at, user_id=DEFAULT_USER_ID)


def test_openssl_by_key_and_changed(abroad: Abroad) -> None:
    """By key it is the same responder; a changed answer is nobody's."""
    request = OcspRequest((cert_id_of(abroad.subjects["good"].serial_number, abroad.ca),))
    read = abroad.answer(request, "-resp_key_id")
    assert read.responder.key_hash is not None
    assert read.nonce is None
    assert responder_of(read, abroad.ca, at=read.produced_at, user_id=b"") == abroad.responder
    encoded = bytearray((abroad.folder / "r.der").read_bytes())
    encoded[bytes(encoded).index(read.tbs) + read.tbs.index(b"\x80\x00")] = 0x82  # good becomes unknown
    changed = read_response(bytes(encoded)).basic
    assert changed is not None
    assert changed.responses[0].status is CertStatus.UNKNOWN
    with pytest.raises(InvalidSignatureError):
        response_verify(changed, abroad.responder, user_id=b"")
