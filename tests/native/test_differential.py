"""Paths against each other, against OpenSSL and against plain integers, over random and shaped inputs.

Everyday draws are small; the slow ones come to more than a million operations. A disagreement tells the seed and the inputs.
"""

import hashlib
import random
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from crypto.encoding import InvalidSignatureError, join_signature, signature_to_raw
from tests import sm2_engines
from tests.native import build, draws, library, oracle
from tests.native.library import Library, PublicKey
from tests.native.oracle import N, P

SLOW_PARTS = 8
EMULATED_SHARE = 20
"""The path "emulated" is the lanes' source in plain C, thirty times slower: it gets one in so many."""


class Draw(NamedTuple):
    """What one test compares: how many of each, and how many of them OpenSSL judges as well."""

    random: random.Random
    told: str
    native: Library
    keys: int
    signings: int
    verifications: int
    products: int
    judged: int


def _variants() -> Iterator[object]:
    yield pytest.param(("everyday", build.RELEASE), id="everyday")
    yield pytest.param(("everyday plain C", build.PLAIN_C), id="plain C", marks=pytest.mark.slow)
    yield pytest.param(("everyday clang", build.CLANG), id="clang", marks=pytest.mark.slow)
    for part in range(SLOW_PARTS):
        variant = build.PLAIN_C if part == SLOW_PARTS - 1 else build.RELEASE
        name = f"part {part}" + (", plain C" if variant is build.PLAIN_C else "")
        yield pytest.param((name, variant), id=name, marks=pytest.mark.slow)


@pytest.fixture(params=_variants())
def drawn(request: pytest.FixtureRequest) -> Draw:
    name, variant = request.param
    native = library.load_or_skip(variant)
    generator, told = draws.seeded(f"{request.function.__name__}, {name}")
    if name.startswith("everyday"):
        return Draw(generator, told, native, 5, 600, 1000, 200, 300)
    return Draw(generator, told, native, 12, 7200, 19200, 4000, 12000)


