"""Everything ever issued, read again: what breaks a rule is found, what does not is let be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ca.model import SerialNumber
from ca.profile import Profile
from ca.register import CaRegister
from ca.rereading import Reread, Rereading
from crypto import PrivateKey, SoftwareSigner
from formats import oids
from formats.gbt20518 import Name, RevocationReason
from tests.authority_world import ACTOR, PROFILES, World, holder_request, make_world
from tests.registers import rewrite


class Profiles(Mapping[str, Profile]):
    """The built-in profiles with some of them replaced or taken away."""

    def __init__(self, changes: dict[str, Profile | None]) -> None:
        self._changes = changes

    def __getitem__(self, name: str) -> Profile:
        found = self._changes.get(name, PROFILES[name])
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(PROFILES)

    def __len__(self) -> int:
        return len(PROFILES)


@pytest.fixture
def address(tmp_path: Path) -> str:
    return str(tmp_path / "ca.db")


@pytest.fixture
def world(address: str) -> World:
    return _lived_in(address)


def _lived_in(address: str) -> World:
    world = make_world(address)
    certificates = world.regional.issue_many([holder_request(f"r{number}") for number in range(6)], actor=ACTOR)
    serials = [SerialNumber(each.serial_number) for each in certificates]
    world.regional.revoke(serials[0], RevocationReason.SUPERSEDED, actor=ACTOR)
    world.regional.suspend(serials[1], actor=ACTOR)
    world.regional.publish_crl(actor=ACTOR)
    world.clock.turn(hours=1)
    world.regional.publish_crl(actor=ACTOR)
    return world


def _found(rereading: Rereading, *, after: SerialNumber | None = None) -> list[Reread]:
    pages = [*rereading.certificates(after=after), *rereading.lists()]
    return [each for page in pages for each in page.found]


def _codes(rereading: Rereading) -> list[str]:
    return [each.finding.code for each in _found(rereading)]


def _after(address: str, world: World, *statements: str) -> Rereading:
    world.store.close()  # type: ignore[attr-defined]
    rewrite(address, *statements, drop_guards=True)
    return world.make_regional(CaRegister(address), world.regional_signer).rereading()


def test_what_was_issued_passes(register_address: str) -> None:
    """Root and regional authority: nothing to find, everything read, states changed since the list included."""
    world = _lived_in(register_address)
    (third, *_) = world.regional.certificates()[2:]
    world.regional.revoke(third.serial, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
    for authority, certificates, lists in ((world.root, 2, 0), (world.regional, 6, 2)):
        rereading = authority.rereading()
        pages = list(rereading.certificates())
        assert sum(page.read for page in pages) == certificates
        assert [page.found for page in pages] == [()]
        assert [(page.read, page.found) for page in rereading.lists()] == [(1, ())] * lists


def test_it_goes_on_behind_a_position(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages name the last certificate they read; a later run reads the rest."""
    monkeypatch.setattr("ca.rereading._PAGE", 2)
    first, *rest = world.regional.rereading().certificates()
    assert [page.read for page in (first, *rest)] == [2, 2, 2]
    assert list(world.regional.rereading().certificates(after=first.last)) == rest


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE ca_certificates SET encoded = {octet} WHERE state = 'held'", "ca.unreadable"),
        ("UPDATE ca_certificates SET tbs = {octet} WHERE state = 'held'", "ca.record-differs"),
        ("UPDATE ca_certificates SET subject = 'CN=other' WHERE state = 'held'", "ca.record-differs"),
        ("UPDATE ca_certificates SET profile = 'seal-holder/77' WHERE state = 'held'", "ca.profile-unknown"),
        ("UPDATE ca_certificates SET profile = 'tls-server/1' WHERE state = 'held'", "ca.extended-key-usage"),
        ("UPDATE ca_certificates SET intended_at = '2025-01-01T00:00:00Z' WHERE state = 'held'", "ca.issuer"),
        ("UPDATE ca_certificates SET revoked_at = NULL, state = 'valid' WHERE state = 'revoked'", "ca.not-listed"),
        ("UPDATE ca_certificates SET reason = 1 WHERE state = 'revoked'", "ca.not-listed"),
        (
            "UPDATE ca_certificates SET revoked_at = '2026-01-01T00:00:00Z', reason = 1 WHERE state = 'valid'",
            "ca.not-listed",
        ),
        ("UPDATE ca_crls SET signature = {octet} WHERE number = 2", "ca.signature"),
        ("UPDATE ca_crls SET tbs = {octet} WHERE number = 2", "ca.unreadable"),
        ("UPDATE ca_crls SET entries = 7 WHERE number = 1", "ca.record-differs"),
        ("UPDATE ca_crls SET list_name = 'shard-9' WHERE number = 1", "ca.crl-scope"),
    ],
)
def test_damage_is_found(world: World, address: str, statement: str, code: str) -> None:
    """What somebody changed past the program shows, although reading again does not ask the trail."""
    codes = _codes(_after(address, world, statement))
    assert any(each.startswith(code) for each in codes), codes


def test_a_signature_of_another_key_is_found(world: World) -> None:
    """Certificates and lists are verified under the authority's own key."""
    rereading = world.regional.rereading()
    rereading._issuer = replace(rereading._issuer, public_key=PrivateKey.generate().public_key)
    codes = _codes(rereading)
    assert codes.count("ca.signature") == 6 + 2


def test_rules_that_grew_are_told_apart(world: World) -> None:
    """What the issue's own version now forbids is wrong; what only the latest version forbids is outdated."""
    own, latest = PROFILES["seal-holder/1"], PROFILES["seal-holder"]
    stricter = replace(own, max_validity=timedelta(days=1))
    rereading = world.regional.rereading()
    rereading._profiles = Profiles({world.regional.certificates()[0].profile: stricter})
    found = _found(rereading)
    assert {each.finding.code for each in found if not each.is_outdated} == {"ca.validity-long"}
    rereading._profiles = Profiles({"seal-holder": replace(latest, version=99, max_validity=timedelta(days=1))})
    found = _found(rereading)
    assert {each.finding.code for each in found} == {"ca.validity-long"}
    assert all(each.is_outdated for each in found)


def test_a_shared_key_is_found_and_a_renewal_is_none(world: World) -> None:
    """A key certified for another subject is a finding; the same subject may keep its key."""
    request = holder_request("first")
    other = Name.build(
        [(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "另一个局"), (oids.COMMON_NAME, "37030000001722")]
    )
    world.regional.issue_many([request, replace(request, key="renewed")], actor=ACTOR)
    assert _found(world.regional.rereading()) == []
    world.regional.issue(replace(request, key="stolen", subject=other), actor=ACTOR)
    (found,) = _found(world.regional.rereading())
    assert found.finding.code == "ca.key-reused"
    assert str(world.regional.certificates()[-1].serial) in found.item


def test_an_overdue_list_is_found(world: World) -> None:
    """A newest list whose next one should be there is told; older ones may lie as they are."""
    world.clock.turn(days=30)
    assert _codes(world.regional.rereading()) == ["ca.crl-overdue"]


def test_another_issuer_is_found() -> None:
    """Names and key identifiers are compared with the authority's."""
    world = make_world()
    world.regional.issue(holder_request(), actor=ACTOR)
    rereading = world.regional.rereading()
    signer = SoftwareSigner(PrivateKey.generate())
    rereading._issuer = replace(rereading._issuer, key_identifier=bytes(20), public_key=signer.public_key)
    assert {"ca.aki", "ca.signature"} <= set(_codes(rereading))
