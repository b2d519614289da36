"""Pre-issue rules for certificates: the octets to be signed are read back and judged before any key is asked.

The rules look at what the reader sees, not at what the builder meant, so that a fault in building shows. Each rule
is one function that yields findings; ``CERTIFICATE_RULES`` lists them. See docs/reference/certificates.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ca import naming_rules
from ca.candidate import Candidate, Rule
from ca.errors import LintFinding
from ca.profile import Certifies, Presence
from ca.profile_model import SIGNING_USAGES, USAGES_OF_PURPOSES
from formats import oids
from formats.gbt20518 import BasicConstraints, Certificate, KeyUsage
from formats.gbt20518.certificate_model import MAX_SERIAL_BITS
from formats.gbt20518.extension_building import key_identifier

__all__ = ["CERTIFICATE_RULES", "Candidate", "Rule", "lint_certificate"]

_MIN_SERIAL_BITS: Final = 64


_CRITICAL: Final = frozenset({oids.BASIC_CONSTRAINTS, oids.KEY_USAGE, oids.EXTENDED_KEY_USAGE})
_RFC_5280 = "RFC 5280"
_PROFILE = "GB/T 20518-2018 profile"


def lint_certificate(candidate: Candidate) -> tuple[LintFinding, ...]:
    """Every broken rule; empty if the content may be signed."""
    return tuple(finding for rule in CERTIFICATE_RULES for finding in rule(candidate))


def _encoding(candidate: Candidate) -> Iterator[LintFinding]:
    certificate = candidate.certificate
    if certificate.version != 3:
        yield LintFinding("ca.version", _PROFILE, "not a version 3 certificate")
    if certificate.tolerances:
        names = ", ".join(certificate.tolerances)
        yield LintFinding("ca.tolerance", _RFC_5280, f"readers would have to tolerate {names}")
    if certificate.unparsable_extensions:
        names = ", ".join(certificate.unparsable_extensions)
        yield LintFinding("ca.unparsable-extension", _RFC_5280, f"extensions {names} cannot be read")
    if certificate.unknown_critical_extensions:
        yield LintFinding("ca.unknown-critical-extension", f"{_RFC_5280} 4.2", "a critical extension is not known")
    if certificate.signature_algorithm != oids.SM2_WITH_SM3:
        yield LintFinding("ca.signature-algorithm", _PROFILE, "signature algorithm is not SM2 with SM3")


def _serial(candidate: Candidate) -> Iterator[LintFinding]:
    bits = candidate.certificate.serial_number.bit_length()
    if candidate.certificate.serial_number <= 0 or bits > MAX_SERIAL_BITS:
        yield LintFinding(
            "ca.serial-range", f"{_RFC_5280} 4.1.2.2", "serial is not positive with at most 20 octets"
        )
    if bits < _MIN_SERIAL_BITS:
        yield LintFinding("ca.serial-short", "CA/B baseline requirements", "serial has fewer than 64 bits")


def _validity(candidate: Candidate) -> Iterator[LintFinding]:
    validity, profile = candidate.certificate.validity, candidate.profile
    if validity.not_after - validity.not_before > profile.max_validity:
        yield LintFinding("ca.validity-long", profile.identifier, "valid longer than the profile allows")
    is_link = profile.certifies is Certifies.LINK  # OldWithNew begins when the old key did (RFC 4210 4.4)
    if validity.not_before < candidate.now - profile.max_backdating and not is_link:
        yield LintFinding(
            "ca.validity-backdated", profile.identifier, "starts further back than the profile allows"
        )
    if validity.not_after <= candidate.now:
        yield LintFinding("ca.validity-over", profile.identifier, "ends before it is issued")
    above = candidate.issuer.certificate
    if above is not None:
        early = validity.not_before < above.validity.not_before and not is_link
        if early or validity.not_after > above.validity.not_after:
            yield LintFinding(
                "ca.validity-nesting", "[D]", "reaches beyond the validity of the issuer's certificate"
            )
        if not above.validity.contains(candidate.now):
            yield LintFinding(
                "ca.issuer-not-valid", f"{_RFC_5280} 6.1.3", "the issuer's certificate is not valid now"
            )


def _issuer_name(candidate: Candidate) -> Iterator[LintFinding]:
    certificate, profile = candidate.certificate, candidate.profile
    if certificate.issuer.encoded != candidate.issuer.name.encoded:
        yield LintFinding(
            "ca.issuer-name", f"{_RFC_5280} 4.1.2.4", "issuer name is not the issuer's subject, by octet"
        )
    same = certificate.subject.matches(certificate.issuer)
    if same != (profile.certifies in {Certifies.ROOT, Certifies.LINK}):
        yield LintFinding(
            "ca.self-issued", f"{_RFC_5280} 3.2", "subject equals issuer in roots and links, and in them alone"
        )


def _key(candidate: Candidate) -> Iterator[LintFinding]:
    key = candidate.certificate.public_key
    if key is None:
        yield LintFinding("ca.key-algorithm", _PROFILE, "not an SM2 key")
        return
    if (key == candidate.issuer.public_key) != (candidate.profile.certifies is Certifies.ROOT):
        yield LintFinding("ca.key-of-issuer", "[D]", "key equals the issuer's in roots, and in them alone")
    if candidate.certificate.key_info.key_octets != key.point:
        yield LintFinding("ca.key-compressed", _PROFILE, "key is not an uncompressed point")
    if candidate.certificate.subject_key_identifier != key_identifier(key):
        yield LintFinding("ca.ski", f"{_RFC_5280} 4.2.1.2", "subjectKeyIdentifier is missing or not method 1")
    if candidate.certificate.authority_key_identifier != candidate.issuer.key_identifier:
        yield LintFinding("ca.aki", f"{_RFC_5280} 4.2.1.1", "authorityKeyIdentifier is not the issuer's")


def _usage(candidate: Candidate) -> Iterator[LintFinding]:
    certificate, profile = candidate.certificate, candidate.profile
    if certificate.key_usage != profile.key_usage:
        yield LintFinding("ca.key-usage", profile.identifier, "keyUsage is not the profile's")
    if not _is_critical(certificate, oids.KEY_USAGE):
        yield LintFinding("ca.key-usage-critical", _PROFILE, "keyUsage is not critical")
    if (certificate.extended_key_usage or ()) != profile.extended_key_usage:
        yield LintFinding("ca.extended-key-usage", profile.identifier, "extKeyUsage is not the profile's")
    if _is_critical(certificate, oids.EXTENDED_KEY_USAGE) != profile.extended_key_usage_critical:
        yield LintFinding("ca.extended-key-usage-critical", profile.identifier, "criticality is not the profile's")


def _purposes(candidate: Candidate) -> Iterator[LintFinding]:
    certificate = candidate.certificate
    usage = certificate.key_usage or frozenset()
    if usage & SIGNING_USAGES and usage - SIGNING_USAGES:
        yield LintFinding("ca.usage-mixed", "GB/T 25056", "one certificate is for signing and for encryption")
    for purpose in certificate.extended_key_usage or ():
        if purpose == oids.ANY_EXTENDED_KEY_USAGE:
            yield LintFinding("ca.any-purpose", "[D]", "anyExtendedKeyUsage bounds nothing")
        if not usage & USAGES_OF_PURPOSES.get(purpose, usage):
            yield LintFinding(
                "ca.purpose-usage", f"{_RFC_5280} 4.2.1.12", f"purpose {purpose} without its key usage"
            )


def _hierarchy(candidate: Candidate) -> Iterator[LintFinding]:
    certificate, profile = candidate.certificate, candidate.profile
    constraints = certificate.basic_constraints
    if profile.certifies is Certifies.END_ENTITY:
        if constraints is not None:
            yield LintFinding("ca.basic-constraints", _PROFILE, "an end entity carries basicConstraints")
    else:
        yield from _path_length(candidate, constraints)
        if not _is_critical(certificate, oids.BASIC_CONSTRAINTS):
            yield LintFinding("ca.basic-constraints-critical", f"{_RFC_5280} 4.2.1.9", "not critical")
    above = candidate.issuer.certificate
    if above is None:
        return
    if KeyUsage.KEY_CERT_SIGN not in (above.key_usage or frozenset()):
        yield LintFinding("ca.issuer-key-usage", f"{_RFC_5280} 4.2.1.3", "the issuer may not sign certificates")
    limit = above.basic_constraints.path_length if above.basic_constraints else 0
    below = (constraints.path_length if constraints else None) or 0
    bounded = profile.certifies in {Certifies.AUTHORITY, Certifies.CROSS}
    if bounded and limit is not None and below >= limit:
        yield LintFinding(
            "ca.path-length", f"{_RFC_5280} 4.2.1.9", "the issuer's path length allows no such authority"
        )


def _path_length(candidate: Candidate, constraints: BasicConstraints | None) -> Iterator[LintFinding]:
    """The profile's path length; of a link its issuer's own; of a cross-certificate at most the profile's."""
    profile, above = candidate.profile, candidate.issuer.certificate
    length = constraints.path_length if constraints is not None else None
    expected = profile.path_length
    if profile.certifies is Certifies.LINK and above is not None and above.basic_constraints is not None:
        expected = above.basic_constraints.path_length
    if profile.certifies is Certifies.CROSS and length is not None and expected is not None:
        expected = min(length, expected)
    if constraints != BasicConstraints(ca=True, path_length=expected):
        yield LintFinding("ca.basic-constraints", profile.identifier, "basicConstraints are not the profile's")


