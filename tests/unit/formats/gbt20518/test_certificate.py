"""The certificate reader: what it reads, lets pass by name and refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from crypto import DEFAULT_USER_ID, InvalidSignatureError, PrivateKey, sm3
from formats import der, oids
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt20518 import BasicConstraints, KeyUsage, certificate_verify, read_certificate
from formats.gbt20518.algorithm import SM2_WITH_SM3
from formats.gbt20518.certificate import CERTIFICATE_LIMITS
from formats.tolerances import Tolerance

from .conftest import NAME, VALIDITY, extension, extension_field

Make = Callable[..., bytes]
SM2_WITH_SM3_NULL = der.sequence(der.oid(oids.SM2_WITH_SM3), der.null())
MISPRINT = der.sequence(der.oid(oids.SM2_WITH_SM3_MISPRINT))


def test_every_field_is_read(make_certificate: Make, example_key: PrivateKey) -> None:
    """A certificate without departures gives every field and no tolerance."""
    data = make_certificate()
    certificate = read_certificate(data)
    assert certificate.version == 3
    assert certificate.serial_number == 0x1234567890ABCDEF1234567890
    assert certificate.issuer == certificate.subject == NAME
    assert certificate.validity == VALIDITY
    assert certificate.public_key == example_key.public_key
    assert certificate.public_key_algorithm == oids.EC_PUBLIC_KEY
    assert certificate.public_key_curve == oids.SM2_CURVE
    assert certificate.signature_algorithm == oids.SM2_WITH_SM3
    assert certificate.key_usage == {KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN}
    assert certificate.basic_constraints == BasicConstraints(ca=True, path_length=1)
    assert certificate.is_ca
    assert certificate.extended_key_usage is None
    assert certificate.subject_key_identifier == certificate.authority_key_identifier
    assert certificate.crl_distribution_points == ("http://crl.test/root.crl",)
    assert certificate.credit_code == "11320500014150050B"
    assert certificate.unparsable_extensions == ()
    assert certificate.tolerances == ()
    assert certificate.digest() == sm3(data)


def test_signature_is_verified_over_received_octets(make_certificate: Make, example_key: PrivateKey) -> None:
    """The signature verifies under the issuer's key and the same user identity only."""
    certificate = read_certificate(make_certificate())
    certificate_verify(certificate, example_key.public_key)
    with pytest.raises(InvalidSignatureError):
        certificate_verify(certificate, example_key.public_key, user_id=b"")
    with pytest.raises(InvalidSignatureError):
        certificate_verify(certificate, PrivateKey.generate().public_key, user_id=DEFAULT_USER_ID)


def test_other_signature_algorithm_is_not_verified(make_certificate: Make, example_key: PrivateKey) -> None:
    """A certificate signed by another algorithm is read, and its verification refused."""
    ecdsa = der.sequence(der.oid("1.2.840.10045.4.3.2"))
    certificate = read_certificate(make_certificate(signature=ecdsa))
    with pytest.raises(InvalidSignatureError, match="not SM2 with SM3"):
        certificate_verify(certificate, example_key.public_key)


def _basic_constraints_false() -> bytes:
    return extension(oids.BASIC_CONSTRAINTS, der.sequence(der.boolean(False)))


@pytest.mark.parametrize(
    ("replaced", "tolerance"),
    [
        ({"serial": der.integer(0)}, Tolerance.X509_SERIAL_NOT_POSITIVE),
        ({"serial": der.integer(-5)}, Tolerance.X509_SERIAL_NOT_POSITIVE),
        ({"serial": der.integer(1 << 180)}, Tolerance.X509_SERIAL_TOO_LONG),
        ({"version": der.explicit(0, der.integer(0)), "extensions": b""}, Tolerance.DER_ENCODED_DEFAULT),
        ({"version": b""}, Tolerance.X509_EXTENSIONS_BELOW_V3),
        ({"signature": SM2_WITH_SM3_NULL}, Tolerance.X509_SIGNATURE_PARAMETERS_NULL),
        ({"signature": MISPRINT}, Tolerance.ALGORITHM_MISPRINT),
        ({"extensions": extension_field()}, Tolerance.X509_EMPTY_EXTENSIONS),
        ({"extensions": extension_field(_basic_constraints_false())}, Tolerance.DER_ENCODED_DEFAULT),
        (
            {"extensions": extension_field(extension("1.2.3.4", b"", critical=der.boolean(False)))},
            Tolerance.DER_ENCODED_DEFAULT,
        ),
        (
            {"extensions": extension_field(extension("1.2.3.4", b"", critical=b"\x01\x01\x01"))},
            Tolerance.DER_BOOLEAN_NOT_FF,
        ),
        (
            {"extensions": extension_field(extension(oids.KEY_USAGE, b"\x03\x02\x00\xc0"))},
            Tolerance.DER_NON_MINIMAL_NAMED_BITS,
        ),
        (
            {"extensions": extension_field(extension(oids.BASIC_CONSTRAINTS, der.sequence(der.integer(0))))},
            Tolerance.X509_PATH_LENGTH_WITHOUT_CA,
        ),
        (
            {
                "validity": der.sequence(
                    der.generalized_time(VALIDITY.not_before), der.utc_time(VALIDITY.not_after)
                )
            },
            Tolerance.X509_GENERALIZED_TIME_BEFORE_2050,
        ),
    ],
)
def test_departure_is_let_pass_by_name(
    make_certificate: Make, replaced: dict[str, bytes], tolerance: Tolerance
) -> None:
    """A departure met in real certificates is read, and exactly its name is recorded."""
    assert read_certificate(make_certificate(**replaced)).tolerances == (tolerance,)


