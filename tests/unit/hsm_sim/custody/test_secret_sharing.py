"""Shamir over GF(2^8): the field by FIPS 197 and by long division, the sharing by an unrelated interpolation."""

import itertools
import secrets

import pytest

from hsm_sim.custody.secret_sharing import inverse, join, multiply, split


def product_by_long_division(a: int, b: int) -> int:
    """Multiply polynomials over GF(2) and reduce modulo x^8 + x^4 + x^3 + x + 1; written for this test alone."""
    product = 0
    for power in range(8):
        if b >> power & 1:
            product ^= a << power
    for power in range(14, 7, -1):
        if product >> power & 1:
            product ^= 0x11B << (power - 8)
    return product


# Logarithms to base 3, as in a textbook; not the way the implementation goes.
EXPONENTS = [1]
for _ in range(254):
    EXPONENTS.append(product_by_long_division(EXPONENTS[-1], 3))
LOGARITHMS = {value: power for power, value in enumerate(EXPONENTS)}


def quotient(a: int, b: int) -> int:
    return 0 if a == 0 else EXPONENTS[(LOGARITHMS[a] - LOGARITHMS[b]) % 255]


def interpolated(shares: dict[int, bytes]) -> bytes:
    """Lagrange at 0 by tables, octet by octet."""
    secret = bytearray(32)
    for place in range(32):
        for x, y in shares.items():
            value = y[place]
            for other in shares:
                if other != x:
                    value = product_by_long_division(value, quotient(other, other ^ x))
            secret[place] ^= value
    return bytes(secret)


def test_published_products():
    """FIPS 197, 4.2 and 4.2.1: {57}·{83} = {c1}, {57}·{13} = {fe}, and the chain of doublings of {57}."""
    assert multiply(0x57, 0x83) == 0xC1
    assert multiply(0x57, 0x13) == 0xFE
    assert [multiply(0x57, 1 << n) for n in range(1, 5)] == [0xAE, 0x47, 0x8E, 0x07]


def test_every_product_and_inverse():
    """All 65,536 products agree with long division, and each element but 0 with its inverse gives 1."""
    assert all(
        multiply(a, b) == product_by_long_division(a, b) for a, b in itertools.product(range(256), repeat=2)
    )
    assert all(multiply(a, inverse(a)) == 1 for a in range(1, 256))
    assert inverse(0) == 0


@pytest.mark.parametrize(("threshold", "count"), [(2, 2), (2, 3), (3, 5), (5, 9), (10, 10)])
def test_every_subset_gives_the_secret_back(threshold, count):
    """Every subset of the threshold's size, here and by the other interpolation."""
    secret = secrets.token_bytes(32)
    shares = split(secret, threshold, count, random=secrets.token_bytes)
    for subset in itertools.combinations(shares.items(), threshold):
        assert join(dict(subset)) == secret
    assert interpolated(dict(list(shares.items())[-threshold:])) == secret
    assert join(shares) == secret


def test_one_fewer_tells_nothing():
    """For 2 of 3: whatever one share is, every secret octet has exactly one coefficient that explains it."""
    share = 0x5C
    explained = {share ^ multiply(coefficient, 2) for coefficient in range(256)}
    assert explained == set(range(256))


def test_fewer_shares_give_something_else():
    """One share too few gives 32 octets that are not the secret."""
    secret = secrets.token_bytes(32)
    shares = split(secret, 3, 5, random=secrets.token_bytes)
    assert all(join(dict(pair)) != secret for pair in itertools.combinations(shares.items(), 2))


def test_coefficients_are_fresh():
    """Two splittings of one secret have no share in common."""
    secret = secrets.token_bytes(32)
    first, second = (split(secret, 2, 5, random=secrets.token_bytes) for _ in range(2))
    assert not set(first.values()) & set(second.values())


@pytest.mark.parametrize(("threshold", "count"), [(1, 3), (0, 2), (4, 3), (2, 11), (2, 1)])
def test_impossible_numbers(threshold, count):
    """A threshold of one is no sharing, nor is one above the number of shares."""
    with pytest.raises(ValueError, match="threshold"):
        split(bytes(32), threshold, count, random=secrets.token_bytes)


@pytest.mark.parametrize("shares", [{}, {0: bytes(32)}, {256: bytes(32)}, {1: bytes(31)}])
def test_what_is_no_share(shares):
    """Point 0 would be the secret itself."""
    with pytest.raises(ValueError, match="shares"):
        join(shares)


def test_secret_of_another_length():
    """32 octets, no more and no fewer."""
    with pytest.raises(ValueError, match="32"):
        split(bytes(16), 2, 3, random=secrets.token_bytes)
