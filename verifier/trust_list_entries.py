"""Entries of a trust list from JSON, strictly: a list half understood is believed for the wrong reasons.

Unknown members, repeated entries, wrong types and anything that does not parse refuse the whole list.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, TypeVar

from crypto.foreign import is_foreign_key
from formats import oids
from formats.errors import MalformedDataError
from formats.foreign_signature import FOREIGN_ALGORITHMS
from formats.gbt2260 import DivisionCode
from formats.gbt20518 import Crl, read_crl
from formats.gbt36904 import LicenceTypeCode
from formats.gbt38540 import Generation
from formats.json_data import JsonNode
from verifier.credit_codes import known_exceptions, parse_credit_code
from verifier.facts import moment_text
from verifier.issuance import may_issue
from verifier.trust_list_envelope import MAX_OCTETS, read_listed_certificate
from verifier.trust_list_model import (
    AlgorithmPeriod,
    Authority,
    Days,
    Entitlement,
    ListedIssuer,
    ListedSealMaker,
    Period,
    Purpose,
    Regions,
    ServiceStatus,
    StatusChange,
)

_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_DIGEST_OF: Final = {
    oids.SM2_WITH_SM3: oids.SM3,
    **{signature: digest for signature, (_, digest) in FOREIGN_ALGORITHMS.items()},
}
_Entry = TypeVar("_Entry")


def read_entries(
    node: JsonNode,
    read: Callable[[JsonNode], _Entry],
    identity: Callable[[_Entry], Hashable],
    *,
    most: int = 100_000,
) -> Iterator[_Entry]:
    """The entries of an array; one that repeats another's identity refuses the list."""
    seen: set[Hashable] = set()
    for item in node.items(most=most):
        entry = read(item)
        key = identity(entry)
        if key in seen:
            item.fail("repeats an earlier entry")
        seen.add(key)
        yield entry


def read_region(node: JsonNode) -> tuple[DivisionCode, str]:
    """A division and its name: ``code``, ``name``."""
    members = node.members(required=("code", "name"))
    return _division(members["code"]), members["name"].text(longest=200)


def read_authority(node: JsonNode) -> Authority:
    """A certificate authority: certificate, purposes, valid_from; regions, valid_to, history."""
    members = node.members(
        required=("certificate", "purposes", "valid_from"), optional=("regions", "valid_to", "history")
    )
    certificate = read_listed_certificate(members["certificate"])
    if not may_issue(certificate, 0):
        members["certificate"].fail("not the certificate of a certificate authority")
    purposes = frozenset(read_entries(members["purposes"], _purpose, lambda each: each))
    if not purposes:
        members["purposes"].fail("is empty")
    if certificate.public_key is None:
        # Time-stamp services sign with RSA and ECDSA too; nothing else here may.
        if purposes != {Purpose.TIME_STAMP}:
            members["certificate"].fail("the key is no SM2 key")
        if not is_foreign_key(certificate.spki):
            members["certificate"].fail("the key is neither SM2 nor RSA or ECDSA in good use")
    return Authority(
        certificate=certificate,
        purposes=purposes,
        regions=_regions(members.get("regions")),
        listed=_period(members),
        history=_history(members.get("history")),
    )


def _purpose(node: JsonNode) -> Purpose:
    return Purpose(node.choice(tuple(Purpose)))


def _history(node: JsonNode | None) -> tuple[StatusChange, ...]:
    changes: list[StatusChange] = []
    for item in node.items(most=1000) if node is not None else []:
        members = item.members(required=("status", "since"), optional=("compromised",))
        status = ServiceStatus(members["status"].choice(tuple(ServiceStatus)))
        compromised = "compromised" in members and members["compromised"].boolean()
        if compromised and status is ServiceStatus.GRANTED:
            item.fail("granted and compromised exclude each other")
        change = StatusChange(status, read_moment(members["since"]), compromised)
        if changes and change.since <= changes[-1].since:
            item.fail("not later than the change before it")
        changes.append(change)
    return tuple(changes)


def read_seal_makers(node: JsonNode) -> Mapping[bytes, tuple[ListedSealMaker, ...]]:
    """Every seal maker, by SM3 of its certificate; one may be listed for several periods."""
    makers: dict[bytes, list[ListedSealMaker]] = {}
    for maker in read_entries(node, _seal_maker, lambda each: (each.certificate_digest, each.listed)):
        makers.setdefault(maker.certificate_digest, []).append(maker)
    return MappingProxyType({digest: tuple(each) for digest, each in makers.items()})


