"""Revocation lists, deltas, shards, links and cross-certificates judged by OpenSSL, pkilint and cryptography.

Path building and list scopes are judged on a twin hierarchy under the empty identity, which OpenSSL 3.0 takes by itself.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ca.model import AuthorityBounds, IssuanceRequest, Possession, SerialNumber
from ca.partition import PartitionPlan
from ca.roll_over import roll_over
from ca.service import CertificateAuthority
from crypto import PrivateKey, SoftwareSigner
from formats import oids
from formats.gbt20518 import Crl, Name, RevocationReason, Validity, to_pem
from formats.gbt20518.certificate_pair import CertificatePair
from formats.gbt20518.pem import CERTIFICATE, CRL
from tests.authority_world import (
    ACTOR,
    FIVE_YEARS,
    PROFILES,
    REGIONAL_NAME,
    START,
    TEN_YEARS,
    World,
    holder_request,
    make_world,
    settings,
)

pytestmark = pytest.mark.peer

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def openssl() -> str:
    path = shutil.which("openssl")
    if path is None:
        pytest.skip("the openssl command is not installed")
    version = subprocess.run([path, "version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("OpenSSL 3."):
        pytest.skip(f"these command lines are for OpenSSL 3, not {version.strip()}")
    return path


@dataclass
class Scene:
    """The twin hierarchy with shards and delta lists, written out as PEM."""

    folder: Path
    world: World
    ca: CertificateAuthority

    def write(self, name: str, *blocks: tuple[bytes, str]) -> str:
        path = self.folder / f"{name}.pem"
        path.write_text("".join(to_pem(data, label) for data, label in blocks))
        return str(path)

    def lists(self, name: str, *crls: Crl) -> str:
        return self.write(name, *((crl.encoded, CRL) for crl in crls))

    def issue(self, key: str, ca: CertificateAuthority | None = None) -> tuple[SerialNumber, str, str]:
        """A holder's serial number, file and distribution point."""
        validity = Validity(self.world.clock.now, FIVE_YEARS.not_after)
        certificate = (ca or self.ca).issue(holder_request(key, validity=validity), actor=ACTOR)
        path = self.write(key, (certificate.encoded, CERTIFICATE))
        return SerialNumber(certificate.serial_number), path, certificate.crl_distribution_points[0]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    world = make_world(user_id=b"")
    ca = CertificateAuthority(
        store=world.store,
        signer=world.regional_signer,
        chain=world.chain,
        profiles=PROFILES,
        settings=settings(
            user_id=b"", partitions=PartitionPlan("http://crl.test/", (2,)), delta_validity=timedelta(days=1)
        ),
        clock=world.clock,
        random=world.random.randbytes,
    )
    scene = Scene(tmp_path, world, ca)
    scene.write("root", (world.root.certificate.encoded, CERTIFICATE))
    scene.write("sub", (world.regional.certificate.encoded, CERTIFICATE))
    return scene


