"""GB/T 35276 encodings: private keys, SM2Cipher, SM2EnvelopedKey."""

from __future__ import annotations

import pytest

from crypto import DecryptionError, PrivateKey, encrypt, sm4_ecb_encrypt
from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt35276 import (
    ec_private_key,
    envelop_key,
    open_enveloped_key,
    private_key_info,
    read_cipher,
    read_enveloped_key,
    read_private_key,
)
from formats.tolerances import Tolerance

# The private key of the worked example in GB/T 32918.5-2017.
SCALAR = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
KEY = PrivateKey.from_scalar(SCALAR)
OTHER = PrivateKey.from_scalar(bytes(31) + b"\x07")
SM2_KEY = der.sequence(der.oid(oids.EC_PUBLIC_KEY), der.oid(oids.SM2_CURVE))
P256_KEY = der.sequence(der.oid(oids.EC_PUBLIC_KEY), der.oid("1.2.840.10045.3.1.7"))
SYMMETRIC_KEY = bytes(range(16))


@pytest.mark.parametrize(
    "data",
    [
        der.integer(int.from_bytes(SCALAR, "big")),
        ec_private_key(KEY),
        private_key_info(KEY),
        der.sequence(der.integer(1), der.octet_string(SCALAR)),
        der.sequence(der.integer(0), SM2_KEY, der.octet_string(der.integer(int.from_bytes(SCALAR, "big")))),
        der.sequence(der.integer(0), SM2_KEY, der.octet_string(ec_private_key(KEY)), b"\xa0\x00"),
    ],
)
def test_every_form_gives_the_key(data: bytes) -> None:
    """SM2PrivateKey, ECPrivateKey with and without optional fields and PKCS#8 around either give the same key."""
    assert read_private_key(data).public_key == KEY.public_key


@pytest.mark.parametrize(
    "data",
    [
        b"",
        der.null(),
        der.integer(0),
        der.integer(-1),
        der.integer(1 << 256),
        der.integer(0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54122),
        der.sequence(der.integer(1), der.octet_string(SCALAR[1:])),
        der.sequence(der.integer(2), der.octet_string(SCALAR)),
        der.sequence(der.integer(1), der.octet_string(SCALAR), der.explicit(0, der.oid("1.2.840.10045.3.1.7"))),
        der.sequence(
            der.integer(1), der.octet_string(SCALAR), der.explicit(1, der.bit_string(OTHER.public_key.point))
        ),
        der.sequence(der.integer(1), der.octet_string(SCALAR), der.explicit(1, der.bit_string(bytes(65)))),
        der.sequence(der.integer(0), P256_KEY, der.octet_string(ec_private_key(KEY))),
        der.sequence(der.integer(1), SM2_KEY, der.octet_string(ec_private_key(KEY))),
        der.sequence(der.integer(0), SM2_KEY, der.octet_string(b"\x30")),
    ],
)
def test_wrong_private_keys_are_refused(data: bytes) -> None:
    """Out of range, another curve, a public key that is not its own: refused, and no octet of the key in the error."""
    with pytest.raises(MalformedDataError) as caught:
        read_private_key(data)
    assert SCALAR.hex()[:16] not in str(caught.value)
    assert caught.value.__cause__ is None or SCALAR.hex()[:16] not in str(caught.value.__cause__)


def test_cipher_is_read_and_written_octet_for_octet() -> None:
    """SM2Cipher taken apart and encoded again is the same."""
    data = encrypt(KEY.public_key, b"secret")
    cipher = read_cipher(data)
    assert len(cipher.cipher_text) == 6
    assert cipher.encode() == data


