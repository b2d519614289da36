"""Custodians: starting by quorum, drills, splitting anew, and those who cheat."""

import base64
import itertools
import json
from dataclasses import replace

import pytest

from crypto import sm3
from hsm_sim.commands import GetDeviceInfo, InternalSign
from hsm_sim.custody.commands import CheckShares, GetCustodyInfo, PresentShare, SplitMaster
from hsm_sim.custody.shares import Custodian, CustodySet, ShareCredential, ShareFile, join_credentials
from hsm_sim.return_codes import (
    DeviceStateError,
    FileWriteError,
    InputArgumentError,
    ShareError,
    StepError,
    StoreIntegrityError,
)
from hsm_sim.storage import StorageError
from tests.unit.hsm_sim.custody.conftest import CUSTODIANS

E = bytes(32)


def start(host, shares):
    device = host.new_device()
    device.open_by_quorum(shares)
    host.device = device
    host.dispatcher = type(host.dispatcher)(device, host.random, host.said.append)
    return host


def altered(credential, **members):
    """A share file with members of its JSON replaced."""
    content = json.loads(credential.share) | members
    return ShareCredential(json.dumps(content).encode(), credential.passphrase)


def test_every_quorum_starts_the_device(kept):
    """Each pair of three, and all three, open the store in place of an officer; keys work afterwards."""
    kept.host.generate()
    for quorum in [*itertools.combinations(kept.shares, 2), tuple(kept.shares)]:
        start(kept.host, quorum)
        kept.host.user().call(InternalSign(1, E))
    operations = [entry for entry in kept.host.storage.log if b"custodians" in entry.entry]
    assert len(operations) == 4


def test_too_few_start_nothing(kept):
    """One share of two, the same one twice, or none."""
    one = kept.shares[0]
    for shares in ((one,), (one, one), ()):
        with pytest.raises(ShareError):
            start(kept.host, shares)


def test_quorum_checks_as_an_officer_does(kept):
    """A record that was altered, or an older copy, stops a quorum too."""
    device = kept.host.new_device()
    with pytest.raises(StoreIntegrityError):
        device.open_by_quorum(kept.shares[:2], minimum_generation=10_000)
    name = max(kept.host.storage.rows)
    row = kept.host.storage.rows[name]
    kept.host.storage.rows[name] = replace(row, tag=bytes(32))
    with pytest.raises(StoreIntegrityError):
        start(kept.host, kept.shares[:2])


def test_device_that_was_never_split(host, kept):
    """A quorum of another device opens nothing, and one that was not split says so."""
    other = type(host)(randomness=5000).initialise()
    with pytest.raises(ShareError):
        other.new_device().open_by_quorum(kept.shares[:2])
    with pytest.raises(DeviceStateError):
        caller = other.officer()
        for share in kept.shares[:2]:
            caller.call(PresentShare(share))
        caller.call(CheckShares())
    assert other.session().call(GetCustodyInfo()).custody_set is None


def test_share_holds_its_numbers_and_no_secret(kept):
    """Scheme, m, n, x, set, commitments and MAC stand in the file; share and passphrase do not, in no shape."""
    for x, (credential, custodian) in enumerate(zip(kept.shares, CUSTODIANS, strict=True), 1):
        content = json.loads(credential.share)
        assert (content["threshold"], len(content["custodians"]), content["x"]) == (2, 3, x)
        assert content["custodians"][x - 1] == custodian.name
        file = ShareFile.from_json(credential.share)
        share = file.opened(credential.passphrase)
        for shape in (share, share.hex().encode(), base64.b64encode(share), custodian.passphrase):
            assert shape not in credential.share
    info = kept.host.session().call(GetCustodyInfo()).custody_set
    assert info.custodians == ("chen", "liu", "sun")
    assert info.set_id.hex() == json.loads(kept.shares[0].share)["set"]


def test_wrong_passphrase(kept):
    """It opens nothing, and the device names whose it was."""
    with pytest.raises(ShareError, match="chen"):
        kept.host.session().call(PresentShare(ShareCredential(kept.shares[0].share, b"a wrong passphrase")))


@pytest.mark.parametrize(
    "member",
    ["threshold", "x", "custodians", "commitments", "secret_commitment", "set", "kdf", "wrapped", "mac", "scheme"],
)
def test_every_member_of_a_share_is_bound(kept, member):
    """Whatever is altered in a file, the quorum it is in fails, with a typed error."""
    content = json.loads(kept.shares[0].share)
    value = content[member]
    changed = {
        "threshold": 3,
        "x": 2,
        "custodians": ["chen", "sun", "liu"],
        "commitments": value[::-1] if isinstance(value, list) else None,
        "secret_commitment": "00" * 32,
        "set": "00" * 16,
        "kdf": {"name": "PBKDF2-SM3", "salt": "00" * 16, "iterations": 1000},
        "wrapped": base64.b64encode(bytes(60)).decode(),
        "mac": "00" * 32,
        "scheme": "plain",
    }[member]
    forged = altered(kept.shares[0], **{member: changed})
    with pytest.raises(ShareError):
        join_credentials([forged, kept.shares[1]])
    with pytest.raises(ShareError):
        start(kept.host, [forged, kept.shares[1]])


