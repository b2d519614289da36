"""The registration desk: two people, every step by the table, pairs of certificates, nothing issued otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from ca.errors import LintError, RefusedError
from ca.model import CertificateState, SerialNumber
from ca.registration.errors import ApplicationNotFoundError, IllegalStepError, KeyProvisionError
from ca.registration.issuing import Finished
from ca.registration.model import (
    TRANSITIONS,
    ApplicationEvent,
    ApplicationId,
    ApplicationKind,
    ApplicationState,
    next_state,
    same_person,
)
from ca.registration.ports import ProvidedKey
from ca.registration.register import RegistrationRegister
from crypto import KeyStoreError, PrivateKey
from formats import oids
from formats.gbt20518 import GeneralNameKind, Name, RevocationReason, certificate_verify
from formats.gbt20518.alternative_name import AlternativeName
from formats.gbt20518.identity import IdentityKind, IdentityNumber
from formats.gbt35276 import open_enveloped_key
from formats.gmt0092 import read_csr_response
from tests.authority_world import ACTOR, CREDIT_CODE, PROFILES
from tests.registers import rewrite
from tests.registration_desk import (
    CLERK,
    REVIEWER,
    SUBJECT,
    Desk,
    FakeKeyManagement,
    hash_number,
    pkcs10,
    renewal,
    submission,
)

CITIZEN = "11010519491231002X"  # the worked example of GB 11643
PERSON = Name.build([(oids.COUNTRY, "CN"), (oids.COMMON_NAME, "张三")])


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _code(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(RefusedError) as caught:
        call(*arguments, **named)
    return caught.value.code


# ---------------------------------------------------------------------- the way of an application


def test_pair_for_an_organisation(desk: Desk) -> None:
    """Applied for by one person, approved by another: two certificates of one subject with disjoint usages, and an
    envelope the subject opens."""
    key = PrivateKey.generate()
    taken = desk.apply(key)
    assert taken.state is ApplicationState.APPLIED
    issued = desk.desk.approve(taken.id, reviewer=REVIEWER)
    assert issued.record.state is ApplicationState.ISSUED
    signing, encryption = issued.signing, issued.encryption
    assert encryption is not None
    assert signing.public_key == key.public_key
    assert signing.subject.encoded == encryption.subject.encoded == SUBJECT.encoded
    assert signing.serial_number != encryption.serial_number
    assert not (signing.key_usage or frozenset()) & (encryption.key_usage or frozenset())
    assert signing.credit_code == encryption.credit_code == CREDIT_CODE
    for certificate in (signing, encryption):
        certificate_verify(certificate, desk.world.regional_signer.public_key)
    answer = read_csr_response(desk.desk.answer(taken.id))
    assert (answer.signing_certificates, answer.encryption_certificates) == ((signing,), (encryption,))
    assert answer.enveloped_key is not None
    assert open_enveloped_key(answer.enveloped_key, key).public_key == encryption.public_key
    assert desk.events() == [
        "application-taken",
        "application-approved",
        "encryption-key-provided",
        "application-issued",
    ]
    assert desk.store.audit_break() is None


def test_encryption_serial_is_reserved_before_the_key_is_asked_for(desk: Desk) -> None:
    """What the key management part archives the pair under is the serial number the certificate then has."""
    issued = desk.desk.approve(desk.apply().id, reviewer=REVIEWER)
    ((request, _),) = desk.keys.pairs.values()
    assert issued.encryption is not None
    assert request.certificate_serial.value == issued.encryption.serial_number
    assert request.not_after == issued.encryption.validity.not_after


def test_single_certificate_without_a_twin(desk: Desk) -> None:
    """A profile without a twin gives one certificate and asks for no encryption key."""
    taken = desk.apply(profile="registration-operator")
    issued = desk.desk.approve(taken.id, reviewer=REVIEWER)
    assert issued.encryption is None
    assert desk.keys.asked == 0
    answer = read_csr_response(desk.desk.answer(taken.id))
    assert (answer.enveloped_key, answer.encryption_certificates) == (None, ())


@pytest.mark.parametrize("reviewer", [CLERK, "CLERK-1", " clerk-1", "ｃｌｅｒｋ-1"])
def test_clerk_does_not_review(desk: Desk, reviewer: str) -> None:
    """Who took an application neither approves nor rejects it, however the name is written."""
    taken = desk.apply()
    assert _code(desk.desk.approve, taken.id, reviewer=reviewer) == "registration.same-person"
    assert _code(desk.desk.reject, taken.id, reviewer=reviewer, reason="no") == "registration.same-person"
    assert desk.desk.record(taken.id).state is ApplicationState.APPLIED
    assert desk.world.regional.certificates() == []


def test_rejected_with_a_reason(desk: Desk) -> None:
    """A rejection says why, and is final."""
    taken = desk.apply()
    assert _code(desk.desk.reject, taken.id, reviewer=REVIEWER, reason=" ") == "registration.field"
    rejected = desk.desk.reject(taken.id, reviewer=REVIEWER, reason="授权书已过期")
    assert rejected.decision is not None
    assert (rejected.state, rejected.decision.reason) == (ApplicationState.REJECTED, "授权书已过期")
    assert _code(desk.desk.approve, taken.id, reviewer=REVIEWER) == "registration.illegal-step"
    assert _code(desk.desk.answer, taken.id) == "registration.not-issued"


def test_withdrawn_by_the_clerk(desk: Desk) -> None:
    """A clerk takes an application back while it waits; the key is free again."""
    key = PrivateKey.generate()
    taken = desk.apply(key)
    desk.desk.withdraw(taken.id, clerk=CLERK, reason="申请人撤回")
    assert _code(desk.desk.approve, taken.id, reviewer=REVIEWER) == "registration.illegal-step"
    assert desk.apply(key, key="again").state is ApplicationState.APPLIED


def test_application_expires(desk: Desk) -> None:
    """Nobody approves what waited longer than the desk allows; rejecting it is still possible."""
    taken = desk.apply()
    desk.world.clock.turn(days=30, seconds=1)
    assert desk.desk.record(taken.id).is_expired(desk.world.clock())
    assert _code(desk.desk.approve, taken.id, reviewer=REVIEWER) == "registration.expired"
    assert desk.desk.reject(taken.id, reviewer=REVIEWER, reason="逾期").state is ApplicationState.REJECTED


@pytest.mark.parametrize("state", ApplicationState)
@pytest.mark.parametrize("event", ApplicationEvent)
def test_table_of_transitions(state: ApplicationState, event: ApplicationEvent) -> None:
    """What the table does not list is refused; applied and approved are the only states with a way out."""
    if event in TRANSITIONS[state]:
        assert next_state(state, event) is TRANSITIONS[state][event]
    else:
        with pytest.raises(IllegalStepError):
            next_state(state, event)
    assert bool(TRANSITIONS[state]) == (state in {ApplicationState.APPLIED, ApplicationState.APPROVED})


def test_same_submission_is_the_same_application(desk: Desk) -> None:
    """Sent again under its key, also signed anew, it is not a second one; another one under that key is refused."""
    key = PrivateKey.generate()
    taken = desk.apply(key)
    assert desk.apply(key).id == taken.id
    assert _code(desk.apply, key, days=366) == "registration.key-reused"
    desk.desk.approve(taken.id, reviewer=REVIEWER)
    assert desk.apply(key).state is ApplicationState.ISSUED


def test_key_serves_once(desk: Desk) -> None:
    """A key on record comes back neither for another subject nor for the same one."""
    key = PrivateKey.generate()
    desk.apply(key)
    other = pkcs10(key, PERSON)
    assert (
        _code(desk.apply, key, key="other", request=other, profile="person-signing")
        == "registration.key-on-record"
    )
    assert _code(desk.apply, key, key="other") == "registration.key-on-record"


def test_what_could_never_be_issued_is_not_taken(desk: Desk) -> None:
    """The authority's rules are asked at the counter, for both certificates, and again at the approval."""
    with pytest.raises(LintError):
        desk.apply(days=1828)
    with pytest.raises(LintError):
        desk.apply(credit_code=None)
    assert desk.desk.applications() == []
    taken = desk.apply(days=1800)
    desk.world.clock.turn(days=29)
    desk.world.regional = desk.world.make_regional(desk.world.store, desk.world.regional_signer)
    issued = desk.make(desk.store).approve(taken.id, reviewer=REVIEWER)
    assert issued.signing.validity.not_before == desk.world.clock()


