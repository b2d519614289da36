"""A machine that has nothing but stock OpenSSL enrols: ``openssl cmp`` against our server, over HTTP.

OpenSSL 3.0 has no signature protection with SM2 keys, so it protects by the shared secret; what is signed is judged
by ``openssl dgst``, digest by digest. Its proof of possession in ir and cr is made under the empty SM2 identity.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ca.authority import authority_id
from ca.model import CertificateState, SerialNumber
from ca.register import CaRegister
from crypto import DEFAULT_USER_ID, PrivateKey
from formats.gbt20518 import Certificate, certificate_verify, pem_blocks, read_certificate, to_pem
from formats.rfc9810 import BodyKind, read_message
from tests.api.conftest import Run, RunningKeyStore, clean_environment, key_store, run
from tests.enrolment_world import IMPLICIT, machine, open_office
from tests.serving import serving

__all__ = ["clean_environment", "key_store", "run"]
pytestmark = [pytest.mark.peer, pytest.mark.slow]

SUBJECT = "/C=CN/O=Test/CN=machine-1"
NAME = "C=CN,O=Test,CN=machine-1"


@pytest.fixture(scope="module")
def openssl() -> str:
    path = shutil.which("openssl")
    if path is None:
        pytest.skip("the openssl command is not installed")
    version = subprocess.run([path, "version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("OpenSSL 3."):
        pytest.skip(f"these command lines are for OpenSSL 3, not {version.strip()}")
    return path


@dataclass
class Place:
    """An authority that is served, and a machine's folder."""

    openssl: str
    run: Run
    folder: Path
    machine: Path
    address: str = ""
    secret: str = ""

    def reference(self, name: str, *more: object) -> None:
        """A reference for the machine."""
        arguments = ["--directory", self.folder, "--profile", "device", "--subject", NAME, "--days", 90, "--json"]
        ended = self.run("ca", "enrolment", "add", name, *arguments, *more)
        assert ended.status == 0, ended.err
        self.secret = json.loads(ended.out)["secret"]

    def cmp(self, command: str, reference: str, *more: object) -> subprocess.CompletedProcess[str]:
        """``openssl cmp`` of the machine."""
        host = self.address.removeprefix("http://")
        arguments = ["-config", "", "-cmd", command, "-server", host, "-path", ".well-known/cmp"]
        arguments += [
            "-ref",
            reference,
            "-secret",
            f"pass:{self.secret}",
            "-recipient",
            "/CN=ours",
            "-msg_timeout",
            "20",
        ]
        return self.own("cmp", *arguments, *more)

    def own(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.openssl, *(str(each) for each in arguments)],
            capture_output=True, text=True, check=False, timeout=60, cwd=self.machine,
        )  # fmt: skip

    def certificate(self, name: str = "own.pem") -> Certificate:
        blocks = list(pem_blocks((self.machine / name).read_text()))
        return read_certificate(blocks[0][1])

    def state(self, certificate: Certificate) -> CertificateState:
        store = CaRegister(str(self.folder / "ca.sqlite"))
        authority = json.loads((self.folder / "authority.json").read_text())
        chain = read_certificate(b64decode(authority["chain"][0]))
        assert chain.public_key is not None
        record = store.certificate(authority_id(chain.public_key), SerialNumber(certificate.serial_number))
        store.close()
        return record.state


@pytest.fixture
def place(openssl: str, run: Run, key_store: RunningKeyStore, tmp_path: Path) -> Iterator[Place]:
    folder, machine = tmp_path / "authority", tmp_path / "machine"
    machine.mkdir()
    root = ["--subject", "C=CN,O=Test,CN=Root", "--crl-uri", "http://crl.example.cn/root.crl"]
    index = key_store.new_key()
    ended = run("ca", "create", "--directory", folder, "--key-index", index, *root, *key_store.with_pin)
    assert ended.status == 0, ended.err
    assert run("ca", "enrolment", "create", "--directory", folder).status == 0
    made = Place(openssl, run, folder, machine)
    assert made.own("genpkey", "-algorithm", "SM2", "-out", "own.key").returncode == 0
    with serving(folder, key_store.with_pin) as address:
        made.address = address
        yield made


@pytest.mark.parametrize("command", ["ir", "cr"])
def test_a_machine_enrols_by_crmf(place: Place, command: str) -> None:
    """ir and cr with an SM2 key, confirmed explicitly; the certificate verifies under ours and is on record."""
    place.reference("m-1")
    done = place.cmp(
        command, "m-1", "-newkey", "own.key", "-subject", SUBJECT, "-digest", "sm3", "-certout", "own.pem"
    )
    assert done.returncode == 0, done.stderr
    certificate = place.certificate()
    assert str(certificate.subject) == "C=CN, O=Test, CN=machine-1"
    assert place.state(certificate) is CertificateState.VALID


