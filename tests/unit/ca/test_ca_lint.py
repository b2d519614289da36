"""Pre-issue rules: every rule has a certificate that breaks it, and only what is linted can be signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ca.authority import Issuer
from ca.content import certificate_content
from ca.errors import LintError, RefusedError
from ca.issuance import LintedCertificate, OnceError, issue, issue_all, prepare, readmit
from ca.lint import CERTIFICATE_RULES, Candidate, Rule
from ca.model import IssuanceRequest, SerialNumber
from ca.naming_rules import name_constraints
from crypto import DEFAULT_USER_ID, KeyStoreError, PrivateKey, SoftwareSigner
from formats import der, oids
from formats.gbt20518 import (
    Extension,
    Name,
    TbsCertificate,
    Validity,
    assemble_certificate,
    certificate_verify,
    read_certificate,
)
from formats.gbt20518 import extension_building as build
from formats.gbt20518.extensions import KeyUsage
from tests.authority_world import PROFILES, REGIONAL_NAME, START, World, holder_request, make_world, settings

SERIAL = SerialNumber(1 << 140)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


def _issuer(world: World) -> Issuer:
    return Issuer.of(world.regional.certificate)


def _content(world: World, request: IssuanceRequest | None = None) -> TbsCertificate:
    request = request or holder_request()
    return certificate_content(PROFILES[request.profile], request, _issuer(world), settings(), SERIAL)


def _codes(world: World, content: TbsCertificate | bytes, profile: str = "seal-holder", **now: float) -> set[str]:
    """Codes of the findings for content; empty if it may be signed."""
    tbs = content if isinstance(content, bytes) else content.encode()
    try:
        readmit(tbs, PROFILES[profile], _issuer(world), now=START + timedelta(**now))
    except LintError as exc:
        return {finding.code for finding in exc.findings}
    return set()


def _without(content: TbsCertificate, oid: str) -> TbsCertificate:
    return replace(content, extensions=tuple(each for each in content.extensions if each.oid != oid))


def _with(content: TbsCertificate, extension: Extension) -> TbsCertificate:
    others = tuple(each for each in content.extensions if each.oid != extension.oid)
    return replace(content, extensions=(*others, extension))


def _subject(*attributes: tuple[str, str]) -> Name:
    return Name.build(attributes)


_COUNTRY, _ORGANIZATION = (oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试市民政局")
_CN = (oids.COMMON_NAME, "甲")
_USAGE = [KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION]

Change = Callable[[TbsCertificate], TbsCertificate]

BREACHES: list[tuple[str, Change]] = [
    ("ca.serial-short", lambda c: replace(c, serial_number=77)),
    ("ca.validity-long", lambda c: replace(c, validity=Validity(START, START + timedelta(days=1828)))),
    (
        "ca.validity-backdated",
        lambda c: replace(c, validity=Validity(START - timedelta(hours=25), START + timedelta(days=1))),
    ),
    ("ca.validity-over", lambda c: replace(c, validity=Validity(START - timedelta(hours=2), START))),
    (
        "ca.validity-nesting",
        lambda c: replace(c, validity=Validity(START + timedelta(days=3000), START + timedelta(days=3654))),
    ),
    (
        "ca.validity-nesting",
        lambda c: replace(c, validity=Validity(START - timedelta(hours=1), START + timedelta(days=1))),
    ),
    ("ca.issuer-name", lambda c: replace(c, issuer=_subject(_COUNTRY, _ORGANIZATION, _CN))),
    ("ca.subject-required", lambda c: replace(c, subject=_subject(_COUNTRY, _ORGANIZATION))),
    ("ca.subject-required", lambda c: replace(c, subject=_subject(_COUNTRY, _ORGANIZATION, _CN, _CN))),
    (
        "ca.subject-not-allowed",
        lambda c: replace(c, subject=_subject(_COUNTRY, _ORGANIZATION, _CN, (oids.EMAIL_ADDRESS, "a@b.cn"))),
    ),
    ("ca.subject-country", lambda c: replace(c, subject=_subject((oids.COUNTRY, "US"), _ORGANIZATION, _CN))),
    (
        "ca.subject-space",
        lambda c: replace(c, subject=_subject(_COUNTRY, _ORGANIZATION, (oids.COMMON_NAME, "甲 "))),
    ),
    ("ca.self-issued", lambda c: replace(c, subject=REGIONAL_NAME)),
    ("ca.ski", lambda c: _without(c, oids.SUBJECT_KEY_IDENTIFIER)),
    ("ca.ski", lambda c: _with(c, build.subject_key_identifier(bytes(20)))),
    ("ca.aki", lambda c: _without(c, oids.AUTHORITY_KEY_IDENTIFIER)),
    ("ca.key-usage", lambda c: _without(c, oids.KEY_USAGE)),
    ("ca.key-usage", lambda c: _with(c, build.key_usage([KeyUsage.DIGITAL_SIGNATURE]))),
    (
        "ca.key-usage-critical",
        lambda c: _with(c, replace(build.key_usage(_USAGE), critical=False)),
    ),
    (
        "ca.extended-key-usage",
        lambda c: _with(c, build.extended_key_usage([oids.KP_OCSP_SIGNING], critical=False)),
    ),
    (
        "ca.extended-key-usage-critical",
        lambda c: _with(c, build.extended_key_usage([oids.KP_OCSP_SIGNING], critical=True)),
    ),
    (
        "ca.basic-constraints",
        lambda c: _with(c, Extension(oids.BASIC_CONSTRAINTS, critical=True, value=der.sequence())),
    ),
    ("ca.basic-constraints", lambda c: _with(c, build.basic_constraints_of_ca(0))),
    ("ca.policies-missing", lambda c: _without(c, oids.CERTIFICATE_POLICIES)),
    ("ca.crl-distribution-points-missing", lambda c: _without(c, oids.CRL_DISTRIBUTION_POINTS)),
    ("ca.organization-code-missing", lambda c: _without(c, oids.ORGANIZATION_CODE)),
    ("ca.ocsp-no-check", lambda c: _with(c, build.ocsp_no_check())),
    ("ca.private-key-usage-period", lambda c: _with(c, build.private_key_usage_period(START, START))),
    ("ca.critical", lambda c: _with(c, build.permitted_names([REGIONAL_NAME]))),
    ("ca.unknown-critical-extension", lambda c: _with(c, Extension("1.2.3.4", critical=True, value=b""))),
    (
        "ca.unparsable-extension",
        lambda c: _with(c, Extension(oids.SUBJECT_ALT_NAME, critical=False, value=b"x")),
    ),
    ("ca.usage-mixed", lambda c: _with(c, build.key_usage([*_USAGE, KeyUsage.KEY_AGREEMENT]))),
    (
        "ca.any-purpose",
        lambda c: _with(c, build.extended_key_usage([oids.ANY_EXTENDED_KEY_USAGE], critical=False)),
    ),
    (
        "ca.subject-alt-name-present",
        lambda c: _with(c, Extension(oids.SUBJECT_ALT_NAME, critical=False, value=b"")),
    ),
    (
        "ca.person-number",
        lambda c: replace(c, subject=_subject(_COUNTRY, _ORGANIZATION, (oids.COMMON_NAME, "11010519491231002X"))),
    ),
    ("ca.credit-code", lambda c: _with(c, build.organization_code("11320500014150050C"))),
    ("ca.address", lambda c: _with(c, build.crl_distribution_points(["file:///etc/passwd"]))),
    (
        "ca.tolerance",
        lambda c: _with(
            c, Extension(oids.AUTHORITY_INFO_ACCESS, critical=False, value=_access_outside_the_alphabet())
        ),
    ),
]


def _access_outside_the_alphabet() -> bytes:
    location = der.encode(0x86, "http://信.test/".encode())
    return der.sequence(der.sequence(der.oid(oids.AD_OCSP), location))


def test_what_the_profile_gives_passes(world: World) -> None:
    """The content built for a good request breaks no rule."""
    assert _codes(world, _content(world)) == set()


@pytest.mark.parametrize(("code", "change"), BREACHES, ids=[f"{code}-{i}" for i, (code, _) in enumerate(BREACHES)])
def test_breach_is_found(world: World, code: str, change: Change) -> None:
    """Content changed in one place gives the finding that names the broken rule."""
    assert code in _codes(world, change(_content(world)))


def test_key_of_the_issuer_is_refused(world: World) -> None:
    """An end entity with the issuer's key could sign certificates."""
    request = holder_request(public_key=world.regional_signer.public_key)
    assert "ca.key-of-issuer" in _codes(world, _content(world, request))


