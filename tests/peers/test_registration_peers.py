"""The answer of a registration desk in the hands of an applicant who has OpenSSL and nothing of ours.

asn1crypto takes the CSRResponse apart by a specification of its own; OpenSSL makes key and request, opens the
envelope step by step and finds the private half of the encryption certificate in it.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, ClassVar

import pytest

from crypto import DEFAULT_USER_ID, PrivateKey
from formats.gbt20518 import from_pem
from formats.gbt20518.pem import CERTIFICATE_REQUEST
from tests.registration_desk import CLERK, REVIEWER, Desk, submission

pytestmark = pytest.mark.peer

core = pytest.importorskip("asn1crypto.core", reason="asn1crypto is not installed")
x509 = pytest.importorskip("asn1crypto.x509")
ID = "distid:" + DEFAULT_USER_ID.decode("ascii")


class _Cipher(core.Sequence):  # type: ignore[misc, name-defined]
    _fields: ClassVar[list[Any]] = [
        ("x", core.Integer),
        ("y", core.Integer),
        ("digest", core.OctetString),
        ("cipher_text", core.OctetString),
    ]


class _AlgorithmIdentifier(core.Sequence):  # type: ignore[misc, name-defined]
    _fields: ClassVar[list[Any]] = [
        ("algorithm", core.ObjectIdentifier),
        ("parameters", core.Any, {"optional": True}),
    ]


class _EnvelopedKey(core.Sequence):  # type: ignore[misc, name-defined]
    _fields: ClassVar[list[Any]] = [
        ("algorithm", _AlgorithmIdentifier),
        ("key", _Cipher),
        ("public_key", core.BitString),
        ("private_key", core.BitString),
    ]


class _Certificates(core.SetOf):  # type: ignore[misc, name-defined]
    _child_spec = x509.Certificate


class _CsrResponse(core.Sequence):  # type: ignore[misc, name-defined]
    _fields: ClassVar[list[Any]] = [
        ("signing", _Certificates),
        ("envelope", _EnvelopedKey, {"explicit": 0, "optional": True}),
        ("encryption", _Certificates, {"implicit": 1, "optional": True}),
    ]


def _openssl(*arguments: str, given: bytes = b"") -> bytes:
    path = shutil.which("openssl")
    if path is None:
        pytest.skip("the openssl command is not installed")
    run = subprocess.run([path, *arguments], input=given, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


def _octets(bits: Any) -> bytes:
    return bytes(bits.contents[1:])


def test_applicant_with_openssl_gets_a_working_pair(tmp_path: Path) -> None:
    """Key, request and everything after the answer by OpenSSL; the delivered private key is the certificate's."""
    key, request = str(tmp_path / "key.pem"), str(tmp_path / "request.pem")
    _openssl("genpkey", "-algorithm", "SM2", "-out", key)
    subject = "/C=CN/O=测试市民政局/CN=测试系统"
    _openssl(
        "req", "-new", "-utf8", "-key", key, "-sm3", "-sigopt", ID, "-subj", subject, "-out", request
    )  # fmt: skip
    desk = Desk()
    wanted = submission(PrivateKey.generate(), request=from_pem(Path(request).read_bytes(), CERTIFICATE_REQUEST))
    taken = desk.desk.apply(wanted, clerk=CLERK)
    issued = desk.desk.approve(taken.id, reviewer=REVIEWER)

    answer = _CsrResponse.load(desk.desk.answer(taken.id), strict=True)
    assert answer["signing"][0].dump() == issued.signing.encoded
    assert issued.encryption is not None
    assert answer["encryption"][0].dump() == issued.encryption.encoded
    envelope = answer["envelope"]
    assert envelope["algorithm"]["algorithm"].native == "1.2.156.10197.1.104.1"

    symmetric = _openssl("pkeyutl", "-decrypt", "-inkey", key, given=envelope["key"].dump())
    assert len(symmetric) == 16
    scalar = _openssl(
        "enc", "-d", "-sm4-ecb", "-nopad", "-K", symmetric.hex(), given=_octets(envelope["private_key"])
    )  # fmt: skip
    private = b"\x30\x31\x02\x01\x01\x04\x20" + scalar + bytes.fromhex("a00a06082a811ccf5501822d")
    (tmp_path / "encryption.der").write_bytes(private)
    public = _openssl(
        "pkey", "-inform", "DER", "-in", str(tmp_path / "encryption.der"), "-pubout", "-outform", "DER"
    )  # fmt: skip
    certified = issued.encryption.key_info.encoded
    assert public == certified
    assert _octets(envelope["public_key"]) == certified[-65:]


def test_single_answer_has_nothing_more() -> None:
    """Without a pair the optional parts are absent to the other parser."""
    desk = Desk()
    taken = desk.apply(profile="registration-operator")
    desk.desk.approve(taken.id, reviewer=REVIEWER)
    answer = _CsrResponse.load(desk.desk.answer(taken.id), strict=True)
    assert (len(answer["signing"]), answer["envelope"].native, answer["encryption"].native) == (1, None, None)
