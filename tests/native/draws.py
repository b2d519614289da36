"""Random inputs for comparing paths: numbers of the shapes where carries and limits live, and signatures of every fate."""

import os
import random
import secrets
from collections.abc import Callable, Sequence

from tests.native.library import Library, Path, PublicKey
from tests.native.oracle import N, P

Item = tuple[PublicKey, bytes, bytes]


def seeded(label: str) -> tuple[random.Random, str]:
    """A generator and what to say of it: the same draw wherever a suite decides over a change, else a new one.

    XINYIN_SEED repeats a draw that was reported.
    """
    seed = os.environ.get("XINYIN_SEED") or ("0" if os.environ.get("CI") else f"{secrets.randbits(48):x}")
    return random.Random(f"{seed} {label}"), f"XINYIN_SEED={seed} ({label})"


def _runs(draw: random.Random) -> int:
    """Bits in runs: long stretches of ones and zeros."""
    value, length = 0, 0
    while length < 256:
        run = min(draw.choice((1, 2, 5, 6, 7, 8, 31, 32, 52, 64, 100)), 256 - length)
        value = value << run | (draw.getrandbits(1) and (1 << run) - 1)
        length += run
    return value


def _words(draw: random.Random) -> int:
    """Words of 64 bits, each zero, full, one or random."""
    value = 0
    for _ in range(4):
        value = value << 64 | draw.choice((0, 2**64 - 1, 1, 2**63, draw.getrandbits(64)))
    return value


def _near(draw: random.Random) -> int:
    centre = draw.choice((0, N, N // 2, P, P - N, 2**256 - N, 2**256 - 1, 1 << draw.randrange(256)))
    return (centre + draw.randint(-300, 300)) % 2**256


_SHAPES: tuple[Callable[[random.Random], int], ...] = (_runs, _words, _near)


def any_number(draw: random.Random) -> int:
    """Below 2^256; every other one has a shape."""
    return draw.choice(_SHAPES)(draw) if draw.getrandbits(1) else draw.getrandbits(256)


def octets(draw: random.Random) -> bytes:
    return any_number(draw).to_bytes(32, "big")


def scalar(draw: random.Random, limit: int = N - 1) -> bytes:
    """In [1, limit]."""
    return ((any_number(draw) - 1) % limit + 1).to_bytes(32, "big")


def keys(draw: random.Random, native: Library, count: int) -> list[tuple[bytes, bytes]]:
    """Loaded private keys and their points."""
    scalars = [scalar(draw, N - 2) for _ in range(count)]
    points = native.paths["portable"].base_multiply(scalars)
    loaded = [native.private_key(one) for one in scalars]
    return [(key, point) for key, point in zip(loaded, points, strict=True) if key is not None]


def _flipped(draw: random.Random, value: bytes) -> bytes:
    return (int.from_bytes(value, "big") ^ 1 << draw.randrange(8 * len(value))).to_bytes(len(value), "big")


def verifications(
    draw: random.Random, path: Path, pairs: Sequence[tuple[bytes, bytes]], count: int
) -> list[tuple[int, bytes, bytes]]:
    """Number of the key, digest, signature: about half hold, the rest are changed in one way or are numbers of any shape."""
    out: list[tuple[int, bytes, bytes]] = []
    for number, (key, _) in enumerate(pairs):
        digests = [octets(draw) for _ in range(count // len(pairs))]
        signatures = path.sign(key, digests, draw.randbytes(32))
        for digest, signature in zip(digests, signatures, strict=True):
            fate = draw.randrange(16)
            if fate == 0:
                out.append((number, _flipped(draw, digest), signature))
            elif fate <= 3:
                out.append((number, digest, _flipped(draw, signature)))
            elif fate == 4:
                out.append(((number + 1) % len(pairs), digest, signature))
            elif fate == 5:
                out.append((number, digest, signature[32:] + signature[:32]))
            elif fate == 6:
                out.append((number, digest, octets(draw) + octets(draw)))
            elif fate == 7:  # r + s = n
                r = int.from_bytes(signature[:32], "big")
                out.append((number, digest, signature[:32] + (N - r).to_bytes(32, "big")))
            else:
                out.append((number, digest, signature))
    draw.shuffle(out)
    return out