def test_expired_issuer_signs_nothing(world: World) -> None:
    """Outside the validity of its own certificate an authority issues nothing."""
    assert "ca.issuer-not-valid" in _codes(world, _content(world), days=3700)


def test_path_length_of_the_issuer_is_kept(world: World) -> None:
    """An authority with path length 0 cannot certify another authority."""
    request = holder_request(profile="issuing-ca")
    assert "ca.path-length" in _codes(world, _content(world, request), "issuing-ca")


def test_issuer_without_key_cert_sign_issues_nothing(world: World) -> None:
    """The issuer's own keyUsage is looked at."""
    certificate = replace(world.regional.certificate, _restricting={})
    issuer = replace(_issuer(world), certificate=certificate)
    with pytest.raises(LintError) as caught:
        readmit(_content(world).encode(), PROFILES["seal-holder"], issuer, now=START)
    assert "ca.issuer-key-usage" in {finding.code for finding in caught.value.findings}


def test_content_that_is_no_certificate_is_refused(world: World) -> None:
    """Octets that do not read as a certificate are a finding, not a crash."""
    assert _codes(world, b"\x30\x00") == {"ca.unreadable"}


def test_serial_zero_is_refused(world: World) -> None:
    """A serial number out of range shows in what is read back, whoever built it."""
    tbs = _content(world).encode().replace(der.integer(SERIAL.value), der.integer(-(1 << 141)), 1)
    assert "ca.serial-range" in _codes(world, tbs)


