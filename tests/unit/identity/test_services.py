"""Officers, roles, delegations and capacities, on the SQLite register in memory."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from formats.errors import MalformedDataError
from formats.gb32100 import CreditCode
from formats.gbt36903 import HolderCode
from identity import (
    Action,
    Actor,
    Basis,
    Capacity,
    Decision,
    Delegation,
    LegalPerson,
    NaturalPerson,
    NumberHasher,
    Officer,
    OfficerId,
    OfficerService,
    Permitted,
    RefusalCode,
    Refused,
    RefusedError,
    Representation,
    RepresentationService,
    RoleGrant,
    UnknownOfficerError,
    Validity,
    default_policy,
)
from identity.register import IdentityRegister

NOW = datetime(2026, 1, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MARKET = CreditCode("11990100MB9T00011N")
LAND = CreditCode("11990200MB9T0002XK")
COMPANY = CreditCode("91990101MA9T00018G")
POLICY = default_policy()
STRONG = POLICY.assurance(["certificate"])
WEAK = POLICY.assurance(["face"])
HASHER = NumberHasher(bytes(32), key_id="k1")
PERSON = HASHER.hash(HolderCode("111", "990101199003071237"))
ALWAYS = Validity(NOW - 100 * DAY)
ADMIN, KEEPER, DEPUTY, STRANGER = map(OfficerId, ("admin", "keeper", "deputy", "stranger"))


def officer(
    officer_id: OfficerId, *roles: str, authority: CreditCode = MARKET, office: Validity = ALWAYS
) -> Officer:
    grants = tuple(RoleGrant(role, ALWAYS) for role in roles)
    return Officer(officer_id, "李四", PERSON, authority, office, grants)


@pytest.fixture
def store(register_address: str) -> Iterator[IdentityRegister]:
    store = IdentityRegister(register_address)
    yield store
    assert store.audit_break() is None
    store.close()


@pytest.fixture
def service(store: IdentityRegister) -> OfficerService:
    """An admin, a seal keeper, a deputy without roles, and a keeper of another authority."""
    service = OfficerService(store, POLICY)
    service.bootstrap(officer(ADMIN, "security-administrator"), NOW)
    for new in (officer(KEEPER, "seal-keeper"), officer(DEPUTY), officer(STRANGER, "seal-keeper", authority=LAND)):
        service.register_officer(new, actor=BY_ADMIN, at=NOW)
    return service


BY_ADMIN = Actor(ADMIN, STRONG)
BY_KEEPER = Actor(KEEPER, STRONG)


def code_of(decision: Decision) -> RefusalCode:
    assert isinstance(decision, Refused)
    return decision.code


def test_own_role(service: OfficerService) -> None:
    """A seal keeper uses seals at level 4; not below, not without the role, not another action."""
    assert service.officer_may(KEEPER, Action.USE_SEAL, NOW, assurance=STRONG) == Permitted(
        Basis.ROLE, "seal-keeper"
    )
    assert (
        code_of(service.officer_may(KEEPER, Action.USE_SEAL, NOW, assurance=WEAK)) is RefusalCode.ASSURANCE_TOO_LOW
    )
    assert code_of(service.officer_may(DEPUTY, Action.USE_SEAL, NOW, assurance=STRONG)) is RefusalCode.NO_ROLE
    assert code_of(service.officer_may(KEEPER, Action.ISSUE_LICENCE, NOW, assurance=STRONG)) is RefusalCode.NO_ROLE
    with pytest.raises(UnknownOfficerError):
        service.officer_may(OfficerId("nobody"), Action.USE_SEAL, NOW, assurance=STRONG)
    assert service.require_officer(KEEPER, Action.USE_SEAL, NOW, assurance=STRONG).named == "seal-keeper"
    with pytest.raises(RefusedError) as caught:
        service.require_officer(DEPUTY, Action.USE_SEAL, NOW, assurance=STRONG)
    assert caught.value.code == RefusalCode.NO_ROLE
    assert "使用电子印章" in caught.value.message_zh


@pytest.mark.parametrize(
    ("moment", "permitted"),
    [(NOW, False), (NOW + DAY - timedelta(seconds=1), False), (NOW + DAY, True), (NOW + 3 * DAY, False)],
)
def test_roles_have_times(service: OfficerService, moment: datetime, *, permitted: bool) -> None:
    """A role counts from its first moment on and no more at its last."""
    grant = RoleGrant("licence-officer", Validity(NOW + DAY, NOW + 3 * DAY))
    service.grant_role(DEPUTY, grant, actor=BY_ADMIN, at=NOW)
    decision = service.officer_may(DEPUTY, Action.ISSUE_LICENCE, moment, assurance=STRONG)
    assert isinstance(decision, Permitted) is permitted


def test_ended_role_and_office(service: OfficerService) -> None:
    """A role or office ended counts no more from that moment, and cannot be ended again."""
    later = NOW + DAY
    service.end_role(KEEPER, "seal-keeper", actor=BY_ADMIN, at=later)
    assert isinstance(service.officer_may(KEEPER, Action.USE_SEAL, NOW, assurance=STRONG), Permitted)
    assert code_of(service.officer_may(KEEPER, Action.USE_SEAL, later, assurance=STRONG)) is RefusalCode.NO_ROLE
    service.end_office(DEPUTY, actor=BY_ADMIN, at=later)
    assert (
        code_of(service.officer_may(DEPUTY, Action.USE_SEAL, later, assurance=STRONG)) is RefusalCode.NOT_IN_OFFICE
    )
    for again in (
        lambda: service.end_role(KEEPER, "seal-keeper", actor=BY_ADMIN, at=later),
        lambda: service.end_office(DEPUTY, actor=BY_ADMIN, at=later),
    ):
        with pytest.raises(RefusedError) as caught:
            again()
        assert caught.value.code == RefusalCode.ALREADY_ENDED


def test_future_role_is_ended_before_it_begins(service: OfficerService) -> None:
    """A role to come that is ended never counts."""
    service.grant_role(DEPUTY, RoleGrant("seal-keeper", Validity(NOW + 5 * DAY)), actor=BY_ADMIN, at=NOW)
    service.end_role(DEPUTY, "seal-keeper", actor=BY_ADMIN, at=NOW)
    assert (
        code_of(service.officer_may(DEPUTY, Action.USE_SEAL, NOW + 6 * DAY, assurance=STRONG))
        is RefusalCode.NO_ROLE
    )


def test_only_managers_manage(service: OfficerService) -> None:
    """Who has no right to manage officers, or is authenticated too weakly, changes nothing."""
    new = officer(OfficerId("new"))
    for actor, code in ((BY_KEEPER, RefusalCode.NO_ROLE), (Actor(ADMIN, WEAK), RefusalCode.ASSURANCE_TOO_LOW)):
        for attempt in (
            lambda actor=actor: service.register_officer(new, actor=actor, at=NOW),
            lambda actor=actor: service.grant_role(DEPUTY, RoleGrant("seal-keeper", ALWAYS), actor=actor, at=NOW),
            lambda actor=actor: service.end_role(KEEPER, "seal-keeper", actor=actor, at=NOW),
            lambda actor=actor: service.end_office(KEEPER, actor=actor, at=NOW),
        ):
            with pytest.raises(RefusedError) as caught:
                attempt()
            assert caught.value.code == code
    with pytest.raises(UnknownOfficerError):
        service.officer_may(new.officer_id, Action.USE_SEAL, NOW, assurance=STRONG)
    assert isinstance(service.officer_may(KEEPER, Action.USE_SEAL, NOW, assurance=STRONG), Permitted)


def test_register_rules(service: OfficerService) -> None:
    """A second first officer, a taken identifier, an unknown role and exclusive roles are refused."""
    grant = RoleGrant("audit-administrator", ALWAYS)
    for attempt, code in (
        (lambda: service.bootstrap(officer(OfficerId("second")), NOW), RefusalCode.ALREADY_REGISTERED),
        (
            lambda: service.register_officer(officer(KEEPER), actor=BY_ADMIN, at=NOW),
            RefusalCode.ALREADY_REGISTERED,
        ),
        (
            lambda: service.register_officer(officer(OfficerId("x"), "no-role"), actor=BY_ADMIN, at=NOW),
            RefusalCode.UNKNOWN_ROLE,
        ),
        (lambda: service.grant_role(ADMIN, grant, actor=BY_ADMIN, at=NOW), RefusalCode.EXCLUSIVE_ROLES),
        (
            lambda: service.register_officer(
                officer(OfficerId("x"), "seal-maker", "seal-approver"), actor=BY_ADMIN, at=NOW
            ),
            RefusalCode.EXCLUSIVE_ROLES,
        ),
    ):
        with pytest.raises(RefusedError) as caught:
            attempt()
        assert caught.value.code == code


def test_exclusive_roles_may_follow_each_other(service: OfficerService) -> None:
    """What excludes each other at one time may be had one after the other."""
    service.grant_role(DEPUTY, RoleGrant("seal-maker", Validity(NOW, NOW + DAY)), actor=BY_ADMIN, at=NOW)
    service.grant_role(DEPUTY, RoleGrant("seal-approver", Validity(NOW + DAY)), actor=BY_ADMIN, at=NOW)
    with pytest.raises(RefusedError):
        service.grant_role(DEPUTY, RoleGrant("seal-maker", Validity(NOW + 2 * DAY)), actor=BY_ADMIN, at=NOW)


def delegation(**change: object) -> Delegation:
    made = Delegation("d1", KEEPER, DEPUTY, frozenset({Action.USE_SEAL}), Validity(NOW, NOW + 7 * DAY))
    return replace(made, **change)  # type: ignore[arg-type]


class TestDelegation:
    """One officer acts for another, within bounds."""

    def test_delegate_acts_by_it(self, service: OfficerService) -> None:
        """The delegate may, within its time and at the action's level, and the permission names the delegation."""
        service.delegate(delegation(), actor=BY_KEEPER, at=NOW)
        may = service.officer_may(DEPUTY, Action.USE_SEAL, NOW, assurance=STRONG)
        assert may == Permitted(Basis.DELEGATION, "d1")
        weak = service.officer_may(DEPUTY, Action.USE_SEAL, NOW, assurance=WEAK)
        assert code_of(weak) is RefusalCode.ASSURANCE_TOO_LOW
        for moment in (NOW - timedelta(seconds=1), NOW + 7 * DAY):
            decision = service.officer_may(DEPUTY, Action.USE_SEAL, moment, assurance=STRONG)
            assert code_of(decision) is RefusalCode.NO_ROLE
        other = service.officer_may(DEPUTY, Action.CHANGE_SEAL_STATUS, NOW, assurance=STRONG)
        assert code_of(other) is RefusalCode.NO_ROLE

    @pytest.mark.parametrize("by", [BY_KEEPER, BY_ADMIN])
    def test_revoked(self, service: OfficerService, by: Actor) -> None:
        """The delegator or a manager takes it back; from then on it does not count, before it did."""
        service.delegate(delegation(), actor=BY_KEEPER, at=NOW)
        with pytest.raises(RefusedError):
            service.revoke_delegation("d1", actor=Actor(DEPUTY, STRONG), at=NOW)
        service.revoke_delegation("d1", actor=by, at=NOW + DAY)
        assert isinstance(service.officer_may(DEPUTY, Action.USE_SEAL, NOW, assurance=STRONG), Permitted)
        refused = service.officer_may(DEPUTY, Action.USE_SEAL, NOW + DAY, assurance=STRONG)
        assert code_of(refused) is RefusalCode.NO_ROLE
        for again in ("d1", "d2"):
            with pytest.raises(RefusedError) as caught:
                service.revoke_delegation(again, actor=by, at=NOW + DAY)
            assert caught.value.code == RefusalCode.ALREADY_ENDED

    def test_ends_with_the_delegators_role(self, service: OfficerService) -> None:
        """When the delegator loses the role or leaves, the delegate may no more."""
        service.delegate(delegation(), actor=BY_KEEPER, at=NOW)
        service.end_role(KEEPER, "seal-keeper", actor=BY_ADMIN, at=NOW + DAY)
        refused = service.officer_may(DEPUTY, Action.USE_SEAL, NOW + DAY, assurance=STRONG)
        assert code_of(refused) is RefusalCode.NO_ROLE

    def test_is_not_passed_on(self, service: OfficerService) -> None:
        """A delegate cannot delegate what is held by delegation only."""
        service.delegate(delegation(), actor=BY_KEEPER, at=NOW)
        third = OfficerId("third")
        service.register_officer(officer(third), actor=BY_ADMIN, at=NOW)
        passed = delegation(delegation_id="d2", delegator=DEPUTY, delegate=third)
        with pytest.raises(RefusedError) as caught:
            service.delegate(passed, actor=Actor(DEPUTY, STRONG), at=NOW)
        assert caught.value.code == RefusalCode.NO_ROLE

    def test_rules(self, service: OfficerService) -> None:
        """Another's right, another authority, a weak session, undelegable actions and repeated ids are refused."""
        service.delegate(delegation(), actor=BY_KEEPER, at=NOW)
        manage = delegation(
            delegation_id="d2", delegator=ADMIN, delegate=KEEPER, actions=frozenset({Action.MANAGE_OFFICERS})
        )
        for made, actor, code in (
            (delegation(delegation_id="d2"), BY_ADMIN, RefusalCode.NOT_THE_DELEGATOR),
            (delegation(delegation_id="d2", delegate=STRANGER), BY_KEEPER, RefusalCode.OTHER_AUTHORITY),
            (delegation(delegation_id="d2"), Actor(KEEPER, WEAK), RefusalCode.ASSURANCE_TOO_LOW),
            (delegation(), BY_KEEPER, RefusalCode.ALREADY_REGISTERED),
            (manage, BY_ADMIN, RefusalCode.NOT_DELEGABLE),
            (
                delegation(delegation_id="d2", actions=frozenset({Action.USE_SEAL, Action.ISSUE_LICENCE})),
                BY_KEEPER,
                RefusalCode.NO_ROLE,
            ),
        ):
            with pytest.raises(RefusedError) as caught:
                service.delegate(made, actor=actor, at=NOW)
            assert caught.value.code == code
        with pytest.raises(UnknownOfficerError):
            service.delegate(delegation(delegation_id="d2", delegate=OfficerId("x")), actor=BY_KEEPER, at=NOW)

    def test_does_not_get_round_exclusive_roles(self, service: OfficerService) -> None:
        """Who makes seals does not approve them by delegation, whether the role came before or after."""
        approver, maker = OfficerId("approver"), OfficerId("maker")
        service.register_officer(officer(approver, "seal-approver"), actor=BY_ADMIN, at=NOW)
        service.register_officer(officer(maker), actor=BY_ADMIN, at=NOW)
        made = delegation(delegator=approver, delegate=maker, actions=frozenset({Action.APPROVE_SEAL}))
        service.delegate(made, actor=Actor(approver, STRONG), at=NOW)
        assert isinstance(service.officer_may(maker, Action.APPROVE_SEAL, NOW, assurance=STRONG), Permitted)
        service.grant_role(maker, RoleGrant("seal-maker", ALWAYS), actor=BY_ADMIN, at=NOW)
        refused = service.officer_may(maker, Action.APPROVE_SEAL, NOW, assurance=STRONG)
        assert code_of(refused) is RefusalCode.NO_ROLE
        with pytest.raises(RefusedError) as caught:
            service.delegate(replace(made, delegation_id="d2"), actor=Actor(approver, STRONG), at=NOW)
        assert caught.value.code == RefusalCode.EXCLUSIVE_ROLES

    def test_shape(self) -> None:
        """To oneself, of nothing or without an end is no delegation."""
        for change in (
            {"delegate": KEEPER},
            {"actions": frozenset()},
            {"validity": Validity(NOW)},
            {"delegation_id": ""},
        ):
            with pytest.raises(ValueError):
                delegation(**change)


