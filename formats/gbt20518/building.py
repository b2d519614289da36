"""Certificates and revocation lists to be signed (GB/T 20518, RFC 5280): strict writers.

A ``Tbs…`` value is encoded, its octets are signed elsewhere, and ``assemble_…`` joins octets and signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crypto import PublicKey
from formats import der, oids
from formats.gbt20518.algorithm import SM2_WITH_SM3, public_key_info
from formats.gbt20518.certificate_model import Validity
from formats.gbt20518.crl_model import RevocationReason, RevokedEntry
from formats.gbt20518.extension import Extension
from formats.gbt20518.name import Name
from formats.gbt20518.signed import assemble_signed

MAX_SERIAL_BITS = 159
"""A positive INTEGER of at most 20 octets (RFC 5280 4.1.2.2)."""


@dataclass(frozen=True, slots=True)
class TbsCertificate:
    """A version 3 certificate without its signature.

    Attributes:
        serial_number: Positive, at most 20 octets.
        issuer: Issuer name; its octets are used as they are.
        subject: Subject name.
        validity: Validity period.
        public_key: Subject's key.
        extensions: In the order they are written; at least one, none twice.

    Raises:
        ValueError: At construction, if one of these rules is broken.
    """

    serial_number: int
    issuer: Name
    subject: Name
    validity: Validity
    public_key: PublicKey
    extensions: tuple[Extension, ...]

    def __post_init__(self) -> None:
        _check_serial(self.serial_number)
        _check_extensions(self.extensions)
        if not self.issuer.attributes or not self.subject.attributes:
            raise ValueError("issuer and subject names are not empty")

    def encode(self) -> bytes:
        """DER TBSCertificate: what is signed."""
        return der.sequence(
            der.explicit(0, der.integer(2)),
            der.integer(self.serial_number),
            SM2_WITH_SM3,
            self.issuer.encoded,
            der.sequence(der.time(self.validity.not_before), der.time(self.validity.not_after)),
            self.subject.encoded,
            public_key_info(self.public_key),
            der.explicit(3, der.sequence(*(extension.encode() for extension in self.extensions))),
        )


@dataclass(frozen=True, slots=True)
class TbsCrl:
    """A version 2 revocation list without its signature.

    Attributes:
        issuer: Issuer name.
        this_update: When it is issued.
        next_update: By when the next one comes; always stated.
        revoked: Entries in the order they are written, no serial twice. An empty list is left out altogether.
        extensions: List extensions, none twice.

    Raises:
        ValueError: At construction, if one of these rules is broken.
    """

    issuer: Name
    this_update: datetime
    next_update: datetime
    revoked: Sequence[RevokedEntry]
    extensions: tuple[Extension, ...]

    def __post_init__(self) -> None:
        if self.next_update <= self.this_update:
            raise ValueError("nextUpdate is not after thisUpdate")
        if len({entry.serial for entry in self.revoked}) != len(self.revoked):
            raise ValueError("a certificate is listed twice")
        _check_extensions(self.extensions)

    def encode(self) -> bytes:
        """DER TBSCertList: what is signed."""
        revoked = der.sequence(*(_encode_entry(entry) for entry in self.revoked)) if self.revoked else b""
        return der.sequence(
            der.integer(1),
            SM2_WITH_SM3,
            self.issuer.encoded,
            der.time(self.this_update),
            der.time(self.next_update),
            revoked,
            der.explicit(0, der.sequence(*(extension.encode() for extension in self.extensions))),
        )


def assemble_certificate(tbs: bytes, signature: bytes) -> bytes:
    """DER Certificate from TBSCertificate and DER SEQUENCE {r, s}."""
    return assemble_signed(tbs, signature)


def assemble_crl(tbs: bytes, signature: bytes) -> bytes:
    """DER CertificateList from TBSCertList and DER SEQUENCE {r, s}."""
    return assemble_signed(tbs, signature)


def _encode_entry(entry: RevokedEntry) -> bytes:
    _check_serial(entry.serial)
    extensions = []
    if entry.reason is not RevocationReason.UNSPECIFIED:
        value = der.integer(entry.reason, tag=der.ENUMERATED)
        extensions.append(Extension(oids.CRL_REASON, critical=False, value=value).encode())
    if entry.invalidity_date is not None:
        value = der.generalized_time(entry.invalidity_date)
        extensions.append(Extension(oids.INVALIDITY_DATE, critical=False, value=value).encode())
    listed = der.sequence(*extensions) if extensions else b""
    return der.sequence(der.integer(entry.serial), der.time(entry.date), listed)


def _check_serial(serial: int) -> None:
    if serial <= 0 or serial.bit_length() > MAX_SERIAL_BITS:
        raise ValueError("a serial number is positive and has at most 20 octets")


def _check_extensions(extensions: Sequence[Extension]) -> None:
    if not extensions:
        raise ValueError("at least one extension is needed")
    if len({extension.oid for extension in extensions}) != len(extensions):
        raise ValueError("an extension is repeated")
