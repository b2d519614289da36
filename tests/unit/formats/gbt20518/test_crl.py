"""Revocation lists: written strictly, read with departures named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crypto import DEFAULT_USER_ID, InvalidSignatureError, PrivateKey, sign
from formats import der, oids
from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt20518 import (
    Crl,
    EncodedEntries,
    Extension,
    IssuingDistributionPoint,
    RevocationReason,
    RevokedEntry,
    TbsCrl,
    assemble_crl,
    crl_verify,
    read_crl,
)
from formats.gbt20518 import extension_building as build
from formats.gbt20518.algorithm import SM2_WITH_SM3
from formats.gbt20518.general_name import GeneralName, GeneralNameKind, directory_name, uri
from formats.gbt20518.revoked_entries import encode_entry
from formats.tolerances import Tolerance

from .conftest import NAME

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
ENTRIES = (
    RevokedEntry(1, NOW - timedelta(days=3)),
    RevokedEntry(0x7F, NOW - timedelta(days=2), RevocationReason.KEY_COMPROMISE, NOW - timedelta(days=9)),
    RevokedEntry(2**150, NOW - timedelta(days=1), RevocationReason.CERTIFICATE_HOLD),
)
NUMBER = build.crl_number(7)


def _crl(key: PrivateKey, revoked: tuple[RevokedEntry, ...] = ENTRIES, *extensions: Extension) -> bytes:
    tbs = TbsCrl(NAME, NOW, LATER, revoked, extensions or (NUMBER,)).encode()
    return assemble_crl(tbs, sign(key, tbs, user_id=DEFAULT_USER_ID))


def _from_fields(key: PrivateKey, *fields: bytes) -> bytes:
    tbs = der.sequence(*fields)
    return assemble_crl(tbs, sign(key, tbs, user_id=DEFAULT_USER_ID))


def _raw(key: PrivateKey, *entries: bytes, extensions: bytes | None = None) -> bytes:
    return _from_fields(
        key,
        der.integer(1),
        SM2_WITH_SM3,
        NAME.encoded,
        der.time(NOW),
        der.time(LATER),
        der.sequence(*entries),
        der.explicit(0, der.sequence(NUMBER.encode() if extensions is None else extensions)),
    )


def test_list_is_read_as_written(example_key: PrivateKey) -> None:
    """Reason, invalidity date, number and key identifier come back; nothing needs a tolerance."""
    identifier = build.key_identifier(example_key.public_key)
    crl = read_crl(_crl(example_key, ENTRIES, build.authority_key_identifier(identifier), NUMBER))
    assert dict(crl.revoked) == {entry.serial: entry for entry in ENTRIES}
    assert (crl.number, crl.this_update, crl.next_update) == (7, NOW, LATER)
    assert crl.authority_key_identifier == identifier
    assert crl.delta_base is None
    assert crl.issuing_distribution_point is None
    assert crl.tolerances == ()
    crl_verify(crl, example_key.public_key)
    with pytest.raises(InvalidSignatureError):
        crl_verify(crl, PrivateKey.generate().public_key)


def test_nothing_revoked_leaves_the_list_out(example_key: PrivateKey) -> None:
    """RFC 5280 5.1.2.6: "the revoked certificates list MUST be absent"."""
    data = _crl(example_key, ())
    assert len(der.parse(data).children()[0].children()) == 6
    assert dict(read_crl(data).revoked) == {}


def test_scope_is_written_and_read(example_key: PrivateKey) -> None:
    """A partition's issuingDistributionPoint carries its address and flag, critical."""
    address = "http://crl.test/1.crl"
    name = GeneralName(GeneralNameKind.URI, uri(address), address)
    scope = IssuingDistributionPoint(names=(name,), only_user_certificates=True)
    crl = read_crl(_crl(example_key, ENTRIES, NUMBER, build.issuing_distribution_point(scope)))
    assert crl.issuing_distribution_point == scope
    assert crl.extensions[oids.ISSUING_DISTRIBUTION_POINT].critical


def test_delta_indicator_is_read(example_key: PrivateKey) -> None:
    """A delta list names the number of its base."""
    crl = read_crl(_crl(example_key, ENTRIES, NUMBER, build.delta_crl_indicator(5)))
    assert crl.delta_base == 5


def _entry(serial: bytes = b"\x02\x01\x05", extra: bytes = b"") -> bytes:
    return der.sequence(serial, der.time(NOW), extra)


def _tolerances(data: bytes) -> tuple[Tolerance, ...]:
    return read_crl(data).tolerances


