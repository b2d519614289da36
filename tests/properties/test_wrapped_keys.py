"""Whatever comes as a wrapped key, the device answers with a return code and gives nothing out."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import PrivateKey
from formats.errors import MalformedDataError
from hsm_sim.commands import GetAccessRight, OpenSession, Request
from hsm_sim.device import Device
from hsm_sim.dispatch import Dispatcher
from hsm_sim.encoding import decode, encode
from hsm_sim.frames import Frame, FrameKind
from hsm_sim.management import DevicePolicy, GenerateKeyPair, Initialise, OfficerCredential, OfficerLogin
from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import VENDOR_BASE, InputArgumentError, KeyFaultError
from hsm_sim.sessions import Session
from hsm_sim.storage import SqliteStorage
from hsm_sim.wrapped_key import SEALED_LENGTH, WrappedPurpose, read_wrapped_key
from hsm_sim.wrapped_key_commands import (
    EnableWrapping,
    EnvelopeWrapped,
    GetWrappedRight,
    KeyOrder,
    LoadWrapped,
    MakeWrappedKeys,
    WrappedInfo,
    WrappedSign,
)

E = bytes(32)
TO = PrivateKey.generate().public_key.point
OFFICER = OfficerCredential("zhang", b"officer secret")


class Asker:
    """A device on disk with one wrapped pair, and a session that may use it."""

    def __init__(self, directory, start):
        self._random = start
        storage = SqliteStorage(directory)
        self._device = Device(storage, clock=lambda: 1, random=self._octets, say=lambda _line: None)
        self._dispatcher = Dispatcher(self._device, self._octets, lambda _line: None)
        self._session = Session(1, "test")
        self.call(OpenSession("test"))
        self.call(Initialise((OFFICER,), DevicePolicy(1000, 1000)))
        self.call(OfficerLogin(OFFICER))
        self.call(GenerateKeyPair(1, KeyUsage.SIGN, "", None, b"password 1"))
        self.call(GetAccessRight(1, b"password 1"))
        self.call(EnableWrapping())
        self.wrapped = self._make(None, b"password 1")
        self.guarded = self._make(1, b"")

    def _make(self, guard, password):
        order = (KeyOrder("章", "office"),)
        asked = MakeWrappedKeys(KeyUsage.SIGN, WrappedPurpose.USE, order, None, guard, password)
        return self.call(asked)[1].keys[0]

    def _octets(self, length):
        self._random += 1
        return hashlib.shake_256(self._random.to_bytes(8, "big")).digest(length)

    def call(self, request: Request):
        frame = Frame(FrameKind.REQUEST, request.command, 1, 0, encode(request))
        reply = self._dispatcher.handle(self._session, frame)
        return reply.return_code, decode(
            request.reply, reply.body, what="reply"
        ) if not reply.return_code else None


@pytest.fixture(scope="module")
def asker(tmp_path_factory):
    return Asker(tmp_path_factory.mktemp("store"), 0)


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return Asker(tmp_path_factory.mktemp("other"), 1_000_000)


def refused(asker, wrapped):
    """Every command that takes a wrapped key refuses this one with a code of GM/T 0018; returns the codes."""
    codes = {
        asker.call(request)[0]
        for request in (
            WrappedSign(wrapped, E),
            LoadWrapped(wrapped),
            WrappedInfo(wrapped),
            GetWrappedRight(wrapped, b"password 1"),
            EnvelopeWrapped(wrapped, TO),
        )
    }
    assert all(0 < code < VENDOR_BASE for code in codes), codes
    return codes


@given(st.data())
def test_any_changed_bit_opens_nothing(asker, data):
    """A flipped bit anywhere, header or sealed part, is refused by every command."""
    for wrapped in (asker.wrapped, asker.guarded):
        changed = bytearray(wrapped)
        changed[data.draw(st.integers(0, len(wrapped) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        assert refused(asker, bytes(changed)) <= {InputArgumentError.code, KeyFaultError.code}


@pytest.mark.slow
def test_every_bit_counts(asker):
    """No bit of a wrapped key can be flipped."""
    for at in range(8 * len(asker.guarded)):
        changed = bytearray(asker.guarded)
        changed[at // 8] ^= 1 << at % 8
        assert asker.call(WrappedSign(bytes(changed), E))[0], at


@given(st.integers(0, 400), st.binary(max_size=20))
def test_cut_or_lengthened(asker, at, more):
    """Part of a wrapped key, or one with octets after it, is refused."""
    wrapped = asker.guarded
    assert refused(asker, wrapped[: at % len(wrapped)]) == {InputArgumentError.code}
    if more:
        assert refused(asker, wrapped + more) == {InputArgumentError.code}


@given(st.binary(max_size=700))
def test_random_octets(asker, octets):
    """Any octets are one wrapped key or MalformedDataError, and the device refuses them with a return code."""
    try:
        read_wrapped_key(octets)
    except MalformedDataError:
        assert refused(asker, octets) == {InputArgumentError.code}


def test_parts_of_two_pairs(asker):
    """The header of one pair over the sealed part of another opens nothing."""
    for one, two in ((asker.wrapped, asker.guarded), (asker.guarded, asker.wrapped)):
        assert refused(asker, one[:-SEALED_LENGTH] + two[-SEALED_LENGTH:]) == {KeyFaultError.code}


def test_pair_of_another_device(asker, other):
    """Each device refuses the other's pairs."""
    assert refused(asker, other.guarded) == {KeyFaultError.code}
    assert refused(other, asker.wrapped) == {KeyFaultError.code}


def test_the_pairs_themselves_work(asker):
    """What the refusals above are measured against."""
    assert asker.call(WrappedSign(asker.guarded, E))[0] == 0
    assert asker.call(GetWrappedRight(asker.wrapped, b"password 1"))[0] == 0
    assert asker.call(WrappedSign(asker.wrapped, E))[0] == 0
