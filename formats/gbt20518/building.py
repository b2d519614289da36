"""Certificates and revocation lists to be signed (GB/T 20518, RFC 5280): strict writers.

A ``Tbs…`` value is encoded, its octets are signed elsewhere, and ``assemble_…`` joins octets and signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crypto import PublicKey
from formats import der
from formats.gbt20518.algorithm import SM2_WITH_SM3, public_key_info
from formats.gbt20518.certificate_model import Validity, check_serial
from formats.gbt20518.crl_model import RevokedEntry
from formats.gbt20518.extension import Extension
from formats.gbt20518.name import Name
from formats.gbt20518.revoked_entries import EncodedEntries, encode_entry
from formats.gbt20518.signed import assemble_signed


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
        check_serial(self.serial_number)
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
        revoked: Entries in the order they are written, no serial twice; of a long list their octets. An empty list
            is left out altogether.
        extensions: List extensions, none twice.

    Raises:
        ValueError: At construction, if one of these rules is broken.
    """

    issuer: Name
    this_update: datetime
    next_update: datetime
    revoked: Sequence[RevokedEntry] | EncodedEntries
    extensions: tuple[Extension, ...]

    def __post_init__(self) -> None:
        if self.next_update <= self.this_update:
            raise ValueError("nextUpdate is not after thisUpdate")
        revoked = self.revoked
        if not isinstance(revoked, EncodedEntries) and len({entry.serial for entry in revoked}) != len(revoked):
            raise ValueError("a certificate is listed twice")
        _check_extensions(self.extensions)

    def encode(self) -> bytes:
        """DER TBSCertList: what is signed."""
        if isinstance(self.revoked, EncodedEntries):
            revoked = self.revoked.octets
        else:
            revoked = b"".join(encode_entry(entry) for entry in self.revoked)
        return der.sequence(
            der.integer(1),
            SM2_WITH_SM3,
            self.issuer.encoded,
            der.time(self.this_update),
            der.time(self.next_update),
            der.encode(der.SEQUENCE, revoked) if revoked else b"",
            der.explicit(0, der.sequence(*(extension.encode() for extension in self.extensions))),
        )


def assemble_certificate(tbs: bytes, signature: bytes) -> bytes:
    """DER Certificate from TBSCertificate and DER SEQUENCE {r, s}."""
    return assemble_signed(tbs, signature)


def assemble_crl(tbs: bytes, signature: bytes) -> bytes:
    """DER CertificateList from TBSCertList and DER SEQUENCE {r, s}."""
    return assemble_signed(tbs, signature)


def _check_extensions(extensions: Sequence[Extension]) -> None:
    if not extensions:
        raise ValueError("at least one extension is needed")
    if len({extension.oid for extension in extensions}) != len(extensions):
        raise ValueError("an extension is repeated")
