"""Times as people write and read them: Beijing time on the outside, UTC inside (docs/design.md, rule 4)."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

BEIJING: Final = timezone(timedelta(hours=8), "UTC+8")


def now() -> datetime:
    """The present moment, UTC, whole seconds. The one clock of the command line."""
    return datetime.now(UTC).replace(microsecond=0)


def read_moment(text: str) -> datetime:
    """A moment from ISO 8601 text: a day, or a day and a time, with or without an offset.

    Without an offset it is Beijing time; a day alone means its beginning. Fractions of a second are cut.

    Raises:
        ValueError: Not such a text.
        OverflowError: Too near the first or the last year to be told in UTC.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=BEIJING)
    return moment.astimezone(UTC).replace(microsecond=0)


def beijing_text(moment: datetime | None) -> str:
    """A moment as ``2026-03-01 10:30:00 +08:00``; empty for None."""
    if moment is None:
        return ""
    try:
        local = moment.astimezone(BEIJING)
    except OverflowError:  # the last eight hours of the year 9999, which certificates use for "never"
        return f"{moment.year:04}-{moment:%m-%d %H:%M:%S} Z"
    return f"{local.year:04}-{local:%m-%d %H:%M:%S} +08:00"


def utc_text(moment: datetime | None) -> str | None:
    """A moment in UTC as RFC 3339 text, whole seconds, or None."""
    if moment is None:
        return None
    utc = moment.astimezone(UTC)
    return f"{utc.year:04}-{utc:%m-%dT%H:%M:%S}Z"
