"""The status service over HTTP, asked and judged by software that is not ours: OpenSSL, curl, pkilint, cryptography.

The server is the real one, in processes of its own. OpenSSL 3.0 verifies SM2 under the empty identity alone, so it
judges a twin hierarchy signed under that one; of the standard hierarchy the signature is checked over its octets.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from ca.model import SerialNumber
from crypto import DEFAULT_USER_ID, PrivateKey, SoftwareSigner
from formats.gbt20518 import Certificate, RevocationReason, to_pem
from formats.rfc6960 import CertStatus, read_response
from tests.api.http.status_server import ServedStatus
from tests.authority_world import ACTOR
from tests.peers.test_ocsp_peers import run_both
from tests.peers.test_time_stamp_peers import openssl, run
from tests.responder_world import ResponderWorld, make_responder_world, responder_certificate

pytestmark = pytest.mark.peer
__all__ = ["openssl"]


@dataclass(frozen=True)
class Asked:
    """A served hierarchy: where, files of certificates, and what is on record of them."""

    url: str
    folder: Path
    world: ResponderWorld
    serials: dict[str, SerialNumber]

    def certificate(self, name: str) -> Certificate:
        from formats.gbt20518 import read_certificate

        encoded = self.world.world.regional.record(self.serials[name]).encoded
        assert encoded is not None
        return read_certificate(encoded)

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.pem"


def _served(folder: Path, user_id: bytes) -> Iterator[Asked]:
    key = PrivateKey.generate()
    world = make_responder_world(
        user_id=user_id,
        signer=SoftwareSigner(key),
        record=str(folder / "ca.sqlite"),
        address=str(folder / "status.sqlite"),
    )
    now = datetime.now(UTC).replace(microsecond=0)  # OpenSSL and the server's process go by the machine's clock
    world.world.clock.now = now - timedelta(hours=1)
    world.certificate = responder_certificate(world.world, world.signer, key="now")
    serials = {name: world.issue() for name in ("good", "revoked", "held")}
    world.world.regional.revoke(serials["revoked"], RevocationReason.KEY_COMPROMISE, actor=ACTOR)
    world.world.regional.suspend(serials["held"], actor=ACTOR)
    served = ServedStatus(
        record=str(folder / "ca.sqlite"),
        issuer=world.issuer.encoded,
        certificate=world.certificate.encoded,
        secret=key.scalar(),
        user_id=user_id,
    )
    with served.running() as port:
        asked = Asked(f"http://127.0.0.1:{port}/ocsp", folder, world, serials)
        for name in serials:
            asked.file(name).write_text(to_pem(asked.certificate(name).encoded, "CERTIFICATE"))
        asked.file("issuer").write_text(to_pem(world.issuer.encoded, "CERTIFICATE"))
        root = world.world.root.certificate
        asked.file("root").write_text(to_pem(root.encoded, "CERTIFICATE"))
        yield asked


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """Signed under the empty identity."""
    yield from _served(tmp_path_factory.mktemp("twin"), b"")


@pytest.fixture(scope="module")
def standard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """Signed under 1234567812345678."""
    yield from _served(tmp_path_factory.mktemp("standard"), DEFAULT_USER_ID)


SAID = {"good": "good", "revoked": "revoked", "held": "revoked"}
REASONS = {"revoked": "keyCompromise", "held": "certificateHold"}


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sm3"])
@pytest.mark.parametrize("nonce", ["-nonce", "-no_nonce"])
def test_openssl_client_believes_our_answers(openssl: str, twin: Asked, digest: str, nonce: str) -> None:
    """``openssl ocsp`` asks over HTTP by every digest, with and without nonce: response verified, status as ours."""
    for name, status in SAID.items():
        told = run_both(
            openssl, "ocsp", nonce, "-issuer", twin.file("issuer"), f"-{digest}", "-cert", twin.file(name),
            "-url", twin.url, "-CAfile", twin.file("root"), "-verify_other", twin.file("issuer"), "-timeout", 20,
        )  # fmt: skip
        assert "Response verify OK" in told, told
        assert f"{twin.file(name)}: {status}" in told
        assert "WARNING" not in told
        if name in REASONS:
            assert f"Reason: {REASONS[name]}" in told


def test_openssl_client_asks_for_several_at_once(openssl: str, twin: Asked) -> None:
    """One request, three certificates by three digests, one verified answer."""
    command: list[object] = [openssl, "ocsp", "-issuer", twin.file("issuer")]
    for digest, name in zip(("sha1", "sm3", "sha256"), SAID, strict=True):
        command += [f"-{digest}", "-cert", twin.file(name)]
    told = run_both(
        *command,
        "-url",
        twin.url,
        "-CAfile",
        twin.file("root"),
        "-verify_other",
        twin.file("issuer"),
        "-timeout",
        20,
    )
    assert "Response verify OK" in told
    for name, status in SAID.items():
        assert f"{twin.file(name)}: {status}" in told


def test_openssl_client_is_told_of_a_number_never_issued(openssl: str, twin: Asked) -> None:
    """unauthorized, and no certificate is called good."""
    told = run_both(
        openssl, "ocsp", "-issuer", twin.file("issuer"), "-serial", "0x1234", "-url", twin.url, "-timeout", 20
    )
    assert "unauthorized (6)" in told
    assert "good" not in told


def _request(openssl: str, asked: Asked, name: str, digest: str = "sha256") -> bytes:
    path = asked.folder / f"{name}-{digest}.der"
    run(
        openssl, "ocsp", "-no_nonce", "-issuer", asked.file("issuer"), f"-{digest}", "-cert", asked.file(name),
        "-reqout", path,
    )  # fmt: skip
    return path.read_bytes()


def test_curl_gets_and_posts(openssl: str, standard: Asked) -> None:
    """curl gets by path and posts by body the same octets, with the headers of RFC 9919, and 304 by its ETag."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    request = _request(openssl, standard, "good")
    path = standard.folder / "request.der"
    path.write_bytes(request)
    url = f"{standard.url}/{quote(base64.b64encode(request).decode(), safe='')}"
    got = subprocess.run([curl, "-sS", "-i", url], capture_output=True, check=True, timeout=30).stdout
    head, _, body = got.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:])
    assert headers["content-type"] == "application/ocsp-response"
    assert {"etag", "expires", "last-modified", "date"} <= headers.keys()
    assert "no-transform, must-revalidate" in headers["cache-control"]
    assert "server" not in headers
    command = [curl, "-sS", "--data-binary", f"@{path}", "-H", "Content-Type: application/ocsp-request"]
    posted = subprocess.run([*command, standard.url], capture_output=True, check=True, timeout=30).stdout
    assert posted == body
    command = [curl, "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"If-None-Match: {headers['etag']}"]
    again = subprocess.run([*command, url], capture_output=True, check=True, timeout=30).stdout
    assert again == b"304"


def _answer(asked: Asked, request: bytes) -> bytes:
    posted = urllib.request.Request(asked.url, request, {"Content-Type": "application/ocsp-request"})
    with urllib.request.urlopen(posted, timeout=20) as answer:
        return bytes(answer.read())


@pytest.mark.parametrize("name", SAID)
def test_openssl_verifies_the_standard_signature(openssl: str, standard: Asked, name: str) -> None:
    """Over the octets of tbsResponseData, with the identity given: "Verified OK" by the responder's key."""
    basic = read_response(_answer(standard, _request(openssl, standard, name))).basic
    assert basic is not None
    folder = standard.folder
    (folder / "tbs.bin").write_bytes(basic.tbs)
    (folder / "sig.bin").write_bytes(basic.signature)
    (folder / "responder.pem").write_text(to_pem(basic.certificates[0], "CERTIFICATE"))
    (folder / "responder.pub").write_text(
        run(openssl, "x509", "-in", folder / "responder.pem", "-pubkey", "-noout")
    )
    told = run(
        openssl, "dgst", "-sm3", "-verify", folder / "responder.pub", "-sigopt", "distid:1234567812345678",
        "-signature", folder / "sig.bin", folder / "tbs.bin",
    )  # fmt: skip
    assert "Verified OK" in told


@pytest.mark.parametrize("name", SAID)
def test_pkilint_has_nothing_against_our_answers(openssl: str, standard: Asked, name: str) -> None:
    """No finding of pkilint's rules for OCSP responses at WARNING or above."""
    linter = Path(sys.executable).parent / "lint_ocsp_response"
    if not linter.exists():
        pytest.skip("pkilint's lint_ocsp_response is not installed")
    path = standard.folder / f"{name}-answer.der"
    path.write_bytes(_answer(standard, _request(openssl, standard, name)))
    done = subprocess.run(
        [linter, "lint", "-s", "WARNING", path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_cryptography_reads_our_answers(openssl: str, standard: Asked) -> None:
    """Status, times, reason and responder are what cryptography reads too."""
    issuer = x509.load_der_x509_certificate(standard.world.issuer.encoded)
    for name in SAID:
        encoded = _answer(standard, _request(openssl, standard, name, "sha1"))
        theirs = ocsp.load_der_ocsp_response(encoded)
        basic = read_response(encoded).basic
        assert basic is not None
        (single,) = basic.responses
        assert theirs.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
        assert theirs.serial_number == standard.serials[name].value
        assert theirs.certificate_status.name == single.status.name
        assert theirs.this_update_utc == single.this_update
        assert theirs.next_update_utc == single.next_update
        assert theirs.responder_name is not None
        assert theirs.responder_name.public_bytes() == standard.world.certificate.subject.encoded
        assert theirs.issuer_name_hash == single.cert_id.issuer_name_hash
        assert issuer.subject.public_bytes() == standard.world.issuer.subject.encoded
        if single.status is CertStatus.REVOKED:
            assert theirs.revocation_time_utc == single.revoked_at
            assert theirs.revocation_reason is not None
            assert theirs.revocation_reason.value == REASONS[name]
