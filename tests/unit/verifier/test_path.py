"""Paths from an end entity to the trust list."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from formats import der, oids
from formats.gbt20518 import Certificate, Extension, KeyUsage, Name, RevocationReason
from formats.gbt20518 import extension_building as extensions
from tests.unit.verifier.nation import (
    CA_EXTENSIONS,
    DAY,
    ENDS,
    FOUNDED,
    NOW,
    SIGNED,
    SIGNING,
    Holder,
    Nation,
    authority,
    crl,
    issue,
    name,
    nation,
    revoked,
)
from verifier.path import Judged, PathJudge
from verifier.revocation import RevocationLists
from verifier.trust_list_model import Purpose, ServiceStatus, StatusChange

N = nation()


def judged(
    certificate: Certificate,
    people: Nation = N,
    *,
    purpose: Purpose = Purpose.SEAL_HOLDER,
    moment: datetime = SIGNED,
    at: datetime = NOW,
    links: Sequence[Certificate] = (),
    proven_time_needed: bool = True,
) -> Judged:
    trust = people.trust()
    judge = PathJudge(trust, RevocationLists(trust.crls), cache_size=16, proven_time_needed=proven_time_needed)
    first = judge.judge(certificate, purpose, moment=moment, at=at, links=links)
    assert judge.judge(certificate, purpose, moment=moment, at=at, links=links) == first  # from memory
    return first


def states(*args: object, **options: object) -> list[str]:
    return [each.state.value for each in judged(*args, **options).results]  # type: ignore[arg-type]


def under(ca: Holder, *extra: Extension, people: Nation = N) -> Nation:
    """The nation with one more seal-holder authority and its list."""
    entries = (*people.content.authorities, authority(ca, Purpose.SEAL_HOLDER))
    return people.with_content(authorities=entries, crls=(*people.content.crls, crl(ca)))


def test_listed_authority_vouches() -> None:
    """One link, the usual case; the authority is told."""
    result = judged(N.bureau.certificate)
    assert [each.state.value for each in result.results] == ["TRUSTED"]
    assert result.authority is not None
    assert result.authority.certificate == N.holder_authority.certificate


def test_large_certificates_are_judged_and_not_kept() -> None:
    """A hostile certificate of many octets shall not fill the memory for paths."""
    trust = N.trust()
    judge = PathJudge(trust, RevocationLists(trust.crls), cache_size=16, proven_time_needed=True)
    filler = Extension("1.2.156.10197.9999", critical=False, value=der.octet_string(bytes(10_000)))
    large = issue(name("大"), N.holder_authority, extra=(SIGNING, filler)).certificate
    for certificate, kept in ((large, 0), (N.bureau.certificate, 1)):
        judge.judge(certificate, Purpose.SEAL_HOLDER, moment=SIGNED, at=NOW)
        assert len(judge._paths) == kept
    assert states(large) == ["TRUSTED"]


def test_purpose_is_not_transferable() -> None:
    """A seal holder's certificate makes no seals, and a maker's holds none: two trust stores."""
    assert states(N.bureau.certificate, purpose=Purpose.SEAL_MAKER) == ["UNTRUSTED"]
    assert states(N.maker.certificate) == ["UNTRUSTED"]
    assert states(N.maker.certificate, purpose=Purpose.SEAL_MAKER) == ["TRUSTED"]


def test_look_alike_authority_vouches_for_nobody() -> None:
    """Same name, another key."""
    twin = issue(N.holder_authority.certificate.subject, None, extra=CA_EXTENSIONS)
    assert states(issue(N.bureau.certificate.subject, twin).certificate) == ["UNTRUSTED"]


def test_self_signed_is_untrusted() -> None:
    """Nobody vouches for himself."""
    assert states(issue(name("自签"), None).certificate) == ["UNTRUSTED"]


def test_authority_itself_is_no_signer() -> None:
    """A CA certificate signs no documents, and a listed one does not vouch for itself."""
    assert "KEY_USAGE" in states(N.holder_authority.certificate)


def test_validity_is_judged_at_the_moment_of_signing() -> None:
    """Both ends included; outside is a failure, run out since then is not."""
    short = issue(name("短期"), N.holder_authority, period=(SIGNED, SIGNED + DAY))
    people = N.with_content(
        crls=(*N.content.crls, crl(N.holder_authority, this_update=SIGNED, next_update=SIGNED + 2 * DAY))
    )
    assert states(short.certificate, people) == ["EXPIRED_SINCE"]
    assert states(short.certificate, people, at=SIGNED + timedelta(hours=1)) == ["TRUSTED"]
    assert "PERIOD" in states(short.certificate, people, moment=SIGNED - timedelta(seconds=1))
    assert "PERIOD" in states(short.certificate, people, moment=SIGNED + DAY + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("reason", "when", "expected"),
    [
        (RevocationReason.SUPERSEDED, SIGNED - DAY, "REVOKED"),
        (RevocationReason.SUPERSEDED, SIGNED + DAY, "REVOKED_SINCE"),
        (RevocationReason.KEY_COMPROMISE, SIGNED + DAY, "COMPROMISED_SINCE"),
        (RevocationReason.CERTIFICATE_HOLD, SIGNED - DAY, "HELD"),
    ],
)
def test_revocation(reason: RevocationReason, when: datetime, expected: str) -> None:
    """Before signing it is fatal, afterwards not, unless the time rests on the signer's word and the key is lost."""
    entry = revoked(N.bureau, when, reason)
    people = N.with_content(crls=(crl(N.maker_authority), crl(N.holder_authority, (entry,))))
    assert states(N.bureau.certificate, people) == [expected]


