"""Identity extensions: no input makes the reader fail in any other way than by saying so."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from formats import oids
from formats.errors import MalformedDataError
from formats.gbt20518 import Extension
from formats.gbt20518.identity import (
    IDENTITY_EXTENSIONS,
    IdentityKind,
    IdentityNumber,
    identity_extension,
    read_identity,
)

_GOOD = [identity_extension(IdentityNumber(kind, "A1234567")).value for kind in IdentityKind]


@given(oid=st.sampled_from(sorted(IDENTITY_EXTENSIONS)), value=st.binary(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_value_is_read_or_refused(oid: str, value: bytes) -> None:
    """Random octets give a number or one kind of error."""
    with contextlib.suppress(MalformedDataError):
        read_identity(Extension(oid, critical=False, value=value), [])


@given(good=st.sampled_from(_GOOD), position=st.integers(0, 20), mask=st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_changed_identify_code_is_read_or_refused(good: bytes, position: int, mask: int) -> None:
    """One changed octet never makes a value that writes back to something else than it was."""
    changed = bytearray(good)
    changed[position % len(changed)] ^= mask
    try:
        number = read_identity(Extension(oids.IDENTIFY_CODE, critical=False, value=bytes(changed)), found := [])
    except MalformedDataError:
        return
    if not found and changed[0] & 0x20:
        assert identity_extension(number).value == bytes(changed)
