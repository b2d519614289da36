"""Certificate profiles: what each kind of certificate must, may and must not hold.

Profiles are versioned data files (``ca/profiles/*.json``), read once and strictly; rules take only a ``Profile``,
never the file. Each file names under ``basis`` what its choices rest on; ``[D]`` marks a choice of this project
with no norm behind it, to be changed in a copy of the file where an authority decides otherwise.
"""

from __future__ import annotations

from datetime import timedelta
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ca.profile_model import Certifies, IdentityRule, NumberForm, Presence, Profile, ProfileSet
from formats import der, oids
from formats.gbt20518 import GeneralNameKind, KeyUsage
from formats.gbt20518.identity import IdentityKind
from formats.json_data import JsonNode, read_json

__all__ = [
    "ATTRIBUTES",
    "KEY_USAGES",
    "Certifies",
    "Presence",
    "Profile",
    "ProfileSet",
    "built_in_profiles",
    "profiles_in",
    "read_profile",
]

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

_NAME_KINDS: Final = MappingProxyType(
    {
        "dns": GeneralNameKind.DNS,
        "ip": GeneralNameKind.IP_ADDRESS,
        "email": GeneralNameKind.EMAIL,
        "uri": GeneralNameKind.URI,
    }
)


def built_in_profiles() -> ProfileSet:
    """The profiles that come with the project, by name, every version."""
    files = sorted(resources.files("ca.profiles").iterdir(), key=lambda file: file.name)
    return ProfileSet(read_profile(file.read_bytes(), what=file.name) for file in files if _is_profile(file.name))


def profiles_in(folder: Path) -> ProfileSet:
    """The profiles in a folder of an authority's own, by name, every version.

    Raises:
        MalformedDataError: A file is no valid profile.
        ValueError: Two files hold one version of a profile, or an encryption twin is missing.
    """
    files = sorted(folder.iterdir())
    return ProfileSet(read_profile(path.read_bytes(), what=path.name) for path in files if _is_profile(path.name))


def _is_profile(name: str) -> bool:
    return name.endswith(".json")


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
        optional=(
            "path_length",
            "extended_key_usage",
            "private_key_usage_days",
            "ocsp_no_check",
            "crl_max_days",
            "subject_alt_name",
            "identity",
            "credit_code_oid",
            "policy_oids",
            "encryption_twin",
        ),
    )
    subject = fields["subject"].members(required=("required", "optional"))
    validity = fields["validity"].members(required=("max_days", "max_backdating_hours"))
    purposes, purposes_critical = _purposes(fields.get("extended_key_usage"))
    extensions = fields["extensions"].members(
        required=("organization_code", "policies", "crl_distribution_points", "authority_info_access")
    )
    presence = {name: Presence(node.choice(tuple(Presence))) for name, node in extensions.items()}
    names, name_kinds = _alternative_names(fields.get("subject_alt_name"))
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
        alternative_names=names,
        alternative_name_kinds=name_kinds,
        identity=_identity(fields.get("identity")),
        credit_code_oid=_oid(fields["credit_code_oid"]) if "credit_code_oid" in fields else None,
        policy_oids=_oids(fields["policy_oids"]) if "policy_oids" in fields else (),
        encryption_twin=_name(fields["encryption_twin"]) if "encryption_twin" in fields else None,
    )
    contradiction = profile.contradiction()
    if contradiction is not None:
        root.fail(contradiction)
    return profile


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
    return _oids(fields["purposes"]), fields["critical"].boolean()


def _alternative_names(node: JsonNode | None) -> tuple[Presence, frozenset[GeneralNameKind]]:
    if node is None:
        return Presence.ABSENT, frozenset()
    fields = node.members(required=("presence", "kinds"))
    kinds = frozenset(_NAME_KINDS[item.choice(tuple(_NAME_KINDS))] for item in fields["kinds"].items(most=4))
    if not kinds:
        node.fail("names it leaves no kind for")
    return Presence(fields["presence"].choice((Presence.REQUIRED, Presence.OPTIONAL))), kinds


def _identity(node: JsonNode | None) -> tuple[IdentityRule, ...]:
    if node is None:
        return ()
    rules = []
    for kind, rule in node.members(required=(), optional=tuple(IdentityKind)).items():
        fields = rule.members(required=("presence", "form"))
        presence = Presence(fields["presence"].choice((Presence.REQUIRED, Presence.OPTIONAL)))
        form = NumberForm(fields["form"].choice(tuple(NumberForm)))
        rules.append(IdentityRule(IdentityKind(kind), presence, form))
    return tuple(rules)


def _oids(node: JsonNode) -> tuple[str, ...]:
    found = tuple(_oid(item) for item in node.items(most=20))
    if not found or len(set(found)) != len(found):
        node.fail("object identifiers are at least one and not repeated")
    return found


def _oid(node: JsonNode) -> str:
    text = node.text(longest=100)
    try:
        der.oid(text)
    except ValueError:
        node.fail("not an object identifier")
    return text


def _days(node: JsonNode | None) -> timedelta | None:
    return None if node is None else timedelta(days=node.integer(least=1, most=36_525))
