"""Makes edges.json: SM2 where its numbers, its points and the ways of computing them have corners.

    python -m tests.vectors.gbt32918.make_edges > tests/vectors/gbt32918/edges.json

All answers come from tests/native/oracle.py, which is textbook arithmetic on integers. Nothing is random. Every number is
hexadecimal; an answer that does not exist is null.
"""

import hashlib
import json
import sys

from tests.native.oracle import (
    B,
    G,
    N,
    P,
    Point,
    add,
    exceptional_scalars,
    finish,
    lift,
    lift_y,
    multiply,
    negate,
    odd_digits,
    on_curve,
    root,
    side,
    sign,
    signature_for,
    verifies,
)

Case = dict[str, object]
D = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8  # GB/T 32918.5 example key
K = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
E = 0xF0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640
TOP = 2**256 - 1
WIDTHS = (4, 5, 6, 7, 8)


def number(label: object) -> int:
    """A number in [1, n-2] that stands for nothing."""
    return int.from_bytes(hashlib.sha256(repr(label).encode()).digest(), "big") % (N - 2) + 1


def word(value: int) -> str:
    return f"{value:064x}"


def octets(point: Point) -> str:
    return word(point[0]) + word(point[1])


def exactly(point: Point | None) -> Point:
    assert point is not None
    return point


# ---- verification ----


def verification(name: str, key: Point, e: int, r: int, s: int) -> Case:
    return {
        "name": name, "point": octets(key), "e": word(e), "r": word(r), "s": word(s),
        "valid": verifies(key, e, r, s),
    }  # fmt: skip


def chosen_sum(name: str, total: Point, s: int, t: int, claimed: int | None = None) -> Case:
    """A verification whose sum is a chosen point; claimed stands for its x where that is to be a lie."""
    key, r, e = signature_for(total, s, t)
    return verification(name, key, e if claimed is None else (r - claimed) % N, r, s)


def of_key(name: str, d: int, s: int, t: int) -> Case:
    """A verification under d G that holds, if s, t allow one."""
    total = multiply((s + t * d) % N)
    r = (t - s) % N
    return verification(name, exactly(multiply(d)), (r - total[0]) % N if total else r, r, s)


def ranges() -> list[Case]:
    """r, s and e at and outside their limits; the equation holds in every case, read modulo n."""
    cases = []
    limits = {
        "0": 0, "1": 1, "2": 2, "n-1": N - 1, "n": N, "n+1": N + 1, "2^256-1": TOP, "2^255": 2**255, "2^64": 2**64,
        "2^256-n": 2**256 - N, "p": P,
    }  # fmt: skip
    total = exactly(multiply(K))
    for name, value in limits.items():
        other = number(name)
        for r, s, label in (
            (value, other, f"r is {name}"),
            (other, value, f"s is {name}"),
            (value, value, f"r and s are {name}"),
        ):
            if (r + s) % N == 0:
                continue
            key, _, e = signature_for(total, s % N, (r + s) % N)
            cases.append(verification(label, key, e, r, s))
    for s in (1, 2, N - 1, N - 2, number("t")):
        # t = 0: s G alone would be compared.
        r = N - s
        cases.append(
            verification(f"r + s is n, s = {s:x}", exactly(multiply(D)), (r - exactly(multiply(s))[0]) % N, r, s)
        )
    for name, e in (("0", 0), ("1", 1), ("n-1", N - 1), ("n", N), ("n+1", N + 1), ("p", P), ("2^256-1", TOP)):
        r, s = sign(D, e, K) or (0, 0)
        cases.append(verification(f"e is {name}", exactly(multiply(D)), e, r, s))
    return cases


