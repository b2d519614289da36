"""What a certificate profile says, as values; ``ca.profile`` reads them from files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from formats import oids
from formats.gbt20518 import GeneralNameKind, KeyUsage
from formats.gbt20518.identity import IdentityKind

SIGNING_USAGES: Final = frozenset(
    {KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION, KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN}
)
"""Usages of keys that sign; the others are of keys that are encrypted to or agree on keys."""

USAGES_OF_PURPOSES: Final[Mapping[str, frozenset[KeyUsage]]] = {
    oids.KP_SERVER_AUTH: frozenset(
        {KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_ENCIPHERMENT, KeyUsage.KEY_AGREEMENT}
    ),
    oids.KP_CLIENT_AUTH: frozenset({KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_AGREEMENT}),
    oids.KP_TIME_STAMPING: frozenset({KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION}),
    oids.KP_OCSP_SIGNING: frozenset({KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION}),
}
"""Key usages of which one must be there for a purpose to make sense (RFC 5280 4.2.1.12)."""


class Certifies(StrEnum):
    """What kind of subject a profile is for."""

    ROOT = "root"
    AUTHORITY = "authority"
    LINK = "link"
    """The authority itself under its key before or after (RFC 4210 4.4: NewWithOld, OldWithNew)."""
    CROSS = "cross"
    """An authority of another hierarchy, bounded."""
    END_ENTITY = "end-entity"


class Presence(StrEnum):
    """Whether an extension belongs into a certificate."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    ABSENT = "absent"


class NumberForm(StrEnum):
    """How a number of a person or organisation stands in a certificate, which everybody can read."""

    PLAIN = "plain"
    """As it is."""
    HASHED = "hashed"
    """Own rule: as 64 hexadecimal digits of a keyed hash that the registration desk makes."""


HASHED_NUMBER: Final = re.compile("[0-9a-f]{64}")
"""How a hashed number looks."""


@dataclass(frozen=True, slots=True)
class IdentityRule:
    """What a profile says of one identity extension it allows.

    Attributes:
        kind: Which number.
        presence: REQUIRED or OPTIONAL.
        form: How the number stands there.
    """

    kind: IdentityKind
    presence: Presence
    form: NumberForm


