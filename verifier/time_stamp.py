"""Judging time-stamp tokens (GB/T 20520; RFC 3161 2.2 and 2.4.2, RFC 5816) by a trust path of their own.

A token is good if every one of these holds:

1 format       it reads, and no critical extension of it is unknown
2 imprint      the digest is that of the signature value it stands beside, as received
3 signature    the authority's, over signed attributes that hold the digest of TSTInfo
4 binding      the attributes name the certificate that the signature is verified with
5 path         that certificate is for time-stamping alone and leads to an authority listed for it, at genTime; its
               status is known; algorithms were accepted at genTime and are now
6 time         not after now, not before what it confirms claims, and exact enough

Only a good one proves a time: by genTime, and its accuracy later, the signature existed. One whose authority's
certificate has run out since is in order and proves nothing any more, unless the policy says otherwise. Whatever
is wrong with a token makes the verdict worse, never better.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from formats import der
from formats.errors import MalformedDataError
from formats.gbt20518 import Certificate
from formats.gbt20520 import IMPRINT_DIGESTS, TimeStampToken, TstInfo
from formats.gbt35275 import SignedData
from formats.gbt38540 import Generation, SealSignature
from formats.signature_value import is_raw_signature, signature_as_der
from formats.tolerances import Tolerance
from verifier.bounded_cache import BoundedCache
from verifier.codes import Code
from verifier.examination import Examined
from verifier.facts import TimeStampFacts, moment_text
from verifier.findings import Finding, finding, shown
from verifier.memory import Memory
from verifier.path import PathJudge, PathState
from verifier.policy import Policy
from verifier.token_examination import ExaminedToken, examine_token
from verifier.trust_list import TrustList
from verifier.trust_list_model import Purpose

_CODES: Final = {state: Code[f"TIMESTAMP_CERT_{state}"] for state in PathState if state is not PathState.TRUSTED}
_REVOKED_WELL: Final = PathState.REVOKED_SINCE
_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_SHARED: Final = 64
"""Tokens of seals that are remembered: every document under one seal carries the same."""
_LARGEST_SHARED: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Stamped:
    """A token, and what it stands beside.

    Attributes:
        what: ``signature`` or ``seal``.
        token: As received.
        value: The signature value it is over, as received.
        wrapping: Tag of the string that the value is the content of.
        claimed: When what it confirms says it was made; None if it does not.
        certificates: Others at hand, among which the authority's may be.
    """

    what: str
    token: bytes = field(repr=False)
    value: bytes = field(repr=False)
    wrapping: int
    claimed: datetime | None
    certificates: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class TimeStampVerdict:
    """What the tokens of one signature come to.

    Attributes:
        findings: Of the step, at least one.
        stamps: What the tokens say, good or not.
        signature_existed: By then the signature had been made, for certain; None if nothing proves it.
        seal_existed: By then the seal had been made, for certain; a signature over it proves it too.
        seal_stamped: The same, by the seal's own token only.
        tolerances: Departures let pass in the tokens.
    """

    findings: tuple[Finding, ...]
    stamps: tuple[TimeStampFacts, ...] = ()
    signature_existed: datetime | None = None
    seal_existed: datetime | None = None
    seal_stamped: datetime | None = None
    tolerances: tuple[Tolerance, ...] = ()


class TimeStampJudge:
    """Judges the tokens of signatures against one trust list, or none. Safe for threads."""

    __slots__ = ("_memory", "_paths", "_policy", "_shared", "_trust")

    def __init__(self, trust: TrustList | None, paths: PathJudge | None, policy: Policy, memory: Memory) -> None:
        self._trust = trust
        self._paths = paths
        self._policy = policy
        self._memory = memory
        self._shared: BoundedCache[bytes, ExaminedToken] = BoundedCache(_SHARED)

    def judge(self, examined: Examined, *, at: datetime) -> TimeStampVerdict:
        """Judge the token of a signature and that of the seal in it.

        Args:
            examined: Facts of the signature.
            at: Now.
        """
        value, subject = examined.value, examined.subject
        of_seal = value.seal.time_stamp if isinstance(value, SealSignature) else None
        if examined.time_stamp is None and of_seal is None:
            return TimeStampVerdict((finding(Code.TIMESTAMP_ABSENT, subject),))
        if isinstance(value, SealSignature) and value.generation is Generation.V1:
            # GM/T 0031-2014 lets timeInfo, which is signed, be a token; of what, it does not say.
            return TimeStampVerdict((finding(Code.TIMESTAMP_UNJUDGED, subject, "timeInfo of generation v1"),))
        findings: list[Finding] = []
        stamps: list[TimeStampFacts] = []
        existed: dict[str, datetime] = {}
        tolerances: list[Tolerance] = []
        for stamped in _tokens(examined):
            token = self._examine(stamped)
            own, facts, proven = self._token(stamped, token, subject, at)
            if token.token is not None:
                tolerances += token.token.tolerances
            findings += own
            if facts is not None:
                stamps.append(facts)
            if proven is not None:
                existed[stamped.what] = proven
        return TimeStampVerdict(
            tuple(findings),
            tuple(stamps),
            signature_existed=existed.get("signature"),
            seal_existed=min(existed.values(), default=None),
            seal_stamped=existed.get("seal"),
            tolerances=tuple(tolerances),
        )

    def _token(
        self, stamped: Stamped, examined: ExaminedToken, subject: str, at: datetime
    ) -> tuple[list[Finding], TimeStampFacts | None, datetime | None]:
        """Findings about one token, what it says, and by when what it is over existed, if it proves that."""
        token = examined.token
        if token is None:
            return [finding(Code.TIMESTAMP_FORMAT, subject, f"{stamped.what}: {examined.fault}")], None, None
        latest = latest_time(token.info)
        path, proves = self._path(examined, token, at)
        told = [
            *_token_faults(stamped, examined, token),
            *self._time_faults(stamped, token.info, latest, at),
            *self._algorithm_faults(examined, token, at),
            *path,
        ]
        stands = all(code is _CODES[_REVOKED_WELL] for code, _ in told)
        if stands:
            told.append((Code.TIMESTAMP_VALID, moment_text(token.info.gen_time) or ""))
        good = all(code in _STANDING for code, _ in told)
        findings = [
            finding(code, subject, f"{stamped.what}: {detail}" if detail else stamped.what)
            for code, detail in told
        ]
        facts = TimeStampFacts(
            of=stamped.what,
            time=token.info.gen_time,
            accuracy=None if token.info.accuracy is None else token.info.accuracy.span,
            serial_number=f"{token.info.serial_number:x}",
            policy=token.info.policy,
            authority=self._memory.party(examined.certificate),
            proves=good and proves,
        )
        return findings, facts, min(_whole_second(latest), at) if facts.proves else None

    def _examine(self, stamped: Stamped) -> ExaminedToken:
        def examine() -> ExaminedToken:
            return examine_token(stamped.token, stamped.certificates, self._memory)

        if stamped.what != "seal" or len(stamped.token) > _LARGEST_SHARED:
            return examine()
        return self._shared.get(stamped.token, examine)

    def _time_faults(
        self, stamped: Stamped, info: TstInfo, latest: datetime, at: datetime
    ) -> Iterator[tuple[Code, str]]:
        policy = self._policy
        accuracy = latest - info.gen_time
        text = moment_text(info.gen_time) or ""
        if info.gen_time - at > accuracy + policy.clock_tolerance:
            yield Code.TIMESTAMP_FUTURE, text
        if accuracy > policy.time_stamp_accuracy:
            yield Code.TIMESTAMP_INACCURATE, f"{accuracy.total_seconds():g} s"
        if stamped.claimed is None:
            return
        told = f"{text}, claimed {moment_text(stamped.claimed)}"
        if stamped.claimed - latest > policy.time_stamp_tolerance:
            yield Code.TIMESTAMP_ORDER, told
        elif policy.time_stamp_delay is not None and latest - stamped.claimed > policy.time_stamp_delay:
            yield Code.TIMESTAMP_LATE, told

    def _algorithm_faults(
        self, examined: ExaminedToken, token: TimeStampToken, at: datetime
    ) -> Iterator[tuple[Code, str]]:
        """An algorithm that is broken now makes tokens of any time, so it must be accepted then and now."""
        if examined.unknown:
            yield Code.TIMESTAMP_ALGORITHM, shown("; ".join(examined.unknown))
        elif self._trust is not None and examined.algorithms is not None:
            trust, (signature, digest), imprint = self._trust, examined.algorithms, token.info.imprint.algorithm
            for moment in (token.info.gen_time, at):
                if not trust.accepts(signature, digest, moment) or not trust.accepts_digest(imprint, moment):
                    yield Code.TIMESTAMP_ALGORITHM, f"{signature}, {imprint} at {moment_text(moment)}"
                    return

    def _path(
        self, examined: ExaminedToken, token: TimeStampToken, at: datetime
    ) -> tuple[list[tuple[Code, str]], bool]:
        """What the authority's certificate comes to, and whether it lets a token prove anything."""
        certificate = examined.certificate
        if certificate is None:
            missing = not examined.certificate_fault
            code = Code.TIMESTAMP_CERT_MISSING if missing else Code.TIMESTAMP_CERT
            return [(code, examined.certificate_fault)], False
        if self._paths is None:
            return [(Code.TIMESTAMP_CERT_NO_TRUST, "")], False
        judged = self._paths.judge(
            certificate,
            Purpose.TIME_STAMP,
            moment=token.info.gen_time,
            at=at,
            links=self._links(token.signed_data),
        )
        states = {each.state for each in judged.results}
        told = [
            (_CODES[each.state], shown(f"{certificate.subject}: {each.detail}", 1000))
            for each in judged.results
            if each.state is not PathState.TRUSTED
        ]
        return told, PathState.EXPIRED_SINCE not in states or self._policy.expired_time_stamps

    def _links(self, signed: SignedData) -> list[Certificate]:
        """CA certificates in the token; one that cannot be read is as if it were not there."""
        links = []
        for data in signed.certificates:
            try:
                certificate = self._memory.certificate(data)
            except MalformedDataError:
                continue
            if certificate.is_ca:
                links.append(certificate)
        return links