class TestRepresentation:
    """Persons act for legal persons."""

    def representation(self, **change: object) -> Representation:
        made = Representation(COMPANY, PERSON, Capacity.LEGAL_REPRESENTATIVE, Validity(NOW))
        return replace(made, **change)  # type: ignore[arg-type]

    def test_capacity(self, store: IdentityRegister, service: OfficerService) -> None:
        """A legal representative signs at level 4 while the capacity lasts, and for that legal person only."""
        assert service
        capacities = RepresentationService(store, POLICY)
        capacities.register_representation(self.representation(), actor=BY_ADMIN, at=NOW)

        def may(
            action: Action, at: datetime, assurance: object = STRONG, legal_person: CreditCode = COMPANY
        ) -> Decision:
            return capacities.representative_may(legal_person, PERSON, action, at, assurance=assurance)  # type: ignore[arg-type]

        assert may(Action.SIGN_FOR_LEGAL_PERSON, NOW) == Permitted(Basis.CAPACITY, "legal-representative")
        assert code_of(may(Action.SIGN_FOR_LEGAL_PERSON, NOW, WEAK)) is RefusalCode.ASSURANCE_TOO_LOW
        assert code_of(may(Action.SIGN_FOR_LEGAL_PERSON, NOW - DAY)) is RefusalCode.NO_CAPACITY
        assert code_of(may(Action.ISSUE_LICENCE, NOW)) is RefusalCode.NO_CAPACITY
        assert code_of(may(Action.USE_SEAL, NOW, STRONG, MARKET)) is RefusalCode.NO_CAPACITY
        capacities.end_representation(COMPANY, PERSON, Capacity.LEGAL_REPRESENTATIVE, actor=BY_ADMIN, at=NOW + DAY)
        assert code_of(may(Action.USE_SEAL, NOW + DAY)) is RefusalCode.NO_CAPACITY
        assert isinstance(may(Action.USE_SEAL, NOW), Permitted)

    def test_rules(self, store: IdentityRegister, service: OfficerService) -> None:
        """The same capacity twice, one that is not there, and an actor without right are refused."""
        assert service
        capacities = RepresentationService(store, POLICY)
        capacities.register_representation(self.representation(), actor=BY_ADMIN, at=NOW)
        agent = self.representation(capacity=Capacity.AGENT)
        capacities.register_representation(agent, actor=BY_ADMIN, at=NOW)
        for attempt, code in (
            (
                lambda: capacities.register_representation(
                    self.representation(validity=Validity(NOW + DAY)), actor=BY_ADMIN, at=NOW
                ),
                RefusalCode.ALREADY_REGISTERED,
            ),
            (
                lambda: capacities.end_representation(MARKET, PERSON, Capacity.AGENT, actor=BY_ADMIN, at=NOW),
                RefusalCode.ALREADY_ENDED,
            ),
            (
                lambda: capacities.end_representation(COMPANY, PERSON, Capacity.AGENT, actor=BY_KEEPER, at=NOW),
                RefusalCode.NO_ROLE,
            ),
            (
                lambda: capacities.register_representation(agent, actor=BY_KEEPER, at=NOW),
                RefusalCode.NO_ROLE,
            ),
        ):
            with pytest.raises(RefusedError) as caught:
                attempt()
            assert caught.value.code == code


