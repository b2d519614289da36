"""The bounds that lanes.c states for its coordinates: inputs at the very edge of them give right results within them.

Products of field elements are compared with nothing in the lanes; that they stay in range is arithmetic done by hand
beside each formula. Here Python's integers do it again, for coordinates that random points would hardly ever have.
"""

import ctypes
import random
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

from crypto.curve import P
from tests import sm2_engines
from tests.native import build

GROUPS, LANES, LIMBS, WIDTH = 2, 8, 5, 52
MASK = (1 << WIDTH) - 1
INVERSE = pow(2**260, -1, P)

# Bounds of inputs as multiples of p, as lanes.c states them; results have to keep within them too.
JACOBIAN = (1.06, 4.0, 1.4)
ENTRY = (1.25, 4.0)

Values = list[list[tuple[int, ...]]]
"""By group, by lane, the coordinates."""


@pytest.fixture(scope="module", params=["emulated", "ifma"])
def formulas(request: pytest.FixtureRequest) -> tuple[ctypes.CDLL, int]:
    """The formulas compiled for one path, and how many rounds to draw."""
    flags: tuple[str, ...] = ()
    if request.param == "ifma":
        sm2_engines.load_or_skip("native:ifma")
        flags = build.IFMA
    names = ("-DSM2_CORE_NAME=lanes_bounds", "-DSM2_PLAIN_CORE_NAME=core_portable")
    try:
        path: Path = build.program(build.RELEASE, "bounds_driver.c", "-shared", *names, *flags)
    except build.NotBuiltError as error:
        pytest.skip(str(error))
    return ctypes.CDLL(str(path)), 60 if request.param == "emulated" else 400


def _product(left: int, right: int) -> int:
    return left * right * INVERSE % P


def _aligned(octets: bytes) -> tuple[ctypes.Array[ctypes.c_char], int]:
    """A buffer with these octets at an address that is a multiple of 64."""
    buffer = ctypes.create_string_buffer(len(octets) + 64)
    address = ctypes.addressof(buffer)
    address += -address % 64
    ctypes.memmove(address, octets, len(octets))
    return buffer, address


def _packed(values: Values) -> bytes:
    """Limb by limb, lane beside lane; the highest limb takes what is left."""
    words = []
    for group in values:
        for coordinate in zip(*group, strict=True):
            for limb in range(LIMBS):
                for value in coordinate:
                    shifted = value >> (WIDTH * limb)
                    words.append(shifted & MASK if limb < LIMBS - 1 else shifted)
    return b"".join(word.to_bytes(8, "little") for word in words)


def _unpacked(address: int, coordinates: int) -> Values:
    octets = ctypes.string_at(address, GROUPS * coordinates * LIMBS * LANES * 8)
    words = [int.from_bytes(octets[i : i + 8], "little") for i in range(0, len(octets), 8)]
    assert all(word <= MASK for word in words), "a carry was not passed on"

    def value(group: int, coordinate: int, lane: int) -> int:
        start = (group * coordinates + coordinate) * LIMBS
        return sum(words[(start + limb) * LANES + lane] << (WIDTH * limb) for limb in range(LIMBS))

    return [
        [tuple(value(group, c, lane) for c in range(coordinates)) for lane in range(LANES)]
        for group in range(GROUPS)
    ]


def _edge(generator: random.Random, bound: float) -> int:
    """A value below bound * p, most often one where carries and folds have most to do."""
    top = int(bound * 1000) * P // 1000 - 1
    full_limbs = sum((MASK if generator.random() < 0.5 else 0) << (WIDTH * limb) for limb in range(LIMBS - 1))
    kinds: list[Callable[[], int]] = [
        lambda: top - generator.randrange(3),
        lambda: generator.randrange(4),
        lambda: generator.randrange(1, int(bound) + 1) * P + generator.randrange(-2, 3),
        lambda: top - generator.getrandbits(200),
        lambda: full_limbs + (generator.getrandbits(47) << 208),
        lambda: generator.getrandbits(60),
        lambda: generator.randrange(top),
    ]
    return min(top, generator.choice(kinds)())


def _drawn(generator: random.Random, bounds: tuple[float, ...]) -> Values:
    return [[tuple(_edge(generator, bound) for bound in bounds) for _ in range(LANES)] for _ in range(GROUPS)]


def _within(values: tuple[int, ...]) -> bool:
    return all(1000 * value < int(bound * 1000) * P for value, bound in zip(values, JACOBIAN, strict=True))


def test_doubling(formulas: tuple[ctypes.CDLL, int]) -> None:
    """Twice a point comes out right and within the bounds that the next step counts on."""
    library, rounds = formulas
    generator = random.Random(20)
    for _ in range(rounds):
        points = _drawn(generator, JACOBIAN)
        buffer, address = _aligned(_packed(points))
        assert library.bounds_double(ctypes.c_void_p(address)) == 1, "a group alone and in a pair differ"
        results = _unpacked(address, 3)
        for (x, y, z), result in zip(chain(*points), chain(*results), strict=True):
            delta, gamma = _product(z, z), _product(y, y)
            beta, alpha = _product(x, gamma), 3 * _product(x - delta, x + delta)
            x2 = (_product(alpha, alpha) - 8 * beta) % P
            y2 = (_product(alpha, 4 * beta - x2) - 8 * _product(gamma, gamma)) % P
            assert [value % P for value in result] == [x2, y2, 2 * _product(y, z) % P], (x, y, z)
            assert _within(result), (x, y, z)
        del buffer


def test_addition(formulas: tuple[ctypes.CDLL, int]) -> None:
    """A sum with an entry of a table, turned or not, comes out right and within the bounds."""
    library, rounds = formulas
    generator = random.Random(21)
    for _ in range(rounds):
        points, entries = _drawn(generator, JACOBIAN), _drawn(generator, ENTRY)
        turned = [[generator.getrandbits(1) for _ in range(LANES)] for _ in range(GROUPS)]
        masks = b"".join((-bit % 2**64).to_bytes(8, "little") for group in turned for bit in group)
        kept = [_aligned(octets) for octets in (_packed(points), _packed(entries), masks)]
        assert library.bounds_add(*(ctypes.c_void_p(address) for _, address in kept)) == 1
        results = _unpacked(kept[0][1], 3)
        for (x, y, z), (ex, ey), bit, result in zip(
            chain(*points), chain(*entries), chain(*turned), chain(*results), strict=True
        ):
            zz = _product(z, z)
            h = _product(ex, zz) - x
            r = _product(-ey if bit else ey, _product(zz, z)) - y
            hhh, v = _product(_product(h, h), h), _product(x, _product(h, h))
            x3 = (_product(r, r) - hhh - 2 * v) % P
            y3 = (_product(r, v - x3) - _product(y, hhh)) % P
            assert [value % P for value in result] == [x3, y3, _product(z, h)], (x, y, z, ex, ey, bit)
            assert _within(result), (x, y, z, ex, ey, bit)
