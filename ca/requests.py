"""From a certification request (PKCS#10) to an issuance request."""

from __future__ import annotations

from ca.errors import RefusedError
from ca.model import IssuanceRequest, Possession
from formats.gbt20518 import Name, Validity, read_request, verify_possession
from formats.gbt20518.alternative_name import AlternativeName


def request_from_pkcs10(
    data: bytes,
    *,
    key: str,
    profile: str,
    validity: Validity,
    user_id: bytes,
    subject: Name | None = None,
    credit_code: str | None = None,
    alternative_names: tuple[AlternativeName, ...] = (),
) -> IssuanceRequest:
    """Take key and subject from a request, once its signature proves possession of the key.

    Extensions the request asks for are not taken over: the profile alone decides.

    Args:
        data: DER CertificationRequest.
        key: Idempotency key.
        profile: Name of the certificate profile.
        validity: Validity to certify.
        user_id: SM2 identity the requester signed under.
        subject: Subject the registering officer established; None to take the request's.
        credit_code: Credit code the registering officer established; None without one.
        alternative_names: Names the registering officer established.

    Raises:
        MalformedDataError: Not a certification request.
        InvalidSignatureError: Possession is not proven.
        RefusedError: The request's subject cannot be certified as it is written.
    """
    request = read_request(data)
    public_key = verify_possession(request, user_id=user_id)
    if subject is None and request.subject.tolerances:
        names = ", ".join(request.subject.tolerances)
        raise RefusedError(f"the subject is not written by the rules ({names})", code="ca.request-subject")
    return IssuanceRequest(
        key=key,
        profile=profile,
        subject=request.subject if subject is None else subject,
        public_key=public_key,
        validity=validity,
        possession=Possession.PROVEN,
        credit_code=credit_code,
        alternative_names=alternative_names,
    )
