"""SM2 in plain integers, from the text of GB/T 32918: slow, obvious, and with no part of the engine it judges.

Also what only a test wants: points with chosen coordinates, and the scalars at which a chain of additions over odd signed
digits meets two equal points (docs/explanation/sm2-engine.md).
"""

from functools import lru_cache

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)

Point = tuple[int, int]


def side(x: int) -> int:
    """x^3 - 3x + b."""
    return (x * x * x - 3 * x + B) % P


def root(value: int) -> int | None:
    """A square root modulo p, or None: p is 3 modulo 4."""
    y = pow(value, (P + 1) // 4, P)
    return y if y * y % P == value % P else None


def lift(x: int, parity: int = 0) -> Point | None:
    """The point with this x and the parity of y."""
    y = root(side(x))
    if y is None:
        return None
    return x, y if y % 2 == parity else P - y


def on_curve(x: int, y: int) -> bool:
    return 0 <= x < P and 0 <= y < P and y * y % P == side(x)


def add(first: Point | None, second: Point | None) -> Point | None:
    """None is infinity."""
    if first is None or second is None:
        return first or second
    (x1, y1), (x2, y2) = first, second
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, P) if first == second else (y2 - y1) * pow(x2 - x1, -1, P)
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def negate(point: Point) -> Point:
    return point[0], P - point[1]


@lru_cache(64)
def _doubles(point: Point) -> tuple[Point, ...]:
    out = [point]
    for _ in range(255):
        doubled = add(out[-1], out[-1])
        assert doubled is not None  # the order is odd
        out.append(doubled)
    return tuple(out)


def multiply(scalar: int, point: Point = G) -> Point | None:
    total: Point | None = None
    for bit, double in enumerate(_doubles(point)):
        if scalar % N >> bit & 1:
            total = add(total, double)
    return total


def verifies(point: Point, e: int, r: int, s: int) -> bool:
    """GB/T 32918.2 clause 7 from B3 on."""
    t = (r + s) % N
    if not (0 < r < N and 0 < s < N) or t == 0:
        return False
    total = add(multiply(s), multiply(t, point))
    return total is not None and (e + total[0] - r) % N == 0


def sign(d: int, e: int, k: int) -> tuple[int, int] | None:
    """GB/T 32918.2 clause 6 from A3 on with a given nonce; None where another one is to be drawn."""
    if not 0 < k < N:
        return None
    product = multiply(k)
    assert product is not None
    return finish(d, e, k, product[0])


def finish(d: int, e: int, k: int, x1: int) -> tuple[int, int] | None:
    """Clause 6 from A5 on."""
    r = (e + x1) % N
    s = pow(1 + d, -1, N) * (k - r * d) % N
    return None if r == 0 or r + k == N or s == 0 else (r, s)


def signature_for(sum_point: Point, s: int, t: int) -> tuple[Point, int, int]:
    """A key, r and e for which s G + t P is a given point: P = (R - s G) / t, r = t - s, e = r - x(R)."""
    minus = multiply(N - s % N) if s % N else None
    key = add(sum_point, minus)
    assert key is not None
    key = multiply(pow(t, -1, N), key)
    assert key is not None
    r = (t - s) % N
    return key, r, (r - sum_point[0]) % N


def odd_digits(k: int, width: int) -> list[int]:
    """Digits of k (for even k those of n - k, negated), lowest first: all odd, below 2^width in size."""
    rows, odd = -(-256 // width), k if k % 2 else N - k
    digits = []
    for row in range(rows):
        last = row == rows - 1
        digit = odd if last else odd % (2 << width) - (1 << width)
        odd = (odd - digit) >> width
        digits.append(digit if k % 2 else -digit)
    return digits


def exceptional_scalars(width: int) -> list[int]:
    """Scalars whose last addition, from the highest digit down, adds a point to itself."""
    found = []
    for digit in range(-(2**width) + 1, 0, 2):
        k = N + 2 * digit
        if odd_digits(k, width)[0] == digit:
            found += [k, N - k]
    return found


# ---- a point with a chosen y: a root of x^3 - 3x + b - y^2 ----

Polynomial = tuple[int, int, int]  # lowest first, modulo a cubic x^3 - 3x + c


def _times(left: Polynomial, right: Polynomial, c: int) -> Polynomial:
    t = [0] * 5
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            t[i + j] += a * b
    for high in (4, 3):  # x^3 = 3x - c
        t[high - 2] += 3 * t[high]
        t[high - 3] -= c * t[high]
    return t[0] % P, t[1] % P, t[2] % P


def lift_y(y: int) -> Point | None:
    """A point with this y, if the cubic has exactly one root (else None, though there may be some)."""
    c = (B - y * y) % P
    power: Polynomial = (1, 0, 0)
    for bit in f"{P:b}":
        power = _times(power, power, c)
        if bit == "1":
            power = _times(power, (0, 1, 0), c)
    a0, a1, a2 = power[0], (power[1] - 1) % P, power[2]
    if a2 == 0:
        return None
    # gcd of the cubic and a2 x^2 + a1 x + a0: with one root, a further step leaves a linear factor.
    inverse = pow(a2, -1, P)
    b1, b0 = a1 * inverse % P, a0 * inverse % P
    # x^3 - 3x + c modulo x^2 + b1 x + b0
    linear, constant = (b1 * b1 - b0 - 3) % P, (b1 * b0 + c) % P
    if linear == 0:
        return None
    x = -constant * pow(linear, -1, P) % P
    return (x, y) if on_curve(x, y) else None