def _shared(drawn: Draw, name: str, count: int) -> int:
    """How many of the inputs a path gets."""
    return max(40, count // EMULATED_SHARE) if name == "emulated" else count


def _batches(draw: random.Random, count: int) -> Iterator[slice]:
    """Cuts of all sizes: single calls, parts of groups, several chunks."""
    start = 0
    while start < count:
        length = draw.choice((1, 2, 3, 7, 8, 9, 31, 33, 64, 257, 1000))
        yield slice(start, min(start + length, count))
        start += length


def test_signing_with_nonces(drawn: Draw) -> None:
    """Bit for bit alike on all paths; OpenSSL verifies, integers compute some of them again."""
    draw, openssl = drawn.random, sm2_engines.load_or_skip("openssl")
    for _ in range(drawn.keys):
        d = draws.scalar(draw, N - 2)
        key = drawn.native.private_key(d)
        assert key is not None
        count = drawn.signings // drawn.keys
        digests, nonces = ([draws.octets(draw) for _ in range(count)] for _ in range(2))
        first = drawn.native.paths["portable"].sign_with_nonces(key, digests, nonces)
        for name, path in drawn.native.paths.items():
            total = _shared(drawn, name, count)
            signed = [
                signature
                for cut in _batches(draw, total)
                for signature in path.sign_with_nonces(key, digests[cut], nonces[cut])
            ]
            for e, k, one, other in zip(digests, nonces, first, signed, strict=False):
                assert one == other, f"{drawn.told}: {name}: d={d.hex()} e={e.hex()} k={k.hex()}"
            assert len(signed) == total
        point = openssl.public_point(d)
        for number in range(drawn.judged // drawn.keys // 2):
            inputs = f"{drawn.told}: d={d.hex()} e={digests[number].hex()} k={nonces[number].hex()}"
            signature, k = first[number], int.from_bytes(nonces[number], "big")
            if signature is None:
                assert oracle.sign(int.from_bytes(d, "big"), int.from_bytes(digests[number], "big"), k) is None, (
                    inputs
                )
                continue
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            assert openssl.verify(point, digests[number], join_signature(r, s)), inputs
            if number % 50 == 0:
                e = int.from_bytes(digests[number], "big")
                assert oracle.sign(int.from_bytes(d, "big"), e, k) == (r, s), inputs


def test_verification(drawn: Draw) -> None:
    """With and without key tables, in batches of every size; OpenSSL judges a part, and all paths say the same."""
    draw, openssl, native = drawn.random, sm2_engines.load_or_skip("openssl"), drawn.native
    pairs = draws.keys(draw, native, drawn.keys)
    maker = native.paths.get("ifma") or native.paths["portable"]
    cases = draws.verifications(draw, maker, pairs, drawn.verifications)
    without = [PublicKey(point) for _, point in pairs]
    expected = native.paths["portable"].verify([(without[key], digest, raw) for key, digest, raw in cases])
    assert len(cases) // 4 < sum(expected) < len(cases)
    for name, path in native.paths.items():
        tables = [PublicKey(point, path) for _, point in pairs]
        total = _shared(drawn, name, len(cases))
        for table in ("without", "with", "mixed"):
            chosen = {"without": (without,), "with": (tables,), "mixed": (without, tables)}[table]
            items = [(chosen[draw.randrange(len(chosen))][key], digest, raw) for key, digest, raw in cases[:total]]
            for cut in _batches(draw, total):
                for (key, digest, raw), answer, right in zip(
                    items[cut], path.verify(items[cut]), expected[cut], strict=True
                ):
                    assert answer == right, (
                        f"{drawn.told}: {name}, {table} table: P={key.point.hex()} e={digest.hex()} rs={raw.hex()}"
                    )
    for (key, digest, raw), right in list(zip(cases, expected, strict=True))[: drawn.judged]:
        r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        answer = openssl.verify(b"\x04" + pairs[key][1], digest, join_signature(r, s))
        assert answer == right, (
            f"{drawn.told}: OpenSSL says {answer}: P={pairs[key][1].hex()} e={digest.hex()} rs={raw.hex()}"
        )


def test_multiplication(drawn: Draw) -> None:
    """k G on all paths and by OpenSSL; k (l G) is (k l) G; any point times k by integers."""
    draw, openssl, native = drawn.random, sm2_engines.load_or_skip("openssl"), drawn.native
    scalars = [draws.scalar(draw) for _ in range(drawn.products)]
    first = native.paths["portable"].base_multiply(scalars)
    for name, path in native.paths.items():
        total = _shared(drawn, name, len(scalars))
        products = [point for cut in _batches(draw, total) for point in path.base_multiply(scalars[cut])]
        for k, one, other in zip(scalars, first, products, strict=False):
            assert one == other, f"{drawn.told}: {name}: k={k.hex()}"
        assert len(products) == total
    for k, point in list(zip(scalars, first, strict=True))[: drawn.judged // 6]:
        assert openssl.public_point(k) == b"\x04" + point, f"{drawn.told}: k={k.hex()}"
    for (k, point), other in zip(list(zip(scalars, first, strict=True))[:200], reversed(scalars), strict=False):
        together = int.from_bytes(k, "big") * int.from_bytes(other, "big") % N
        expected = native.paths["portable"].base_multiply([together.to_bytes(32, "big")])[0]
        assert native.point_multiply(point, other) == expected, f"{drawn.told}: P={point.hex()} k={other.hex()}"


def test_points(drawn: Draw) -> None:
    """Checks and decompression by integers."""
    draw, native = drawn.random, drawn.native
    for _ in range(drawn.products // 2):
        x, y, parity = draws.any_number(draw), draws.any_number(draw), draw.getrandbits(1)
        point = oracle.lift(x, parity) if x < P else None
        expected = None if point is None else b"".join(value.to_bytes(32, "big") for value in point)
        told = f"{drawn.told}: x={x:x} y={y:x}"
        assert native.point_decompress(x.to_bytes(32, "big"), parity) == expected, told
        assert native.point_check((x << 256 | y).to_bytes(64, "big")) == oracle.on_curve(x, y), told
        if expected is not None:
            assert native.point_check(expected), told
            wrong = bytearray(expected)
            wrong[draw.randrange(64)] ^= 1 << draw.randrange(8)
            held = oracle.on_curve(int.from_bytes(wrong[:32], "big"), int.from_bytes(wrong[32:], "big"))
            assert native.point_check(bytes(wrong)) == held, told


def test_der(drawn: Draw) -> None:
    """Signatures changed at random octets: the reader that all engines share says the same."""
    draw = drawn.random
    for _ in range(drawn.verifications):
        der = bytearray(
            join_signature(
                *(int.from_bytes(draws.scalar(draw), "big") >> draw.choice((0, 0, 8, 200)) or 1 for _ in range(2))
            )
        )
        for _ in range(draw.randrange(3)):
            place = draw.choice((0, 1, 2, 3, 4, draw.randrange(len(der)), min(len(der) - 1, 5 + der[3])))
            how = draw.randrange(4)
            if how == 0:
                der[place] = draw.choice((0, 1, 2, 0x20, 0x21, 0x7F, 0x80, 0xFF, draw.randrange(256)))
            elif how == 1:
                der[place] = (der[place] + draw.choice((-1, 1))) % 256
            elif how == 2:
                der.insert(place, draw.choice((0, 2, draw.randrange(256))))
            elif len(der) > 8:
                del der[place]
        octets = bytes(der)
        try:
            expected = signature_to_raw(octets)
        except InvalidSignatureError:
            expected = None
        assert drawn.native.signature_from_der(octets) == expected, f"{drawn.told}: {octets.hex()}"


# ---- SM3 ----


def _sm3(octets: bytes) -> bytes:
    return hashlib.new("sm3", octets).digest()


@pytest.mark.parametrize("name", library.PATH_NAMES)
def test_sm3(name: str) -> None:
    """All lengths to 300, with prefixes of all residues, and many more messages than lanes, by OpenSSL's hash."""
    if "sm3" not in hashlib.algorithms_available:
        pytest.skip("the OpenSSL of this Python has no SM3")
    path = library.load_or_skip().path_or_skip(name)
    draw, told = draws.seeded(f"sm3 {name}")
    messages = [draw.randbytes(length) for length in range(301)]
    assert path.sm3_many(messages) == [_sm3(message) for message in messages], told
    for message in messages:
        assert path.sm3_many([message]) == [_sm3(message)], f"{told}: {message.hex()}"
    for count in (*range(1, 40), 100, 500):
        messages = [
            draw.randbytes(draw.choice((0, 1, draw.randrange(150), draw.randrange(2000)))) for _ in range(count)
        ]
        prefixes = [
            draw.randbytes(draw.choice((0, 32, 63, 64, 65, 128, draw.randrange(300)))) for _ in range(count)
        ]
        expected = [_sm3(prefix + message) for prefix, message in zip(prefixes, messages, strict=True)]
        assert path.sm3_many(messages, prefixes) == expected, f"{told}: count {count}"
        assert path.sm3_many(messages) == [_sm3(message) for message in messages], f"{told}: count {count}"
    for split in range(130):
        message = draw.randbytes(130)
        assert path.sm3_many([message[split:]], [message[:split]]) == [_sm3(message)], (
            f"{told}: {split} {message.hex()}"
        )
    assert path.sm3_many([]) == []
