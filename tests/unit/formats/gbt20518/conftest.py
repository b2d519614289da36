"""A certificate taken apart, so that a test can put one wrong part into it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from crypto import DEFAULT_USER_ID, PrivateKey, sign
from formats import der, oids
from formats.gbt20518 import Name, Validity
from formats.gbt20518 import extension_building as build
from formats.gbt20518.algorithm import SM2_WITH_SM3, public_key_info
from formats.gbt20518.extensions import KeyUsage

# The private key of the worked example in GB/T 32918.5-2017.
EXAMPLE_SCALAR = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
NAME = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试机构"), (oids.COMMON_NAME, "示例 Root")])
VALIDITY = Validity(datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC))

MakeCertificate = Callable[..., bytes]


@pytest.fixture(scope="session")
def example_key() -> PrivateKey:
    return PrivateKey.from_scalar(EXAMPLE_SCALAR)


def parts_of_a_certificate(key: PrivateKey) -> dict[str, bytes]:
    """Encoded fields of a self-signed certificate, in order."""
    identifier = build.key_identifier(key.public_key)
    extensions = [
        build.basic_constraints_of_ca(1),
        build.key_usage([KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN]),
        build.subject_key_identifier(identifier),
        build.authority_key_identifier(identifier),
        build.crl_distribution_points(["http://crl.test/root.crl"]),
        build.organization_code("11320500014150050B"),
    ]
    return {
        "version": der.explicit(0, der.integer(2)),
        "serial": der.integer(0x1234567890ABCDEF1234567890),
        "signature": SM2_WITH_SM3,
        "issuer": NAME.encoded,
        "validity": der.sequence(der.time(VALIDITY.not_before), der.time(VALIDITY.not_after)),
        "subject": NAME.encoded,
        "spki": public_key_info(key.public_key),
        "extensions": der.explicit(3, der.sequence(*(extension.encode() for extension in extensions))),
    }


@pytest.fixture(scope="session")
def make_certificate(example_key: PrivateKey) -> MakeCertificate:
    """Make a certificate with some fields replaced by the encodings given; signed, so that only they differ."""

    def make(*, outer: bytes | None = None, **replaced: bytes) -> bytes:
        fields = parts_of_a_certificate(example_key)
        assert fields.keys() >= replaced.keys()
        fields.update(replaced)
        tbs = der.sequence(*fields.values())
        signature = sign(example_key, tbs, user_id=DEFAULT_USER_ID)
        return der.sequence(tbs, fields["signature"] if outer is None else outer, der.bit_string(signature))

    return make


def extension_field(*encoded: bytes) -> bytes:
    """The ``[3]`` field holding these encoded extensions."""
    return der.explicit(3, der.sequence(*encoded))


def extension(oid: str, value: bytes, *, critical: bytes = b"") -> bytes:
    return der.sequence(der.oid(oid), critical, der.octet_string(value))
