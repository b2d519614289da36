"""What a good time stamp proves, what it does not, and what the policy decides. What is wrong has its twins."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from crypto import sm3
from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt20518 import Extension, KeyUsage, RevocationReason
from formats.gbt20518 import extension_building as extensions
from formats.gbt20518.general_name import directory_name
from formats.gbt20520 import Accuracy
from formats.gbt33190.signature_model import SignatureType
from formats.gbt35275 import assemble_signed_data, signed_attributes
from formats.gbt38540 import Generation, read_seal
from tests.unit.verifier.documents import (
    HEAD,
    NS,
    Entries,
    SealRecipe,
    codes,
    metadata,
    seal_recipe,
    sealed,
    verified,
)
from tests.unit.verifier.nation import (
    BUREAU,
    CA_EXTENSIONS,
    DAY,
    FOUNDED,
    NOW,
    SIGNED,
    Holder,
    Nation,
    crl,
    holder_extensions,
    issue,
    name,
    nation,
    revoked,
)
from tests.unit.verifier.time_stamps import (
    POLICY,
    STAMPED,
    STAMPING,
    stamp,
    stamped_nation,
    stamper,
    stamper_with,
    stamping_authority,
    token_for,
)
from verifier import time_stamp
from verifier.codes import Code
from verifier.findings import Verdict
from verifier.policy import Policy
from verifier.report import Report
from verifier.trust_list import TrustList
from verifier.trust_list_model import AlgorithmPeriod, Period, Purpose, ServiceStatus, StatusChange
from verifier.verification import Verifier, verify_document

N = nation()
MINUTE = timedelta(minutes=1)


def emitted(report: Report) -> set[Code]:
    return {each.code for each in report.findings}


def integrity() -> Entries:
    """A stamped seal under the whole-package list of GM/T 0099, whose signature is stamped too."""
    entries = sealed((), time_stamp=stamp())
    rows = "".join(f'<ofd:File ID="{place}" FileLoc="/{each}"/>' for place, each in enumerate(entries))
    text = (
        f'{HEAD}<ofd:DocEntries {NS} ID="1"><ofd:SignedValueLoc>/entries.dat</ofd:SignedValueLoc>'
        f"<ofd:FileList>{rows}</ofd:FileList></ofd:DocEntries>"
    ).encode()
    attributes = signed_attributes(sm3(text), SIGNED)
    signature = N.bureau.sign(attributes)
    value = assemble_signed_data(
        signature=signature,
        signer_certificate=N.bureau.certificate.encoded,
        attributes=attributes,
        time_stamp=token_for(signature),
    )
    return {**entries, "OFDEntries.xml": text, "entries.dat": value}


KINDS: dict[str, Callable[[], Entries]] = {
    "seal v4": lambda: sealed(time_stamp=stamp()),
    "seal v5": lambda: sealed(time_stamp=stamp(), seal=seal_recipe(generation=Generation.V5)),
    "digital, with attributes": lambda: sealed((), time_stamp=stamp(), kind=SignatureType.SIGN),
    "digital, without": lambda: sealed((), time_stamp=stamp(), kind=SignatureType.SIGN, shape="A"),
    "integrity": integrity,
}


@pytest.mark.parametrize("kind", KINDS)
def test_good(kind: str) -> None:
    """A good token of any kind of signature passes, and the report tells the proven time."""
    report = verified(KINDS[kind](), stamped_nation())
    assert report.verdict is Verdict.PASSED
    assert {Code.TIMESTAMP_VALID, Code.TIME_PROVEN} <= emitted(report)
    assert not {Code.TIME_CLAIMED, Code.TIME_NOW, Code.TIMESTAMP_ABSENT} & emitted(report)
    for each in report.signatures:
        assert each.proven_at == STAMPED
        told = each.to_dict()
        assert told["proven_at"] == "2026-03-01T02:30:02Z"
        (facts,) = told["time_stamps"]
        assert (facts["of"], facts["time"], facts["policy"], facts["proves"]) == (
            "signature",
            "2026-03-01T02:30:02Z",
            POLICY,
            True,
        )
        assert facts["accuracy_seconds"] is None
        assert facts["authority"]["name"] == "示例时间戳服务"


def test_without_a_token_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents without tokens never come near the code for them."""

    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(time_stamp, "examine_token", refuse)
    report = verified(sealed(), stamped_nation())
    assert report.verdict is Verdict.PASSED
    assert {Code.TIMESTAMP_ABSENT, Code.TIME_CLAIMED} <= emitted(report)
    told = report.to_dict()["signatures"][0]
    assert (told["proven_at"], told["time_stamps"]) == (None, [])


