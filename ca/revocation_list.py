"""Revocation lists: content, pre-issue rules, signing; in the shape of ``ca.issuance``: lint, token, sign once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ca.authority import Issuer
from ca.errors import LintError, LintFinding
from ca.issuance import GATE, LintedOctets, sign_verified
from ca.model import CertificateRecord, CertificateState
from crypto import KeyStoreError, Signer
from formats import oids
from formats.errors import MalformedDataError
from formats.gbt20518 import (
    Crl,
    KeyUsage,
    RevocationReason,
    RevokedEntry,
    TbsCrl,
    assemble_crl,
    read_crl,
)
from formats.gbt20518 import extension_building as build

_PLACEHOLDER: Final = b"\x30\x06\x02\x01\x01\x02\x01\x01"
_REASONS: Final = frozenset(RevocationReason) - {
    RevocationReason.REMOVE_FROM_CRL,
    RevocationReason.AA_COMPROMISE,
}


@dataclass(frozen=True, slots=True)
class CrlContent:
    """What a list will say.

    Attributes:
        number: Its cRLNumber.
        this_update: When it is made, UTC, whole seconds.
        next_update: By when the next one comes.
        entries: Revoked and held certificates, and intents that were given up.
        previous: thisUpdate of the list before; None for the first.
        max_validity: Longest time to the next list the authority's profile allows.
    """

    number: int
    this_update: datetime
    next_update: datetime
    entries: Sequence[RevokedEntry]
    previous: datetime | None
    max_validity: timedelta


class LintedCrl(LintedOctets):
    """The content of a revocation list that passed every rule."""

    __slots__ = ()


def entry_of(record: CertificateRecord) -> RevokedEntry:
    """The entry of a certificate that is on the list.

    An intent that was given up may have been signed before a crash; it is listed from the moment it was recorded.

    Raises:
        ValueError: The certificate is not on the list.
    """
    if record.state is CertificateState.ABANDONED:
        return RevokedEntry(record.serial.value, record.intended_at)
    if record.revocation is None:
        raise ValueError(f"a certificate that is {record.state} is not on the list")
    revocation = record.revocation
    return RevokedEntry(record.serial.value, revocation.at, revocation.reason, revocation.invalidity_date)


def prepare_crl(content: CrlContent, issuer: Issuer) -> LintedCrl:
    """Build a list and lint it.

    Raises:
        LintError: The content breaks rules.
    """
    try:
        tbs = TbsCrl(
            issuer=issuer.name,
            this_update=content.this_update,
            next_update=content.next_update,
            revoked=content.entries,
            extensions=(
                build.authority_key_identifier(issuer.key_identifier),
                build.crl_number(content.number),
            ),
        ).encode()
        crl = read_crl(assemble_crl(tbs, _PLACEHOLDER))
    except (ValueError, MalformedDataError) as exc:
        raise LintError([LintFinding("ca.crl-content", "RFC 5280 5", str(exc))]) from exc
    findings = tuple(lint_crl(crl, content, issuer))
    if findings:
        raise LintError(findings)
    return LintedCrl(GATE, tbs, issuer.public_key)


def issue_crl(linted: LintedCrl, signer: Signer, *, user_id: bytes) -> Crl:
    """Sign a linted list, verify the signature and compare the content with what was linted.

    Raises:
        KeyStoreError: The signer failed, or gave a signature that does not verify.
        OnceError: The token was spent before.
    """
    tbs = linted.spend(signer)
    (signature,) = sign_verified([tbs], signer, user_id=user_id)
    crl = read_crl(assemble_crl(tbs, signature))
    if crl.tbs != tbs:
        raise KeyStoreError("the list's content is not what was linted")
    return crl


def lint_crl(crl: Crl, content: CrlContent, issuer: Issuer) -> Iterator[LintFinding]:
    """Every broken rule of a list read back."""
    if crl.tolerances:
        names = ", ".join(crl.tolerances)
        yield LintFinding("ca.crl-tolerance", "RFC 5280 5", f"readers would have to tolerate {names}")
    if crl.issuer.encoded != issuer.name.encoded:
        yield LintFinding("ca.crl-issuer", "RFC 5280 5.1.2.3", "issuer name is not the issuer's subject, by octet")
    if crl.authority_key_identifier != issuer.key_identifier:
        yield LintFinding("ca.crl-aki", "RFC 5280 5.2.1", "authorityKeyIdentifier is not the issuer's")
    if crl.number != content.number or crl.extensions[oids.CRL_NUMBER].critical:
        yield LintFinding("ca.crl-number", "RFC 5280 5.2.3", "list number is missing, wrong or critical")
    if crl.delta_base is not None or crl.unknown_critical_extensions:
        yield LintFinding("ca.crl-extensions", "RFC 5280 5.2", "a full list carries a critical extension")
    if crl.signature_algorithm != oids.SM2_WITH_SM3:
        yield LintFinding("ca.crl-signature-algorithm", "GB/T 20518-2018 profile", "not SM2 with SM3")
    yield from _lint_times(crl, content, issuer)
    yield from _lint_entries(crl, content)
    certificate = issuer.certificate
    if certificate is None or KeyUsage.CRL_SIGN not in (certificate.key_usage or frozenset()):
        yield LintFinding("ca.crl-key-usage", "RFC 5280 4.2.1.3", "the issuer may not sign lists")


def _lint_times(crl: Crl, content: CrlContent, issuer: Issuer) -> Iterator[LintFinding]:
    if crl.next_update is None or crl.next_update - crl.this_update > content.max_validity:
        yield LintFinding(
            "ca.crl-next-update", "authority profile", "the next list comes later than the profile allows"
        )
    if content.previous is not None and crl.this_update < content.previous:
        yield LintFinding("ca.crl-backwards", "[D]", "made before the list it follows; the clock went back")
    if issuer.certificate is not None and not issuer.certificate.validity.contains(crl.this_update):
        yield LintFinding("ca.issuer-not-valid", "RFC 5280 6.3.3", "the issuer's certificate is not valid now")


def _lint_entries(crl: Crl, content: CrlContent) -> Iterator[LintFinding]:
    if dict(crl.revoked) != {entry.serial: entry for entry in content.entries}:
        yield LintFinding("ca.crl-entries", "[D]", "entries are not those on record")
    if any(entry.date > crl.this_update for entry in crl.revoked.values()):
        yield LintFinding("ca.crl-future", "RFC 5280 5.1.2.6", "an entry is dated after the list")
    if not {entry.reason for entry in crl.revoked.values()} <= _REASONS:
        yield LintFinding("ca.crl-reason", "RFC 5280 5.3.1", "a reason has no place in a full list")
