"""Rules for names and numbers: every profile can be issued under, and each rule has content that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ca.authority import Issuer
from ca.content import certificate_content
from ca.errors import LintError
from ca.issuance import readmit
from ca.model import SerialNumber
from ca.naming_rules import holds_citizen_number
from ca.profile import Presence, Profile
from ca.profile_model import IdentityRule, NumberForm
from formats import der, oids
from formats.gbt20518 import Extension, Name, TbsCertificate
from formats.gbt20518 import extension_building as build
from formats.gbt20518.identity import IdentityKind, IdentityNumber, identity_extension
from tests.authority_world import ACTOR, CREDIT_CODE, PROFILES, START, World, make_world, settings
from tests.profile_requests import END_ENTITIES, HASHED, request_for

SERIAL = SerialNumber(1 << 140)
PERSON, ORGANISATION = PROFILES["person-signing"], PROFILES["organisation-signing"]
SERVER = PROFILES["tls-server"]
CITIZEN = "11010519491231002X"  # the worked example of GB 11643


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


def _codes(
    world: World, profile: Profile, change: Callable[[TbsCertificate], TbsCertificate], **wanted: Any
) -> set[str]:
    """Codes of the findings for changed content under a profile."""
    issuer = Issuer.of(world.regional.certificate)
    content = certificate_content(profile, request_for(profile.name, **wanted), issuer, settings(), SERIAL)
    try:
        readmit(change(content).encode(), profile, issuer, now=START)
    except LintError as exc:
        return {finding.code for finding in exc.findings}
    return set()


def _with(extension: Extension) -> Callable[[TbsCertificate], TbsCertificate]:
    def change(content: TbsCertificate) -> TbsCertificate:
        others = tuple(each for each in content.extensions if each.oid != extension.oid)
        return replace(content, extensions=(*others, extension))

    return change


def _without(oid: str) -> Callable[[TbsCertificate], TbsCertificate]:
    return lambda content: replace(content, extensions=tuple(e for e in content.extensions if e.oid != oid))


def _subject(**values: str) -> Callable[[TbsCertificate], TbsCertificate]:
    kinds = {"C": oids.COUNTRY, "O": oids.ORGANIZATION, "CN": oids.COMMON_NAME}
    named = {"C": "CN", "O": "测试市民政局", "CN": "测试主体", **values}
    return lambda content: replace(
        content, subject=Name.build([(kinds[kind], text) for kind, text in named.items()])
    )


def _names(*encoded: bytes) -> Callable[[TbsCertificate], TbsCertificate]:
    return _with(Extension(oids.SUBJECT_ALT_NAME, critical=False, value=der.sequence(*encoded)))


def _dns(text: bytes) -> bytes:
    return der.encode(0x82, text)


def _number(kind: IdentityKind, text: str) -> Callable[[TbsCertificate], TbsCertificate]:
    return _with(identity_extension(IdentityNumber(kind, text)))


def _same(content: TbsCertificate) -> TbsCertificate:
    return content


@pytest.mark.parametrize("name", END_ENTITIES)
def test_every_profile_can_be_issued_under(world: World, name: str) -> None:
    """A request with all a profile asks for and most of what it allows is issued, and holds what was asked."""
    request = request_for(name, key=f"all-{name}")
    certificate = world.regional.issue(request, actor=ACTOR)
    assert world.regional.record(SerialNumber(certificate.serial_number)).profile == PROFILES[name].identifier
    assert len(certificate.subject_alt_names) == len(request.alternative_names)
    assert {each.kind.oid for each in request.identity} <= certificate.extensions.keys()


@pytest.mark.parametrize(
    ("code", "profile", "change"),
    [
        ("ca.subject-alt-name-missing", SERVER, _without(oids.SUBJECT_ALT_NAME)),
        ("ca.subject-alt-name-present", PROFILES["seal-holder"], _names(_dns(b"a.test.cn"))),
        ("ca.san-kind", SERVER, _names(_dns(b"xinyin.test.cn"), der.encode(0x81, b"a@test.cn"))),
        ("ca.san-repeated", SERVER, _names(_dns(b"xinyin.test.cn"), _dns(b"xinyin.test.cn"))),
        ("ca.san-form", SERVER, _names(_dns(b"*.test.cn"))),
        ("ca.san-form", SERVER, _names(_dns(b"XINYIN.test.cn"))),
        ("ca.san-form", SERVER, _names(_dns(b"localhost"))),
        ("ca.san-form", SERVER, _names(_dns(b"192.0.2.7"))),
        ("ca.san-form", SERVER, _names(der.encode(0x87, bytes(5)))),
        ("ca.san-common-name", SERVER, _names(_dns(b"other.test.cn"))),
        ("ca.subject-length", ORGANISATION, _subject(CN="名" * 65)),
        ("ca.person-number", ORGANISATION, _subject(CN=f"测试{CITIZEN}")),
        ("ca.person-number", PERSON, _names(der.encode(0x81, CITIZEN.lower().encode() + b"@test.cn"))),
        ("ca.identity-form", PERSON, _number(IdentityKind.RESIDENT_CARD, CITIZEN)),
        ("ca.identity-present", PERSON, _number(IdentityKind.INSURANCE_NUMBER, HASHED)),
        ("ca.identity-present", ORGANISATION, _number(IdentityKind.PASSPORT, HASHED)),
        (
            "ca.identity-syntax",
            ORGANISATION,
            _with(Extension(oids.TAXATION_NUMBER, critical=False, value=der.utf8_string("1"))),
        ),
        (
            "ca.identity-syntax",
            ORGANISATION,
            _with(Extension(oids.TAXATION_NUMBER, critical=False, value=der.encode(der.PRINTABLE_STRING, b"*"))),
        ),
        ("ca.usage-mixed", PERSON, _with(build.key_usage([0, 2]))),  # type: ignore[list-item]
        ("ca.any-purpose", PERSON, _with(build.extended_key_usage([oids.ANY_EXTENDED_KEY_USAGE], critical=False))),
        ("ca.purpose-usage", PROFILES["person-encryption"], _with(build.extended_key_usage([oids.KP_OCSP_SIGNING], critical=False))),
        (
            "ca.private-key-usage-bounds",
            PROFILES["time-stamp"],
            _with(build.private_key_usage_period(START, START + timedelta(days=9000))),
        ),
    ],
)  # fmt: skip
def test_breach_is_found(
    world: World, code: str, profile: Profile, change: Callable[[TbsCertificate], TbsCertificate]
) -> None:
    """Content of a profile changed in one place gives the finding that names the broken rule."""
    assert _codes(world, profile, _same) == set()
    assert code in _codes(world, profile, change)


def test_name_constraints_of_the_issuer_are_kept(world: World) -> None:
    """An issuer certified for one directory subtree issues below it, and nowhere else."""
    request = request_for("organisation-signing")
    allowed = Name.build(request.subject.attributes[:2])

    def codes(subtree: Name) -> set[str]:
        constrained = build.permitted_names([subtree])
        above = world.regional.certificate
        extensions = {**above.extensions, oids.NAME_CONSTRAINTS: constrained}
        issuer = replace(Issuer.of(above), certificate=replace(above, extensions=extensions))
        content = certificate_content(ORGANISATION, request, issuer, settings(), SERIAL)
        try:
            readmit(content.encode(), ORGANISATION, issuer, now=START)
        except LintError as exc:
            return {finding.code for finding in exc.findings}
        return set()

    assert codes(allowed) == set()
    assert codes(Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "别处")])) == {"ca.name-constraints"}


def test_plain_number_only_where_a_profile_says_so(world: World) -> None:
    """A citizen number stands in a certificate only under a profile that says plain, and must be one then."""
    rule = IdentityRule(IdentityKind.RESIDENT_CARD, Presence.REQUIRED, NumberForm.PLAIN)
    open_profile = replace(PERSON, identity=(rule,))
    plain = {"identity": (IdentityNumber(IdentityKind.RESIDENT_CARD, CITIZEN),)}
    assert _codes(world, open_profile, _same, **plain) == set()
    assert _codes(world, PERSON, _same, **plain) == {"ca.identity-form"}
    wrong = {"identity": (IdentityNumber(IdentityKind.RESIDENT_CARD, CITIZEN[:-1] + "1"),)}
    assert _codes(world, open_profile, _same, **wrong) == {"ca.identity-form"}
    assert _codes(world, open_profile, _same, identity=()) == {"ca.identity-missing"}


def test_credit_code_under_an_identifier_of_the_profile(world: World) -> None:
    """A profile can name a second extension for the credit code; both hold the same."""
    profile = replace(ORGANISATION, credit_code_oid="1.2.156.10260.4.4")
    assert _codes(world, profile, _same) == set()
    other = build.organization_code("91990101MA9T00018G", oid="1.2.156.10260.4.4")
    assert _codes(world, profile, _with(other)) == {"ca.credit-code-differs"}


def test_policies_of_the_profile_are_stated(world: World) -> None:
    """Policies the profile names stand beside the authority's; leaving one out is found."""
    profile = replace(ORGANISATION, policy_oids=("1.2.3.4.5",))
    assert _codes(world, profile, _same) == set()
    assert _codes(world, profile, _with(build.certificate_policies([("1.2.3.4", None)]))) == {
        "ca.policy-of-profile"
    }


@pytest.mark.parametrize(
    ("text", "holds"),
    [(CITIZEN, True), (f"张三（{CITIZEN.lower()}）", True), (CITIZEN[:-1] + "1", False), (CREDIT_CODE, False), (f"9{CITIZEN}", False)],
)  # fmt: skip
def test_citizen_numbers_are_recognised(text: str, holds: bool) -> None:
    """Eighteen characters with a real birth date and check character, standing alone."""
    assert holds_citizen_number(text) is holds


def test_number_is_in_no_message(world: World) -> None:
    """What refuses a number does not quote it."""
    issuer = Issuer.of(world.regional.certificate)
    request = request_for("person-signing", identity=(IdentityNumber(IdentityKind.RESIDENT_CARD, CITIZEN),))
    content = certificate_content(PERSON, request, issuer, settings(), SERIAL)
    with pytest.raises(LintError) as caught:
        readmit(content.encode(), PERSON, issuer, now=START)
    assert CITIZEN not in str(caught.value)
    assert CITIZEN not in repr(request)