@pytest.mark.parametrize("outer", [SM2_WITH_SM3_NULL, MISPRINT, der.sequence(der.oid("1.2.840.10045.4.3.2"))])
def test_inner_algorithm_must_equal_the_outer(make_certificate: Make, outer: bytes) -> None:
    """RFC 5280 4.1.1.2: the signature field "MUST contain the same algorithm identifier"; octets are compared."""
    with pytest.raises(MalformedDataError, match="differs from the outer"):
        read_certificate(make_certificate(outer=outer))


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        ({"version": der.explicit(0, der.integer(3))}, "version number 3"),
        ({"validity": der.sequence(der.time(VALIDITY.not_after), der.time(VALIDITY.not_before))}, "ends before"),
        ({"validity": der.sequence(b"\x17\x0b2601010000Z", b"\x17\x0d360101000000Z")}, "not of the form"),
        ({"validity": der.sequence(b"\x17\x0d260230000000Z", b"\x17\x0d360101000000Z")}, "no such time"),
        ({"serial": b"\x02\x00"}, "INTEGER is empty"),
        ({"issuer": der.sequence(der.encode(der.SET, b""))}, "relative distinguished name is empty"),
        (
            {"signature": der.sequence(der.oid(oids.SM2_WITH_SM3), der.integer(5))},
            "expected NULL",
        ),
        ({"extensions": extension_field(_basic_constraints_false(), _basic_constraints_false())}, "is repeated"),
        ({"extensions": extension_field(extension(oids.KEY_USAGE, b"\x03\x03\x06\x00\x40"))}, "not defined"),
        ({"extensions": extension_field(extension(oids.KEY_USAGE, b"\x04\x02\x06\xc0"))}, "expected BIT STRING"),
        ({"extensions": extension_field(extension(oids.BASIC_CONSTRAINTS, b""))}, "cut short"),
        ({"extensions": extension_field(extension(oids.EXTENDED_KEY_USAGE, der.sequence()))}, "is empty"),
    ],
)
def test_broken_structure_is_refused(make_certificate: Make, replaced: dict[str, bytes], message: str) -> None:
    """What no real certificate needs, and what would widen the use of the key if read as absent, is refused."""
    with pytest.raises(MalformedDataError, match=message):
        read_certificate(make_certificate(**replaced))


@pytest.mark.parametrize(
    "oid",
    [
        oids.SUBJECT_ALT_NAME,
        oids.SUBJECT_KEY_IDENTIFIER,
        oids.AUTHORITY_KEY_IDENTIFIER,
        oids.CRL_DISTRIBUTION_POINTS,
        oids.CERTIFICATE_POLICIES,
        oids.AUTHORITY_INFO_ACCESS,
        oids.NAME_CONSTRAINTS,
        oids.PRIVATE_KEY_USAGE_PERIOD,
        oids.OCSP_NO_CHECK,
        oids.ORGANIZATION_CODE,
    ],
)
def test_unparsable_extension_is_named_and_hides_nothing(make_certificate: Make, oid: str) -> None:
    """Raw text where DER belongs is named; other extensions, and its own octets, stay readable."""
    usage = extension(oids.KEY_USAGE, der.named_bits([0, 1]), critical=der.boolean(True))
    certificate = read_certificate(make_certificate(extensions=extension_field(extension(oid, b"1153"), usage)))
    assert certificate.unparsable_extensions == (oid,)
    assert certificate.extensions[oid].value == b"1153"
    assert certificate.key_usage == {KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION}