def test_without_trust() -> None:
    """Facts only: a right token is told, and nothing believes it."""
    from formats.gbt33190.package_writer import write_package

    report = verify_document(write_package(sealed(time_stamp=stamp())), trust=None, at=NOW)
    assert Code.TIMESTAMP_CERT_NO_TRUST in codes(report)
    assert Code.TIMESTAMP_VALID not in emitted(report)
    assert report.signatures[0].proven_at is None
    assert report.signatures[0].time_stamps[0].proves is False


def test_seal_and_signature() -> None:
    """Each token is judged by itself; an accuracy belongs to what is proven, fractions are rounded up."""
    seal = seal_recipe(generation=Generation.V5, time_stamp=stamp(at=FOUNDED + 30 * DAY, accuracy=Accuracy(1)))
    entries = sealed(seal=seal, time_stamp=stamp(at=STAMPED.replace(microsecond=1), accuracy=Accuracy(1, 500)))
    report = verified(entries, stamped_nation())
    assert report.verdict is Verdict.PASSED
    details = {each.detail for each in report.findings if each.code is Code.TIMESTAMP_VALID}
    assert details == {"signature: 2026-03-01T02:30:02Z", "seal: 2024-01-31T00:00:00Z"}
    (signature,) = report.signatures
    assert signature.proven_at == STAMPED + timedelta(seconds=2)
    assert [each.of for each in signature.time_stamps] == ["signature", "seal"]
    assert signature.time_stamps[0].to_dict()["accuracy_seconds"] == 1.5


def test_seals_stamped_too_early() -> None:
    """A seal cannot have been stamped before it was made; the signature's token does not cure that."""
    seal = seal_recipe(generation=Generation.V5, time_stamp=stamp(at=FOUNDED + 29 * DAY))
    report = verified(sealed((), seal=seal, time_stamp=stamp()), stamped_nation())
    assert codes(report) == {Code.TIMESTAMP_ORDER}
    assert Code.TIMESTAMP_VALID in emitted(report)


class StampedV4(SealRecipe):
    """A seal of v4 with the fifth element that only v5 knows."""

    def make(self, people: Nation, holder: Holder) -> bytes:
        plain = super().make(people, holder)
        token = token_for(read_seal(plain).signature, at=FOUNDED + 31 * DAY)
        return der.sequence(der.parse(plain).content, der.explicit(0, der.bit_string(token)))


def test_token_of_a_seal_in_v4() -> None:
    """A fifth element in a v4 seal is tolerated by name, and its token is judged like any other."""
    report = verified(sealed((), seal=StampedV4()), stamped_nation())
    assert report.verdict is Verdict.PASSED
    assert [each.of for each in report.signatures[0].time_stamps] == ["seal"]
    assert "ses.time-stamp-in-v4" in report.signatures[0].tolerances
    wrong = seal_recipe(generation=Generation.V5, time_stamp=lambda _: token_for(b"another seal"))
    assert codes(verified(sealed((), seal=wrong), stamped_nation())) == {Code.TIMESTAMP_IMPRINT}


# ---------------------------------------------------------------------- a key lost afterwards


def lost(holder: Holder, ca: Holder, when: datetime, **options: Any) -> Nation:
    """The stamped nation in which a key was lost."""
    entry = revoked(holder, when, options.pop("reason", RevocationReason.KEY_COMPROMISE))
    lists = [crl(each, (entry,) if each is ca else ()) for each in (N.maker_authority, N.holder_authority)]
    return stamped_nation(base=N.with_content(crls=tuple(lists)), **options)


