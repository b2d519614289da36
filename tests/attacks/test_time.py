"""Attacks on times: the signer states one, and nothing but certificates and lists holds it against him."""

from datetime import UTC, datetime

from tests.unit.verifier.documents import codes, sealed, verified
from tests.unit.verifier.nation import BUREAU, FOUNDED, holder_extensions, issue, name
from verifier.codes import Code
from verifier.findings import Verdict

LAST_MOMENT = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_last_second_of_time() -> None:
    """A signing time that has no Beijing time any more is a time in the future, not a crash.

    Anybody can state it: certificate and credit code need nobody's trust to be read.
    """
    stranger = issue(name("陌生"), None, extra=holder_extensions(BUREAU), period=(FOUNDED, LAST_MOMENT))
    report = verified(sealed(holder=stranger, at=LAST_MOMENT))
    assert report.verdict is Verdict.FAILED
    assert {Code.TIME_FUTURE, Code.SIGNER_CERT_UNTRUSTED, Code.ISSUER_NOT_SEALED} <= codes(report)


def test_judged_at_the_last_second_of_time() -> None:
    """Whoever asks chooses the moment; one that has no Beijing time is answered like any other."""
    report = verified(sealed(), at=LAST_MOMENT)
    assert report.verdict is Verdict.FAILED
    assert Code.LICENCE_EXPIRED in codes(report)
