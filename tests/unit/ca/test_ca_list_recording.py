"""Lists by shard and delta lists, as the authority makes them from its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ca.errors import CrlNotFoundError, LintError, RefusedError
from ca.list_schedule import DueReason
from ca.model import CertificateState, SerialNumber
from ca.partition import Partition, PartitionPlan
from ca.service import CertificateAuthority
from formats import oids
from formats.gbt20518 import Certificate, Crl, RevocationReason, Validity, crl_verify
from tests.authority_world import ACTOR, PROFILES, START, TEN_YEARS, World, holder_request, make_world, settings

PLAN = PartitionPlan("http://crl.test/one/", (4,))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Reason = RevocationReason


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def registered(register_address: str) -> World:
    """In each kind of register."""
    return make_world(register_address)


def authority(world: World, **changes: Any) -> CertificateAuthority:
    """The regional authority under other settings."""
    return CertificateAuthority(
        store=world.store,
        signer=world.regional_signer,
        chain=world.chain,
        profiles=PROFILES,
        settings=settings(**{"crl_renewal": DAY, **changes}),
        clock=world.clock,
        random=world.random.randbytes,
    )


def issued(ca: CertificateAuthority, count: int, prefix: str = "r", **changes: Any) -> list[SerialNumber]:
    requests = [holder_request(f"{prefix}{number}", **changes) for number in range(count)]
    return [SerialNumber(each.serial_number) for each in ca.issue_many(requests, actor=ACTOR)]


def certificate(ca: CertificateAuthority, serial: SerialNumber) -> Certificate:
    from formats.gbt20518 import read_certificate

    encoded = ca.record(serial).encoded
    assert encoded is not None
    return read_certificate(encoded)


def uris(crl: Crl) -> tuple[str, ...]:
    assert crl.issuing_distribution_point is not None
    return crl.issuing_distribution_point.uris


def entries(crls: Sequence[Crl]) -> dict[int, Reason]:
    return {serial: entry.reason for crl in crls for serial, entry in crl.revoked.items()}


def test_each_certificate_is_on_the_list_it_points_to(registered: World) -> None:
    """Distribution point and scope are the same octets; each revoked certificate is on its own shard alone."""
    ca = authority(registered, partitions=PLAN)
    serials = issued(ca, 12)
    for serial in serials:
        ca.revoke(serial, Reason.SUPERSEDED, actor=ACTOR)
    crls = ca.lists.publish_due(actor=ACTOR)
    assert sorted(uris(crl)[0] for crl in crls) == sorted(each.uris[0] for each in PLAN.current)
    by_uri = {uris(crl): crl for crl in crls}
    for serial in serials:
        point = certificate(ca, serial).distribution_points[0]
        assert serial.value in by_uri[point.uris].revoked
        scope = by_uri[point.uris].issuing_distribution_point
        assert scope is not None
        assert scope.names[0].encoded == point.names[0].encoded
        assert sum(serial.value in crl.revoked for crl in crls) == 1
    for crl in crls:
        crl_verify(crl, registered.regional_signer.public_key)
    assert ca.audit().is_clean


def test_shard_stays_when_their_number_changes(world: World) -> None:
    """A certificate of an earlier epoch stays on its list, which goes on until its last certificate has expired."""
    (serial,) = issued(authority(world, partitions=PLAN), 1)
    more = authority(world, partitions=replace(PLAN, epochs=(4, 2)))
    more.revoke(serial, Reason.SUPERSEDED, actor=ACTOR)
    names = {each.partition.name for each in more.lists.due()}
    own = more.record(serial).list_name
    assert names == {own, "user-2-0000", "user-2-0001"}
    assert entries(more.lists.publish_due(actor=ACTOR)) == {serial.value: Reason.SUPERSEDED}
    world.clock.turn(days=1828)
    (again,) = (each for each in more.lists.due() if each.partition.name == own)
    last = more.lists.publish(again.partition, actor=ACTOR)
    assert serial.value in last[0].revoked
    assert own not in {each.partition.name for each in more.lists.due()}
    world.clock.turn(days=2)
    assert {each.partition.name for each in more.lists.due()} == {"user-2-0000", "user-2-0001"}


def test_whole_list_holds_the_shards_too(world: World) -> None:
    """Certificates from before the plan point to the list without a scope, which leaves nothing out."""
    (early,) = issued(authority(world), 1, "early")
    ca = authority(world, partitions=PLAN)
    (late,) = issued(ca, 1, "late")
    for serial in (early, late):
        ca.revoke(serial, Reason.SUPERSEDED, actor=ACTOR)
    crls = ca.lists.publish_due(actor=ACTOR)
    (everything,) = (crl for crl in crls if crl.issuing_distribution_point is None)
    assert set(everything.revoked) == {early.value, late.value}
    assert len(crls) == 1 + 4


def test_authority_is_revoked_on_the_list_of_authorities(world: World) -> None:
    """A root with a plan names a revoked authority on the list of CA certificates, where its certificate points."""
    root = CertificateAuthority(
        store=world.store,
        signer=world.root_signer,
        chain=[world.root.certificate],
        profiles=PROFILES,
        settings=settings(partitions=PLAN, crl_renewal=DAY),
        clock=world.clock,
        random=world.random.randbytes,
        profile="root",
    )
    request = holder_request("sub", profile="issuing-ca", validity=TEN_YEARS, credit_code=None)
    below = root.issue_subordinate(request, actor=ACTOR)
    assert below.crl_distribution_points == ("http://crl.test/one/ca.crl",)
    root.revoke(SerialNumber(below.serial_number), Reason.CA_COMPROMISE, actor=ACTOR)
    crls = root.lists.publish_due(actor=ACTOR)
    (listing,) = (crl for crl in crls if crl.issuing_distribution_point and "ca.crl" in uris(crl)[0])
    assert uris(listing) == below.crl_distribution_points
    assert entries([listing]) == {below.serial_number: Reason.CA_COMPROMISE}
    assert listing.issuing_distribution_point is not None
    assert listing.issuing_distribution_point.only_ca_certificates


def test_delta_follows_suspension_and_resumption(registered: World) -> None:
    """Hold, resume, hold again and revoke: each delta tells it, with the date of the hold that led to the revocation."""
    ca = authority(registered, delta_validity=12 * HOUR)
    first, second = issued(ca, 2)
    (full,) = ca.lists.publish_due(actor=ACTOR)
    assert (full.number, full.delta_base, [point.uris for point in full.freshest]) == (
        1,
        None,
        [("http://crl.test/regional-delta.crl",)],
    )
    seen = []
    for step in (ca.suspend, ca.resume, ca.suspend):
        registered.clock.turn(hours=1)
        step(first, actor=ACTOR)
        (delta,) = ca.lists.publish_due(actor=ACTOR)
        assert (delta.delta_base, delta.freshest) == (1, ())
        assert delta.extensions[oids.DELTA_CRL_INDICATOR].critical
        seen.append((delta.number, entries([delta])))
    held, removed = Reason.CERTIFICATE_HOLD, Reason.REMOVE_FROM_CRL
    assert seen == [(2, {first.value: held}), (3, {first.value: removed}), (4, {first.value: held})]
    registered.clock.turn(hours=1)
    ca.revoke(first, Reason.KEY_COMPROMISE, actor=ACTOR, invalidity_date=START)
    ca.revoke(second, Reason.SUPERSEDED, actor=ACTOR)
    (delta,) = ca.lists.publish_due(actor=ACTOR)
    assert entries([delta]) == {first.value: Reason.KEY_COMPROMISE, second.value: Reason.SUPERSEDED}
    assert delta.revoked[first.value].date == START + 3 * HOUR
    assert delta.revoked[first.value].invalidity_date == START
    assert ca.audit().is_clean


def test_full_and_delta_made_together_say_the_same(world: World) -> None:
    """They share their number (RFC 5280 5.2.3); old full list and delta list together are the new full list."""
    ca = authority(world, delta_validity=12 * HOUR)
    one, two, three = issued(ca, 3)
    ca.suspend(one, actor=ACTOR)
    ca.suspend(two, actor=ACTOR)
    (old,) = ca.lists.publish_due(actor=ACTOR)
    world.clock.turn(hours=1)
    ca.resume(one, actor=ACTOR)
    ca.revoke(three, Reason.SUPERSEDED, actor=ACTOR)
    world.clock.turn(days=1)
    full, delta = ca.lists.publish_due(actor=ACTOR)
    assert (full.number, delta.number, delta.delta_base) == (2, 2, old.number)
    assert full.this_update == delta.this_update
    combined = dict(old.revoked) | dict(delta.revoked)
    kept = {serial: each for serial, each in combined.items() if each.reason is not Reason.REMOVE_FROM_CRL}
    assert kept == dict(full.revoked)


def test_delta_between_full_lists_goes_with_the_one_before(world: World) -> None:
    """Who holds the full list before the last one, still current, needs no other; after its end the last is the base."""
    ca = authority(world, delta_validity=12 * HOUR)
    (serial,) = issued(ca, 1)
    ca.lists.publish_due(actor=ACTOR)
    world.clock.turn(days=1)
    ca.lists.publish_due(actor=ACTOR)
    ca.suspend(serial, actor=ACTOR)
    (delta,) = ca.lists.publish_due(actor=ACTOR)
    assert (delta.number, delta.delta_base) == (3, 1)
    world.clock.turn(days=6, seconds=1)
    (later,) = ca.lists.publish(delta_only=True, actor=ACTOR)
    assert later.delta_base == 2


def test_entry_leaves_after_one_full_list_past_expiry(registered: World) -> None:
    """Revoked after expiry under the date of an old hold, it is still carried once; with keeping it never leaves."""
    ca = authority(registered)
    short = Validity(START, START + 10 * DAY)
    first, second = issued(ca, 2, validity=short)
    ca.suspend(first, actor=ACTOR)
    ca.revoke(second, Reason.SUPERSEDED, actor=ACTOR)
    registered.clock.turn(days=11)
    assert set(ca.publish_crl(actor=ACTOR).revoked) == {first.value, second.value}
    registered.clock.turn(days=1)
    assert set(ca.publish_crl(actor=ACTOR).revoked) == set()
    ca.revoke(first, Reason.KEY_COMPROMISE, actor=ACTOR)
    registered.clock.turn(days=1)
    assert set(ca.publish_crl(actor=ACTOR).revoked) == {first.value}
    registered.clock.turn(days=1)
    keeping = authority(registered, keep_expired_since=START)
    kept = keeping.publish_crl(actor=ACTOR)
    assert set(kept.revoked) == {first.value, second.value}
    assert kept.expired_since == START


def test_renewal_when_nothing_changed(world: World) -> None:
    """A list is due again well before its next update, and nothing is due in between."""
    ca = authority(world)
    issued(ca, 1)
    assert [each.reason for each in ca.lists.due()] == [DueReason.FIRST]
    ca.lists.publish_due(actor=ACTOR)
    assert ca.lists.due() == ()
    assert ca.lists.next_moment() == START + DAY
    world.clock.turn(days=1)
    assert [each.reason for each in ca.lists.due()] == [DueReason.RENEWAL]
    assert [crl.number for crl in ca.lists.publish_due(actor=ACTOR)] == [2]


def test_clock_that_went_back_makes_no_list(world: World) -> None:
    """Neither a full list nor a delta list is dated before the one it follows."""
    ca = authority(world, delta_validity=12 * HOUR)
    (serial,) = issued(ca, 1)
    world.clock.turn(hours=2)
    ca.lists.publish_due(actor=ACTOR)
    ca.suspend(serial, actor=ACTOR)
    world.clock.turn(hours=-1)
    for delta_only in (False, True):
        with pytest.raises(LintError) as caught:
            ca.lists.publish(delta_only=delta_only, actor=ACTOR)
        assert "ca.crl-backwards" in {finding.code for finding in caught.value.findings}


def test_delta_needs_a_full_list(world: World) -> None:
    """Without one, or where the authority makes none, asking for a delta list is refused."""
    for ca in (authority(world, delta_validity=HOUR), authority(world)):
        with pytest.raises(RefusedError) as caught:
            ca.lists.publish(delta_only=True, actor=ACTOR)
        assert caught.value.code == "ca.crl-no-base"


def test_two_processes_do_not_share_a_number(world: World) -> None:
    """Who lost the race signs nothing and is told to ask again."""
    ca = authority(world)
    issued(ca, 1)

    other = authority(world)
    inner = world.store.transaction

    def transaction() -> Any:
        world.store.transaction = inner  # type: ignore[method-assign]
        other.publish_crl(actor="other")
        return inner()

    world.store.transaction = transaction  # type: ignore[method-assign]
    with pytest.raises(RefusedError) as caught:
        ca.publish_crl(actor=ACTOR)
    assert caught.value.code == "ca.crl-race"
    assert ca.publish_crl(actor=ACTOR).number == 2


def test_every_list_is_kept(world: World) -> None:
    """By name, number and kind; what was never made is not found."""
    ca = authority(world, partitions=PLAN, delta_validity=12 * HOUR)
    (serial,) = issued(ca, 1)
    ca.lists.publish_due(actor=ACTOR)
    ca.suspend(serial, actor=ACTOR)
    (delta,) = ca.lists.publish_due(actor=ACTOR)
    name = ca.record(serial).list_name
    assert ca.crl(2, list_name=name, is_delta=True).encoded == delta.encoded
    assert ca.crl(list_name=name).number == 1
    for absent in ({"number": 2, "list_name": name}, {"list_name": "user-9-0000"}, {}):
        with pytest.raises(CrlNotFoundError):
            ca.crl(**absent)


def test_changes_are_followed_by_number(registered: World) -> None:
    """A status service asks for what changed since the number it knows, and learns of issuance and of every change."""
    ca = authority(registered)
    one, two, three = issued(ca, 3)
    known = registered.store.changes(ca.authority)
    assert [each.serial for each in known] == [one, two, three]
    assert [each.number for each in known] == sorted({each.number for each in known})
    ca.suspend(two, actor=ACTOR)
    ca.resume(two, actor=ACTOR)
    ca.revoke(one, Reason.SUPERSEDED, actor=ACTOR)
    later = registered.store.changes(ca.authority, after=known[-1].number)
    assert [(each.serial, each.state) for each in later] == [
        (two, CertificateState.VALID),
        (one, CertificateState.REVOKED),
    ]
    assert later[1].revocation is not None
    assert registered.store.changes(ca.authority, after=later[0].number, most=1) == later[1:]
    assert registered.store.changes("0" * 40) == []


def test_partitions_of_an_authority_are_all_it_ever_had(world: World) -> None:
    """The whole list first, so that what was issued before a plan is not forgotten."""
    names = [each.name for each in authority(world, partitions=PLAN).lists.partitions]
    assert names == ["whole", "ca", *(f"user-1-{shard:04d}" for shard in range(4))]
    assert isinstance(authority(world).lists.partitions[0], Partition)
