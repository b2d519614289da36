"""A seal or TBS_Sign as software writes it that decodes and encodes again instead of keeping the octets."""

from collections.abc import Callable, Iterator
from typing import Final

from formats import der
from formats.der import Node
from formats.errors import MalformedDataError
from formats.gbt38540.fields import LIMITS
from formats.times import read_time

_FALSE: Final = der.boolean(False)
_LONGEST: Final = 1 << 20
_EXPLICIT: Final = der.context(0)
_TIMES: Final = frozenset({der.UTC_TIME, der.GENERALIZED_TIME})

Rule = Callable[[Node], bytes | None]
"""Octets to put in the place of a value; None to keep it and look inside."""


def reencodings(signed: bytes) -> Iterator[tuple[str, bytes]]:
    """``signed`` written anew, as (what differs, octets); only those that differ.

    Args:
        signed: DER; beyond 1 MiB nothing is written anew.
    """
    if len(signed) > _LONGEST:
        return
    for detail, rule in _RULES:
        try:
            written = _rewrite(der.parse(signed, what="signed value", limits=LIMITS), rule)
        except MalformedDataError:
            continue
        if written != signed:
            yield detail, written


def _rewrite(node: Node, rule: Rule) -> bytes:
    replaced = rule(node)
    if replaced is not None:
        return replaced
    if not node.tag & 0x20:
        return node.encoded
    return der.encode(node.tag, b"".join(_rewrite(child, rule) for child in node))


def _tags(node: Node) -> list[int]:
    return [child.tag for child in node] if node.tag == der.SEQUENCE else []


def _is_extension(node: Node) -> bool:
    return _tags(node) in (
        [der.OBJECT_IDENTIFIER, der.OCTET_STRING],
        [der.OBJECT_IDENTIFIER, der.BOOLEAN, der.OCTET_STRING],
    )


def _is_extensions(node: Node) -> bool:
    return node.tag == der.SEQUENCE and (children := node.children()) != [] and all(map(_is_extension, children))


def _without_false(node: Node) -> bytes | None:
    if not _is_extension(node):
        return None
    parts = [child.encoded for child in node]
    return der.sequence(*(part for part in parts if part != _FALSE))


def _with_false(node: Node) -> bytes | None:
    if not _is_extension(node):
        return None
    parts = [child.encoded for child in node]
    return der.sequence(parts[0], _FALSE, parts[1]) if len(parts) == 2 else None


def _without_extensions(node: Node) -> bytes | None:
    inner = node
    if node.tag == _EXPLICIT:
        children = node.children()
        if len(children) != 1:
            return None
        inner = children[0]
    return b"" if _is_extensions(inner) else None


def _without_time_stamp(node: Node) -> bytes | None:
    tags = _tags(node)
    if tags[:4] != [der.SEQUENCE, der.OCTET_STRING, der.OBJECT_IDENTIFIER, der.BIT_STRING] or len(tags) != 5:
        return None
    return der.sequence(*(child.encoded for child in node.children()[:4]))


def _minimal_integers(node: Node) -> bytes | None:
    return der.integer(node.integer([])) if node.tag == der.INTEGER else None


def _generalized(node: Node) -> bytes | None:
    moment = read_time(node, [])[0] if node.tag in _TIMES else None
    return None if moment is None else der.generalized_time(moment.replace(microsecond=0))


def _utc(node: Node) -> bytes | None:
    moment = read_time(node, [])[0] if node.tag in _TIMES else None
    return (
        None if moment is None or not 1950 <= moment.year < 2050 else der.utc_time(moment.replace(microsecond=0))
    )


_RULES: Final[tuple[tuple[str, Rule], ...]] = (
    ("critical FALSE left out", _without_false),
    ("critical FALSE written", _with_false),
    ("extDatas left out", _without_extensions),
    ("time stamp of the seal left out", _without_time_stamp),
    ("integers in their shortest form", _minimal_integers),
    ("times as GeneralizedTime in UTC", _generalized),
    ("times as UTCTime", _utc),
)