def test_signer_lost_the_key_later() -> None:
    """Proven to be older than the loss a document stays valid; claimed to be older it is not known."""
    people = lost(N.bureau, N.holder_authority, NOW - DAY)
    report = verified(sealed(time_stamp=stamp()), people)
    assert report.verdict is Verdict.PASSED
    assert Code.SIGNER_CERT_REVOKED_SINCE in emitted(report)
    assert Code.SIGNER_CERT_COMPROMISED_SINCE in codes(verified(sealed(()), people))


@pytest.mark.parametrize(
    ("at", "accuracy", "proven"),
    [
        (NOW - DAY - timedelta(seconds=1), None, True),
        (NOW - DAY, None, False),
        (NOW - DAY - timedelta(seconds=30), Accuracy(29), True),
        (NOW - DAY - timedelta(seconds=30), Accuracy(30), False),
        (NOW - MINUTE, None, False),
    ],
)
def test_stamped_before_or_after_the_loss(at: datetime, accuracy: Accuracy | None, proven: bool) -> None:
    """Only a token that is older than the loss at its latest says anything about it."""
    people = lost(N.bureau, N.holder_authority, NOW - DAY)
    report = verified(sealed((), time_stamp=stamp(at=at, accuracy=accuracy)), people)
    assert (report.verdict is Verdict.PASSED) is proven
    if not proven:
        assert codes(report) == {Code.SIGNER_CERT_COMPROMISED_SINCE, Code.TIMESTAMP_LATE}


def test_lost_before_it_was_noticed() -> None:
    """invalidityDate counts: a token between the loss and its report proves nothing."""
    entry = revoked(N.bureau, NOW - DAY, RevocationReason.KEY_COMPROMISE, SIGNED + timedelta(seconds=1))
    people = stamped_nation(base=N.with_content(crls=(crl(N.maker_authority), crl(N.holder_authority, (entry,)))))
    report = verified(sealed((), time_stamp=stamp()), people)
    assert codes(report) == {Code.SIGNER_CERT_COMPROMISED_SINCE, Code.TIMESTAMP_LATE}


@pytest.mark.parametrize("where", ["signature", "seal", "nowhere"])
def test_maker_lost_the_key_later(where: str) -> None:
    """A token over the seal proves the seal; one over the signature does too, for what is signed holds the seal."""
    people = lost(N.maker, N.maker_authority, NOW - DAY)
    own = stamp(at=FOUNDED + 31 * DAY) if where == "seal" else None
    seal = seal_recipe(generation=Generation.V5, time_stamp=own)
    report = verified(sealed((), seal=seal, time_stamp=stamp() if where == "signature" else None), people)
    if where == "nowhere":
        assert codes(report) == {Code.MAKER_CERT_COMPROMISED_SINCE}
    else:
        assert report.verdict is Verdict.PASSED
        assert Code.MAKER_CERT_REVOKED_SINCE in emitted(report)


def test_token_of_the_seal_does_not_prove_the_signature() -> None:
    """A seal is older than what is sealed with it."""
    people = lost(N.bureau, N.holder_authority, NOW - DAY)
    seal = seal_recipe(generation=Generation.V5, time_stamp=stamp(at=FOUNDED + 31 * DAY))
    report = verified(sealed((), seal=seal), people)
    assert codes(report) == {Code.SIGNER_CERT_COMPROMISED_SINCE}
    assert report.signatures[0].proven_at is None


def bad_tokens() -> dict[str, Callable[[bytes], bytes]]:
    return {
        "imprint": lambda _: token_for(b"other"),
        "signature": lambda value: token_for(value)[:-1] + b"\0",
        "untrusted": lambda value: token_for(value, by=stamper_with(issuer=None)),
        "no certificate": lambda value: token_for(value, certificates=()),
        "inexact": lambda value: token_for(value, accuracy=Accuracy(100_000)),
        "key usage": lambda value: token_for(
            value, by=stamper_with(extensions.extended_key_usage([oids.KP_TIME_STAMPING], critical=False))
        ),
        "early": lambda value: token_for(value, at=SIGNED - DAY),
        "octets": lambda _: der.sequence(),
    }