_STANDING: Final = frozenset(
    {Code.TIMESTAMP_VALID, Code.TIMESTAMP_CERT_REVOKED_SINCE, Code.TIMESTAMP_CERT_EXPIRED_SINCE}
)
"""What may be said of a token that nothing is wrong with."""


def latest_time(info: TstInfo) -> datetime:
    """The latest moment at which a token can have been made: genTime, and its accuracy where it states one."""
    span = timedelta(0) if info.accuracy is None else info.accuracy.span
    return info.gen_time + span if span <= _LATEST - info.gen_time else _LATEST


def _whole_second(moment: datetime) -> datetime:
    """The end of the second, as reports tell it: what is proven is not moved towards the past."""
    if not moment.microsecond or moment.replace(microsecond=0) > _LATEST - timedelta(seconds=1):
        return moment
    return moment.replace(microsecond=0) + timedelta(seconds=1)


def _tokens(examined: Examined) -> Iterator[Stamped]:
    """Every token of a signature. A time stamp is over the signature value octets as received."""
    value = examined.value
    if isinstance(value, SignedData):
        if value.signer.time_stamp is not None:
            yield Stamped(
                "signature",
                value.signer.time_stamp,
                value.signer.signature,
                der.OCTET_STRING,
                value.signer.signing_time,
                value.certificates,
            )
    elif isinstance(value, SealSignature):
        if value.time_stamp is not None:
            yield Stamped("signature", value.time_stamp, value.signature, der.BIT_STRING, value.time_info)
        seal = value.seal
        if seal.time_stamp is not None:
            yield Stamped("seal", seal.time_stamp, seal.signature, der.BIT_STRING, seal.property.created)


