"""A time-stamp service in an authority's folder: what its file says, and the authority made of it.

```
time-stamp-service.json   key, certificate, policies, what is asked of the clock; public
time-stamps.sqlite        its register, unless the file names another place
```
"""

import base64
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

from api.failures import CommandError
from api.files import read_file, write_file
from api.network_time import ReferenceClock
from api.output import shown
from ca.time_stamping.authority import TimeStampAuthority
from ca.time_stamping.clock_guard import ClockGuard
from ca.time_stamping.clock_model import ClockSettings
from ca.time_stamping.model import StampingSettings, StampPolicy
from ca.time_stamping.ports import StampStore
from ca.time_stamping.signing import Sm2TokenSigner
from crypto import Signer
from formats import oids
from formats.gbt20518 import Certificate, read_certificate
from formats.gbt20520 import Accuracy
from formats.json_data import JsonNode, read_json

SCHEMA: Final = "xinyin.time-stamp-service/1"
FILE: Final = "time-stamp-service.json"
REGISTER: Final = "time-stamps.sqlite"
PATH: Final = "/timestamp"
DIGEST_NAMES: Final = {"sm3": oids.SM3, "sha256": oids.SHA256, "sha384": oids.SHA384, "sha512": oids.SHA512}
_MOST_OCTETS: Final = 256 * 1024
_LONGEST_CERTIFICATE: Final = 100_000
_CLOCK_LIMITS: Final = {
    "max_jump_ms": (1, 60_000),
    "max_offset_ms": (1, 60_000),
    "max_age_s": (1, 86_400),
    "quorum": (0, 16),
    "drift_ppm": (0, 10_000),
    "own_error_ms": (1, 60_000),
}


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of a machine, or of a story that is told.

    Attributes:
        wall: UTC, as exact as there is.
        monotonic: Seconds that never go back.
    """

    wall: Callable[[], datetime]
    monotonic: Callable[[], float]


MACHINE_CLOCKS: Final = Clocks(lambda: datetime.now(UTC), time.monotonic)


@dataclass(frozen=True, slots=True)
class StampServiceFile:
    """What ``time-stamp-service.json`` says.

    Attributes:
        key_index: Index of its key in the key store.
        certificate: Its certificate.
        settings: What it promises.
        clock: What is asked of the clock.
        references: Clocks on the network that are asked.
        pin_file: File whose first line is the key's PIN, relative to the folder; None for the server's own.
        register: Address of its register; None for ``time-stamps.sqlite``.
        path: Where it answers.
    """

    key_index: int
    certificate: Certificate
    settings: StampingSettings
    clock: ClockSettings = ClockSettings()  # noqa: RUF009  frozen
    references: tuple[ReferenceClock, ...] = ()
    pin_file: str | None = None
    register: str | None = None
    path: str = PATH

    def register_address(self, folder: Path) -> str:
        """Where the register is."""
        return self.register or str(folder / REGISTER)

    def to_json(self) -> bytes:
        """The file's octets."""
        names = {oid: name for name, oid in DIGEST_NAMES.items()}
        content = {
            "schema": SCHEMA,
            "path": self.path,
            "key_index": self.key_index,
            "pin_file": self.pin_file,
            "certificate": base64.b64encode(self.certificate.encoded).decode("ascii"),
            "register": self.register,
            "policies": [
                {
                    "oid": policy.oid,
                    "accuracy_ms": round(policy.accuracy.span / timedelta(milliseconds=1)),
                    "digests": sorted(names[oid] for oid in policy.digests),
                }
                for policy in self.settings.policies
            ],
            "ordering": self.settings.ordering,
            "clock": {
                "max_jump_ms": _milliseconds(self.clock.max_jump),
                "max_offset_ms": _milliseconds(self.clock.max_offset),
                "max_age_s": int(self.clock.max_age.total_seconds()),
                "quorum": self.clock.quorum,
                "drift_ppm": self.clock.drift_ppm,
                "own_error_ms": _milliseconds(self.clock.own_error),
            },
            "references": [{"name": each.name, "host": each.host, "port": each.port} for each in self.references],
        }
        return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read the file, strictly.

        Raises:
            MalformedDataError: It breaks its schema; the message names the place.
        """
        top = read_json(data, what=FILE, most=_MOST_OCTETS).members(
            required=("schema", "key_index", "certificate", "policies"),
            optional=("path", "pin_file", "register", "ordering", "clock", "references"),
        )
        top["schema"].choice((SCHEMA,))
        try:
            settings = StampingSettings(
                tuple(_policy(node) for node in top["policies"].items(most=20)),
                ordering="ordering" in top and top["ordering"].boolean(),
            )
        except ValueError as error:
            top["policies"].fail(str(error))
        return cls(
            key_index=top["key_index"].integer(least=1, most=4096),
            certificate=read_certificate(top["certificate"].octets(longest=_LONGEST_CERTIFICATE)),
            settings=settings,
            clock=_clock(top["clock"]) if "clock" in top else ClockSettings(),
            references=tuple(_reference(node) for node in top["references"].items(most=16))
            if "references" in top
            else (),
            pin_file=top["pin_file"].text(longest=1000) if "pin_file" in top else None,
            register=top["register"].text(longest=2000) if "register" in top else None,
            path=top["path"].text(longest=200) if "path" in top else PATH,
        )


def read_stamp_service(folder: Path) -> StampServiceFile | None:
    """What an authority's folder says of its time-stamp service; None if it has none.

    Raises:
        MalformedDataError: The file breaks its schema.
    """
    path = folder / FILE
    return StampServiceFile.from_json(read_file(str(path), most=_MOST_OCTETS)) if path.is_file() else None


def write_stamp_service(folder: Path, file: StampServiceFile) -> None:
    """Put down what the service is.

    Raises:
        CommandError: There is one already.
    """
    if (folder / FILE).exists():
        raise CommandError("ca.timestamp.create.exists", directory=shown(folder))
    write_file(str(folder / FILE), file.to_json(), replace=False)


def stamp_authority(
    *,
    store: StampStore,
    signer: Signer,
    certificate: Certificate,
    settings: StampingSettings,
    clock: ClockSettings,
    clocks: Clocks = MACHINE_CLOCKS,
) -> TimeStampAuthority:
    """The authority over its register, key and clocks.

    Raises:
        RefusedError: The certificate is none to stamp with, or of another key.
        StampRegisterError: The register cannot be read.
    """
    guard = ClockGuard(store=store, wall=clocks.wall, monotonic=clocks.monotonic, settings=clock)
    return TimeStampAuthority(
        store=store,
        signer=Sm2TokenSigner(signer),
        certificate=certificate,
        settings=settings,
        guard=guard,
        random=secrets.token_bytes,
    )


def policy_of(oid: str, milliseconds: int, digests: frozenset[str]) -> StampPolicy:
    """A policy; the accuracy in milliseconds.

    Raises:
        ValueError: It promises nothing.
    """
    accuracy = Accuracy(seconds=milliseconds // 1000, millis=milliseconds % 1000)
    return StampPolicy(oid, accuracy, frozenset(DIGEST_NAMES[name] for name in digests))


def _milliseconds(span: timedelta) -> int:
    return round(span / timedelta(milliseconds=1))


def _policy(node: JsonNode) -> StampPolicy:
    members = node.members(required=("oid", "accuracy_ms", "digests"))
    digests = frozenset(each.choice(tuple(DIGEST_NAMES)) for each in members["digests"].items(most=8))
    try:
        return policy_of(
            members["oid"].text(longest=128), members["accuracy_ms"].integer(least=1, most=600_000), digests
        )
    except ValueError as error:
        node.fail(str(error))


def _clock(node: JsonNode) -> ClockSettings:
    members = node.members(required=(), optional=tuple(_CLOCK_LIMITS))
    given = {
        name: members[name].integer(least=least, most=most)
        for name, (least, most) in _CLOCK_LIMITS.items()
        if name in members
    }
    spans: dict[str, Any] = {
        name.removesuffix("_ms"): timedelta(milliseconds=value)
        for name, value in given.items()
        if name.endswith("_ms")
    }
    if "max_age_s" in given:
        spans["max_age"] = timedelta(seconds=given["max_age_s"])
    counts: dict[str, Any] = {name: given[name] for name in ("quorum", "drift_ppm") if name in given}
    return ClockSettings(**spans, **counts)


def _reference(node: JsonNode) -> ReferenceClock:
    members = node.members(required=("name", "host"), optional=("port",))
    port = members["port"].integer(least=1, most=65_535) if "port" in members else 123
    return ReferenceClock(members["name"].text(longest=64), members["host"].text(longest=253), port)
