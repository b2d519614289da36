"""A trust list for a person and for a program."""

from datetime import datetime
from typing import Any

from api.messages import Messages
from api.moments import beijing_text, utc_text
from api.output import Output
from api.trust_input import GivenTrust
from verifier.trust_list_model import Authority, ListedSealMaker, Period, Regions


def as_data(given: GivenTrust) -> dict[str, Any]:
    """The list as data; days are ``YYYY-MM-DD``, moments RFC 3339 in UTC, digests SM3 in hexadecimal."""
    trust = given.trust
    return {
        **trust.facts.to_dict(),
        "signer": {"subject": str(given.signer.subject), "digest": given.signer.digest().hex()},
        "regions": {str(code): name for code, name in trust.regions.items()},
        "authorities": [
            {
                "subject": str(each.certificate.subject),
                "digest": each.certificate.digest().hex(),
                "purposes": sorted(each.purposes),
                "regions": _codes(each.regions),
                "listed": _period(each.listed),
                "history": [
                    {
                        "status": change.status.value,
                        "since": utc_text(change.since),
                        "compromised": change.compromised,
                    }
                    for change in each.history
                ],
            }
            for each in trust.authorities
        ],
        "seal_makers": [
            {
                "name": each.name,
                "digest": digest.hex(),
                "regions": _codes(each.regions),
                "generations": sorted(each.generations),
                "listed": _period(each.listed),
            }
            for digest, periods in trust.seal_makers.items()
            for each in periods
        ],
        "issuers": [
            {
                "credit_code": each.credit_code,
                "name": each.name,
                "region": str(each.region),
                "entitlements": [
                    {
                        "licence_type": entitlement.licence_type,
                        "items": sorted(entitlement.items),
                        "from": entitlement.days.start.isoformat(),
                        "to": entitlement.days.end.isoformat() if entitlement.days.end else None,
                    }
                    for entitlement in each.entitlements
                ],
                "delegates": sorted(each.delegates),
            }
            for each in trust.issuers.values()
        ],
        "crls": [
            {
                "issuer": str(each.issuer),
                "number": each.number,
                "this_update": utc_text(each.this_update),
                "next_update": utc_text(each.next_update),
                "revoked": len(each.revoked),
            }
            for each in trust.crls
        ],
        "algorithms": [
            {"signature": each.signature, "digest": each.digest, "period": _period(each.period)}
            for each in trust.algorithms
        ],
    }


def _codes(regions: Regions) -> list[str]:
    return [str(code) for code in regions.codes]


def _period(period: Period) -> dict[str, str | None]:
    return {"from": utc_text(period.start), "to": utc_text(period.end)}


def show(given: GivenTrust, at: datetime, text: Messages, out: Output) -> None:
    """Print the list, its own facts first."""
    trust, facts = given.trust, given.trust.facts
    current = text("trust.show.current" if trust.current_at(at) else "trust.show.expired")
    out.facts(
        [
            (text("trust.show.sequence"), facts.sequence),
            (text("trust.show.operator"), facts.operator),
            (text("trust.show.issued"), beijing_text(facts.issued)),
            (text("trust.show.next_update"), f"{beijing_text(facts.next_update)} ({current})"),
            (text("trust.show.digest"), facts.digest),
            (text("trust.show.signer"), given.signer.subject),
            (text("trust.show.signer_digest"), given.signer.digest().hex()),
            (text("trust.show.pinned"), text("trust.show.yes" if facts.pinned else "trust.show.no")),
        ]
    )
    _section(out, text("trust.show.regions"), [(code, name) for code, name in trust.regions.items()])
    _section(out, text("trust.show.authorities"), [_authority(each, at, text) for each in trust.authorities])
    _section(
        out,
        text("trust.show.seal_makers"),
        [_maker(digest, each, text) for digest, periods in trust.seal_makers.items() for each in periods],
    )
    _section(
        out,
        text("trust.show.issuers"),
        [
            (
                each.credit_code,
                each.name,
                each.region,
                text("trust.show.licence_types", count=len({one.licence_type for one in each.entitlements})),
            )
            for each in trust.issuers.values()
        ],
    )
    _section(
        out,
        text("trust.show.crls"),
        [
            (
                each.issuer,
                "" if each.number is None else each.number,
                f"{beijing_text(each.this_update)} – {beijing_text(each.next_update)}",
                text("trust.show.revoked", count=len(each.revoked)),
            )
            for each in trust.crls
        ],
    )
    _section(
        out,
        text("trust.show.algorithms"),
        [(each.signature, each.digest, _until(each.period)) for each in trust.algorithms],
    )


def _section(out: Output, title: str, rows: list[tuple[object, ...]]) -> None:
    if rows:
        out.line()
        out.line(f"{title} ({len(rows)})")
        out.table(rows, indent=2)


def _authority(each: Authority, at: datetime, text: Messages) -> tuple[object, ...]:
    if not each.listed.contains(at):
        status = "unlisted"
    elif each.granted_at(at):
        status = "granted"
    else:
        status = "compromised" if each.compromised else "withdrawn"
    return (
        each.certificate.subject,
        " ".join(sorted(each.purposes)),
        _where(each.regions, text),
        text(f"trust.show.status_{status}"),
        _until(each.listed),
        each.certificate.digest().hex(),
    )


def _maker(digest: bytes, each: ListedSealMaker, text: Messages) -> tuple[object, ...]:
    generations = " ".join(sorted(each.generations))
    return (each.name, _where(each.regions, text), generations, _until(each.listed), digest.hex())


def _where(regions: Regions, text: Messages) -> str:
    return " ".join(_codes(regions)) or text("trust.show.nationwide")


def _until(period: Period) -> str:
    return f"{beijing_text(period.start)} – {beijing_text(period.end)}".rstrip()