def test_profiles_for_applicants(desk: Desk) -> None:
    """Nobody applies for an authority, for half a pair, or under a profile that is not there."""
    for profile in ("issuing-ca", "root", "organisation-encryption", "nothing", "organisation-signing/9"):
        assert _code(desk.apply, profile=profile) == "registration.profile"
    without = desk.make(desk.store, key_management=None)
    assert _code(without.apply, submission(PrivateKey.generate()), clerk=CLERK) == "registration.no-key-management"


def test_version_of_the_profile_is_kept(desk: Desk) -> None:
    """An application names the version it was judged by."""
    assert desk.apply().application.profile == "organisation-signing/1"
    assert desk.apply(profile="seal-holder/1").application.profile == "seal-holder/1"
    assert desk.apply(profile="seal-holder").application.profile == "seal-holder/2"


def test_pages_of_applications(desk: Desk) -> None:
    """In the order they came, by state, page by page."""
    taken = [desk.apply().id for _ in range(3)]
    desk.desk.reject(taken[1], reviewer=REVIEWER, reason="no")
    assert [each.id for each in desk.desk.applications()] == taken
    assert [each.id for each in desk.desk.applications(state=ApplicationState.APPLIED)] == [taken[0], taken[2]]
    assert [each.id for each in desk.desk.applications(after=taken[0], most=1)] == [taken[1]]
    with pytest.raises(ApplicationNotFoundError):
        desk.desk.record(ApplicationId("0" * 32))


