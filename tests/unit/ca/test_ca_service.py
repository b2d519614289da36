"""Use cases of an authority: issuing, revoking, lists, listing, audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ca.authority import TEST_POLICY, AuthoritySettings
from ca.errors import (
    CertificateNotFoundError,
    CrlNotFoundError,
    IllegalTransitionError,
    LintError,
    RefusedError,
)
from ca.model import CertificateState, SerialNumber
from ca.service import CertificateAuthority
from crypto import InvalidSignatureError, PrivateKey, SoftwareSigner
from formats import oids
from formats.gbt20518 import (
    Certificate,
    Name,
    RevocationReason,
    Validity,
    certificate_verify,
    crl_verify,
    read_crl,
)
from tests.authority_world import (
    ACTOR,
    CREDIT_CODE,
    FIVE_YEARS,
    PROFILES,
    ROOT_NAME,
    START,
    TEN_YEARS,
    TurningClock,
    World,
    holder_request,
    make_world,
    settings,
)


@pytest.fixture
def world() -> World:
    return make_world()


def _serial(certificate: Certificate) -> SerialNumber:
    return SerialNumber(certificate.serial_number)


def _issue(world: World, key: str = "request-1", **changes: object) -> SerialNumber:
    return _serial(world.regional.issue(holder_request(key, **changes), actor=ACTOR))


# ---------------------------------------------------------------------- hierarchy


def test_root_is_self_signed_by_the_profile(world: World) -> None:
    """Root: cA TRUE without path length, keyCertSign and cRLSign, no policies, no distribution points."""
    root = world.root.certificate
    certificate_verify(root, world.root_signer.public_key)
    assert root.subject == root.issuer == ROOT_NAME
    assert root.basic_constraints == (True, None)
    assert root.subject_key_identifier == root.authority_key_identifier
    assert (root.policies, root.crl_distribution_points) == ((), ())


def test_root_is_made_once(world: World) -> None:
    """Making the root again gives the same certificate; another subject under the same key is refused."""
    assert world.make_root(world.store).certificate == world.root.certificate
    with pytest.raises(RefusedError) as caught:
        CertificateAuthority.create_root(
            store=world.store,
            signer=world.root_signer,
            subject=Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "另"), (oids.COMMON_NAME, "另一根")]),
            validity=TEN_YEARS,
            profiles=PROFILES,
            settings=settings(),
            clock=world.clock,
            random=world.random.randbytes,
            actor=ACTOR,
        )
    assert caught.value.code == "ca.request-key-reused"


def test_regional_authority_is_certified_below_the_root(world: World) -> None:
    """pathLen 0, test policy, signature under the root's key."""
    regional = world.regional.certificate
    certificate_verify(regional, world.root_signer.public_key)
    assert regional.basic_constraints == (True, 0)
    assert [policy.oid for policy in regional.policies] == [TEST_POLICY]
    assert world.regional.is_test
    assert not AuthoritySettings().is_test


def test_chain_and_key_must_fit(world: World) -> None:
    """An authority is not put together from a chain or a key that is not its own."""
    arguments = {
        "store": world.store,
        "profiles": PROFILES,
        "settings": settings(),
        "clock": world.clock,
        "random": world.random.randbytes,
    }
    with pytest.raises(ValueError, match="another key"):
        CertificateAuthority(signer=world.root_signer, chain=world.chain, **arguments)
    with pytest.raises(ValueError, match="broken"):
        CertificateAuthority(signer=world.regional_signer, chain=(*world.chain, world.chain[0]), **arguments)
    holder = world.regional.issue(holder_request(), actor=ACTOR)
    with pytest.raises(ValueError, match="not the certificate of an authority"):
        CertificateAuthority(signer=world.regional_signer, chain=(holder,), **arguments)


def test_profiles_serve_their_kind_only(world: World) -> None:
    """End entities, authorities and roots go through calls of their own."""
    with pytest.raises(RefusedError, match="not for end-entity"):
        world.regional.issue(holder_request(profile="issuing-ca"), actor=ACTOR)
    with pytest.raises(RefusedError, match="not for authority"):
        world.root.issue_subordinate(holder_request(), actor=ACTOR)
    with pytest.raises(RefusedError) as caught:
        world.regional.issue(holder_request(profile="no-such"), actor=ACTOR)
    assert caught.value.code == "ca.profile-unknown"


# ---------------------------------------------------------------------- issuing


