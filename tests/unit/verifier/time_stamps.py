"""A time-stamp authority for the tiny nation, and its tokens: right ones, and ones with a single thing wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any

from crypto import PrivateKey
from formats import oids
from formats.gbt20518 import Extension, KeyUsage, RevokedEntry
from formats.gbt20518 import extension_building as extensions
from formats.gbt20520 import MessageImprint, imprint_of, issue_token
from tests.unit.verifier.nation import (
    CA_EXTENSIONS,
    SIGNED,
    Holder,
    Nation,
    authority,
    crl,
    issue,
    name,
    nation,
)
from verifier.trust_list_model import Purpose, StatusChange

POLICY = "1.2.3.4.5"
STAMPED = SIGNED.replace(second=2)
STAMPING = (
    extensions.key_usage([KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION]),
    extensions.extended_key_usage([oids.KP_TIME_STAMPING], critical=True),
)
_numbers = count(1)


@cache
def stamping_authority() -> Holder:
    """The CA that issues to time-stamp authorities."""
    return issue(name("时间戳CA"), nation().root, extra=CA_EXTENSIONS)


@cache
def stamper() -> Holder:
    """The time-stamp authority."""
    return issue(name("示例时间戳服务"), stamping_authority(), extra=STAMPING)


def stamper_with(*extra: Extension, **options: Any) -> Holder:
    return issue(name("时间戳"), options.pop("issuer", stamping_authority()), extra=extra or STAMPING, **options)


def stamped_nation(
    revoked: Sequence[RevokedEntry] = (),
    *,
    crls: tuple[bytes, ...] | None = None,
    history: tuple[StatusChange, ...] = (),
    base: Nation | None = None,
) -> Nation:
    """The nation with the time-stamp authority's CA on its list."""
    people = base or nation()
    own = authority(stamping_authority(), Purpose.TIME_STAMP, history=history)
    return people.with_content(
        authorities=(*people.content.authorities, own),
        crls=(*people.content.crls, *((crl(stamping_authority(), tuple(revoked)),) if crls is None else crls)),
    )


def token_for(
    value: bytes,
    *,
    by: Holder | None = None,
    at: datetime = STAMPED,
    algorithm: str = oids.SM3,
    key: PrivateKey | None = None,
    **changes: Any,
) -> bytes:
    """A token over ``value``."""
    holder = by or stamper()
    signer = replace(holder, key=key).signer if key else holder.signer
    return issue_token(
        signer,
        holder.certificate.encoded,
        imprint=MessageImprint(algorithm, imprint_of(value, algorithm)),
        policy=POLICY,
        serial_number=next(_numbers),
        at=at,
        **changes,
    )


def stamp(**changes: Any) -> Callable[[bytes], bytes]:
    """How a recipe gets a token over its signature value."""
    return lambda value: token_for(value, **changes)