def test_a_machine_enrols_by_pkcs10(place: Place) -> None:
    """p10cr with a request made under the standard identity, implicitly confirmed; a second one is one too many."""
    place.reference("m-2")
    identity = f"distid:{DEFAULT_USER_ID.decode()}"
    made = place.own(
        "req", "-new", "-key", "own.key", "-sm3", "-sigopt", identity, "-subj", SUBJECT, "-out", "own.csr"
    )
    assert made.returncode == 0, made.stderr
    p10cr = ("p10cr", "m-2", "-csr", "own.csr", "-implicit_confirm")
    done = place.cmp(*p10cr, "-certout", "own.pem", "-extracertsout", "extra.pem")
    assert done.returncode == 0, done.stderr
    certificate = place.certificate()
    issuer = place.certificate("extra.pem")
    assert issuer.public_key is not None
    certificate_verify(certificate, issuer.public_key)
    assert place.state(certificate) is CertificateState.VALID
    again = place.cmp(*p10cr, "-certout", "second.pem")
    assert again.returncode != 0
    assert "used up" in again.stdout + again.stderr


def test_a_machine_revokes_its_certificate(place: Place) -> None:
    """rr under the same reference; the certificate is revoked on record, and a second time it is refused."""
    place.reference("m-3")
    enrolled = place.cmp(
        "ir", "m-3", "-newkey", "own.key", "-subject", SUBJECT, "-digest", "sm3", "-certout", "own.pem"
    )
    assert enrolled.returncode == 0, enrolled.stderr
    done = place.cmp("rr", "m-3", "-oldcert", "own.pem", "-revreason", "4")
    assert done.returncode == 0, done.stderr
    assert place.state(place.certificate()) is CertificateState.REVOKED
    assert place.cmp("rr", "m-3", "-oldcert", "own.pem", "-revreason", "4").returncode != 0


@pytest.mark.parametrize("mac", ["hmac-sha1", "hmacWithSHA256", "hmacWithSHA512"])
def test_macs_of_stock_clients(place: Place, mac: str) -> None:
    """Every HMAC that OpenSSL offers by default or by option."""
    place.reference("m-4")
    done = place.cmp(
        "ir",
        "m-4",
        "-newkey",
        "own.key",
        "-subject",
        SUBJECT,
        "-digest",
        "sm3",
        "-mac",
        mac,
        "-certout",
        "own.pem",
    )
    assert done.returncode == 0, done.stderr


def test_what_a_machine_may_not(place: Place) -> None:
    """Another secret, another subject, no proof of possession, renewal by secret: refused, and nothing is issued."""
    place.reference("m-5")
    own = ("-newkey", "own.key", "-digest", "sm3", "-certout", "none.pem", "-unprotected_errors")
    right = place.secret
    place.secret = "A" * 32
    assert place.cmp("ir", "m-5", "-subject", SUBJECT, *own).returncode != 0
    place.secret = right
    assert place.cmp("ir", "m-6", "-subject", SUBJECT, *own).returncode != 0
    other = place.cmp("ir", "m-5", "-subject", "/C=CN/O=Test/CN=machine-2", *own)
    assert "another subject" in other.stdout + other.stderr
    for popo in ("-1", "0"):
        done = place.cmp("ir", "m-5", "-subject", SUBJECT, *own, "-popo", popo)
        assert "possession" in done.stdout + done.stderr
    assert not (place.machine / "none.pem").exists()
    done = place.cmp("ir", "m-5", "-subject", SUBJECT, *own[:4], "-certout", "own.pem")
    assert done.returncode == 0, done.stderr  # none of these cost the reference its use
    renewal = place.cmp("kur", "m-5", "-oldcert", "own.pem", "-subject", SUBJECT, *own)
    assert "signed with the key" in renewal.stdout + renewal.stderr


def test_openssl_verifies_signed_messages(openssl: str, tmp_path: Path) -> None:
    """What a client and the authority sign of a renewal holds for OpenSSL under the standard identity, and no more."""
    own = machine(open_office())
    own.enrol(general_info=IMPLICIT)
    own.transaction = b""
    asked = own.by_signature(BodyKind.KUR, own.request(key=PrivateKey.generate()))
    for message in (read_message(asked), own.send(asked)):
        signer = read_certificate(message.extra_certificates[0])
        (tmp_path / "key.pem").write_text(to_pem(signer.spki, "PUBLIC KEY"))
        (tmp_path / "signature").write_bytes(message.protection or b"")
        command = [openssl, "dgst", "-sm3", "-verify", tmp_path / "key.pem", "-signature", tmp_path / "signature"]
        command += ["-sigopt", f"distid:{DEFAULT_USER_ID.decode()}", tmp_path / "protected"]
        for octets, holds in ((message.protected, True), (message.protected + b"\0", False)):
            (tmp_path / "protected").write_bytes(octets)
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            assert ("Verified OK" in done.stdout) is holds


def test_openssl_takes_our_messages_apart(openssl: str, tmp_path: Path) -> None:
    """``openssl asn1parse`` reads request and answer to their ends; a certificate lies in the answer as it is."""
    own = machine(open_office())
    asked = own.by_secret(BodyKind.IR, own.request())
    answer = own.send(asked)
    certificate = own.take(answer)
    for octets in (asked, answer.encoded):
        (tmp_path / "message").write_bytes(octets)
        command = [openssl, "asn1parse", "-inform", "DER", "-in", tmp_path / "message"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, "password based MAC" in done.stdout) == (0, True), done.stderr
    assert certificate.encoded in answer.encoded
