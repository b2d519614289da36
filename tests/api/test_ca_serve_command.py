"""``xinyin ca serve`` and ``xinyin ca status``: an authority's services as their operator runs them."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from api import moments
from api.status_folder import FILE, read_status_file
from crypto import DEFAULT_USER_ID, PrivateKey
from formats import oids
from formats.gbt20518 import Certificate, pem_blocks, read_certificate, to_pem
from formats.gbt20518.algorithm import public_key_info
from formats.rfc6960 import (
    CertStatus,
    OcspRequest,
    SingleResponse,
    cert_id_of,
    encode_request,
    read_response,
    responder_of,
    with_null_parameters,
)
from tests.api.conftest import Ended, Run, RunningKeyStore


@dataclass(frozen=True)
class Authority:
    """A root in a folder; its keys are in the key store."""

    folder: Path
    run: Run
    key_store: RunningKeyStore

    def ca(self, *command: object) -> Ended:
        ended = self.run("ca", *command, "--directory", self.folder, *self.key_store.with_pin)
        assert ended.status == 0, ended.err
        return ended

    @property
    def certificate(self) -> Certificate:
        shown = self.run("ca", "show", "--pem", "--directory", self.folder)
        return read_certificate(pem_blocks(shown.out)[0][1])

    def issue(self) -> Certificate:
        path = self.folder / "holder.pem"
        path.write_text(to_pem(public_key_info(PrivateKey.generate().public_key), "PUBLIC KEY"))
        issued = self.ca(
            "issue", "--public-key", path, "--profile", "seal-holder", "--subject", "C=CN, O=示例局, CN=示例局",
            "--credit-code", "11990100MB9T00011N",
        )  # fmt: skip
        return read_certificate(pem_blocks(issued.out)[0][1])

    def request(self, certificate: Certificate) -> bytes:
        cert_id = cert_id_of(certificate.serial_number, self.certificate, algorithm=oids.SHA256)
        return encode_request(OcspRequest((with_null_parameters(cert_id),)))


@pytest.fixture
def authority(run: Run, key_store: RunningKeyStore, tmp_path: Path) -> Authority:
    made = Authority(tmp_path / "ca", run, key_store)
    made.ca(
        "create",
        "--key-index",
        key_store.new_key(),
        "--subject",
        "C=CN, O=示例, CN=示例根",
        "--crl-uri",
        "http://crl.test/ca.crl",
    )
    return made


@contextmanager
def serving(authority: Authority, *options: object, settings: dict[str, object] | None = None) -> Iterator[str]:
    """``xinyin ca serve`` as a process; gives its address, and expects a clean end."""
    if settings is not None:
        (authority.folder / "server.json").write_text(json.dumps({"schema": "xinyin.server/1", **settings}))
    command = [sys.executable, "-m", "api", "ca", "serve", "--directory", authority.folder, "--json"]
    command += ["--listen", "127.0.0.1:0", *authority.key_store.with_pin, *options]
    process = subprocess.Popen(
        [str(each) for each in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        ready = json.loads(line)
        assert (ready["state"], ready["services"]) == ("ready", ["status"])
        yield f"http://{ready['listen']}"
    finally:
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in told


def fetched(url: str, body: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/ocsp-request"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def asked(address: str, authority: Authority, certificate: Certificate) -> SingleResponse:
    status, body = fetched(f"{address}/ocsp", authority.request(certificate))
    assert status == 200
    basic = read_response(body).basic
    assert basic is not None
    responder_of(basic, authority.certificate, at=moments.now(), user_id=DEFAULT_USER_ID)
    return basic.responses[0]


def test_story_of_a_status_service(authority: Authority) -> None:
    """Made, signed beforehand, served by two workers; a revocation shows within a moment; stopped cleanly."""
    index = authority.key_store.new_key()
    made = authority.ca("status", "create", "--key-index", index, "--presign", "sha256")
    assert "made the status service" in made.out
    certificate = authority.issue()
    assert "signed 3 answers" in authority.ca("status", "presign").out  # root, responder, holder
    assert "signed 0 answers" in authority.ca("status", "presign").out
    with serving(authority, "--workers", 2) as address:
        assert fetched(f"{address}/ready")[0] == 200
        assert asked(address, authority, certificate).status is CertStatus.GOOD
        serial = f"{certificate.serial_number:x}"
        revoked = authority.run(
            "ca", "revoke", serial, "--reason", "key-compromise", "--directory", authority.folder
        )
        assert revoked.status == 0
        answers = []
        for _ in range(400):
            answers.append(asked(address, authority, certificate).status)
            if answers[-20:] == [CertStatus.REVOKED] * 20:
                break
        assert answers[-1] is CertStatus.REVOKED
        assert fetched(f"{address}/nowhere")[0] == 404


@pytest.mark.slow
def test_renewed_certificate_is_taken_up(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """``renew`` does nothing while the end is far; what it issues is used by the running server."""
    authority.ca("status", "create", "--key-index", authority.key_store.new_key(), "--days", 10)
    assert "nothing to do" in authority.ca("status", "renew", "--within", 5).out
    certificate = authority.issue()
    with serving(authority) as address:
        asked(address, authority, certificate)
        before = read_status_file(authority.folder).certificate
        assert "renewed" in authority.ca("status", "renew", "--within", 30, "--days", 20).out
        after = read_status_file(authority.folder).certificate
        assert after.validity.not_after - before.validity.not_after > timedelta(days=9)
        request = encode_request(
            OcspRequest((cert_id_of(certificate.serial_number, authority.certificate),), nonce=bytes(16))
        )
        basic = read_response(fetched(f"{address}/ocsp", request)[1]).basic
        assert basic is not None
        assert basic.certificates == (after.encoded,)


def test_contradictions_keep_it_from_starting(authority: Authority) -> None:
    """Nothing to serve, another key's certificate, a file with an unknown key, an address that is taken."""

    def refused(*options: object) -> str:
        ended = authority.run(
            "ca", "serve", "--directory", authority.folder, *authority.key_store.with_pin, *options
        )
        assert ended.status in (1, 3)
        return ended.err

    assert "no service to run" in refused()
    authority.ca("status", "create", "--key-index", authority.key_store.new_key())
    assert "HOST:PORT" in refused("--listen", "nowhere")
    path = authority.folder / FILE
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "key_index": authority.key_store.new_key()}))
    assert "another key" in refused("--listen", "127.0.0.1:0")
    path.write_text(json.dumps({**content, "colour": "red"}))
    assert "colour" in refused("--listen", "127.0.0.1:0")
    path.write_text(json.dumps(content))
    (authority.folder / "server.json").write_text('{"schema": "xinyin.server/1", "workers": 0}')
    assert "workers" in refused()


def test_missing_extra_is_named(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the libraries of the server the command says which is missing and what to install."""
    authority.ca("status", "create", "--key-index", authority.key_store.new_key())
    for name in ("uvicorn", "api.http.server", "api.http.protocol", "api.http.assembly"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ended = authority.run("ca", "serve", "--directory", authority.folder)
    assert ended.status == 3
    assert "uvicorn" in ended.err
    assert "xinyin[server]" in ended.err


def test_status_service_is_made_once(authority: Authority) -> None:
    """A second ``create`` and contradicting policies are refused; the PIN's file is kept as an absolute path."""
    index = authority.key_store.new_key()
    command = ["ca", "status", "create", "--directory", authority.folder, "--key-index", index]
    command += authority.key_store.with_pin
    contradiction = authority.run(*command, "--only-presigned")
    assert contradiction.status == 3
    assert "neither beforehand nor on demand" in contradiction.err
    assert authority.run(*command, "--responder-pin-file", "here.pin").status == 0
    assert read_status_file(authority.folder).pin_file == str(Path("here.pin").resolve())
    again = authority.run(*command)
    assert again.status == 3
    assert "already" in again.err
