"""Many SM2 operations at once, on all cores: the engine releases the GIL, so threads are enough.

Order is kept, and one bad input spoils nothing but its own answer.
"""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from crypto import engines
from crypto.engines.protocol import RECORD_LENGTH, ReadableBuffer
from crypto.keys import PrivateKey, PublicKey, z_message
from crypto.sm3 import DIGEST_LENGTH

_Output = TypeVar("_Output")

_WORKERS = len(os.sched_getaffinity(0))
_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None


def sign_many(private_key: PrivateKey, digests: Sequence[bytes]) -> list[bytes]:
    """Sign many digests with one key; DER signatures in the same order.

    Args:
        private_key: The signer's.
        digests: Each of 32 octets; may be empty.

    Raises:
        ValueError: A digest has not 32 octets; nothing was signed then.
        InvalidKeyError: The key was wiped.
        CryptoError: The engine failed.
    """
    for index, digest in enumerate(digests):
        if len(digest) != DIGEST_LENGTH:
            raise ValueError(f"SM2 signs a digest of 32 octets; number {index} has {len(digest)}")
    engine = engines.active()
    handle = private_key.handle(engine)
    batches = _spread(lambda start, end: engine.sign_batch(handle, digests[start:end]), len(digests))
    return [signature for batch in batches for signature in batch]


def verify_many(items: Sequence[tuple[PublicKey, bytes, bytes]]) -> list[bool]:
    """Verify many signatures; one answer for each, in the same order.

    Args:
        items: Public key, digest e (32 octets), DER signature; may be empty. Keys may repeat or all differ. A
            digest of another length is answered False.
    """
    if not items:
        return []
    engine = engines.active()
    keys, digests, signatures = zip(*items, strict=True)
    points = [key.point for key in keys]
    batches = _spread(
        lambda start, end: engine.verify_batch(points[start:end], digests[start:end], signatures[start:end]),
        len(items),
    )
    return [answer for batch in batches for answer in batch]


def sign_records(private_key: PrivateKey, digests: ReadableBuffer) -> bytes:
    """Sign digests that stand in one buffer.

    Args:
        private_key: The signer's.
        digests: 32 octets each, one after the other; may be empty.

    Returns:
        r ‖ s of each, 64 octets, one after the other.

    Raises:
        ValueError: The buffer does not hold whole digests.
        InvalidKeyError: The key was wiped.
        CryptoError: The engine failed.
    """
    view = _whole_records(digests, DIGEST_LENGTH)
    engine = engines.active()
    handle = private_key.handle(engine)
    return b"".join(
        _spread(
            lambda start, end: engine.sign_records(handle, view[DIGEST_LENGTH * start : DIGEST_LENGTH * end]),
            len(view) // DIGEST_LENGTH,
        )
    )


def verify_records(records: ReadableBuffer) -> bytes:
    """Verify signatures that stand in one buffer with their keys and digests.

    Args:
        records: X ‖ Y ‖ e ‖ r ‖ s, 160 octets each, one after the other; may be empty. Nothing about them needs to
            have been checked.

    Returns:
        One octet for each: 1 if it verifies, else 0.

    Raises:
        ValueError: The buffer does not hold whole records.
    """
    view = _whole_records(records, RECORD_LENGTH)
    engine = engines.active()
    return b"".join(
        _spread(
            lambda start, end: engine.verify_records(view[RECORD_LENGTH * start : RECORD_LENGTH * end]),
            len(view) // RECORD_LENGTH,
        )
    )


def message_digests(items: Sequence[tuple[PublicKey, bytes]], *, user_id: bytes) -> list[bytes]:
    """Compute e = SM3(Z ‖ M) of many messages; 32 octets each, in the same order.

    Args:
        items: The signer's key and the message; may be empty. Z is computed once for each key.
        user_id: The identity of all signers, at most 8,191 octets.

    Raises:
        ValueError: The identity is longer.
    """
    if not items:
        return []
    engine = engines.active()
    different = list(dict.fromkeys(key.point for key, _ in items))
    z_values = dict(
        zip(different, engine.sm3_batch(None, [z_message(point, user_id) for point in different]), strict=True)
    )
    prefixes = [z_values[key.point] for key, _ in items]
    messages = [message for _, message in items]
    batches = _spread(lambda start, end: engine.sm3_batch(prefixes[start:end], messages[start:end]), len(items))
    return [digest for batch in batches for digest in batch]


def sm3_many(messages: Sequence[bytes]) -> list[bytes]:
    """Digest many messages with SM3; 32 octets each, in the same order."""
    engine = engines.active()
    batches = _spread(lambda start, end: engine.sm3_batch(None, messages[start:end]), len(messages))
    return [digest for batch in batches for digest in batch]


def _whole_records(buffer: ReadableBuffer, length: int) -> memoryview:
    view = memoryview(buffer).cast("B")
    if len(view) % length:
        raise ValueError(f"the buffer holds no whole records of {length} octets")
    return view


def _spread(work: Callable[[int, int], _Output], count: int) -> list[_Output]:
    """Cut ``count`` operations into batches, run them on the pool where that pays; outputs in order."""
    engine = engines.active()
    # Never longer than the engine likes, and short enough that every core gets some worth having.
    share = max(engine.batch_minimum, -(-count // _WORKERS))
    length = max(1, min(engine.batch_length, share))
    bounds = [(start, min(start + length, count)) for start in range(0, count, length)]
    if not engine.parallel or _WORKERS == 1 or len(bounds) < 2:
        return [work(start, end) for start, end in bounds]
    return list(_executor().map(lambda pair: work(*pair), bounds))


def _executor() -> ThreadPoolExecutor:
    global _pool  # noqa: PLW0603 - one pool a process, made when first needed
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="sm2")
        return _pool


def _reset_after_fork() -> None:
    """A child has the pool object but none of its threads, and may have the lock as another thread held it."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_reset_after_fork)