@pytest.mark.parametrize(
    "data",
    [
        der.sequence(der.integer(1), der.integer(1), der.octet_string(bytes(31)), der.octet_string(b"x")),
        der.sequence(der.integer(1), der.integer(1), der.octet_string(bytes(32)), der.octet_string(b"")),
        der.sequence(der.integer(-1), der.integer(1), der.octet_string(bytes(32)), der.octet_string(b"x")),
        der.sequence(der.integer(1), der.integer(1 << 256), der.octet_string(bytes(32)), der.octet_string(b"x")),
        der.sequence(der.integer(1), der.integer(1), der.octet_string(bytes(32))),
    ],
)
def test_broken_ciphers_are_refused(data: bytes) -> None:
    """Coordinates out of range, a digest of another length, an empty cipher text."""
    with pytest.raises(MalformedDataError):
        read_cipher(data)


def test_enveloped_key_reaches_its_recipient_only() -> None:
    """The holder of the signing key opens the envelope, nobody else does."""
    enveloped = read_enveloped_key(envelop_key(OTHER, KEY.public_key, SYMMETRIC_KEY))
    assert enveloped.tolerances == ()
    assert len(enveloped.encrypted_private_key) == 32
    assert open_enveloped_key(enveloped, KEY).public_key == OTHER.public_key
    with pytest.raises(DecryptionError):
        open_enveloped_key(enveloped, OTHER)


def _enveloped(
    *,
    algorithm: bytes = der.oid(oids.SM4_ECB),
    symmetric: bytes = SYMMETRIC_KEY,
    public: bytes = OTHER.public_key.point,
    private: bytes | None = None,
) -> bytes:
    encrypted = sm4_ecb_encrypt(SYMMETRIC_KEY, OTHER.scalar()) if private is None else private
    return der.sequence(
        der.sequence(algorithm, der.null()),
        encrypt(KEY.public_key, symmetric),
        der.bit_string(public),
        der.bit_string(encrypted),
    )


def test_padded_key_and_unnamed_mode_are_read_by_name() -> None:
    """48 octets with PKCS#7 padding and SM4 without a mode are let pass and named."""
    padded = sm4_ecb_encrypt(SYMMETRIC_KEY, OTHER.scalar() + b"\x10" * 16)
    enveloped = read_enveloped_key(_enveloped(algorithm=der.oid(oids.SM4), private=padded))
    assert enveloped.tolerances == (Tolerance.ENVELOPED_KEY_MODE_UNNAMED, Tolerance.ENVELOPED_KEY_PADDED)
    assert open_enveloped_key(enveloped, KEY).public_key == OTHER.public_key


@pytest.mark.parametrize(
    "data",
    [
        _enveloped(symmetric=bytes(15)),
        _enveloped(symmetric=bytes(16)),
        _enveloped(public=KEY.public_key.point),
        _enveloped(private=bytes(32)),
        _enveloped(private=sm4_ecb_encrypt(SYMMETRIC_KEY, bytes(32))),
        _enveloped(private=sm4_ecb_encrypt(SYMMETRIC_KEY, OTHER.scalar() + b"\x0f" * 16)),
    ],
)
def test_envelope_that_does_not_fit_does_not_open(data: bytes) -> None:
    """A wrong symmetric key, a private key that is not the public one's, broken padding: all refused alike."""
    with pytest.raises(DecryptionError, match="decryption failed"):
        open_enveloped_key(read_enveloped_key(data), KEY)


@pytest.mark.parametrize(
    "data",
    [
        _enveloped(algorithm=der.oid(oids.SM4_CBC)),
        _enveloped(public=bytes(65)),
        _enveloped(private=bytes(31)),
        _enveloped(private=bytes(64)),
        b"\x30\x00",
    ],
)
def test_broken_envelopes_are_refused(data: bytes) -> None:
    """Another symmetric algorithm, no point, another length: not an SM2EnvelopedKey."""
    with pytest.raises(MalformedDataError):
        read_enveloped_key(data)


def test_envelope_does_not_show_the_encrypted_key() -> None:
    """Even encrypted, the private key stays out of texts."""
    enveloped = read_enveloped_key(_enveloped())
    assert enveloped.encrypted_private_key.hex()[:16] not in repr(enveloped)
    assert str(enveloped.encrypted_private_key) not in repr(enveloped)
