"""A new key for an authority, and certificates across hierarchies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ca.errors import LintError, RefusedError
from ca.model import AuthorityBounds, IssuanceRequest, Possession, SerialNumber
from ca.roll_over import LinkCertificates, roll_over
from ca.service import CertificateAuthority
from crypto import KeyStoreError, PrivateKey, SoftwareSigner
from formats import oids
from formats.gbt20518 import Name, RevocationReason, Validity, certificate_verify, crl_verify
from tests.authority_world import (
    ACTOR,
    FIVE_YEARS,
    PROFILES,
    REGIONAL_NAME,
    ROOT_NAME,
    START,
    TEN_YEARS,
    World,
    holder_request,
    make_world,
    settings,
)

LATER = START + timedelta(days=1000)


class Generations:
    """The regional authority under its old key and a new one, with holders of both."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.old = world.regional
        self.holder = self.old.issue(holder_request("early"), actor=ACTOR)
        world.clock.now = LATER
        self.signer = SoftwareSigner(PrivateKey.generate())
        request = IssuanceRequest(
            key="regional-2",
            profile="issuing-ca",
            subject=REGIONAL_NAME,
            public_key=self.signer.public_key,
            validity=Validity(LATER, TEN_YEARS.not_after),
            possession=Possession.VOUCHED,
        )
        certificate = world.root.issue_subordinate(request, actor=ACTOR)
        self.new = self.generation(self.signer, (certificate, world.root.certificate))

    def generation(self, signer: Any, chain: Any, **changes: Any) -> CertificateAuthority:
        return CertificateAuthority(
            store=self.world.store,
            signer=signer,
            chain=chain,
            profiles=PROFILES,
            settings=settings(**{"crl_uris": ("http://crl.test/regional-2.crl",), **changes}),
            clock=self.world.clock,
            random=self.world.random.randbytes,
        )

    def roll_over(self) -> LinkCertificates:
        return roll_over(self.old, self.new, actor=ACTOR)


@pytest.fixture
def generations() -> Generations:
    return Generations(make_world())


def test_links_lead_both_ways(generations: Generations) -> None:
    """NewWithOld and OldWithNew carry the one name, the other's key and its own signature, within both validities."""
    links = generations.roll_over()
    old, new = generations.old.certificate, generations.new.certificate
    for link, key, issuer in ((links.new_with_old, new, old), (links.old_with_new, old, new)):
        assert link.subject.encoded == link.issuer.encoded == old.subject.encoded
        assert link.public_key == key.public_key
        assert link.authority_key_identifier == issuer.subject_key_identifier
        assert link.basic_constraints == old.basic_constraints
        assert issuer.public_key is not None
        certificate_verify(link, issuer.public_key)
        assert link.validity.not_after == old.validity.not_after
    assert links.new_with_old.validity.not_before == new.validity.not_before
    assert links.old_with_new.validity.not_before == old.validity.not_before


def test_old_key_signs_lists_and_nothing_else(generations: Generations) -> None:
    """No certificate any more, whatever kind; revocations and lists go on; the refusal is of the record."""
    serial = SerialNumber(generations.holder.serial_number)
    generations.roll_over()
    again = generations.world.make_regional(generations.world.store, generations.world.regional_signer)
    for ask in (again.issue, again.issue_many):
        with pytest.raises(RefusedError) as caught:
            ask(holder_request("late") if ask == again.issue else [holder_request("late")], actor=ACTOR)
        assert caught.value.code == "ca.retired"
    assert again.issue(holder_request("early", public_key=generations.holder.public_key), actor=ACTOR)
    again.revoke(serial, RevocationReason.SUPERSEDED, actor=ACTOR)
    crl = again.publish_crl(actor=ACTOR)
    assert serial.value in crl.revoked
    crl_verify(crl, generations.world.regional_signer.public_key)
    late = generations.new.issue(
        holder_request("late", validity=Validity(LATER, FIVE_YEARS.not_after)), actor=ACTOR
    )
    certificate_verify(late, generations.signer.public_key)
    assert again.audit().is_clean
    assert generations.new.audit().is_clean


def test_lists_of_the_old_key_end_with_its_last_certificate(generations: Generations) -> None:
    """Due as long as a certificate can be valid, links included, and one full list longer."""
    generations.roll_over()
    generations.old.publish_crl(actor=ACTOR)
    generations.world.clock.now = TEN_YEARS.not_after - timedelta(hours=1)
    assert generations.old.lists.due() != ()


def test_roll_over_can_be_repeated(generations: Generations) -> None:
    """The same links again, before and after the old key is retired; another successor is refused."""
    links = generations.roll_over()
    assert generations.roll_over() == links
    with pytest.raises(RefusedError) as caught:
        generations.old.retire("ab" * 20, actor=ACTOR)
    assert caught.value.code == "ca.retired"


