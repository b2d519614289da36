"""Which parts of a package the document can reach, and why.

What a reader can reach may be shown; what it can show must be covered by a signature, or a report must say that it
is not. Following the pointers therefore errs on the side of reaching: every version's files count, not only the
current one's, and a resource counts when a resource file names it, drawn or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.parts import Parts
from formats.gbt33190.pointers import FIXED_NAMES, FOLLOW, SOLE_POINTER, Pointer, Reason

__all__ = ["MissingPart", "Reachability", "Reason", "UnreadablePart", "explore", "reachable_parts"]


@dataclass(frozen=True, slots=True)
class MissingPart:
    """A pointer that leads nowhere, or out of the package."""

    named_in: str
    location: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class UnreadablePart:
    """A part whose own pointers could not be followed."""

    path: str
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Reachability:
    """Reached parts with every reason, and what stood in the way."""

    parts: Mapping[str, frozenset[Reason]]
    missing: tuple[MissingPart, ...]
    unreadable: tuple[UnreadablePart, ...]

    def unreached(self, package: OfdPackage) -> tuple[str, ...]:
        """Files of the package that nothing points to."""
        return tuple(name for name in package if name not in self.parts)


def reachable_parts(package: OfdPackage) -> dict[str, set[Reason]]:
    """Every part reachable from OFD.xml and the fixed names of GM/T 0099; see ``explore`` for the rest."""
    return {name: set(reasons) for name, reasons in explore(Parts(package)).parts.items()}


def explore(parts: Parts) -> Reachability:
    """Follow every pointer of the document.

    Raises:
        LimitExceededError: the XML is too much. Anything else that is wrong is listed in the result.
    """
    walk = _Walk(parts)
    for name, reason in FIXED_NAMES.items():
        if name in parts.package:
            walk.visit(name, reason)
    return walk.result()


class _Walk:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._reached: dict[str, set[Reason]] = {}
        self._missing: dict[MissingPart, None] = {}
        self._unreadable: list[UnreadablePart] = []

    def visit(self, name: str, reason: Reason) -> None:
        """Reach a part and all that it points to."""
        pending = [(name, reason)]
        while pending:
            name, reason = pending.pop()
            reasons = self._reached.setdefault(name, set())
            if reason not in reasons:
                reasons.add(reason)
                pending += self._targets(name, reason)

    def _targets(self, name: str, reason: Reason) -> list[tuple[str, Reason]]:
        targets: list[tuple[str, Reason]] = []
        for pointer in self._pointers(name, reason):
            try:
                target = self._parts.find(pointer.location, *pointer.bases)
            except MalformedDataError:
                target = None
            if target is None:
                self._missing[MissingPart(name, pointer.location, pointer.reason)] = None
            else:
                targets.append((target, pointer.reason))
        return targets

    def _pointers(self, name: str, reason: Reason) -> list[Pointer]:
        follow = FOLLOW.get(reason)
        if follow is None:
            return []
        word = SOLE_POINTER.get(reason)
        try:
            if word is not None and not self._parts.mentions(name, word):
                return []  # pages are large, and few have resources of their own
            return list(follow(self._parts.xml(name)))
        except LimitExceededError:
            raise
        except MalformedDataError as exc:
            self._unreadable.append(UnreadablePart(name, reason, exc.message))
            return []

    def result(self) -> Reachability:
        parts = {name: frozenset(reasons) for name, reasons in self._reached.items()}
        return Reachability(parts, tuple(self._missing), tuple(self._unreadable))
