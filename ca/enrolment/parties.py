"""Who speaks, and how what is said to them is protected: by the shared secret, or by signatures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ca.enrolment.model import EnrolmentSecrets, Reference
from ca.enrolment.ports import EnrolmentStore
from ca.errors import CertificateNotFoundError
from ca.model import CertificateState, SerialNumber
from ca.ports import Random
from ca.service import CertificateAuthority
from crypto import DEFAULT_USER_ID, InvalidSignatureError, Signer, sign_message, verify
from formats import der, oids
from formats.gbt20518 import Certificate, read_certificate
from formats.gbt20518.general_name import directory_name
from formats.gbt20520 import PkiStatus
from formats.rfc9810 import (
    BodyKind,
    CmpFailure,
    PasswordMac,
    PkiHeader,
    PkiMessage,
    StatusInfo,
    assemble_message,
    is_password_mac,
    protected_part,
    read_password_mac,
)
from formats.rfc9810.writing import error_content

SM2_SIGNATURE: Final = der.sequence(der.oid(oids.SM2_WITH_SM3))
NONCE_OCTETS: Final = 16
_NOBODY: Final = b"\0" * 16
_VERSIONS: Final = (2, 3)


class RefusedMessageError(Exception):
    """A message gets an error for an answer.

    Args:
        failure: Why, for programs.
        text: Why, for people.
    """

    def __init__(self, failure: CmpFailure, text: str) -> None:
        super().__init__(text)
        self.status = StatusInfo(PkiStatus.REJECTION, (text,), frozenset({failure}))


@dataclass(frozen=True, slots=True)
class SecretParty:
    """A client that proved it knows the secret of a reference."""

    reference: Reference
    mac: PasswordMac
    secret: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """For the audit trail."""
        return f"reference {self.reference.name}"


@dataclass(frozen=True, slots=True)
class KeyParty:
    """A client that signed with the key of a valid certificate of this authority."""

    certificate: Certificate
    profile: str

    @property
    def serial(self) -> SerialNumber:
        """Of its certificate."""
        return SerialNumber(self.certificate.serial_number)

    @property
    def name(self) -> str:
        """For the audit trail."""
        return f"certificate {self.serial}"


Party = SecretParty | KeyParty


@dataclass(frozen=True, slots=True)
class ReplySigner:
    """Signs answers to messages that were signed.

    Attributes:
        certificate: Its certificate, for signing.
        signer: Holds the key.
    """

    certificate: Certificate
    signer: Signer

    def __post_init__(self) -> None:
        if self.certificate.public_key != self.signer.public_key:
            raise ValueError("the key is not that of the certificate")


class Parties:
    """Recognises who speaks, and protects answers.

    Args:
        authority: Whose certificates are believed, and in whose name answers go.
        store: Knows references.
        secrets: Derives their secrets.
        random: Gives octets for salts and nonces.
        max_skew: How far the time of a message may be from ours.
        reply_signer: For signed messages; without one they are refused.
    """

    def __init__(
        self,
        *,
        authority: CertificateAuthority,
        store: EnrolmentStore,
        secrets: EnrolmentSecrets,
        random: Random,
        max_skew: timedelta,
        reply_signer: ReplySigner | None,
    ) -> None:
        self._authority = authority
        self._store = store
        self._secrets = secrets
        self._random = random
        self._max_skew = max_skew
        self._reply_signer = reply_signer

    # ------------------------------------------------------------------ who speaks

    def recognise(self, message: PkiMessage, now: datetime) -> Party:
        """Who made a message, by its protection; then what its header has to hold.

        Raises:
            RefusedMessageError: Nobody known here, or a header that cannot be answered.
            MalformedDataError: The protection does not parse.
        """
        header = message.header
        if header.protection_algorithm is None or message.protection is None:
            raise RefusedMessageError(CmpFailure.BAD_MESSAGE_CHECK, "a message is protected")
        if is_password_mac(header.protection_algorithm):
            party: Party = self._by_secret(message, header.protection_algorithm, message.protection, now)
        else:
            party = self._by_signature(message, header.protection_algorithm, message.protection, now)
        if header.version not in _VERSIONS:
            raise RefusedMessageError(CmpFailure.UNSUPPORTED_VERSION, "versions 2 and 3 are answered")
        if header.transaction_id is None or len(header.transaction_id) < 8:
            raise RefusedMessageError(CmpFailure.BAD_DATA_FORMAT, "a transactionID has 8 octets or more")
        if header.sender_nonce is None or len(header.sender_nonce) < 8:
            raise RefusedMessageError(CmpFailure.BAD_SENDER_NONCE, "a senderNonce has 8 octets or more")
        if header.message_time is not None and abs(header.message_time - now) > self._max_skew:
            raise RefusedMessageError(CmpFailure.BAD_TIME, "the time of the message is too far from ours")
        return party

    def _by_secret(self, message: PkiMessage, algorithm: bytes, protection: bytes, now: datetime) -> SecretParty:
        mac = read_password_mac(algorithm)
        name = (message.header.sender_key_id or b"").decode("ascii", "replace")
        reference = self._store.reference(name)
        # A stranger's reference costs as much as a known one, and is told the same.
        salt = _NOBODY if reference is None else reference.salt
        secret = self._secrets.secret(name, salt)
        holds = mac.holds(secret, message.protected, protection)
        if reference is None or not holds or not reference.is_open(now):
            raise RefusedMessageError(CmpFailure.BAD_MESSAGE_CHECK, "no such reference, or another secret")
        return SecretParty(reference, mac, secret)

    def _by_signature(self, message: PkiMessage, algorithm: bytes, protection: bytes, now: datetime) -> KeyParty:
        if self._reply_signer is None:
            raise RefusedMessageError(CmpFailure.WRONG_AUTHORITY, "signed messages are not answered here")
        if der.parse(algorithm).sequence(1, 2).next("algorithm").oid() != oids.SM2_WITH_SM3:
            raise RefusedMessageError(CmpFailure.BAD_ALGORITHM, "a signature is SM2 with SM3")
        if not message.extra_certificates:
            raise RefusedMessageError(CmpFailure.SIGNER_NOT_TRUSTED, "the signer's certificate is not there")
        certificate = read_certificate(message.extra_certificates[0])
        profile = self._valid_profile(certificate, now)
        if certificate.public_key is None or profile is None:
            raise RefusedMessageError(CmpFailure.SIGNER_NOT_TRUSTED, "no valid certificate of this authority")
        try:
            verify(certificate.public_key, message.protected, protection, user_id=DEFAULT_USER_ID)
        except InvalidSignatureError:
            raise RefusedMessageError(CmpFailure.BAD_MESSAGE_CHECK, "the signature does not hold") from None
        return KeyParty(certificate, profile)

    def _valid_profile(self, certificate: Certificate, now: datetime) -> str | None:
        """The profile of a certificate of this authority that is valid now; None if it is not."""
        try:
            record = self._authority.record(SerialNumber(certificate.serial_number))
        except (CertificateNotFoundError, ValueError):
            return None
        valid = record.state is CertificateState.VALID and record.encoded == certificate.encoded
        return record.profile.partition("/")[0] if valid and certificate.validity.contains(now) else None

    # ------------------------------------------------------------------ what is said to them

    def reply(
        self,
        message: PkiMessage,
        party: Party | None,
        kind: BodyKind,
        body: bytes,
        *,
        now: datetime,
        nonce: bytes,
        general_info: Mapping[str, bytes | None] | None = None,
    ) -> bytes:
        """An answer, protected as the message was; unprotected for who was not recognised.

        Raises:
            KeyStoreError: The key store failed.
        """
        asked = message.header
        header = PkiHeader(
            version=asked.version if asked.version in _VERSIONS else 2,
            sender=directory_name(self._authority.certificate.subject),
            recipient=asked.sender,
            message_time=now,
            transaction_id=asked.transaction_id,
            sender_nonce=nonce,
            recipient_nonce=asked.sender_nonce,
            general_info=general_info or {},
        )
        chain = tuple(each.encoded for each in self._authority.chain)
        if party is None:
            return assemble_message(protected_part(header, kind, body), None)
        if isinstance(party, SecretParty):
            mac = replace(party.mac, salt=self._random(NONCE_OCTETS))
            key_id = party.reference.name.encode("ascii")
            header = replace(header, protection_algorithm=mac.encode(), sender_key_id=key_id)
            protected = protected_part(header, kind, body)
            return assemble_message(protected, mac.protect(party.secret, protected), chain)
        signing = self._reply_signer
        if signing is None:
            raise RuntimeError("a signed message was recognised without a key to answer with")
        header = replace(
            header,
            protection_algorithm=SM2_SIGNATURE,
            sender=directory_name(signing.certificate.subject),
            sender_key_id=signing.certificate.subject_key_identifier,
        )
        protected = protected_part(header, kind, body)
        signature = sign_message(signing.signer, protected, user_id=DEFAULT_USER_ID)
        return assemble_message(protected, signature, (signing.certificate.encoded, *chain))

    def error(self, message: PkiMessage, party: Party | None, status: StatusInfo, *, now: datetime) -> bytes:
        """An error message."""
        nonce = self._random(NONCE_OCTETS)
        return self.reply(message, party, BodyKind.ERROR, error_content(status), now=now, nonce=nonce)