def test_compromise_rule_is_policy() -> None:
    """Who follows the standard to the letter believes the stated time also after a compromise."""
    entry = revoked(N.bureau, SIGNED + DAY, RevocationReason.KEY_COMPROMISE)
    people = N.with_content(crls=(crl(N.holder_authority, (entry,)),))
    assert states(N.bureau.certificate, people, proven_time_needed=False) == ["REVOKED_SINCE"]


def test_missing_and_stale_lists_leave_it_open() -> None:
    """Unknown is never good."""
    assert states(N.bureau.certificate, N.with_content(crls=())) == ["STATUS_UNKNOWN"]
    stale = crl(N.holder_authority, this_update=NOW - 9 * DAY, next_update=NOW - DAY)
    assert states(N.bureau.certificate, N.with_content(crls=(stale,))) == ["STATUS_STALE"]


@pytest.mark.parametrize("usage", [KeyUsage.KEY_ENCIPHERMENT, KeyUsage.KEY_AGREEMENT, KeyUsage.CRL_SIGN])
def test_encryption_certificate_does_not_sign(usage: KeyUsage) -> None:
    """Of a dual pair only the signature certificate signs."""
    holder = issue(name("加密"), N.holder_authority, extra=(extensions.key_usage([usage]),))
    assert states(holder.certificate) == ["KEY_USAGE"]


@pytest.mark.parametrize("usage", [KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION])
def test_either_signing_bit_suffices(usage: KeyUsage) -> None:
    """Real certificates carry one or both; without the extension there is no restriction."""
    holder = issue(name("签名"), N.holder_authority, extra=(extensions.key_usage([usage]),))
    assert states(holder.certificate) == ["TRUSTED"]
    bare = issue(name("无扩展"), N.holder_authority, extra=(extensions.organization_code("X"),))
    assert states(bare.certificate) == ["TRUSTED"]


@pytest.mark.parametrize("purpose", [oids.KP_TIME_STAMPING, oids.KP_OCSP_SIGNING])
def test_key_kept_for_another_service_does_not_sign(purpose: str) -> None:
    """A critical key purpose that names one service only keeps the key for it."""
    extra = (SIGNING, extensions.extended_key_usage([purpose], critical=True))
    assert states(issue(name("服务"), N.holder_authority, extra=extra).certificate) == ["KEY_USAGE"]
    mixed = (SIGNING, extensions.extended_key_usage([purpose, "1.3.6.1.5.5.7.3.2"], critical=True))
    assert states(issue(name("混用"), N.holder_authority, extra=mixed).certificate) == ["TRUSTED"]


def test_unknown_critical_extension_leaves_it_open() -> None:
    """Who does not understand it cannot judge; the same extension not critical is ignored."""
    for critical, expected in ((True, "EXTENSION"), (False, "TRUSTED")):
        extra = (SIGNING, Extension("1.2.3.4", critical=critical, value=b"\x05\x00"))
        assert states(issue(name("扩展"), N.holder_authority, extra=extra).certificate) == [expected]


def test_status_of_the_authority_then_counts() -> None:
    """Withdrawn later does not spoil what was signed while granted; issued or signed while withdrawn does."""
    for since, expected in ((NOW - DAY, ["TRUSTED"]), (SIGNED - DAY, ["AUTHORITY_WITHDRAWN"])):
        history = (StatusChange(ServiceStatus.GRANTED, FOUNDED), StatusChange(ServiceStatus.WITHDRAWN, since))
        entry = authority(N.holder_authority, Purpose.SEAL_HOLDER, history=history)
        assert states(N.bureau.certificate, N.with_content(authorities=(entry,))) == expected
    late = (StatusChange(ServiceStatus.GRANTED, SIGNED - DAY),)
    entry = authority(N.holder_authority, Purpose.SEAL_HOLDER, history=late)
    assert states(N.bureau.certificate, N.with_content(authorities=(entry,))) == ["AUTHORITY_WITHDRAWN"]


