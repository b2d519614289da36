"""Certificate profiles: what each kind of certificate must, may and must not hold.

Profiles are versioned data files (``ca/profiles/*.json``), read once and strictly; rules take only a ``Profile``,
never the file. Each file names under ``basis`` what its choices rest on; ``[D]`` marks a choice of this project
with no norm behind it, to be changed in a copy of the file where an authority decides otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

from formats import der, oids
from formats.gbt20518 import KeyUsage
from formats.json_data import JsonNode, read_json

_MAX_FILE_OCTETS: Final = 64 * 1024

ATTRIBUTES: Final = MappingProxyType(
    {
        "C": oids.COUNTRY,
        "ST": oids.STATE,
        "L": oids.LOCALITY,
        "O": oids.ORGANIZATION,
        "OU": oids.ORGANIZATIONAL_UNIT,
        "CN": oids.COMMON_NAME,
        "SN": oids.SURNAME,
        "serialNumber": oids.SERIAL_NUMBER,
    }
)
"""Subject attributes a profile can name."""

KEY_USAGES: Final = MappingProxyType(
    {
        "digitalSignature": KeyUsage.DIGITAL_SIGNATURE,
        "nonRepudiation": KeyUsage.NON_REPUDIATION,
        "keyEncipherment": KeyUsage.KEY_ENCIPHERMENT,
        "dataEncipherment": KeyUsage.DATA_ENCIPHERMENT,
        "keyAgreement": KeyUsage.KEY_AGREEMENT,
        "keyCertSign": KeyUsage.KEY_CERT_SIGN,
        "cRLSign": KeyUsage.CRL_SIGN,
    }
)
"""Key usages a profile can name (RFC 5280 4.2.1.3)."""


class Certifies(StrEnum):
    """What kind of subject a profile is for."""

    ROOT = "root"
    AUTHORITY = "authority"
    END_ENTITY = "end-entity"


class Presence(StrEnum):
    """Whether an extension belongs into a certificate."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    ABSENT = "absent"


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
        organization_code: Whether the identity extension organizationCode is there.
        policies: Whether certificatePolicies is there.
        crl_distribution_points: Whether cRLDistributionPoints is there.
        authority_info_access: Whether authorityInfoAccess is there.
        private_key_usage: How long the private key signs, from the start of the validity; None for no extension.
        ocsp_no_check: Whether id-pkix-ocsp-nocheck is there.
        max_crl_validity: For authorities: longest time between a list and the next; None for end entities.
        basis: What the choices rest on.
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

    @property
    def identifier(self) -> str:
        """Name and version, as records keep it."""
        return f"{self.name}/{self.version}"


def built_in_profiles() -> Mapping[str, Profile]:
    """The profiles that come with the project, by name."""
    files = sorted(resources.files("ca.profiles").iterdir(), key=lambda file: file.name)
    return _by_name(
        [read_profile(file.read_bytes(), what=file.name) for file in files if file.name.endswith(".json")]
    )


def profiles_in(folder: Path) -> Mapping[str, Profile]:
    """The profiles in a folder of an authority's own, by name.

    Raises:
        MalformedDataError: A file is no valid profile.
        ValueError: Two files hold profiles of one name.
    """
    return _by_name([read_profile(path.read_bytes(), what=path.name) for path in sorted(folder.glob("*.json"))])


def _by_name(profiles: list[Profile]) -> Mapping[str, Profile]:
    by_name = {profile.name: profile for profile in profiles}
    if len(by_name) != len(profiles):
        raise ValueError("two profiles have one name")
    return MappingProxyType(by_name)


