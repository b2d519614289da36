"""The record in SQLite and PostgreSQL: guarded against change, and judged against the audit trail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ca.audit import AuditReport
from ca.errors import CertificateNotFoundError, CrlNotFoundError, RecordDamagedError
from ca.model import WHOLE_LIST, CertificateState, ListHead, SerialNumber
from ca.register import CaRegister
from formats.gbt20518 import RevocationReason
from formats.register_errors import RegisterFormatError
from formats.register_file import AuditTable, open_register
from tests.authority_world import ACTOR, START, World, holder_request, make_world
from tests.registers import rewrite


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "ca.db")


@pytest.fixture
def world(register_address: str) -> World:
    return _lived_in(register_address)


def _lived_in(address: str) -> World:
    world = make_world(address)
    first, second = world.regional.issue_many([holder_request("one"), holder_request("two")], actor=ACTOR)
    world.regional.revoke(SerialNumber(first.serial_number), RevocationReason.SUPERSEDED, actor=ACTOR)
    world.regional.suspend(SerialNumber(second.serial_number), actor=ACTOR)
    world.regional.publish_crl(actor=ACTOR)
    return world


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ca_certificates",
        "DELETE FROM ca_crls",
        "DELETE FROM ca_audit",
        "UPDATE ca_audit SET entry = {octet}",
        "UPDATE ca_certificates SET tbs = {octet}",
        "UPDATE ca_certificates SET serial = '1'",
        "UPDATE ca_certificates SET request_key = 'other'",
        "UPDATE ca_certificates SET encoded = NULL",
        "UPDATE ca_certificates SET state = 'valid' WHERE state = 'revoked'",
        "UPDATE ca_certificates SET revoked_at = NULL WHERE state = 'revoked'",
        "UPDATE ca_crls SET signature = {octet}",
        "UPDATE ca_crls SET number = number + 1",
    ],
)
def test_guards_refuse_changes(world: World, register_address: str, statement: str) -> None:
    """Whoever opens the file cannot rewrite history without first removing the guards."""
    assert world.regional.audit().is_clean
    with pytest.raises(sa.exc.IntegrityError, match=r"is not changed|append-only"):
        rewrite(register_address, statement)


def _audit_after(address: str, world: World, *statements: str) -> AuditReport:
    world.store.close()  # type: ignore[attr-defined]
    rewrite(address, *statements, drop_guards=True)
    return world.make_regional(CaRegister(address), world.regional_signer).audit()


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE ca_certificates SET state = 'valid' WHERE state = 'revoked'", "revoked by the trail"),
        ("UPDATE ca_certificates SET tbs = {octet} WHERE state = 'held'", "content on record"),
        ("UPDATE ca_certificates SET encoded = {octet} WHERE state = 'held'", "certificate on record"),
        ("DELETE FROM ca_certificates WHERE state = 'held'", "not on record"),
        ("DELETE FROM ca_crls", "list 1 is in the trail and not on record"),
        ("UPDATE ca_crls SET signature = {octet}", "list 1 on record is not the one"),
        (
            (
                f"INSERT INTO ca_certificates SELECT 99, authority, '{77:040x}', state, profile, 'k', request_digest, subject,"
                " not_after, intended_at, tbs, encoded, revoked_at, reason, invalidity_date, lifted_at, list_name, NULL, list_changed"
                " FROM ca_certificates WHERE state = 'held'"
            ),
            "without an entry of its intent",
        ),
    ],
)
def test_audit_finds_a_changed_record(world: World, register_address: str, statement: str, finding: str) -> None:
    """A record rewritten by someone who removed the guards contradicts the trail."""
    report = _audit_after(register_address, world, statement)
    assert not report.is_clean
    assert report.first_break is None
    assert len(report.contradictions) == 1
    assert finding in report.contradictions[0]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ca_audit SET entry = {other_officer} WHERE number = 3",
        "DELETE FROM ca_audit WHERE number = 4",
        "UPDATE ca_audit SET chain = {octet} WHERE number = 4",
    ],
)
def test_audit_finds_a_changed_trail(world: World, register_address: str, statement: str) -> None:
    """Changing or removing an entry breaks the chain from there on."""
    report = _audit_after(register_address, world, statement)
    assert report.first_break in {2, 3}
    assert not report.is_clean


def test_cut_trail_contradicts_the_record(world: World, register_address: str) -> None:
    """Entries cut from the end leave the chain whole; the record then tells of events the trail does not know."""
    report = _audit_after(register_address, world, "DELETE FROM ca_audit WHERE number > 8")
    assert report.first_break is None
    assert not report.is_clean


def test_record_survives_reopening(world: World, register_address: str) -> None:
    """What one process recorded, the next one reads."""
    before = world.regional.certificates()
    world.store.close()  # type: ignore[attr-defined]
    again = world.make_regional(CaRegister(register_address), world.regional_signer)
    assert again.certificates() == before
    assert {record.state for record in before} == {CertificateState.REVOKED, CertificateState.HELD}
    assert again.audit().is_clean


def test_nothing_is_found_by_reading_everything(path: str) -> None:
    """Every statement of issuing, finding, paging, revoking and listing goes by an index and sorts nothing, so that
    it costs the same however much is on record."""
    world, plans = _lived_in(path), []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.startswith(("SELECT", "UPDATE")):
            cursor = connection.connection.cursor()
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters[0] if many else parameters)
            plans.extend(f"{row[3]}: {statement}" for row in cursor)

    sa.event.listen(sa.Engine, "before_cursor_execute", explain)
    try:
        authority = world.regional
        (certificate, *_) = authority.issue_many([holder_request("three"), holder_request("four")], actor=ACTOR)
        serial = SerialNumber(certificate.serial_number)
        authority.issue(holder_request("five"), actor=ACTOR)
        authority.record(serial)
        authority.certificates(most=2)
        authority.certificates(after=serial, most=2)
        authority.certificates(after=serial, state=CertificateState.VALID, most=2)
        authority.revoke(serial, RevocationReason.SUPERSEDED, actor=ACTOR)
        authority.publish_crl(actor=ACTOR)
        authority.recover(actor=ACTOR)
        world.store.changes(authority.authority, after=2)
        world.store.audit_entries(after=5, most=3)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", explain)
    assert len(plans) > 20
    bad = [plan for plan in plans if plan.startswith("SCAN") or "TEMP B-TREE" in plan]
    assert bad == []


def test_file_of_another_layout_is_refused(path: str) -> None:
    """A program never writes into a register of another kind."""
    metadata = sa.MetaData()
    open_register(path, metadata, AuditTable(metadata, "x"), layout="seal-register", version=1).dispose()
    with pytest.raises(RegisterFormatError):
        CaRegister(path)


def test_commits_are_on_the_disk(path: str) -> None:
    """Write-ahead log with synchronous FULL: a commit is on the disk when it returns."""
    store = CaRegister(path)
    with store.transaction() as change:
        connection = change._connection
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_writes_to_nothing_are_errors(path: str) -> None:
    """An update that meets no row does not pass in silence."""
    store = CaRegister(path)
    with store.transaction() as change:
        with pytest.raises(CertificateNotFoundError):
            change.set_state("a", SerialNumber(1), CertificateState.HELD, None, START)
        with pytest.raises(CrlNotFoundError):
            change.record_crl(ListHead("a", WHOLE_LIST, 1, None, START, START, 0, 0), b"x")
        assert change.by_requests("a", ["k"]) == {}
        assert change.record_certificates("a", {SerialNumber(1): b"x"}, CertificateState.VALID) == frozenset()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ca_certificates SET state = 'shining'",
        "UPDATE ca_certificates SET not_after = '7'",
        "UPDATE ca_certificates SET serial = 'x' WHERE state = 'held'",
        "UPDATE ca_audit SET entry = {octet} WHERE number = 3",
    ],
)
def test_damaged_rows_are_named(world: World, register_address: str, statement: str) -> None:
    """What was never written by this program gives a clear error, not a wrong report."""
    with pytest.raises(RecordDamagedError, match="cannot be read"):
        _audit_after(register_address, world, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ca_certificates SET not_after = 7",
        "UPDATE ca_audit SET entry = '[]' WHERE number = 3",
        "UPDATE ca_audit SET entry = 7 WHERE number = 3",
    ],
)
def test_values_of_another_type_are_named(path: str, statement: str) -> None:
    """SQLite stores any type in any column; what is of another than was written is told as damage."""
    world = _lived_in(path)
    with pytest.raises(RecordDamagedError, match="cannot be read"):
        _audit_after(path, world, statement)
