"""Names for every departure from a standard that a reader lets pass.

A tolerant reader that stays silent hides evidence. Each reader here records what it let pass, and reports carry
the names on, so that two verifiers that disagree can be compared. Nothing a writer of this project emits may
need one of these.
"""

from collections.abc import Iterable
from enum import StrEnum


class Tolerance(StrEnum):
    """One departure a reader accepts; the value is stable and appears in reports."""

    # DER
    DER_ENCODED_DEFAULT = "der.encoded-default"
    """A field is encoded although it equals its DEFAULT (X.690 11.5), for example ``cA FALSE``."""
    DER_NON_MINIMAL_NAMED_BITS = "der.non-minimal-named-bits"
    """A named bit list carries trailing zero bits (X.690 11.2.2), as some provincial CAs write key usage."""
    DER_BOOLEAN_NOT_FF = "der.boolean-not-ff"
    """A BOOLEAN TRUE is encoded with an octet other than FF (X.690 11.1)."""
    DER_NON_MINIMAL_INTEGER = "der.non-minimal-integer"
    """An INTEGER carries redundant leading octets (X.690 8.3.2)."""
    BER_INDEFINITE_LENGTH = "ber.indefinite-length"
    """A value uses the indefinite length form, which DER forbids (X.690 10.1)."""
    DER_UNSORTED_SET = "der.unsorted-set"
    """The elements of a SET OF are not in ascending order (X.690 11.6)."""


def collect(*groups: Iterable[Tolerance]) -> tuple[Tolerance, ...]:
    """Merge tolerances of several readers into one sorted tuple without repetitions."""
    return tuple(sorted({tolerance for group in groups for tolerance in group}))