def test_compromised_authority_leaves_everything_open() -> None:
    """With the CA's key lost anybody can date anything back."""
    history = (
        StatusChange(ServiceStatus.GRANTED, FOUNDED),
        StatusChange(ServiceStatus.WITHDRAWN, NOW - DAY, compromised=True),
    )
    entry = authority(N.holder_authority, Purpose.SEAL_HOLDER, history=history)
    assert states(N.bureau.certificate, N.with_content(authorities=(entry,))) == ["AUTHORITY_COMPROMISED"]


def test_links_from_the_document() -> None:
    """CA certificates that came along are links, never anchors; each needs its own list."""
    root = issue(name("省根"), None, extra=CA_EXTENSIONS)
    between = issue(name("省CA"), root, extra=CA_EXTENSIONS)
    holder = issue(name("省厅"), between)
    people = under(root)
    assert states(holder.certificate, people) == ["UNTRUSTED"]
    assert states(holder.certificate, people, links=[between.certificate]) == ["STATUS_UNKNOWN"]
    people = people.with_content(crls=(*people.content.crls, crl(between)))
    assert states(holder.certificate, people, links=[between.certificate]) == ["TRUSTED"]
    entry = crl(root, (revoked(between, SIGNED - DAY),), number=9)
    people = people.with_content(crls=(*people.content.crls, entry))
    assert states(holder.certificate, people, links=[between.certificate]) == ["REVOKED"]


def test_links_must_be_authorities() -> None:
    """An end entity issues nothing, nor does a CA beyond its path length."""
    root = issue(name("省根"), None, extra=CA_EXTENSIONS)
    people = under(root)
    no_ca = issue(name("冒充CA"), root, extra=(SIGNING,))
    assert states(issue(name("某"), no_ca).certificate, people, links=[no_ca.certificate]) == ["UNTRUSTED"]
    usage = extensions.key_usage([KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN])
    low_root = issue(name("窄根"), None, extra=(usage, extensions.basic_constraints_of_ca(0)))
    between = issue(name("超长"), low_root, extra=CA_EXTENSIONS)
    people = under(low_root)
    assert states(issue(name("某"), between).certificate, people, links=[between.certificate]) == ["UNTRUSTED"]


def test_listed_authority_is_no_link() -> None:
    """A root listed for seal holders does not lend that purpose to a CA listed for makers only."""
    people = under(N.root)
    outsider = issue(name("某"), N.maker_authority)
    assert states(outsider.certificate, people, links=[N.maker_authority.certificate]) == ["UNTRUSTED"]


def test_many_links_cost_little() -> None:
    """Loops and crowds of look-alike CAs end; the search is bounded, not the patience."""
    same = name("同名")
    crowd = [issue(same, None, extra=CA_EXTENSIONS) for _ in range(12)]
    links = [each.certificate for each in crowd]
    assert states(issue(name("某"), crowd[0]).certificate, links=links) == ["UNTRUSTED"]


def test_name_constraints_bind() -> None:
    """A CA for one organisation certifies no other."""
    permitted = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "甲单位")])
    ca = issue(name("专用CA"), None, extra=(*CA_EXTENSIONS, extensions.permitted_names([permitted])))
    people = under(ca)
    assert states(issue(name("甲", "甲单位"), ca).certificate, people) == ["TRUSTED"]
    assert states(issue(name("乙", "乙单位"), ca).certificate, people) == ["UNTRUSTED"]


def test_authority_revoked_by_a_listed_superior() -> None:
    """The list still names it, its own superior has revoked it: that is not overlooked."""
    entries = (*N.content.authorities, authority(N.root, Purpose.STATUS))
    revocation = crl(N.root, (revoked(N.holder_authority, SIGNED - DAY),))
    people = N.with_content(authorities=entries, crls=(*N.content.crls, revocation))
    assert states(N.bureau.certificate, people) == ["REVOKED"]
    people = N.with_content(authorities=entries, crls=(*N.content.crls, crl(N.root)))
    assert states(N.bureau.certificate, people) == ["TRUSTED"]


def test_best_path_counts() -> None:
    """A CA listed under two certificates: one run out, one good."""
    old = issue(
        N.holder_authority.certificate.subject,
        N.root,
        extra=CA_EXTENSIONS,
        key=N.holder_authority.key,
        period=(FOUNDED, FOUNDED + DAY),
    )
    entries = (*N.content.authorities, authority(old, Purpose.SEAL_HOLDER))
    assert states(N.bureau.certificate, N.with_content(authorities=entries)) == ["TRUSTED"]
    assert "PERIOD" in states(
        N.bureau.certificate, N.with_content(authorities=(authority(old, Purpose.SEAL_HOLDER),))
    )


def test_list_out_of_force_leaves_strangers_open() -> None:
    """An authority approved since would not be on an old list."""
    stranger = issue(name("新机构"), issue(name("新CA"), None, extra=CA_EXTENSIONS))
    assert states(stranger.certificate, at=ENDS - DAY) == ["UNDECIDED"]
