"""The key management centre: pool, providing, archive, end of keeping."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ca.errors import RefusedError
from ca.key_management.audit import audit_keys
from ca.key_management.errors import (
    EscrowNotFoundError,
    IllegalKeyTransitionError,
    PoolEmptyError,
    UnsoundEnvelopeError,
)
from ca.key_management.model import (
    RECOVERABLE,
    TRANSITIONS,
    EscrowEvent,
    EscrowSettings,
    EscrowState,
    next_state,
)
from ca.model import SerialNumber
from ca.registration.ports import KeyManagement, RestoreRequest
from crypto import KeyStoreError, PrivateKey
from formats.gbt35276 import open_enveloped_key, read_enveloped_key
from tests.escrow_world import ACTOR, AUTHORITY, END, EscrowWorld, asked
from tests.registers import rewrite

EITHER = pytest.mark.parametrize("world", ["file", "postgresql"], indirect=True)


@pytest.fixture
def world(request, tmp_path):
    if getattr(request, "param", "file") == "file":
        made = EscrowWorld(str(tmp_path / "keys.sqlite"))
    else:
        made = EscrowWorld(request.getfixturevalue("postgresql_address"))
    yield made
    made.store.close()


def test_it_fits_the_registration_desk(world):
    """It is what ``ca.registration.ports.KeyManagement`` promises."""
    fits: KeyManagement = world.centre
    assert fits is world.centre


def test_pair_is_provided_enveloped(world):
    """The subject opens the envelope with the signing key and holds the private half of the public key."""
    world.fill()
    subject = PrivateKey.generate()
    provided = world.centre.provide(asked(subject=subject.public_key))
    opened = open_enveloped_key(read_enveloped_key(provided.enveloped_key), subject)
    assert opened.public_key == provided.public_key
    assert audit_keys(world.store).is_clean


@EITHER
def test_asking_again_gives_the_same(world):
    """The same request gets the same octets, whatever happened in between; nothing more leaves the pool."""
    world.fill()
    request = asked()
    first = world.centre.provide(request)
    world.restart()
    assert world.centre.provide(request) == first
    assert world.store.counts()[EscrowState.POOLED] == 3
    assert len(world.device.served) == 1


@pytest.mark.parametrize("other", ["certificate_serial", "protect_to", "not_after"])
def test_request_key_belongs_to_one_request(world, other):
    """Another request under the same key is refused and takes no pair."""
    world.fill()
    request = asked()
    world.centre.provide(request)
    changed = {
        "certificate_serial": SerialNumber(77),
        "protect_to": PrivateKey.generate().public_key,
        "not_after": END + timedelta(days=1),
    }
    given = {"subject": request.protect_to, other: changed[other]}
    with pytest.raises(RefusedError, match="another request"):
        world.centre.provide(asked(**given))
    assert world.store.counts()[EscrowState.POOLED] == 3


def test_certificate_has_one_pair(world):
    """The same certificate under another request key is refused; another authority may have the same serial."""
    world.fill()
    request = asked()
    world.centre.provide(request)
    with pytest.raises(RefusedError, match="has a pair already"):
        world.centre.provide(asked(request_key="another"))
    world.centre.provide(asked(authority="b" * 40))


@EITHER
def test_no_pair_goes_to_two(world):
    """Every certificate gets a pair of its own, down to the last one in store."""
    world.fill(20)
    keys = {world.centre.provide(asked(number)).public_key for number in range(1, 21)}
    assert len(keys) == 20
    with pytest.raises(PoolEmptyError):
        world.centre.provide(asked(21))
    world.fill(1)
    world.centre.provide(asked(21))


def test_pool_is_filled_to_a_level(world):
    """Filling makes what is missing, in one entry of the trail a portion."""
    assert world.fill(3) == 3
    assert world.fill(3) == 0
    assert world.fill(5) == 2
    made = [entry["count"] for entry in world.store.audit_entries() if entry["event"] == "pairs-made"]
    assert made == [3, 2]


def test_device_that_answers_with_another_pair(world):
    """An envelope of another pair, or none at all, is not handed out; asking again works when the device does."""
    world.fill()
    request = asked()
    envelope = world.device.envelope
    others = iter(world.device.make_pairs(1))
    other = next(others)
    for wrong in (lambda _w, to: envelope(other.wrapped, to), lambda _w, _to: b"nothing"):
        world.device.envelope = wrong
        with pytest.raises(UnsoundEnvelopeError):
            world.centre.provide(request)
    world.device.envelope = envelope
    assert world.centre.provide(request).public_key != other.public_key


def test_given_again_to_the_same_key(world):
    """The owner who kept the signing key gets the first envelope again, without officers."""
    world.fill()
    request = asked()
    provided = world.centre.provide(request)
    again = RestoreRequest(AUTHORITY, SerialNumber(1), "restore-1", request.protect_to)
    assert world.centre.restore(again) == provided
    with pytest.raises(EscrowNotFoundError):
        world.centre.restore(RestoreRequest(AUTHORITY, SerialNumber(2), "restore-2", request.protect_to))


def test_other_key_needs_a_recovery(world):
    """Without an approved recovery another key gets nothing."""
    world.fill()
    world.centre.provide(asked())
    stranger = PrivateKey.generate().public_key
    with pytest.raises(RefusedError, match="approved"):
        world.centre.restore(RestoreRequest(AUTHORITY, SerialNumber(1), "restore-1", stranger))


@EITHER
def test_life_of_a_pair(world):
    """Superseded, archived at the end of its certificate, destroyed at the end of keeping; then nobody gets it."""
    world.settings = EscrowSettings(kept_after_end=timedelta(days=10))
    world.restart()
    world.fill()
    request = asked()
    world.centre.provide(request)
    world.centre.provide(asked(2))
    world.centre.supersede(AUTHORITY, SerialNumber(1), actor=ACTOR)
    with pytest.raises(IllegalKeyTransitionError):
        world.centre.supersede(AUTHORITY, SerialNumber(1), actor=ACTOR)
    assert world.centre.archive_ended(actor=ACTOR) == 0
    world.now = END + timedelta(days=1)
    assert world.centre.archive_ended(actor=ACTOR) == 2
    again = RestoreRequest(AUTHORITY, SerialNumber(1), "restore-1", request.protect_to)
    world.centre.restore(again)
    assert world.centre.destroy_kept(world.device, actor=ACTOR) == 0
    world.now += timedelta(days=10)
    assert world.centre.destroy_kept(world.device, actor=ACTOR) == 2
    assert len(world.device.revoked) == 2
    with pytest.raises(EscrowNotFoundError):
        world.centre.restore(again)
    with pytest.raises(EscrowNotFoundError):
        world.centre.provide(request)
    counts = world.store.counts()
    assert (counts[EscrowState.DESTROYED], counts[EscrowState.POOLED]) == (2, 2)
    assert all(
        key.wrapped is None and key.enveloped is None
        for key in world.store.pairs()
        if key.state is EscrowState.DESTROYED
    )
    assert audit_keys(world.store).is_clean


@EITHER
def test_pairs_are_wrapped_anew(world):
    """Every pair that is held gets another wrapped form and stays what it was; asking again gives the same."""
    world.fill(5)
    request = asked()
    provided = world.centre.provide(request)
    before = {key.key_id: key for key in world.store.pairs()}
    assert world.centre.rewrap(world.device, actor=ACTOR) == 5
    after = {key.key_id: key for key in world.store.pairs()}
    assert all(after[key_id].wrapped != before[key_id].wrapped for key_id in before)
    assert [(key.state, key.public_key) for key in after.values()] == [
        (key.state, key.public_key) for key in before.values()
    ]
    assert world.centre.provide(request) == provided
    world.centre.provide(asked(2))
    assert audit_keys(world.store).is_clean


def test_device_that_does_not_forget(world):
    """A pair the device was not told to refuse stays archived."""
    world.fill()
    world.centre.provide(asked())
    world.now = END + timedelta(days=5000)
    world.centre.archive_ended(actor=ACTOR)
    world.device.fail_before = True
    with pytest.raises(KeyStoreError):
        world.centre.destroy_kept(world.device, actor=ACTOR)
    assert world.store.counts()[EscrowState.ARCHIVED] == 1


def test_table_of_states():
    """Nothing leads back into store, nothing out of destruction, and every event has its place."""
    assert not TRANSITIONS[EscrowState.DESTROYED]
    reached = {after for ways in TRANSITIONS.values() for after in ways.values()}
    assert EscrowState.POOLED not in reached
    assert reached == set(EscrowState) - {EscrowState.POOLED}
    assert {event for ways in TRANSITIONS.values() for event in ways} == set(EscrowEvent)
    assert set(EscrowState) - {EscrowState.POOLED, EscrowState.DESTROYED} == RECOVERABLE
    with pytest.raises(IllegalKeyTransitionError):
        next_state(EscrowState.POOLED, EscrowEvent.DESTROY)


@EITHER
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM kmc_keys",
        "UPDATE kmc_keys SET serial = '99' WHERE serial IS NOT NULL",
        "UPDATE kmc_keys SET state = 'pooled' WHERE state = 'in-use'",
        "UPDATE kmc_keys SET enveloped = {octet} WHERE enveloped IS NOT NULL",
        "UPDATE kmc_keys SET public_key = {octet} WHERE serial IS NOT NULL",
        "DELETE FROM kmc_audit",
    ],
)
def test_register_refuses(world, statement):
    """What the service never does, the database does not do either."""
    world.fill()
    world.centre.provide(asked())
    with pytest.raises((sa.exc.IntegrityError, sa.exc.InternalError)):
        rewrite(world.address, statement)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE kmc_keys SET state = 'archived' WHERE serial IS NOT NULL", "by the trail"),
        ("UPDATE kmc_keys SET serial = '99' WHERE serial IS NOT NULL", "does not assign"),
        ("DELETE FROM kmc_keys WHERE serial IS NOT NULL", "not on record"),
        ("DELETE FROM kmc_keys WHERE serial IS NULL", "are on record"),
    ],
)
def test_audit_finds_what_was_altered(world, statement, told):
    """Whoever gets past the guards is found by the trail."""
    world.fill()
    world.centre.provide(asked())
    rewrite(world.address, statement, drop_guards=True)
    assert any(told in text for text in audit_keys(world.store).contradictions)


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "项目"])
def test_request_keys_are_visible_ascii(world, key):
    """Anything else is refused before a pair is touched."""
    world.fill()
    with pytest.raises(ValueError, match="request key"):
        world.centre.provide(asked(request_key=key))
    assert world.store.counts()[EscrowState.POOLED] == 4


def test_settings_have_bounds():
    """A recovery lives at most as long as the device lets one, and no pair dies before its certificate."""
    for given in ({"recovery_window": timedelta(days=8)}, {"kept_after_end": timedelta(days=-1)}):
        with pytest.raises(ValueError, match=r"recovery|pairs"):
            EscrowSettings(**given)