@dataclass(frozen=True, slots=True)
class Profile:
    """A validated profile.

    Attributes:
        name: Its name, for example ``"seal-holder"``.
        version: Its version, from 1.
        title: Chinese title, for pages.
        certifies: What kind of subject it is for.
        subject_required: Attribute types a subject has exactly once each.
        subject_optional: Attribute types a subject may have.
        max_validity: Longest validity.
        max_backdating: How long before now a validity may start.
        path_length: For authorities: how many may follow below; None for any number.
        key_usage: keyUsage, exactly.
        extended_key_usage: Key purposes, exactly; empty for no extension.
        extended_key_usage_critical: Whether that extension is critical.
        organization_code: Whether the identity extension organizationCode is there, with the credit code.
        policies: Whether certificatePolicies is there.
        crl_distribution_points: Whether cRLDistributionPoints is there.
        authority_info_access: Whether authorityInfoAccess is there.
        private_key_usage: How long the private key signs, from the start of the validity; None for no extension.
        ocsp_no_check: Whether id-pkix-ocsp-nocheck is there.
        max_crl_validity: For authorities: longest time between a list and the next; None for end entities.
        basis: What the choices rest on.
        alternative_names: Whether subjectAltName is there.
        alternative_name_kinds: Kinds of name it may hold.
        identity: Identity extensions that are allowed besides organizationCode; all others are excluded.
        credit_code_oid: Extension that carries the credit code besides organizationCode; None for none. The
            identifier is data, since the one of the 2023 edition is not known for certain.
        policy_oids: Policies of this profile, besides those of the authority.
        encryption_twin: For signing certificates: profile of the encryption certificate of a pair; None without.
    """

    name: str
    version: int
    title: str
    certifies: Certifies
    subject_required: tuple[str, ...]
    subject_optional: tuple[str, ...]
    max_validity: timedelta
    max_backdating: timedelta
    path_length: int | None
    key_usage: frozenset[KeyUsage]
    extended_key_usage: tuple[str, ...]
    extended_key_usage_critical: bool
    organization_code: Presence
    policies: Presence
    crl_distribution_points: Presence
    authority_info_access: Presence
    private_key_usage: timedelta | None
    ocsp_no_check: bool
    max_crl_validity: timedelta | None
    basis: tuple[str, ...]
    alternative_names: Presence = Presence.ABSENT
    alternative_name_kinds: frozenset[GeneralNameKind] = frozenset()
    identity: tuple[IdentityRule, ...] = ()
    credit_code_oid: str | None = None
    policy_oids: tuple[str, ...] = ()
    encryption_twin: str | None = None

    @property
    def identifier(self) -> str:
        """Name and version, as records keep it."""
        return f"{self.name}/{self.version}"

    @property
    def is_for_encryption(self) -> bool:
        """Whether the certified key is encrypted to or agrees on keys, and signs nothing."""
        return not self.key_usage & SIGNING_USAGES

    def identity_rule(self, kind: IdentityKind) -> IdentityRule | None:
        """What it says of one kind of number; None if it excludes it."""
        return next((rule for rule in self.identity if rule.kind is kind), None)

    def contradiction(self) -> str | None:
        """What in it cannot be meant, one sentence; None if nothing."""
        return next((text for broken, text in self._contradictions() if broken), None)

    def _contradictions(self) -> Iterator[tuple[bool, str]]:
        is_end_entity = self.certifies is Certifies.END_ENTITY
        yield (
            bool(set(self.subject_required) & set(self.subject_optional)),
            "a subject attribute is both required and optional",
        )
        yield (
            is_end_entity == (KeyUsage.KEY_CERT_SIGN in self.key_usage),
            "keyCertSign belongs to roots and authorities, and to them alone",
        )
        yield (
            is_end_entity != (self.max_crl_validity is None),
            "crl_max_days belongs to roots and authorities, and to them alone",
        )
        yield is_end_entity and self.path_length is not None, "path_length belongs to roots and authorities"
        yield (
            bool(self.key_usage & SIGNING_USAGES and self.key_usage - SIGNING_USAGES),
            "one certificate is for signing or for encryption, not for both",
        )
        yield (
            oids.KP_TIME_STAMPING in self.extended_key_usage
            and (len(self.extended_key_usage) > 1 or not self.extended_key_usage_critical),
            "timeStamping stands alone and critical (RFC 3161 2.3)",
        )
        yield (
            any(
                not self.key_usage & USAGES_OF_PURPOSES.get(purpose, self.key_usage)
                for purpose in self.extended_key_usage
            ),
            "a key purpose does not go with the key usages (RFC 5280 4.2.1.12)",
        )
        yield (
            self.private_key_usage is not None and self.private_key_usage > self.max_validity,
            "the private key would sign longer than the certificate is valid",
        )
        yield (
            len({rule.kind.oid for rule in self.identity if rule.presence is Presence.REQUIRED})
            != sum(rule.presence is Presence.REQUIRED for rule in self.identity),
            "two numbers are required where one extension holds one",
        )
        yield (
            self.encryption_twin is not None and (not is_end_entity or self.is_for_encryption),
            "encryption_twin belongs to signing certificates of end entities",
        )
        yield (
            bool(self.policy_oids) and self.policies is Presence.ABSENT,
            "policies of the profile where it excludes certificatePolicies",
        )


class ProfileSet(Mapping[str, Profile]):
    """Profiles by name, several versions of each side by side.

    ``profiles["person"]`` is the latest version, ``profiles["person/1"]`` one version; iterating gives the names.
    A record keeps name and version, so that what was issued under an old version can still be judged by it.

    Args:
        profiles: In any order.

    Raises:
        ValueError: Two have one name and version, or an encryption twin is missing or none.
    """

    def __init__(self, profiles: Iterable[Profile]) -> None:
        every = sorted(profiles, key=lambda profile: (profile.name, profile.version))
        self._versions = {profile.identifier: profile for profile in every}
        if len(self._versions) != len(every):
            raise ValueError("two profiles have one name and version")
        self._latest = {profile.name: profile for profile in every}
        for profile in every:
            if profile.encryption_twin is not None:
                self._check_twin(profile, self.get(profile.encryption_twin))

    def __getitem__(self, name: str) -> Profile:
        return self._versions[name] if "/" in name else self._latest[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._latest)

    def __len__(self) -> int:
        return len(self._latest)

    @property
    def versions(self) -> tuple[Profile, ...]:
        """Every version of every profile, by name, then version."""
        return tuple(self._versions.values())

    @staticmethod
    def _check_twin(profile: Profile, twin: Profile | None) -> None:
        if twin is None or twin.certifies is not Certifies.END_ENTITY or not twin.is_for_encryption:
            raise ValueError(
                f"the encryption twin of {profile.identifier} is no profile for encryption certificates"
            )