def test_departures_are_named(example_key: PrivateKey) -> None:
    """Empty list, repeated serial, no nextUpdate, encoded default: each is read and named."""
    assert _tolerances(_raw(example_key)) == (Tolerance.X509_EMPTY_REVOKED_LIST,)
    assert _tolerances(_raw(example_key, _entry(), _entry())) == (Tolerance.X509_CRL_REPEATED_SERIAL,)
    assert _tolerances(_raw(example_key, _entry(b"\x02\x02\x00\x05"))) == (Tolerance.DER_NON_MINIMAL_INTEGER,)
    without = _from_fields(
        example_key,
        der.integer(1),
        SM2_WITH_SM3,
        NAME.encoded,
        der.time(NOW),
        der.explicit(0, der.sequence(NUMBER.encode())),
    )
    crl = read_crl(without)
    assert crl.next_update is None
    assert crl.tolerances == (Tolerance.X509_CRL_WITHOUT_NEXT_UPDATE,)


def test_first_entry_of_a_repeated_serial_stays(example_key: PrivateKey) -> None:
    """A second entry cannot soften the first one."""
    hold = der.sequence(
        der.sequence(der.oid(oids.CRL_REASON), der.octet_string(der.integer(6, tag=der.ENUMERATED)))
    )
    crl = read_crl(_raw(example_key, _entry(), _entry(extra=hold)))
    assert crl.revoked[5].reason is RevocationReason.UNSPECIFIED


def _reason(value: bytes) -> bytes:
    return der.sequence(der.sequence(der.oid(oids.CRL_REASON), der.octet_string(value)))


@pytest.mark.parametrize(
    "extra",
    [_reason(b"\x0a\x01\x07"), _reason(b"\x0a\x01\xff"), _reason(b"\x02\x01\x01"), _reason(b""), b"\x30\x01"],
)
def test_unreadable_reason_is_refused(example_key: PrivateKey, extra: bytes) -> None:
    """A list that cannot be understood in full gives no answer at all."""
    with pytest.raises(MalformedDataError):
        read_crl(_raw(example_key, _entry(extra=extra)))


def test_unknown_critical_extensions_are_listed(example_key: PrivateKey) -> None:
    """Critical extensions of the list and of entries that are not understood reach the verifier."""
    unknown = Extension("1.2.3.4", critical=True, value=b"").encode()
    of_entry = Extension("1.2.3.5", critical=True, value=b"").encode()
    crl = read_crl(_raw(example_key, _entry(extra=der.sequence(of_entry)), extensions=unknown))
    assert crl.unknown_critical_extensions == ("1.2.3.4", "1.2.3.5")


@pytest.mark.parametrize(
    "oid",
    [oids.CRL_NUMBER, oids.DELTA_CRL_INDICATOR, oids.ISSUING_DISTRIBUTION_POINT, oids.AUTHORITY_KEY_IDENTIFIER],
)
def test_unreadable_scope_is_refused(example_key: PrivateKey, oid: str) -> None:
    """An extension that bounds what the list covers must be readable."""
    with pytest.raises(MalformedDataError):
        read_crl(_raw(example_key, _entry(), extensions=Extension(oid, critical=True, value=b"x").encode()))


def test_indirect_list_is_refused(example_key: PrivateKey) -> None:
    """Entries of other issuers cannot be told apart by serial number alone."""
    value = der.sequence(der.encode(0x84, b"\xff"))
    extension = Extension(oids.ISSUING_DISTRIBUTION_POINT, critical=True, value=value).encode()
    with pytest.raises(MalformedDataError, match="indirect"):
        read_crl(_raw(example_key, _entry(), extensions=extension))


def test_truncation_at_every_octet_is_refused(example_key: PrivateKey) -> None:
    """No prefix of a list is a list."""
    data = _crl(example_key)
    for length in range(len(data)):
        with pytest.raises(MalformedDataError):
            read_crl(data[:length])


def test_builder_refuses_what_readers_would_tolerate() -> None:
    """The strict writer lists nothing twice, dates no list backwards and takes no serial out of range."""
    with pytest.raises(ValueError, match="twice"):
        TbsCrl(NAME, NOW, LATER, (ENTRIES[0], ENTRIES[0]), (NUMBER,))
    with pytest.raises(ValueError, match="nextUpdate"):
        TbsCrl(NAME, NOW, NOW, (), (NUMBER,))
    with pytest.raises(ValueError, match="serial"):
        TbsCrl(NAME, NOW, LATER, (RevokedEntry(0, NOW),), (NUMBER,)).encode()


def test_long_list_is_read_in_bounded_time(example_key: PrivateKey) -> None:
    """Fifty thousand entries come back exactly."""
    entries = tuple(RevokedEntry(2**100 + number, NOW, RevocationReason.SUPERSEDED) for number in range(50_000))
    crl: Crl = read_crl(_crl(example_key, entries))
    assert len(crl.revoked) == 50_000
    assert crl.revoked[2**100 + 49_999] == entries[-1]


def test_limits_are_the_callers(example_key: PrivateKey) -> None:
    """A caller can bound size and entries below the default."""
    data = _crl(example_key)
    with pytest.raises(LimitExceededError):
        read_crl(data, limits=der.DerLimits(size=len(data) - 1))
    with pytest.raises(LimitExceededError, match="more than 2 elements"):
        read_crl(_crl(example_key), limits=der.DerLimits(elements=2))