def _seal_maker(node: JsonNode) -> ListedSealMaker:
    members = node.members(
        required=("name", "generations", "valid_from"),
        optional=("certificate", "certificate_digest", "regions", "valid_to"),
    )
    if ("certificate" in members) == ("certificate_digest" in members):
        node.fail("either certificate or certificate_digest belongs here")
    if "certificate" in members:
        digest = read_listed_certificate(members["certificate"]).digest()
    else:
        digest = _digest(members["certificate_digest"])
    generations = frozenset(read_entries(members["generations"], _generation, lambda each: each))
    if not generations:
        members["generations"].fail("is empty")
    return ListedSealMaker(
        name=members["name"].text(longest=200),
        certificate_digest=digest,
        regions=_regions(members.get("regions")),
        generations=generations,
        listed=_period(members),
    )


def _generation(node: JsonNode) -> Generation:
    return Generation(node.choice(tuple(Generation)))


def read_issuer(node: JsonNode) -> ListedIssuer:
    """A licence issuer: ``credit_code``, ``name``, ``region``, ``entitlements``; ``delegates``."""
    members = node.members(required=("credit_code", "name", "region", "entitlements"), optional=("delegates",))
    delegates: frozenset[str] = frozenset()
    if "delegates" in members:
        delegates = frozenset(read_entries(members["delegates"], read_credit_code, lambda each: each, most=1000))
    return ListedIssuer(
        credit_code=read_credit_code(members["credit_code"]),
        name=members["name"].text(longest=200),
        region=_division(members["region"]),
        entitlements=tuple(
            read_entries(
                members["entitlements"], _entitlement, lambda each: (each.licence_type, each.items, each.days)
            )
        ),
        delegates=delegates,
    )


def _entitlement(node: JsonNode) -> Entitlement:
    members = node.members(required=("licence_type", "valid_from"), optional=("items", "valid_to"))
    items: frozenset[str] = frozenset()
    if "items" in members:
        items = frozenset(read_entries(members["items"], _item, lambda each: each))
    try:
        licence_type = str(
            LicenceTypeCode.parse(members["licence_type"].text(longest=64), exceptions=known_exceptions())
        )
    except MalformedDataError as exc:
        members["licence_type"].fail(exc.message)
    start = members["valid_from"].day()
    end = members["valid_to"].day() if "valid_to" in members else None
    if end is not None and end < start:
        members["valid_to"].fail("before valid_from")
    return Entitlement(licence_type, items, Days(start, end))


def _item(node: JsonNode) -> str:
    return node.text(longest=64)


def read_crl_entry(node: JsonNode) -> Crl:
    """A revocation list, Base64 of its DER."""
    try:
        return read_crl(node.octets(longest=MAX_OCTETS))
    except MalformedDataError as exc:
        node.fail(f"revocation list: {exc.message}")


def read_algorithm(node: JsonNode) -> AlgorithmPeriod:
    """When an algorithm holds: ``signature``, ``digest``, ``valid_from``; ``valid_to``."""
    members = node.members(required=("signature", "digest", "valid_from"), optional=("valid_to",))
    # Nothing else can be verified here, and a list must not seem to say otherwise.
    signature = members["signature"].choice(tuple(_DIGEST_OF))
    return AlgorithmPeriod(
        signature=signature,
        digest=members["digest"].choice((_DIGEST_OF[signature],)),
        period=_period(members),
    )


# ---------------------------------------------------------------------- parts of entries


def _regions(node: JsonNode | None) -> Regions:
    if node is None:
        return Regions()
    codes = tuple(read_entries(node, _division, lambda each: each))
    if not codes:
        node.fail("is empty; leave it out for the whole nation")
    return Regions(codes)


def _division(node: JsonNode) -> DivisionCode:
    try:
        return DivisionCode.parse(node.text(longest=6))
    except MalformedDataError as exc:
        node.fail(exc.message)


def read_credit_code(node: JsonNode) -> str:
    """A unified social credit code."""
    try:
        return str(parse_credit_code(node.text(longest=18)))
    except MalformedDataError as exc:
        node.fail(exc.message)


def _digest(node: JsonNode) -> bytes:
    text = node.text(longest=64)
    if not re.fullmatch("[0-9a-f]{64}", text):
        node.fail("not 64 lower-case hexadecimal digits")
    return bytes.fromhex(text)


def _period(members: Mapping[str, JsonNode]) -> Period:
    start = read_moment(members["valid_from"])
    end = read_moment(members["valid_to"]) if "valid_to" in members else None
    if end is not None and end < start:
        members["valid_to"].fail("before valid_from")
    return Period(start, end)


def read_moment(node: JsonNode) -> datetime:
    """A moment in UTC, ``YYYY-MM-DDThh:mm:ssZ`` and no other form."""
    text = node.text(longest=20)
    try:
        moment = datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        node.fail("not a time of the form YYYY-MM-DDThh:mm:ssZ")
    if moment_text(moment) != text:
        node.fail("not a time of the form YYYY-MM-DDThh:mm:ssZ")
    return moment
