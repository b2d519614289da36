"""Times as people write and read them."""

from datetime import UTC, datetime

import pytest

from api.moments import beijing_text, now, read_moment, utc_text


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-01", datetime(2026, 2, 28, 16, tzinfo=UTC)),
        ("2026-03-01T10:30", datetime(2026, 3, 1, 2, 30, tzinfo=UTC)),
        ("2026-03-01 10:30:15", datetime(2026, 3, 1, 2, 30, 15, tzinfo=UTC)),
        ("2026-03-01T10:30:15.9", datetime(2026, 3, 1, 2, 30, 15, tzinfo=UTC)),
        ("2026-03-01T10:30:00Z", datetime(2026, 3, 1, 10, 30, tzinfo=UTC)),
        ("2026-03-01T10:30:00-05:00", datetime(2026, 3, 1, 15, 30, tzinfo=UTC)),
        ("20260301T103000+0800", datetime(2026, 3, 1, 2, 30, tzinfo=UTC)),
    ],
)
def test_moments_are_read(written: str, moment: datetime) -> None:
    """ISO 8601; Beijing time without an offset; a day means its beginning."""
    assert read_moment(written) == moment
    assert read_moment(written).utcoffset() == moment.utcoffset()


@pytest.mark.parametrize("written", ["", "now", "2026-13-01", "2026-02-30", "10:30", "1", "0001-01-01", "9" * 400])
def test_what_is_no_moment_is_refused(written: str) -> None:
    """Everything else is refused in one of two ways the argument parser knows."""
    with pytest.raises((ValueError, OverflowError)):
        read_moment(written)


def test_moments_are_shown_in_beijing_time() -> None:
    """With the offset, so that nobody has to guess; the end of the year 9999 too."""
    assert beijing_text(datetime(2026, 3, 1, 16, 30, tzinfo=UTC)) == "2026-03-02 00:30:00 +08:00"
    assert beijing_text(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)) == "9999-12-31 23:59:59 Z"
    assert beijing_text(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01 08:00:00 +08:00"
    assert beijing_text(None) == ""


def test_moments_for_programs_are_rfc_3339() -> None:
    """UTC, four digits of the year."""
    assert utc_text(datetime(987, 3, 1, tzinfo=UTC)) == "0987-03-01T00:00:00Z"
    assert utc_text(None) is None


def test_the_clock_is_utc_and_whole_seconds() -> None:
    """The one clock of the command line."""
    assert now().tzinfo is UTC
    assert now().microsecond == 0
