"""Documents sealed before and after an authority took a new key, under old and new trust lists, and meshes of CAs."""

from __future__ import annotations

import pytest

from formats import oids
from formats.gbt20518 import Certificate, Name
from formats.gbt20518 import extension_building as extensions
from tests.unit.verifier.documents import codes, sealed, verified
from tests.unit.verifier.nation import (
    CA_EXTENSIONS,
    DAY,
    ENDS,
    SIGNED,
    Holder,
    Nation,
    authority,
    crl,
    issue,
    name,
    nation,
    revoked,
)
from tests.unit.verifier.test_path import states
from verifier.findings import Verdict
from verifier.trust_list_model import Purpose

N = nation()
OLD = N.holder_authority
CA_NAME = OLD.certificate.subject
ROLLED = SIGNED - 30 * DAY
NARROW = (CA_EXTENSIONS[0], extensions.basic_constraints_of_ca(0))


def link(holder: Holder, issuer: Holder, *, path_length: int | None = 0) -> Certificate:
    """A certificate of one key of the authority by the other (RFC 4210 4.4)."""
    extra = (CA_EXTENSIONS[0], extensions.basic_constraints_of_ca(path_length))
    return issue(CA_NAME, issuer, extra=extra, key=holder.key).certificate


NEW = issue(CA_NAME, N.root, extra=NARROW, period=(ROLLED, ENDS))
LATE = issue(name("新证书"), NEW, period=(ROLLED, ENDS))
NEW_WITH_OLD, OLD_WITH_NEW = link(NEW, OLD), link(OLD, NEW)


def under(*authorities: Holder, lists: tuple[Holder, ...] = (OLD, NEW)) -> Nation:
    """A trust list that names these holders' authorities, with current lists of both keys."""
    makers = N.content.authorities[0]
    entries = (makers, *(authority(each, Purpose.SEAL_HOLDER) for each in authorities))
    crls = (crl(N.maker_authority), *(crl(each) for each in lists))
    return N.with_content(authorities=entries, crls=crls)


@pytest.mark.parametrize("people", [under(OLD), under(OLD, NEW)], ids=["old list", "new list"])
def test_licence_sealed_before_passes_after(people: Nation) -> None:
    """Under the old list and under a new one that keeps the old certificate, with the old key's current list."""
    report = verified(sealed(()), people)
    assert codes(report) == set()
    assert report.verdict is Verdict.PASSED


def test_licence_sealed_before_needs_the_old_keys_lists() -> None:
    """If the old key stopped signing lists, nobody would know what became of its certificates."""
    assert verified(sealed(()), under(OLD, NEW, lists=(NEW,))).verdict is Verdict.INDETERMINATE


def test_new_link_leads_from_the_old_list_to_new_certificates() -> None:
    """NewWithOld beside the document is enough for who has the old trust list; without it nobody vouches."""
    assert states(LATE.certificate, under(OLD)) == ["UNTRUSTED"]
    assert states(LATE.certificate, under(OLD), links=[NEW_WITH_OLD]) == ["TRUSTED"]


def test_old_link_leads_from_the_new_list_to_old_certificates() -> None:
    """OldWithNew is enough for who lists the new key alone, for what was sealed since; not for what was before it."""
    people = under(NEW)
    assert states(N.bureau.certificate, people) == ["UNTRUSTED"]
    assert states(N.bureau.certificate, people, links=[OLD_WITH_NEW], moment=SIGNED) == ["TRUSTED"]
    early = states(N.bureau.certificate, people, links=[OLD_WITH_NEW], moment=ROLLED - DAY)
    assert "PERIOD" in early


def test_link_does_not_count_in_the_path_length() -> None:
    """Path length 0 allows a self-issued link and no authority below it (RFC 5280 6.1.4 l)."""
    below = issue(name("下级"), NEW, extra=NARROW, period=(ROLLED, ENDS))
    leaf = issue(name("某"), below, period=(ROLLED, ENDS))
    narrow = issue(CA_NAME, N.root, extra=NARROW, key=OLD.key)
    people = under(narrow)
    assert states(LATE.certificate, people, links=[NEW_WITH_OLD]) == ["TRUSTED"]
    wide = link(NEW, OLD, path_length=None)
    for links in ([below.certificate, NEW_WITH_OLD], [below.certificate, wide]):
        assert states(leaf.certificate, people, links=links) == ["UNTRUSTED"]


def test_revoked_link_leads_nowhere() -> None:
    """The old key's list revokes the link: what it led to is not believed."""
    entry = revoked(Holder(NEW_WITH_OLD, NEW.key), SIGNED - DAY)
    people = under(OLD).with_content(crls=(crl(OLD, (entry,)), crl(NEW)))
    assert states(LATE.certificate, people, links=[NEW_WITH_OLD]) == ["REVOKED"]


def test_cross_certificates_in_a_loop_end() -> None:
    """Three hierarchies certify each other in both directions: paths are found, and the search ends."""
    roots = [issue(name(f"根{number}"), None, extra=CA_EXTENSIONS) for number in range(3)]
    cross = [
        issue(one.certificate.subject, other, extra=CA_EXTENSIONS, key=one.key).certificate
        for one in roots
        for other in roots
        if one is not other
    ]
    leaf = issue(name("远方"), roots[2])
    people = N.with_content(
        authorities=(authority(roots[0], Purpose.SEAL_HOLDER),), crls=tuple(crl(each) for each in roots)
    )
    assert states(leaf.certificate, people) == ["UNTRUSTED"]
    assert states(leaf.certificate, people, links=cross) == ["TRUSTED"]
    strangers = [issue(name(f"外{number}"), None, extra=CA_EXTENSIONS) for number in range(2)]
    loop = [
        issue(
            strangers[0].certificate.subject, strangers[1], extra=CA_EXTENSIONS, key=strangers[0].key
        ).certificate,
        issue(
            strangers[1].certificate.subject, strangers[0], extra=CA_EXTENSIONS, key=strangers[1].key
        ).certificate,
    ]
    assert states(issue(name("某"), strangers[0]).certificate, people, links=loop * 8) == ["UNTRUSTED"]


def test_cross_certificate_binds_by_names() -> None:
    """Name constraints of a cross-certificate hold for everybody below it."""
    ours, theirs = (issue(name(each), None, extra=CA_EXTENSIONS) for each in ("我方根", "对方根"))
    permitted = extensions.permitted_names([Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "甲单位")])])
    cross = issue(theirs.certificate.subject, ours, extra=(*CA_EXTENSIONS, permitted), key=theirs.key).certificate
    people = N.with_content(authorities=(authority(ours, Purpose.SEAL_HOLDER),), crls=(crl(ours), crl(theirs)))
    inside, outside = (issue(name("某", each), theirs).certificate for each in ("甲单位", "乙单位"))
    assert states(inside, people, links=[cross]) == ["TRUSTED"]
    assert states(outside, people, links=[cross]) == ["UNTRUSTED"]
