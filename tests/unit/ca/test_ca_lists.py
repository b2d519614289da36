"""Pre-issue rules for revocation lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ca.authority import Issuer
from ca.errors import LintError
from ca.issuance import OnceError
from ca.model import CertificateRecord, CertificateState, SerialNumber
from ca.revocation_list import CrlContent, LintedCrl, entry_of, issue_crl, lint_crl, prepare_crl
from crypto import DEFAULT_USER_ID
from formats import der, oids
from formats.gbt20518 import Crl, Extension, RevocationReason, RevokedEntry, TbsCrl, assemble_crl, read_crl
from formats.gbt20518 import extension_building as build
from tests.authority_world import ROOT_NAME, START, World, make_world

CONTENT = CrlContent(
    number=3,
    this_update=START,
    next_update=START + timedelta(days=7),
    entries=(RevokedEntry(5, START, RevocationReason.SUPERSEDED),),
    previous=None,
    max_validity=timedelta(days=7),
)


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer.of(make_world().regional.certificate)


def _codes(content: CrlContent, issuer: Issuer) -> set[str]:
    try:
        prepare_crl(content, issuer)
    except LintError as exc:
        return {finding.code for finding in exc.findings}
    return set()


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("ca.crl-content", {"number": -1}),
        ("ca.crl-content", {"next_update": START}),
        ("ca.crl-content", {"entries": (RevokedEntry(5, START), RevokedEntry(5, START))}),
        ("ca.crl-next-update", {"next_update": START + timedelta(days=7, seconds=1)}),
        ("ca.crl-backwards", {"previous": START + timedelta(seconds=1)}),
        ("ca.crl-future", {"entries": (RevokedEntry(5, START + timedelta(seconds=1)),)}),
        ("ca.crl-reason", {"entries": (RevokedEntry(5, START, RevocationReason.REMOVE_FROM_CRL),)}),
        (
            "ca.issuer-not-valid",
            {"this_update": START - timedelta(days=1), "entries": (), "max_validity": timedelta(days=9)},
        ),
    ],
)
def test_breach_is_found(issuer: Issuer, code: str, changes: dict[str, Any]) -> None:
    """Content changed in one place gives the finding that names the broken rule."""
    assert _codes(CONTENT, issuer) == set()
    assert code in _codes(replace(CONTENT, **changes), issuer)


def _read(issuer: Issuer, extensions: tuple[Extension, ...], /, **changes: Any) -> Crl:
    fields = {
        "issuer": issuer.name,
        "this_update": CONTENT.this_update,
        "next_update": CONTENT.next_update,
        "revoked": CONTENT.entries,
    }
    tbs = TbsCrl(**{**fields, **changes}, extensions=extensions)
    return read_crl(assemble_crl(tbs.encode(), b"\x00"))


Build = Callable[[Issuer], Crl]


def _good(issuer: Issuer) -> tuple[Extension, Extension]:
    return build.authority_key_identifier(issuer.key_identifier), build.crl_number(3)


@pytest.mark.parametrize(
    ("code", "make"),
    [
        ("ca.crl-issuer", lambda issuer: _read(issuer, _good(issuer), issuer=ROOT_NAME)),
        ("ca.crl-aki", lambda issuer: _read(issuer, (_good(issuer)[1],))),
        ("ca.crl-number", lambda issuer: _read(issuer, (_good(issuer)[0], build.crl_number(4)))),
        (
            "ca.crl-number",
            lambda issuer: _read(issuer, (_good(issuer)[0], replace(build.crl_number(3), critical=True))),
        ),
        ("ca.crl-extensions", lambda issuer: _read(issuer, (*_good(issuer), build.delta_crl_indicator(1)))),
        ("ca.crl-entries", lambda issuer: _read(issuer, _good(issuer), revoked=())),
        (
            "ca.crl-tolerance",
            lambda issuer: _read(
                issuer,
                (
                    *_good(issuer),
                    Extension(oids.ISSUING_DISTRIBUTION_POINT, critical=True, value=der.sequence(b"\x81\x01\x00")),
                ),
            ),
        ),
    ],
)
def test_faulty_building_is_found(issuer: Issuer, code: str, make: Build) -> None:
    """The rules look at what is read back: a list built otherwise than meant is not signed."""
    assert code in {finding.code for finding in lint_crl(make(issuer), CONTENT, issuer)}


def test_issuer_without_crl_sign_makes_no_list(issuer: Issuer) -> None:
    """The issuer's own keyUsage is looked at."""
    bare = replace(issuer, certificate=replace(issuer.certificate, _restricting={}))  # type: ignore[type-var]
    assert "ca.crl-key-usage" in _codes(CONTENT, bare)


def test_list_is_signed_once() -> None:
    """The token of a linted list serves for one signature."""
    world: World = make_world()
    linted = prepare_crl(CONTENT, Issuer.of(world.regional.certificate))
    assert isinstance(linted, LintedCrl)
    issue_crl(linted, world.regional_signer, user_id=DEFAULT_USER_ID)
    with pytest.raises(OnceError):
        issue_crl(linted, world.regional_signer, user_id=DEFAULT_USER_ID)


def test_only_listed_states_have_entries() -> None:
    """A valid certificate has no entry; a given-up intent has one from the moment it was recorded."""
    record = CertificateRecord(
        authority="a",
        serial=SerialNumber(9),
        state=CertificateState.VALID,
        profile="p/1",
        request_key="k",
        request_digest=b"",
        subject="",
        not_after=START,
        intended_at=START,
        tbs=b"",
    )
    with pytest.raises(ValueError, match="not on the list"):
        entry_of(record)
    assert entry_of(replace(record, state=CertificateState.ABANDONED)) == RevokedEntry(9, START)
