"""Dates and times of metadata: ``YYYYMMDD`` and ``YYYYMMDDhhmmss``, Beijing time, UTC inside.

The text names no zone. It is read as Beijing time, UTC+8 throughout: pages and registers keep Beijing time, and
the summer time of 1986 to 1991 lies before any electronic licence.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from formats.errors import MalformedDataError
from formats.identifier_text import DIGITS, read_identifier

BEIJING: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
UNLIMITED: Final = "长期"
"""What stands in the end of validity of a licence without one; an empty value means the same."""

_EARLIEST_YEAR: Final = 1000
"""Below it a year is a slip of typing; it also keeps the change of zone within Python's range."""


def parse_date(text: object, *, what: str = "date") -> date:
    """Read ``YYYYMMDD``.

    Raises:
        MalformedDataError: Not eight ASCII digits, or no such day.
    """
    digits = read_identifier(text, what=what, alphabet=DIGITS, shortest=8)
    return _local(f"{digits}000000", what).date()


def parse_end_date(text: object, *, what: str = "end date") -> date | None:
    """Read an end of validity: ``YYYYMMDD``, or ``None`` for ``长期`` and for an empty value.

    Raises:
        MalformedDataError: Neither.
    """
    return None if text in ("", UNLIMITED) else parse_date(text, what=what)


def parse_date_time(text: object, *, what: str = "time") -> datetime:
    """Read ``YYYYMMDDhhmmss`` in Beijing time.

    Returns:
        The moment, timezone-aware UTC.

    Raises:
        MalformedDataError: Not fourteen ASCII digits, or no such time.
    """
    return _local(read_identifier(text, what=what, alphabet=DIGITS, shortest=14), what).astimezone(UTC)


def format_date(day: date) -> str:
    """Write a calendar day as ``YYYYMMDD``."""
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


def format_date_time(moment: datetime) -> str:
    """Write a moment as ``YYYYMMDDhhmmss`` in Beijing time; fractions of a second are cut off.

    Raises:
        ValueError: ``moment`` carries no zone.
    """
    if moment.utcoffset() is None:
        raise ValueError("a moment needs a zone")
    local = moment.astimezone(BEIJING)
    return f"{format_date(local)}{local.hour:02d}{local.minute:02d}{local.second:02d}"


@lru_cache(maxsize=1024)
def _local(digits: str, what: str) -> datetime:
    """Fourteen digits as a moment in Beijing; kept, since licences of one day share most of their dates."""
    year = int(digits[:4])
    if year < _EARLIEST_YEAR:
        raise MalformedDataError(f"the year is before {_EARLIEST_YEAR}", what=what, offset=0)
    month, day, hour, minute, second = [int(digits[start : start + 2]) for start in range(4, 14, 2)]
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=BEIJING)
    except ValueError as exc:
        raise MalformedDataError("no such day or time", what=what) from exc
