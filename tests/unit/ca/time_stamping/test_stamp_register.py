"""The register of time stamps: append-only, and audited against its own trail."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from ca.time_stamping.audit import audit_stamps
from ca.time_stamping.errors import StampRegisterError
from ca.time_stamping.register import StampRegister
from formats.gbt20520 import FailureReason
from tests.registers import rewrite
from tests.stamping_world import StampingPlace, failures, request, stamping_place


def lived_in(register_address: str) -> StampingPlace:
    """Two groups of stamps on record."""
    place = stamping_place(register_address)
    place.authority.answer_many([request(bytes([number])) for number in range(5)])
    place.authority.answer_many([request(b"one")])
    return place


@pytest.fixture
def place(register_address: str) -> StampingPlace:
    return lived_in(register_address)


def test_an_honest_register_is_clean(place: StampingPlace) -> None:
    """Trail and rows agree; every stamp is counted."""
    report = audit_stamps(place.store)
    assert (report.is_clean, report.stamps, report.contradictions) == (True, 6, ())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE time_stamp_stamps SET at = '2020-01-01T00:00:00.000000Z' WHERE number = 2",
        "UPDATE time_stamp_stamps SET imprint = {octet} WHERE number = 6",
        "UPDATE time_stamp_stamps SET serial = '7' WHERE number = 3",
        "UPDATE time_stamp_stamps SET in_group = 2 WHERE number = 3",
        "DELETE FROM time_stamp_stamps WHERE number = 1",
        "DELETE FROM time_stamp_stamps WHERE in_group = 2",
        "UPDATE time_stamp_blocks SET salt = '00'",
        "UPDATE time_stamp_blocks SET size = 3",
        "DELETE FROM time_stamp_audit WHERE number = 3",
        "UPDATE time_stamp_audit SET entry = {octet} WHERE number = 2",
    ],
)
def test_forgeries_are_found(tmp_path: Path, statement: str) -> None:
    """A changed or missing row is found by the audit, or cannot be read at all."""
    register_address = str(tmp_path / "register.sqlite")
    lived_in(register_address)
    rewrite(register_address, statement, drop_guards=True)
    try:
        report = audit_stamps(StampRegister(register_address))
    except StampRegisterError:
        return
    assert not report.is_clean


@pytest.mark.parametrize(
    "table", ["time_stamp_blocks", "time_stamp_stamps", "time_stamp_clock", "time_stamp_audit"]
)
def test_the_register_is_only_added_to(place: StampingPlace, register_address: str, table: str) -> None:
    """The database itself refuses to change or delete a row."""
    column = {"time_stamp_blocks": "first_number"}.get(table, "number")
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column} + 1000"):
        with pytest.raises(sa.exc.IntegrityError, match="append-only"):
            rewrite(register_address, statement)


def test_damage_is_named(place: StampingPlace, register_address: str) -> None:
    """A row that was never written by this program gives one kind of error."""
    rewrite(
        register_address,
        "UPDATE time_stamp_clock SET state = 'perhaps'",
        "UPDATE time_stamp_stamps SET at = 'then'",
        drop_guards=True,
    )
    store = StampRegister(register_address)
    with pytest.raises(StampRegisterError):
        store.clock_change()
    with pytest.raises(StampRegisterError):
        list(store.groups())


def test_a_register_that_fails_stamps_nothing(place: StampingPlace, register_address: str) -> None:
    """Without its tables the register gives systemFailure, no traceback."""
    rewrite(register_address, "DROP TABLE time_stamp_stamps")
    assert failures(place) == {FailureReason.SYSTEM_FAILURE}
