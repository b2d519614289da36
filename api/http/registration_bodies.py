"""What the registration desk's REST interface takes and gives, as typed bodies with limits."""

from base64 import b64decode
from binascii import Error as Base64Error
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.subject_input import read_subject
from ca.errors import RefusedError
from ca.model import CertificateRecord, SerialNumber
from ca.registration.intake import RenewalSubmission, Submission
from ca.registration.model import ApplicationRecord
from formats.gbt20518 import GeneralNameKind, Name, der_or_pem
from formats.gbt20518.alternative_name import AlternativeName
from formats.gbt20518.identity import IdentityKind, IdentityNumber

_LONGEST_REQUEST = 128 * 1024
_KINDS = {
    "dns": GeneralNameKind.DNS,
    "ip": GeneralNameKind.IP_ADDRESS,
    "email": GeneralNameKind.EMAIL,
    "uri": GeneralNameKind.URI,
}

Days = Annotated[int, Field(ge=1, le=36_525)]
Text = Annotated[str, Field(max_length=400)]
Hexadecimal = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{1,40}$")]


class Body(BaseModel):
    """A body nothing unknown may stand in."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Named(Body):
    """One name for subjectAltName."""

    kind: Literal["dns", "ip", "email", "uri"]
    name: Annotated[str, Field(max_length=2000)]


class Numbered(Body):
    """One number for an identity extension."""

    kind: IdentityKind
    number: Annotated[SecretStr, Field(min_length=1, max_length=128)]


class NewApplication(Body):
    """An application for first certificates of a key."""

    profile: Annotated[str, Field(max_length=60)]
    request: Annotated[str, Field(max_length=_LONGEST_REQUEST, description="PKCS#10, PEM or Base64 of DER")]
    days: Days
    evidence: Text = ""
    subject: Annotated[str, Field(max_length=2000)] | None = None
    credit_code: Annotated[str, Field(max_length=18)] | None = None
    names: Annotated[list[Named], Field(max_length=100)] = []
    numbers: Annotated[list[Numbered], Field(max_length=6)] = []

    def submission(self, key: str) -> Submission:
        """As the desk takes it.

        Raises:
            RefusedError: The subject or a name is malformed.
        """
        return Submission(
            key=key,
            profile=self.profile,
            request=_request(self.request),
            days=self.days,
            evidence=self.evidence,
            subject=None if self.subject is None else _subject(self.subject),
            credit_code=self.credit_code,
            alternative_names=tuple(_name(each) for each in self.names),
            identity=tuple(IdentityNumber(each.kind, each.number.get_secret_value()) for each in self.numbers),
        )


class NewRenewal(Body):
    """An application to renew certificates of the desk."""

    replaces: Hexadecimal
    request: Annotated[str, Field(max_length=_LONGEST_REQUEST, description="PKCS#10, PEM or Base64 of DER")]
    days: Days
    overlap_days: Annotated[int, Field(ge=0, le=36_525)] | None = None
    evidence: Text = ""

    def submission(self, key: str) -> RenewalSubmission:
        """As the desk takes it."""
        return RenewalSubmission(
            key=key,
            replaces=_serial(self.replaces),
            request=_request(self.request),
            days=self.days,
            overlap_days=self.overlap_days,
            evidence=self.evidence,
        )


class Reasoned(Body):
    """Why."""

    reason: Annotated[str, Field(min_length=1, max_length=400)]


class Revoked(Body):
    """Why and since when certificates are revoked."""

    reason: Literal[
        "unspecified",
        "key_compromise",
        "ca_compromise",
        "affiliation_changed",
        "superseded",
        "cessation_of_operation",
        "privilege_withdrawn",
    ]
    invalid_since: datetime | None = None


class ApplicationView(Body):
    """An application as it is told; numbers by their kinds alone."""

    id: str
    state: str
    is_expired: bool
    kind: str
    profile: str
    subject: str
    days: int
    evidence: str
    names: list[str]
    numbers: list[str]
    replaces: str | None
    clerk: str
    applied_at: datetime
    expires_at: datetime
    reviewer: str | None
    decided_at: datetime | None
    reason: str | None
    serials: list[str]

    @classmethod
    def of(cls, record: ApplicationRecord, now: datetime) -> Self:
        """Of a record."""
        application, decision, plan = record.application, record.decision, record.plan
        return cls(
            id=str(record.id),
            state=str(record.state),
            is_expired=record.is_expired(now),
            kind=str(application.kind),
            profile=application.profile,
            subject=str(application.subject),
            days=application.days,
            evidence=application.evidence,
            names=[name.text for name in application.alternative_names],
            numbers=[str(number.kind) for number in application.identity],
            replaces=str(application.replaces) if application.replaces else None,
            clerk=application.clerk,
            applied_at=record.applied_at,
            expires_at=record.expires_at,
            reviewer=decision.reviewer if decision else None,
            decided_at=decision.at if decision else None,
            reason=decision.reason if decision else None,
            serials=[str(serial) for serial in plan.serials] if plan else [],
        )


class CertificateView(Body):
    """Where a certificate stands."""

    serial: str
    state: str

    @classmethod
    def of(cls, record: CertificateRecord) -> Self:
        """Of a record."""
        return cls(serial=str(record.serial), state=str(record.state))


class TrailSoundness(Body):
    """Index of the first entry of the trail that does not follow from those before; null if it is whole."""

    first_break: int | None


def _request(text: str) -> bytes:
    """Octets of a request; whether they are one is for the desk to say, which notes what it refuses."""
    if text.lstrip().startswith("-----"):
        try:
            return der_or_pem(text.encode("ascii", "replace"), "CERTIFICATE REQUEST")
        except ValueError:
            return text.encode("utf-8", "replace")
    try:
        return b64decode(text, validate=True)
    except Base64Error:
        return text.encode("utf-8", "replace")


def _serial(text: str) -> SerialNumber:
    try:
        return SerialNumber.parse(text)
    except ValueError as error:
        raise RefusedError("no serial number", code="registration.field") from error


def _subject(text: str) -> Name:
    try:
        return read_subject(text)
    except ValueError as error:
        raise RefusedError(f"the subject is malformed: {error}", code="registration.subject") from error


def _name(named: Named) -> AlternativeName:
    try:
        return AlternativeName(_KINDS[named.kind], named.name)
    except ValueError as error:
        raise RefusedError(f"a {named.kind} name is not well-formed", code="registration.field") from error
