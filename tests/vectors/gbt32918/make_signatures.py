"""Makes signatures.json: signatures at the edges of GB/T 32918.2 and encodings that must be refused.

    python tests/vectors/gbt32918/make_signatures.py > tests/vectors/gbt32918/signatures.json

The arithmetic is textbook affine arithmetic on integers, written here so that neither the project's engines nor the
libraries under them had a hand in the answers. Nothing is random: chosen nonces are what puts r and s at their edges.
"""

import json
import sys

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
D = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8  # GB/T 32918.5 example key
E = 0xF0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
K = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21

Point = tuple[int, int]


def add(first: Point | None, second: Point | None) -> Point | None:
    """Add two points; None is infinity."""
    if first is None or second is None:
        return first or second
    (x1, y1), (x2, y2) = first, second
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P) if first == second else (y2 - y1) * pow(x2 - x1, -1, P)
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def multiply(scalar: int, point: Point = G) -> Point | None:
    """Multiply by repeated doubling."""
    total: Point | None = None
    addend: Point | None = point
    while scalar:
        if scalar & 1:
            total = add(total, addend)
        addend = add(addend, addend)
        scalar >>= 1
    return total


def affine_x(scalar: int) -> int:
    """X of scalar * G."""
    product = multiply(scalar)
    assert product is not None
    return product[0]


def encoded_point(d: int) -> str:
    """04 ‖ X ‖ Y of d * G."""
    point = multiply(d)
    assert point is not None
    return f"04{point[0]:064x}{point[1]:064x}"


def verifies(d: int, e: int, r: int, s: int) -> bool:
    """GB/T 32918.2 clause 7, from the definition."""
    t = (r + s) % N
    if not (0 < r < N and 0 < s < N) or t == 0:
        return False
    total = add(multiply(s), multiply(t, multiply(d)))
    return total is not None and (e + total[0]) % N == r


def element(tag: int, content: bytes) -> bytes:
    """DER with a short length."""
    return bytes((tag, len(content))) + content