def run(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout + result.stderr


def verify(openssl: str, scene: Scene, leaf: str, lists: str, *options: str, at: datetime | None = None) -> str:
    moment = str(int((at or scene.world.clock.now + timedelta(minutes=1)).timestamp()))
    folder = scene.folder
    chain = ["-CAfile", f"{folder}/root.pem", "-untrusted", f"{folder}/sub.pem", "-attime", moment]
    return run(openssl, "verify", "-x509_strict", *chain, "-crl_check", "-CRLfile", lists, *options, leaf)


def by_point(crls: list[Crl]) -> dict[str, Crl]:
    return {crl.issuing_distribution_point.uris[0]: crl for crl in crls if crl.issuing_distribution_point}


def test_openssl_takes_the_right_shard_alone(openssl: str, scene: Scene) -> None:
    """Own shard: good, then revoked (23); the other shard: another scope (44); past its next update: expired (12)."""
    serial, leaf, point = scene.issue("holder")
    shards = by_point(scene.ca.lists.publish_due(actor=ACTOR))
    (other,) = set(shards) - {point, "http://crl.test/ca.crl"}
    own = scene.lists("own", shards[point])
    assert "OK" in verify(openssl, scene, leaf, own)
    assert "error 44 " in verify(openssl, scene, leaf, scene.lists("wrong", shards[other]))
    assert "error 12 " in verify(openssl, scene, leaf, own, at=START + timedelta(days=8))
    scene.world.clock.turn(hours=1)
    scene.ca.revoke(serial, RevocationReason.KEY_COMPROMISE, actor=ACTOR, invalidity_date=START)
    (partition,) = (each.partition for each in scene.ca.lists.due())
    full, _ = scene.ca.lists.publish(partition, actor=ACTOR)
    assert "error 23 " in verify(openssl, scene, leaf, scene.lists("revoked", full))


def test_openssl_checks_the_whole_chain(openssl: str, scene: Scene) -> None:
    """Lists of root and authority together; once the root has revoked the authority, nothing below it stands."""
    _, leaf, point = scene.issue("holder")
    own = by_point(scene.ca.lists.publish_due(actor=ACTOR))[point]
    root = scene.world.root.publish_crl(actor=ACTOR)
    assert "OK" in verify(openssl, scene, leaf, scene.lists("all", own, root), "-crl_check_all")
    serial = SerialNumber(scene.world.regional.certificate.serial_number)
    scene.world.root.revoke(serial, RevocationReason.CA_COMPROMISE, actor=ACTOR)
    root = scene.world.root.publish_crl(actor=ACTOR)
    assert "error 23 " in verify(openssl, scene, leaf, scene.lists("ca", own, root), "-crl_check_all")


def test_openssl_applies_delta_lists(openssl: str, scene: Scene) -> None:
    """With -use_deltas: held by a delta list, released by the next one; the base alone knows of nothing."""
    serial, leaf, point = scene.issue("holder")
    base = by_point(scene.ca.lists.publish_due(actor=ACTOR))[point]
    scene.world.clock.turn(hours=1)
    scene.ca.suspend(serial, actor=ACTOR)
    (held,) = scene.ca.lists.publish_due(actor=ACTOR)
    lists = scene.lists("held", base, held)
    assert "error 23 " in verify(openssl, scene, leaf, lists, "-use_deltas", "-extended_crl")
    assert "OK" in verify(openssl, scene, leaf, scene.lists("base", base))
    scene.world.clock.turn(hours=1)
    scene.ca.resume(serial, actor=ACTOR)
    (released,) = scene.ca.lists.publish_due(actor=ACTOR)
    assert "OK" in verify(
        openssl, scene, leaf, scene.lists("released", base, released), "-use_deltas", "-extended_crl"
    )


def test_openssl_follows_link_certificates(openssl: str, scene: Scene) -> None:
    """NewWithOld from the old anchor, OldWithNew from the new one; without the link neither path is found."""
    _, early, _ = scene.issue("early")
    world = scene.world
    world.clock.turn(days=30)
    signer = SoftwareSigner(PrivateKey.generate())
    request = IssuanceRequest(
        key="regional-2",
        profile="issuing-ca",
        subject=REGIONAL_NAME,
        public_key=signer.public_key,
        validity=Validity(world.clock.now, TEN_YEARS.not_after),
        possession=Possession.VOUCHED,
    )
    certificate = world.root.issue_subordinate(request, actor=ACTOR)
    new = CertificateAuthority(
        store=world.store,
        signer=signer,
        chain=(certificate, world.root.certificate),
        profiles=PROFILES,
        settings=settings(user_id=b"", crl_uris=("http://crl.test/2.crl",)),
        clock=world.clock,
        random=world.random.randbytes,
    )
    links = roll_over(scene.ca, new, actor=ACTOR)
    _, late, _ = scene.issue("late", new)
    files = {
        "old": scene.write("old", (scene.ca.certificate.encoded, CERTIFICATE)),
        "new": scene.write("new", (certificate.encoded, CERTIFICATE)),
        "up": scene.write("up", (links.new_with_old.encoded, CERTIFICATE)),
        "down": scene.write("down", (links.old_with_new.encoded, CERTIFICATE)),
    }
    moment = ["-attime", str(int((world.clock.now + HOUR).timestamp()))]

    def path(anchor: str, leaf: str, *link: str) -> str:
        untrusted = ["-untrusted", files[link[0]]] if link else []
        return run(openssl, "verify", "-partial_chain", "-trusted", files[anchor], *untrusted, *moment, leaf)

    assert "OK" in path("old", late, "up")
    assert "OK" in path("new", early, "down")
    assert "OK" not in path("old", late)
    assert "OK" not in path("new", early)


def test_openssl_binds_a_cross_certificate_by_names(openssl: str, scene: Scene) -> None:
    """From our root over the cross-certificate to theirs: inside the subtree it stands, outside it does not."""
    other = make_world(user_id=b"")
    permitted = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试市民政局")])
    theirs = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "测试市民政局"), (oids.COMMON_NAME, "别根")])
    signer = SoftwareSigner(PrivateKey.generate())
    root = CertificateAuthority.create_root(
        store=other.store,
        signer=signer,
        subject=theirs,
        validity=TEN_YEARS,
        profiles=PROFILES,
        settings=settings(user_id=b""),
        clock=other.clock,
        random=other.random.randbytes,
        actor=ACTOR,
    )
    cross = scene.world.root.issue_cross(
        IssuanceRequest(
            key="cross",
            profile="cross",
            subject=theirs,
            public_key=signer.public_key,
            validity=FIVE_YEARS,
            possession=Possession.PROVEN,
            bounds=AuthorityBounds(path_length=0, permitted=(permitted,)),
        ),
        actor=ACTOR,
    )
    inside = root.issue(holder_request("in"), actor=ACTOR)
    subject = Name.build([(oids.COUNTRY, "CN"), (oids.ORGANIZATION, "外人"), (oids.COMMON_NAME, "x")])
    outside = root.issue(holder_request("out", subject=subject), actor=ACTOR)
    link = scene.write("cross", (cross.encoded, CERTIFICATE))
    moment = ["-attime", str(int((START + HOUR).timestamp()))]
    outcome = [
        run(
            openssl, "verify", "-CAfile", f"{scene.folder}/root.pem", "-untrusted", link, *moment,
            scene.write(name, (each.encoded, CERTIFICATE)),
        )
        for name, each in (("in", inside), ("out", outside))
    ]  # fmt: skip
    assert "OK" in outcome[0]
    assert "error 47 " in outcome[1]
    pair = CertificatePair(None, cross).encode()
    printed = subprocess.run(
        [openssl, "asn1parse", "-inform", "DER"], input=pair, capture_output=True, check=True
    ).stdout.decode()
    assert "cont [ 1 ]" in printed


