"""The device's log."""

from dataclasses import replace

import pytest

from crypto import sm3
from hsm_sim.audit import Event, RefusalBudget, chain, chain_start, read_entries
from hsm_sim.commands import GetAccessRight, GetDeviceInfo, InternalSign
from hsm_sim.management import DestroyKeys, ReadAudit
from hsm_sim.return_codes import (
    AccessDeniedError,
    AccessRightError,
    InputArgumentError,
    OfficerRequiredError,
    StoreIntegrityError,
)
from hsm_sim.storage import StorageFullError

E = bytes(range(32))


def lines(host) -> list[tuple[str, str, int, int]]:
    """The log, its chain checked from the beginning."""
    root = host.device.ready().store.root
    entries = read_entries(host.storage.log, length=0, head=chain_start(root.serial))
    assert len(entries) == root.audit_length
    return [(each.operation, each.object, each.count, each.return_code) for each in entries]


def test_chain_is_what_the_page_says():
    """h_0 = SM3(text || serial), h_i = SM3(h_(i-1) || entry)."""
    (first, second), head = chain([Event("a", "x"), Event("b", "y")], length=0, head=chain_start("S"), time=5)
    assert first.digest == sm3(sm3(b"xinyin key store audit" + b"S") + first.entry)
    assert second.digest == head == sm3(first.digest + second.entry)


def test_every_kind_of_tampering_is_noticed():
    """An entry altered, dropped, moved, added twice or renumbered breaks the chain."""
    good, _ = chain([Event("a", f"op {n}") for n in range(4)], length=0, head=chain_start("S"), time=5)
    assert len(read_entries(good, length=0, head=chain_start("S"))) == 4
    a, b, c, d = good
    for bad in (
        [a, c, d],
        [a, c, b, d],
        [a, b, b, c, d],
        [b, c, d],
        [a, replace(b, entry=b.entry[:-1] + b"\x01"), c, d],
        [a, replace(b, digest=bytes(32)), c, d],
        [a, replace(b, sequence=9), c, d],
        [replace(a, entry=b"junk", digest=sm3(chain_start("S") + b"junk")), b, c, d],
    ):
        with pytest.raises(StoreIntegrityError):
            read_entries(bad, length=0, head=chain_start("S"))
    with pytest.raises(StoreIntegrityError):
        read_entries(good, length=0, head=chain_start("T"))


def test_management_uses_and_refusals_are_logged(one_key):
    """Who did what to which object, how often, with what result; no digest that was signed."""
    caller = one_key.user()
    for _ in range(3):
        caller.call(InternalSign(1, E))
    caller.close()
    with pytest.raises(AccessRightError):
        one_key.user(password=b"a wrong one")
    one_key.officer().call(DestroyKeys(1))
    logged = lines(one_key)
    assert [line[0] for line in logged] == [
        "initialise",
        "add-officer",
        "officer-login",
        "generate-key-pair",
        "access-right",
        "reserve-uses",
        "used",
        "access-right",
        "officer-login",
        "destroy-key",
    ]
    assert ("used", "index 1 sign", 3, 0) in logged
    assert ("access-right", "index 1", 1, AccessRightError.code) in logged
    assert ("destroy-key", "index 1 sign", 3, 0) in logged
    assert not any(E in entry.entry for entry in one_key.storage.log)


def test_entry_stands_with_the_change_it_tells_of(one_key):
    """A change and its entry are one write: after a lost write there is neither."""
    change = one_key.storage.commits[-1]
    assert len(change.entries) == 1
    assert len(change.puts) == 3  # root, pair, password


def test_hammering_does_not_fill_the_log(one_key):
    """A refusal is logged once a session, and once more with its count at the end."""
    caller = one_key.session()
    before = len(lines(one_key))
    for _ in range(100):
        with pytest.raises(AccessDeniedError):
            caller.call(InternalSign(1, E))
    assert len(lines(one_key)) == before + 1
    caller.close()
    assert lines(one_key)[before:] == [
        ("internal-sign", "index 1", 1, AccessDeniedError.code),
        ("internal-sign", "index 1", 99, AccessDeniedError.code),
    ]


def test_many_kinds_of_refusal_are_bounded(one_key):
    """Refusals that all differ share one entry after the first few, and are counted."""
    caller = one_key.session()
    before = len(lines(one_key))
    for index in range(1000, 1200):
        caller.frame(GetAccessRight.command, index.to_bytes(4, "big") + (8).to_bytes(4, "big") + b"password")
    caller.close()
    logged = lines(one_key)[before:]
    assert len(logged) <= 32 + 2
    assert sum(line[2] for line in logged) == 200


def test_many_sessions_share_a_budget():
    """Over all sessions so many refusals are written in a minute; the rest is counted and told later."""
    budget = RefusalBudget(in_a_minute=3)
    event = Event("a", "x", return_code=1)
    assert [len(budget.admit(event, time=5)) for _ in range(5)] == [1, 1, 1, 0, 0]
    assert budget.admit(event, time=60_000_000) == [Event("device", "refusals-skipped", count=2), event]
    assert budget.admit(event, time=60_000_001) == [event]


def test_only_an_officer_reads_the_log(one_key):
    """Pages start at a number from 1 on; behind the end there is an empty page."""
    officer = one_key.officer()
    page = officer.call(ReadAudit(2)).lines
    assert [each.digest for each in page] == [each.digest for each in one_key.storage.log[1:]]
    assert officer.call(ReadAudit(1000)).lines == ()
    for first in (0, 2**63):
        with pytest.raises(InputArgumentError):
            officer.call(ReadAudit(first))
    with pytest.raises(OfficerRequiredError):
        one_key.session().call(ReadAudit(1))


def test_information_tells_length_and_head(one_key):
    """What must be noted elsewhere to prove the log later is told to everyone."""
    info = one_key.session().call(GetDeviceInfo())
    assert info.audit_length == len(one_key.storage.log)
    assert info.audit_head == one_key.storage.log[-1].digest


def test_names_from_outside_are_cut_and_kept_in_order(host):
    """A client's name of full length does not push the entry over its limit."""
    caller = host.session(name="印" * 21)
    with pytest.raises(AccessDeniedError):
        caller.call(GetAccessRight(0, b"password 1"))
    assert lines(host)[-1][3] == AccessDeniedError.code


def test_log_that_cannot_be_written_is_told(one_key):
    """When only a log entry fails, the refusal is still answered and the operator hears of it."""

    def fail(change, apply):
        raise StorageFullError("test")

    caller = one_key.session()
    one_key.storage.fault = fail
    with pytest.raises(AccessDeniedError):
        caller.call(InternalSign(1, E))
    assert any("not written" in line for line in one_key.said)