def test_unknown_extension_is_kept_undecoded(make_certificate: Make) -> None:
    """An extension without a decoder is neither parsed nor lost; a critical one is listed for the verifier."""
    raw = extension("1.2.5.29.1", b"11532", critical=der.boolean(True))
    certificate = read_certificate(make_certificate(extensions=extension_field(raw)))
    assert certificate.extensions["1.2.5.29.1"].value == b"11532"
    assert certificate.unparsable_extensions == ()
    assert certificate.unknown_critical_extensions == ("1.2.5.29.1",)


def test_key_off_the_curve_is_refused(make_certificate: Make) -> None:
    """An SM2 key that is no point of the curve is malformed, not merely unusable."""
    spki = der.sequence(
        der.sequence(der.oid(oids.EC_PUBLIC_KEY), der.oid(oids.SM2_CURVE)), der.bit_string(b"\x04" + bytes(64))
    )
    with pytest.raises(MalformedDataError, match="not a point"):
        read_certificate(make_certificate(spki=spki))


def test_compressed_key_is_read(make_certificate: Make, example_key: PrivateKey) -> None:
    """A compressed point, rare but legal, gives the same key; its octets stay as received."""
    point = example_key.public_key.point
    compressed = bytes([2 + point[64] % 2]) + point[1:33]
    spki = der.sequence(
        der.sequence(der.oid(oids.EC_PUBLIC_KEY), der.oid(oids.SM2_CURVE)), der.bit_string(compressed)
    )
    certificate = read_certificate(make_certificate(spki=spki))
    assert certificate.public_key == example_key.public_key
    assert certificate.key_info.key_octets == compressed


@pytest.mark.parametrize("curve", [der.oid("1.2.840.10045.3.1.7"), der.sequence(der.integer(1)), b""])
def test_other_curves_give_no_key(make_certificate: Make, curve: bytes) -> None:
    """P-256, explicit parameters and missing parameters are read; they merely are no SM2 key."""
    spki = der.sequence(der.sequence(der.oid(oids.EC_PUBLIC_KEY), curve), der.bit_string(b"\x04" + bytes(64)))
    assert read_certificate(make_certificate(spki=spki)).public_key is None


def test_validity_is_closed_at_both_ends() -> None:
    """RFC 5280 4.1.2.5: the period is "from notBefore through notAfter, inclusive"."""
    assert VALIDITY.contains(VALIDITY.not_before)
    assert VALIDITY.contains(VALIDITY.not_after)
    assert not VALIDITY.contains(datetime(2036, 1, 1, 0, 0, 1, tzinfo=UTC))


# ---------------------------------------------------------------------- hostile input


def test_truncation_at_every_octet_is_refused(make_certificate: Make) -> None:
    """No prefix of a certificate is a certificate, and each gives a clear error."""
    data = make_certificate()
    for length in range(len(data)):
        with pytest.raises(MalformedDataError):
            read_certificate(data[:length])


def test_trailing_octets_are_refused(make_certificate: Make) -> None:
    """Octets behind a certificate are not ignored."""
    with pytest.raises(MalformedDataError, match="1 octets follow"):
        read_certificate(make_certificate() + b"\x00")


def test_hundred_thousand_extensions_are_refused(make_certificate: Make) -> None:
    """Size is bounded before any extension is looked at."""
    one = [extension(f"1.2.3.{number}", b"") for number in range(100_000)]
    with pytest.raises(LimitExceededError):
        read_certificate(make_certificate(extensions=extension_field(*one)))


def test_more_extensions_than_the_limit_are_refused(make_certificate: Make) -> None:
    """A certificate within the size limit is still bounded in the number of its extensions."""
    one = [extension(f"1.2.3.{number}", b"") for number in range(CERTIFICATE_LIMITS.elements + 1)]
    with pytest.raises(LimitExceededError, match="more than 256 elements"):
        read_certificate(make_certificate(extensions=extension_field(*one)))


def test_deep_nesting_is_refused(make_certificate: Make) -> None:
    """Nesting inside an extension neither recurses nor passes."""
    nested = b""
    for _ in range(2000):
        nested = der.sequence(nested)
    names = extension(oids.SUBJECT_ALT_NAME, der.sequence(der.encode(0xA4, nested)))
    certificate = read_certificate(make_certificate(extensions=extension_field(names)))
    assert certificate.unparsable_extensions == (oids.SUBJECT_ALT_NAME,)


def test_signature_field_of_another_algorithm_family(make_certificate: Make) -> None:
    """SM2 with SM3 in both places, as writers emit it, needs no tolerance."""
    assert read_certificate(make_certificate(signature=SM2_WITH_SM3)).tolerances == ()
