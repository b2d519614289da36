"""Where licence metadata stands in a document, and which of it makes a document a licence."""

from collections.abc import Sequence
from functools import cache

from formats.gbt33190.xml import Element as XmlElement
from formats.gbt33190.xml_part import XmlPart
from formats.gbt36903 import Metadata, Origin, Presence, default_schema, from_custom_data

Pairs = Sequence[tuple[str, str]]
"""Names and texts of CustomData in file order."""


def read_custom_data(main: XmlPart, body: XmlElement) -> Pairs:
    """DocInfo/CustomDatas of a document body (GB/T 33190-2016, OFD.xml); nothing else of DocInfo is read.

    Raises:
        MalformedDataError: An element occurs twice, or a pair has no name or no text.
    """
    info = main.child(body, "DocInfo")
    custom = None if info is None else main.child(info, "CustomDatas")
    if custom is None:
        return ()
    return [(main.required(pair, "Name"), main.text(pair).strip()) for pair in main.children(custom, "CustomData")]


def is_licence_like(pairs: Pairs) -> bool:
    """Whether custom data holds any licence metadata."""
    names = _standard_names()
    return any(name.strip() in names for name, _ in pairs)


def read_metadata(pairs: Pairs) -> Metadata:
    """Metadata in custom data; face data (names that begin with ``KZ_``) is read where it is an element.

    Raises:
        MalformedDataError: A name that has one value occurs twice, in face data too.
        LimitExceededError: Too many pairs or values, or a value too long.
    """
    schema = default_schema()
    names = {name for name, _ in pairs}
    if len(names) == len(pairs):  # else all are read, so that the reader tells which one repeats
        pairs = [pair for pair in pairs if schema.named(pair[0]) is not None]
    return from_custom_data(pairs, schema=schema)


@cache
def _standard_names() -> frozenset[str]:
    """Short names the standard gives: any of them makes a document a licence, or an attempt at one."""
    return frozenset(
        element.short_name
        for element in default_schema()
        if element.short_name is not None and element.origin is Origin.STANDARD
    )


@cache
def mandatory_names() -> tuple[str, ...]:
    """Short names of the elements every licence states: mandatory, and reported to the national catalogue."""
    return tuple(
        element.short_name
        for element in default_schema()
        if element.short_name is not None and element.presence is Presence.MANDATORY and element.reported
    )
