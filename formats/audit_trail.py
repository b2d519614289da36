"""Hash-chained audit trails: how an entry becomes octets, and how each entry binds all before it.

    chain(0) = SM3("")                         the empty trail
    chain(i) = SM3(chain(i-1) || entry(i))     entry(i) as canonical JSON in UTF-8

Changing, removing or reordering an entry changes every later chain value, so that a trail is fixed by its last
one. Canonical JSON here means: keys sorted, no spaces, characters as they are, numbers as integers only.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Final

from crypto import sm3

EMPTY_CHAIN: Final = sm3(b"")
"""Chain value of a trail without entries."""


def canonical_entry(entry: Mapping[str, str | int | None]) -> bytes:
    """Octets of one entry."""
    return json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def extend_chain(previous: bytes, entry: bytes) -> bytes:
    """Chain value after ``entry``.

    Args:
        previous: Chain value before it, 32 octets.
        entry: Its canonical octets.
    """
    return sm3(previous + entry)


def first_break(rows: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Index of the first row whose stored chain value does not follow, None if the trail is whole.

    Args:
        rows: Pairs (canonical entry, stored chain value) in order.
    """
    chain = EMPTY_CHAIN
    for index, (entry, stored) in enumerate(rows):
        chain = extend_chain(chain, entry)
        if chain != stored:
            return index
    return None
