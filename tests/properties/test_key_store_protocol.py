"""Properties of the key store's protocol."""

import contextlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.errors import MalformedDataError
from hsm_sim import commands, fault_commands, management, records, wrapped_key, wrapped_key_commands
from hsm_sim.batches import join_signatures, split_digests, split_signatures
from hsm_sim.custody.shares import CustodySet
from hsm_sim.encoding import (
    Choice,
    Fixed,
    ListOf,
    Nested,
    Octets,
    Optional,
    Text,
    Unsigned,
    decode,
    encode,
)
from hsm_sim.frames import MAX_BODY, Frame, FrameDecoder, FrameKind
from hsm_sim.functions import cipher_commands, digest_commands, file_commands, key_commands, public_commands

frames = st.builds(
    Frame,
    st.just(FrameKind.REPLY),
    st.integers(0, 2**16 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.binary(max_size=200),
)


@given(st.lists(frames, max_size=5), st.data())
def test_any_cut_of_the_stream_gives_the_same_frames(sent: list[Frame], data: st.DataObject) -> None:
    """decode(encode(x)) == x, however the stream is cut."""
    stream = b"".join(frame.encode() for frame in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    decoder = FrameDecoder(FrameKind.REPLY)
    received = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += decoder.feed(stream[start:end])
    assert received == sent
    assert not decoder.mid_frame


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_random_octets_never_surprise_the_decoder(pieces: list[bytes]) -> None:
    """Any octets give frames or MalformedDataError, and never more than a frame is kept."""
    decoder = FrameDecoder(FrameKind.REQUEST)
    try:
        for piece in pieces:
            for frame in decoder.feed(piece):
                assert len(frame.body) <= MAX_BODY
    except MalformedDataError:
        pass


@given(frames, st.integers(0, 10_000), st.integers(0, 255))
def test_one_wrong_octet(frame: Frame, at: int, value: int) -> None:
    """A changed octet gives another frame, an unfinished one or MalformedDataError, nothing else."""
    octets = bytearray(frame.encode())
    octets[at % len(octets)] = value
    with contextlib.suppress(MalformedDataError):
        FrameDecoder(FrameKind.REPLY).feed(bytes(octets))


def strategy(encoding: Any) -> st.SearchStrategy[Any]:
    plain = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
    match encoding:
        case Unsigned(width):
            return st.integers(0, 256**width - 1)
        case Octets(limit, at_least):
            return st.binary(min_size=at_least, max_size=min(limit, 100))
        case Fixed(length):
            return st.binary(min_size=length, max_size=length)
        case Text(limit):
            return st.text(plain, max_size=limit // 4)
        case Choice(members):
            return st.sampled_from(list(members))
        case Optional(inner):
            return st.none() | strategy(inner)
        case ListOf(inner, limit):
            return st.lists(strategy(inner), max_size=min(limit, 3)).map(tuple)
        case Nested(record):
            return record_of(record)
    raise AssertionError(encoding)


def fault() -> st.SearchStrategy[fault_commands.Fault]:
    """Faults that make sense; a draw of every field by itself hardly ever does."""
    kinds = fault_commands.FaultKind
    timed = st.sampled_from([kinds.DELAY, kinds.CLOCK_FORWARD, kinds.CLOCK_BACK])
    plain = st.sampled_from([kinds.HANG, kinds.BREAK_AFTER, kinds.RESET, kinds.WRONG_SIGNATURE])
    kind_and_amount = (
        st.tuples(timed, st.integers(1, fault_commands.MAX_MILLISECONDS))
        | st.tuples(plain, st.just(0))
        | st.tuples(st.just(kinds.REFUSE), st.integers(1, 2**32 - 1))
    )
    command, count = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1)
    return st.tuples(kind_and_amount, command, count, count).map(
        lambda drawn: fault_commands.Fault(drawn[0][0], *drawn[1:], drawn[0][1])
    )


def custody_set() -> st.SearchStrategy[CustodySet]:
    """Sets whose numbers fit each other."""
    names = st.lists(
        st.text("甲乙丙 x", min_size=1, max_size=9).filter(lambda n: n.strip() == n),
        min_size=3,
        max_size=6,
        unique=True,
    )
    digest = st.binary(min_size=32, max_size=32)
    return st.tuples(names, st.integers(2, 3), st.lists(digest, min_size=6, max_size=6), digest).map(
        lambda drawn: CustodySet(drawn[1], tuple(drawn[0]), tuple(drawn[2][: len(drawn[0])]), drawn[3])
    )


OWN_STRATEGIES: dict[type[Any], Callable[[], st.SearchStrategy[Any]]] = {
    CustodySet: custody_set,
    fault_commands.Fault: fault,
}


def record_of(record: type[Any]) -> st.SearchStrategy[Any]:
    if record in OWN_STRATEGIES:
        return OWN_STRATEGIES[record]()
    hints = get_type_hints(record, include_extras=True)
    values = [strategy(get_args(hints[field.name])[1]) for field in fields(record)]

    def build(given_values: tuple[Any, ...]) -> Any:
        try:
            return record(*given_values)
        except ValueError:
            return None

    return st.tuples(*values).map(build).filter(lambda value: value is not None)


def policy() -> st.SearchStrategy[management.DevicePolicy]:
    iterations, tries = st.integers(1000, 50_000_000), st.integers(1, 100)
    return st.builds(management.DevicePolicy, iterations, iterations, tries, tries)


st.register_type_strategy(management.DevicePolicy, policy())
NARROW = {
    management.DevicePolicy,
    management.Initialise,
    records.DeviceRecord,
    commands.GenerateRandom,
    wrapped_key.WrappedKey,
    wrapped_key_commands.RequestRelease,
}
FUNCTIONS = (cipher_commands, digest_commands, file_commands, key_commands, public_commands)
LAID_OUT = sorted(
    {
        each
        for module in (
            commands,
            fault_commands,
            management,
            records,
            wrapped_key,
            wrapped_key_commands,
            *FUNCTIONS,
        )
        for each in vars(module).values()
        if isinstance(each, type)
        and each.__module__ == module.__name__
        and is_dataclass(each)
        and each not in NARROW
    },
    key=lambda each: each.__qualname__,
)


@pytest.mark.parametrize("record", LAID_OUT, ids=lambda each: each.__qualname__)
@given(st.data())
def test_every_record_comes_back(record: type[Any], data: st.DataObject) -> None:
    """decode(encode(x)) == x for every request, reply and stored record, and the encoding is the only one."""
    value = data.draw(record_of(record))
    octets = encode(value)
    again = decode(record, octets, what="test")
    assert again == value
    assert encode(again) == octets


@given(policy())
def test_policy_comes_back(value: management.DevicePolicy) -> None:
    """The same for the record whose numbers have narrow ranges."""
    assert decode(management.DevicePolicy, encode(value), what="test") == value


@pytest.mark.parametrize("record", LAID_OUT, ids=lambda each: each.__qualname__)
@given(st.binary(max_size=300))
def test_random_octets_never_surprise_a_record(record: type[Any], octets: bytes) -> None:
    """Any octets are exactly one record, or MalformedDataError."""
    try:
        value = decode(record, octets, what="test")
    except MalformedDataError:
        return
    assert encode(value) == octets


@given(st.lists(st.binary(min_size=1, max_size=72), max_size=20))
def test_signatures_come_back(signatures: list[bytes]) -> None:
    """Joined signatures are cut apart again, and a wrong count is refused."""
    joined = join_signatures(signatures)
    assert split_signatures(joined, len(signatures)) == signatures
    with pytest.raises(MalformedDataError):
        split_signatures(joined, len(signatures) + 1)


@given(st.binary(max_size=200), st.integers(0, 10))
def test_random_octets_never_surprise_the_batches(octets: bytes, count: int) -> None:
    """Any octets are a batch, or MalformedDataError."""
    cutters: list[Callable[[], list[bytes]]] = [
        lambda: split_signatures(octets, count),
        lambda: split_digests(octets),
    ]
    for cut in cutters:
        try:
            cut()
        except MalformedDataError:
            continue
