"""Shards, delta lists and roll-over under faults: a full and a delta list made together are recorded together."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from ca.model import SerialNumber
from ca.partition import PartitionPlan
from ca.register import CaRegister
from ca.roll_over import roll_over
from ca.service import CertificateAuthority
from crypto import message_digest
from tests.authority_world import ACTOR, PROFILES, holder_request, make_world, settings
from tests.faults.test_issuance import Fault, FaultyStore, StoreFaultError, WatchedSigner
from tests.unit.ca.test_ca_roll_over import Generations

PLAN = PartitionPlan("http://crl.test/", (1,))


class PairWrite(Enum):
    """Writes of a full list with its delta list, by the store's method and how often it was called before."""

    FULL_INTENT = ("add_crl_intent", 0)
    DELTA_INTENT = ("add_crl_intent", 1)
    INTENT_AUDIT = ("append_audit", 0)
    FULL = ("record_crl", 0)
    DELTA = ("record_crl", 1)
    AUDIT = ("append_audit", 1)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("write", PairWrite)
def test_full_and_delta_list_survive_together(tmp_path: Path, write: PairWrite, fault: Fault) -> None:
    """After a failed write both lists are on record signed, or neither; no number repeats; what is due is made."""
    path = str(tmp_path / "ca.db")
    world = make_world(path)
    signer = WatchedSigner(world.regional_signer)

    def authority(store: Any) -> CertificateAuthority:
        return CertificateAuthority(
            store=store,
            signer=signer,
            chain=world.chain,
            profiles=PROFILES,
            settings=settings(partitions=PLAN, crl_renewal=timedelta(days=1), delta_validity=timedelta(days=1)),
            clock=world.clock,
            random=world.random.randbytes,
        )

    first = authority(CaRegister(path))
    serial = SerialNumber(first.issue(holder_request(), actor=ACTOR).serial_number)
    first.lists.publish_due(actor=ACTOR)
    first.suspend(serial, actor=ACTOR)
    world.clock.turn(days=1)
    with pytest.raises(StoreFaultError):
        authority(FaultyStore(CaRegister(path), write, fault)).lists.publish_due(actor=ACTOR)
    restarted = authority(CaRegister(path))
    heads = restarted.lists.heads()
    kinds = [head.is_delta for head in heads if head.number == 2]
    assert kinds in ([], [False, True])
    world.clock.turn(hours=1)
    restarted.lists.publish_due(actor=ACTOR)
    heads = restarted.lists.heads()
    assert len({(head.number, head.is_delta) for head in heads}) == len(heads)
    assert restarted.lists.due() == ()
    newest = max(heads, key=lambda head: (head.number, not head.is_delta))
    assert serial.value in read(restarted, newest.number)
    store = CaRegister(path)
    known = [record.tbs for record in store.unsigned_crls(restarted.authority)]
    known += [
        store.crl(head.authority, head.number, list_name=head.list_name, is_delta=head.is_delta).tbs
        for head in heads
    ]
    known += [record.tbs for record in restarted.certificates()]
    digests = {message_digest(signer.public_key, tbs, user_id=settings().user_id) for tbs in known}
    assert set(signer.signed) <= digests, "something was signed that is not on record"
    assert restarted.audit().is_clean


def read(authority: CertificateAuthority, number: int) -> set[int]:
    """Serial numbers on a full list."""
    from formats.gbt20518 import read_crl

    encoded = authority.crl(number, list_name=PLAN.current[0].name).encoded
    assert encoded is not None
    return set(read_crl(encoded).revoked)


class RollOverWrite(Enum):
    """Writes of a roll-over on the old authority's record."""

    LINK_INTENT = ("add_intents", 0)
    LINK = ("record_certificates", 0)
    RETIRE = ("retire", 0)
    RETIRE_AUDIT = ("append_audit", 2)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("write", RollOverWrite)
def test_roll_over_is_finished_after_a_failed_write(tmp_path: Path, write: RollOverWrite, fault: Fault) -> None:
    """Called again it gives one pair of links, and the old key is retired once."""
    path = str(tmp_path / "ca.db")
    generations = Generations(make_world(path))
    world = generations.world
    faulty: Any = FaultyStore(CaRegister(path), write, fault)
    with pytest.raises(StoreFaultError):
        roll_over(world.make_regional(faulty, world.regional_signer), generations.new, actor=ACTOR)
    assert faulty.fired
    again = world.make_regional(CaRegister(path), world.regional_signer)
    again.recover(actor=ACTOR)
    links = roll_over(again, generations.new, actor=ACTOR)
    assert roll_over(again, generations.new, actor=ACTOR) == links
    made = [record for record in again.certificates() if record.profile.startswith("link/")]
    assert [record.encoded for record in made] == [links.new_with_old.encoded]
    assert again.audit().is_clean