def test_interrupted_roll_over_is_finished(generations: Generations) -> None:
    """A key store that fails at any signature leaves what calling again completes; nothing is retired before."""

    class Failing:
        def __init__(self, signer: Any) -> None:
            self._signer, self.fails = signer, True
            self.public_key = signer.public_key

        def sign_digest(self, digest: bytes) -> bytes:
            return self.sign_digests([digest])[0]

        def sign_digests(self, digests: Any) -> Any:
            if self.fails:
                self.fails = False
                raise KeyStoreError("away")
            return self._signer.sign_digests(digests)

    signer = Failing(generations.signer)
    new = generations.generation(signer, generations.new.chain)
    with pytest.raises(KeyStoreError):
        roll_over(generations.old, new, actor=ACTOR)
    between = holder_request("between", validity=Validity(LATER, LATER + timedelta(days=9)))
    assert generations.old.issue(between, actor=ACTOR)
    links = roll_over(generations.old, new, actor=ACTOR)
    assert links.new_with_old.public_key == signer.public_key


def test_unfinished_intent_keeps_the_old_key(generations: Generations) -> None:
    """An intent could still be signed: it is finished or given up before the key is retired."""
    with pytest.raises(KeyStoreError):
        generations.world.make_regional(
            generations.world.store, _Silent(generations.world.regional_signer.public_key)
        ).issue(holder_request("open", validity=Validity(LATER, LATER + timedelta(days=9))), actor=ACTOR)
    with pytest.raises(RefusedError) as caught:
        generations.roll_over()
    assert caught.value.code == "ca.retire-pending"
    generations.old.recover(actor=ACTOR)
    generations.roll_over()


class _Silent:
    def __init__(self, public_key: Any) -> None:
        self.public_key = public_key

    def sign_digest(self, digest: bytes) -> bytes:
        raise KeyStoreError("away")

    def sign_digests(self, digests: Any) -> Any:
        raise KeyStoreError("away")


def test_generations_are_one_name_two_keys_two_lists(generations: Generations) -> None:
    """Another authority is no generation, nor is one whose lists would lie where the old key's do."""
    with pytest.raises(RefusedError) as caught:
        roll_over(generations.old, generations.world.root, actor=ACTOR)
    assert caught.value.code == "ca.roll-over-pair"
    shared = generations.generation(
        generations.signer, generations.new.chain, crl_uris=("http://crl.test/regional.crl",)
    )
    with pytest.raises(RefusedError) as caught:
        roll_over(generations.old, shared, actor=ACTOR)
    assert caught.value.code == "ca.roll-over-lists"


PARTNER = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "别省"), (oids.COMMON_NAME, "别省根")])
SUBTREE = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "别省")])
CROSS = IssuanceRequest(
    key="cross-1",
    profile="cross",
    subject=PARTNER,
    public_key=PrivateKey.generate().public_key,
    validity=FIVE_YEARS,
    possession=Possession.PROVEN,
    bounds=AuthorityBounds(path_length=0, permitted=(SUBTREE,), policies=("1.2.3.4",)),
)


def test_cross_certificate_carries_its_bounds() -> None:
    """Path length, subtrees (critical) and policies are those of the request."""
    root = make_world().root
    certificate = root.issue_cross(CROSS, actor=ACTOR)
    assert certificate.basic_constraints is not None
    assert certificate.basic_constraints.path_length == 0
    assert certificate.extensions[oids.NAME_CONSTRAINTS].critical
    assert certificate.name_constraints is not None
    assert [each.directory_name for each in certificate.name_constraints.permitted] == [SUBTREE]
    assert [policy.oid for policy in certificate.policies] == ["1.2.3.4"]
    assert root.issue_cross(CROSS, actor=ACTOR) == certificate
    with pytest.raises(RefusedError) as caught:
        root.issue_cross(replace(CROSS, bounds=replace(CROSS.bounds, path_length=1)), actor=ACTOR)  # type: ignore[type-var]
    assert caught.value.code == "ca.request-key-reused"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"bounds": None}, "ca.cross-unbounded"),
        ({"bounds": AuthorityBounds(path_length=0)}, "ca.cross-unbounded"),
        ({"bounds": AuthorityBounds(path_length=2, permitted=(SUBTREE,))}, "ca.basic-constraints"),
        ({"bounds": AuthorityBounds(path_length=None, permitted=(SUBTREE,))}, "ca.basic-constraints"),
        ({"subject": ROOT_NAME}, "ca.self-issued"),
        ({"validity": TEN_YEARS}, "ca.validity-long"),
    ],
)
def test_unbounded_cross_certificate_is_not_signed(changes: dict[str, Any], code: str) -> None:
    """Without subtrees, beyond the profile's path length or years, or for the own name: refused before any key."""
    root = make_world().root
    with pytest.raises(LintError) as caught:
        root.issue_cross(replace(CROSS, **changes), actor=ACTOR)
    assert code in {finding.code for finding in caught.value.findings}


def test_bounds_are_for_links_and_cross_certificates() -> None:
    """An end entity's or a subordinate's request with bounds does not pass the rules."""
    world = make_world()
    request = holder_request("sub", profile="issuing-ca", credit_code=None, validity=TEN_YEARS)
    with pytest.raises(LintError) as caught:
        world.root.issue_subordinate(replace(request, bounds=CROSS.bounds), actor=ACTOR)
    assert "ca.bounds-present" in {finding.code for finding in caught.value.findings}
    for ask, wanted in ((world.root.issue_cross, "link"), (world.root.issue_link, "cross")):
        with pytest.raises(RefusedError) as refused:
            ask(replace(CROSS, profile=wanted), actor=ACTOR)
        assert refused.value.code == "ca.profile-kind"
