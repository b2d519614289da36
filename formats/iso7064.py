"""Check characters of ISO/IEC 7064 (GB/T 17710): pure system MOD 11-2 and the hybrid systems MOD m+1,m.

The house uses MOD 11-2 for citizen numbers (GB 11643), MOD 37,36 for licence identifiers (GB/T 36904) and
MOD 11,10 for food-business licence numbers.

What the hybrid systems promise, shown over all cases in ``tests/unit/formats/identifiers/test_iso7064.py``: every
single substitution is found. Of the swaps of two adjacent, different characters all are found but one for each
running value p before them: the neighbours whose values are a and a-1 (mod m) go unnoticed when
p + a ≡ m/2 + 1 (mod m). For MOD 37,36 that is 36 of 22 680 cases.
"""

from functools import lru_cache
from typing import Final

from formats.errors import MalformedDataError
from formats.identifier_text import ALPHANUMERIC, DIGITS

_MOD_11_2_CHARACTERS: Final = "0123456789X"


def mod_11_2(digits: str) -> str:
    """Check character of the pure system MOD 11-2: one of ``0``-``9`` or ``X`` (ten).

    Args:
        digits: ASCII digits, at least one, most significant first.

    Raises:
        MalformedDataError: Empty, or a character is not an ASCII digit.
    """
    _check(digits, DIGITS, what="MOD 11-2")
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2 % 11
    return _MOD_11_2_CHARACTERS[(1 - total) % 11]


def hybrid(characters: str, alphabet: str) -> str:
    """Check character of the hybrid system MOD m+1,m, where m is the length of ``alphabet``.

    Args:
        characters: At least one character of ``alphabet``.
        alphabet: Ordered characters; the value of each is its place, from 0.

    Raises:
        MalformedDataError: Empty, or a character is outside the alphabet.
    """
    modulus = len(alphabet)
    _check(characters, alphabet, what=f"MOD {modulus + 1},{modulus}")
    steps = _hybrid_steps(alphabet)
    running = modulus
    for character in characters:
        running = steps[running][character]
    return alphabet[(modulus + 1 - running) % modulus]


@lru_cache(maxsize=16)
def _hybrid_steps(alphabet: str) -> tuple[dict[str, int], ...]:
    """For each running value and character the next running value: (running + value) mod m, else m; twice that."""
    modulus = len(alphabet)
    return tuple(
        {
            character: ((running + value) % modulus or modulus) * 2 % (modulus + 1)
            for value, character in enumerate(alphabet)
        }
        for running in range(modulus + 1)
    )


def mod_37_36(characters: str) -> str:
    """Hybrid MOD 37,36 over ``0``-``9``, ``A``-``Z``."""
    return hybrid(characters, ALPHANUMERIC)


def mod_11_10(digits: str) -> str:
    """Hybrid MOD 11,10 over ``0``-``9``."""
    return hybrid(digits, DIGITS)


def _check(characters: str, alphabet: str, *, what: str) -> None:
    if not characters:
        raise MalformedDataError("no characters to compute a check character over", what=what)
    if not characters.strip(alphabet):  # every character was taken off from one of the ends, so all have a value
        return
    for offset, character in enumerate(characters):
        if character not in alphabet:
            raise MalformedDataError(f"character U+{ord(character):04X} has no value", what=what, offset=offset)
