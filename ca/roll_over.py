"""A new key for an authority: link certificates both ways, then the old key signs revocation lists alone.

In the terms of RFC 4210 4.4: NewWithNew is the authority's certificate for the new key, a root's own or its
parent's; NewWithOld leads who trusts the old key to what the new one signs; OldWithNew leads who trusts the new
key to what the old one signed. A key is an authority of its own to the record, so the two generations share
nothing but their name.

Every step can be repeated: the requests follow from the two certificates, so after an interruption the same call
gives the same links and finishes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ca.errors import RefusedError
from ca.model import AuthorityBounds, IssuanceRequest, Possession
from ca.service import CertificateAuthority
from formats.gbt20518 import Certificate, Validity

LINK_PROFILE: Final = "link"


@dataclass(frozen=True, slots=True)
class LinkCertificates:
    """The two links between the generations of an authority.

    Attributes:
        new_with_old: The new key, signed by the old one.
        old_with_new: The old key, signed by the new one.
    """

    new_with_old: Certificate
    old_with_new: Certificate


def roll_over(old: CertificateAuthority, new: CertificateAuthority, *, actor: str) -> LinkCertificates:
    """Link two generations and retire the old one.

    Args:
        old: The authority under its old key.
        new: The same name under the new key.
        actor: Who asked, for the audit trail.

    Raises:
        RefusedError: The two are no generations of one authority, their lists would share an address, a link
            breaks rules (``LintError``), or an intent of the old one is not finished.
        KeyStoreError: A key store failed; calling again finishes.
    """
    check_generations(old, new)
    before, after = old.certificate, new.certificate
    ends = min(before.validity.not_after, after.validity.not_after)
    new_with_old = old.issue_link(_request(new, before, Validity(after.validity.not_before, ends)), actor=actor)
    old_with_new = new.issue_link(_request(old, after, Validity(before.validity.not_before, ends)), actor=actor)
    old.retire(new.authority, actor=actor)
    return LinkCertificates(new_with_old, old_with_new)


def check_generations(old: CertificateAuthority, new: CertificateAuthority) -> None:
    """Refuse two authorities that are no generations of one.

    Raises:
        RefusedError: They are not, or their lists would share an address.
    """
    if old.certificate.subject.encoded != new.certificate.subject.encoded or old.authority == new.authority:
        raise RefusedError("one name and two keys are needed", code="ca.roll-over-pair")
    addresses = {uri for each in old.lists.partitions for uri in each.uris}
    if addresses & {uri for each in new.lists.partitions for uri in each.uris}:
        raise RefusedError(
            "lists of the two keys would share an address; give the new one its own", code="ca.roll-over-lists"
        )


def _request(subject: CertificateAuthority, issuer: Certificate, validity: Validity) -> IssuanceRequest:
    key = subject.certificate.public_key
    constraints = issuer.basic_constraints
    if key is None:
        raise RefusedError("the authority has no SM2 key", code="ca.roll-over-pair")
    return IssuanceRequest(
        key=f"link-{subject.authority}",
        profile=LINK_PROFILE,
        subject=subject.certificate.subject,
        public_key=key,
        validity=validity,
        possession=Possession.PROVEN,
        bounds=AuthorityBounds(path_length=constraints.path_length if constraints is not None else None),
    )
