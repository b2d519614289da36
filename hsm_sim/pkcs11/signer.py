"""``Pkcs11Signer``: the ``crypto.Signer`` over an SM2 key of a PKCS#11 token, with a vendor's own mechanism."""

from collections.abc import Sequence
from typing import Any

import pkcs11

from crypto import (
    InvalidSignatureError,
    KeyStoreError,
    PublicKey,
    WrongSignatureError,
    signature_from_raw,
    verify_digest,
    verify_many,
)
from formats import der
from formats.errors import MalformedDataError
from hsm_sim.pkcs11.errors import TokenKeyError
from hsm_sim.pkcs11.token import Token, find_key
from hsm_sim.pkcs11.vendor_profile import SignatureForm, VendorProfile


def vendor_mechanism(code: int) -> pkcs11.Mechanism:
    """A mechanism the library's enumeration does not know, in the one form it hands through to the module."""
    member = int.__new__(pkcs11.Mechanism, code)
    member._name_ = f"VENDOR_{code:08X}"
    member._value_ = code
    return member


class Pkcs11Signer:
    """Signs with one SM2 key of a token; may be used from any thread.

    The public key on the token, where it tells one, must be the registered one, and every signature is verified
    before it is handed out: a module that signs by another algorithm on the same curve, or with another key, is
    found out by the first.

    Args:
        token: Stays open as long as the signer.
        label: Of the key pair.
        public_key: The registered one.
        profile: The vendor's numbers.

    Raises:
        TokenKeyError: There is no such key, or it is another than the registered one.
        TokenError: What the module answered.
    """

    def __init__(self, token: Token, label: str, public_key: PublicKey, profile: VendorProfile) -> None:
        self._token = token
        self._label = label
        self._public_key = public_key
        self._profile = profile
        self._mechanism = vendor_mechanism(profile.sign_mechanism)
        point = token.run(lambda session: _told_point(session, label), again=True)
        if point is not None and point != public_key.point:
            raise TokenKeyError(f"the key of label {label!r} is not the registered one")

    @property
    def public_key(self) -> PublicKey:
        """The registered public key."""
        return self._public_key

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign e, 32 octets; DER SEQUENCE {r, s}, verified.

        Raises:
            KeyStoreError: The module failed (``TokenError``), or its signature does not verify.
        """
        (signature,) = self._signed([digest])
        try:
            verify_digest(self._public_key, digest, signature)
        except InvalidSignatureError:
            raise WrongSignatureError("the token returned a signature that does not verify") from None
        return signature

    def sign_digests(self, digests: Sequence[bytes]) -> list[bytes]:
        """Sign many digests of 32 octets; verified DER signatures in the same order. Raises as ``sign_digest``."""
        signatures = self._signed(digests)
        key = self._public_key
        if not all(verify_many([(key, e, made) for e, made in zip(digests, signatures, strict=True)])):
            raise WrongSignatureError("the token returned a signature that does not verify")
        return signatures

    def _signed(self, digests: Sequence[bytes]) -> list[bytes]:
        if any(len(digest) != 32 for digest in digests):
            raise KeyStoreError("a digest has 32 octets")
        signed: list[bytes] = []

        def sign_rest(session: Any) -> None:
            key = find_key(session, pkcs11.ObjectClass.PRIVATE_KEY, self._label)
            rest = digests[len(signed) :]
            # Each is kept as it comes, so that a session that is lost in the middle loses one at most.
            signed.extend(bytes(key.sign(digest, mechanism=self._mechanism)) for digest in rest)

        if digests:
            self._token.run(sign_rest, again=True)
        return [self._as_der(signature) for signature in signed]

    def _as_der(self, signature: bytes) -> bytes:
        if self._profile.signature is SignatureForm.DER:
            return signature
        try:
            return signature_from_raw(signature)
        except InvalidSignatureError:
            raise KeyStoreError("the token returned what is no signature of 64 octets") from None

    def __repr__(self) -> str:
        return f"<Pkcs11Signer label {self._label!r}>"


def _told_point(session: Any, label: str) -> bytes | None:
    """Public point the token tells of a key, 65 octets; None if it tells none."""
    for kind in (pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.ObjectClass.PRIVATE_KEY):
        try:
            told = bytes(find_key(session, kind, label)[pkcs11.Attribute.EC_POINT])
        except pkcs11.exceptions.AttributeTypeInvalid:
            continue
        except TokenKeyError:
            if kind is pkcs11.ObjectClass.PRIVATE_KEY:
                raise
            continue
        return _plain_point(told)
    return None


def _plain_point(told: bytes) -> bytes:
    """CKA_EC_POINT is an OCTET STRING with the point in it; some modules give the point itself."""
    if len(told) == 65 and told[0] == 4:
        return told
    try:
        return der.parse(told, what="CKA_EC_POINT").octets()
    except MalformedDataError:
        raise TokenKeyError("the token tells a public key that cannot be read") from None
