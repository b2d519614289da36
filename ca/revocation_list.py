"""Revocation lists: content, pre-issue rules, signing; in the shape of ``ca.issuance``: lint, token, sign once.

A list may have a million entries, so they pass by one at a time: written once, then read back from the octets
beside the record they came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Final

from ca.authority import Issuer
from ca.errors import LintError, LintFinding
from ca.issuance import GATE, LintedOctets, sign_verified
from ca.model import CertificateRecord, CertificateState
from ca.partition import Partition, whole
from crypto import PublicKey, Signer
from formats import oids
from formats.errors import MalformedDataError
from formats.gbt20518 import (
    Crl,
    EncodedEntries,
    Extension,
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
_EVERYTHING: Final = whole(())
_CRITICAL: Final = frozenset({oids.DELTA_CRL_INDICATOR, oids.ISSUING_DISTRIBUTION_POINT})
"""List extensions that are critical wherever they stand (RFC 5280 5.2.4, 5.2.5); all others are not."""


@dataclass(frozen=True, slots=True)
class CrlContent:
    """What a list will say.

    Attributes:
        number: Its cRLNumber.
        this_update: When it is made, UTC, whole seconds.
        next_update: By when the next one comes.
        entries: By rising serial number, the same each time they are iterated. Of a full list certificates revoked
            and held, and intents that were given up; of a delta list what changed since its base.
        previous: thisUpdate of the list before; None for the first.
        max_validity: Longest time to the next list the authority's profile allows.
        partition: What part of the authority's certificates it covers, and where it is found.
        base: For a delta list the number of the full list it goes with; None for a full list.
        has_deltas: A full list tells where delta lists to it are found.
        keep_expired_since: Of a full list: since when expired certificates stay on it; None if they leave.
    """

    number: int
    this_update: datetime
    next_update: datetime
    entries: Iterable[RevokedEntry]
    previous: datetime | None
    max_validity: timedelta
    partition: Partition = _EVERYTHING
    base: int | None = None
    has_deltas: bool = False
    keep_expired_since: datetime | None = None

    @property
    def is_delta(self) -> bool:
        """Whether it is a delta list."""
        return self.base is not None


class LintedCrl(LintedOctets):
    """The content of a revocation list that passed every rule.

    Attributes:
        entries: How many entries it has.
    """

    __slots__ = ("entries",)

    def __init__(self, gate: object, tbs: bytes, signing_key: PublicKey, entries: int) -> None:
        super().__init__(gate, tbs, signing_key)
        self.entries = entries


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
        entries = EncodedEntries.of(content.entries)
        tbs = TbsCrl(
            issuer=issuer.name,
            this_update=content.this_update,
            next_update=content.next_update,
            revoked=entries,
            extensions=tuple(_extensions(content, issuer)),
        ).encode()
        crl = read_crl(assemble_crl(tbs, _PLACEHOLDER))
    except (ValueError, MalformedDataError) as exc:
        raise LintError([LintFinding("ca.crl-content", "RFC 5280 5", str(exc))]) from exc
    findings = tuple(lint_crl(crl, content, issuer))
    if findings:
        raise LintError(findings)
    return LintedCrl(GATE, tbs, issuer.public_key, entries.count)


def _extensions(content: CrlContent, issuer: Issuer) -> Iterator[Extension]:
    yield build.authority_key_identifier(issuer.key_identifier)
    yield build.crl_number(content.number)
    if content.base is not None:
        yield build.delta_crl_indicator(content.base)
    if content.partition.scope is not None:
        yield build.issuing_distribution_point(content.partition.scope)
    if content.has_deltas and not content.is_delta and content.partition.delta_uris:
        yield build.freshest_crl(content.partition.delta_uris)
    if content.keep_expired_since is not None and not content.is_delta:
        yield build.expired_certs_on_crl(content.keep_expired_since)


def issue_crl(linted: LintedCrl, signer: Signer, *, user_id: bytes) -> bytes:
    """Sign a linted list; see ``issue_crls``."""
    return issue_crls([linted], signer, user_id=user_id)[0]


def issue_crls(linted: Sequence[LintedCrl], signer: Signer, *, user_id: bytes) -> list[bytes]:
    """Sign linted lists and verify each signature.

    Returns:
        The signatures, DER SEQUENCE {r, s}, in the same order: over the very octets that were linted.

    Raises:
        KeyStoreError: The signer failed, or gave a signature that does not verify.
        OnceError: A token was spent before.
    """
    return sign_verified([token.spend(signer) for token in linted], signer, user_id=user_id)


def lint_crl(crl: Crl, content: CrlContent, issuer: Issuer) -> Iterator[LintFinding]:
    """Every broken rule of a list read back."""
    if crl.tolerances:
        names = ", ".join(crl.tolerances)
        yield LintFinding("ca.crl-tolerance", "RFC 5280 5", f"readers would have to tolerate {names}")
    if crl.issuer.encoded != issuer.name.encoded:
        yield LintFinding("ca.crl-issuer", "RFC 5280 5.1.2.3", "issuer name is not the issuer's subject, by octet")
    if crl.signature_algorithm != oids.SM2_WITH_SM3:
        yield LintFinding("ca.crl-signature-algorithm", "GB/T 20518-2018 profile", "not SM2 with SM3")
    yield from _lint_extensions(crl, content, issuer)
    yield from _lint_times(crl, content, issuer)
    yield from _lint_entries(crl, content)
    certificate = issuer.certificate
    if certificate is None or KeyUsage.CRL_SIGN not in (certificate.key_usage or frozenset()):
        yield LintFinding("ca.crl-key-usage", "RFC 5280 4.2.1.3", "the issuer may not sign lists")


def _lint_extensions(crl: Crl, content: CrlContent, issuer: Issuer) -> Iterator[LintFinding]:
    key = crl.authority_key
    if key is None or key.key_identifier != issuer.key_identifier or key.issuer or key.serial_number is not None:
        yield LintFinding(
            "ca.crl-aki", "RFC 5280 5.2.1", "authorityKeyIdentifier is not the issuer's key identifier alone"
        )
    if crl.number != content.number or crl.extensions[oids.CRL_NUMBER].critical:
        yield LintFinding("ca.crl-number", "RFC 5280 5.2.3", "list number is missing, wrong or critical")
    expected = {extension.oid for extension in _extensions(content, issuer)}
    if set(crl.extensions) != expected or crl.unknown_critical_extensions:
        yield LintFinding("ca.crl-extensions", "RFC 5280 5.2", "extensions are not those of this kind of list")
    for oid, extension in crl.extensions.items():
        if extension.critical != (oid in _CRITICAL):
            yield LintFinding("ca.crl-critical", "RFC 5280 5.2", f"criticality of extension {oid} is wrong")
    if crl.delta_base != content.base or (content.base is not None and not 0 < content.base < content.number):
        yield LintFinding("ca.crl-base", "RFC 5280 5.2.4", "the base is not that of an earlier full list")
    scope = content.partition.scope
    if crl.issuing_distribution_point != scope or (scope is not None and not scope.names):
        yield LintFinding("ca.crl-scope", "RFC 5280 5.2.5", "the list does not say which certificates it covers")
    if not all(uri.startswith("http://") for uri in (scope.uris if scope else ())):
        yield LintFinding("ca.crl-address", "RFC 5280 5.2.5", "the distribution point has no http address")
    if crl.expired_since != (None if content.is_delta else content.keep_expired_since):
        yield LintFinding("ca.crl-expired", "X.509 8.5.2.12", "expiredCertsOnCRL is not what is kept")


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
    differs = late = unfit = False
    allowed = _REASONS | {RevocationReason.REMOVE_FROM_CRL} if content.is_delta else _REASONS
    for written, recorded in zip_longest(crl.revoked.values(), content.entries):
        differs = differs or written != recorded
        if written is not None:
            late = late or written.date > crl.this_update
            unfit = unfit or written.reason not in allowed
    if differs:
        yield LintFinding("ca.crl-entries", "[D]", "entries are not those on record")
    if late:
        yield LintFinding("ca.crl-future", "RFC 5280 5.1.2.6", "an entry is dated after the list")
    if unfit:
        yield LintFinding("ca.crl-reason", "RFC 5280 5.3.1", "a reason has no place in this kind of list")
