"""Answering requests of many threads together, so that one signature call and one commit serve many.

No thread of its own and no waiting for company: whoever comes while nobody is at work answers what has gathered,
and hands the work on to the first of those who came meanwhile. A request alone is answered at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import Final

MOST_TOGETHER: Final = 256


class _Waiting:
    """One request, and what came of it; ``turn`` is set when it is answered, or when its thread is to answer."""

    __slots__ = ("answer", "error", "request", "turn")

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.answer: bytes | None = None
        self.error: BaseException | None = None
        self.turn = Event()

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
        self._lock = Lock()
        self._queue: list[_Waiting] = []
        self._at_work = False

    def answer(self, request: bytes) -> bytes:
        """The answer to one request.

        Raises:
            RuntimeError: Answering its group raised; the cause is attached.
        """
        mine = _Waiting(request)
        with self._lock:
            self._queue.append(mine)
            waits, self._at_work = self._at_work, True
        if waits:
            mine.turn.wait()
        if not mine.is_done:
            self._answer_group()
        if mine.answer is None:
            raise RuntimeError("the group could not be answered") from mine.error
        return mine.answer

    def _answer_group(self) -> None:
        """Answer the first of the queue, one's own request among them, and hand the work on."""
        with self._lock:
            group, self._queue = self._queue[: self._most], self._queue[self._most :]
        try:
            answers = self._answer_many([each.request for each in group])
            for each, answer in zip(group, answers, strict=True):
                each.answer = answer
        except BaseException as error:  # noqa: BLE001  raised again in every thread of the group
            for each in group:
                each.answer, each.error = None, error
        with self._lock:
            following = self._queue[0] if self._queue else None
            self._at_work = following is not None
        for each in group if following is None else [following, *group]:
            each.turn.set()
