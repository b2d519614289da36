"""Where an installation's seals get their time stamps: an authority of its own, or a service it is told of.

What ``installation.json`` says under ``time_stamp``: ``key``, ``certificate`` and ``policy`` of its own authority,
whose register is ``time-stamps.sqlite`` beside it; or ``url``, ``policy`` and ``seconds`` of a service. Without it
signatures have no time stamps.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from api.time_stamp_clients import HttpTimeStampService, ServiceAddress, TimeStampClient
from api.time_stamp_service import REGISTER, Clocks, policy_of, stamp_authority
from ca.time_stamping.clock_model import ClockSettings
from ca.time_stamping.model import StampingSettings
from ca.time_stamping.register import StampRegister
from crypto import Signer
from formats.gbt20518 import read_certificate
from formats.json_data import JsonNode

_LONGEST_CERTIFICATE: Final = 100_000
_ACCURACY_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class OwnStamps:
    """The installation stamps itself.

    Attributes:
        key_label: Its time-stamp key.
        certificate: The key's certificate, DER.
        policy: Identifier of its policy.
    """

    key_label: str
    certificate: bytes
    policy: str

    def to_data(self) -> dict[str, Any]:
        """As ``installation.json`` has it."""
        certificate = b64encode(self.certificate).decode("ascii")
        return {"key": self.key_label, "certificate": certificate, "policy": self.policy}


@dataclass(frozen=True, slots=True)
class StampService:
    """A service stamps.

    Attributes:
        address: Where.
        policy: To ask for; None for the service's own.
    """

    address: ServiceAddress
    policy: str | None = None

    def to_data(self) -> dict[str, Any]:
        """As ``installation.json`` has it."""
        return {"url": self.address.url, "policy": self.policy, "seconds": round(self.address.seconds)}


Stamping = OwnStamps | StampService


def read_stamping(node: JsonNode) -> Stamping:
    """What ``installation.json`` says under ``time_stamp``.

    Raises:
        MalformedDataError: It breaks its schema; the message names the place.
    """
    members = node.members(required=(), optional=("key", "certificate", "url", "policy", "seconds"))
    if "url" not in members:
        members = node.members(required=("key", "certificate", "policy"))
        return OwnStamps(
            members["key"].text(longest=128),
            members["certificate"].octets(longest=_LONGEST_CERTIFICATE),
            members["policy"].text(longest=128),
        )
    members = node.members(required=("url",), optional=("policy", "seconds"))
    seconds = members["seconds"].integer(least=1, most=600) if "seconds" in members else 10
    try:
        address = ServiceAddress(members["url"].text(longest=2000), seconds)
    except ValueError as error:
        members["url"].fail(str(error))
    return StampService(address, members["policy"].text(longest=128) if "policy" in members else None)


def stamper_of(
    stamping: Stamping, folder: Path, signers: Mapping[str, Signer], clocks: Clocks, stack: ExitStack
) -> TimeStampClient:
    """Who stamps, ready to be asked; what is opened is closed with ``stack``.

    Raises:
        RefusedError: The certificate is none to stamp with.
        RegisterError: The register cannot be opened.
    """
    if isinstance(stamping, StampService):
        service = HttpTimeStampService(stamping.address)
        return TimeStampClient(service.answer_many, policy=stamping.policy, random=secrets.token_bytes)
    store = StampRegister(str(folder / REGISTER))
    stack.callback(store.close)
    authority = stamp_authority(
        store=store,
        signer=signers[stamping.key_label],
        certificate=read_certificate(stamping.certificate),
        settings=own_settings(stamping.policy),
        clock=ClockSettings(),
        clocks=clocks,
    )
    return TimeStampClient(authority.answer_many, policy=stamping.policy, random=secrets.token_bytes)


def own_settings(policy: str) -> StampingSettings:
    """What an installation's own authority promises: a second, over SM3."""
    return StampingSettings((policy_of(policy, _ACCURACY_MS, frozenset({"sm3"})),))
