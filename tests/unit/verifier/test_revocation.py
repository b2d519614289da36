"""What revocation lists prove, and what they do not."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from crypto import PrivateKey
from formats import der, oids
from formats.gbt20518 import (
    Extension,
    IssuingDistributionPoint,
    KeyUsage,
    RevocationReason,
    RevokedEntry,
    read_crl,
)
from formats.gbt20518 import extension_building as extensions
from formats.gbt20518.general_name import directory_name
from tests.unit.verifier.nation import (
    CA_EXTENSIONS,
    DAY,
    FOUNDED,
    NOW,
    SIGNED,
    SIGNING,
    Holder,
    crl,
    issue,
    name,
    nation,
    revoked,
)
from verifier.revocation import RevocationLists, Status

N = nation()
CA = N.holder_authority
BUREAU = N.bureau


def state(
    *lists: bytes,
    holder: Holder = BUREAU,
    issuer: Holder = CA,
    moment: datetime = SIGNED,
    at: datetime = NOW,
) -> Status:
    return (
        RevocationLists(map(read_crl, lists))
        .state(holder.certificate, issuer.certificate, moment=moment, at=at)
        .status
    )


def test_current_list_without_entry_is_good() -> None:
    """The newest list is in force and does not name the certificate."""
    assert state(crl(CA)) is Status.GOOD


def test_no_list_is_unknown() -> None:
    """Without a list nothing is known, and nothing is never good."""
    assert state() is Status.UNKNOWN
    assert state(crl(N.maker_authority)) is Status.UNKNOWN


def test_stale_list_is_no_proof() -> None:
    """Past nextUpdate, to the second."""
    old = crl(CA, this_update=NOW - 7 * DAY, next_update=NOW - timedelta(seconds=1))
    assert state(old) is Status.STALE
    assert state(crl(CA, this_update=NOW - 7 * DAY, next_update=NOW)) is Status.GOOD


def test_list_of_the_future_is_not_looked_at() -> None:
    """A list issued after the moment judged at is not known then."""
    assert state(crl(CA, this_update=NOW + DAY, next_update=NOW + 2 * DAY)) is Status.UNKNOWN


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (SIGNED - DAY, Status.REVOKED),
        (SIGNED, Status.REVOKED),
        (SIGNED + timedelta(seconds=1), Status.REVOKED_LATER),
    ],
)
def test_revocation_counts_from_its_date(when: datetime, expected: Status) -> None:
    """Revoked before or at signing is invalid, afterwards not (GM/T 0031-2014 6.2.3 d)."""
    assert state(crl(CA, (revoked(BUREAU, when, RevocationReason.SUPERSEDED),))) is expected


@pytest.mark.parametrize("reason", [1, 2, 10])
def test_compromise_counts_from_the_invalidity_date(reason: int) -> None:
    """For a lost key the earlier of invalidityDate and revocationDate decides."""
    entry = revoked(BUREAU, NOW - DAY, RevocationReason(reason), SIGNED - DAY)
    assert state(crl(CA, (entry,))) is Status.REVOKED
    entry = revoked(BUREAU, NOW - DAY, RevocationReason(reason), SIGNED + DAY)
    assert state(crl(CA, (entry,))) is Status.COMPROMISED_LATER


def test_invalidity_date_of_other_reasons_does_not_count() -> None:
    """A change of affiliation says nothing about the key."""
    entry = revoked(BUREAU, NOW - DAY, RevocationReason.AFFILIATION_CHANGED, SIGNED - DAY)
    assert state(crl(CA, (entry,))) is Status.REVOKED_LATER


def test_suspension_counts_while_it_lasts() -> None:
    """Held at signing is held; a newer list without the entry lifts it."""
    held = revoked(BUREAU, SIGNED - DAY, RevocationReason.CERTIFICATE_HOLD)
    older = crl(CA, (held,), this_update=NOW - 3 * DAY, number=1)
    assert state(older) is Status.HELD
    assert state(older, crl(CA, number=2)) is Status.GOOD
    later = revoked(BUREAU, SIGNED + DAY, RevocationReason.CERTIFICATE_HOLD)
    assert state(crl(CA, (later,))) is Status.REVOKED_LATER


def test_revocation_is_final() -> None:
    """An entry on any list proves a revocation, also when a newer list lost it or the list is stale."""
    entry = revoked(BUREAU, SIGNED - DAY, RevocationReason.SUPERSEDED)
    older = crl(CA, (entry,), this_update=NOW - 9 * DAY, next_update=NOW - 8 * DAY, number=1)
    assert state(older) is Status.REVOKED
    assert state(older, crl(CA, number=2)) is Status.REVOKED


def test_earliest_entry_counts() -> None:
    """Two lists with two dates: the earlier one is what was once known."""
    lists = [
        crl(CA, (revoked(BUREAU, when, RevocationReason.SUPERSEDED),), number=number)
        for number, when in ((1, SIGNED - DAY), (2, SIGNED + DAY))
    ]
    assert state(*lists) is Status.REVOKED


def test_list_of_another_signer_does_not_count() -> None:
    """Named like the CA, signed by somebody else."""
    stranger = issue(CA.certificate.subject, None, extra=CA_EXTENSIONS)
    assert state(crl(CA, signer=stranger)) is Status.UNKNOWN


def test_ca_needs_crl_sign() -> None:
    """A CA whose key may not sign lists has none."""
    ca = issue(
        name("无权CA"),
        None,
        extra=(extensions.key_usage([KeyUsage.KEY_CERT_SIGN]), extensions.basic_constraints_of_ca(None)),
    )
    holder = issue(name("某"), ca)
    assert state(crl(ca), holder=holder, issuer=ca) is Status.UNKNOWN


def test_unknown_critical_extension_does_not_count() -> None:
    """A list that is half understood would call a revoked certificate good; delta lists are one case."""
    unknown = Extension("1.2.3.4", critical=True, value=der.null())
    assert state(crl(CA, extra=(unknown,))) is Status.UNKNOWN
    assert state(crl(CA, extra=(extensions.delta_crl_indicator(3),))) is Status.UNKNOWN


def test_scope_decides() -> None:
    """A list of CA certificates, or of another distribution point, says nothing about this certificate."""

    def scoped(scope: IssuingDistributionPoint) -> bytes:
        return crl(CA, extra=(extensions.issuing_distribution_point(scope),))

    assert state(scoped(IssuingDistributionPoint(only_user_certificates=True))) is Status.GOOD
    assert state(scoped(IssuingDistributionPoint(only_ca_certificates=True))) is Status.UNKNOWN
    point = extensions.crl_distribution_points(["http://crl.example.cn/3.crl"])
    holder = issue(name("分片"), CA, extra=(SIGNING, point))
    names = holder.certificate.distribution_points[0].names
    assert state(scoped(IssuingDistributionPoint(names=names)), holder=holder) is Status.GOOD
    assert state(scoped(IssuingDistributionPoint(names=names))) is Status.UNKNOWN


def test_expired_certificate_needs_a_list_of_its_time() -> None:
    """CAs drop expired certificates from lists: a newer list without the entry proves nothing."""
    ends = SIGNED + 10 * DAY
    holder = issue(name("过期"), CA, period=(FOUNDED, ends))
    assert state(crl(CA), holder=holder) is Status.STALE
    then = crl(CA, this_update=ends - DAY, next_update=ends + DAY)
    assert state(then, crl(CA), holder=holder) is Status.GOOD
    before = crl(CA, this_update=SIGNED, next_update=ends - DAY)
    assert state(before, crl(CA), holder=holder) is Status.STALE
    kept = Extension(oids.EXPIRED_CERTS_ON_CRL, critical=False, value=der.generalized_time(FOUNDED))
    assert state(crl(CA, extra=(kept,)), holder=holder) is Status.GOOD
    too_late = Extension(oids.EXPIRED_CERTS_ON_CRL, critical=False, value=der.generalized_time(ends + DAY))
    assert state(crl(CA, extra=(too_late,)), holder=holder) is Status.STALE
    broken = Extension(oids.EXPIRED_CERTS_ON_CRL, critical=False, value=b"\x05\x00")
    assert state(crl(CA, extra=(broken,)), holder=holder) is Status.STALE


def test_same_name_another_key() -> None:
    """Two CAs of one name: each has its own lists."""
    twin = issue(CA.certificate.subject, None, extra=CA_EXTENSIONS, key=PrivateKey.generate())
    holder = issue(name("孪生"), twin)
    entry = revoked(holder, SIGNED - DAY)
    lists = (crl(CA), crl(twin, (entry,), signer=twin))
    assert state(*lists) is Status.GOOD
    assert state(*lists, holder=holder, issuer=twin) is Status.REVOKED
    assert oids.CRL_NUMBER in read_crl(lists[0]).extensions


HELD = revoked(BUREAU, SIGNED - DAY, RevocationReason.CERTIFICATE_HOLD)
LIFTED = revoked(BUREAU, NOW - 2 * DAY, RevocationReason.REMOVE_FROM_CRL)


def delta(*entries: RevokedEntry, base: int, number: int, **options: Any) -> bytes:
    """A delta list, newer than the full lists here unless the test says otherwise."""
    extra = (extensions.delta_crl_indicator(base), *options.pop("extra", ()))
    return crl(CA, entries, number=number, extra=extra, **{"this_update": NOW - timedelta(hours=1), **options})


FULL_HELD = crl(CA, (HELD,), number=7)


def test_delta_lifts_the_hold_of_its_base() -> None:
    """Full list and delta list together are the list of the delta's moment (RFC 5280 5.2.4)."""
    assert state(FULL_HELD) is Status.HELD
    assert state(FULL_HELD, delta(LIFTED, base=7, number=8)) is Status.GOOD
    assert state(FULL_HELD, delta(LIFTED, base=5, number=8)) is Status.GOOD
    lists = RevocationLists(map(read_crl, (FULL_HELD, delta(LIFTED, base=7, number=8))))
    known = lists.state(BUREAU.certificate, CA.certificate, moment=SIGNED, at=NOW)
    assert known.as_of == NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    "other",
    [
        delta(LIFTED, base=8, number=9),
        delta(LIFTED, base=6, number=7),
        delta(LIFTED, base=7, number=8, next_update=NOW - timedelta(seconds=1)),
        delta(LIFTED, base=7, number=8, this_update=NOW - 2 * DAY),
        delta(base=7, number=8),
        delta(
            LIFTED,
            base=7,
            number=8,
            extra=(extensions.issuing_distribution_point(IssuingDistributionPoint(only_user_certificates=True)),),
        ),
        delta(LIFTED, base=7, number=8, extra=(extensions.authority_key_identifier(b"another key"),)),
        delta(LIFTED, base=7, number=8, signer=N.maker_authority),
    ],
    ids=["later base", "same number", "out of date", "older", "silent", "scope", "key identifier", "signer"],
)
def test_delta_that_does_not_go_with_the_list_lifts_nothing(other: bytes) -> None:
    """Base after the list at hand, number not above it, out of date, of another scope or key: the hold stays."""
    assert state(FULL_HELD, other) is Status.HELD