def test_register_survives_reopening_and_keeps_no_number(tmp_path: Path) -> None:
    """What was recorded is read back equal from the file, its trail is whole, and no number is in its bytes."""
    path = tmp_path / "identity.db"
    store = IdentityRegister(str(path))
    service = OfficerService(store, POLICY)
    service.bootstrap(officer(ADMIN, "security-administrator"), NOW)
    service.register_officer(officer(KEEPER, "seal-keeper", "licence-officer"), actor=BY_ADMIN, at=NOW)
    service.register_officer(officer(DEPUTY), actor=BY_ADMIN, at=NOW)
    service.delegate(delegation(), actor=BY_KEEPER, at=NOW)
    service.revoke_delegation("d1", actor=BY_KEEPER, at=NOW + DAY)
    store.close()
    again = IdentityRegister(str(path))
    with again.transaction() as transaction:
        assert transaction.officer(KEEPER) == officer(KEEPER, "seal-keeper", "licence-officer")
        assert transaction.delegation("d1") == delegation(revoked_at=NOW + DAY)
    assert again.audit_break() is None
    again.close()
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert str(PERSON).encode() in written
    assert b"990101199003071237" not in written


def test_a_failed_change_leaves_nothing(service: OfficerService, store: IdentityRegister) -> None:
    """A change that breaks off after writing is rolled back with its audit line."""

    class BreakingStore:
        def __init__(self) -> None:
            self.audit_break = store.audit_break

        def transaction(self):
            return _Breaking(store.transaction())

    class _Breaking:
        def __init__(self, inner) -> None:
            self.inner = inner

        def __enter__(self):
            transaction = self.inner.__enter__()

            def broken(*_args: object) -> None:
                raise OSError("disk full")

            transaction.append_audit = broken
            return transaction

        def __exit__(self, *exc: object):
            return self.inner.__exit__(*exc)

    breaking = OfficerService(BreakingStore(), POLICY)
    with pytest.raises(OSError, match="disk full"):
        breaking.register_officer(officer(OfficerId("new")), actor=BY_ADMIN, at=NOW)
    with pytest.raises(UnknownOfficerError):
        service.officer_may(OfficerId("new"), Action.USE_SEAL, NOW, assurance=STRONG)