def coordinates() -> list[Case]:
    """x(R) in [n, p), where r - e is x - n, and the neighbours that must not pass for it."""
    cases, gap = [], P - N
    s, t = number("s"), number("t")
    low = [x for x in range(200) if lift(x)][:6]
    above = [N + x for x in range(200) if lift(N + x)][:4]
    below_n = [N - x for x in range(1, 200) if lift(N - x)][:3]
    top = [P - x for x in range(1, 200) if lift(P - x)][:4]
    middle = [x for x in range(gap - 60, gap + 60) if lift(x)]
    odd = [x for x in (N + (gap >> 1) + i for i in range(40)) if lift(x)][:2]
    for x in low + above + below_n + top + middle + odd:
        for parity in (0, 1):
            name = "p-" + hex(P - x) if x > P - 2**20 else "n+" + hex(x - N) if x > N - 2**20 else hex(x)
            cases.append(chosen_sum(f"x(R) is {name}, parity {parity}", exactly(lift(x, parity)), s, t))
    for x in above + top:
        cases.append(chosen_sum(f"x(R) is n+{x - N:x}, claimed one more", exactly(lift(x)), s, t, (x - N + 1) % N))
    for x in low:
        # r - e is x + p - n, so that adding n gives x + p: no coordinate.
        cases.append(chosen_sum(f"x(R) is {x:x}, claimed modulo p", exactly(lift(x)), s, t, (x + gap) % N))
    wide = next(x for x in range(2**95, 2**95 + 100) if lift(x))
    cases.append(chosen_sum("x(R) is about 2^95, claimed modulo p", exactly(lift(wide)), s, t, (wide + gap) % N))
    x = below_n[0]
    cases.append(
        chosen_sum("x(R) below n, claimed less n modulo 2^256", exactly(lift(x)), s, t, (x - N) % 2**256 % N)
    )
    return cases