def test_newest_delta_counts() -> None:
    """Each delta list tells anew what changed since its base: the newest one decides."""
    held = delta(HELD, base=7, number=8, this_update=NOW - timedelta(hours=3))
    silent = delta(base=7, number=9, this_update=NOW - timedelta(hours=2))
    again = delta(HELD, base=7, number=10, this_update=NOW - timedelta(hours=1))
    assert state(crl(CA), held) is Status.HELD
    assert state(crl(CA), held, silent) is Status.GOOD
    assert state(crl(CA), held, silent, again) is Status.HELD


def test_hold_in_a_delta_of_an_unseen_base_counts() -> None:
    """A delta list that cannot be joined to the full list at hand still warns."""
    assert state(crl(CA, number=7), delta(HELD, base=9, number=10)) is Status.HELD
    unseen = delta(base=9, number=11, this_update=NOW - timedelta(minutes=1))
    assert state(crl(CA, number=7), delta(HELD, base=7, number=8), unseen) is Status.HELD


def test_delta_does_not_renew_a_stale_list() -> None:
    """Absence is proven by a current full list alone, as OpenSSL asks too."""
    old = crl(CA, this_update=NOW - 9 * DAY, next_update=NOW - DAY, number=7)
    assert state(old, delta(base=7, number=8)) is Status.STALE


