"""Answering requests together that come at the same time, so that one signature call and one commit serve many."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

MOST_TOGETHER: Final = 256
_Answer = TypeVar("_Answer")


class Gathered(Generic[_Answer]):
    """Answers single requests through a function that answers many; for one event loop.

    Nobody waits for company: a request that comes while nothing is being answered is answered at once, and those
    that come meanwhile are answered together afterwards.

    Args:
        answer_many: Answers in the same order; runs in a thread, never twice at a time.
        most: Requests to answer together.
    """

    def __init__(
        self, answer_many: Callable[[Sequence[bytes]], Sequence[_Answer]], *, most: int = MOST_TOGETHER
    ) -> None:
        self._answer_many = answer_many
        self._most = most
        self._queue: list[tuple[bytes, asyncio.Future[_Answer]]] = []
        self._work: asyncio.Task[None] | None = None

    async def answer(self, request: bytes) -> _Answer:
        """The answer to one request; raises what answering its group raised."""
        waiting: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._queue.append((request, waiting))
        if self._work is None:
            self._work = asyncio.create_task(self._answer_all())
        return await waiting

    async def _answer_all(self) -> None:
        while self._queue:
            group, self._queue = self._queue[: self._most], self._queue[self._most :]
            try:
                answers = await asyncio.to_thread(self._answer_many, [request for request, _ in group])
                for (_, waiting), answer in zip(group, answers, strict=True):
                    if not waiting.done():  # its client may have gone
                        waiting.set_result(answer)
            except Exception as error:  # noqa: BLE001 - raised again for every request of the group
                for _, waiting in group:
                    if not waiting.done():
                        waiting.set_exception(error)
        self._work = None
