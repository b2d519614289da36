"""Asking an application without a network."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.http.application import Application


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[bytes, bytes]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers[b"content-type"] == b"application/problem+json"
        content = json.loads(self.body)
        assert content["status"] == self.status
        return content


async def ask(
    application: Application,
    method: str,
    path: str,
    body: bytes | Sequence[bytes] = b"",
    *,
    headers: Sequence[tuple[bytes, bytes]] = (),
    query: bytes = b"",
    stalls: bool = False,
) -> Answered:
    """One exchange; a body in pieces comes chunked, and one that stalls never ends."""
    pieces = [body] if isinstance(body, bytes) else list(body)
    own = [(b"transfer-encoding", b"chunked")] if not isinstance(body, bytes) else []
    if isinstance(body, bytes) and body:
        own = [(b"content-length", str(len(body)).encode())]
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query,
        "headers": [*own, *headers], "root_path": "", "http_version": "1.1", "scheme": "http", "server": ("t", 80),
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        if pieces:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces) or stalls}
        if stalls:
            await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await application(scope, receive, send)
    if not sent:
        return Answered(0, {}, b"")
    assert sent[0]["type"] == "http.response.start"
    assert not sent[-1].get("more_body")
    return Answered(
        sent[0]["status"], dict(sent[0]["headers"]), b"".join(each.get("body", b"") for each in sent[1:])
    )


async def running(application: Application, *, during: Any = None) -> list[str]:
    """Start the application, let ``during`` happen, stop it; gives the kinds of lifespan messages."""
    told: list[str] = []
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    answered = asyncio.Event()

    async def send(message: Any) -> None:
        told.append(message["type"])
        answered.set()

    await inbox.put({"type": "lifespan.startup"})
    task = asyncio.create_task(application({"type": "lifespan"}, inbox.get, send))
    await answered.wait()
    if told == ["lifespan.startup.complete"]:
        if during is not None:
            await during()
        await inbox.put({"type": "lifespan.shutdown"})
    await task
    return told
