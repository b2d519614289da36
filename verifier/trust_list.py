"""The trust list (信任列表): whom a verifier believes, for what, and since when.

The model follows ETSI TS 119 612: one operator signs a numbered list that names authorities with a history of
their status, so that a signature is judged by the status its authority had when it was made. Beside authorities
it names the seal makers, and the bodies that may issue licences of which type under which item. Revocation lists
travel inside, so a verifier needs this one file and no network.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from crypto import PublicKey, sm3
from formats.gbt2260 import DivisionCode
from formats.gbt20518 import Certificate, Crl
from formats.json_data import read_json
from verifier.errors import TrustListRefusedError
from verifier.facts import TrustFacts
from verifier.trust_list_entries import (
    read_algorithm,
    read_authority,
    read_credit_code,
    read_crl_entry,
    read_entries,
    read_issuer,
    read_moment,
    read_region,
    read_seal_makers,
)
from verifier.trust_list_envelope import MAX_OCTETS, read_envelope
from verifier.trust_list_model import AlgorithmPeriod, Authority, ListedIssuer, ListedSealMaker
from verifier.trust_list_signer import check_signer

SCHEMA: Final = "xinyin.trust-list/1"
MEMBERS: Final = (
    "schema",
    "sequence",
    "issued",
    "next_update",
    "operator",
    "regions",
    "authorities",
    "seal_makers",
    "issuers",
    "crls",
    "algorithms",
)


@dataclass(frozen=True)
class TrustList:
    """A trust list that was read and whose signature holds. Immutable; shared by threads.

    Attributes:
        facts: Sequence, operator, period, digest, and whether its signer was pinned.
        regions: Names of divisions by code.
        authorities: Certificate authorities.
        seal_makers: Seal makers by SM3 of their certificate.
        issuers: Licence issuers by credit code.
        crls: Revocation lists that came inside.
        algorithms: Which algorithms hold when.
    """

    facts: TrustFacts
    regions: Mapping[DivisionCode, str]
    authorities: tuple[Authority, ...]
    seal_makers: Mapping[bytes, tuple[ListedSealMaker, ...]]
    issuers: Mapping[str, ListedIssuer]
    crls: tuple[Crl, ...]
    algorithms: tuple[AlgorithmPeriod, ...]

    def current_at(self, moment: datetime) -> bool:
        """Whether ``moment`` lies in the list's own period."""
        return self.facts.issued <= moment <= self.facts.next_update

    def accepts(self, signature: str, digest: str, moment: datetime) -> bool:
        """Whether the list holds the algorithms good enough at ``moment``."""
        return any(
            each.signature == signature and each.digest == digest and each.period.contains(moment)
            for each in self.algorithms
        )

    def accepts_digest(self, digest: str, moment: datetime) -> bool:
        """Whether the list holds the digest, with any signature, good enough at ``moment``."""
        return any(each.digest == digest and each.period.contains(moment) for each in self.algorithms)

    @classmethod
    def read(
        cls,
        data: bytes,
        *,
        at: datetime,
        anchor: Certificate | PublicKey | None = None,
        previous_sequence: int | None = None,
    ) -> "TrustList":
        """Read a signed trust list and check who signed it.

        Args:
            data: The file.
            at: Now, timezone-aware UTC: the signer's certificate must be in force at this moment and when the list
                was issued. A list past its next update is read; documents judged by it then never pass.
            anchor: What the caller has pinned: the operator's certificate or key, or that of the CA above it.
                Without one the list is the caller's own choice, like a CA file named on a command line, and
                reports say so.
            previous_sequence: Greatest sequence number seen before; an older list is refused.

        Raises:
            MalformedDataError: Not a trust list.
            LimitExceededError: Too large.
            TrustListRefusedError: Wrong signature, a signer that the anchor does not vouch for, or an older list.
        """
        envelope = read_envelope(data)
        top = read_json(envelope.payload, what="trust list", most=MAX_OCTETS).members(required=MEMBERS)
        top["schema"].choice((SCHEMA,))
        issued, next_update = read_moment(top["issued"]), read_moment(top["next_update"])
        if next_update <= issued:
            top["next_update"].fail("not after issued")
        check_signer(envelope, anchor, (issued, max(issued, min(at, next_update))))
        sequence = top["sequence"].integer(least=1, most=2**53)
        if previous_sequence is not None and sequence < previous_sequence:
            raise TrustListRefusedError(
                f"sequence {sequence} is older than {previous_sequence}, which was seen before"
            )
        operator = top["operator"].members(required=("name",), optional=("credit_code",))
        if "credit_code" in operator:
            read_credit_code(operator["credit_code"])
        return cls(
            facts=TrustFacts(
                sequence=sequence,
                digest=sm3(data).hex(),
                operator=operator["name"].text(longest=200),
                issued=issued,
                next_update=next_update,
                pinned=anchor is not None,
            ),
            regions=MappingProxyType(dict(read_entries(top["regions"], read_region, lambda each: each[0]))),
            authorities=tuple(
                read_entries(
                    top["authorities"], read_authority, lambda each: each.certificate.encoded, most=10_000
                )
            ),
            seal_makers=read_seal_makers(top["seal_makers"]),
            issuers=MappingProxyType(
                {
                    each.credit_code: each
                    for each in read_entries(top["issuers"], read_issuer, lambda each: each.credit_code)
                }
            ),
            crls=tuple(read_entries(top["crls"], read_crl_entry, lambda each: each.encoded, most=10_000)),
            algorithms=tuple(read_entries(top["algorithms"], read_algorithm, lambda each: each, most=16)),
        )
