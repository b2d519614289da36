"""An authority with many certificates and its status service, for ``benchmarks.ocsp``; also run as a process.

Rows of certificates, and of answers signed beforehand, are put down directly: what is measured is asking. The
answers in the store of the large register are one answer's octets under many numbers, which costs a look-up alike.
"""

from __future__ import annotations

import json
import random
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from api.http.application import Application
from api.http.server import listen, serve
from api.http.service import Route, Service
from api.http.settings import Address, ServerSettings
from api.http.status import PATH, REQUEST, StatusFront
from api.http.workers import Workers
from ca.authority import authority_id
from ca.model import SerialNumber
from ca.register import CaRegister
from ca.status import ResponderKey, StatusPolicy, StatusResponder
from ca.status.model import refresh_at
from ca.status.register import StatusRegister
from ca.status.tables import ANSWERS
from ca.tables import CERTIFICATES
from crypto import DEFAULT_USER_ID, PrivateKey, SoftwareSigner
from formats import oids
from formats.gbt20518 import Certificate, read_certificate
from formats.register_file import time_text
from formats.rfc6960 import OcspRequest, cert_id_of, encode_request, with_null_parameters
from tests.authority_world import START
from tests.responder_world import make_responder_world

NOW = START + timedelta(hours=1)
_CHUNK = 20_000


@dataclass(frozen=True)
class Made:
    """What a process needs to answer: files and a key made for the run."""

    record: str
    answers: str
    issuer: bytes
    certificate: bytes
    secret: str
    presigned: bool
    memory_octets: int = 64 * 1024 * 1024

    def certificates(self) -> tuple[Certificate, Certificate]:
        return read_certificate(self.issuer), read_certificate(self.certificate)

    def responder(self) -> StatusResponder:
        issuer, certificate = self.certificates()
        policy = StatusPolicy(
            presigned=(oids.SHA256,) if self.presigned else (),
            memory_octets=self.memory_octets,
            validity=timedelta(days=7),
        )
        signer = SoftwareSigner(PrivateKey.from_scalar(bytes.fromhex(self.secret)))
        return StatusResponder(
            record=CaRegister(self.record),
            issuer=issuer,
            key=ResponderKey(signer, certificate, issuer, user_id=DEFAULT_USER_ID),
            policy=policy,
            clock=_clock(),
            answers=StatusRegister(self.answers) if self.presigned else None,
        )

    def request(self, serial: int, nonce: bytes | None = None) -> bytes:
        cert_id = cert_id_of(serial, self.certificates()[0], algorithm=oids.SHA256)
        return encode_request(OcspRequest((with_null_parameters(cert_id),), nonce=nonce))

    def __call__(self, number: int, listener: socket.socket, on_ready: Callable[[Sequence[str]], None]) -> None:
        """Serve as a worker."""
        del number
        responder = self.responder()
        responder.answer_many(())
        front = StatusFront(responder.answer_many, responder.remembered, _clock())
        endpoints = {"GET": front.get, "POST": front.post}
        service = Service("status", routes=(Route(PATH, endpoints, accepts=REQUEST, is_prefix=True),))
        application = Application([service], ServerSettings(), clock=_clock(), write_log=_to_nowhere())
        serve(application, ServerSettings(), listener, on_ready=lambda: on_ready(["status"]))


def _clock() -> Callable[[], datetime]:
    began = time.monotonic()

    def now() -> datetime:
        return NOW + timedelta(seconds=int(time.monotonic() - began))

    return now


def _to_nowhere() -> Callable[[str], None]:
    nowhere = Path("/dev/null").open("w", encoding="ascii")  # noqa: SIM115 - as long as the process
    return lambda lines: (nowhere.write(lines), nowhere.flush(), None)[2]


def serials(count: int) -> list[int]:
    """Serial numbers of certificates on record."""
    drawn = random.Random(7)
    return [int.from_bytes(b"\x40" + drawn.randbytes(18), "big") for _ in range(count)]


