"""The key store's process is killed in the middle of requests, again and again.

What a client was told stays true: every key it got an answer for works, and no use it got a signature for is
missing from the count.
"""

import os
import random
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crypto import PublicKey, verify_digest, verify_many
from hsm_sim import (
    DeviceError,
    DevicePolicy,
    KeyStoreClient,
    KeyStoreProcess,
    KeyUsage,
    OfficerCredential,
    ServiceSettings,
    initialise_key_store,
    start_key_store,
)
from hsm_sim.return_codes import KeyExistsError

OFFICER = OfficerCredential("zhang", b"officer secret")
PASSWORD = b"password 1"
SHARED = (1, 2)
"""Indexes whose keys are used in every round."""


@dataclass
class Known:
    """What clients were told."""

    keys: dict[int, bytes] = field(default_factory=dict)
    signed: dict[int, int] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)
    generation: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, index: int, uses: int) -> None:
        with self.lock:
            self.signed[index] = self.signed.get(index, 0) + uses


def start(settings: ServiceSettings) -> KeyStoreProcess:
    return start_key_store(settings, OFFICER, stderr=subprocess.DEVNULL)


def sign_singly(client: KeyStoreClient, known: Known, index: int) -> None:
    with client.open_session() as session:
        session.get_access_right(index, PASSWORD)
        while True:
            digest = os.urandom(32)
            verify_digest(PublicKey(known.keys[index]), digest, session.sign_digest(index, digest))
            known.count(index, 1)


def sign_batches(client: KeyStoreClient, known: Known, index: int) -> None:
    key = PublicKey(known.keys[index])
    with client.open_session() as session:
        session.get_access_right(index, PASSWORD)
        while True:
            digests, signed = [os.urandom(32) for _ in range(24)], []
            session.sign_digests(index, digests, signed)
            assert all(verify_many([(key, e, s) for e, s in zip(digests, signed, strict=True)]))
            known.count(index, 24)


def generate_keys(client: KeyStoreClient, known: Known, first: int) -> None:
    with client.officer(OFFICER) as officer:
        for index in range(first, first + 1000):
            try:
                made = officer.generate_key_pair(index, KeyUsage.SIGN, password=PASSWORD)
            except KeyExistsError:
                continue  # made, and killed before the answer
            known.keys[index] = made.public_key


def until_killed(work, *arguments) -> threading.Thread:
    def run() -> None:
        try:
            work(*arguments)
        except DeviceError:
            return  # the connection broke, which is the point

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def check(client: KeyStoreClient, known: Known) -> None:
    """Everything that was acknowledged is there."""
    info = client.device_info()
    assert info.generation > known.generation
    known.generation = info.generation
    shown = {key.index: key for key in client.list_keys()}
    for index, public_key in known.keys.items():
        assert shown[index].public_key == public_key
    with client.open_session() as session:
        for index, key in shown.items():
            assert key.uses >= known.signed.get(index, 0)
            assert key.uses >= known.seen.get(index, 0)
            known.seen[index] = key.uses
            session.get_access_right(index, PASSWORD)  # also a key whose answer was lost is whole
            digest = os.urandom(32)
            verify_digest(PublicKey(key.public_key), digest, session.sign_digest(index, digest))
            known.count(index, 1)
    with client.officer(OFFICER) as officer:
        assert len(officer.audit_log()) >= info.audit_length


def rounds(directory: Path, count: int, seed: int) -> Known:
    settings = ServiceSettings(directory, reserve=32)
    initialise_key_store(settings, (OFFICER,), DevicePolicy(1000, 1000, 100, 100), stderr=subprocess.DEVNULL)
    known, source = Known(), random.Random(seed)
    with start(settings) as process, process.client() as client, client.officer(OFFICER) as officer:
        for index in SHARED:
            known.keys[index] = officer.generate_key_pair(index, KeyUsage.SIGN, password=PASSWORD).public_key
    for _ in range(count):
        process = start(settings)
        try:
            with process.client(reconnect_seconds=0) as client:
                check(client, known)
                threads = [
                    until_killed(sign_singly, client, known, 1),
                    until_killed(sign_batches, client, known, 2),
                    until_killed(generate_keys, client, known, 10),
                ]
                time.sleep(source.uniform(0.02, 0.25))
                process.kill()
                for thread in threads:
                    thread.join(30)
                    assert not thread.is_alive()
        finally:
            process.kill()
    with start(settings) as process, process.client() as client:
        check(client, known)
    return known


def test_killed_a_few_times(tmp_path: Path) -> None:
    """Four kills during generation, single signing and batches."""
    known = rounds(tmp_path / "store", 4, seed=1)
    assert len(known.keys) > len(SHARED)
    assert all(known.signed[index] > 4 for index in SHARED)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_killed_many_times(tmp_path: Path, seed: int) -> None:
    """Forty kills at other moments."""
    known = rounds(tmp_path / "store", 40, seed)
    assert all(known.signed[index] > 40 for index in SHARED)


def test_killed_while_it_stops(tmp_path: Path) -> None:
    """A kill in the middle of a clean stop loses no count either."""
    settings = ServiceSettings(tmp_path / "store", reserve=32)
    initialise_key_store(settings, (OFFICER,), DevicePolicy(1000, 1000, 5, 5), stderr=subprocess.DEVNULL)
    with start(settings) as process, process.client() as client, client.officer(OFFICER) as officer:
        officer.generate_key_pair(1, KeyUsage.SIGN, password=PASSWORD)
    signed = 0
    for number in range(4):
        process = start(settings)
        try:
            with process.client() as client, client.open_session() as session:
                assert client.key_info(1).uses >= signed
                session.get_access_right(1, PASSWORD)
                for _ in range(3):
                    session.sign_digest(1, bytes(32))
                    signed += 1
                os.kill(process.pid, 15)
                time.sleep(number * 0.004)
        finally:
            process.kill()
    with start(settings) as process, process.client() as client:
        assert signed <= client.key_info(1).uses <= signed + 4 * 32