@pytest.mark.parametrize("octets", [b"", b"{}", b"[]", b"\xff", b"{" * 10_000, b"x" * 16_000, b'{"schema": 1}'])
def test_what_is_no_share_file(kept, octets):
    """Anything else is a typed error."""
    with pytest.raises(ShareError):
        kept.host.session().call(PresentShare(ShareCredential(octets, b"passphrase")))


def test_cheating_custodian_is_named(kept):
    """A custodian who re-wraps another share under the own passphrase is found out before the shares are joined."""
    from crypto import pbkdf2_sm3, sm4_gcm_encrypt

    honest = ShareFile.from_json(kept.shares[1].share)
    false = bytes(32)
    key = pbkdf2_sm3(kept.shares[1].passphrase, honest.salt, honest.iterations, 16)
    cheat = replace(honest, wrapped=bytes(12) + sm4_gcm_encrypt(key, bytes(12), false, honest.binding()))
    with pytest.raises(ShareError, match="liu"):
        join_credentials([kept.shares[0], ShareCredential(cheat.to_json(), kept.shares[1].passphrase)])


def test_custodian_cannot_tell_other_commitments(kept):
    """A cheat who also changes the commitments to fit has another set: its id is their digest."""
    honest = ShareFile.from_json(kept.shares[1].share)
    false = bytes(32)
    commitments = list(honest.custody_set.commitments)
    commitments[1] = sm3(b"xinyin custody share\x00\x02" + false)
    other = CustodySet(2, honest.custody_set.custodians, tuple(commitments), honest.custody_set.secret_commitment)
    assert other.set_id != honest.custody_set.set_id
    with pytest.raises(ShareError, match="another set"):
        join_credentials(
            [kept.shares[0], ShareCredential(replace(honest, custody_set=other).to_json(), b"passphrase of liu")]
        )


def test_splitting_anew_ends_the_old_set(kept):
    """Shares of the old set open nothing, a mixture neither; the new ones do. Officers are not touched."""
    old = list(kept.shares)
    kept.split(3, (*CUSTODIANS, Custodian("qian", b"passphrase of qian")))
    with pytest.raises(ShareError):
        start(kept.host, old[:2])
    with pytest.raises(ShareError):
        start(kept.host, [old[0], *kept.shares[1:3]])
    start(kept.host, kept.shares[1:])
    kept.host.restart()


def test_lost_share_drill(kept):
    """With one share lost the others pass the drill; splitting anew makes the lost one worthless."""
    lost, *rest = kept.shares
    caller = kept.host.officer()
    for share in rest:
        caller.call(PresentShare(share))
    caller.call(CheckShares())
    with pytest.raises(StepError):
        caller.call(CheckShares())  # forgotten
    kept.split()
    caller.call(PresentShare(lost))
    caller.call(PresentShare(rest[0]))
    with pytest.raises(ShareError, match="not in force"):
        caller.call(CheckShares())


def test_shares_are_gone_with_the_session(kept):
    """What was presented helps no other session."""
    caller = kept.host.officer()
    caller.call(PresentShare(kept.shares[0]))
    caller.close()
    other = kept.host.officer()
    other.call(PresentShare(kept.shares[1]))
    with pytest.raises(ShareError, match="1 of 2"):
        other.call(CheckShares())
    assert not caller.session.custody._shares


@pytest.mark.parametrize(
    ("threshold", "names"),
    [(1, "ab"), (3, "ab"), (2, "aa"), (2, "a"), (2, "abcdefghijk"[:11])],
)
def test_impossible_sets(host, threshold, names):
    """No threshold of one, no name twice, no more than ten."""
    custodians = tuple(Custodian(name, b"a passphrase") for name in names)
    try:
        request = SplitMaster(threshold, custodians)
        with pytest.raises(InputArgumentError):
            host.officer().call(request)
    except ValueError:
        pass  # more than a request can hold
    assert host.session().call(GetCustodyInfo()).custody_set is None


def test_short_passphrase(host):
    """Eight octets at least."""
    with pytest.raises(InputArgumentError):
        host.officer().call(SplitMaster(2, (Custodian("a", b"short"), Custodian("b", b"long enough"))))


@pytest.mark.parametrize("stored", [False, True], ids=["lost", "stored but reported failed"])
def test_splitting_whose_write_fails(kept, stored):
    """One set is in force afterwards: the old one, or a new one nobody has shares of; officers open the store."""

    def fault(_change, apply):
        if stored:
            apply()
        raise StorageError("test")

    officer = kept.host.officer()
    kept.host.storage.fault = fault
    with pytest.raises(FileWriteError):
        officer.call(SplitMaster(2, CUSTODIANS))
    kept.host.storage.fault = None
    kept.host.restart()
    if stored:
        with pytest.raises(ShareError):
            start(kept.host, kept.shares[:2])
    else:
        start(kept.host, kept.shares[:2])
    kept.host.restart()
    kept.split()
    start(kept.host, kept.shares[:2])
    assert kept.host.session().call(GetDeviceInfo()).state.name == "READY"