@pytest.mark.parametrize("fault", bad_tokens())
def test_a_bad_token_never_helps(fault: str) -> None:
    """Whatever is wrong with a token, it proves nothing and does not pass."""
    people = lost(N.bureau, N.holder_authority, NOW - DAY)
    report = verified(sealed((), time_stamp=bad_tokens()[fault]), people)
    assert Code.SIGNER_CERT_COMPROMISED_SINCE in codes(report)
    assert report.signatures[0].proven_at is None
    assert not any(each.proves for each in report.signatures[0].time_stamps)
    assert verified(sealed((), time_stamp=bad_tokens()[fault]), stamped_nation()).verdict is not Verdict.PASSED


def test_a_lost_authority_is_not_excused() -> None:
    """With a CA's key anybody is certified as of any date: a proven signature may be the forger's own."""
    away = (StatusChange(ServiceStatus.GRANTED, FOUNDED), StatusChange(ServiceStatus.WITHDRAWN, NOW - DAY, True))
    first, second = N.content.authorities
    people = stamped_nation(base=N.with_content(authorities=(first, replace(second, history=away))))
    assert Code.SIGNER_CERT_AUTHORITY_COMPROMISED in codes(verified(sealed((), time_stamp=stamp()), people))


# ---------------------------------------------------------------------- taken too late


def test_revoked_before_the_stamp() -> None:
    """Claimed before a revocation and stamped after it: not known which is true, though a claim alone would pass."""
    people = lost(N.bureau, N.holder_authority, SIGNED + DAY, reason=RevocationReason.SUPERSEDED)
    report = verified(sealed((), time_stamp=stamp(at=SIGNED + 2 * DAY)), people)
    assert codes(report) == {Code.TIMESTAMP_LATE}
    assert Code.TIMESTAMP_VALID not in emitted(report)
    assert verified(sealed((), time_stamp=stamp()), people).verdict is Verdict.PASSED
    assert verified(sealed(()), people).verdict is Verdict.PASSED


def test_expired_before_the_stamp() -> None:
    """The same for a certificate, and for a seal, that ran out in between."""
    keeps = Extension(oids.EXPIRED_CERTS_ON_CRL, critical=False, value=der.generalized_time(FOUNDED))
    people = stamped_nation(
        base=N.with_content(crls=(crl(N.maker_authority), crl(N.holder_authority, extra=(keeps,))))
    )
    short = issue(name("短"), N.holder_authority, extra=holder_extensions(BUREAU), period=(FOUNDED, SIGNED + DAY))
    late, soon = stamp(at=SIGNED + 2 * DAY), stamp()
    assert codes(verified(sealed((), holder=short, time_stamp=late), people)) == {Code.TIMESTAMP_LATE}
    assert verified(sealed((), holder=short, time_stamp=soon), people).verdict is Verdict.PASSED
    seal = seal_recipe(valid_to=SIGNED + DAY)
    assert codes(verified(sealed((), seal=seal, time_stamp=late), people)) == {Code.TIMESTAMP_LATE}
    assert verified(sealed((), seal=seal, time_stamp=soon), people).verdict is Verdict.PASSED


def test_without_a_claim_the_token_is_the_time() -> None:
    """A digital signature that states no time is judged as of its token instead of now."""
    keeps = Extension(oids.EXPIRED_CERTS_ON_CRL, critical=False, value=der.generalized_time(FOUNDED))
    people = stamped_nation(
        base=N.with_content(crls=(crl(N.maker_authority), crl(N.holder_authority, extra=(keeps,))))
    )
    short = issue(name("短"), N.holder_authority, extra=holder_extensions(BUREAU), period=(FOUNDED, NOW - DAY))
    options: dict[str, Any] = {"kind": SignatureType.SIGN, "shape": "A", "holder": short}
    assert verified(sealed((), **options, time_stamp=stamp()), people).verdict is Verdict.PASSED
    assert codes(verified(sealed((), **options), people)) == {Code.TIME_UNKNOWN, Code.SIGNER_CERT_UNDECIDED}
    late = verified(sealed((), **options, time_stamp=stamp(at=NOW - MINUTE)), people)
    assert codes(late) == {Code.TIME_UNKNOWN, Code.SIGNER_CERT_UNDECIDED}