def test_algorithm_with_null_parameters_is_refused(world: World) -> None:
    """What readers would have to tolerate is not signed."""
    fields = [node.encoded for node in der.parse(_content(world).encode()).children()]
    fields[2] = der.sequence(der.oid(oids.SM2_WITH_SM3), der.null())
    assert _codes(world, der.sequence(*fields)) == {"ca.unreadable"}


def test_version_1_is_refused(world: World) -> None:
    """Extensions in a certificate of another version are a departure."""
    fields = [node.encoded for node in der.parse(_content(world).encode()).children()]
    assert {"ca.version", "ca.tolerance"} <= _codes(world, der.sequence(*fields[1:]))


def test_compressed_key_is_refused(world: World) -> None:
    """The profile certifies uncompressed points."""
    request = holder_request()
    point = request.public_key.point
    fields = [node.encoded for node in der.parse(_content(world, request).encode()).children()]
    algorithm = der.sequence(der.oid(oids.EC_PUBLIC_KEY), der.oid(oids.SM2_CURVE))
    fields[6] = der.sequence(algorithm, der.bit_string(bytes([2 + point[64] % 2]) + point[1:33]))
    assert "ca.key-compressed" in _codes(world, der.sequence(*fields))


def test_other_key_algorithms_are_refused(world: World) -> None:
    """Only SM2 keys are certified."""
    fields = [node.encoded for node in der.parse(_content(world).encode()).children()]
    fields[6] = der.sequence(
        der.sequence(der.oid("1.2.840.113549.1.1.1"), der.null()), der.bit_string(b"\x30\x00")
    )
    assert "ca.key-algorithm" in _codes(world, der.sequence(*fields))


def test_value_that_cannot_be_encoded_is_a_finding(world: World) -> None:
    """A credit code outside PrintableString is refused before anything is built."""
    with pytest.raises(LintError) as caught:
        _prepare(world, holder_request(credit_code="信用代码"))
    assert caught.value.code == "ca.content"


@pytest.mark.parametrize("rule", set(CERTIFICATE_RULES) - {name_constraints}, ids=lambda rule: rule.__name__)
def test_every_rule_can_fail(world: World, rule: Rule) -> None:
    """No rule is there for show: each finds something in one of the breaches above, and nothing in good content.
    What the issuer's own certificate constrains has a test of its own."""
    assert list(rule(_candidate(world, _content(world)))) == []
    assert any(list(rule(_candidate(world, change(_content(world))))) for _, change in BREACHES)


