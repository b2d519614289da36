"""ST_Loc: how one part of a package names another (GB/T 33190-2016, with the leniency the field needs).

A location is a path. With a leading ``/`` it starts at the package root, otherwise at the directory of the part it
stands in; ``.`` and ``..`` are allowed but never lead out of the package. The result is an entry name, without
leading slash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from formats.errors import MalformedDataError
from formats.gbt33190.entry_names import name_fault
from formats.tolerances import Tolerance


class Container(Protocol):
    """What has entries to be located: a package, or entries that are to become one."""

    @property
    def tolerances(self) -> tuple[Tolerance, ...]:
        """What opening it had to let pass."""

    def __contains__(self, name: object) -> bool: ...

    def read(self, name: str) -> bytes:
        """The octets of an entry; raises ``MalformedDataError``."""

    def names_folding_to(self, name: str) -> tuple[str, ...]:
        """All entry names that equal ``name`` to software that ignores case."""


def resolve(location: str, *, base: str) -> str:
    """The entry name ``location`` stands for when written in the part ``base``.

    Args:
        location: ST_Loc as written; white space around it is ignored.
        base: Entry name of the part it stands in; ``""`` for the package root.

    Raises:
        MalformedDataError: the path is empty, leads out of the package, or is none that an entry may have.
    """
    text = location.strip()
    name = "/".join(_segments(text, base)) if text else ""
    fault = name_fault(name)
    if fault is not None:
        raise MalformedDataError(f"a path is not one of an entry: {fault}", what=base or "package")
    return name


def resolve_directory(location: str, *, base: str) -> str:
    """The directory ``location`` stands for, ending in ``/`` or empty for the root: a base for ``resolve``.

    Raises:
        MalformedDataError: as ``resolve``; an empty path is the directory of ``base``.
    """
    text = location.strip()
    name = "/".join(_segments(text.removesuffix("/") or text, base))
    fault = name_fault(name) if name else None
    if fault is not None:
        raise MalformedDataError(f"a path is not one of a directory: {fault}", what=base or "package")
    return f"{name}/" if name else ""


def directory_of(name: str) -> str:
    """The directory of a part, ending in ``/`` or empty for the root."""
    head, slash, _ = name.rpartition("/")
    return head + slash


def _segments(text: str, base: str) -> list[str]:
    segments = [] if text.startswith("/") else base.split("/")[:-1]
    path = text.removeprefix("/")
    for segment in path.split("/") if path else ():
        if segment == "..":
            if not segments:
                raise MalformedDataError("a path leads out of the package", what=base or "package")
            segments.pop()
        elif segment != ".":
            segments.append(segment)
    return segments


def locate(package: Container, location: str, *, bases: Sequence[str], found: set[Tolerance]) -> str | None:
    """The entry of the package that ``location`` means, or ``None`` if there is none.

    Tried in this order, and the first hit counts: the standard's reading against each of ``bases``; the path read
    from the root although it has no leading slash; the standard's reading ignoring case, if just one entry fits.

    Args:
        package: Where to look.
        location: ST_Loc as written.
        bases: Parts or directories (ending in ``/``) it may be relative to, the standard's first.
        found: Receives the tolerance needed.

    Raises:
        MalformedDataError: the path leads out of the package or is none that an entry may have.
    """
    first = next(iter(bases), "")
    plain = location[1:] if location[:1] == "/" else directory_of(first) + location
    if plain in package:  # by far the most; no entry has a name that resolving would change
        return plain
    candidates = [resolve(location, base=base) for base in bases]
    for index, name in enumerate(candidates):
        if name in package:
            if index:
                found.add(Tolerance.OFD_LOCATION_BESIDE_FILE)
            return name
    if not location.lstrip().startswith(("/", "..")):
        from_root = resolve(location, base="")
        if from_root in package:
            found.add(Tolerance.OFD_LOCATION_FROM_ROOT)
            return from_root
    return _ignoring_case(package, candidates, found)


def _ignoring_case(package: Container, candidates: Iterable[str], found: set[Tolerance]) -> str | None:
    matches = {match for name in candidates for match in package.names_folding_to(name)}
    if len(matches) != 1:
        return None
    found.add(Tolerance.OFD_LOCATION_CASE)
    return next(iter(matches))
