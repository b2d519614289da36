"""One request for each kind of end entity, with everything its profile asks for and most of what it allows."""

from __future__ import annotations

from datetime import timedelta

from ca.model import IssuanceRequest
from ca.profile import Presence, Profile
from formats import oids
from formats.gbt20518 import GeneralNameKind, Name, Validity
from formats.gbt20518.alternative_name import AlternativeName
from formats.gbt20518.identity import IdentityKind, IdentityNumber
from tests.authority_world import CREDIT_CODE, PROFILES, START, holder_request

END_ENTITIES = tuple(name for name, profile in PROFILES.items() if profile.certifies == "end-entity")
HASHED = "5f" * 32
HOST = "xinyin.test.cn"
_NAMES = (
    AlternativeName(GeneralNameKind.DNS, HOST),
    AlternativeName(GeneralNameKind.IP_ADDRESS, "192.0.2.7"),
    AlternativeName(GeneralNameKind.IP_ADDRESS, "2001:db8::7"),
    AlternativeName(GeneralNameKind.EMAIL, "jia@test.cn"),
    AlternativeName(GeneralNameKind.URI, "http://xinyin.test.cn/device/7"),
)
_NUMBERS = (
    IdentityNumber(IdentityKind.RESIDENT_CARD, HASHED),
    IdentityNumber(IdentityKind.IC_REGISTRATION_NUMBER, "990101000012345"),
    IdentityNumber(IdentityKind.TAXATION_NUMBER, CREDIT_CODE),
)


def subject_for(profile: Profile) -> Name:
    """A subject with every attribute the profile requires."""
    common_name = HOST if oids.KP_SERVER_AUTH in profile.extended_key_usage else "测试主体"
    values = {oids.COUNTRY: "CN", oids.ORGANIZATION: "测试市民政局", oids.COMMON_NAME: common_name}
    return Name.build([(oid, values[oid]) for oid in profile.subject_required])


def request_for(name: str, key: str | None = None, **changes: object) -> IssuanceRequest:
    """A good request under a profile."""
    profile = PROFILES[name]
    wanted: dict[str, object] = {
        "profile": name,
        "subject": subject_for(profile),
        "validity": Validity(START, START + profile.max_validity - timedelta(days=1)),
        "credit_code": CREDIT_CODE if profile.organization_code is not Presence.ABSENT else None,
        "alternative_names": tuple(each for each in _NAMES if each.kind in profile.alternative_name_kinds),
        "identity": tuple(each for each in _NUMBERS if profile.identity_rule(each.kind) is not None),
        **changes,
    }
    return holder_request(key or name, **wanted)
