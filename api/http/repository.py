"""Certificates and revocation lists over HTTP (RFC 2585, RFC 9110), from a folder published as a whole.

``repository-service.json`` names the folder (``api.repository_folder``). Whoever has the authority's key can have
the lists that are due made here too, in time and after each revocation; without it another process publishes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Final

from api.authority_publication import publication_of
from api.files import read_file
from api.http.exchange import Headers, HttpAnswer, HttpRequest
from api.http.service import Health, Job, Route, Service, in_thread
from api.http.surroundings import Surroundings
from api.repository_folder import CURRENT, PublishedFile, PublishedSet, RepositoryFolder, read_set
from ca.service import CertificateAuthority
from formats.json_data import read_json

FILE: Final = "repository-service.json"
SCHEMA: Final = "xinyin.repository-service/1"
ACTOR: Final = "repository-service"
_MOST_OCTETS: Final = 1 << 16
_MAKE_EVERY: Final = timedelta(seconds=30)
_STABLE: Final = timedelta(days=1)
"""How long a certificate may be kept: its address always stands for the same octets."""
_NOT_FOUND: Final = HttpAnswer(404, headers=((b"cache-control", b"no-store"),))


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """What ``repository-service.json`` says.

    Attributes:
        folder: Published into, and served.
        makes_lists: Whether the server makes the lists that are due; it needs the authority's key then.
    """

    folder: Path
    makes_lists: bool


def read_repository_file(folder: Path) -> RepositoryFile:
    """Read the file in an authority's folder, strictly.

    Raises:
        MalformedDataError: It breaks its schema; the message names the place.
    """
    data = read_file(str(folder / FILE), most=_MOST_OCTETS)
    top = read_json(data, what=FILE, most=_MOST_OCTETS).members(
        required=("schema", "folder"), optional=("makes_lists",)
    )
    top["schema"].choice((SCHEMA,))
    makes = "makes_lists" in top and top["makes_lists"].boolean()
    return RepositoryFile(folder / top["folder"].text(longest=1000), makes)


def build(surroundings: Surroundings) -> Service | None:
    """The repository; None if the folder has no ``repository-service.json``.

    Raises:
        CommandError: The lists are to be made here and the key store holds another key.
    """
    if not (surroundings.folder / FILE).exists():
        return None
    file = read_repository_file(surroundings.folder)
    front = RepositoryFront(file.folder)
    jobs: tuple[Job, ...] = ()
    if file.makes_lists:
        maker = ListMaker(surroundings.authority(), file.folder, surroundings)
        jobs = (Job("lists", _MAKE_EVERY, maker.run),)
    routes = tuple(
        Route(f"/{part}", {"GET": in_thread(front.below(part))}, is_prefix=True)
        for part in ("crl", "certificates")
    )
    return Service(
        "repository", routes=routes, jobs=jobs, health=lambda: _health(front.current(), surroundings.clock())
    )


class ListMaker:
    """Makes the lists that are due and publishes them.

    Args:
        authority: With its key.
        folder: Published into.
        surroundings: For the clock.
    """

    def __init__(self, authority: CertificateAuthority, folder: Path, surroundings: Surroundings) -> None:
        self._authority = authority
        self._folder = RepositoryFolder(folder)
        self._surroundings = surroundings

    def run(self) -> None:
        """Make what is due; what was made before and not published yet is published now."""
        self._authority.lists.publish_due(actor=ACTOR)
        self._folder.publish(list(publication_of(self._authority)), at=self._surroundings.clock())


class RepositoryFront:
    """Answers for the files of the set in force.

    Args:
        folder: Published into.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._set: PublishedSet | None = None

    def current(self) -> PublishedSet | None:
        """The set in force; its manifest is read when it changes."""
        place = (self._folder / CURRENT).resolve()
        if self._set is None or self._set.folder != place:
            self._set = read_set(self._folder / CURRENT)
        return self._set

    def below(self, part: str) -> "_Part":
        """What answers for the files of one part of the set."""
        return _Part(self, part)


@dataclass(frozen=True, slots=True)
class _Part:
    front: RepositoryFront
    name: str

    def __call__(self, request: HttpRequest) -> HttpAnswer:
        published = self.front.current()
        rest = request.rest.decode("ascii", errors="replace").removeprefix("/")
        file = published.files.get(f"{self.name}/{rest}") if published is not None else None
        if published is None or file is None:
            return _NOT_FOUND
        headers = _headers(file)
        if _is_known(request.headers, file):
            return HttpAnswer(304, headers=headers)
        try:
            octets = (published.folder / file.path).read_bytes()
        except OSError:  # removed since, with two sets made in between
            return HttpAnswer(503, headers=((b"retry-after", b"1"),))
        return HttpAnswer(200, octets, file.media_type, headers)


def _tag(file: PublishedFile) -> str:
    return f'"{file.digest.hex()}"'


def _headers(file: PublishedFile) -> Headers:
    """A list may be kept until its next update at most, and is asked for again after a quarter of the time."""
    lasts = file.next_update - file.issued if file.next_update is not None else 4 * _STABLE
    keep = max(60, min(int(lasts.total_seconds()) // 4, 86_400))
    headers = [
        (b"etag", _tag(file).encode()),
        (b"last-modified", format_datetime(file.issued.astimezone(UTC), usegmt=True).encode()),
        (b"cache-control", b"public, max-age=%d, no-transform, must-revalidate" % keep),
    ]
    return tuple(headers)


def _is_known(headers: Mapping[bytes, bytes], file: PublishedFile) -> bool:
    """Conditional requests (RFC 9110 13): If-None-Match counts before If-Modified-Since."""
    tags = headers.get(b"if-none-match")
    if tags is not None:
        known = [each.strip().removeprefix("W/") for each in tags.decode("latin-1").split(",")]
        return "*" in known or _tag(file) in known
    since = headers.get(b"if-modified-since")
    if since is None:
        return False
    try:
        return file.issued <= parsedate_to_datetime(since.decode("latin-1")).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return False


def _health(published: PublishedSet | None, now: datetime) -> Health:
    if published is None:
        return Health(is_ready=False, detail="nothing is published")
    late = [
        file.path for file in published.files.values() if file.next_update is not None and file.next_update <= now
    ]
    if late:
        return Health(is_ready=False, detail=f"{len(late)} lists are past their next update")
    return Health(is_ready=True)
