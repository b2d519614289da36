"""One certificate of every end-entity profile, judged by OpenSSL, pyOpenSSL, pkilint and asn1crypto."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from crypto import DEFAULT_USER_ID
from formats.gbt20518 import Certificate, to_pem
from tests.authority_world import ACTOR, START, World, make_world
from tests.profile_requests import END_ENTITIES, HOST, request_for

pytestmark = pytest.mark.peer

MOMENT = int(START.timestamp()) + 3600


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


@pytest.fixture(scope="module")
def certificates(world: World) -> dict[str, Certificate]:
    return dict(
        zip(
            END_ENTITIES,
            world.regional.issue_many([request_for(name) for name in END_ENTITIES], actor=ACTOR),
            strict=True,
        )
    )


@pytest.fixture(scope="module")
def files(world: World, certificates: dict[str, Certificate], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profiles")
    for name, certificate in {**certificates, "sub": world.regional.certificate}.items():
        (folder / f"{name}.pem").write_text(to_pem(certificate.encoded, "CERTIFICATE"))
    return folder


def _openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    path = shutil.which("openssl")
    if path is None:
        pytest.skip("the openssl command is not installed")
    return subprocess.run([path, *arguments], capture_output=True, text=True, check=False)


def _verify(files: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    link = ["-vfyopt", "distid:" + DEFAULT_USER_ID.decode("ascii"), "-partial_chain", "-attime", str(MOMENT)]
    return _openssl("verify", "-x509_strict", *link, "-trusted", str(files / "sub.pem"), *arguments)


@pytest.mark.parametrize("name", END_ENTITIES)
def test_openssl_verifies_every_profile(files: Path, name: str) -> None:
    """Signature and strict checks under the issuing authority, for one certificate of each profile."""
    result = _verify(files, str(files / f"{name}.pem"))
    assert result.returncode == 0, result.stderr


def test_openssl_takes_the_server_for_its_names_only(files: Path) -> None:
    """A server's certificate is good for its host name, both addresses and the purpose, and for no other host."""
    server = str(files / "tls-server.pem")
    for accepted in (["-verify_hostname", HOST], ["-verify_ip", "192.0.2.7"], ["-verify_ip", "2001:db8::7"]):
        assert _verify(files, "-purpose", "sslserver", *accepted, server).returncode == 0
    assert "hostname mismatch" in _verify(files, "-verify_hostname", "other.test.cn", server).stderr
    assert _verify(files, "-purpose", "sslclient", server).returncode != 0
    assert _verify(files, "-purpose", "sslclient", str(files / "registration-operator.pem")).returncode == 0


def test_openssl_prints_names_and_usage_of_a_pair(files: Path) -> None:
    """Signing and encryption certificates say opposite things of their keys."""
    texts = [
        _openssl("x509", "-in", str(files / f"{name}.pem"), "-noout", "-text", "-certopt", "ext_error").stdout
        for name in ("person-signing", "person-encryption")
    ]
    assert "Digital Signature, Non Repudiation\n" in texts[0]
    assert "Key Encipherment, Data Encipherment, Key Agreement\n" in texts[1]
    assert all("email:jia@test.cn" in text for text in texts)


def test_pkilint_has_nothing_against_any_profile(certificates: dict[str, Certificate]) -> None:
    """No finding of pkilint's PKIX rules at WARNING or above, but one: RFC 5480 3 knows no encryption with keys on
    curves and so forbids keyEncipherment, which GB/T 20518 asks for in SM2 encryption certificates."""
    loader = pytest.importorskip("pkilint.loader", reason="pkilint is not installed")
    from pkilint.pkix import certificate as rules
    from pkilint.pkix import extension, name
    from pkilint.validation import ValidationFindingSeverity

    validator = rules.create_pkix_certificate_validator_container(
        rules.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            rules.create_issuer_validator_container([]),
            rules.create_validity_validator_container(),
            rules.create_subject_validator_container([]),
            rules.create_extensions_validator_container([]),
            rules.create_spki_validator_container([]),
        ],
    )
    for profile, certificate in certificates.items():
        document = loader.RFC5280CertificateDocumentLoader().load_der_document(certificate.encoded, profile)
        findings = [
            str(finding.finding.code)
            for result in validator.validate(document.root)
            for finding in result.finding_descriptions
            if finding.finding.severity <= ValidationFindingSeverity.WARNING  # worse ones have lower values
        ]
        assert findings == (["pkix.key_usage_value_prohibited_for_ec"] if "encryption" in profile else []), profile


def test_asn1crypto_parses_every_profile(certificates: dict[str, Certificate]) -> None:
    """Another parser reads each certificate to the end and finds the same names."""
    x509 = pytest.importorskip("asn1crypto.x509", reason="asn1crypto is not installed")
    for certificate in certificates.values():
        theirs = x509.Certificate.load(certificate.encoded, strict=True)
        assert theirs.native is not None
        names = theirs.subject_alt_name_value
        assert len(names or ()) == len(certificate.subject_alt_names)
        assert theirs.serial_number == certificate.serial_number
