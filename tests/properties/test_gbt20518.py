"""Certificates, revocation lists, requests: no input makes a reader fail in any other way than by saying so."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crypto import DEFAULT_USER_ID, PrivateKey, sign
from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt20518 import (
    KeyUsage,
    Name,
    RevocationReason,
    RevokedEntry,
    TbsCertificate,
    TbsCrl,
    Validity,
    assemble_certificate,
    assemble_crl,
    assemble_request,
    pem_blocks,
    read_certificate,
    read_crl,
    read_name,
    read_request,
    request_info,
)
from formats.gbt20518 import extension_building as build
from formats.gbt20518.certificate_pair import read_certificate_pair
from formats.gbt20518.extension import _read_plain as extensions_plain
from formats.gbt20518.extension import read_extensions
from formats.gbt20518.name import _read_any, _read_plain
from formats.gbt20518.revoked_entries import read_plain_entries
from formats.gbt35276 import envelop_key, private_key_info, read_cipher, read_enveloped_key, read_private_key

# The private key of the worked example in GB/T 32918.5-2017.
KEY = PrivateKey.from_scalar(bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"))
NAME = Name.build([(oids.COUNTRY, "CN"), (oids.COMMON_NAME, "信印")])
START = datetime(2026, 1, 1, tzinfo=UTC)
VALIDITY = Validity(START, START + timedelta(days=3650))
EXTENSIONS = (
    build.basic_constraints_of_ca(0),
    build.key_usage([KeyUsage.KEY_CERT_SIGN]),
    build.extended_key_usage([oids.KP_TIME_STAMPING], critical=True),
    build.subject_key_identifier(bytes(20)),
    build.authority_key_identifier(bytes(20)),
    build.certificate_policies([("1.2.3.4", "http://policy.test")]),
    build.crl_distribution_points(["http://crl.test/1"]),
    build.authority_info_access(ocsp=["http://ocsp.test"], ca_issuers=[]),
    build.permitted_names([NAME]),
    build.private_key_usage_period(START, START),
    build.organization_code("11320500014150050B"),
)


def _signed(tbs: bytes, assemble: Callable[[bytes, bytes], bytes]) -> bytes:
    return assemble(tbs, sign(KEY, tbs, user_id=DEFAULT_USER_ID))


CERTIFICATE = _signed(
    TbsCertificate(77, NAME, NAME, VALIDITY, KEY.public_key, EXTENSIONS).encode(), assemble_certificate
)
CRL = _signed(
    TbsCrl(
        NAME,
        START,
        START + timedelta(days=7),
        (
            RevokedEntry(5, START),
            RevokedEntry(6, START, RevocationReason.KEY_COMPROMISE, START),
        ),
        (build.crl_number(3), build.authority_key_identifier(bytes(20)), build.delta_crl_indicator(2)),
    ).encode(),
    assemble_crl,
)
REQUEST = _signed(request_info(NAME, KEY.public_key, EXTENSIONS[:2]), assemble_request)


def _read_everything_of(data: bytes) -> None:
    certificate = read_certificate(data)
    for attribute in dir(type(certificate)):
        if isinstance(getattr(type(certificate), attribute), property):
            getattr(certificate, attribute)
    str(certificate.subject), repr(certificate)


SUBJECTS: list[tuple[bytes, Callable[[bytes], Any]]] = [
    (CERTIFICATE, _read_everything_of),
    (CRL, read_crl),
    (REQUEST, read_request),
    (private_key_info(KEY), read_private_key),
    (envelop_key(KEY, KEY.public_key, bytes(16)), read_enveloped_key),
    (NAME.encoded, read_name),
]


@pytest.mark.parametrize(("data", "read"), SUBJECTS, ids=lambda value: getattr(value, "__name__", ""))
@given(flips=st.lists(st.tuples(st.integers(0, 2**16), st.integers(1, 255)), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_flipped_octets_give_a_value_or_a_clear_error(
    data: bytes, read: Callable[[bytes], Any], flips: list[tuple[int, int]]
) -> None:
    """Whatever octets are changed, a reader returns or raises MalformedDataError, and nothing else."""
    changed = bytearray(data)
    for position, mask in flips:
        changed[position % len(changed)] ^= mask
    with contextlib.suppress(MalformedDataError):
        read(bytes(changed))


@given(data=st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
@example(b"\x30\x80\x00\x00")
@example(b"\x30\x84\xff\xff\xff\xff")
def test_random_octets_are_refused(data: bytes) -> None:
    """Random octets are no certificate, list, request, key, cipher or PEM block with a wrong end."""
    readers = (
        read_certificate,
        read_certificate_pair,
        read_crl,
        read_request,
        read_private_key,
        read_cipher,
        read_enveloped_key,
    )
    for read in (*readers, pem_blocks):
        with contextlib.suppress(MalformedDataError):
            read(data)


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
_ATTRIBUTES = st.lists(
    st.tuples(st.sampled_from([oids.COMMON_NAME, oids.ORGANIZATION, oids.SERIAL_NUMBER]), _TEXT), max_size=6
)


@given(attributes=_ATTRIBUTES)
@settings(max_examples=200, deadline=None)
def test_names_come_back(attributes: list[tuple[str, str]]) -> None:
    """A built name is read back attribute by attribute, by both readers alike, and matches itself."""
    name = Name.build(attributes)
    assert list(name.attributes) == attributes
    assert name.matches(_read_any(name.encoded))
    quick = _read_plain(name.encoded)
    assert quick is None or quick.attributes == _read_any(name.encoded).attributes


@given(
    flips=st.lists(st.tuples(st.integers(0, 2**16), st.integers(1, 255)), min_size=0, max_size=3),
    tail=st.binary(max_size=5),
)
@settings(max_examples=400, deadline=None)
def test_quick_readers_never_contradict_the_general_ones(flips: list[tuple[int, int]], tail: bytes) -> None:
    """Where a quick reader gives an answer, the general reader gives the same one without a tolerance."""
    encoded = bytearray(der.sequence(*(extension.encode() for extension in EXTENSIONS)))
    name = bytearray(NAME.encoded)
    for position, mask in flips:
        encoded[position % len(encoded)] ^= mask
        name[position % len(name)] ^= mask
    quick_name = _read_plain(bytes(name) + tail)
    if quick_name is not None:
        general = _read_any(bytes(name) + tail)
        assert (quick_name.attributes, quick_name.relative_names) == (general.attributes, general.relative_names)
        assert general.tolerances == ()
    try:
        node = der.parse(bytes(encoded))
    except MalformedDataError:
        return
    quick = extensions_plain(node)
    if quick is not None:
        found: list[Any] = []
        slow = {}
        for member in node:
            fields = member.children()
            oid = fields[0].oid()
            slow[oid] = (len(fields) == 3 and fields[1].boolean(), fields[-1].octets())
        assert {oid: (each.critical, each.value) for oid, each in quick.items()} == slow
        assert read_extensions(node, found) == quick
        assert found == []


@given(flips=st.lists(st.tuples(st.integers(0, 2**16), st.integers(1, 255)), min_size=0, max_size=3))
@settings(max_examples=300, deadline=None)
def test_quick_entries_are_the_general_ones(flips: list[tuple[int, int]]) -> None:
    """Entries of a revocation list read quickly have the serials, dates and count the general reader finds."""
    entries = [der.sequence(der.integer(serial), der.utc_time(START)) for serial in (1, 200, 2**64)]
    changed = bytearray(der.sequence(*entries))
    for position, mask in flips:
        changed[position % len(changed)] ^= mask
    try:
        node = der.parse(bytes(changed)).expect(der.SEQUENCE)
        quick = read_plain_entries(node)
    except MalformedDataError:
        return
    if quick is None:
        return
    general = [(member.children()[0].integer(), member.children()[1].utc_time()) for member in node]
    assert [(entry.serial, entry.date) for entry in quick.values()] == general


@given(serial=st.integers(1, 2**159 - 1), days=st.integers(1, 40_000))
@settings(max_examples=100, deadline=None)
def test_certificates_come_back(serial: int, days: int) -> None:
    """Serial numbers up to 20 octets and validities across 2050 are read as written, without tolerances."""
    validity = Validity(START, START + timedelta(days=days))
    tbs = TbsCertificate(serial, NAME, NAME, validity, KEY.public_key, EXTENSIONS)
    certificate = read_certificate(assemble_certificate(tbs.encode(), b"\x30\x06\x02\x01\x01\x02\x01\x01"))
    assert (certificate.serial_number, certificate.validity) == (serial, validity)
    assert certificate.tolerances == ()
