"""From a linted certificate to a signed one. Signing unchecked content cannot be written down.

The order, for one certificate or many (the same after a power cut at any point, see ``ca.service``):

1. a serial number is drawn and the content is built (``prepare``);
2. the content is read back and linted; a ``LintedCertificate`` exists only if nothing is wrong with it;
3. serial number, content and an audit line are on record (the intent);
4. the key signs, once (``issue``);
5. the signature is verified, and the certificate's content compared with what was linted, octet for octet;
6. the certificate and an audit line are on record.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ca.authority import AuthoritySettings, Issuer
from ca.content import certificate_content
from ca.errors import LintError, LintFinding, RefusedError
from ca.lint import Candidate, lint_certificate
from ca.model import IssuanceRequest, SerialNumber
from ca.profile import Profile
from crypto import KeyStoreError, PublicKey, Signer, message_digest, sign_message, verify_many
from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate, assemble_certificate, read_certificate, signed_certificate

_PLACEHOLDER: Final = b"\x30\x06\x02\x01\x01\x02\x01\x01"
"""Stands for the signature while content is read back; a well-formed value that verifies under no key."""


class OnceError(RuntimeError):
    """A token was used twice; a fault in the calling code."""


class LintedOctets:
    """Octets that passed the rules and may be signed once. Only this package's ``prepare`` functions make one.

    Attributes:
        tbs: What will be signed.
    """

    __slots__ = ("_signing_key", "_unspent", "tbs")

    def __init__(self, gate: object, tbs: bytes, signing_key: PublicKey) -> None:
        if gate is not GATE:
            raise TypeError("only prepare functions make linted octets")
        self.tbs = tbs
        self._signing_key = signing_key
        self._unspent = [tbs]

    def spend(self, signer: Signer) -> bytes:
        """The octets, the first time; ``signer`` must hold the key they were linted for.

        Raises:
            OnceError: They were spent before.
            RefusedError: The signer holds another key.
        """
        if signer.public_key != self._signing_key:
            raise RefusedError("the signer holds another key than the issuer's", code="ca.signer-key")
        try:
            return self._unspent.pop()
        except IndexError:
            raise OnceError("linted octets are signed once") from None


GATE: Final = object()


class LintedCertificate(LintedOctets):
    """The content of a certificate that passed every rule."""

    __slots__ = ("certificate",)

    def __init__(self, gate: object, candidate: Candidate) -> None:
        super().__init__(gate, candidate.certificate.tbs, candidate.issuer.public_key)
        self.certificate = candidate.certificate

    @property
    def serial(self) -> SerialNumber:
        """Its serial number."""
        return SerialNumber(self.certificate.serial_number)


def prepare(
    profile: Profile,
    request: IssuanceRequest,
    issuer: Issuer,
    settings: AuthoritySettings,
    *,
    serial: SerialNumber,
    now: datetime,
) -> LintedCertificate:
    """Build the content for a request and lint it.

    Args:
        profile: The profile the request names.
        request: What is wanted.
        issuer: Who will sign.
        settings: What the issuer writes into certificates.
        serial: A serial number never used before.
        now: The moment of issue, UTC.

    Raises:
        LintError: The content breaks rules.
    """
    try:
        tbs = certificate_content(profile, request, issuer, settings, serial).encode()
    except ValueError as exc:
        raise LintError([LintFinding("ca.content", profile.identifier, str(exc))]) from exc
    return readmit(tbs, profile, issuer, now=now)


def readmit(tbs: bytes, profile: Profile, issuer: Issuer, *, now: datetime) -> LintedCertificate:
    """Lint content that was recorded before, as after a restart.

    Raises:
        LintError: The content breaks rules.
    """
    try:
        certificate = read_certificate(assemble_certificate(tbs, _PLACEHOLDER))
    except MalformedDataError as exc:
        raise LintError([LintFinding("ca.unreadable", "RFC 5280", str(exc))]) from exc
    candidate = Candidate(certificate, profile, issuer, now)
    findings = lint_certificate(candidate)
    if findings:
        raise LintError(findings)
    return LintedCertificate(GATE, candidate)


def issue(linted: LintedCertificate, signer: Signer, *, user_id: bytes) -> Certificate:
    """Sign one linted certificate; see ``issue_all``."""
    return issue_all([linted], signer, user_id=user_id)[0]


def issue_all(linted: Sequence[LintedCertificate], signer: Signer, *, user_id: bytes) -> list[Certificate]:
    """Sign linted certificates, verify each signature and compare each content with what was linted.

    Args:
        linted: Tokens; each is spent, whatever happens.
        signer: Holds the issuer's key.
        user_id: SM2 identity to sign under.

    Returns:
        The certificates, in the same order.

    Raises:
        KeyStoreError: The signer failed, or gave a signature that does not verify.
        OnceError: A token was spent before.
        RefusedError: The signer holds another key than a token was linted for.
    """
    contents = [token.spend(signer) for token in linted]
    signatures = sign_verified(contents, signer, user_id=user_id)
    certificates = []
    for token, content, signature in zip(linted, contents, signatures, strict=True):
        try:
            certificate = signed_certificate(token.certificate, assemble_certificate(content, signature))
        except MalformedDataError as exc:
            raise KeyStoreError("the certificate's content is not what was linted") from exc
        certificates.append(certificate)
    return certificates


def sign_verified(contents: Sequence[bytes], signer: Signer, *, user_id: bytes) -> list[bytes]:
    """Signatures over contents, each verified before any is handed out; DER SEQUENCE {r, s}.

    Raises:
        KeyStoreError: The signer failed, or gave a signature that does not verify.
    """
    key = signer.public_key
    if len(contents) == 1:
        return [sign_message(signer, contents[0], user_id=user_id)]
    digests = [message_digest(key, content, user_id=user_id) for content in contents]
    signatures = signer.sign_digests(digests)
    if len(signatures) != len(digests):
        raise KeyStoreError("the signer gave another number of signatures than asked for")
    if not all(verify_many([(key, digest, der) for digest, der in zip(digests, signatures, strict=True)])):
        raise KeyStoreError("the signer returned a signature that does not verify")
    return signatures