def test_point_named_relative_to_the_issuer_covers_nobody() -> None:
    """nameRelativeToCRLIssuer is not read, so the list may be of any part of the certificates."""
    attribute = der.sequence(der.oid(oids.COMMON_NAME), der.utf8_string("1"))
    relative = der.explicit(0, der.encode(der.context(1), attribute))
    extra = Extension(oids.ISSUING_DISTRIBUTION_POINT, critical=True, value=der.sequence(relative))
    assert state(crl(CA, extra=(extra,))) is Status.UNKNOWN


def test_point_of_another_list_issuer_is_not_the_own_list() -> None:
    """A distribution point with cRLIssuer names somebody else's list, whatever its address."""
    address = extensions.crl_distribution_points(["http://crl.example.cn/4.crl"])
    point = der.parse(address.value).children()[0]
    issuer = der.encode(der.context(2), directory_name(name("别的")))
    foreign = Extension(address.oid, critical=False, value=der.sequence(der.sequence(point.content, issuer)))
    names = issue(name("自己"), CA, extra=(SIGNING, address)).certificate.distribution_points[0].names
    scoped = crl(CA, extra=(extensions.issuing_distribution_point(IssuingDistributionPoint(names=names)),))
    assert state(scoped, holder=issue(name("自己"), CA, extra=(SIGNING, address))) is Status.GOOD
    assert state(scoped, holder=issue(name("代发"), CA, extra=(SIGNING, foreign))) is Status.UNKNOWN