def read_profile(data: bytes, *, what: str) -> Profile:
    """Read and validate one profile.

    Args:
        data: JSON, at most 64 KiB.
        what: Name of the file, for messages.

    Raises:
        MalformedDataError: Not a valid profile; the message names the place.
    """
    root = read_json(data, what=what, most=_MAX_FILE_OCTETS)
    fields = root.members(
        required=(
            "name",
            "version",
            "title",
            "certifies",
            "subject",
            "validity",
            "key_usage",
            "extensions",
            "basis",
        ),
        optional=("path_length", "extended_key_usage", "private_key_usage_days", "ocsp_no_check", "crl_max_days"),
    )
    subject = fields["subject"].members(required=("required", "optional"))
    validity = fields["validity"].members(required=("max_days", "max_backdating_hours"))
    purposes, purposes_critical = _purposes(fields.get("extended_key_usage"))
    extensions = fields["extensions"].members(
        required=("organization_code", "policies", "crl_distribution_points", "authority_info_access")
    )
    presence = {name: Presence(node.choice(tuple(Presence))) for name, node in extensions.items()}
    profile = Profile(
        name=_name(fields["name"]),
        version=fields["version"].integer(least=1, most=9999),
        title=fields["title"].text(longest=60),
        certifies=Certifies(fields["certifies"].choice(tuple(Certifies))),
        subject_required=_attributes(subject["required"]),
        subject_optional=_attributes(subject["optional"]),
        max_validity=timedelta(days=validity["max_days"].integer(least=1, most=36_525)),
        max_backdating=timedelta(hours=validity["max_backdating_hours"].integer(least=0, most=24 * 366)),
        path_length=fields["path_length"].integer(least=0, most=10) if "path_length" in fields else None,
        key_usage=_usages(fields["key_usage"]),
        extended_key_usage=purposes,
        extended_key_usage_critical=purposes_critical,
        **presence,
        private_key_usage=_days(fields.get("private_key_usage_days")),
        ocsp_no_check="ocsp_no_check" in fields and fields["ocsp_no_check"].boolean(),
        max_crl_validity=_days(fields.get("crl_max_days")),
        basis=tuple(item.text(longest=400) for item in fields["basis"].items(most=40)),
    )
    _check_consistency(profile, root)
    return profile


def _check_consistency(profile: Profile, root: JsonNode) -> None:
    overlap = set(profile.subject_required) & set(profile.subject_optional)
    if overlap:
        root.fail("a subject attribute is both required and optional")
    signs_certificates = KeyUsage.KEY_CERT_SIGN in profile.key_usage
    if (profile.certifies is Certifies.END_ENTITY) == signs_certificates:
        root.fail("keyCertSign belongs to roots and authorities, and to them alone")
    if (profile.certifies is Certifies.END_ENTITY) != (profile.max_crl_validity is None):
        root.fail("crl_max_days belongs to roots and authorities, and to them alone")
    if profile.certifies is Certifies.END_ENTITY and profile.path_length is not None:
        root.fail("path_length belongs to roots and authorities")
    signing = {KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION, KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN}
    if profile.key_usage & signing and profile.key_usage - signing:
        root.fail("one certificate is for signing or for encryption, not for both")
    if oids.KP_TIME_STAMPING in profile.extended_key_usage and (
        len(profile.extended_key_usage) > 1 or not profile.extended_key_usage_critical
    ):
        root.fail("timeStamping stands alone and critical (RFC 3161 2.3)")
    if profile.private_key_usage is not None and profile.private_key_usage > profile.max_validity:
        root.fail("the private key would sign longer than the certificate is valid")


def _name(node: JsonNode) -> str:
    text = node.text(longest=40)
    if not text.replace("-", "").isalnum() or not text.isascii() or text != text.lower():
        node.fail("a profile name has lower-case letters, digits and hyphens")
    return text


def _attributes(node: JsonNode) -> tuple[str, ...]:
    types = tuple(ATTRIBUTES[item.choice(tuple(ATTRIBUTES))] for item in node.items(most=20))
    if len(set(types)) != len(types):
        node.fail("an attribute is repeated")
    return types


def _usages(node: JsonNode) -> frozenset[KeyUsage]:
    usages = [KEY_USAGES[item.choice(tuple(KEY_USAGES))] for item in node.items(most=9)]
    if not usages or len(set(usages)) != len(usages):
        node.fail("key usages are at least one and not repeated")
    return frozenset(usages)


def _purposes(node: JsonNode | None) -> tuple[tuple[str, ...], bool]:
    if node is None:
        return (), False
    fields = node.members(required=("purposes", "critical"))
    purposes = tuple(_oid(item) for item in fields["purposes"].items(most=20))
    if not purposes or len(set(purposes)) != len(purposes):
        node.fail("key purposes are at least one and not repeated")
    return purposes, fields["critical"].boolean()


def _oid(node: JsonNode) -> str:
    text = node.text(longest=100)
    try:
        der.oid(text)
    except ValueError:
        node.fail("not an object identifier")
    return text


def _days(node: JsonNode | None) -> timedelta | None:
    return None if node is None else timedelta(days=node.integer(least=1, most=36_525))
