"""At the counter: submissions become applications on record, or are refused and noted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ca.errors import RefusedError
from ca.model import SerialNumber
from ca.ports import Clock, Random
from ca.profile import ProfileSet
from ca.registration.intake import (
    RenewalSubmission,
    Submission,
    examine_request,
    numbers_for,
    renewal_kind,
    signing_profile,
    subject_of,
)
from ca.registration.model import (
    Application,
    ApplicationId,
    ApplicationKind,
    ApplicationRecord,
    ApplicationState,
    check_operator,
)
from ca.registration.ports import Authority, NumberHash
from ca.registration.record_ports import DeskStore, DeskTransaction, entry_of
from ca.registration.rules import DeskRules
from crypto import DEFAULT_USER_ID, sm3

_DEAD: Final = frozenset({ApplicationState.REJECTED, ApplicationState.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """How a desk works.

    Attributes:
        waiting: How long an application can be decided after it came.
        user_id: SM2 identity requests are signed under.
    """

    waiting: timedelta = timedelta(days=30)
    user_id: bytes = DEFAULT_USER_ID


class Counter:
    """Takes applications; see ``ca.registration.service.RegistrationDesk`` for the arguments.

    Args:
        store: The desk's record.
        authority: Who will issue.
        rules: What is judged before anything is recorded.
        profiles: Known profiles.
        settings: How the desk works.
        clock: Gives the present moment.
        random: Gives octets for identifiers.
        hash_number: Hashes numbers for profiles that want that.
    """

    def __init__(
        self,
        *,
        store: DeskStore,
        authority: Authority,
        rules: DeskRules,
        profiles: ProfileSet,
        settings: DeskSettings,
        clock: Clock,
        random: Random,
        hash_number: NumberHash | None,
    ) -> None:
        self._store = store
        self._authority = authority
        self._rules = rules
        self._profiles = profiles
        self._settings = settings
        self._clock = clock
        self._random = random
        self._hash_number = hash_number

    def apply(self, submission: Submission, *, clerk: str) -> ApplicationRecord:
        """Take an application for a first certificate, or pair, of a key."""
        check_operator(clerk)
        try:
            return self._take(self._first_application(submission, clerk))
        except RefusedError as exc:
            self._note_refusal(submission.request, clerk, exc)
            raise

    def renew(self, submission: RenewalSubmission, *, clerk: str) -> ApplicationRecord:
        """Take an application to renew a certificate, or pair, that this desk approved."""
        check_operator(clerk)
        try:
            return self._take(self._renewal(submission, clerk))
        except RefusedError as exc:
            self._note_refusal(submission.request, clerk, exc)
            raise

    def _first_application(self, submission: Submission, clerk: str) -> Application:
        profile = signing_profile(self._profiles, submission.profile)
        request, public_key = examine_request(submission.request, user_id=self._settings.user_id)
        return Application(
            key=submission.key,
            kind=ApplicationKind.NEW,
            profile=profile.identifier,
            subject=subject_of(request, submission.subject),
            public_key=public_key,
            days=submission.days,
            clerk=clerk,
            request=submission.request,
            evidence=submission.evidence,
            credit_code=submission.credit_code,
            alternative_names=submission.alternative_names,
            identity=numbers_for(profile, submission.identity, self._hash_number),
        )

    def _renewal(self, submission: RenewalSubmission, clerk: str) -> Application:
        with self._store.transaction() as change:
            earlier = change.by_serial(self._authority.authority, submission.replaces)
        if earlier is None or earlier.plan is None:
            raise RefusedError("this desk approved no such certificate", code="registration.not-renewable")
        before = earlier.application
        profile = signing_profile(self._profiles, before.profile.partition("/")[0])
        _request, public_key = examine_request(submission.request, user_id=self._settings.user_id)
        return Application(
            key=submission.key,
            kind=renewal_kind(before, public_key),
            profile=profile.identifier,
            subject=before.subject,
            public_key=public_key,
            days=submission.days,
            clerk=clerk,
            request=submission.request,
            evidence=submission.evidence,
            credit_code=before.credit_code,
            alternative_names=before.alternative_names,
            identity=before.identity,
            replaces=earlier.plan.signing_serial,
            overlap_days=submission.overlap_days,
        )

    def _take(self, application: Application) -> ApplicationRecord:
        own = self._authority.authority
        with self._store.transaction() as change:
            known = change.by_key(own, application.key)
            if known is not None:
                if known.application.digest() != application.digest():
                    raise RefusedError(
                        "the request key belongs to another application", code="registration.key-reused"
                    )
                return known
            self._check_key(change, application)
            self._rules.check_renewable(application)
            self._rules.plan(application)  # what could never be issued is not taken
            now = self._now()
            record = ApplicationRecord(
                id=ApplicationId.draw(self._random),
                application=application,
                state=ApplicationState.APPLIED,
                applied_at=now,
                expires_at=now + self._settings.waiting,
            )
            change.add(own, record)
            details = {
                "kind": str(application.kind),
                "profile": application.profile,
                "request": sm3(application.request).hex(),
                "replaces": str(application.replaces) if application.replaces else None,
            }
            change.append_audit(now, application.clerk, "application-taken", entry_of(own, record.id, details))
        return record

    def _check_key(self, change: DeskTransaction, application: Application) -> None:
        """A key serves one subject, and comes a second time only where its certificate is renewed."""
        now = self._now()
        for other in change.of_public_key(self._authority.authority, application.public_key):
            if other.state in _DEAD or other.is_expired(now):
                continue
            renewed = other.plan.signing_serial if other.plan else None
            if application.kind is ApplicationKind.RENEWAL and self._is_line_of(change, application, renewed):
                continue
            raise RefusedError("the key is on record in another application", code="registration.key-on-record")

    def _is_line_of(self, change: DeskTransaction, application: Application, serial: SerialNumber | None) -> bool:
        """Whether a certificate is the one being renewed, or one that was renewed into it."""
        at = application.replaces
        while at is not None and serial is not None:
            if at == serial:
                return True
            record = change.by_serial(self._authority.authority, at)
            at = record.application.replaces if record else None
        return False

    def _note_refusal(self, request: bytes, clerk: str, refusal: RefusedError) -> None:
        details: dict[str, str | int | None] = {
            "authority": self._authority.authority,
            "request": sm3(request).hex(),
            "octets": len(request),
            "code": refusal.code,
        }
        with self._store.transaction() as change:
            change.append_audit(self._now(), clerk, "application-refused", details)

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)