# ---------------------------------------------------------------------- names and numbers


def test_names_come_from_the_clerk_alone(desk: Desk) -> None:
    """Subject and names the clerk established are certified, those of the request are not."""
    names = (AlternativeName(GeneralNameKind.DNS, "xinyin.test.cn"),)
    taken = desk.apply(subject=SUBJECT, alternative_names=names, request=pkcs10(PrivateKey.generate(), PERSON))
    issued = desk.desk.approve(taken.id, reviewer=REVIEWER)
    assert issued.signing.subject.encoded == SUBJECT.encoded
    assert [name.text for name in issued.signing.subject_alt_names] == ["xinyin.test.cn"]


def test_number_of_a_person_is_hashed_before_it_is_recorded(desk: Desk, tmp_path: Any) -> None:
    """Neither register, trail, certificate nor message holds a citizen number that came to the counter."""
    desk = Desk(str(tmp_path / "desk.db"))
    number = IdentityNumber(IdentityKind.RESIDENT_CARD, CITIZEN)
    key = PrivateKey.generate()
    wanted = submission(
        key, profile="person-signing", request=pkcs10(key, PERSON), credit_code=None, identity=(number,)
    )
    taken = desk.desk.apply(wanted, clerk=CLERK)
    assert CITIZEN not in repr(wanted) + repr(taken)
    issued = desk.desk.approve(taken.id, reviewer=REVIEWER)
    assert hash_number(number).encode() in issued.signing.encoded
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert CITIZEN.encode() not in held + issued.signing.encoded
    assert hash_number(number).encode() in held