# ---------------------------------------------------------------------- the authority's own certificate


def test_authority_certificate_ran_out() -> None:
    """In order, told, and no proof any more, unless the policy lets it be one."""
    keeps = Extension(oids.EXPIRED_CERTS_ON_CRL, critical=False, value=der.generalized_time(FOUNDED))
    own = crl(stamping_authority(), extra=(keeps,))
    short = stamper_with(period=(FOUNDED, NOW - DAY))
    entries = sealed((), time_stamp=stamp(by=short))
    people = stamped_nation(crls=(own,))
    report = verified(entries, people)
    assert report.verdict is Verdict.PASSED
    assert {Code.TIMESTAMP_CERT_EXPIRED_SINCE, Code.TIME_CLAIMED} <= emitted(report)
    assert Code.TIMESTAMP_VALID not in emitted(report)
    assert report.signatures[0].proven_at is None
    lenient = verified(entries, people, policy=Policy(expired_time_stamps=True))
    assert lenient.signatures[0].proven_at == STAMPED
    gone = lost(N.bureau, N.holder_authority, NOW - DAY, crls=(own,))
    assert codes(verified(entries, gone)) == {Code.SIGNER_CERT_COMPROMISED_SINCE}
    assert verified(entries, gone, policy=Policy(expired_time_stamps=True)).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    "reason", [each for each in RevocationReason if each is not RevocationReason.REMOVE_FROM_CRL]
)
def test_authority_revoked_later(reason: RevocationReason) -> None:
    """RFC 3161 4, 1: three reasons leave earlier tokens valid; after any other, or none, no token is believed."""
    stands = {
        RevocationReason.AFFILIATION_CHANGED,
        RevocationReason.SUPERSEDED,
        RevocationReason.CESSATION_OF_OPERATION,
    }
    people = stamped_nation([revoked(stamper(), NOW - DAY, reason)])
    for policy in (Policy(), Policy(proven_time_after_compromise=False)):
        report = verified(sealed((), time_stamp=stamp()), people, policy=policy)
        if reason in stands:
            assert report.verdict is Verdict.PASSED
            assert {Code.TIMESTAMP_CERT_REVOKED_SINCE, Code.TIMESTAMP_VALID} <= emitted(report)
            assert report.signatures[0].proven_at == STAMPED
        else:
            assert codes(report) == {Code.TIMESTAMP_CERT_COMPROMISED_SINCE}
            assert report.signatures[0].proven_at is None


USAGES = {
    "absent": (),
    "not critical": (extensions.extended_key_usage([oids.KP_TIME_STAMPING], critical=False),),
    "not alone": (extensions.extended_key_usage([oids.KP_TIME_STAMPING, oids.KP_OCSP_SIGNING], critical=True),),
    "another": (extensions.extended_key_usage([oids.KP_OCSP_SIGNING], critical=True),),
    "to encipher": (*STAMPING[1:], extensions.key_usage([KeyUsage.KEY_ENCIPHERMENT])),
    "more than to sign": (
        *STAMPING[1:],
        extensions.key_usage([KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_CERT_SIGN]),
    ),
    "a CA": (*STAMPING, extensions.basic_constraints_of_ca(None)),
}


@pytest.mark.parametrize("usage", USAGES)
def test_key_usage_of_the_authority(usage: str) -> None:
    """The certificate is for time-stamping, critically and alone (RFC 3161 2.3); a seal holder's is not."""
    own = USAGES[usage] or (STAMPING[0],)
    report = verified(sealed((), time_stamp=stamp(by=stamper_with(*own))), stamped_nation())
    assert codes(report) == {Code.TIMESTAMP_CERT_KEY_USAGE}


def test_key_usage_left_out() -> None:
    """keyUsage may be absent; extKeyUsage says enough."""
    report = verified(sealed((), time_stamp=stamp(by=stamper_with(STAMPING[1]))), stamped_nation())
    assert report.verdict is Verdict.PASSED


