"""Many SM2 operations at once, on all cores: the engine releases the GIL, so threads are enough.

Order is kept, and one bad input spoils nothing but its own answer.
"""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from crypto import engines
from crypto.engines.protocol import VerifyItem
from crypto.keys import PrivateKey, PublicKey
from crypto.sm3 import DIGEST_LENGTH

_Input = TypeVar("_Input")
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
    return _spread(lambda batch: engine.sign_batch(handle, batch), digests)


def verify_many(items: Sequence[tuple[PublicKey, bytes, bytes]]) -> list[bool]:
    """Verify many signatures; one answer for each, in the same order.

    Args:
        items: Public key, digest e (32 octets), DER signature; may be empty. A digest of another length is
            answered False.
    """
    engine = engines.active()

    def verify_batch(batch: Sequence[tuple[PublicKey, bytes, bytes]]) -> list[bool]:
        possible = [index for index, (_, digest, _) in enumerate(batch) if len(digest) == DIGEST_LENGTH]
        asked: list[VerifyItem] = [(batch[i][0].point, batch[i][1], batch[i][2]) for i in possible]
        answers = [False] * len(batch)
        for index, answer in zip(possible, engine.verify_batch(asked), strict=True):
            answers[index] = answer
        return answers

    return _spread(verify_batch, items)


def _spread(work: Callable[[Sequence[_Input]], list[_Output]], inputs: Sequence[_Input]) -> list[_Output]:
    """Cut the inputs into batches, run them on the pool where that pays, and join the answers in order."""
    engine = engines.active()
    # Never longer than the engine likes, and short enough that every core gets some.
    length = max(1, min(engine.batch_length, -(-len(inputs) // _WORKERS)))
    batches = [inputs[start : start + length] for start in range(0, len(inputs), length)]
    if not engine.parallel or _WORKERS == 1 or len(batches) < 2:
        return [output for batch in batches for output in work(batch)]
    return [output for outputs in _executor().map(work, batches) for output in outputs]


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
