"""The authority's process, and the key store under it, are killed again and again in the middle of their work.

What was handed out stays true: every certificate is on record, everything revoked stays so, no serial number is used
twice, and asking again gives what was given before. ``KILL_ROUNDS`` makes the long runs longer.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ca.errors import IllegalTransitionError
from ca.group_issuing import GroupIssuing
from ca.model import CertificateState, SerialNumber
from ca.register import CaRegister
from crypto import KeyStoreError, PrivateKey, PublicKey, SoftwareSigner
from formats.gbt20518 import Certificate, RevocationReason, read_certificate
from hsm_sim import (
    DevicePolicy,
    KeyStoreSigner,
    KeyUsage,
    OfficerCredential,
    ServiceSettings,
    initialise_key_store,
    start_key_store,
)
from tests.authority_world import ACTOR, TurningClock, World, holder_request

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("KILL_ROUNDS", "100"))
OFFICER = OfficerCredential("zhang", b"officer secret")
PASSWORD = b"password 1"


@dataclass
class HandedOut:
    """What callers were told before the kills."""

    issued: set[bytes] = field(default_factory=set)
    revoked: set[SerialNumber] = field(default_factory=set)

    def hear(self, line: str) -> None:
        kind, _, value = line.strip().partition(" ")
        if kind == "issued":
            encoded = bytes.fromhex(value)
            assert encoded not in self.issued
            self.issued.add(encoded)
        elif kind == "revoked":
            self.revoked.add(SerialNumber.parse(value))


def _killed(address: str, rounds: int, keys: list[PrivateKey]) -> HandedOut:
    """Let processes issue on a record and kill each at another moment."""
    told, source = HandedOut(), random.Random(7)
    scalars = [key.scalar().hex() for key in keys]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.issuing_process", address, *scalars],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as forks:
        assert forks.stdin is not None
        assert forks.stdout is not None
        for number in range(rounds):
            print(number, file=forks.stdin, flush=True)
            pid = int(forks.stdout.readline().split()[1])
            if number % 4:  # mostly in the midst of issuing, sometimes while it starts
                told.hear(forks.stdout.readline())
            time.sleep(source.uniform(0.0, 0.15))
            os.kill(pid, signal.SIGKILL)
            while (line := forks.stdout.readline()) != "ended\n":
                told.hear(line)
        forks.stdin.close()
    return told


def _check(address: str, told: HandedOut, keys: list[PrivateKey]) -> None:
    signers = [SoftwareSigner(key) for key in keys]
    store = CaRegister(address)
    world = World(store=store, clock=TurningClock(), root_signer=signers[0], regional_signer=signers[1], seed=5)
    authority = world.regional
    authority.recover(actor=ACTOR)
    on_record = {}
    last = None
    while page := authority.certificates(after=last):
        last = page[-1].serial
        on_record.update({record.serial: record for record in page})
    assert told.issued <= {record.encoded for record in on_record.values()}
    assert all(on_record[serial].state is CertificateState.REVOKED for serial in told.revoked)
    assert not any(record.state is CertificateState.PENDING for record in on_record.values())
    assert authority.audit().is_clean
    for encoded in sorted(told.issued)[:20]:
        serial = SerialNumber(read_certificate(encoded).serial_number)
        try:
            authority.revoke(serial, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
        except IllegalTransitionError:
            assert serial in told.revoked
    listed = authority.publish_crl(actor=ACTOR).revoked
    assert {serial.value for serial in told.revoked} <= set(listed)
    assert [each for page in authority.rereading().certificates() for each in page.found] == []
    store.close()


def _runs(address: str, rounds: int) -> HandedOut:
    keys = [PrivateKey.generate(), PrivateKey.generate()]
    told = _killed(address, rounds, keys)
    _check(address, told, keys)
    return told


def test_killed_a_few_times(register_address: str) -> None:
    """Four kills while four callers issue and revoke."""
    assert len(_runs(register_address, 4).issued) >= 3


@pytest.mark.slow
def test_killed_many_times(register_address: str) -> None:
    """A hundred kills on each kind of record, or as many as asked for."""
    assert len(_runs(register_address, ROUNDS).issued) >= ROUNDS // 2


def _key_store_rounds(folder: Path, address: str, rounds: int) -> None:
    settings = ServiceSettings(folder, reserve=32)
    initialise_key_store(settings, (OFFICER,), DevicePolicy(1000, 1000, 100, 100), stderr=subprocess.DEVNULL)
    with (
        start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL) as process,
        process.client() as client,
        client.officer(OFFICER) as officer,
    ):
        key = PublicKey(officer.generate_key_pair(1, KeyUsage.SIGN, password=PASSWORD).public_key)
    world: World | None = None
    told: dict[str, Certificate] = {}
    source = random.Random(3)
    for number in range(rounds):
        process = start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL)
        try:
            with (
                process.client(reconnect_seconds=0) as client,
                KeyStoreSigner(client, 1, PASSWORD, key, reconnect_seconds=0) as signer,
            ):
                if world is None:
                    world = World(
                        store=CaRegister(address),
                        clock=TurningClock(),
                        root_signer=SoftwareSigner(PrivateKey.generate()),
                        regional_signer=signer,
                    )
                authority = world.make_regional(world.store, signer)
                authority.recover(actor=ACTOR)
                with GroupIssuing(authority) as front, ThreadPoolExecutor(4) as pool:
                    asking = [pool.submit(_ask, front, number, caller, told) for caller in range(4)]
                    time.sleep(source.uniform(0.0, 0.1))
                    process.kill()
                    assert all(isinstance(each.exception(), KeyStoreError) for each in asking)
        finally:
            process.kill()
    assert world is not None
    with (
        start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL) as process,
        process.client() as client,
        KeyStoreSigner(client, 1, PASSWORD, key) as signer,
    ):
        authority = world.make_regional(world.store, signer)
        authority.recover(actor=ACTOR)
        assert authority.certificates(state=CertificateState.PENDING) == []
        records = {record.request_key: record for record in authority.certificates(most=100_000)}
        assert all(records[name].encoded == certificate.encoded for name, certificate in told.items())
        assert len({record.serial for record in records.values()}) == len(records)
        assert authority.audit().is_clean
        assert [each for page in authority.rereading().certificates() for each in page.found] == []


def _ask(front: GroupIssuing, number: int, caller: int, told: dict[str, Certificate]) -> None:
    each = 0
    while True:
        name = f"r{number}-{caller}-{each}"
        told[name] = front.issue(holder_request(name), actor=ACTOR)
        each += 1


def test_key_store_killed_a_few_times(tmp_path: Path) -> None:
    """The key store dies under an authority in full work: callers get its error, and the next start finishes."""
    _key_store_rounds(tmp_path / "store", str(tmp_path / "ca.db"), 2)


@pytest.mark.slow
def test_key_store_killed_many_times(tmp_path: Path, postgresql_address: str) -> None:
    """Twenty-five kills at other moments, or as many as asked for; on PostgreSQL."""
    _key_store_rounds(tmp_path / "store", postgresql_address, ROUNDS // 4)