def test_seal_holder_certificate(world: World) -> None:
    """The certificate of a seal holder has exactly what its profile says, and verifies."""
    certificate = world.regional.issue(holder_request(), actor=ACTOR)
    certificate_verify(certificate, world.regional_signer.public_key)
    with pytest.raises(InvalidSignatureError):
        certificate_verify(certificate, world.root_signer.public_key)
    assert certificate.validity == FIVE_YEARS
    assert certificate.credit_code == CREDIT_CODE
    assert certificate.basic_constraints is None
    assert certificate.crl_distribution_points == ("http://crl.test/regional.crl",)
    assert certificate.ocsp_uris == ("http://ocsp.test/",)
    record = world.regional.record(_serial(certificate))
    assert (record.state, record.encoded) == (CertificateState.VALID, certificate.encoded)
    assert record.profile == "seal-holder/2"


@pytest.mark.parametrize(
    ("profile", "days", "purposes"),
    [
        ("seal-maker", 1827, None),
        ("time-stamp", 2192, (oids.KP_TIME_STAMPING,)),
        ("status-service", 92, (oids.KP_OCSP_SIGNING,)),
        ("trust-list-signer", 1096, ("0.4.0.2231.3.0",)),
    ],
)
def test_other_profiles(world: World, profile: str, days: int, purposes: tuple[str, ...] | None) -> None:
    """Every end-entity profile gives a certificate with its key purposes."""
    validity = Validity(START, START + timedelta(days=days))
    certificate = world.regional.issue(holder_request(profile=profile, validity=validity), actor=ACTOR)
    assert certificate.extended_key_usage == purposes
    assert (certificate.private_key_usage_period is not None) == (profile == "time-stamp")
    assert (oids.OCSP_NO_CHECK in certificate.extensions) == (profile == "status-service")


def test_repeated_request_gives_the_same_certificate(world: World) -> None:
    """Idempotency: the same key and content never make a second certificate, even after revocation."""
    request = holder_request()
    first = world.regional.issue(request, actor=ACTOR)
    assert world.regional.issue(request, actor=ACTOR) == first
    world.regional.revoke(_serial(first), RevocationReason.SUPERSEDED, actor=ACTOR)
    assert world.regional.issue(request, actor=ACTOR) == first
    assert len(world.regional.certificates()) == 1


def test_reused_key_is_refused(world: World) -> None:
    """A request key that belongs to another request gives nothing, neither the old nor a new certificate."""
    _issue(world)
    with pytest.raises(RefusedError) as caught:
        _issue(world)  # another key pair, so another request
    assert caught.value.code == "ca.request-key-reused"


def test_refused_request_leaves_no_trace(world: World) -> None:
    """A request that breaks a rule is not recorded, and its key can be used for the corrected request."""
    request = holder_request()
    with pytest.raises(LintError) as caught:
        world.regional.issue(replace(request, credit_code=None), actor=ACTOR)
    assert caught.value.code == "ca.organization-code-missing"
    assert world.regional.certificates() == []
    world.regional.issue(request, actor=ACTOR)


def test_reserved_serial_number_is_used_and_repeats(world: World) -> None:
    """A request may bring its serial number; sent again it is one certificate with one entry of its intent."""
    reserved = SerialNumber(1 << 149 | 7)
    request = holder_request("reserved", serial=reserved)
    certificate = world.regional.issue(request, actor=ACTOR)
    assert certificate.serial_number == reserved.value
    assert world.regional.issue_many([request, holder_request("other")], actor=ACTOR)[0] == certificate
    with pytest.raises(RefusedError):
        world.regional.issue(holder_request("another", serial=reserved), actor=ACTOR)
    assert world.regional.audit().is_clean


def test_batch_is_all_or_nothing(world: World) -> None:
    """One request that breaks a rule keeps the whole batch from being recorded."""
    requests = [holder_request(f"batch-{number}") for number in range(5)]
    with pytest.raises(LintError):
        world.regional.issue_many([*requests, holder_request("bad", credit_code=None)], actor=ACTOR)
    assert world.regional.certificates() == []
    certificates = world.regional.issue_many(requests, actor=ACTOR)
    assert [each.public_key for each in certificates] == [request.public_key for request in requests]
    assert len({each.serial_number for each in certificates}) == 5


