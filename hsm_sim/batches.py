"""How many digests and signatures travel in one frame.

Digests have 32 octets each and are joined as they are. Signatures are DER and differ in length by a few
octets, so each is preceded by one octet with its length.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from formats.errors import MalformedDataError
from hsm_sim.model import DIGEST_LENGTH

_WHAT: Final = "signature batch"


def split_digests(joined: bytes) -> list[bytes]:
    """Cut joined digests apart.

    Raises:
        MalformedDataError: There is none, or the length is no multiple of 32.
    """
    if not joined or len(joined) % DIGEST_LENGTH:
        raise MalformedDataError(f"{len(joined)} octets are no digests of 32", what="digest batch")
    return [joined[at : at + DIGEST_LENGTH] for at in range(0, len(joined), DIGEST_LENGTH)]


def join_signatures(signatures: Iterable[bytes]) -> bytes:
    """Join signatures of at most 72 octets."""
    return b"".join([bytes((len(signature),)) + signature for signature in signatures])


def split_signatures(joined: bytes, expected: int) -> list[bytes]:
    """Cut joined signatures apart.

    Args:
        joined: What ``join_signatures`` made, at the other end.
        expected: How many digests were sent.

    Raises:
        MalformedDataError: There are not exactly that many.
    """
    signatures = []
    offset = 0
    while offset < len(joined):
        end = offset + 1 + joined[offset]
        signatures.append(joined[offset + 1 : end])
        offset = end
    if offset != len(joined) or len(signatures) != expected:
        raise MalformedDataError(f"not {expected} signatures", what=_WHAT, offset=offset)
    return signatures


def in_chunks(digests: Sequence[bytes], size: int) -> list[Sequence[bytes]]:
    """Cut a sequence of any length into requests of at most ``size`` digests."""
    return [digests[at : at + size] for at in range(0, len(digests), size)]
