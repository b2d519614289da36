"""Keys of P-256 and RSA on a PKCS#11 token: for services that must also serve software without SM2."""

from enum import StrEnum
from typing import Any, Final

import pkcs11
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crypto import KeyStoreError
from formats import der
from formats.errors import MalformedDataError
from hsm_sim.pkcs11.errors import TokenKeyError
from hsm_sim.pkcs11.token import Token, find_key

_NULL_PARAMETERS: Final = der.null()


class ForeignDigest(StrEnum):
    """Digest algorithms that P-256 and RSA keys sign."""

    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


_ALGORITHMS: Final[dict[ForeignDigest, tuple[HashAlgorithm, str]]] = {
    ForeignDigest.SHA256: (SHA256(), "2.16.840.1.101.3.4.2.1"),
    ForeignDigest.SHA384: (SHA384(), "2.16.840.1.101.3.4.2.2"),
    ForeignDigest.SHA512: (SHA512(), "2.16.840.1.101.3.4.2.3"),
}


class Pkcs11ForeignKey:
    """One P-256 or RSA key pair of a token; may be used from any thread.

    Args:
        token: Stays open as long as the key.
        label: Of the key pair; the public key must be on the token too.

    Raises:
        TokenKeyError: There is no such pair, or it is of another algorithm.
        TokenError: What the module answered.
    """

    def __init__(self, token: Token, label: str) -> None:
        self._token = token
        self._label = label
        self._public_key = token.run(self._told_public_key, again=True)

    @property
    def public_key_info(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        return self._public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign_digest(self, digest: bytes, algorithm: ForeignDigest) -> bytes:
        """Sign a digest; the signature is verified before it is handed out.

        Args:
            digest: As long as ``algorithm`` says.
            algorithm: What made it.

        Returns:
            ECDSA: DER SEQUENCE {r, s}. RSA: PKCS#1 v1.5 (RFC 8017 8.2), as long as the modulus.

        Raises:
            KeyStoreError: The module failed (``TokenError``), or its signature does not verify.
        """
        made_by, _ = _ALGORITHMS[algorithm]
        if len(digest) != made_by.digest_size:
            raise KeyStoreError(f"a digest of {algorithm} has {made_by.digest_size} octets")
        raw = self._token.run(lambda session: self._raw_signature(session, digest, algorithm), again=True)
        prehashed = utils.Prehashed(made_by)
        try:
            if isinstance(self._public_key, rsa.RSAPublicKey):
                self._public_key.verify(raw, digest, padding.PKCS1v15(), prehashed)
                return raw
            signature = _ecdsa_signature(raw)
            self._public_key.verify(signature, digest, ec.ECDSA(prehashed))
        except InvalidSignature:
            raise KeyStoreError("the token returned a signature that does not verify") from None
        return signature

    def _raw_signature(self, session: Any, digest: bytes, algorithm: ForeignDigest) -> bytes:
        key = find_key(session, pkcs11.ObjectClass.PRIVATE_KEY, self._label)
        if isinstance(self._public_key, rsa.RSAPublicKey):
            return bytes(key.sign(_digest_info(digest, algorithm), mechanism=pkcs11.Mechanism.RSA_PKCS))
        return bytes(key.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))

    def _told_public_key(self, session: Any) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
        told = find_key(session, pkcs11.ObjectClass.PUBLIC_KEY, self._label)
        try:
            if told.key_type == pkcs11.KeyType.RSA:
                exponent = int.from_bytes(told[pkcs11.Attribute.PUBLIC_EXPONENT], "big")
                modulus = int.from_bytes(told[pkcs11.Attribute.MODULUS], "big")
                return rsa.RSAPublicNumbers(exponent, modulus).public_key()
            if told.key_type == pkcs11.KeyType.EC:
                if der.parse(bytes(told[pkcs11.Attribute.EC_PARAMS]), what="CKA_EC_PARAMS").oid() != _P256:
                    raise TokenKeyError(f"the key of label {self._label!r} is of another curve than P-256")
                point = der.parse(bytes(told[pkcs11.Attribute.EC_POINT]), what="CKA_EC_POINT").octets()
                return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except (MalformedDataError, ValueError):
            raise TokenKeyError("the token tells a public key that cannot be read") from None
        raise TokenKeyError(f"the key of label {self._label!r} is neither of P-256 nor of RSA")

    def __repr__(self) -> str:
        return f"<Pkcs11ForeignKey label {self._label!r}>"


_P256: Final = "1.2.840.10045.3.1.7"


def _ecdsa_signature(raw: bytes) -> bytes:
    if len(raw) != 64:
        raise KeyStoreError("the token returned what is no signature of 64 octets")
    return utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))


def _digest_info(digest: bytes, algorithm: ForeignDigest) -> bytes:
    """DigestInfo of RFC 8017 9.2, which the mechanism pads and signs."""
    _, oid = _ALGORITHMS[algorithm]
    return der.sequence(der.sequence(der.oid(oid), _NULL_PARAMETERS), der.octet_string(digest))
