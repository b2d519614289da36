"""The repository over HTTP: the octets of the set in force, and when they have to be fetched again."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from api.authority_folder import AuthorityFile
from api.authority_publication import publication_of
from api.http.application import Application
from api.http.repository import FILE, ListMaker, RepositoryFront, build
from api.http.settings import ServerSettings
from api.http.surroundings import KeyAccess, Surroundings
from api.repository_folder import RepositoryFolder
from ca.model import SerialNumber
from formats.errors import MalformedDataError
from formats.gbt20518 import RevocationReason, read_crl
from tests.api.http.asking import Answered, ask
from tests.authority_world import ACTOR, World, holder_request, make_world

SETTINGS = ServerSettings(access_log=False)


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def around(world: World, tmp_path: Path) -> Surroundings:
    (tmp_path / FILE).write_text(json.dumps({"schema": "xinyin.repository-service/1", "folder": "www"}))
    file = AuthorityFile("issuing-ca", 1, world.regional_signer.public_key, chain=world.chain)
    return Surroundings(tmp_path, file, world.store, KeyAccess(), ExitStack(), clock=world.clock)  # type: ignore[arg-type]


def publish(world: World, around: Surroundings) -> None:
    RepositoryFolder(around.folder / "www").publish(list(publication_of(world.regional)), at=world.clock())


def get(around: Surroundings, path: str, *headers: tuple[bytes, bytes], method: str = "GET") -> Answered:
    service = build(around)
    assert service is not None
    application = Application([service], SETTINGS, clock=around.clock, write_log=lambda _: None)
    return asyncio.run(ask(application, method, path, headers=headers))


def test_list_is_served_with_its_moments(world: World, around: Surroundings) -> None:
    """The list's octets and media type, its digest as ETag, thisUpdate as Last-Modified, and how long it may be kept."""
    crl = world.regional.publish_crl(actor=ACTOR)
    publish(world, around)
    answer = get(around, "/crl/regional.crl")
    assert (answer.status, answer.body) == (200, crl.encoded)
    assert answer.headers[b"content-type"] == b"application/pkix-crl"
    assert answer.headers[b"last-modified"] == b"Thu, 01 Jan 2026 08:00:00 GMT"
    assert b"max-age=86400" in answer.headers[b"cache-control"]
    head = get(around, "/crl/regional.crl", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers[b"content-length"] == str(len(crl.encoded)).encode()


def test_unchanged_list_is_not_sent_again(world: World, around: Surroundings) -> None:
    """By ETag or by date; a new list is sent."""
    world.regional.publish_crl(actor=ACTOR)
    publish(world, around)
    first = get(around, "/crl/regional.crl")
    tag, date = (b"if-none-match", first.headers[b"etag"]), (b"if-modified-since", first.headers[b"last-modified"])
    for known in (tag, date, (b"if-none-match", b'"x", W/' + first.headers[b"etag"]), (b"if-none-match", b"*")):
        answer = get(around, "/crl/regional.crl", known)
        assert (answer.status, answer.body, answer.headers[b"etag"]) == (304, b"", first.headers[b"etag"])
    for unknown in ((b"if-none-match", b'"x"'), (b"if-modified-since", b"yesterday")):
        assert get(around, "/crl/regional.crl", unknown).status == 200
    world.clock.turn(hours=1)
    world.regional.publish_crl(actor=ACTOR)
    publish(world, around)
    assert read_crl(get(around, "/crl/regional.crl", tag, date).body).number == 2


def test_certificates_are_served_by_key(world: World, around: Surroundings) -> None:
    """Each certificate of the chain, under its key identifier and serial number."""
    publish(world, around)
    certificate = world.regional.certificate
    assert certificate.subject_key_identifier is not None
    name = f"{certificate.subject_key_identifier.hex()}-{certificate.serial_number:040x}.cer"
    answer = get(around, f"/certificates/{name}")
    assert (answer.status, answer.body) == (200, certificate.encoded)
    assert answer.headers[b"content-type"] == b"application/pkix-cert"


@pytest.mark.parametrize(
    "path", ["/crl/", "/crl/other.crl", "/crl/../manifest.json", "/crl/%2e%2e/manifest.json", "/certificates/x"]
)
def test_nothing_else_is_served(world: World, around: Surroundings, path: str) -> None:
    """Names are looked up in the manifest, so none leads out of the set; before the first set there is nothing."""
    assert get(around, path).status == 404
    world.regional.publish_crl(actor=ACTOR)
    publish(world, around)
    assert get(around, path).status == 404


def test_health_tells_of_lists_that_ran_out(world: World, around: Surroundings) -> None:
    """Not ready before the first set, nor once a list is past its next update."""
    service = build(around)
    assert service is not None
    assert not service.health().is_ready
    world.regional.publish_crl(actor=ACTOR)
    publish(world, around)
    assert service.health().is_ready
    world.clock.turn(days=8)
    assert not service.health().is_ready


def test_maker_makes_what_is_due(world: World, around: Surroundings) -> None:
    """At once after a revocation and in time before a list runs out; otherwise the set stays."""
    serial = SerialNumber(world.regional.issue(holder_request(), actor=ACTOR).serial_number)
    maker = ListMaker(world.regional, around.folder / "www", around)
    front = RepositoryFront(around.folder / "www")
    numbers = []
    for act in (
        lambda: None,
        lambda: None,
        lambda: world.regional.revoke(serial, RevocationReason.SUPERSEDED, actor=ACTOR),
        lambda: world.clock.turn(days=3, hours=12),
    ):
        act()
        maker.run()
        published = front.current()
        assert published is not None
        numbers.append((published.number, world.regional.crl().number))
    assert numbers == [(1, 1), (1, 1), (2, 2), (3, 3)]
    assert world.regional.crl().head.next_update - world.clock() > timedelta(days=6)


def test_folder_without_the_file_serves_no_repository(around: Surroundings) -> None:
    """Which services run is told by the files; one that is not understood is refused."""
    (around.folder / FILE).write_text('{"schema": "other"}')
    with pytest.raises(MalformedDataError):
        build(around)
    (around.folder / FILE).unlink()
    assert build(around) is None