def test_batch_may_hold_finished_requests(world: World) -> None:
    """A batch sent again after part of it was done gives what is there and makes the rest."""
    requests = [holder_request(f"batch-{number}") for number in range(4)]
    first = world.regional.issue_many(requests[:2], actor=ACTOR)
    again = world.regional.issue_many(requests, actor=ACTOR)
    assert again[:2] == first
    assert len(world.regional.certificates()) == 4


def test_key_repeated_in_one_batch_is_refused(world: World) -> None:
    """Two requests of one batch cannot share a key."""
    request = holder_request()
    with pytest.raises(RefusedError) as caught:
        world.regional.issue_many([request, request], actor=ACTOR)
    assert caught.value.code == "ca.request-key-repeated"


def test_empty_batch_is_nothing(world: World) -> None:
    """No requests, no certificates, no entries."""
    before = world.regional.audit().entries
    assert world.regional.issue_many([], actor=ACTOR) == []
    assert world.regional.audit().entries == before


def test_validity_lies_within_the_issuers(world: World) -> None:
    """An end entity is not certified beyond the authority's own certificate."""
    world.clock.turn(days=3000)
    start = world.clock.now
    with pytest.raises(LintError) as caught:
        _issue(world, validity=Validity(start, start + timedelta(days=1000)))
    assert "ca.validity-nesting" in {finding.code for finding in caught.value.findings}
    _issue(world, validity=Validity(start, TEN_YEARS.not_after))


def test_repeated_serial_number_is_never_used(world: World) -> None:
    """A random source that repeats itself is caught by the record; the first certificate stands alone."""
    drawn = bytes(range(19))
    arguments = {
        "store": world.store,
        "signer": world.regional_signer,
        "chain": world.chain,
        "profiles": PROFILES,
        "settings": settings(),
        "clock": world.clock,
        "random": lambda _count: drawn,
    }
    authority = CertificateAuthority(**arguments)
    authority.issue(holder_request("one"), actor=ACTOR)
    with pytest.raises(RefusedError) as caught:
        authority.issue(holder_request("two"), actor=ACTOR)
    assert caught.value.code == "ca.intent-repeated"
    assert [record.request_key for record in authority.certificates()] == ["one"]


# ---------------------------------------------------------------------- revoking


def test_revoked_certificate_is_on_the_next_list(world: World) -> None:
    """Reason and invalidity date reach the list; the list verifies and carries its number."""
    serial = _issue(world)
    world.clock.turn(days=10)
    lost = START + timedelta(days=3)
    world.regional.revoke(serial, RevocationReason.KEY_COMPROMISE, actor=ACTOR, invalidity_date=lost)
    crl = world.regional.publish_crl(actor=ACTOR)
    crl_verify(crl, world.regional_signer.public_key)
    entry = crl.revoked[serial.value]
    assert (entry.date, entry.reason, entry.invalidity_date) == (
        world.clock.now,
        RevocationReason.KEY_COMPROMISE,
        lost,
    )
    assert crl.number == 1
    assert crl.tolerances == ()


def test_revocation_is_final(world: World) -> None:
    """Nothing leads out of revoked, and a second revocation cannot soften the first."""
    serial = _issue(world)
    world.regional.revoke(serial, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
    for attempt in (
        lambda: world.regional.revoke(serial, RevocationReason.SUPERSEDED, actor=ACTOR),
        lambda: world.regional.suspend(serial, actor=ACTOR),
        lambda: world.regional.resume(serial, actor=ACTOR),
        lambda: world.regional.abandon(serial, reason="x", actor=ACTOR),
    ):
        with pytest.raises(IllegalTransitionError):
            attempt()
    assert world.regional.record(serial).revocation.reason is RevocationReason.KEY_COMPROMISE  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "reason",
    [RevocationReason.CERTIFICATE_HOLD, RevocationReason.REMOVE_FROM_CRL, RevocationReason.AA_COMPROMISE],
)
def test_reasons_that_are_none_to_revoke_for(world: World, reason: RevocationReason) -> None:
    """Holding, removing and attribute authorities have ways of their own."""
    serial = _issue(world)
    with pytest.raises(RefusedError) as caught:
        world.regional.revoke(serial, reason, actor=ACTOR)
    assert caught.value.code == "ca.reason"
    assert world.regional.record(serial).state is CertificateState.VALID


