"""Running the services' jobs: each in its turn, in a thread, and again after its time whatever happened."""

import asyncio
from collections.abc import Sequence
from typing import Final

from api.http.access_log import AccessLog
from api.http.problems import is_foreseen
from api.http.service import Job, Service

_STOP_SECONDS: Final = 30.0


class JobRunner:
    """The jobs of services.

    Args:
        services: Whose.
        log: Where failures go.
    """

    def __init__(self, services: Sequence[Service], log: AccessLog) -> None:
        self._jobs = [(service.name, job) for service in services for job in service.jobs]
        self._log = log
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self.failing: dict[str, str] = {}
        """Services with a job whose last run failed: the job's name."""

    def start(self) -> None:
        """Begin; to be called on the loop."""
        self._tasks = [asyncio.create_task(self._repeat(service, job)) for service, job in self._jobs]

    async def stop(self) -> None:
        """Start no further run, and wait for those that run."""
        self._stopping.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_STOP_SECONDS)
        self._tasks = []

    async def _repeat(self, service: str, job: Job) -> None:
        while not self._stopping.is_set():
            try:
                await asyncio.to_thread(job.run)
            except Exception as error:  # noqa: BLE001 - logged, shown by /health, and tried again
                self.failing[service] = job.name
                self._log.event(
                    "job-failed",
                    service=service,
                    job=job.name,
                    kind=type(error).__name__,
                    detail=str(error) if is_foreseen(error) else "",
                )
            else:
                self.failing.pop(service, None)
            try:
                await asyncio.wait_for(self._stopping.wait(), job.every.total_seconds())
            except TimeoutError:
                continue
