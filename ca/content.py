"""From profile and request to the content of a certificate: the only place that decides what goes into one."""

from __future__ import annotations

from functools import lru_cache

from ca.authority import AuthoritySettings, Issuer
from ca.model import IssuanceRequest, SerialNumber
from ca.profile import Certifies, Presence, Profile
from formats.gbt20518 import Extension, TbsCertificate
from formats.gbt20518 import extension_building as build
from formats.gbt20518.identity import identity_extension

# What profile and authority say is the same in certificate after certificate; the last ones are remembered.
_key_usage = lru_cache(maxsize=64)(build.key_usage)
_extended_key_usage = lru_cache(maxsize=64)(build.extended_key_usage)
_policies = lru_cache(maxsize=64)(build.certificate_policies)
_distribution_points = lru_cache(maxsize=1024)(build.crl_distribution_points)
_freshest = lru_cache(maxsize=1024)(build.freshest_crl)
_info_access = lru_cache(maxsize=64)(build.authority_info_access)
_authority_key_identifier = lru_cache(maxsize=64)(build.authority_key_identifier)
_organization_code = lru_cache(maxsize=1024)(build.organization_code)


def certificate_content(
    profile: Profile,
    request: IssuanceRequest,
    issuer: Issuer,
    settings: AuthoritySettings,
    serial: SerialNumber,
) -> TbsCertificate:
    """The content the profile gives for a request. Whether it keeps the rules is for ``ca.lint`` to say.

    Raises:
        ValueError: A value cannot be encoded, for example a credit code outside PrintableString.
    """
    return TbsCertificate(
        serial_number=serial.value,
        issuer=issuer.name,
        subject=request.subject,
        validity=request.validity,
        public_key=request.public_key,
        extensions=tuple(_extensions(profile, request, issuer, settings, serial)),
    )


def _extensions(
    profile: Profile,
    request: IssuanceRequest,
    issuer: Issuer,
    settings: AuthoritySettings,
    serial: SerialNumber,
) -> list[Extension]:
    extensions = []
    if profile.certifies is not Certifies.END_ENTITY:
        bounds = request.bounds
        length = profile.path_length if bounds is None else bounds.path_length
        extensions.append(build.basic_constraints_of_ca(length))
        if bounds is not None and bounds.permitted:
            extensions.append(build.permitted_names(bounds.permitted))
    extensions.append(_key_usage(frozenset(profile.key_usage)))
    if profile.extended_key_usage:
        extensions.append(
            _extended_key_usage(tuple(profile.extended_key_usage), critical=profile.extended_key_usage_critical)
        )
    extensions.append(build.subject_key_identifier(build.key_identifier(request.public_key)))
    extensions.append(_authority_key_identifier(issuer.key_identifier))
    policies = [(policy.oid, policy.practice_statement) for policy in settings.policies]
    if request.bounds is not None and request.bounds.policies:
        policies = [(oid, None) for oid in request.bounds.policies]
    policies += [(oid, None) for oid in profile.policy_oids if oid not in dict(policies)]
    if policies and profile.policies is not Presence.ABSENT:
        extensions.append(_policies(tuple(policies)))
    if request.alternative_names:
        extensions.append(build.subject_alt_name(request.alternative_names))
    point = settings.partition_of(serial, is_authority=profile.certifies is not Certifies.END_ENTITY)
    if point.uris and profile.crl_distribution_points is not Presence.ABSENT:
        extensions.append(_distribution_points(point.uris))
        if settings.delta_validity is not None:
            extensions.append(_freshest(point.delta_uris))
    if (settings.ocsp_uris or settings.ca_issuers_uris) and profile.authority_info_access is not Presence.ABSENT:
        extensions.append(_info_access(ocsp=settings.ocsp_uris, ca_issuers=settings.ca_issuers_uris))
    if profile.private_key_usage is not None:
        start = request.validity.not_before
        end = min(start + profile.private_key_usage, request.validity.not_after)
        extensions.append(build.private_key_usage_period(start, end))
    if profile.ocsp_no_check:
        extensions.append(build.ocsp_no_check())
    if request.credit_code is not None:
        if profile.organization_code is not Presence.ABSENT or profile.credit_code_oid is None:
            extensions.append(_organization_code(request.credit_code))
        if profile.credit_code_oid is not None:
            extensions.append(_organization_code(request.credit_code, oid=profile.credit_code_oid))
    extensions.extend(identity_extension(number) for number in request.identity)
    return extensions