def meetings() -> list[Case]:
    """Sums whose parts meet: equal, opposite, infinite, in the middle of a chain or at its end."""
    cases = []
    structured = [1, 2, N - 1, N - 2, N >> 1]
    keys = {"G": 1, "-G": N - 1, "2G": 2, "-2G": N - 2, "16G": 16, "G/2": pow(2, -1, N), "D": D}
    for j, i in ((3, 0), (15, 4), (31, 6), (1, 48), (127, 8), (5, 128), (1, 248), (127, 248), (31, 252)):
        keys[f"{j} 2^{i} G"] = j * 2**i % N
    for name, d in keys.items():
        for s in structured:
            for t in (1, N - 1, number((name, s))):
                if s != t:
                    cases.append(of_key(f"key {name}, s = {s:x}, t = {t:x}", d, s, t))
        s = number((name, "meet"))
        inverse = pow(d, -1, N)
        cases.append(of_key(f"key {name}, s G = t P", d, s, s * inverse % N))
        cases.append(of_key(f"key {name}, s G = -t P", d, s, -s * inverse % N))
        for c in (1, 2, 127):
            cases.append(of_key(f"key {name}, s G + t P = {c} G", d, s, (c - s) * inverse % N))
    for d, width in ((D, 8), (7, 8), (D, 7), (D, 6)):
        inverse = pow(d, -1, N)
        for parity in (0, 1):
            s = number((d, "row")) & ~1 | parity
            digits = odd_digits(s, width)
            for row in (0, 1, len(digits) // 2, len(digits) - 2, len(digits) - 1):
                upper = sum(digit << width * i for i, digit in enumerate(digits) if i > row)
                for turn in (1, -1):
                    # t P and the higher rows of s G give the entry of this row, or its opposite.
                    t = (turn * (digits[row] << width * row) - upper) * inverse % N
                    name = "equal to" if turn == 1 else "opposite of"
                    cases.append(
                        of_key(f"key {d:x}, width {width}, sum {name} row {row}, parity {parity}", d, s, t)
                    )
    key = number("key")
    for width in WIDTHS:
        for k in exceptional_scalars(width):
            cases.append(of_key(f"t meets itself, width {width}, {k:x}", key, number(k), k))
            cases.append(of_key(f"s meets itself, width {width}, {k:x}", key, k, number(k)))
    for t in [*range(1, 36, 2), *range(2, 40, 4), *(N - i for i in range(1, 36))]:
        cases.append(of_key(f"t is {'n-' + str(N - t) if t > 99 else t}", key, number(t), t))
    return cases


def shapes() -> list[Case]:
    """Scalars of many shapes as s and t; keys with coordinates at the limits of the field."""
    cases = []
    for i, (name, k) in enumerate(scalars().items()):
        if 0 < k < N:
            other = number(name)
            s, t = (k, other) if i % 2 else (other, k)
            cases.append(of_key(f"{'s' if i % 2 else 't'} is {name}", D, s, t))
    # The private key is unknown here, so r and s follow from the sum, and e from it as well.
    for name, key in limit_points().items():
        s, t = number((name, "s")), number((name, "t"))
        total = exactly(add(multiply(s), multiply(t, key)))
        cases.append(verification(f"key {name}", key, (t - s - total[0]) % N, (t - s) % N, s))
    return cases


# ---- scalars and points ----


def scalars() -> dict[str, int]:
    """Numbers with windows of all ones, all zeros, long carries."""
    out = {f"{i}": i for i in (1, 2, 3, 4, 5, 31, 32, 63, 64, 65, 127, 128, 255, 256)}
    out |= {f"n-{i}": N - i for i in (1, 2, 3, 4, 31, 32, 63, 64, 65, 127, 128, 129, 255, 256)}
    out |= {
        "2^256-n": 2**256 - N,
        "2^256-n+1": 2**256 - N + 1,
        "2^256-n-1": 2**256 - N - 1,
        "n/2": N >> 1,
        "n/2+1": (N >> 1) + 1,
    }
    out |= {
        "01...": TOP // 3,
        "001...": TOP // 7,
        "0001...": TOP // 15,
        "00001111...": TOP // 17,
        "10...": 2 * (TOP // 3) % N,
    }
    for i in (
        6,
        7,
        8,
        12,
        14,
        48,
        63,
        64,
        65,
        96,
        126,
        127,
        128,
        129,
        191,
        192,
        193,
        224,
        245,
        247,
        248,
        250,
        252,
        253,
        254,
        255,
    ):
        out |= {f"2^{i}": 2**i, f"2^{i}-1": 2**i - 1, f"2^{i}+1": 2**i + 1, f"n-2^{i}": N - 2**i}
    for width in (6, 7, 8):
        block = (1 << width) - 1
        for row in (0, 1, 20, 31):
            out[f"n less ones in window {row} of {width}"] = N - (block << width * row)
            out[f"only ones in window {row} of {width}"] = block << width * row
    for width in WIDTHS:
        out |= {f"meets itself, width {width}, {k % 2}": k for k in exceptional_scalars(width)}
    return {name: k for name, k in out.items() if 0 < k < N}


def limit_points() -> dict[str, Point]:
    """Points with coordinates next to 0, to p, and to the powers of two that p is made of."""
    out: dict[str, Point] = {}
    starts = {"0": 0, "2^32": 2**32, "2^52": 2**52, "2^64": 2**64, "2^96": 2**96, "2^128": 2**128, "2^208": 2**208,
              "2^224": 2**224, "2^255": 2**255, "n": N}  # fmt: skip
    for name, start in starts.items():
        x = next(x for x in range(start, start + 100) if lift(x))
        out |= {
            f"x is {name}+{x - start}, y {'odd' if parity else 'even'}": exactly(lift(x, parity))
            for parity in (0, 1)
        }
    for name, start in {"p": P, "2^224": 2**224, "2^64": 2**64, "n": N}.items():
        x = next(x for x in range(start - 1, start - 100, -1) if lift(x))
        out |= {f"x is {name}-{start - x}": exactly(lift(x))}
    y, point = 0, None
    while point is None:
        y += 1
        point = lift_y(y)
    return out | {f"y is {y}": point, f"y is p-{y}": negate(point)}


def points() -> list[Case]:
    cases = []

    def case(name: str, x: int, y: int) -> None:
        cases.append({"name": name, "point": word(x) + word(y), "valid": on_curve(x, y)})

    small_y = next(point for name, point in limit_points().items() if name.startswith("y is ") and "p" not in name)
    for name, (x, y) in {**limit_points(), "G": G, "-G": negate(G), "D": exactly(multiply(D))}.items():
        case(name, x, y)
        case(f"{name}, y and one", x, (y + 1) % P)
        case(f"{name}, turned", y, x)
        if x + P <= TOP:
            case(f"{name}, x and p", x + P, y)
        if y + P <= TOP:
            case(f"{name}, y and p", x, y + P)
    assert small_y[1] + P <= TOP
    for name, x, y in (
        ("zeros", 0, 0),
        ("x is p, y is p", P, P),
        ("ones", TOP, TOP),
        ("y is 0", G[0], 0),
        ("x is p", P, G[1]),
    ):
        case(name, x, y)
    for start in (5, 2**64, number("twist")):
        x = next(x for x in range(start, start + 100) if root(side(x)) is None)
        case("on the twist", x, exactly_root(-side(x)))
        case("no point has this x", x, 1)
    for b in (B - 1, B + 1, 0):
        x = number(("curve", b))
        while (y := root(side(x) - B + b)) is None:
            x += 1
        case(f"on the curve of b + {b - B}" if b else "on the curve of b = 0", x, y)
    return cases


def exactly_root(value: int) -> int:
    y = root(value % P)
    assert y is not None
    return y


def decompressions() -> list[Case]:
    cases = []
    near = [x for start in (0, N - 4, P - 6, 2**64 - 3, 2**96, 2**224 - 3) for x in range(start, start + 6)]
    for x in [*near, G[0], P, P + 1, P + 2, *(P + lift_x for lift_x in range(3, 9)), TOP, number("x")]:
        for parity in (0, 1):
            point = lift(x, parity) if x < P else None
            cases.append(
                {"name": f"{x:x}, {parity}", "x": word(x), "sign": parity, "y": word(point[1]) if point else None}
            )
    return cases


def multiplications() -> list[Case]:
    cases = []
    known = scalars()
    for name, k in known.items():
        cases.append(
            {"name": f"{name} times G", "k": word(k), "point": None, "product": octets(exactly(multiply(k)))}
        )
    bases = {"G": G, "D": exactly(multiply(D)), **dict(list(limit_points().items())[::5])}
    chosen = [
        name for i, name in enumerate(known) if i % 7 == 0 or "meets" in name or name in {"1", "2", "n-1", "n-2"}
    ]
    for label, point in bases.items():
        for name in chosen if label in {"G", "D"} else chosen[::6]:
            product = exactly(multiply(known[name], point))
            cases.append(
                {
                    "name": f"{name} times {label}",
                    "k": word(known[name]),
                    "point": octets(point),
                    "product": octets(product),
                }
            )
    return cases


# ---- signing ----


def signings() -> list[Case]:
    cases = []

    def case(name: str, d: int, e: int, k: int) -> None:
        signed = sign(d, e, k)
        cases.append(
            {
                "name": name,
                "d": word(d),
                "e": word(e),
                "k": word(k),
                "signature": word(signed[0]) + word(signed[1]) if signed else None,
            }
        )

    for d in (1, 2, N - 2, N - 3, D):
        for k in (1, 2, N - 1, N - 2, K, 2**256 - N):
            x1 = exactly(multiply(k))[0]
            label = f"d = {d:x}, k = {k:x}"
            for name, e in (("0", 0), ("n-1", N - 1), ("n", N), ("2^256-1", TOP), ("ordinary", E)):
                case(f"{label}, e is {name}", d, e, k)
            case(f"{label}, r = 0", d, -x1 % N, k)
            case(f"{label}, r + k = n", d, (-k - x1) % N, k)
            case(f"{label}, s = 0", d, (k * pow(d, -1, N) - x1) % N, k)
            case(f"{label}, r = 1", d, (1 - x1) % N, k)
            case(f"{label}, r = n-1", d, (-1 - x1) % N, k)
            # s = (k + r) / (1 + d) - r is 1 for this r.
            case(f"{label}, s = 1", d, ((k - 1 - d) * pow(d, -1, N) - x1) % N, k)
            if (e := -x1 % N) + N <= TOP:
                case(f"{label}, r = 0 by e above n", d, e + N, k)
        for k in (0, N, N + 1, P, TOP):
            case(f"d = {d:x}, nonce {k:x} out of range", d, E, k)
    for name, k in scalars().items():
        case(f"nonce {name}", D, E, k)
    return cases


def finishes() -> list[Case]:
    """Signing after the curve, with x1 from n on, which no nonce known to anybody has."""
    cases = []
    for x1 in (0, 1, N - 1, N, N + 1, P - 1):
        for e, label in (
            (E, "ordinary"),
            (0, "0"),
            (-x1 % N, "such that r = 0"),
            ((-K - x1) % N, "such that r + k = n"),
            (TOP, "2^256-1"),
        ):
            signed = finish(D, e, K, x1)
            cases.append(
                {
                    "name": f"x1 = {x1:x}, e {label}",
                    "d": word(D),
                    "e": word(e),
                    "k": word(K),
                    "x1": word(x1),
                    "signature": word(signed[0]) + word(signed[1]) if signed else None,
                }
            )
    return cases


def private_keys() -> list[Case]:
    limits = (
        0,
        1,
        2,
        N - 3,
        N - 2,
        N - 1,
        N,
        N + 1,
        P,
        TOP,
        2**255,
        2**64,
        2**192,
        N - 2**64,
        N + 2**64,
        2**256 - N,
    )
    return [{"name": f"{d:x}", "scalar": word(d), "accepted": 1 <= d <= N - 2} for d in limits]


# ---- DER ----


def element(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content


def integer(value: int) -> bytes:
    return element(2, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def encodings() -> list[Case]:
    cases: list[Case] = []

    def case(name: str, der: bytes, r: int = 0, s: int = 0) -> None:
        cases.append({"name": name, "der": der.hex(), "raw": word(r) + word(s) if r else None})

    fits = (
        1,
        2,
        127,
        128,
        255,
        256,
        2**15 - 1,
        2**15,
        2**120,
        2**247,
        2**248 - 1,
        2**248,
        2**255 - 1,
        2**255,
        N - 1,
        D,
    )
    for r in fits:
        for s in (1, 128, N - 1, K):
            case(f"r = {r:x}, s = {s:x}", element(0x30, integer(r) + integer(s)), r, s)
    for value in (0, N, N + 1, TOP, -1, -128, -(2**255), 2**256, N + 2**256, 2**262):
        case(f"r is {value:x}", element(0x30, integer(value) + integer(K)))
        case(f"s is {value:x}", element(0x30, integer(K) + integer(value)))
    for r, s in ((1, 1), (D, K), (N - 1, N - 1)):
        a, b = integer(r), integer(s)
        whole = element(0x30, a + b)
        for name, der in (
            ("superfluous zero before r", element(0x30, element(2, b"\0" + a[2:]) + b)),
            ("superfluous zero before s", element(0x30, a + element(2, b"\0" + b[2:]))),
            ("no octets in r", element(0x30, b"\2\0" + b)),
            ("no octets in s", element(0x30, a + b"\2\0")),
            ("long length", b"\x30\x81" + whole[1:]),
            ("long length of r", element(0x30, b"\2\x81" + a[1:] + b)),
            ("long length of s", element(0x30, a + b"\2\x81" + b[1:])),
            ("indefinite length", b"\x30\x80" + a + b + b"\0\0"),
            ("octet after", whole + b"\0"),
            ("octet within, after s", element(0x30, a + b + b"\0")),
            ("third integer", element(0x30, a + b + integer(1))),
            ("only r", element(0x30, a)),
            ("nothing", element(0x30, b"")),
            ("SET", element(0x31, a + b)),
            ("length one more", bytes((0x30, len(a + b) + 1)) + a + b),
            ("length one less", bytes((0x30, len(a + b) - 1)) + a + b),
            ("length of r reaches into s", element(0x30, bytes((2, a[1] + 1)) + a[2:] + b)),
            ("length of r reaches the end", element(0x30, bytes((2, len(a + b) - 2)) + a[2:] + b)),
            ("length of r beyond the end", element(0x30, b"\2\x7f" + a[2:] + b)),
            ("length of s beyond the end", element(0x30, a + bytes((2, b[1] + 1)) + b[2:])),
            ("length of s one less", element(0x30, a + bytes((2, b[1] - 1)) + b[2:])),
            ("r is an OCTET STRING", element(0x30, b"\4" + a[1:] + b)),
            ("s is a BIT STRING", element(0x30, a + b"\3" + b[1:])),
            ("r constructed", element(0x30, b"\x22" + a[1:] + b)),
        ):
            case(f"{name}, r = {r:x}", der)
        for length in range(len(whole)):
            case(f"cut after {length}, r = {r:x}", whole[:length])
    return cases


def main() -> None:
    content = {
        "source": "computed from GB/T 32918.2 and the curve of GB/T 32918.5 by make_edges.py",
        "verifications": ranges() + coordinates() + meetings() + shapes(),
        "signings": signings(),
        "finishes": finishes(),
        "multiplications": multiplications(),
        "private_keys": private_keys(),
        "points": points(),
        "decompressions": decompressions(),
        "encodings": encodings(),
    }
    lines = ",\n".join(
        f" {json.dumps(key)}: "
        + (
            json.dumps(value)
            if isinstance(value, str)
            else "[\n" + ",\n".join("  " + json.dumps(case) for case in value) + "\n ]"
        )
        for key, value in content.items()
    )
    sys.stdout.write("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
