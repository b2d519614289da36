"""Extensions for certificates and revocation lists that this project issues (RFC 5280, GB/T 20518), strict DER."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from crypto import PublicKey
from formats import der, oids
from formats.gbt20518 import general_name
from formats.gbt20518.alternative_name import AlternativeName
from formats.gbt20518.crl_model import IssuingDistributionPoint
from formats.gbt20518.extension import Extension
from formats.gbt20518.extensions import CPS_QUALIFIER, KeyUsage
from formats.gbt20518.name import Name


def key_identifier(public_key: PublicKey) -> bytes:
    """Key identifier of RFC 5280 4.2.1.2 method 1: SHA-1 of the key's octets; a label, no security rests on it."""
    return hashlib.sha1(public_key.point, usedforsecurity=False).digest()


def subject_key_identifier(identifier: bytes) -> Extension:
    """Extension subjectKeyIdentifier, not critical."""
    return Extension(oids.SUBJECT_KEY_IDENTIFIER, critical=False, value=der.octet_string(identifier))


def authority_key_identifier(identifier: bytes) -> Extension:
    """Extension authorityKeyIdentifier with the key identifier only, not critical."""
    value = der.sequence(der.encode(der.context(0, constructed=False), identifier))
    return Extension(oids.AUTHORITY_KEY_IDENTIFIER, critical=False, value=value)


def key_usage(usages: Iterable[KeyUsage]) -> Extension:
    """Extension keyUsage, critical.

    Raises:
        ValueError: No usage at all.
    """
    chosen = frozenset(usages)
    if not chosen:
        raise ValueError("keyUsage without a usage")
    return Extension(oids.KEY_USAGE, critical=True, value=der.named_bits(chosen))


def basic_constraints_of_ca(path_length: int | None) -> Extension:
    """Extension basicConstraints of a CA, critical. End entities carry none (some software refuses it empty).

    Args:
        path_length: How many CAs may follow below; None for any number.
    """
    length = b"" if path_length is None else der.integer(path_length)
    return Extension(oids.BASIC_CONSTRAINTS, critical=True, value=der.sequence(der.boolean(True), length))


def extended_key_usage(purposes: Iterable[str], *, critical: bool) -> Extension:
    """Extension extKeyUsage."""
    value = der.sequence(*(der.oid(purpose) for purpose in purposes))
    return Extension(oids.EXTENDED_KEY_USAGE, critical=critical, value=value)


def certificate_policies(policies: Iterable[tuple[str, str | None]]) -> Extension:
    """Extension certificatePolicies, not critical.

    Args:
        policies: Identifier and, if there is one, the address of the practice statement.
    """
    encoded = []
    for oid, statement in policies:
        qualifiers = b""
        if statement is not None:
            qualifiers = der.sequence(der.sequence(der.oid(CPS_QUALIFIER), der.ia5_string(statement)))
        encoded.append(der.sequence(der.oid(oid), qualifiers))
    return Extension(oids.CERTIFICATE_POLICIES, critical=False, value=der.sequence(*encoded))


def crl_distribution_points(uris: Iterable[str]) -> Extension:
    """Extension cRLDistributionPoints, not critical: one point for each address."""
    points = [der.sequence(_distribution_point_name([uri])) for uri in uris]
    return Extension(oids.CRL_DISTRIBUTION_POINTS, critical=False, value=der.sequence(*points))


def authority_info_access(*, ocsp: Iterable[str], ca_issuers: Iterable[str]) -> Extension:
    """Extension authorityInfoAccess, not critical: the status service and the issuer's certificate."""
    descriptions = [(oids.AD_OCSP, uri) for uri in ocsp] + [(oids.AD_CA_ISSUERS, uri) for uri in ca_issuers]
    encoded = [der.sequence(der.oid(method), general_name.uri(uri)) for method, uri in descriptions]
    return Extension(oids.AUTHORITY_INFO_ACCESS, critical=False, value=der.sequence(*encoded))


def organization_code(code: str, *, oid: str = oids.ORGANIZATION_CODE) -> Extension:
    """Identity extension organizationCode (1.2.156.10260.4.1.4), PrintableString, not critical.

    Args:
        code: The code.
        oid: Another extension of the same syntax to carry it.
    """
    return Extension(oid, critical=False, value=der.printable_string(code))


