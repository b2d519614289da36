"""Who signed a trust list: the signature, and the path from its signer to the anchor the caller has pinned."""

from datetime import datetime

from crypto import DEFAULT_USER_ID, InvalidSignatureError, PublicKey, verify
from formats.gbt20518 import Certificate
from verifier.errors import TrustListRefusedError
from verifier.issuance import may_issue, may_sign, names_allow, signed_by, unreadable_criticals
from verifier.trust_list_envelope import TRUST_LIST_SIGNING, Envelope

Anchor = Certificate | PublicKey


def check_signer(envelope: Envelope, anchor: Anchor | None, moments: tuple[datetime, ...]) -> None:
    """Check an envelope's signature and its signer.

    Args:
        envelope: The taken-apart envelope.
        anchor: Pinned certificate or key: the signer's own, or that of the CA above it; None to check the
            signature alone.
        moments: When every certificate of the signer's chain must be in force.

    Raises:
        TrustListRefusedError: The signature is wrong, a certificate is out of its period, or the signer is not one
            the anchor vouches for.
    """
    signer = envelope.certificates[0]
    if signer.public_key is None:
        raise TrustListRefusedError("the signer's key is no SM2 key")
    try:
        verify(signer.public_key, envelope.signed_bytes, envelope.signature, user_id=DEFAULT_USER_ID)
    except InvalidSignatureError as exc:
        raise TrustListRefusedError("the list's signature is wrong") from exc
    for each in envelope.certificates:
        if not all(each.validity.contains(moment) for moment in moments):
            raise TrustListRefusedError(f"a certificate of the list's signer is not in force: {each.subject}")
    if anchor is None or _is_anchor(signer, anchor):
        return  # pinned itself, the signer needs nobody to vouch for its role
    _check_role(signer)
    _check_chain(envelope.certificates, anchor)


def _is_anchor(certificate: Certificate, anchor: Anchor) -> bool:
    if isinstance(anchor, PublicKey):
        return certificate.public_key == anchor
    return certificate.encoded == anchor.encoded


def _has_the_role(certificate: Certificate) -> bool:
    return TRUST_LIST_SIGNING in (certificate.extended_key_usage or ())


def _check_role(signer: Certificate) -> None:
    if not _has_the_role(signer):
        raise TrustListRefusedError("the signer's certificate is not one for signing trust lists")
    if not may_sign(signer):
        raise TrustListRefusedError("the signer's key may not sign")


def _check_chain(chain: tuple[Certificate, ...], anchor: Anchor) -> None:
    """Each certificate is issued by the next, and the last one needed by the anchor.

    A CA in between must be one for signers of trust lists by its own extKeyUsage. The CAs a list is about often
    stand below the same root: none of them may make a signer, and with it a list, of its own.
    """
    for position, certificate in enumerate(chain):
        if unreadable_criticals(certificate):
            break
        if position and not (may_issue(certificate, position - 1) and _has_the_role(certificate)):
            break
        if _issued_by(certificate, anchor, position):
            return
        if position + 1 == len(chain) or not _issued_by(certificate, chain[position + 1], position):
            break
    raise TrustListRefusedError("the list's signer does not chain to the pinned anchor")


def _issued_by(certificate: Certificate, issuer: Anchor, authorities_below: int) -> bool:
    if isinstance(issuer, PublicKey):
        return signed_by(certificate, issuer)
    if not certificate.issuer.matches(issuer.subject) or not may_issue(issuer, authorities_below):
        return False
    constraints = issuer.name_constraints
    if constraints is not None and names_allow(constraints, certificate) is not True:
        return False
    return issuer.public_key is not None and signed_by(certificate, issuer.public_key)
