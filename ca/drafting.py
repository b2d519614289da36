"""From a request to a draft: content built and linted, nothing recorded yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ca.authority import AuthoritySettings, Issuer, authority_id
from ca.errors import LintError, LintFinding, RefusedError
from ca.issuance import LintedCertificate, prepare, readmit
from ca.model import CertificateRecord, CertificateState, IssuanceRequest, SerialNumber
from ca.ports import Clock, Random
from ca.profile import Certifies, Profile


@dataclass(frozen=True, slots=True)
class Draft:
    """What would become of one request.

    Attributes:
        request: The request.
        actor: Who asked.
        outcome: Its record to be and the token to sign, or why it was refused.
    """

    request: IssuanceRequest
    actor: str
    outcome: tuple[CertificateRecord, LintedCertificate] | RefusedError


class Drafting:
    """Builds and lints what one authority is asked for.

    Args:
        issuer: The name and key to issue under.
        settings: What the authority writes into certificates.
        profiles: Known profiles by name.
        clock: Gives the present moment.
        random: Gives octets for serial numbers.
    """

    def __init__(
        self,
        *,
        issuer: Issuer,
        settings: AuthoritySettings,
        profiles: Mapping[str, Profile],
        clock: Clock,
        random: Random,
    ) -> None:
        self._issuer = issuer
        self._settings = settings
        self._profiles = profiles
        self._clock = clock
        self._random = random
        self._authority = authority_id(issuer.public_key)

    def draft(self, request: IssuanceRequest, actor: str, now: datetime) -> Draft:
        """What a request that was never seen becomes; a rule it breaks is in the draft."""
        try:
            return Draft(request, actor, self._new(request, now))
        except RefusedError as refusal:
            return Draft(request, actor, refusal)

    def _new(self, request: IssuanceRequest, now: datetime) -> tuple[CertificateRecord, LintedCertificate]:
        profile = self._profile(request.profile)
        serial = request.serial or SerialNumber.draw(self._random)
        token = prepare(profile, request, self._issuer, self._settings, serial=serial, now=now)
        record = CertificateRecord(
            authority=self._authority,
            serial=serial,
            state=CertificateState.PENDING,
            profile=profile.identifier,
            request_key=request.key,
            request_digest=request.digest(),
            subject=str(request.subject),
            not_after=request.validity.not_after,
            intended_at=now,
            tbs=token.tbs,
            list_name=self._settings.partition_of(
                serial, is_authority=profile.certifies is not Certifies.END_ENTITY
            ).name,
        )
        return record, token

    def token_again(self, record: CertificateRecord) -> LintedCertificate:
        """A token for recorded content: linted as of its intent, and still of use today.

        Raises:
            LintError: It breaks rules, or it or its issuer is not valid any more.
        """
        token = readmit(record.tbs, self._profile(record.profile), self._issuer, now=record.intended_at)
        now = self._clock()
        above = self._issuer.certificate
        if record.is_expired(now) or (above is not None and not above.validity.contains(now)):
            raise LintError(
                [LintFinding("ca.recovered-too-late", "[D]", "it or its issuer is not valid any more")]
            )
        return token

    def _profile(self, name: str) -> Profile:
        try:
            return self._profiles[name]
        except KeyError:
            raise LintError([LintFinding("ca.profile-unknown", "[D]", f"no profile is called {name!r}")]) from None