def test_cryptography_reads_every_kind_of_list(scene: Scene) -> None:
    """Scope, number, base, where deltas are, entries with reason and invalidity date: as we wrote them."""
    x509 = pytest.importorskip("cryptography.x509", reason="cryptography is not installed")
    serial, _, point = scene.issue("holder")
    scene.ca.lists.publish_due(actor=ACTOR)
    scene.ca.revoke(serial, RevocationReason.KEY_COMPROMISE, actor=ACTOR, invalidity_date=START)
    scene.world.clock.turn(hours=1)
    (partition,) = (each.partition for each in scene.ca.lists.due())
    full, delta = (x509.load_der_x509_crl(crl.encoded) for crl in scene.ca.lists.publish(partition, actor=ACTOR))
    for crl in (full, delta):
        scope = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
        assert scope.critical
        assert scope.value.full_name[0].value == point
        assert scope.value.only_contains_user_certs
        entry = crl.get_revoked_certificate_by_serial_number(serial.value)
        assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.name == "key_compromise"
        assert entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc == START
    assert (
        full.extensions.get_extension_for_class(x509.FreshestCRL)
        .value[0]
        .full_name[0]
        .value.endswith("-delta.crl")
    )
    assert delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number == 1


def test_pkilint_finds_nothing_wrong_with_lists(scene: Scene) -> None:
    """lint_crl reports no error of RFC 5280 in a shard, a delta list and the list of authorities."""
    pytest.importorskip("pkilint", reason="pkilint is not installed")
    serial, _, _ = scene.issue("holder")
    scene.ca.lists.publish_due(actor=ACTOR)
    scene.ca.suspend(serial, actor=ACTOR)
    scene.world.clock.turn(hours=1)
    (partition,) = (each.partition for each in scene.ca.lists.due())
    crls = [*scene.ca.lists.publish(partition, actor=ACTOR), scene.world.root.publish_crl(actor=ACTOR)]
    for number, crl in enumerate(crls):
        path = scene.folder / f"{number}.crl"
        path.write_bytes(crl.encoded)
        kind = "ARL" if crl is crls[-1] else "CRL"
        command = [sys.executable, "-m", "pkilint.bin.lint_crl", "lint", "-t", kind, "-p", "PKIX", "-s", "ERROR"]
        result = subprocess.run([*command, "-f", "JSON", str(path)], capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
        found = json.loads(result.stdout) if result.stdout.strip() else {}
        assert not found.get("results"), found
