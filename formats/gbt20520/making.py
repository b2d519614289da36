"""Making a token with a ``Signer``: what a time-stamp authority does once it has decided to."""

from collections.abc import Sequence
from datetime import datetime

from crypto import DEFAULT_USER_ID, Signer, sign_message
from formats.gbt20518 import Extension
from formats.gbt20520.model import Accuracy, MessageImprint
from formats.gbt20520.writing import assemble_token, signed_attributes, tst_info


def issue_token(
    signer: Signer,
    certificate: bytes,
    *,
    imprint: MessageImprint,
    policy: str,
    serial_number: int,
    at: datetime,
    accuracy: Accuracy | None = None,
    ordering: bool = False,
    nonce: int | None = None,
    tsa: bytes | None = None,
    extensions: Sequence[Extension] = (),
    certificates: Sequence[bytes] | None = None,
) -> bytes:
    """A time-stamp token signed with SM2 and SM3 under the identity 1234567812345678, DER.

    Clock, serial numbers, policy and whether to stamp at all are the caller's business.

    Args:
        signer: The authority's key; what it signs is verified before it is handed out.
        certificate: The authority's, DER.
        imprint: Of what the time stamp is.
        policy: Identifier of the policy.
        serial_number: Positive, at most 160 bits, never used before.
        at: genTime, UTC.
        accuracy: How exact ``at`` is.
        ordering: Whether tokens can be ordered by genTime alone.
        nonce: That of the request.
        tsa: A name of the authority, DER GeneralName.
        extensions: Left out if there are none.
        certificates: What is attached; the authority's own certificate alone if left out.

    Raises:
        ValueError: A value that a token cannot hold.
        KeyStoreError: The key store failed, or its signature does not verify.
    """
    info = tst_info(
        policy=policy,
        imprint=imprint,
        serial_number=serial_number,
        at=at,
        accuracy=accuracy,
        ordering=ordering,
        nonce=nonce,
        tsa=tsa,
        extensions=extensions,
    )
    attributes = signed_attributes(info, certificate)
    return assemble_token(
        info=info,
        attributes=attributes,
        signature=sign_message(signer, attributes, user_id=DEFAULT_USER_ID),
        certificate=certificate,
        certificates=(certificate,) if certificates is None else certificates,
    )