def test_hints_are_written_and_read(example_key: PrivateKey) -> None:
    """Where delta lists are found, and since when expired certificates are kept; neither is critical."""
    freshest, kept = build.freshest_crl(["http://crl.test/delta.crl"]), build.expired_certs_on_crl(NOW)
    crl = read_crl(_crl(example_key, ENTRIES, NUMBER, freshest, kept))
    assert [point.uris for point in crl.freshest] == [("http://crl.test/delta.crl",)]
    assert crl.expired_since == NOW
    assert not any(crl.extensions[each.oid].critical for each in (freshest, kept))
    assert crl.unknown_critical_extensions == crl.tolerances == ()


@pytest.mark.parametrize("oid", [oids.FRESHEST_CRL, oids.EXPIRED_CERTS_ON_CRL])
def test_unreadable_hint_is_left_aside_unless_critical(example_key: PrivateKey, oid: str) -> None:
    """A hint that cannot be read adds nothing; if its maker insists on it, the list is not understood."""
    for critical, expected in ((False, ()), (True, (oid,))):
        crl = read_crl(_crl(example_key, ENTRIES, NUMBER, Extension(oid, critical=critical, value=b"\x05\x00")))
        assert (crl.freshest, crl.expired_since, crl.unknown_critical_extensions) == ((), None, expected)


@pytest.mark.parametrize("critical", [True, False])
def test_entry_of_another_issuer_is_refused(example_key: PrivateKey, critical: bool) -> None:
    """certificateIssuer makes this entry, and those after it, speak of another authority's certificates."""
    issuer = Extension(
        oids.CERTIFICATE_ISSUER, critical=critical, value=der.sequence(directory_name(NAME))
    ).encode()
    with pytest.raises(MalformedDataError, match="other issuers"):
        read_crl(_raw(example_key, _entry(extra=der.sequence(issuer))))


@pytest.mark.parametrize(
    "scope",
    [
        IssuingDistributionPoint(),
        IssuingDistributionPoint(relative_name=True),
        IssuingDistributionPoint(only_user_certificates=True, only_ca_certificates=True),
        IssuingDistributionPoint(only_some_reasons=frozenset({1})),
        IssuingDistributionPoint(indirect=True),
        IssuingDistributionPoint(names=(GeneralName(GeneralNameKind.DIRECTORY, directory_name(NAME)),)),
    ],
)
def test_scope_this_project_does_not_issue_is_refused(scope: IssuingDistributionPoint) -> None:
    """The strict writer writes addresses and one kind of certificate, nothing else, and nothing empty."""
    with pytest.raises(ValueError, match=r"list|scope|point"):
        build.issuing_distribution_point(scope)


def test_streamed_entries_are_the_same_octets(example_key: PrivateKey) -> None:
    """Entries encoded one at a time give the list that entries at hand give; no serial number comes twice."""
    streamed = EncodedEntries.of(iter(ENTRIES))
    assert streamed.count == len(ENTRIES)
    assert TbsCrl(NAME, NOW, LATER, streamed, (NUMBER,)).encode() == read_crl(_crl(example_key)).tbs
    assert (
        TbsCrl(NAME, NOW, LATER, EncodedEntries.of(()), (NUMBER,)).encode() == read_crl(_crl(example_key, ())).tbs
    )
    for wrong in ((ENTRIES[0], ENTRIES[0]), (ENTRIES[1], ENTRIES[0])):
        with pytest.raises(ValueError, match="rise"):
            EncodedEntries.of(wrong)


def test_dates_beyond_the_plain_shape_are_written(example_key: PrivateKey) -> None:
    """An entry dated from 2050 on carries GeneralizedTime; a fraction of a second or another zone is refused."""
    late = RevokedEntry(9, datetime(2051, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert dict(read_crl(_crl(example_key, (late,))).revoked) == {9: late}
    for date in (NOW.replace(microsecond=1), NOW.replace(tzinfo=None)):
        with pytest.raises((ValueError, TypeError)):
            encode_entry(RevokedEntry(9, date))


def test_entries_are_found_whatever_their_order(example_key: PrivateKey) -> None:
    """Lists in order of revocation are as usual as sorted ones: lookup works, iteration follows the list."""
    shuffled = tuple(RevokedEntry(number * 7919 % 1009 + 1, NOW) for number in range(1008))
    crl = read_crl(_crl(example_key, shuffled))
    assert list(crl.revoked.values()) == list(shuffled)
    assert list(crl.revoked) == [each.serial for each in shuffled]
    assert all(crl.revoked[each.serial] == each for each in shuffled)
    assert crl.revoked.get(1_000_000) is None
    assert 0 not in crl.revoked
