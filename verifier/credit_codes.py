"""Unified social credit codes as the verifier reads them: strictly, but for a curated list of known misissues."""

from functools import cache, lru_cache

from formats.code_lists import packaged_data
from formats.gb32100 import CreditCode, read_exceptions


@cache
def known_exceptions() -> frozenset[str]:
    """Codes that were assigned with a wrong check character."""
    return read_exceptions(packaged_data("gb32100-exceptions.json"))


@lru_cache(maxsize=4096)  # codes of authorities, which repeat
def parse_credit_code(text: str) -> CreditCode:
    """The code.

    Raises:
        MalformedDataError: It is none.
    """
    return CreditCode.parse(text, exceptions=known_exceptions())