def _token_faults(stamped: Stamped, examined: ExaminedToken, token: TimeStampToken) -> Iterator[tuple[Code, str]]:
    info = token.info
    for extension in info.extensions.values():
        if extension.critical:
            yield Code.TIMESTAMP_EXTENSION, extension.oid
    compute = IMPRINT_DIGESTS.get(info.imprint.algorithm)
    if compute is not None and compute(stamped.value) != info.imprint.digest:
        form = next((name for name, data in _other_forms(stamped) if compute(data) == info.imprint.digest), None)
        yield (Code.TIMESTAMP_IMPRINT, "") if form is None else (Code.TIMESTAMP_IMPRINT_FORM, form)
    if examined.signature is False:
        yield Code.TIMESTAMP_SIGNATURE, ""
    if examined.unbound:
        yield Code.TIMESTAMP_CERT_BINDING, examined.unbound


def _other_forms(stamped: Stamped) -> Iterator[tuple[str, bytes]]:
    """The value in encodings that a maker could have taken for it; all of them stand for the same signature."""
    value = stamped.value
    if stamped.wrapping == der.BIT_STRING:
        yield "with the octet of unused bits", b"\0" + value
        yield "with tag and length", der.bit_string(value)
    else:
        yield "with tag and length", der.octet_string(value)
    if is_raw_signature(value):
        yield "as DER", signature_as_der(value)
        return
    try:
        numbers = [each.integer(max_octets=33) for each in der.parse(value).sequence(2, 2).parent]
        yield "as 64 octets", b"".join(number.to_bytes(32, "big") for number in numbers)
    except (MalformedDataError, OverflowError):
        return  # no signature of that form, so there is no other encoding of it