def subject_alt_name(names: Iterable[AlternativeName]) -> Extension:
    """Extension subjectAltName, not critical: the subject is never empty here (RFC 5280 4.2.1.6)."""
    value = der.sequence(*(name.encode() for name in names))
    return Extension(oids.SUBJECT_ALT_NAME, critical=False, value=value)


def permitted_names(names: Iterable[Name]) -> Extension:
    """Extension nameConstraints, critical: subjects must lie in one of these directory subtrees."""
    subtrees = b"".join(der.sequence(general_name.directory_name(name)) for name in names)
    return Extension(
        oids.NAME_CONSTRAINTS, critical=True, value=der.sequence(der.encode(der.context(0), subtrees))
    )


def private_key_usage_period(not_before: datetime, not_after: datetime) -> Extension:
    """Extension privateKeyUsagePeriod, not critical."""
    bounds = (
        der.encode(der.context(number, constructed=False), der.parse(der.generalized_time(moment)).content)
        for number, moment in enumerate((not_before, not_after))
    )
    return Extension(oids.PRIVATE_KEY_USAGE_PERIOD, critical=False, value=der.sequence(*bounds))


def ocsp_no_check() -> Extension:
    """Extension id-pkix-ocsp-nocheck, not critical (RFC 6960 4.2.2.2.1)."""
    return Extension(oids.OCSP_NO_CHECK, critical=False, value=der.null())


def crl_number(number: int) -> Extension:
    """Extension cRLNumber, not critical.

    Raises:
        ValueError: Negative, or longer than 20 octets.
    """
    if number < 0 or number.bit_length() > 159:
        raise ValueError("a list number is not negative and has at most 20 octets")
    return Extension(oids.CRL_NUMBER, critical=False, value=der.integer(number))


def delta_crl_indicator(base_number: int) -> Extension:
    """Extension deltaCRLIndicator, critical."""
    return Extension(oids.DELTA_CRL_INDICATOR, critical=True, value=der.integer(base_number))


def freshest_crl(uris: Iterable[str]) -> Extension:
    """Extension freshestCRL, not critical: where delta lists are found, one point for each address."""
    points = [der.sequence(_distribution_point_name([uri])) for uri in uris]
    return Extension(oids.FRESHEST_CRL, critical=False, value=der.sequence(*points))


def expired_certs_on_crl(since: datetime) -> Extension:
    """Extension expiredCertsOnCRL, not critical: certificates that expired since then stay on the list."""
    return Extension(oids.EXPIRED_CERTS_ON_CRL, critical=False, value=der.generalized_time(since))


def issuing_distribution_point(scope: IssuingDistributionPoint) -> Extension:
    """Extension issuingDistributionPoint, critical; flags only where they are TRUE.

    Raises:
        ValueError: A scope this project does not issue: indirect, by reason, or of attribute certificates.
    """
    if scope.indirect or scope.only_attribute_certificates or scope.only_some_reasons is not None:
        raise ValueError("indirect lists and lists by reason are not issued")
    if scope.relative_name or len(scope.uris) != len(scope.names):
        raise ValueError("a distribution point is named by addresses")
    if not scope.names and not scope.only_user_certificates and not scope.only_ca_certificates:
        raise ValueError("a scope that leaves nothing out is not written")
    if scope.only_user_certificates and scope.only_ca_certificates:
        raise ValueError("a list for user and for CA certificates alone covers nothing")
    parts = [_distribution_point_name(scope.uris)] if scope.uris else []
    for number, flag in ((1, scope.only_user_certificates), (2, scope.only_ca_certificates)):
        if flag:
            parts.append(der.encode(der.context(number, constructed=False), b"\xff"))
    return Extension(oids.ISSUING_DISTRIBUTION_POINT, critical=True, value=der.sequence(*parts))


def _distribution_point_name(uris: Iterable[str]) -> bytes:
    full_name = der.encode(der.context(0), b"".join(general_name.uri(uri) for uri in uris))
    return der.explicit(0, full_name)
