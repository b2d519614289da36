"""How certificates are spread over lists, and which lists are due when."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ca.list_schedule import DueReason, ListState, ListTiming, due_lists, next_moment
from ca.model import WHOLE_LIST, ListHead, SerialNumber
from ca.partition import PartitionPlan, whole
from tests.authority_world import START

PLAN = PartitionPlan("http://crl.test/one/", (4,))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TIMING = ListTiming(validity=7 * DAY, renewal=DAY)
WITH_DELTAS = replace(TIMING, delta_validity=6 * HOUR)
EVERYTHING = whole(("http://crl.test/all.crl",))


def test_shard_is_drawn_from_the_serial_number() -> None:
    """Random serial numbers spread evenly, and the shard is theirs for good."""
    drawn = random.Random(7)
    serials = [SerialNumber.draw(drawn.randbytes) for _ in range(4000)]
    names = [PLAN.partition_of(serial, is_authority=False).name for serial in serials]
    assert names == [PLAN.partition_of(serial, is_authority=False).name for serial in serials]
    counts = Counter(names)
    assert set(counts) == {each.name for each in PLAN.current}
    assert max(counts.values()) < 1.2 * min(counts.values())


def test_certificates_of_authorities_have_their_own_list() -> None:
    """onlyContainsCACerts there, onlyContainsUserCerts in the shards (RFC 5280 5.2.5)."""
    of_authorities = PLAN.partition_of(SerialNumber(1), is_authority=True)
    of_users = PLAN.partition_of(SerialNumber(1), is_authority=False)
    assert of_authorities.uris == ("http://crl.test/one/ca.crl",)
    assert of_users.uris == ("http://crl.test/one/user-1-0001.crl",)
    assert of_users.delta_uris == ("http://crl.test/one/user-1-0001-delta.crl",)
    scopes = [of_authorities.scope, of_users.scope]
    assert [(each.only_ca_certificates, each.only_user_certificates) for each in scopes if each] == [
        (True, False),
        (False, True),
    ]
    assert [each.uris for each in scopes if each] == [of_authorities.uris, of_users.uris]


def test_another_number_of_shards_is_another_epoch() -> None:
    """Lists of the old epoch keep their names and addresses; none is shared."""
    more = PartitionPlan(PLAN.address, (4, 8))
    assert set(PLAN.all) < set(more.all)
    assert not set(more.current) & set(PLAN.current)
    assert len(more.all) == 1 + 4 + 8
    assert len({each.uris for each in more.all}) == len(more.all)


@pytest.mark.parametrize(
    ("address", "epochs"),
    [
        ("http://crl.test/one", (4,)),
        ("https://crl.test/one/", (4,)),
        ("http://crl.test/o ne/", (4,)),
        ("http://crl.test/one/", ()),
        ("http://crl.test/one/", (0,)),
        ("http://crl.test/one/", (4097,)),
    ],
)
def test_plan_that_cannot_be_followed_is_refused(address: str, epochs: tuple[int, ...]) -> None:
    """A folder at an http address, at least one epoch, a sensible number of shards."""
    with pytest.raises(ValueError, match=r"address|shards"):
        PartitionPlan(address, epochs)


def _head(number: int, made: datetime, changed: int, base: int | None = None) -> ListHead:
    return ListHead("a", WHOLE_LIST, number, base, made, made + DAY, changed, 0)


def _state(full: ListHead | None = None, delta: ListHead | None = None, changed: int = 0) -> ListState:
    return ListState(EVERYTHING, full, delta, changed, needed=True)


FULL = _head(1, START, changed=5)


@pytest.mark.parametrize(
    ("state", "timing", "after", "expected"),
    [
        (_state(), TIMING, HOUR, (False, DueReason.FIRST)),
        (_state(FULL, changed=5), TIMING, HOUR, None),
        (_state(FULL, changed=6), TIMING, HOUR, (False, DueReason.CHANGED)),
        (_state(FULL, changed=5), TIMING, DAY - timedelta(seconds=1), None),
        (_state(FULL, changed=5), TIMING, DAY, (False, DueReason.RENEWAL)),
        (_state(FULL, changed=6), WITH_DELTAS, HOUR, (True, DueReason.CHANGED)),
        (_state(FULL, _head(2, START + HOUR, 6, base=1), 6), WITH_DELTAS, 2 * HOUR, None),
        (_state(FULL, _head(2, START + HOUR, 6, base=1), 7), WITH_DELTAS, 2 * HOUR, (True, DueReason.CHANGED)),
        (_state(FULL, _head(2, START + HOUR, 6, base=1), 6), WITH_DELTAS, 4 * HOUR, (True, DueReason.RENEWAL)),
        (_state(FULL, changed=6), WITH_DELTAS, DAY, (False, DueReason.RENEWAL)),
        (replace(_state(FULL, changed=6), needed=False), TIMING, 9 * DAY, None),
        (replace(_state(), needed=False), TIMING, HOUR, None),
    ],
)
def test_what_is_due(
    state: ListState, timing: ListTiming, after: timedelta, expected: tuple[bool, DueReason] | None
) -> None:
    """First list, change, renewal in time; deltas where there are any; nothing for a list nobody needs."""
    found = due_lists([state], timing, START + after)
    assert [(each.is_delta, each.reason) for each in found] == ([] if expected is None else [expected])


def test_renewal_comes_before_the_promised_update() -> None:
    """Half of the validity by default, so that a run that fails can be made good."""
    timing = ListTiming()
    assert next_moment([_state(FULL)], timing) == START + timing.validity / 2
    assert next_moment([_state(FULL)], WITH_DELTAS) == START + 3 * HOUR
    assert next_moment([replace(_state(FULL), needed=False)], timing) is None


@pytest.mark.parametrize(
    "times",
    [
        {"renewal": 7 * DAY},
        {"renewal": timedelta(0)},
        {"delta_validity": 8 * DAY},
        {"delta_validity": timedelta(0)},
    ],
)
def test_rhythm_that_leaves_a_gap_is_refused(times: dict[str, timedelta]) -> None:
    """No list is renewed when it has run out already, and no delta list outlives a full one."""
    with pytest.raises(ValueError, match="list"):
        ListTiming(**{"validity": 7 * DAY, **times})