class TestPersons:
    """Persons and identifiers keep numbers to themselves."""

    def test_persons(self) -> None:
        """A natural person shows neither name nor number; a legal person's code is no natural person's."""
        person = NaturalPerson("张三", HolderCode("111", "990101199003071237"))
        assert repr(person) == "NaturalPerson()"
        assert person.code.reveal()
        with pytest.raises(ValueError, match="legal"):
            NaturalPerson("x", HolderCode("001", str(COMPANY)))
        assert str(COMPANY) in repr(LegalPerson("示例科技有限公司", COMPANY))

    def test_officer_shows_no_name(self) -> None:
        """An officer in a log line is identifier and hash."""
        assert "李四" not in repr(officer(KEEPER))

    @pytest.mark.parametrize(
        "text", ["", "a b", "李四", "x" * 65, "990101199003071237", "u-990101199003071237", "１"]
    )
    def test_officer_ids(self, text: str) -> None:
        """An identifier is short ASCII, and no number of a person is in it."""
        with pytest.raises(MalformedDataError):
            OfficerId(text)

    def test_validity(self) -> None:
        """Validity is UTC and does not end before it starts; empty ones share no moment."""
        with pytest.raises(ValueError, match="UTC"):
            Validity(NOW.astimezone(timezone(timedelta(hours=8))))
        with pytest.raises(ValueError, match="UTC"):
            Validity(NOW.replace(tzinfo=None))
        with pytest.raises(ValueError, match="ends before"):
            Validity(NOW, NOW - DAY)
        assert not Validity(NOW, NOW).overlaps(Validity(NOW - DAY, NOW + DAY))
        assert Validity(NOW).overlaps(Validity(NOW + DAY, NOW + 2 * DAY))
        assert not Validity(NOW, NOW + DAY).overlaps(Validity(NOW + DAY))
        with pytest.raises(ValueError, match="over already"):
            Validity(NOW, NOW + DAY).ended(NOW + DAY)