def test_private_key_usage_period() -> None:
    """A key signs no tokens after its own period, though its certificate lasts longer."""
    period = extensions.private_key_usage_period(FOUNDED, SIGNED + DAY)
    own = stamper_with(*STAMPING, period)
    assert verified(sealed((), time_stamp=stamp(by=own)), stamped_nation()).verdict is Verdict.PASSED
    report = verified(sealed((), time_stamp=stamp(by=own, at=SIGNED + 2 * DAY)), stamped_nation())
    assert codes(report) == {Code.TIMESTAMP_CERT_PERIOD}


def test_purposes_are_not_lent() -> None:
    """A CA listed for seal holders, or makers, makes no time-stamp authority; nor the other way round."""
    wrong = stamper_with(issuer=N.holder_authority)
    report = verified(sealed((), time_stamp=stamp(by=wrong)), stamped_nation())
    assert codes(report) == {Code.TIMESTAMP_CERT_UNTRUSTED}
    signer = issue(name("签名"), stamping_authority(), extra=holder_extensions(BUREAU))
    assert Code.SIGNER_CERT_UNTRUSTED in codes(verified(sealed((), holder=signer), stamped_nation()))


def test_a_ca_between() -> None:
    """CA certificates in the token complete its path, and their lists are asked."""
    between = issue(name("时间戳二级CA"), stamping_authority(), extra=CA_EXTENSIONS)
    own = stamper_with(issuer=between)
    attached = (own.certificate.encoded, between.certificate.encoded)
    entries = sealed((), time_stamp=stamp(by=own, certificates=attached))
    crls = (crl(stamping_authority()), crl(between))
    assert verified(entries, stamped_nation(crls=crls)).verdict is Verdict.PASSED
    assert codes(verified(entries, stamped_nation())) == {Code.TIMESTAMP_CERT_STATUS_UNKNOWN}
    alone = sealed((), time_stamp=stamp(by=own))
    assert codes(verified(alone, stamped_nation(crls=crls))) == {Code.TIMESTAMP_CERT_UNTRUSTED}


def test_name_of_the_authority() -> None:
    """A token that names its authority names the one of its certificate."""
    own, other = stamper().certificate.subject, N.bureau.certificate.subject
    assert (
        verified(sealed((), time_stamp=stamp(tsa=directory_name(own))), stamped_nation()).verdict is Verdict.PASSED
    )
    report = verified(sealed((), time_stamp=stamp(tsa=directory_name(other))), stamped_nation())
    assert codes(report) == {Code.TIMESTAMP_CERT_BINDING}


def test_certificate_beside_the_token() -> None:
    """A token without certificates finds its authority's among those of the signed data it stands in."""
    options: dict[str, Any] = {"kind": SignatureType.SIGN, "links": (stamper().certificate.encoded,)}
    report = verified(sealed((), time_stamp=stamp(certificates=()), **options), stamped_nation())
    assert report.verdict is Verdict.PASSED


# ---------------------------------------------------------------------- algorithms and times


def with_algorithms(*more: AlgorithmPeriod) -> Nation:
    people = stamped_nation()
    return people.with_content(algorithms=(*people.content.algorithms, *more))


def test_other_digests_count_if_listed() -> None:
    """An imprint by SHA-256 is good where the list holds that digest good, then and now."""
    entries = sealed((), time_stamp=stamp(algorithm=oids.SHA256))
    listed = AlgorithmPeriod(oids.ECDSA_WITH_SHA256, oids.SHA256, Period(FOUNDED))
    assert verified(entries, with_algorithms(listed)).verdict is Verdict.PASSED
    ended = replace(listed, period=Period(FOUNDED, NOW - DAY))
    assert codes(verified(entries, with_algorithms(ended))) == {Code.TIMESTAMP_ALGORITHM}
    later = replace(listed, period=Period(NOW - DAY))
    assert codes(verified(entries, with_algorithms(later))) == {Code.TIMESTAMP_ALGORITHM}


