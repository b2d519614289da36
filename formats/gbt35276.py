"""SM2 key and cipher encodings (GB/T 35276-2017, GM/T 0009): private keys, SM2Cipher, SM2EnvelopedKey.

SM2 signatures have their encoding in ``crypto`` (DER SEQUENCE {r, s}); a public key is the point 04‖X‖Y.

Functions that write or return a ``PrivateKey`` are for key stores, ceremony tools and tests. A domain has no use
for them: it sees a ``Signer``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from crypto import (
    DecryptionError,
    InvalidKeyError,
    PrivateKey,
    PublicKey,
    decrypt,
    encrypt,
    sm4_ecb_decrypt,
    sm4_ecb_encrypt,
)
from formats import der, oids, tolerances
from formats.errors import MalformedDataError
from formats.tolerances import Tolerance

LIMITS: Final = der.DerLimits(size=16 * 1024, depth=10, elements=32)
_SCALAR_OCTETS: Final = 32
_SM4_KEY_OCTETS: Final = 16
_SM2_KEY_ALGORITHM: Final = der.sequence(der.oid(oids.EC_PUBLIC_KEY), der.oid(oids.SM2_CURVE))


@dataclass(frozen=True, slots=True)
class Sm2Cipher:
    """SM2Cipher: a short secret encrypted to a public key.

    Attributes:
        x: XCoordinate of the ephemeral point.
        y: YCoordinate of the ephemeral point.
        digest: HASH, 32 octets.
        cipher_text: CipherText, as long as the secret.
    """

    x: int
    y: int
    digest: bytes
    cipher_text: bytes

    def encode(self) -> bytes:
        """DER SM2Cipher."""
        return der.sequence(
            der.integer(self.x),
            der.integer(self.y),
            der.octet_string(self.digest),
            der.octet_string(self.cipher_text),
        )


@dataclass(frozen=True, slots=True)
class EnvelopedKey:
    """SM2EnvelopedKey: how an encryption key pair is delivered to the holder of a signing key.

    Attributes:
        encoded: DER as received or built.
        encrypted_symmetric_key: symEncryptedKey; holds the SM4 key.
        public_key: Public half of the delivered pair.
        encrypted_private_key: The private scalar under SM4-ECB, 32 octets, or 48 where a maker padded it.
        tolerances: What the reader let pass.
    """

    encoded: bytes
    encrypted_symmetric_key: Sm2Cipher
    public_key: PublicKey
    encrypted_private_key: bytes = field(repr=False)
    tolerances: tuple[Tolerance, ...] = ()


# ---------------------------------------------------------------------- private keys


def read_private_key(data: bytes) -> PrivateKey:
    """An unencrypted private key: SM2PrivateKey (INTEGER), ECPrivateKey (RFC 5915) or PrivateKeyInfo (PKCS#8).

    Raises:
        MalformedDataError: None of them, another curve, a scalar out of range, or a stated public key that is not
            the private key's.
    """
    node = der.parse(data, what="private key", limits=LIMITS)
    if node.tag == der.INTEGER:
        return _from_integer(node)
    fields = node.sequence(2, 5)
    version = fields.next("version").integer()
    follows = fields.peek()
    if follows is not None and follows.tag == der.SEQUENCE:
        return _from_key_info(node)
    if version != 1:
        raise node.error(f"version {version} of ECPrivateKey is not 1")
    return _from_ec_private_key(node)


def private_key_info(key: PrivateKey) -> bytes:
    """DER PrivateKeyInfo (PKCS#8) around ECPrivateKey, unencrypted: the caller answers for where it goes."""
    return der.sequence(der.integer(0), _SM2_KEY_ALGORITHM, der.octet_string(ec_private_key(key)))


def ec_private_key(key: PrivateKey) -> bytes:
    """DER ECPrivateKey (RFC 5915) with curve and public key, unencrypted: the caller answers for where it goes."""
    return der.sequence(
        der.integer(1),
        der.octet_string(key.scalar()),
        der.explicit(0, der.oid(oids.SM2_CURVE)),
        der.explicit(1, der.bit_string(key.public_key.point)),
    )


def _from_key_info(node: der.Node) -> PrivateKey:
    fields = node.sequence(3, 4)
    version = fields.next("version")
    if version.integer() != 0:
        raise version.error("version number is not 0")
    algorithm = fields.next("privateKeyAlgorithm")
    if algorithm.encoded != _SM2_KEY_ALGORITHM:
        raise algorithm.error("not an SM2 key")
    inner = der.parse(fields.next("privateKey").octets(), what=node.what, limits=LIMITS)
    fields.optional(der.context(0))
    fields.end()
    return _from_integer(inner) if inner.tag == der.INTEGER else _from_ec_private_key(inner)


def _from_ec_private_key(node: der.Node) -> PrivateKey:
    fields = node.sequence(2, 4)
    version = fields.next("version")
    if version.integer() != 1:
        raise version.error("version number is not 1")
    scalar = fields.next("privateKey")
    key = _private_key(scalar.octets(), scalar)
    curve = fields.optional(der.context(0))
    public = fields.optional(der.context(1))
    fields.end()
    if curve is not None and curve.explicit(0).encoded != der.oid(oids.SM2_CURVE):
        raise curve.error("not the SM2 curve")
    if public is not None and _public_key(public.explicit(1)) != key.public_key:
        raise public.error("public key is not the private key's")
    return key


def _from_integer(node: der.Node) -> PrivateKey:
    value = node.integer(max_octets=33)
    if value <= 0 or value.bit_length() > 8 * _SCALAR_OCTETS:
        raise node.error("private key is out of range")
    return _private_key(value.to_bytes(_SCALAR_OCTETS, "big"), node)


def _private_key(scalar: bytes, node: der.Node) -> PrivateKey:
    try:
        return PrivateKey.from_scalar(scalar)
    except InvalidKeyError:
        # Without a cause: nothing of the scalar may travel with the error.
        raise node.error("private key is out of range") from None


def _public_key(node: der.Node) -> PublicKey:
    try:
        return PublicKey.from_point(node.bits())
    except InvalidKeyError as exc:
        raise node.error("not a point of the SM2 curve") from exc


# ---------------------------------------------------------------------- SM2Cipher


def read_cipher(data: bytes) -> Sm2Cipher:
    """The SM2Cipher that ``data`` consists of; whether it opens is another question.

    Raises:
        MalformedDataError: Not an SM2Cipher.
    """
    return _cipher_at(der.parse(data, what="SM2 cipher", limits=LIMITS))


def _cipher_at(node: der.Node) -> Sm2Cipher:
    fields = node.sequence(4, 4)
    coordinates = []
    for name in ("XCoordinate", "YCoordinate"):
        coordinate = fields.next(name)
        value = coordinate.integer(max_octets=33)
        if value < 0 or value.bit_length() > 256:
            raise coordinate.error(f"{name} is out of range")
        coordinates.append(value)
    digest_node = fields.next("HASH")
    if len(digest := digest_node.octets()) != 32:
        raise digest_node.error("HASH has other than 32 octets")
    cipher_node = fields.next("CipherText")
    if not (cipher_text := cipher_node.octets()):
        raise cipher_node.error("CipherText is empty")
    return Sm2Cipher(coordinates[0], coordinates[1], digest, cipher_text)


# ---------------------------------------------------------------------- SM2EnvelopedKey


def read_enveloped_key(data: bytes) -> EnvelopedKey:
    """The SM2EnvelopedKey that ``data`` consists of, unopened.

    Raises:
        MalformedDataError: Not an SM2EnvelopedKey, or its symmetric algorithm is not SM4 in ECB mode.
    """
    found: list[Tolerance] = []
    node = der.parse(data, what="enveloped key", limits=LIMITS)
    fields = node.sequence(4, 4)
    _expect_sm4_ecb(fields.next("symAlgID"), found)
    cipher = _cipher_at(fields.next("symEncryptedKey"))
    public_key = _public_key(fields.next("Sm2PublicKey"))
    private_node = fields.next("Sm2EncryptedPrivateKey")
    encrypted = private_node.bits()
    if len(encrypted) == _SCALAR_OCTETS + 16:
        found.append(Tolerance.ENVELOPED_KEY_PADDED)
    elif len(encrypted) != _SCALAR_OCTETS:
        raise private_node.error(f"encrypted private key of {len(encrypted)} octets, 32 belong")
    return EnvelopedKey(node.encoded, cipher, public_key, encrypted, tolerances.collect(found))


def envelop_key(key: PrivateKey, recipient: PublicKey, symmetric_key: bytes) -> bytes:
    """DER SM2EnvelopedKey that delivers ``key`` to the holder of ``recipient``'s private half.

    Args:
        key: The encryption key to deliver.
        recipient: The recipient's signing key.
        symmetric_key: 16 fresh random octets, used this once.
    """
    if len(symmetric_key) != _SM4_KEY_OCTETS:
        raise ValueError("an SM4 key has 16 octets")
    return der.sequence(
        der.sequence(der.oid(oids.SM4_ECB), der.null()),
        encrypt(recipient, symmetric_key),
        der.bit_string(key.public_key.point),
        der.bit_string(sm4_ecb_encrypt(symmetric_key, key.scalar())),
    )


def open_enveloped_key(enveloped: EnvelopedKey, recipient: PrivateKey) -> PrivateKey:
    """The delivered private key.

    Raises:
        DecryptionError: It was not enveloped to ``recipient``, was changed, or does not hold the private half of
            its public key. Which of these is not told.
    """
    symmetric_key = decrypt(recipient, enveloped.encrypted_symmetric_key.encode())
    if len(symmetric_key) != _SM4_KEY_OCTETS:
        raise DecryptionError("decryption failed")
    scalar = sm4_ecb_decrypt(symmetric_key, enveloped.encrypted_private_key)
    if scalar[_SCALAR_OCTETS:] not in (b"", b"\x10" * 16):
        raise DecryptionError("decryption failed")
    try:
        key = PrivateKey.from_scalar(scalar[:_SCALAR_OCTETS])
    except InvalidKeyError:
        raise DecryptionError("decryption failed") from None
    if key.public_key != enveloped.public_key:
        raise DecryptionError("decryption failed")
    return key


def _expect_sm4_ecb(node: der.Node, found: list[Tolerance]) -> None:
    fields = node.sequence(1, 2)
    oid = fields.next("algorithm").oid()
    parameters = fields.peek()
    if parameters is not None:
        parameters.null()
    if oid == oids.SM4:
        found.append(Tolerance.ENVELOPED_KEY_MODE_UNNAMED)
    elif oid != oids.SM4_ECB:
        raise MalformedDataError(f"symmetric algorithm {oid} is not SM4-ECB", what=node.what, offset=node.offset)