@pytest.mark.parametrize(
    ("profile", "kind", "code"),
    [
        ("organisation-signing", IdentityKind.RESIDENT_CARD, "registration.identity"),
        ("person-signing", IdentityKind.INSURANCE_NUMBER, "registration.identity"),
        ("person-signing", IdentityKind.RESIDENT_CARD, "registration.number-key"),
    ],
)
def test_number_that_is_not_allowed_is_not_kept(desk: Desk, profile: str, kind: IdentityKind, code: str) -> None:
    """A profile that does not name a number refuses it, and without a key nothing is hashed."""
    unkeyed = desk.make(desk.store, hash_number=None)
    wanted = submission(PrivateKey.generate(), profile=profile, identity=(IdentityNumber(kind, CITIZEN),))
    assert _code(unkeyed.apply, wanted, clerk=CLERK) == code
    assert CITIZEN not in str(desk.store.audit_entries())


@pytest.mark.parametrize(
    "changes", [{"evidence": f"身份证 {CITIZEN}"}, {"subject": Name.build([*SUBJECT.attributes[:2], (oids.COMMON_NAME, CITIZEN)])}]
)  # fmt: skip
def test_citizen_numbers_get_nowhere_else(desk: Desk, changes: dict[str, Any]) -> None:
    """Neither where the papers lie nor a subject may hold one."""
    assert _code(desk.apply, **changes) in {"registration.person-number", "ca.person-number"}
    taken = desk.apply()
    code = _code(desk.desk.reject, taken.id, reviewer=REVIEWER, reason=f"{CITIZEN} 不符")
    assert code == "registration.person-number"


@pytest.mark.parametrize(
    "changes",
    [
        {"key": ""}, {"key": "with space"}, {"key": "k" * 129}, {"days": 0}, {"days": 40_000},
        {"evidence": "x" * 401}, {"evidence": "a\x00b"}, {"evidence": "a\nb"},
    ],
)  # fmt: skip
def test_fields_are_bounded(desk: Desk, changes: dict[str, Any]) -> None:
    """What goes into the register has a form and a length."""
    assert _code(desk.apply, **changes) == "registration.field"


# ---------------------------------------------------------------------- the key management part


class _Wrong(FakeKeyManagement):
    """Gives something else than asked for."""

    def __init__(self, change: Any) -> None:
        super().__init__()
        self._change = change

    def provide(self, request: Any) -> ProvidedKey:
        given: ProvidedKey = self._change(super().provide(request))
        return given


@pytest.mark.parametrize(
    "change",
    [
        lambda given: replace(given, enveloped_key=b"\x30\x00"),
        lambda given: replace(given, public_key=PrivateKey.generate().public_key),
    ],
)
def test_wrong_key_makes_no_pair(desk: Desk, change: Any) -> None:
    """An envelope that cannot be read, or holds another key, is not certified; a good answer later finishes."""
    taken = desk.apply()
    with pytest.raises(KeyProvisionError):
        desk.make(desk.store, key_management=_Wrong(change)).approve(taken.id, reviewer=REVIEWER)
    assert desk.world.regional.certificates() == []
    assert desk.desk.finish(taken.id, actor=REVIEWER).encryption is not None


def test_silent_key_management_leaves_the_approval(desk: Desk) -> None:
    """The approval stays on record and is finished later, under the same serial numbers."""
    taken = desk.apply()
    desk.keys.fail = True
    with pytest.raises(KeyStoreError):
        desk.desk.approve(taken.id, reviewer=REVIEWER)
    approved = desk.desk.record(taken.id)
    assert approved.state is ApplicationState.APPROVED
    desk.keys.fail = False
    (issued,) = desk.desk.recover(actor=ACTOR).issued
    assert approved.plan is not None
    assert issued.signing.serial_number == approved.plan.signing_serial.value
    assert desk.desk.recover(actor=ACTOR) == Finished()


