"""The desk's audit: clean after honest work, and each kind of alteration past the guards is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from ca.registration.audit import audit_desk
from ca.registration.register import RegistrationRegister
from crypto import PrivateKey
from tests.registers import rewrite
from tests.registration_desk import CLERK, REVIEWER, Desk, renewal


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Issued, renewed, rejected, withdrawn and waiting applications."""
    desk = Desk(str(tmp_path / "desk.db"))
    key = PrivateKey.generate()
    issued = desk.desk.approve(desk.apply(key).id, reviewer=REVIEWER).record
    desk.desk.renew(renewal(issued.plan, key), clerk=CLERK)
    desk.desk.reject(desk.apply().id, reviewer=REVIEWER, reason="no")
    desk.desk.withdraw(desk.apply().id, clerk=CLERK, reason="no")
    return desk


def _report(desk: Desk) -> tuple[int | None, tuple[str, ...]]:
    report = audit_desk(RegistrationRegister(desk.address), desk.world.regional)
    assert report.is_clean == (report.first_break is None and not report.contradictions)
    return report.first_break, report.contradictions


def test_honest_work_is_clean(desk: Desk) -> None:
    """Record, trail and authority agree."""
    assert _report(desk) == (None, ())


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE registration_applications SET state = 'approved' WHERE position = 1", "issued by the trail"),
        ("UPDATE registration_applications SET clerk = 'REVIEWER-1' WHERE position = 1", "who took it"),
        ("DELETE FROM registration_applications WHERE position = 3", "not on record"),
        (f"UPDATE registration_applications SET signing_serial = '{1:040x}' WHERE position = 1", "no certificate"),
        (
            "UPDATE registration_applications SET public_key = encryption_public_key WHERE position = 1",
            "another key",
        ),
        ("UPDATE registration_applications SET enveloped_key = NULL WHERE position = 1", "without an encryption"),
    ],
)
def test_alteration_is_found(desk: Desk, statement: str, told: str) -> None:
    """Whoever drops the guards and writes rows is told of."""
    rewrite(desk.address, statement, drop_guards=True)
    broken, contradictions = _report(desk)
    assert broken is None
    assert any(told in each for each in contradictions)


def test_altered_trail_is_found(desk: Desk) -> None:
    """An entry that was changed breaks the chain at its place; one that was cut off contradicts the record."""
    rewrite(desk.address, "DELETE FROM registration_audit WHERE number = 7", drop_guards=True)
    broken, contradictions = _report(desk)
    assert broken == 6
    assert contradictions