def _candidate(world: World, content: TbsCertificate) -> Candidate:
    certificate = read_certificate(assemble_certificate(content.encode(), b"\x00"))
    return Candidate(certificate, PROFILES["seal-holder"], _issuer(world), START)


# ---------------------------------------------------------------------- signing what was linted


def _prepare(world: World, request: IssuanceRequest, **changes: Any) -> LintedCertificate:
    arguments: dict[str, Any] = {"serial": SERIAL, "now": START, **changes}
    return prepare(PROFILES[request.profile], request, _issuer(world), settings(), **arguments)


def test_linted_content_is_signed(world: World) -> None:
    """The certificate holds exactly the linted octets and verifies under the issuer's key."""
    token = _prepare(world, holder_request())
    certificate = issue(token, world.regional_signer, user_id=DEFAULT_USER_ID)
    assert certificate.tbs == token.tbs
    assert token.serial == SERIAL
    certificate_verify(certificate, world.regional_signer.public_key)


def test_token_serves_once(world: World) -> None:
    """The same linted content cannot be signed a second time."""
    token = _prepare(world, holder_request())
    issue(token, world.regional_signer, user_id=DEFAULT_USER_ID)
    with pytest.raises(OnceError):
        issue(token, world.regional_signer, user_id=DEFAULT_USER_ID)


def test_token_cannot_be_made_outside(world: World) -> None:
    """Without going through the rules there is no token, and so no signature."""
    with pytest.raises(TypeError, match="only prepare functions"):
        LintedCertificate(object(), _candidate(world, _content(world)))


def test_another_signer_is_refused_before_it_signs(world: World) -> None:
    """A token linted for one key is not signed by another, and stays unspent."""
    token = _prepare(world, holder_request())
    with pytest.raises(RefusedError, match="another key"):
        issue(token, SoftwareSigner(PrivateKey.generate()), user_id=DEFAULT_USER_ID)
    issue(token, world.regional_signer, user_id=DEFAULT_USER_ID)


class _FaultySigner:
    """Holds the right key and gives wrong signatures."""

    def __init__(self, signer: Any, fault: Callable[[list[bytes]], list[bytes]]) -> None:
        self._signer = signer
        self._fault = fault

    @property
    def public_key(self) -> Any:
        return self._signer.public_key

    def sign_digest(self, digest: bytes) -> bytes:
        return self._fault([self._signer.sign_digest(digest)])[0]

    def sign_digests(self, digests: list[bytes]) -> list[bytes]:
        return self._fault(self._signer.sign_digests(digests))


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    "fault",
    [
        lambda signatures: [each[:-1] + bytes([each[-1] ^ 1]) for each in signatures],
        lambda signatures: [b"" for _ in signatures],
        lambda signatures: [signatures[0][::-1], *signatures[1:]],
    ],
)
def test_wrong_signature_never_leaves(
    world: World, fault: Callable[[list[bytes]], list[bytes]], count: int
) -> None:
    """A device that signs wrongly is found out before any certificate exists; one wrong signature spoils the batch."""
    tokens = [_prepare(world, holder_request(), serial=SerialNumber((1 << 140) + i)) for i in range(count)]
    with pytest.raises(KeyStoreError):
        issue_all(tokens, _FaultySigner(world.regional_signer, fault), user_id=DEFAULT_USER_ID)


@pytest.mark.parametrize("fault", [lambda signatures: signatures[:-1], lambda signatures: signatures[::-1]])
def test_missing_or_swapped_signatures_are_found(
    world: World, fault: Callable[[list[bytes]], list[bytes]]
) -> None:
    """Fewer signatures than asked for, or the right ones in another order, are refused."""
    tokens = [_prepare(world, holder_request(), serial=SerialNumber((1 << 140) + i)) for i in range(2)]
    with pytest.raises(KeyStoreError):
        issue_all(tokens, _FaultySigner(world.regional_signer, fault), user_id=DEFAULT_USER_ID)
