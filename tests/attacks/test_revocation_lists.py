"""Attacks on what is known of a revoked seal: lists left out, replaced, limited, or from the wrong moment.

The bureau's certificate was revoked before it sealed; every list below is one somebody may hold, and none may make
the document pass.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from crypto import PrivateKey
from formats import der, oids
from formats.gbt20518 import (
    Extension,
    GeneralName,
    GeneralNameKind,
    IssuingDistributionPoint,
    RevocationReason,
)
from formats.gbt20518 import extension_building as extensions
from formats.gbt20518.general_name import uri
from tests.unit.verifier.documents import codes, sealed, verified
from tests.unit.verifier.nation import CA_EXTENSIONS, DAY, NOW, SIGNED, Holder, crl, issue, name, nation, revoked
from verifier.codes import Code
from verifier.findings import Verdict

N = nation()
CA = N.holder_authority
MAKERS = crl(N.maker_authority)
ENTRY = revoked(N.bureau, SIGNED - DAY)
HOLD = revoked(N.bureau, SIGNED - DAY, RevocationReason.CERTIFICATE_HOLD)
NAMESAKE = Holder(CA.certificate, PrivateKey.generate())
REVOKED = {Code.SIGNER_CERT_REVOKED}
UNKNOWN = {Code.SIGNER_CERT_STATUS_UNKNOWN}
STALE = {Code.SIGNER_CERT_STATUS_STALE}


def scope(number: int, content: bytes = b"\xff") -> Extension:
    """issuingDistributionPoint with one of its parts (RFC 5280 5.2.5)."""
    part = der.encode(der.context(number, constructed=False), content)
    return Extension(oids.ISSUING_DISTRIBUTION_POINT, critical=True, value=der.sequence(part))


CA_CERTIFICATES, ATTRIBUTE_CERTIFICATES, USERS = scope(2), scope(5), scope(1)
ELSEWHERE = "http://crl.example.cn/user-1-03.crl"
SHARD = extensions.issuing_distribution_point(
    IssuingDistributionPoint((GeneralName(GeneralNameKind.URI, uri(ELSEWHERE), ELSEWHERE),))
)
RELATIVE = Extension(
    oids.ISSUING_DISTRIBUTION_POINT,
    critical=True,
    value=der.sequence(
        der.explicit(0, der.encode(der.context(1), der.sequence(der.oid(oids.COMMON_NAME), der.utf8_string("3"))))
    ),
)
REMOVED = revoked(N.bureau, NOW, RevocationReason.REMOVE_FROM_CRL)
SUPERSEDED_ONLY = scope(3, b"\x03\x08")


def delta(base: int) -> Extension:
    return extensions.delta_crl_indicator(base)


LISTS: dict[str, tuple[Callable[[], tuple[bytes, ...]], set[Code]]] = {
    "the list itself": (lambda: (crl(CA, (ENTRY,)),), REVOKED),
    "none": (lambda: (), UNKNOWN),
    "only an older one without the entry": (
        lambda: (crl(CA, this_update=SIGNED - 9 * DAY, next_update=SIGNED - 2 * DAY),),
        STALE,
    ),
    "a newer one without the entry beside it": (
        lambda: (crl(CA, (ENTRY,), number=7), crl(CA, number=8, this_update=NOW)),
        REVOKED,
    ),
    "a newer one of a lower number beside it": (
        lambda: (crl(CA, (ENTRY,), number=9), crl(CA, number=3, this_update=NOW)),
        REVOKED,
    ),
    "one signed by a namesake's key": (lambda: (crl(CA, signer=NAMESAKE),), UNKNOWN),
    "a namesake's one beside it": (lambda: (crl(CA, signer=NAMESAKE, this_update=NOW), crl(CA, (ENTRY,))), REVOKED),
    "one of another authority": (lambda: (crl(N.root),), UNKNOWN),
    "one of the future": (lambda: (crl(CA, this_update=NOW + timedelta(seconds=1)),), UNKNOWN),
    "one of CA certificates": (lambda: (crl(CA, extra=(CA_CERTIFICATES,)),), UNKNOWN),
    "one of attribute certificates": (lambda: (crl(CA, extra=(ATTRIBUTE_CERTIFICATES,)),), UNKNOWN),
    "one with an unknown critical extension": (
        lambda: (crl(CA, extra=(Extension("1.2.3.4", critical=True, value=der.null()),)),),
        UNKNOWN,
    ),
    "one of some reasons": (lambda: (crl(CA, extra=(SUPERSEDED_ONLY,)),), UNKNOWN),
    "the entry in a list of some reasons": (
        lambda: (crl(CA), crl(CA, (ENTRY,), extra=(SUPERSEDED_ONLY,), number=8)),
        REVOKED,
    ),
    "a delta list as if it were full": (lambda: (crl(CA, extra=(delta(1),)),), UNKNOWN),
    "the entry in a delta list alone": (lambda: (crl(CA), crl(CA, (ENTRY,), extra=(delta(7),), number=8)), REVOKED),
    "a hold in a delta list alone": (
        lambda: (crl(CA), crl(CA, (HOLD,), extra=(delta(7),), number=8)),
        {Code.SIGNER_CERT_HELD},
    ),
    "removed by a delta list though revoked": (
        lambda: (
            crl(CA, (ENTRY,)),
            crl(CA, (revoked(N.bureau, NOW, RevocationReason.REMOVE_FROM_CRL),), extra=(delta(7),), number=8),
        ),
        REVOKED,
    ),
    "a shard of other certificates": (lambda: (crl(CA, extra=(SHARD,)),), UNKNOWN),
    "a shard named relative to the issuer": (lambda: (crl(CA, extra=(RELATIVE,)),), UNKNOWN),
    "a delta list to a list nobody has": (lambda: (crl(CA, extra=(delta(7),), number=8),), UNKNOWN),
    "a hold lifted by a delta list of another base": (
        lambda: (crl(CA, (HOLD,)), crl(CA, (REMOVED,), extra=(delta(8),), number=9, this_update=NOW)),
        {Code.SIGNER_CERT_HELD},
    ),
    "a hold lifted by a delta list of another scope": (
        lambda: (crl(CA, (HOLD,)), crl(CA, (REMOVED,), extra=(delta(7), USERS), number=8, this_update=NOW)),
        {Code.SIGNER_CERT_HELD},
    ),
    "a hold lifted by a namesake's delta list": (
        lambda: (crl(CA, (HOLD,)), crl(CA, (REMOVED,), extra=(delta(7),), number=8, signer=NAMESAKE)),
        {Code.SIGNER_CERT_HELD},
    ),
    "a hold lifted by a full list of other certificates": (
        lambda: (crl(CA, (HOLD,)), crl(CA, extra=(SHARD,), number=8, this_update=NOW)),
        {Code.SIGNER_CERT_HELD},
    ),
    "removed by a full list though revoked": (
        lambda: (
            crl(CA, (ENTRY,)),
            crl(CA, (revoked(N.bureau, NOW, RevocationReason.REMOVE_FROM_CRL),), this_update=NOW, number=8),
        ),
        REVOKED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LISTS)
def test_revoked_seal(case: str) -> None:
    """The revoked seal never passes, whatever lists are at hand."""
    make, expected = LISTS[case]
    report = verified(sealed(()), N.with_content(crls=(MAKERS, *make())))
    assert codes(report) == expected
    assert report.verdict is not Verdict.PASSED


@pytest.mark.parametrize("case", LISTS)
def test_lists_of_the_caller_count_like_those_of_the_trust_list(case: str) -> None:
    """Where a list comes from changes nothing."""
    make, expected = LISTS[case]
    report = verified(sealed(()), N.with_content(crls=(MAKERS,)), crls=make())
    assert codes(report) == expected


def test_same_serial_of_another_authority() -> None:
    """An entry revokes a certificate of the list's own CA, not one elsewhere that has the same number."""
    other = issue(name("别的CA"), N.root, extra=CA_EXTENSIONS)
    people = N.with_content(crls=(*N.content.crls, crl(other, (ENTRY,)), crl(N.maker_authority, (ENTRY,))))
    assert verified(sealed(()), people).verdict is Verdict.PASSED


@pytest.mark.parametrize("stated", [SIGNED - 2 * DAY, SIGNED - 400 * DAY])
def test_dating_back_before_a_compromise(stated: datetime) -> None:
    """Who stole a key states a time before it was reported: no time of his own making is believed then."""
    entry = revoked(N.bureau, SIGNED - DAY, RevocationReason.KEY_COMPROMISE)
    report = verified(sealed((), at=stated), N.with_content(crls=(MAKERS, crl(CA, (entry,)))))
    assert report.verdict is Verdict.INDETERMINATE
    assert codes(report) == {Code.SIGNER_CERT_COMPROMISED_SINCE}