def _bounds(candidate: Candidate) -> Iterator[LintFinding]:
    """A cross-certificate names the subtrees it is for; nothing else here carries nameConstraints."""
    bounds = candidate.certificate.name_constraints
    if candidate.profile.certifies is Certifies.CROSS:
        critical = _is_critical(candidate.certificate, oids.NAME_CONSTRAINTS)
        if bounds is None or not bounds.permitted or bounds.excluded or not critical:
            yield LintFinding(
                "ca.cross-unbounded", "RFC 5280 4.2.1.10, [D]", "no critical list of the subtrees it is for"
            )
    elif bounds is not None:
        yield LintFinding("ca.bounds-present", "[D]", "name constraints belong to cross-certificates alone")


def _presence(candidate: Candidate) -> Iterator[LintFinding]:
    certificate, profile = candidate.certificate, candidate.profile
    wanted = (
        (oids.CERTIFICATE_POLICIES, profile.policies, "policies"),
        (oids.CRL_DISTRIBUTION_POINTS, profile.crl_distribution_points, "crl-distribution-points"),
        (oids.AUTHORITY_INFO_ACCESS, profile.authority_info_access, "authority-info-access"),
        (oids.ORGANIZATION_CODE, profile.organization_code, "organization-code"),
    )
    for oid, presence, name in wanted:
        if presence is Presence.REQUIRED and oid not in certificate.extensions:
            yield LintFinding(f"ca.{name}-missing", profile.identifier, "the profile requires this extension")
        if presence is Presence.ABSENT and oid in certificate.extensions:
            yield LintFinding(f"ca.{name}-present", profile.identifier, "the profile excludes this extension")
    if profile.ocsp_no_check != (oids.OCSP_NO_CHECK in certificate.extensions):
        yield LintFinding(
            "ca.ocsp-no-check", "RFC 6960 4.2.2.2.1", "id-pkix-ocsp-nocheck is not as the profile says"
        )
    period = certificate.private_key_usage_period
    if (profile.private_key_usage is not None) != (period is not None):
        yield LintFinding("ca.private-key-usage-period", profile.identifier, "is not as the profile says")
    if period is not None and any(end and not certificate.validity.contains(end) for end in period):
        yield LintFinding("ca.private-key-usage-bounds", "[D]", "the key signs outside the certificate's validity")
    missing = set(profile.policy_oids) - {policy.oid for policy in certificate.policies}
    if missing:
        yield LintFinding("ca.policy-of-profile", profile.identifier, "a policy of the profile is not stated")
    for oid, extension in certificate.extensions.items():
        bounds = oid == oids.NAME_CONSTRAINTS and profile.certifies is Certifies.CROSS
        if extension.critical and not bounds and oid not in _CRITICAL:
            yield LintFinding("ca.critical", _RFC_5280, f"extension {oid} is critical")


def _addresses(candidate: Candidate) -> Iterator[LintFinding]:
    certificate = candidate.certificate
    accesses = [access.location.text for access in certificate.authority_info_access]
    for address in (*certificate.crl_distribution_points, *accesses):
        if not address.startswith(("http://", "ldap://")):
            yield LintFinding("ca.address", f"{_RFC_5280} 4.2.1.13", "an address is neither http nor ldap")


def _is_critical(certificate: Certificate, oid: str) -> bool:
    extension = certificate.extensions.get(oid)
    return extension is not None and extension.critical


CERTIFICATE_RULES: Final[tuple[Rule, ...]] = (
    _encoding,
    _serial,
    _validity,
    _issuer_name,
    naming_rules.subject_attributes,
    naming_rules.name_constraints,
    naming_rules.alternative_names,
    _key,
    _usage,
    _purposes,
    _hierarchy,
    _bounds,
    _presence,
    naming_rules.identity_numbers,
    naming_rules.person_numbers,
    _addresses,
)
