"""One authority asked by many at once: they share transactions and signatures, and each gets an answer of its own.

Putting a commit on the disk takes milliseconds whether it holds one certificate or a hundred. So callers put their
requests into a queue; a worker takes what is waiting, and for all of it there is one transaction of intents, one
batch of signatures, and one transaction of certificates (``ca.recording``). While one worker waits for the disk,
another builds and lints. Nothing is answered before its certificate is on the disk.

What a caller can count on:

* a request that breaks a rule, or that the record does not take, gets its error and harms no neighbour;
* where the key store fails every request of the batch gets that error; their intents are on record;
* where the record fails, every request of the batch gets that error; asking again with the same key tells;
* a full queue and a wait too long are answered, not borne: ``OverloadedError`` means that nothing was or will be
  recorded, ``UnfinishedError`` that it is being worked on and asking again with the same key gives the result.
"""

from __future__ import annotations

import queue
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Final, Protocol, Self

from ca.errors import OverloadedError, UnfinishedError
from ca.model import IssuanceRequest
from ca.recording import Outcome
from formats.gbt20518 import Certificate

_WORKERS: Final = 2


class IssuesEach(Protocol):
    """What issues several requests that do not depend on each other; ``CertificateAuthority`` fits it."""

    def issue_each(self, asked: Sequence[tuple[IssuanceRequest, str]]) -> list[Outcome]:
        """What becomes of each, in the same order."""


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """Bounds of the queue.

    Attributes:
        most_waiting: Requests that may wait; one more is refused.
        most_together: Requests that share their transactions.
        patience: Seconds a caller waits for its answer.
    """

    most_waiting: int = 4096
    most_together: int = 128
    patience: float = 30.0

    def __post_init__(self) -> None:
        if min(self.most_waiting, self.most_together) < 1 or self.patience <= 0:
            raise ValueError("bounds of a queue are positive")


@dataclass(frozen=True, slots=True)
class _Ticket:
    """A request in the queue and where its answer is awaited."""

    request: IssuanceRequest
    actor: str
    answer: Future[Certificate] = field(default_factory=Future)


class GroupIssuing:
    """Issues for many callers with few commits. Threads may share it; end it with ``close`` or as a context.

    Args:
        authority: Who issues.
        settings: Bounds.
    """

    def __init__(self, authority: IssuesEach, settings: GroupSettings | None = None) -> None:
        self._authority = authority
        self._settings = settings or GroupSettings()
        self._waiting: queue.Queue[_Ticket | None] = queue.Queue(self._settings.most_waiting)
        self._taking = Lock()
        self._is_open = True
        self._workers = [
            Thread(target=self._work, name=f"issuing-{number}", daemon=True) for number in range(_WORKERS)
        ]
        for worker in self._workers:
            worker.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Finish what is waiting, then refuse everything; returns when all is answered."""
        with self._taking:
            was_open, self._is_open = self._is_open, False
        if was_open:
            self._waiting.put(None)
        for worker in self._workers:
            worker.join()

    def issue(self, request: IssuanceRequest, *, actor: str) -> Certificate:
        """The certificate for a request, once it is on the disk.

        Raises:
            OverloadedError: Too many wait, or this one waited too long; nothing was recorded and nothing will be.
            UnfinishedError: It is being worked on for too long; asking again gives the result.
            RefusedError: The request breaks a rule; see ``CertificateAuthority.issue_many``.
            KeyStoreError: The key store failed; asking again finishes it.
            Exception: What the record raises; asking again tells.
        """
        ticket = self._enqueue(request, actor)
        try:
            return ticket.answer.result(self._settings.patience)
        except FutureTimeoutError:
            if ticket.answer.cancel():
                raise OverloadedError("too many requests are waiting to be issued") from None
            if ticket.answer.done():
                return ticket.answer.result()
            raise UnfinishedError("the request is being worked on; ask again with the same key") from None

    def _enqueue(self, request: IssuanceRequest, actor: str) -> _Ticket:
        ticket = _Ticket(request, actor)
        with self._taking:
            if not self._is_open:
                raise OverloadedError("the authority does not take requests any more")
            try:
                self._waiting.put_nowait(ticket)
            except queue.Full:
                raise OverloadedError("too many requests are waiting to be issued") from None
        return ticket

    # ------------------------------------------------------------------ workers

    def _work(self) -> None:
        while tickets := self._take():
            while tickets:
                tickets = self._answer(tickets)

    def _take(self) -> list[_Ticket]:
        """What is waiting, at least one; none at all when there will be no more."""
        taken: list[_Ticket] = []
        try:
            while len(taken) < self._settings.most_together:
                ticket = self._waiting.get(block=not taken)
                if ticket is None:
                    self._waiting.put(None)  # for the other workers, and for this one when it comes back
                    break
                if ticket.answer.set_running_or_notify_cancel():
                    taken.append(ticket)
        except queue.Empty:
            pass
        return taken

    def _answer(self, tickets: Sequence[_Ticket]) -> list[_Ticket]:
        """Issue for tickets whose keys differ; gives back those to come after them."""
        now: dict[str, _Ticket] = {}
        later = [each for each in tickets if now.setdefault(each.request.key, each) is not each]
        together = list(now.values())
        outcomes: Sequence[Certificate | Exception]
        try:
            outcomes = self._authority.issue_each([(each.request, each.actor) for each in together])
        except Exception as failure:  # noqa: BLE001  it belongs to the callers, each of whom raises it
            outcomes = [failure] * len(together)
        for ticket, outcome in zip(together, outcomes, strict=True):
            if isinstance(outcome, Exception):
                ticket.answer.set_exception(outcome)
            else:
                ticket.answer.set_result(outcome)
        return later
