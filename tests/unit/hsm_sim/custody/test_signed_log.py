"""The log under the device's signature: in the device, on demand, as a file."""

import json

import pytest

from crypto import InvalidSignatureError, PublicKey
from hsm_sim.audit import chain_start, read_entries
from hsm_sim.commands import GetDeviceInfo
from hsm_sim.custody import checkpoints
from hsm_sim.custody.checkpoints import check
from hsm_sim.custody.commands import SignLog, SignStatement
from hsm_sim.custody.log_files import LogFileError, read_log, write_log
from hsm_sim.management import OfficerLogin, OfficerLogout, SelfTest, SetLabel
from hsm_sim.model import KeyUsage


def exported(host) -> list[bytes]:
    officer = host.officer()
    last = officer.call(SignLog())
    entries = read_entries(host.storage.log, length=0, head=chain_start(last.serial))
    return list(write_log(entries, officer.call(GetDeviceInfo()).device_public_key, last))


@pytest.fixture
def busy(one_key, monkeypatch):
    """A log with checkpoints in it, one after every ten entries or so."""
    monkeypatch.setattr("hsm_sim.device.EVERY", 10)
    one_key.restart()
    officer = one_key.officer()
    for number in range(35):
        officer.call(SetLabel(1, KeyUsage.SIGN, f"标签 {number}"))
    return one_key


def test_checkpoints_come_by_themselves(busy):
    """Each names the entries before it, signed by the device's own key."""
    judged = read_log(exported(busy))
    assert judged.checkpoints >= 3
    marks = [entry for entry in judged.entries if entry.operation == "checkpoint"]
    assert all(mark.count == mark.sequence - 1 for mark in marks)


def test_file_holds(busy):
    """Written and read again: every entry, and the device's word on all of them."""
    judged = read_log(exported(busy))
    assert len(judged.entries) == judged.last.length == len(busy.storage.log)


def test_checkpoint_is_the_devices(busy):
    """Serial, length and head are under the signature, and a statement of a ceremony is no checkpoint."""
    officer = busy.officer()
    key = PublicKey(officer.call(GetDeviceInfo()).device_public_key)
    made = officer.call(SignLog())
    check(made, key)
    from dataclasses import replace

    for changes in ({"serial": "0" * 16}, {"length": made.length + 1}, {"head": bytes(32)}):
        with pytest.raises(InvalidSignatureError):
            check(replace(made, **changes), key)
    stated = officer.call(SignStatement(bytes(32)))
    check(stated, key, bytes(32))
    for digest in (None, b"\x01" * 32):
        with pytest.raises(InvalidSignatureError):
            check(stated, key, digest)


def alterations(lines: list[bytes]):
    """Name and lines of every way to tamper."""
    middle = json.loads(lines[7])
    yield "an entry dropped", lines[:7] + lines[8:]
    yield "two entries exchanged", [*lines[:7], lines[8], lines[7], *lines[9:]]
    yield "cut, with the old checkpoint", lines[:10] + lines[-1:]
    yield "cut, without a checkpoint", lines[:-1]
    yield "told otherwise", [*lines[:7], json.dumps(middle | {"actor": "nobody"}).encode(), *lines[8:]]
    yield (
        "a field left out",
        [
            *lines[:7],
            json.dumps({name: value for name, value in middle.items() if name != "count"}).encode(),
            *lines[8:],
        ],
    )
    first = json.loads(lines[0])
    yield "another serial", [json.dumps(first | {"serial": "20231114SIM00000"}).encode(), *lines[1:]]
    yield "another device", [json.dumps(first | {"device_key": "04" + "11" * 64}).encode(), *lines[1:]]
    last = json.loads(lines[-1])
    yield "no signature", [*lines[:-1], json.dumps(last | {"signature": ""}).encode()]
    yield "another length", [*lines[:-1], json.dumps(last | {"length": last["length"] - 1}).encode()]
    yield "something behind", [*lines, lines[1]]
    yield "no line", []
    yield "no JSON", [b"\xff\x00", *lines[1:]]
    yield "deep", [b"[" * 10_000, *lines[1:]]


def test_every_alteration_is_told(busy):
    """Whatever is changed in a file, reading it says so, with one kind of error."""
    lines = exported(busy)
    for name, altered in alterations(lines):
        with pytest.raises(LogFileError):
            read_log(altered)
            pytest.fail(name)


def test_forged_checkpoint_among_the_entries(busy):
    """A chain rebuilt by someone else fails at the first checkpoint, since its signature is over the old head."""
    from hsm_sim.audit import Event, chain

    officer = busy.officer()
    info = officer.call(GetDeviceInfo())
    entries = read_entries(busy.storage.log, length=0, head=chain_start(info.serial))
    events = [
        Event(e.actor, e.operation, "forged" if e.sequence == 3 else e.object, e.count, e.return_code)
        for e in entries
    ]
    rebuilt, head = chain(events, length=0, head=chain_start(info.serial), time=1)
    decoded = read_entries(rebuilt, length=0, head=chain_start(info.serial))
    from hsm_sim.custody.commands import Checkpoint

    genuine = officer.call(SignLog())
    forged = Checkpoint(genuine.serial, len(decoded), head, genuine.signature)
    with pytest.raises(LogFileError, match="checkpoint"):
        read_log(list(write_log(decoded, info.device_public_key, forged)))


def test_checkpoint_that_cannot_be_written_is_told(one_key, monkeypatch):
    """The request it came after is answered all the same; the operator hears of it."""
    monkeypatch.setattr("hsm_sim.device.EVERY", 5)
    one_key.restart()
    officer = one_key.officer()

    def broken(_store, _keys):
        raise checkpoints.SigningError("test")

    monkeypatch.setattr("hsm_sim.device.write", broken)
    for number in range(6):
        officer.call(SetLabel(1, KeyUsage.SIGN, str(number)))
    officer.call(SelfTest())
    officer.call(OfficerLogout())
    officer.call(OfficerLogin(one_key.OFFICER))
    assert any("checkpoint" in line for line in one_key.said)