def make(folder: Path, count: int, *, presigned: bool) -> Made:
    """An authority with ``count`` valid certificates, and answers for all of them if ``presigned``."""
    record, answers = folder / f"{count}-ca.sqlite", folder / f"{count}-status.sqlite"
    key = PrivateKey.generate()
    world = make_responder_world(signer=SoftwareSigner(key), record=str(record), address=str(answers))
    world.world.clock.now = NOW
    made = Made(
        str(record), str(answers), world.issuer.encoded, world.certificate.encoded, key.scalar().hex(), presigned
    )
    authority = authority_id(world.world.regional_signer.public_key)
    store = world.world.store
    numbers = serials(count)
    for start in range(0, count, _CHUNK):
        with store.transaction() as change:
            connection = change._connection  # type: ignore[attr-defined]  # noqa: SLF001
            some = connection.execute(CERTIFICATES.select().where(CERTIFICATES.c.profile.like("status%"))).first()
            rows = [_like(some._mapping, serial) for serial in numbers[start : start + _CHUNK]]  # noqa: SLF001
            connection.execute(CERTIFICATES.insert(), rows)
    if presigned:
        _fill(world, made, authority, numbers)
    store.close()  # type: ignore[attr-defined]
    world.answers.close()
    return made


def _fill(world: object, made: Made, authority: str, numbers: Sequence[int]) -> None:
    key, answers, store = world.key(), world.answers, world.world.store  # type: ignore[attr-defined]
    responder = StatusResponder(
        record=store,
        issuer=world.issuer,  # type: ignore[attr-defined]
        key=key,
        policy=StatusPolicy(validity=timedelta(days=7)),
        clock=lambda: NOW,
    )
    encoded = responder.answer(made.request(numbers[0])).body
    template = {
        "authority": authority,
        "algorithm": oids.SHA256,
        "this_update": time_text(NOW),
        "next_update": time_text(NOW + timedelta(days=7)),
        "refresh_at": time_text(refresh_at(NOW, NOW + timedelta(days=7))),
        "change": store.last_change(authority),
        "encoded": encoded,
    }
    issuer = made.certificates()[0]
    sample = with_null_parameters(cert_id_of(numbers[0], issuer, algorithm=oids.SHA256)).encoded or b""
    tail = numbers[0].to_bytes(19, "big")
    answers.replace(authority, (), without=(), progress=store.last_change(authority), at=NOW)
    for start in range(0, len(numbers), _CHUNK):
        rows = [
            {
                **template,
                "serial": str(SerialNumber(serial)),
                "cert_id": sample.replace(tail, serial.to_bytes(19, "big")),
            }
            for serial in numbers[start : start + _CHUNK]
        ]
        with answers.transaction() as connection:
            connection.execute(ANSWERS.insert(), rows)


def _like(row: Mapping[str, object], serial: int) -> dict[str, object]:
    """A row like that of the responder's certificate, which is valid, under another number."""
    made = {
        **row,
        "serial": str(SerialNumber(serial)),
        "profile": "seal-holder/1",
        "request_key": f"bench-{serial:x}",
        "tbs": b"0",
        "encoded": b"0",
    }
    del made["position"]
    return made


def on_demand_rate(made: Made, count: int, batch: int) -> float:
    """Answers signed on demand in a second: each request has a nonce of its own."""
    responder = made.responder()
    numbers = serials(count)
    requests = [made.request(serial, nonce=index.to_bytes(16, "big")) for index, serial in enumerate(numbers)]
    responder.answer_many(requests[:batch])
    began = time.perf_counter()
    for start in range(0, count, batch):
        responder.answer_many(requests[start : start + batch])
    return count / (time.perf_counter() - began)


def main() -> int:
    """``serve N`` or ``demand COUNT BATCH`` over a ``Made`` as JSON on standard input."""
    given = json.load(sys.stdin)
    made = Made(
        **{name: bytes.fromhex(v) if name in ("issuer", "certificate") else v for name, v in given.items()}
    )
    if sys.argv[1] == "demand":
        print(on_demand_rate(made, int(sys.argv[2]), int(sys.argv[3])))
        return 0
    listener = listen(Address("127.0.0.1", 0))
    told = f"{listener.getsockname()[1]}"
    Workers(made, int(sys.argv[2]), listener, stop_seconds=1).run(on_ready=lambda _: print(told, flush=True))
    return 0


def as_json(made: Made) -> str:
    """What ``main`` reads."""
    return json.dumps({name: v.hex() if isinstance(v, bytes) else v for name, v in vars(made).items()})


if __name__ == "__main__":
    sys.exit(main())