def integer(value: int) -> bytes:
    """DER INTEGER."""
    return element(2, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def der(r: int, s: int) -> bytes:
    """DER SEQUENCE {r, s}."""
    return element(0x30, integer(r) + integer(s))


def s_for(d: int, k: int, r: int) -> int:
    """The s that goes with r under nonce k."""
    return pow(1 + d, -1, N) * (k - r * d) % N


def signed(d: int, e: int, k: int) -> tuple[int, int]:
    """An ordinary signature."""
    r = (e + affine_x(k)) % N
    return r, s_for(d, k, r)


def edges() -> list[tuple[str, bool, int, int, bytes]]:
    """Name, whether it verifies, private key, digest, encoding."""
    cases: list[tuple[str, bool, int, int, bytes]] = []

    def case(name: str, d: int, e: int, r: int, s: int) -> None:
        cases.append((name, verifies(d, e, r, s), d, e, der(r, s)))

    case("published example", D, E, R, S)
    for name, r in (
        ("r is 1", 1),
        ("r is n-1", N - 1),
        ("r has 16 octets", 1 << 120),
        ("r has 31 octets", 1 << 240),
    ):
        case(name, D, (r - affine_x(K)) % N, r, s_for(D, K, r))
    for name, s in (("s is 1", 1), ("s is n-1", N - 1), ("s has 16 octets", 1 << 120)):
        r = (K - s * (1 + D)) * pow(D, -1, N) % N
        case(name, D, (r - affine_x(K)) % N, r, s)
    for name, e in (("digest is zero", 0), ("digest is all ones, above n", 2**256 - 1), ("digest is n", N)):
        case(name, D, e, *signed(D, e, K))
    case("nonce is 1", D, E, *signed(D, E, 1))
    for name, d in (("private key is 1", 1), ("private key is n-2", N - 2)):
        case(name, d, E, *signed(d, E, K))
    # sG = tP: the sum needs the doubling formula, which an addition formula alone gets wrong.
    r = S * (1 - D) * pow(D, -1, N) % N
    case("s*G equals t*P", D, (r - affine_x(2 * S % N)) % N, r, S)
    # sG = -tP: the sum is infinity. Taking infinity for x = 0 would accept it.
    r = -S * (1 + D) * pow(D, -1, N) % N
    case("s*G + t*P is infinity", D, r, r, S)
    # r + s = n: t is zero. Without that check sG alone would be compared.
    case("r + s is n", D, (N - S - affine_x(S)) % N, N - S, S)
    case("digest of another message", D, E ^ 1, R, S)
    case("another key", D + 1, E, R, S)
    case("r and s exchanged", D, E, S, R)
    case("s negated modulo n", D, E, R, N - S)
    case("r negated modulo n", D, E, N - R, S)
    return cases


def keys_of_many_shapes() -> list[tuple[str, bool, int, int, bytes]]:
    """Keys whose X starts with digits that careless hexadecimal code strips or shortens."""
    found: dict[str, int] = {}
    point: Point | None = None
    for d in range(1, 4000):
        point = add(point, G)
        assert point is not None
        start = f"{point[0]:064x}{point[1]:064x}"
        for shape, fits in (
            ("X starts with 04", start.startswith("04")),
            ("X starts with 44", start.startswith("44")),
            ("X starts with 00", start.startswith("00")),
            ("X starts with 000", start.startswith("000")),
            ("Y starts with 00", start[64:].startswith("00")),
        ):
            if fits:
                found.setdefault(shape, d)
    return [(f"public key: {name}", True, d, E, der(*signed(d, E, K))) for name, d in sorted(found.items())]


def refused_encodings() -> list[tuple[str, bytes]]:
    """The published signature, and hopeful neighbours of it, in encodings that are not strict DER."""
    r, s, good = integer(R), integer(S), der(R, S)
    content = r + s
    cases = [
        ("empty", b""),
        ("r is 0", der(0, S)),
        ("s is 0", der(R, 0)),
        ("r is n", der(N, S)),
        ("s is n", der(R, N)),
        ("r is r+n", der(R + N, S)),
        ("s is s+n", der(R, S + N)),
        ("r is r-n, negative", der(R - N, S)),
        ("s is s-n, negative", der(R, S - N)),
        ("r without its leading zero", element(0x30, element(2, R.to_bytes(32, "big")) + s)),
        ("s without its leading zero", element(0x30, r + element(2, S.to_bytes(32, "big")))),
        ("r with a superfluous zero", element(0x30, element(2, b"\0" + r[2:]) + s)),
        ("s with a superfluous zero", element(0x30, r + element(2, b"\0" + s[2:]))),
        ("r has no octets", element(0x30, b"\2\0" + s)),
        ("s has no octets", element(0x30, r + b"\2\0")),
        ("length of the sequence in long form", b"\x30\x81" + bytes((len(content),)) + content),
        ("length of r in long form", element(0x30, b"\2\x81\x21" + r[2:] + s)),
        ("length of s in long form", element(0x30, r + b"\2\x81\x21" + s[2:])),
        ("indefinite length", b"\x30\x80" + content + b"\0\0"),
        ("octet after the sequence", good + b"\0"),
        ("octet inside the sequence after s", element(0x30, content + b"\0")),
        ("third integer", element(0x30, content + b"\2\1\1")),
        ("only r", element(0x30, r)),
        ("sequence one octet too long", bytes((0x30, good[1] + 1)) + content),
        ("sequence one octet too short", bytes((0x30, good[1] - 1)) + content),
        ("a SET", element(0x31, content)),
        ("r is an OCTET STRING", element(0x30, b"\4" + r[1:] + s)),
        ("s is an ENUMERATED", element(0x30, r + b"\x0a" + s[1:])),
        ("inside an OCTET STRING", element(4, good)),
        ("raw r and s", R.to_bytes(32, "big") + S.to_bytes(32, "big")),
    ]
    cases += [(f"cut after {length} octets", good[:length]) for length in range(1, len(good))]
    return cases


def main() -> None:
    """Write the file to standard output."""
    cases = [*edges(), *keys_of_many_shapes()]
    cases += [(f"encoding: {name}", False, D, E, encoded) for name, encoded in refused_encodings()]
    document = {
        "source": "make_signatures.py beside this file, from the definition in GB/T 32918.2 and the example key of "
        "GB/T 32918.5; judged by OpenSSL in tests/peers/test_crypto_peers.py",
        "cases": [
            {
                "name": name,
                "public_key": encoded_point(d),
                "digest": f"{e:064x}",
                "signature": encoded.hex(),
                "valid": valid,
            }
            for name, valid, d, e, encoded in cases
        ],
    }
    sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
