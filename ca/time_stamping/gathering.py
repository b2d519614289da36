"""Answering requests of many threads together, so that one signature call and one commit serve many.

No thread of its own and no waiting for company: whoever comes while nobody is at work takes everything that has
gathered, and those whose requests were taken wait for him. A request alone is answered at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final

MOST_TOGETHER: Final = 256


class _Waiting:
    """One request, and what came of it."""

    __slots__ = ("answer", "error", "request")

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.answer: bytes | None = None
        self.error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return self.answer is not None or self.error is not None


class Gathered:
    """Answers single requests through a function that answers many. May be used from any thread.

    Args:
        answer_many: Answers in the same order.
        most: Requests to answer together.
    """

    def __init__(
        self, answer_many: Callable[[Sequence[bytes]], list[bytes]], *, most: int = MOST_TOGETHER
    ) -> None:
        self._answer_many = answer_many
        self._most = most
        self._queue: list[_Waiting] = []
        self._queue_lock = Lock()
        self._turn = Lock()

    def answer(self, request: bytes) -> bytes:
        """The answer to one request; raises what answering its group raised."""
        mine = _Waiting(request)
        with self._queue_lock:
            self._queue.append(mine)
        while not mine.is_done:
            with self._turn:
                if not mine.is_done:
                    self._answer_group()
        if mine.answer is None:
            raise RuntimeError("the group could not be answered") from mine.error
        return mine.answer

    def _answer_group(self) -> None:
        with self._queue_lock:
            group, self._queue = self._queue[: self._most], self._queue[self._most :]
        try:
            answers = self._answer_many([each.request for each in group])
            for each, answer in zip(group, answers, strict=True):
                each.answer = answer
        except BaseException as error:
            for each in group:
                each.error = error
            raise