def test_one_refused_does_not_keep_the_others(desk: Desk) -> None:
    """What the authority refuses stays approved and is told; the others are finished. Trying every minute fills no
    trail."""
    stuck, other = desk.apply(), desk.apply()
    desk.keys.fail = True
    for taken in (stuck, other):
        with pytest.raises(KeyStoreError):
            desk.desk.approve(taken.id, reviewer=REVIEWER)
    desk.keys.fail = False

    class Strict:
        """An authority that refuses one subject's key."""

        def __getattr__(self, name: str) -> Any:
            return getattr(desk.world.regional, name)

        def issue_many(self, requests: Any, *, actor: str) -> Any:
            if requests[0].public_key == stuck.application.public_key:
                raise RefusedError("no", code="ca.request-abandoned")
            return desk.world.regional.issue_many(requests, actor=actor)

    strict = desk.make(desk.store, Strict())
    finished = strict.recover(actor=ACTOR)
    assert [each.record.id for each in finished.issued] == [other.id]
    assert finished.refused == ((stuck.id, "ca.request-abandoned"),)
    before = len(desk.events())
    assert strict.recover(actor=ACTOR).issued == ()
    assert len(desk.events()) == before
    assert _code(strict.finish, stuck.id, actor=ACTOR) == "ca.request-abandoned"
    assert desk.events()[-1] == "issue-refused"


# ---------------------------------------------------------------------- giving up


def test_given_up_before_anything_was_made(desk: Desk) -> None:
    """What cannot be finished is closed; its serial numbers are no certificates."""
    taken = desk.apply()
    desk.keys.fail = True
    with pytest.raises(KeyStoreError):
        desk.desk.approve(taken.id, reviewer=REVIEWER)
    closed = desk.desk.give_up(taken.id, actor=REVIEWER, reason="密钥管理中心停用")
    assert closed.state is ApplicationState.GIVEN_UP
    with pytest.raises(IllegalStepError):
        desk.desk.finish(taken.id, actor=REVIEWER)
    assert desk.world.regional.certificates() == []


def test_given_up_after_the_authority_issued(desk: Desk) -> None:
    """Certificates made for an application that was given up meanwhile are revoked, whoever comes first."""
    taken = desk.apply()

    class Slow:
        """An authority in whose issuing somebody gives the application up."""

        def __getattr__(self, name: str) -> Any:
            return getattr(desk.world.regional, name)

        def issue_many(self, requests: Any, *, actor: str) -> Any:
            issued = desk.world.regional.issue_many(requests, actor=actor)
            desk.desk.give_up(taken.id, actor="other", reason="too late")
            return issued

    with pytest.raises(IllegalStepError):
        desk.make(desk.store, Slow()).approve(taken.id, reviewer=REVIEWER)
    states = {record.state for record in desk.world.regional.certificates()}
    assert states == {CertificateState.REVOKED}
    assert desk.desk.record(taken.id).state is ApplicationState.GIVEN_UP


# ---------------------------------------------------------------------- renewal


def _issued(desk: Desk, key: PrivateKey) -> Any:
    return desk.desk.approve(desk.apply(key).id, reviewer=REVIEWER).record.plan


@pytest.mark.parametrize("same_key", [True, False])
def test_renewed(desk: Desk, same_key: bool) -> None:
    """Same or another signing key: names stay, serial numbers and the encryption key are new."""
    key = PrivateKey.generate()
    plan = _issued(desk, key)
    desk.world.clock.turn(days=300)
    new_key = key if same_key else PrivateKey.generate()
    taken = desk.desk.renew(renewal(plan, new_key), clerk=CLERK)
    assert taken.application.kind is (ApplicationKind.RENEWAL if same_key else ApplicationKind.REKEY)
    renewed = desk.desk.approve(taken.id, reviewer=REVIEWER)
    assert renewed.signing.subject.encoded == SUBJECT.encoded
    assert renewed.signing.public_key == new_key.public_key
    assert renewed.signing.validity.not_before == desk.world.clock()
    assert len(desk.keys.pairs) == 2
    assert desk.world.regional.record(plan.signing_serial).state is CertificateState.VALID
    if same_key:
        third = desk.desk.renew(replace(renewal(renewed.record.plan, key), key="third"), clerk=CLERK)
        assert third.application.replaces == SerialNumber(renewed.signing.serial_number)
        assert (
            _code(desk.desk.renew, replace(renewal(plan, key), key="old"), clerk=CLERK)
            == "registration.key-on-record"
        )


