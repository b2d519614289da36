"""Metadata as name/value pairs of an OFD file: ``DocInfo/CustomDatas/CustomData[@Name]`` (GB/T 33190).

How several holders stand in CustomDatas is not known from a published text. This project joins the values of one
element with the schema's separator (``^``, as deployed type catalogues join their lists), in the order of the
holders, and keeps one pair per name. It is a choice of the data file, not of the standard.
"""

import re
from collections.abc import Iterable
from typing import Final

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt36903.metadata import MAX_CHARACTERS, MAX_NAMES, MAX_VALUES, Metadata
from formats.gbt36903.schema import MetadataSchema, default_schema
from formats.tolerances import Tolerance

_WHAT = "metadata"
_UNWRITABLE: Final = re.compile("[^\t\n -\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_writable(text: str) -> bool:
    """Whether XML 1.0 can hold the text and a reader gives it back unchanged.

    Refused are control characters but tab and line feed (a carriage return does not survive XML's end-of-line
    rule), halves of surrogate pairs, U+FFFE and U+FFFF.
    """
    return _UNWRITABLE.search(text) is None


def to_custom_data(metadata: Metadata) -> list[tuple[str, str]]:
    """Pairs to write, in a fixed order: elements as in the schema, then all other names sorted.

    ``from_custom_data`` gives the same metadata back.

    Raises:
        MalformedDataError: A value of a repeating element holds the separator, or XML cannot hold a value.
    """
    schema = metadata.schema
    values = metadata.values
    pairs = []
    for element in schema:
        name = element.short_name
        texts = None if name is None else values.get(name)
        if name is None or texts is None:
            continue
        if element.repeats and any(schema.separator in text for text in texts):
            raise MalformedDataError(f"a value of {name} holds the separator", what=_WHAT)
        pairs.append(_pair(name, texts, schema.separator))
    others = sorted([name for name in values if schema.named(name) is None])
    return pairs + [_pair(name, values[name], schema.separator) for name in others]


def _pair(name: str, texts: tuple[str, ...], separator: str) -> tuple[str, str]:
    joined = texts[0] if len(texts) == 1 else separator.join(texts)
    if not name.isprintable() or _UNWRITABLE.search(joined):
        raise MalformedDataError(f"{name[:64]!a} holds characters XML cannot", what=_WHAT)
    return name, joined


def from_custom_data(pairs: Iterable[tuple[object, object]], *, schema: MetadataSchema | None = None) -> Metadata:
    """Read metadata from the pairs of a file.

    Args:
        pairs: Name and value in file order; other makers' pairs among them are kept.
        schema: What the short names mean; the house's own if left out.

    Raises:
        MalformedDataError: A name that has one value occurs twice, so that two readers could disagree; or a pair
            is no text.
        LimitExceededError: Too many pairs or values, or a value too long.
    """
    used = schema or default_schema()
    collected: dict[str, list[str]] = {}
    tolerances = set()
    for count, (name, value) in enumerate(pairs, start=1):
        if count > MAX_NAMES:
            raise LimitExceededError(f"more than {MAX_NAMES} pairs", what=_WHAT)
        if not isinstance(name, str) or not isinstance(value, str):
            raise MalformedDataError("a pair is no text", what=_WHAT)
        if len(value) > MAX_CHARACTERS:
            raise LimitExceededError(f"{name[:64]!a} has more than {MAX_CHARACTERS} characters", what=_WHAT)
        element = used.named(name)
        repeats = element is not None and element.repeats
        if name in collected and not repeats:
            raise MalformedDataError(f"{name[:64]!a} occurs twice", what=_WHAT)
        if name in collected:
            tolerances.add(Tolerance.METADATA_REPEATED_NAME)
        texts = value.split(used.separator, MAX_VALUES) if repeats else [value]
        collected.setdefault(name, []).extend(texts)
    return Metadata.build(collected, schema=used, tolerances=tolerances)
