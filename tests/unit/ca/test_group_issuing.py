"""Many callers of one authority: shared transactions, answers of their own, bounds that are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from ca.errors import LintError, OverloadedError, RefusedError, UnfinishedError
from ca.group_issuing import GroupIssuing, GroupSettings
from ca.model import CertificateState, IssuanceRequest, SerialNumber
from ca.recording import Outcome
from ca.register import CaRegister
from ca.service import CertificateAuthority
from crypto import KeyStoreError
from formats.gbt20518 import Validity
from tests.authority_world import ACTOR, START, World, holder_request, make_world
from tests.faults.test_issuance import WatchedSigner

TOO_LONG = Validity(START, START + timedelta(days=4000))


class CountedStore:
    """A register that counts its transactions and can hold them back."""

    def __init__(self, store: CaRegister) -> None:
        self._store = store
        self.transactions = 0
        self.gate = Event()
        self.gate.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        self.gate.wait(10)
        with self._store.transaction() as change:
            yield change
        self.transactions += 1


class HeldBack:
    """An authority that answers when it is let."""

    def __init__(self, authority: CertificateAuthority) -> None:
        self._authority = authority
        self.gate = Event()
        self.batches: list[int] = []

    def issue_each(self, asked: Sequence[tuple[IssuanceRequest, str]]) -> list[Outcome]:
        self.batches.append(len(asked))
        assert self.gate.wait(10)
        return self._authority.issue_each(asked)


@pytest.fixture
def world(register_address: str) -> World:
    return make_world(register_address)


def _ask_all(front: GroupIssuing, requests: Sequence[IssuanceRequest]) -> list[Any]:
    """Outcomes of requests sent at once, errors as values."""

    def ask(request: IssuanceRequest) -> Any:
        try:
            return front.issue(request, actor=f"officer-{int(request.key) % 3}")
        except Exception as error:  # noqa: BLE001  the error is the outcome
            return error

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(ask, requests))


def test_many_callers_share_commits_and_get_their_own(world: World) -> None:
    """Each caller gets the certificate of its own request, with far fewer transactions than certificates."""
    store = CountedStore(world.store)  # type: ignore[arg-type]
    authority = world.make_regional(store, world.regional_signer)  # type: ignore[arg-type]
    requests = [holder_request(str(number)) for number in range(40)]
    store.gate.clear()
    with GroupIssuing(authority) as front, ThreadPoolExecutor(1) as opener:
        opener.submit(lambda: (Event().wait(0.2), store.gate.set()))
        certificates = _ask_all(front, requests)
    assert [each.public_key for each in certificates] == [each.public_key for each in requests]
    assert store.transactions <= 12
    assert len(authority.certificates()) == 40
    report = authority.audit()
    assert report.is_clean
    actors = {entry["actor"] for entry in world.store.audit_entries() if entry["event"] == "certificate-issued"}
    assert {"officer-0", "officer-1", "officer-2"} <= actors


def test_a_bad_request_spoils_no_other(world: World) -> None:
    """Requests that break a rule, reuse a key or a serial get their own errors; those beside them are issued."""
    taken = holder_request("0")
    serial = SerialNumber(world.regional.issue(taken, actor=ACTOR).serial_number)
    requests = [
        holder_request("1"),
        holder_request("2", validity=TOO_LONG),
        holder_request("0"),
        holder_request("3", profile="no-such"),
        holder_request("4", profile="issuing-ca"),
        holder_request("5", serial=serial),
        replace(taken),
        holder_request("6"),
    ]
    front = HeldBack(world.regional)
    with GroupIssuing(front) as group:
        front.gate.set()
        outcomes = _ask_all(group, requests)
    codes = [each.code if isinstance(each, RefusedError) else each.public_key for each in outcomes]
    assert codes == [
        requests[0].public_key,
        "ca.validity-long",
        "ca.request-key-reused",
        "ca.profile-unknown",
        "ca.profile-kind",
        "ca.intent-repeated",
        taken.public_key,
        requests[7].public_key,
    ]
    assert isinstance(outcomes[1], LintError)
    assert len(world.regional.certificates()) == 3
    assert world.regional.audit().is_clean


def test_values_the_database_does_not_take_spoil_no_other(postgresql_address: str) -> None:
    """A row PostgreSQL refuses has its error; the batch it came with is issued without it."""
    world = make_world(postgresql_address)
    drafts = [(holder_request("1"), ACTOR), (holder_request("2"), ACTOR)]
    drafting = world.regional._issuance._drafting
    draft = drafting.draft

    def with_nul(request: IssuanceRequest, actor: str, now: Any) -> Any:
        made = draft(request, actor, now)
        if request.key == "1":
            record, token = made.outcome  # type: ignore[misc]
            made = replace(made, outcome=(replace(record, subject="a\0b"), token))
        return made

    drafting.draft = with_nul  # type: ignore[method-assign]
    refused, issued = world.regional.issue_each(drafts)
    assert isinstance(refused, RefusedError)
    assert refused.code == "ca.intent-unwritable"
    assert not isinstance(issued, Exception)
    assert len(world.regional.certificates()) == 1


def test_one_key_sent_twice_at_once_is_one_certificate(world: World) -> None:
    """Callers who send the same request together get the same certificate."""
    request = holder_request("7")
    held = HeldBack(world.regional)
    with GroupIssuing(held) as front, ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(front.issue, request, actor=ACTOR) for _ in range(6)]
        held.gate.set()
        certificates = {each.result().encoded for each in asked}
    assert len(certificates) == 1
    assert len(world.regional.certificates()) == 1


def test_a_failing_key_store_answers_everybody(world: World) -> None:
    """Each caller is told; intents are on record; asking again gives the certificates under the same serials."""
    signer = WatchedSigner(world.regional_signer)
    authority = world.make_regional(world.store, signer)
    requests = [holder_request(str(number)) for number in range(8)]
    signer.fail_after = True
    with GroupIssuing(authority) as front:
        assert all(isinstance(each, KeyStoreError) for each in _ask_all(front, requests))
        pending = {record.serial for record in authority.certificates(state=CertificateState.PENDING)}
        assert len(pending) == 8
        signer.fail_after = False
        certificates = _ask_all(front, requests)
    assert {SerialNumber(each.serial_number) for each in certificates} == pending
    assert authority.audit().is_clean


def test_a_full_queue_refuses_at_once(world: World) -> None:
    """One request more than may wait is refused, and nothing of it is recorded."""
    held = HeldBack(world.regional)
    settings = GroupSettings(most_waiting=2, most_together=1, patience=10)
    with GroupIssuing(held, settings) as front, ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(front.issue, holder_request(str(number)), actor=ACTOR) for number in range(8)]
        while sum(each.done() for each in asked) < 8 - 2 - 2:  # two wait, two are in the workers' hands
            Event().wait(0.01)
        held.gate.set()
        outcomes = [each.exception() for each in asked]
    refused = [each for each in outcomes if each is not None]
    assert len(refused) == 4
    assert all(isinstance(each, OverloadedError) for each in refused)
    assert len(world.regional.certificates()) == 4


def test_waiting_ends(world: World) -> None:
    """Who waited too long is told whether it is being worked on or will never be, and it is as told."""
    held = HeldBack(world.regional)
    settings = GroupSettings(most_together=1, patience=0.2)
    with GroupIssuing(held, settings) as front, ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(front.issue, holder_request(str(number)), actor=ACTOR) for number in range(4)]
        errors = [type(each.exception()) for each in asked]
        held.gate.set()
    assert sorted(each.__name__ for each in errors) == ["OverloadedError"] * 2 + ["UnfinishedError"] * 2
    unfinished = [str(number) for number, error in enumerate(errors) if error is UnfinishedError]
    assert sorted(record.request_key for record in world.regional.certificates()) == unfinished


def test_closing_answers_what_waits(world: World) -> None:
    """Closing finishes what was taken, then refuses."""
    held = HeldBack(world.regional)
    front = GroupIssuing(held)
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(front.issue, holder_request(str(number)), actor=ACTOR) for number in range(3)]
        while not held.batches:
            Event().wait(0.01)
        held.gate.set()
        assert all(each.result() for each in asked)
        front.close()
    front.close()
    with pytest.raises(OverloadedError):
        front.issue(holder_request("9"), actor=ACTOR)


@pytest.mark.parametrize("wrong", [{"most_waiting": 0}, {"most_together": 0}, {"patience": 0}])
def test_bounds_are_positive(wrong: dict[str, int]) -> None:
    """A queue without room or time cannot be made."""
    with pytest.raises(ValueError, match="positive"):
        GroupSettings(**wrong)  # type: ignore[arg-type]
