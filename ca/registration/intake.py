"""From what a clerk hands in to an application: requests prove possession, profiles say what may be asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from ca.errors import RefusedError
from ca.model import IssuanceRequest, Possession, SerialNumber
from ca.profile import Certifies, Presence, Profile, ProfileSet
from ca.profile_model import HASHED_NUMBER, NumberForm
from ca.registration.model import Application, ApplicationKind, IssuePlan
from ca.registration.ports import NumberHash
from crypto import InvalidSignatureError, PublicKey
from formats.errors import MalformedDataError
from formats.gbt20518 import Name, read_request, verify_possession
from formats.gbt20518.alternative_name import AlternativeName
from formats.gbt20518.identity import IdentityNumber
from formats.gbt20518.request import CertificationRequest


@dataclass(frozen=True, slots=True)
class Submission:
    """What a clerk hands in for a first certificate; nothing of it is checked yet.

    Attributes:
        key: Idempotency key.
        profile: Name of the profile of the signing certificate, or name and version.
        request: DER CertificationRequest (PKCS#10), from outside.
        days: How long the certificates are to be valid.
        evidence: Where the papers lie; empty for none.
        subject: Subject the clerk established; None to take the request's.
        credit_code: Credit code the clerk established; None without one.
        alternative_names: For subjectAltName; those the request asks for are not taken over.
        identity: Numbers as they stand in the papers. What the profile wants hashed is hashed before anything is
            recorded; what it does not allow is refused.
    """

    key: str
    profile: str
    request: bytes = field(repr=False)
    days: int
    evidence: str = ""
    subject: Name | None = None
    credit_code: str | None = None
    alternative_names: tuple[AlternativeName, ...] = ()
    identity: tuple[IdentityNumber, ...] = ()


@dataclass(frozen=True, slots=True)
class RenewalSubmission:
    """What a clerk hands in to renew; names and numbers come from the earlier application.

    Attributes:
        key: Idempotency key.
        replaces: Serial number of the earlier certificate, of either of a pair.
        request: DER CertificationRequest, with the same signing key or another one.
        days: How long the new certificates are to be valid.
        overlap_days: How long the earlier ones stay valid beside them before they are superseded; None to leave
            them.
        evidence: Where the papers lie; empty for none.
    """

    key: str
    replaces: SerialNumber
    request: bytes = field(repr=False)
    days: int
    overlap_days: int | None = None
    evidence: str = ""


def examine_request(data: bytes, *, user_id: bytes) -> tuple[CertificationRequest, PublicKey]:
    """The request and its key, once its signature proves possession.

    Raises:
        RefusedError: No request, no SM2 key, or possession is not proven; the code tells which.
    """
    try:
        request = read_request(data)
    except MalformedDataError as exc:
        raise RefusedError(f"not a certification request: {exc.message}", code="registration.malformed") from exc
    if request.public_key is None:
        raise RefusedError("the request names no SM2 key", code="registration.key-algorithm")
    try:
        return request, verify_possession(request, user_id=user_id)
    except InvalidSignatureError as exc:
        raise RefusedError(
            "the request's signature does not prove possession of its key", code="registration.possession"
        ) from exc


def subject_of(request: CertificationRequest, established: Name | None) -> Name:
    """The subject to certify.

    Raises:
        RefusedError: The request's own is taken and is not written by the rules.
    """
    if established is not None:
        return established
    if request.subject.tolerances:
        names = ", ".join(request.subject.tolerances)
        raise RefusedError(f"the subject is not written by the rules ({names})", code="registration.subject")
    return request.subject


def signing_profile(profiles: ProfileSet, name: str) -> Profile:
    """The profile of a signing certificate applicants can ask for.

    Raises:
        RefusedError: There is none of that name, or it is for authorities or for encryption certificates.
    """
    profile = profiles.get(name)
    if profile is None:
        raise RefusedError(f"no profile is called {name!r}", code="registration.profile")
    if profile.certifies is not Certifies.END_ENTITY or profile.is_for_encryption:
        raise RefusedError(
            f"profile {profile.name} is not for signing certificates of end entities", code="registration.profile"
        )
    return profile


def numbers_for(
    profile: Profile, numbers: tuple[IdentityNumber, ...], hash_number: NumberHash | None
) -> tuple[IdentityNumber, ...]:
    """Numbers in the form the profile gives them. Those it does not allow never get further than here.

    Raises:
        RefusedError: One is not allowed, given twice, missing, or cannot be hashed since the desk has no key.
    """
    if len({number.kind.oid for number in numbers}) != len(numbers):
        raise RefusedError("two numbers where one extension holds one", code="registration.identity")
    given = {number.kind for number in numbers}
    for rule in profile.identity:
        if rule.presence is Presence.REQUIRED and rule.kind not in given:
            raise RefusedError(f"the profile requires a number: {rule.kind}", code="registration.identity")
    return tuple(_in_form(profile, number, hash_number) for number in numbers)


def _in_form(profile: Profile, number: IdentityNumber, hash_number: NumberHash | None) -> IdentityNumber:
    rule = profile.identity_rule(number.kind)
    if rule is None:
        raise RefusedError(f"the profile does not allow a number: {number.kind}", code="registration.identity")
    if rule.form is NumberForm.PLAIN:
        return number
    if hash_number is None:
        raise RefusedError("the desk has no key to hash numbers with", code="registration.number-key")
    hashed = hash_number(number)
    if not HASHED_NUMBER.fullmatch(hashed):
        raise ValueError("a number's hash is 64 hexadecimal digits")
    return IdentityNumber(number.kind, hashed)


def issuance_requests(
    application: Application, plan: IssuePlan, profiles: ProfileSet, *, key: str, encryption_key: PublicKey | None
) -> list[IssuanceRequest]:
    """What the authority is asked for: the signing certificate, and the encryption certificate of a pair.

    Args:
        application: What was applied for.
        plan: What its approval fixed.
        profiles: Known profiles.
        key: What the requests' idempotency keys begin with.
        encryption_key: Key of the encryption certificate; None to leave that certificate out.

    Raises:
        RefusedError: The profile is not known any more.
    """
    profile = signing_profile(profiles, application.profile)
    signing = IssuanceRequest(
        key=f"{key}/signing",
        profile=profile.identifier,
        subject=application.subject,
        public_key=application.public_key,
        validity=plan.validity,
        possession=Possession.PROVEN,
        credit_code=application.credit_code,
        alternative_names=application.alternative_names,
        identity=application.identity,
        serial=plan.signing_serial,
    )
    if encryption_key is None or plan.encryption_serial is None or profile.encryption_twin is None:
        return [signing]
    twin = profiles[profile.encryption_twin]
    encryption = IssuanceRequest(
        key=f"{key}/encryption",
        profile=twin.identifier,
        subject=application.subject,
        public_key=encryption_key,
        validity=plan.validity,
        possession=Possession.VOUCHED,  # by the key management part, which made the key
        credit_code=application.credit_code,
        alternative_names=application.alternative_names,
        identity=application.identity,
        serial=plan.encryption_serial,
    )
    return [signing, encryption]


def renewal_kind(earlier: Application, public_key: PublicKey) -> ApplicationKind:
    """Whether a renewal keeps the signing key."""
    return ApplicationKind.RENEWAL if public_key == earlier.public_key else ApplicationKind.REKEY