def test_invalidity_date_does_not_lie_ahead(world: World) -> None:
    """A key cannot have been lost tomorrow."""
    serial = _issue(world)
    with pytest.raises(RefusedError) as caught:
        world.regional.revoke(
            serial, RevocationReason.KEY_COMPROMISE, actor=ACTOR, invalidity_date=START + timedelta(seconds=1)
        )
    assert caught.value.code == "ca.invalidity-date"


def test_hold_and_resume(world: World) -> None:
    """A held certificate is listed with certificateHold and leaves the next full list when resumed."""
    serial = _issue(world)
    world.regional.suspend(serial, actor=ACTOR)
    held = world.regional.publish_crl(actor=ACTOR)
    assert held.revoked[serial.value].reason is RevocationReason.CERTIFICATE_HOLD
    world.regional.resume(serial, actor=ACTOR)
    assert dict(world.regional.publish_crl(actor=ACTOR).revoked) == {}
    assert world.regional.record(serial).revocation is None


def test_revoked_after_hold_keeps_the_day_of_the_hold(world: World) -> None:
    """The revocation date stays the day it was held; the reason changes."""
    serial = _issue(world)
    world.regional.suspend(serial, actor=ACTOR)
    world.clock.turn(days=2)
    record = world.regional.revoke(serial, RevocationReason.SUPERSEDED, actor=ACTOR)
    assert record.revocation is not None
    assert (record.revocation.at, record.revocation.reason) == (START, RevocationReason.SUPERSEDED)


def test_unknown_certificate(world: World) -> None:
    """A serial number of nobody, or of another authority, is not found."""
    other = _serial(world.regional.certificate)
    for serial in (SerialNumber(5), other):
        with pytest.raises(CertificateNotFoundError):
            world.regional.revoke(serial, RevocationReason.SUPERSEDED, actor=ACTOR)
    world.root.revoke(other, RevocationReason.CA_COMPROMISE, actor=ACTOR)
    assert list(world.root.publish_crl(actor=ACTOR).revoked) == [other.value]


# ---------------------------------------------------------------------- lists


def test_list_numbers_rise_and_every_list_is_kept(world: World) -> None:
    """cRLNumber rises by one; old lists stay readable as evidence for decisions at signing time."""
    with pytest.raises(CrlNotFoundError):
        world.regional.crl()
    lists = []
    for _ in range(3):
        lists.append(world.regional.publish_crl(actor=ACTOR))
        world.clock.turn(days=1)
    assert [each.number for each in lists] == [1, 2, 3]
    assert world.regional.crl().encoded == lists[2].encoded
    assert world.regional.crl(1).encoded == lists[0].encoded
    with pytest.raises(CrlNotFoundError):
        world.regional.crl(4)


def test_authorities_in_one_store_have_numbers_of_their_own(world: World) -> None:
    """Serial numbers and list numbers belong to an issuer's key."""
    world.regional.publish_crl(actor=ACTOR)
    assert world.root.publish_crl(actor=ACTOR).number == 1


def test_next_update_follows_settings_within_the_profile(world: World) -> None:
    """The next list comes in seven days; settings beyond the profile's limit are refused, not shortened."""
    crl = world.regional.publish_crl(actor=ACTOR)
    assert crl.next_update == START + timedelta(days=7)
    lazy = CertificateAuthority(
        store=world.store,
        signer=world.regional_signer,
        chain=world.chain,
        profiles=PROFILES,
        settings=settings(crl_validity=timedelta(days=8)),
        clock=world.clock,
        random=world.random.randbytes,
    )
    with pytest.raises(LintError) as caught:
        lazy.publish_crl(actor=ACTOR)
    assert caught.value.code == "ca.crl-next-update"


def test_list_is_not_dated_before_its_predecessor(world: World) -> None:
    """A clock that went back is noticed before anything is signed."""
    world.regional.publish_crl(actor=ACTOR)
    world.clock.turn(hours=-1)
    with pytest.raises(LintError) as caught:
        world.regional.publish_crl(actor=ACTOR)
    assert "ca.crl-backwards" in {finding.code for finding in caught.value.findings}


def test_entry_leaves_after_one_list_past_expiry(world: World) -> None:
    """RFC 5280 3.3: an entry stays until it has appeared on one list issued beyond the certificate's validity."""
    validity = Validity(START, START + timedelta(days=10))
    serial = _issue(world, validity=validity)
    world.regional.revoke(serial, RevocationReason.SUPERSEDED, actor=ACTOR)
    seen = []
    for _ in range(4):
        seen.append(serial.value in world.regional.publish_crl(actor=ACTOR).revoked)
        world.clock.turn(days=6)
    assert seen == [True, True, True, False]  # days 0, 6, 12, 18; the certificate ends on day 10


