"""``xinyin certificate show`` and ``xinyin crl show``."""

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest

from api.messages import LANGUAGES
from formats.gbt20518 import RevocationReason, to_pem
from tests.api.conftest import Run
from tests.unit.verifier import nation as people

HOSTILE = [
    b"",
    b"\x30",
    b"\x00" * 100,
    b"-----BEGIN CERTIFICATE-----\n!!!\n",
    bytes(range(256)) * 8,
    b"\x30\x84\xff",
]


@pytest.fixture
def bureau(tmp_path: Path) -> Path:
    path = tmp_path / "bureau.der"
    path.write_bytes(people.nation().bureau.certificate.encoded)
    return path


@pytest.mark.parametrize("language", LANGUAGES)
def test_certificate_is_shown(run: Run, bureau: Path, language: str) -> None:
    """Names, times in Beijing, credit code, usages and fingerprint."""
    certificate = people.nation().bureau.certificate
    ended = run("certificate", "show", bureau, "--language", language)
    assert ended.status == 0
    for expected in (
        "CN=示例市市场监督管理局",
        "2024-01-01 08:00:00 +08:00",
        people.BUREAU,
        "digitalSignature, nonRepudiation",
        certificate.digest().hex(),
    ):
        assert expected in ended.out


def test_forms_of_a_certificate(run: Run, tmp_path: Path) -> None:
    """DER, PEM with text around, and bare Base64 are the same certificate; PEM may hold several."""
    nation = people.nation()
    encoded = nation.bureau.certificate.encoded
    pem = to_pem(encoded, "CERTIFICATE")
    root = to_pem(nation.root.certificate.encoded, "CERTIFICATE")
    digests = {}
    for name, data in {
        "der": encoded,
        "pem": f"一些说明\n{pem}".encode(),
        "base64": base64.encodebytes(encoded),
        "chain": (pem + root).encode(),
    }.items():
        path = tmp_path / name
        path.write_bytes(data)
        shown = json.loads(run("certificate", "show", "--json", path).out)
        digests[name] = [each["digest"] for each in shown]
    own = nation.bureau.certificate.digest().hex()
    assert digests == {
        "der": [own],
        "pem": [own],
        "base64": [own],
        "chain": [own, nation.root.certificate.digest().hex()],
    }
    assert "Certificate 2 of 2" in run("certificate", "show", tmp_path / "chain").out


@pytest.mark.parametrize("what", ["certificate", "crl"])
@pytest.mark.parametrize("data", HOSTILE)
def test_hostile_octets_are_refused(run: Run, tmp_path: Path, what: str, data: bytes) -> None:
    """What is no certificate and no list is status 3 and one line."""
    path = tmp_path / "hostile"
    path.write_bytes(data)
    ended = run(what, "show", path)
    assert (ended.status, ended.out) == (3, "")
    assert ended.err.count("\n") == 1
    assert str(path) in ended.err


@pytest.mark.parametrize("what", ["certificate", "crl"])
@pytest.mark.parametrize("path", ["/", "missing", "x" * 5000])
def test_unreadable_paths_are_refused(run: Run, what: str, path: str) -> None:
    """Directories, missing files and monstrous names."""
    assert run(what, "show", path).status == 3


def test_names_in_certificates_cannot_write_the_verdict(run: Run, tmp_path: Path) -> None:
    """Control characters in a subject are shown as escapes."""
    holder = people.issue(people.name("x\x1b[2K\u202e"), None)
    path = tmp_path / "hostile.der"
    path.write_bytes(holder.certificate.encoded)
    for form in ([], ["--json"]):
        out = run("certificate", "show", path, *form).out
        assert "\x1b" not in out
        assert "\u202e" not in out


def test_revocation_list_is_shown(run: Run, tmp_path: Path) -> None:
    """Issuer, number, times and entries with their reason; only the first unless all are asked for."""
    nation = people.nation()
    entries = tuple(
        people.revoked(
            people.Holder(nation.bureau.certificate, nation.bureau.key), people.NOW, reason, people.SIGNED
        )
        for reason in (RevocationReason.KEY_COMPROMISE,)
    )
    path = tmp_path / "list.crl"
    path.write_bytes(people.crl(nation.holder_authority, entries))
    ended = run("crl", "show", path)
    assert ended.status == 0
    assert "CN=政务CA" in ended.out
    assert "keyCompromise" in ended.out
    assert "key believed lost 2026-03-01 10:30:00 +08:00" in ended.out
    data = json.loads(run("crl", "show", "--json", path).out)
    assert data["number"] == 7
    assert data["revoked"][0]["invalidity_date"] == "2026-03-01T02:30:00Z"


def test_long_lists_are_cut_unless_asked_for(run: Run, tmp_path: Path) -> None:
    """Twenty entries, then how many more."""
    nation = people.nation()
    from formats.gbt20518 import RevokedEntry

    entries = tuple(RevokedEntry(0x100 + n, people.NOW - timedelta(days=1)) for n in range(25))
    path = tmp_path / "long.crl"
    path.write_bytes(people.crl(nation.holder_authority, entries))
    assert "and 5 more" in run("crl", "show", path).out
    every = run("crl", "show", "--all", path).out
    assert every.count("unspecified") == 25
    assert "more" not in every