def test_only_what_is_valid_is_renewed(desk: Desk) -> None:
    """Held, revoked or expired certificates are not renewed, nor what this desk never approved."""
    key = PrivateKey.generate()
    plan = _issued(desk, key)
    assert _code(desk.desk.renew, replace(renewal(plan, key), replaces=SerialNumber(77)), clerk=CLERK) == (
        "registration.not-renewable"
    )
    desk.world.regional.suspend(plan.signing_serial, actor=ACTOR)
    assert _code(desk.desk.renew, renewal(plan, key), clerk=CLERK) == "registration.not-renewable"
    desk.world.regional.resume(plan.signing_serial, actor=ACTOR)
    taken = desk.desk.renew(renewal(plan, key), clerk=CLERK)
    desk.world.regional.revoke(plan.signing_serial, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
    assert _code(desk.desk.approve, taken.id, reviewer=REVIEWER) == "registration.not-renewable"


# ---------------------------------------------------------------------- the register


_CHANGES = (
    "DELETE FROM registration_applications",
    "UPDATE registration_applications SET days = 1",
    "UPDATE registration_applications SET clerk = 'other'",
    "UPDATE registration_applications SET reviewer = 'other'",
    "UPDATE registration_applications SET signing_serial = '01'",
    "UPDATE registration_applications SET enveloped_key = NULL",
    "UPDATE registration_applications SET state = 'approved'",
    "DELETE FROM registration_audit",
)


def test_register_refuses_changes(register_address: str) -> None:
    """Past the desk, with the database's own means, nothing that was asked or decided is changed."""
    desk = Desk(register_address)
    desk.desk.approve(desk.apply().id, reviewer=REVIEWER)
    for statement in _CHANGES:
        with pytest.raises(IntegrityError):
            rewrite(register_address, statement)


def test_desks_of_two_authorities_share_a_register(desk: Desk) -> None:
    """Keys, serial numbers and pages are each desk's own."""
    other = Desk(store=desk.store)
    other.world.random.seed("other")
    key = PrivateKey.generate()
    taken = desk.apply(key)
    assert other.apply(key).id != taken.id
    assert len(other.desk.applications()) == 1
    with pytest.raises(ApplicationNotFoundError):
        other.desk.approve(taken.id, reviewer=REVIEWER)


def test_register_keeps_everything(register_address: str) -> None:
    """What is read back after a restart is what was recorded."""
    address = register_address
    desk = Desk(address)
    names = (AlternativeName(GeneralNameKind.DNS, "xinyin.test.cn"),)
    number = IdentityNumber(IdentityKind.TAXATION_NUMBER, CREDIT_CODE)
    taken = desk.apply(alternative_names=names, identity=(number,))
    assert desk.make(RegistrationRegister(address)).record(taken.id) == taken
    issued = desk.desk.approve(taken.id, reviewer=REVIEWER).record
    assert desk.make(RegistrationRegister(address)).record(taken.id) == issued


def test_same_person() -> None:
    """Names are compared without case, width and white space at the ends."""
    assert same_person("Li Lei", " li lei")
    assert not same_person("li-1", "li-2")


def test_profiles_used_here_are_there() -> None:
    """The profiles of these tests have the twins they are about."""
    assert PROFILES["organisation-signing"].encryption_twin == "organisation-encryption"
    assert PROFILES["registration-operator"].encryption_twin is None
