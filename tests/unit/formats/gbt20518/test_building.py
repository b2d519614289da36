"""Strict writers: what they emit needs no tolerance and is refused where a rule is broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crypto import DEFAULT_USER_ID, PrivateKey, sign
from formats import der, oids
from formats.gbt20518 import (
    Extension,
    KeyUsage,
    Name,
    TbsCertificate,
    Validity,
    assemble_certificate,
    certificate_verify,
    read_certificate,
)
from formats.gbt20518 import extension_building as build

from .conftest import NAME, VALIDITY

USAGE = build.key_usage([KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION])


@pytest.fixture
def tbs(example_key: PrivateKey) -> TbsCertificate:
    return TbsCertificate(5, NAME, NAME, VALIDITY, example_key.public_key, (USAGE,))


def test_every_extension_is_read_as_written(tbs: TbsCertificate, example_key: PrivateKey) -> None:
    """Each builder's value comes back through the reader, without tolerances."""
    period = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    extensions = (
        build.basic_constraints_of_ca(0),
        USAGE,
        build.extended_key_usage([oids.KP_TIME_STAMPING], critical=True),
        build.subject_key_identifier(b"s" * 20),
        build.authority_key_identifier(b"a" * 20),
        build.certificate_policies([("1.2.3.4", "http://policy.test/cps"), ("1.2.3.5", None)]),
        build.crl_distribution_points(["http://crl.test/1", "ldap://crl.test/2"]),
        build.authority_info_access(ocsp=["http://ocsp.test"], ca_issuers=["http://ca.test/ca.cer"]),
        build.organization_code("11320500014150050B"),
        build.permitted_names([NAME]),
        build.private_key_usage_period(*period),
        build.ocsp_no_check(),
    )
    encoded = replace(tbs, extensions=extensions).encode()
    data = assemble_certificate(encoded, sign(example_key, encoded, user_id=DEFAULT_USER_ID))
    certificate = read_certificate(data)
    certificate_verify(certificate, example_key.public_key)
    assert certificate.tbs == encoded
    assert certificate.unparsable_extensions == ()
    assert certificate.tolerances == ()
    assert tuple(certificate.extensions.values()) == extensions
    assert certificate.extended_key_usage == (oids.KP_TIME_STAMPING,)
    assert certificate.subject_key_identifier == b"s" * 20
    assert certificate.authority_key_identifier == b"a" * 20
    assert [policy.oid for policy in certificate.policies] == ["1.2.3.4", "1.2.3.5"]
    assert certificate.policies[0].practice_statements == ("http://policy.test/cps",)
    assert certificate.crl_distribution_points == ("http://crl.test/1", "ldap://crl.test/2")
    assert certificate.ocsp_uris == ("http://ocsp.test",)
    assert certificate.credit_code == "11320500014150050B"
    assert certificate.name_constraints is not None
    assert certificate.name_constraints.permitted[0].directory_name == NAME
    assert certificate.private_key_usage_period == period


def test_parameters_of_the_signature_algorithm_are_absent(tbs: TbsCertificate) -> None:
    """GB/T 20518 profile: SM2-with-SM3 without parameters, in the inner field too."""
    algorithm = der.parse(tbs.encode()).children()[2]
    assert algorithm.encoded.hex() == "300a06082a811ccf55018375"


@pytest.mark.parametrize(("year", "tag"), [(2049, der.UTC_TIME), (2050, der.GENERALIZED_TIME)])
def test_time_form_changes_with_2050(tbs: TbsCertificate, year: int, tag: int) -> None:
    """RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050."""
    validity = Validity(VALIDITY.not_before, datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC))
    times = der.parse(replace(tbs, validity=validity).encode()).children()[4].children()
    assert [time.tag for time in times] == [der.UTC_TIME, tag]


def test_key_identifier_is_sha1_of_the_point(example_key: PrivateKey) -> None:
    """RFC 5280 4.2.1.2 method 1: 160 bits over the content of subjectPublicKey without unused-bits octet."""
    assert len(build.key_identifier(example_key.public_key)) == 20


@pytest.mark.parametrize("serial", [0, -1, 1 << 159])
def test_serial_out_of_range_is_refused(tbs: TbsCertificate, serial: int) -> None:
    """A serial number is positive and has at most 20 octets."""
    with pytest.raises(ValueError, match="serial"):
        replace(tbs, serial_number=serial)


def test_longest_serial_has_20_octets(tbs: TbsCertificate) -> None:
    """The largest serial the writer takes encodes in 20 octets."""
    encoded = replace(tbs, serial_number=(1 << 159) - 1).encode()
    assert len(der.parse(encoded).children()[1].content) == 20


def test_extensions_are_needed_and_not_repeated(tbs: TbsCertificate) -> None:
    """The strict writer emits no empty extension list and no extension twice."""
    with pytest.raises(ValueError, match="at least one"):
        replace(tbs, extensions=())
    with pytest.raises(ValueError, match="repeated"):
        replace(tbs, extensions=(USAGE, USAGE))


def test_empty_names_are_refused(tbs: TbsCertificate) -> None:
    """Issuer and subject carry attributes."""
    with pytest.raises(ValueError, match="not empty"):
        replace(tbs, subject=Name.build([]))


def test_key_usage_without_usage_is_refused() -> None:
    """A keyUsage that permits nothing is not written."""
    with pytest.raises(ValueError, match="without a usage"):
        build.key_usage([])


def test_not_critical_is_not_encoded() -> None:
    """DER leaves the default FALSE of critical out."""
    assert der.boolean(False) not in Extension("1.2.3.4", critical=False, value=b"").encode()