def test_policies_of_time() -> None:
    """Order, delay and exactness are the policy's; the default is strict about order and exactness."""
    early = sealed((), time_stamp=stamp(at=SIGNED - MINUTE))
    assert codes(verified(early, stamped_nation())) == {Code.TIMESTAMP_ORDER}
    assert verified(early, stamped_nation(), policy=Policy(time_stamp_tolerance=MINUTE)).verdict is Verdict.PASSED
    by_accuracy = sealed((), time_stamp=stamp(at=SIGNED - MINUTE, accuracy=Accuracy(60)))
    assert verified(by_accuracy, stamped_nation()).verdict is Verdict.PASSED
    late = sealed((), time_stamp=stamp(at=SIGNED + DAY))
    assert verified(late, stamped_nation()).verdict is Verdict.PASSED
    strict = Policy(time_stamp_delay=DAY - timedelta(seconds=1))
    assert codes(verified(late, stamped_nation(), policy=strict)) == {Code.TIMESTAMP_LATE}
    ahead = sealed((), time_stamp=stamp(at=NOW + MINUTE))
    assert verified(ahead, stamped_nation(), policy=Policy(clock_tolerance=MINUTE)).verdict is Verdict.PASSED
    rough = sealed((), time_stamp=stamp(accuracy=Accuracy(3600)))
    hour = Policy(time_stamp_accuracy=timedelta(hours=1))
    assert verified(rough, stamped_nation(), policy=hour).verdict is Verdict.PASSED
    for wrong in (
        {"time_stamp_tolerance": -MINUTE},
        {"time_stamp_delay": -MINUTE},
        {"time_stamp_accuracy": -MINUTE},
    ):
        with pytest.raises(ValueError, match="policy"):
            Policy(**wrong)


def test_the_last_second_of_time() -> None:
    """Times and accuracies at the end of the calendar are answered like any other."""
    last = datetime.max.replace(tzinfo=NOW.tzinfo)
    for accuracy in (None, Accuracy(2**31 - 1)):
        report = verified(sealed((), time_stamp=stamp(at=last, accuracy=accuracy)), stamped_nation())
        assert report.verdict is Verdict.FAILED
        assert Code.TIMESTAMP_CERT_PERIOD in codes(report)


# ---------------------------------------------------------------------- trust lists and memory


def test_what_a_list_may_hold() -> None:
    """RSA and ECDSA authorities for time stamps only; algorithms with their own digest only."""
    people = stamped_nation()
    for wrong in (
        AlgorithmPeriod(oids.RSA_WITH_SHA256, oids.SM3, Period(FOUNDED)),
        AlgorithmPeriod(oids.SM2_WITH_SM3, oids.SHA256, Period(FOUNDED)),
        AlgorithmPeriod("1.2.840.113549.1.1.5", oids.SHA1, Period(FOUNDED)),
    ):
        with pytest.raises(MalformedDataError):
            with_algorithms(wrong).trust()
    assert people.trust().authorities[-1].purposes == {Purpose.TIME_STAMP}


def test_what_is_remembered_of_a_seal() -> None:
    """The token of a seal is computed once and judged anew: another list, another answer."""
    from formats.gbt33190.package_writer import write_package

    seal = seal_recipe(generation=Generation.V5, time_stamp=stamp(at=FOUNDED + 31 * DAY))
    document = write_package(sealed(metadata(), seal=seal))
    trust: TrustList = stamped_nation().trust()
    verifier = Verifier(trust)
    first = verifier.verify(document, at=NOW)
    assert first.verdict is Verdict.PASSED
    assert verifier.verify(document, at=NOW).to_dict() == first.to_dict()
    gone = [revoked(stamper(), FOUNDED, RevocationReason.SUPERSEDED)]
    other = Verifier(stamped_nation(gone).trust()).verify(document, at=NOW)
    assert Code.TIMESTAMP_CERT_REVOKED in codes(other)


def test_departures_are_told() -> None:
    """What a token's reader let pass stands among the signature's tolerances."""
    entries = sealed(
        (),
        time_stamp=lambda value: der.sequence(
            der.oid(oids.GBT35275_SIGNED_DATA), der.parse(token_for(value)).children()[1].encoded
        ),
    )
    report = verified(entries, stamped_nation())
    assert report.verdict is Verdict.PASSED
    assert report.signatures[0].tolerances == ("tsp.gbt35275-oid",)