def test_late_revocation_is_listed_once(world: World) -> None:
    """A certificate revoked after its end still appears on one list, as notice about its old signatures."""
    serial = _issue(world, validity=Validity(START, START + timedelta(days=1)))
    world.clock.turn(days=5)
    world.regional.publish_crl(actor=ACTOR)
    world.clock.turn(days=5)
    world.regional.revoke(serial, RevocationReason.KEY_COMPROMISE, actor=ACTOR, invalidity_date=START)
    world.clock.turn(seconds=1)
    assert serial.value in world.regional.publish_crl(actor=ACTOR).revoked
    world.clock.turn(days=5)
    assert serial.value not in world.regional.publish_crl(actor=ACTOR).revoked


def test_expired_authority_makes_no_list(world: World) -> None:
    """After the end of its own certificate an authority signs no list."""
    world.clock.turn(days=3700)
    with pytest.raises(LintError) as caught:
        world.regional.publish_crl(actor=ACTOR)
    assert "ca.issuer-not-valid" in {finding.code for finding in caught.value.findings}


# ---------------------------------------------------------------------- listing and audit


def test_certificates_are_listed_page_by_page(world: World) -> None:
    """Pages follow one another without gaps or repetitions, and can be narrowed to a state."""
    world.regional.issue_many([holder_request(f"r{number}") for number in range(7)], actor=ACTOR)
    serials = []
    after = None
    while page := world.regional.certificates(after=after, most=3):
        serials.extend(record.serial for record in page)
        after = page[-1].serial
    assert len(serials) == len(set(serials)) == 7
    world.regional.suspend(serials[4], actor=ACTOR)
    held = world.regional.certificates(state=CertificateState.HELD)
    assert [record.serial for record in held] == [serials[4]]
    with pytest.raises(CertificateNotFoundError):
        world.regional.certificates(after=SerialNumber(1))


def test_expiry_is_computed(world: World) -> None:
    """Expiry is no event: it follows from the validity and the time asked for."""
    record = world.regional.record(_issue(world))
    assert not record.is_expired(FIVE_YEARS.not_after)
    assert record.is_expired(FIVE_YEARS.not_after + timedelta(seconds=1))


def test_audit_of_an_untouched_record_is_clean(world: World) -> None:
    """Every event of a certificate's life leaves record and trail in agreement."""
    serials = [_issue(world, f"r{number}") for number in range(3)]
    world.regional.suspend(serials[0], actor=ACTOR)
    world.regional.resume(serials[0], actor=ACTOR)
    world.regional.suspend(serials[1], actor=ACTOR)
    world.regional.revoke(serials[2], RevocationReason.SUPERSEDED, actor=ACTOR)
    world.regional.publish_crl(actor=ACTOR)
    for authority in (world.root, world.regional):
        report = authority.audit()
        assert report.is_clean
        assert (report.first_break, report.contradictions, report.pending) == (None, (), 0)


def test_list_on_record_reads_back(world: World) -> None:
    """What is on record of a list is the list itself."""
    crl = world.regional.publish_crl(actor=ACTOR)
    record = world.regional.crl()
    assert read_crl(record.encoded or b"").number == crl.number
    assert record.tbs == crl.tbs


def test_clock_and_randomness_are_the_callers() -> None:
    """Two worlds with the same clock, seed and keys draw the same serial numbers."""
    keys = [SoftwareSigner(PrivateKey.generate()) for _ in range(2)]
    serials = []
    for _ in range(2):
        made = make_world()
        world = World(store=made.store, clock=TurningClock(), root_signer=keys[0], regional_signer=keys[1], seed=9)
        serials.append(world.regional.certificate.serial_number)
    assert serials[0] == serials[1]


def test_a_reserved_number_is_intended_once(world: World) -> None:
    """A request with a serial number reserved for it, sent again, gives the same certificate and leaves one intent."""
    request = holder_request("reserved", serial=SerialNumber.draw(world.random.randbytes))
    certificate = world.regional.issue(request, actor=ACTOR)
    assert world.regional.issue(request, actor=ACTOR) == certificate
    assert world.regional.audit().is_clean
