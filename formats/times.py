"""Times as deployed software writes them: more forms than DER allows, each named.

A time without a zone may be UTC or Beijing time; eight hours decide about validity, so its value is left open
(None) and its text is kept.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from formats import der
from formats.der import Node
from formats.tolerances import Tolerance

_GENERALIZED: Final = re.compile(
    rb"(?P<date>\d{8})(?P<clock>\d{6})(?:[.,](?P<fraction>\d{1,9}))?(?P<zone>Z|[+-]\d{4})?"
)
_UTC: Final = re.compile(rb"(?P<date>\d{6})(?P<clock>\d{6})(?P<fraction>)?(?P<zone>Z|[+-]\d{4})?")
_TEXT: Final = re.compile(
    rb"(?P<year>\d{4})[-/](?P<month>\d{2})[-/](?P<day>\d{2})[T ](?P<clock>\d{2}:\d{2}:\d{2})"
    rb"(?:\.(?P<fraction>\d{1,9}))?(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)


def read_time(node: Node, found: list[Tolerance]) -> tuple[datetime | None, str]:
    """A UTCTime or GeneralizedTime as (moment in UTC or None, text as written).

    Seconds must be there; a fraction (cut to microseconds), an offset and a missing zone are tolerated.

    Raises:
        MalformedDataError: Not a time, or no such time.
    """
    if node.tag not in (der.UTC_TIME, der.GENERALIZED_TIME):
        raise node.error(f"expected a time, found {der.tag_name(node.tag)}")
    content = node.content
    if content[-1:] == b"Z" and len(content) == (15 if node.tag == der.GENERALIZED_TIME else 13):
        return node.time(), content.decode("ascii")
    match = (_GENERALIZED if node.tag == der.GENERALIZED_TIME else _UTC).fullmatch(content)
    if match is None:
        raise node.error(f"{der.tag_name(node.tag)} is not a date and time with seconds")
    date = match["date"]
    if node.tag == der.UTC_TIME:
        date = (b"19" if date[0] >= ord("5") else b"20") + date
    try:
        moment = _moment(date, match["clock"], match["fraction"], match["zone"], found)
    except (ValueError, OverflowError) as exc:
        raise node.error("no such time") from exc
    return moment, content.decode("ascii")


def read_time_text(content: bytes, found: list[Tolerance]) -> tuple[datetime | None, str] | None:
    """Read text such as ``2020-01-25T07:31:56.377Z`` or ``2020-01-25 07:31:56``; None if it is no time.

    The second form is local time of an unnamed place: the text is kept, the moment left open.
    """
    match = _TEXT.fullmatch(content)
    if match is None:
        return None
    date = match["year"] + match["month"] + match["day"]
    own: list[Tolerance] = []
    try:
        moment = _moment(date, match["clock"].replace(b":", b""), match["fraction"], match["zone"], own)
    except (ValueError, OverflowError):
        return None  # the caller says what it means that there is none
    found.extend(own)
    return moment, content.decode("ascii")


def _moment(
    date: bytes, clock: bytes, fraction: bytes | None, zone: bytes | None, found: list[Tolerance]
) -> datetime | None:
    """The moment in UTC, None without a zone; ValueError or OverflowError if there is no such time."""
    moment = datetime.strptime((date + clock).decode("ascii"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    if fraction:
        found.append(Tolerance.TIME_FRACTION)
        moment = moment.replace(microsecond=int(fraction.ljust(6, b"0")[:6]))
    if not zone:
        found.append(Tolerance.TIME_WITHOUT_ZONE)
        return None
    if zone != b"Z":
        found.append(Tolerance.TIME_OFFSET)
        digits = zone.replace(b":", b"")
        hours, minutes = int(digits[1:3]), int(digits[3:5])
        if hours > 14 or minutes > 59:
            raise ValueError("no such offset")
        offset = timedelta(hours=hours, minutes=minutes)
        moment = moment - offset if digits[:1] == b"+" else moment + offset
    return moment
