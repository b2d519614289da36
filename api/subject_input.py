"""Distinguished names as people type them, in the form names are shown in: ``C=CN, O=示例局, CN=示例局``."""

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from formats.gbt20518 import Name

_ATTRIBUTE: Final = re.compile(r"\s*([A-Za-z]+|\d+(?:\.\d+)+)\s*=\s*((?:[^\\,]|\\.)*)(,|$)", re.DOTALL)


def read_subject(text: str) -> "Name":
    r"""A name in encoded order, one attribute in each part; ``\`` makes the next character an ordinary one.

    Raises:
        ValueError: An attribute is unknown, empty or malformed.
    """
    from formats.gbt20518 import Name
    from formats.gbt20518.name import SHORT_NAMES

    known = {short.lower(): oid for oid, short in SHORT_NAMES.items()}
    attributes = []
    position = 0
    unfinished = True
    while position < len(text):
        found = _ATTRIBUTE.match(text, position)
        if found is None:
            raise ValueError("not of the form TYPE=value, TYPE=value")
        kind = found[1].lower()
        if kind not in known and "." not in kind:
            raise ValueError(f"unknown attribute type {found[1]}")
        attributes.append((known.get(kind, kind), _unescaped(found[2])))
        position = found.end()
        unfinished = bool(found[3])
    if unfinished:
        raise ValueError("an attribute is missing")
    return Name.build(attributes)


def _unescaped(value: str) -> str:
    kept = re.sub(r"(?<!\\)\s+$", "", value)
    return re.sub(r"\\(.)", r"\1", kept, flags=re.DOTALL)
