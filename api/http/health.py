"""``/health`` and ``/ready``: what every service says of itself, for people and for load balancers."""

import asyncio
import json
from collections.abc import Sequence
from http import HTTPStatus

from api.http.exchange import JSON, HttpAnswer
from api.http.jobs import JobRunner
from api.http.problems import ProblemError
from api.http.routing import READY
from api.http.service import Health, Service


class HealthReport:
    """What services say of themselves.

    Args:
        services: Which.
        runner: Knows which jobs fail.
    """

    def __init__(self, services: Sequence[Service], runner: JobRunner) -> None:
        self._services = tuple(services)
        self._runner = runner

    async def answer(self, probe: str, method: str) -> HttpAnswer:
        """``/health`` is 200 as long as the process answers; ``/ready`` is 503 unless every service is ready."""
        if method != "GET":
            raise ProblemError(HTTPStatus.METHOD_NOT_ALLOWED, "method", headers=((b"allow", b"GET, HEAD"),))
        told = await asyncio.to_thread(self._all)
        is_ready = all(health.is_ready for health in told.values())
        content = {
            "status": "ready" if is_ready else "not-ready",
            "services": {
                name: {
                    "status": "ready" if health.is_ready else "not-ready",
                    **({"detail": health.detail} if health.detail else {}),
                    **({"failing_job": self._runner.failing[name]} if name in self._runner.failing else {}),
                }
                for name, health in told.items()
            },
        }
        status = HTTPStatus.SERVICE_UNAVAILABLE if probe == READY and not is_ready else HTTPStatus.OK
        body = json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")
        return HttpAnswer(status, body, JSON, ((b"cache-control", b"no-store"),))

    def _all(self) -> dict[str, Health]:
        return {service.name: _asked(service) for service in self._services}


def _asked(service: Service) -> Health:
    try:
        return service.health()
    except Exception as error:  # noqa: BLE001 - a service that cannot tell is not ready
        return Health(is_ready=False, detail=type(error).__name__)
