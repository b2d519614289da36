"""AbbreviatedData (GB/T 33190-2016): operators S or M, L, Q, B, A, C and their coordinates, as written."""

import re
from typing import Final

OPERAND_COUNTS: Final = {"S": 2, "M": 2, "L": 2, "Q": 4, "B": 6, "A": 7, "C": 0}
"""How many numbers follow each operator."""
_OPERATION: Final = re.compile(r"([A-DF-Za-df-z])([0-9eE+\-.\s]*)|(\S)")
_LIMIT: Final = 1e9


def split_operations(data: str) -> list[tuple[str, str, str]]:
    """Cut into operator, what may be its coordinates (E is an exponent's), and what is neither."""
    return _OPERATION.findall(data)


def coordinates(text: str, count: int) -> tuple[float, ...] | None:
    """The numbers of an operator; None unless they are ``count`` numbers up to 10^9 in size."""
    try:
        values = tuple(map(float, text.split()))
    except ValueError:
        return None
    if len(values) != count or (values and not -_LIMIT <= min(values) <= max(values) <= _LIMIT):
        return None
    return values
