"""CMP messages: what is written is read; octets of any kind are read, or refused by one kind of error."""

from contextlib import suppress
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from formats import der, oids
from formats.errors import MalformedDataError
from formats.rfc9810 import (
    BodyKind,
    PasswordMac,
    PkiHeader,
    assemble_message,
    protected_part,
    read_certificate_requests,
    read_certificate_responses,
    read_confirmations,
    read_error,
    read_message,
    read_password_mac,
    read_revocation_requests,
    read_revocation_responses,
)
from tests.enrolment_world import Machine, machine, open_office

PROPERTY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
BODIES = (
    read_certificate_requests,
    read_certificate_responses,
    read_confirmations,
    read_error,
    read_revocation_requests,
    read_revocation_responses,
)
OCTETS = st.none() | st.binary(min_size=1, max_size=64)
MACS = st.one_of(
    st.builds(
        PasswordMac,
        st.binary(min_size=8, max_size=64),
        st.integers(100, 20_000),
        st.sampled_from([oids.SHA256, oids.SHA384, oids.SHA512, oids.SM3]),
        st.sampled_from([oids.HMAC_SHA1, oids.HMAC_SHA1_PKIX, oids.HMAC_SHA256, oids.HMAC_SHA512, oids.SM3_KEYED]),
    ),
    st.builds(
        PasswordMac,
        st.binary(min_size=8, max_size=64),
        st.integers(100, 20_000),
        st.sampled_from([oids.HMAC_SHA1, oids.HMAC_SHA256, oids.HMAC_SHA512]),
        st.sampled_from([oids.HMAC_SHA256, oids.HMAC_SHA512]),
        is_pbmac1=st.just(True),
        key_octets=st.integers(16, 64),
    ),
)


@cache
def client() -> tuple[Machine, bytes]:
    """A machine and its one good message, which stays the same."""
    own = machine(open_office())
    return own, own.by_secret(BodyKind.IR, own.request())


@PROPERTY
@given(st.sampled_from(BodyKind), OCTETS, OCTETS, OCTETS, OCTETS, MACS, st.binary(max_size=40))
def test_headers_read_back(
    kind: BodyKind,
    transaction: bytes | None,
    nonce: bytes | None,
    theirs: bytes | None,
    key_id: bytes | None,
    mac: PasswordMac,
    protection: bytes,
) -> None:
    """Header, kind, body and protection come back as they were written, and so does the protection's description."""
    name = b"\xa4\x02\x30\x00"
    header = PkiHeader(2, name, name, None, mac.encode(), key_id, transaction, nonce, theirs)
    body = der.sequence(der.integer(7))
    message = read_message(assemble_message(protected_part(header, kind, body), protection))
    assert (message.header, message.kind, message.body, message.protection) == (header, kind, body, protection)
    assert message.protected == protected_part(header, kind, body)
    assert read_password_mac(mac.encode()) == mac


@PROPERTY
@given(st.data())
def test_no_octets_raise_anything_else(data: st.DataObject) -> None:
    """Good messages cut, doubled and overwritten: read, answered or refused, never anything else."""
    own, whole = client()
    cut, rest = data.draw(st.integers(0, len(whole))), data.draw(st.integers(0, len(whole)))
    middle = data.draw(st.binary(max_size=20))
    for octets in (middle, whole[:cut] + middle + whole[rest:]):
        with suppress(MalformedDataError):
            message = read_message(own.office.service.answer(octets))
            assert message.kind is BodyKind.ERROR or octets == whole
        for read in BODIES:
            with suppress(MalformedDataError):
                read(octets)
        with suppress(MalformedDataError):
            read_password_mac(octets)
