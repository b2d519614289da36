"""What the desk judges before it takes or approves an application."""

from __future__ import annotations

from datetime import timedelta

from ca.errors import RefusedError
from ca.model import CertificateState, SerialNumber
from ca.ports import Clock, Random
from ca.profile import ProfileSet
from ca.registration.intake import issuance_requests, signing_profile
from ca.registration.model import Application, IssuePlan
from ca.registration.ports import Authority
from formats.gbt20518 import Validity


class DeskRules:
    """Rules over applications; none of them changes anything.

    Args:
        authority: Who will issue, and knows the rules for certificates.
        profiles: Known profiles.
        has_key_management: Whether pairs can be made.
        clock: Gives the present moment.
        random: Gives octets for serial numbers.
    """

    def __init__(
        self,
        *,
        authority: Authority,
        profiles: ProfileSet,
        has_key_management: bool,
        clock: Clock,
        random: Random,
    ) -> None:
        self._authority = authority
        self._profiles = profiles
        self._has_key_management = has_key_management
        self._clock = clock
        self._random = random

    def plan(self, application: Application) -> IssuePlan:
        """What an approval now would fix, with serial numbers of its own.

        Raises:
            RefusedError: The profile is not known, or is for pairs and there is no key management part.
        """
        profile = signing_profile(self._profiles, application.profile)
        pair = profile.encryption_twin is not None
        if pair and not self._has_key_management:
            raise RefusedError(
                f"profile {profile.name} is for pairs, and there is no key management part",
                code="registration.no-key-management",
            )
        now = self._clock().replace(microsecond=0)
        plan = IssuePlan(
            validity=Validity(now, now + timedelta(days=application.days)),
            signing_serial=SerialNumber.draw(self._random),
            encryption_serial=SerialNumber.draw(self._random) if pair else None,
        )
        # The encryption key is not there yet; the signing key stands in for it.
        requests = issuance_requests(
            application, plan, self._profiles, key="trial", encryption_key=application.public_key
        )
        for request in requests:
            self._authority.check(request)
        return plan

    def check_renewable(self, application: Application) -> None:
        """Refuse to renew what is not valid any more.

        Raises:
            RefusedError: The certificate is expired, held or revoked.
        """
        if application.replaces is None:
            return
        certificate = self._authority.record(application.replaces)
        if certificate.state is not CertificateState.VALID or certificate.is_expired(self._clock()):
            raise RefusedError("the certificate is not valid any more", code="registration.not-renewable")
