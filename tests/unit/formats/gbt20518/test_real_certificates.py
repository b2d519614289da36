"""Certificates that real authorities issued, found in other makers' sealed files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from formats import oids
from formats.gbt20518 import Certificate, KeyUsage, certificate_verify, read_certificate
from formats.tolerances import Tolerance

# SEQUENCE of 256..65535 octets, whose first element is such a SEQUENCE that starts with version [0] v3.
_HEAD = b"\x30\x82"
_VERSION_3 = b"\xa0\x03\x02\x01\x02"


def _certificates_in(data: bytes) -> Iterator[bytes]:
    start = data.find(_HEAD)
    while start >= 0:
        end = start + 4 + int.from_bytes(data[start + 2 : start + 4], "big")
        if (
            end <= len(data)
            and data[start + 4 : start + 6] == _HEAD
            and data[start + 8 : start + 13] == _VERSION_3
        ):
            yield data[start:end]
        start = data.find(_HEAD, start + 1)


def _blobs(samples: Path) -> Iterator[bytes]:
    for path in sorted(samples.rglob("*")):
        if path.suffix in {".esl", ".dat"}:
            yield path.read_bytes()
        if path.suffix == ".ofd":
            with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as package:
                for entry in package.infolist():
                    yield package.read(entry)


@pytest.fixture(scope="module")
def real_certificates(samples_dir: Path) -> list[Certificate]:
    distinct = {found for blob in _blobs(samples_dir) for found in _certificates_in(blob)}
    return [read_certificate(data) for data in sorted(distinct)]


def _named(certificates: list[Certificate], common_name: str) -> Certificate:
    return next(each for each in certificates if each.subject.common_name == common_name)


def test_every_certificate_in_the_samples_loads(real_certificates: list[Certificate]) -> None:
    """Every certificate in the seals, signatures and embedded fonts of the samples is read."""
    assert len(real_certificates) == 29
    assert sum(each.public_key is not None for each in real_certificates) == 14


def test_keys_of_other_algorithms_load_without_a_key(real_certificates: list[Certificate]) -> None:
    """An RSA certificate is read; it merely has no SM2 key."""
    others = [each for each in real_certificates if each.public_key is None]
    assert {each.public_key_algorithm for each in others} == {"1.2.840.113549.1.1.1"}


def test_provincial_seal_maker_needs_named_tolerances(real_certificates: list[Certificate]) -> None:
    """Encoded cA FALSE, trailing zero bits of keyUsage and NULL parameters are let pass by name."""
    certificate = _named(real_certificates, "山东省政府统一电子印章制作系统")
    assert certificate.tolerances == (
        Tolerance.DER_ENCODED_DEFAULT,
        Tolerance.DER_NON_MINIMAL_NAMED_BITS,
        Tolerance.X509_SIGNATURE_PARAMETERS_NULL,
    )
    assert certificate.key_usage == {KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION}


def test_malformed_alternative_name_hides_nothing_else(real_certificates: list[Certificate]) -> None:
    """A subjectAltName that is no SEQUENCE is named; everything else of that certificate is readable."""
    certificate = _named(real_certificates, "www.dms360.cn")
    assert certificate.unparsable_extensions == (oids.SUBJECT_ALT_NAME,)
    assert certificate.is_ca
    assert certificate.crl_distribution_points == ("http://www.sohu.com",)
    assert certificate.subject_key_identifier == certificate.authority_key_identifier


def test_tbs_is_cut_from_the_received_octets(real_certificates: list[Certificate]) -> None:
    """The octets handed to verification are a slice of the certificate, not a new encoding."""
    for certificate in real_certificates:
        assert certificate.encoded[4:].startswith(certificate.tbs)


def test_self_signed_certificate_of_another_maker_verifies(real_certificates: list[Certificate]) -> None:
    """The one self-signed SM2 certificate among them verifies under its own key and the standard identity."""
    certificate = _named(real_certificates, "www.dms360.cn")
    assert certificate.issuer == certificate.subject
    assert certificate.public_key is not None
    certificate_verify(certificate, certificate.public_key)
