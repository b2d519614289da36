"""The seal register: applied, approved by another, made, used with a record, retired; audited all along."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from crypto import KeyStoreError, verify
from formats.gbt33190.drawing import DocInfo, DrawnDocument, DrawnLayer, DrawnPage, write_document
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.values import Box
from formats.gbt38540 import Generation, read_seal, read_seal_signature
from formats.register_errors import RegisterFormatError
from licence_service.register import LicenceRegister
from seal_service import SealHolder, SealingRequest, SealState, StampPlacement, seal_document
from seal_service.errors import IllegalTransitionError, RefusedError, SealNotFoundError
from seal_service.model import SealEvent
from seal_service.ports import UseState
from seal_service.register import SealRegister
from seal_service.seal_id import SealId
from tests.small_office import (
    MAKER_CODE,
    NOW,
    OWNER_CODE,
    PICTURE,
    application,
    holder,
    open_office,
    papers,
    seal_maker,
)

pytestmark = pytest.mark.usefixtures("offices")


def plain_entries() -> dict[str, bytes]:
    info = DocInfo(document_id="0" * 32, title="通知")
    page = DrawnPage(Box(0, 0, 210, 297), (DrawnLayer(()),))
    return write_document(DrawnDocument(info, (page,))).entries


def request(key: str = "u-1") -> SealingRequest:
    entries = plain_entries()
    page_id = int(entries["Doc_0/Document.xml"].split(b'<ofd:Page ID="')[1].split(b'"')[0])
    return SealingRequest(key, entries, (StampPlacement(page_id, 100, 200, 42, 42),), "测试用章")


def test_a_use_is_recorded_signed_and_closed() -> None:
    """What was sealed can be found again by its request key, with digests before and after."""
    office = open_office()
    sealed = office.seals.seal(office.seal_id, [request("a"), request("b")], operator="丁")
    assert len(sealed) == 2
    package = OfdPackage.open(sealed[0])
    signature = read_seal_signature(package.read("Doc_0/Signs/Sign_0/SignedValue.dat"))
    assert signature.time_info == NOW
    assert signature.seal.encoded == package.read("Doc_0/Signs/Sign_0/Seal.esl")
    key = papers().holder.public_key
    assert key is not None
    verify(key, signature.to_sign, signature.signature_der, user_id=b"1234567812345678")
    with office.seal_store.transaction() as change:
        use = change.use("a")
    assert use is not None
    assert use.state is UseState.SEALED
    assert use.document_digest == signature.data_hash
    assert use.result_digest is not None
    assert office.seal_store.open_uses() == []
    assert office.seal_store.audit_break() is None


def test_a_request_key_seals_once() -> None:
    """A repeated key is refused before anything is signed, and the whole batch with it."""
    office = open_office()
    office.seals.seal(office.seal_id, [request("a")], operator="丁")
    with pytest.raises(RefusedError) as caught:
        office.seals.seal(office.seal_id, [request("b"), request("a")], operator="丁")
    assert caught.value.code == "seal.request-repeated"
    with office.seal_store.transaction() as change:
        assert change.use("b") is None


@pytest.mark.parametrize("fault", ["fails", "lies"])
def test_a_failing_key_store_hands_out_nothing(fault: str) -> None:
    """A device that does not answer, or signs something else, closes the use as failed with the reason."""
    office = open_office()
    setattr(office.signer, fault, True)
    with pytest.raises(KeyStoreError):
        office.seals.seal(office.seal_id, [request("a")], operator="丁")
    with office.seal_store.transaction() as change:
        use = change.use("a")
    assert use is not None
    assert use.state is UseState.FAILED
    assert use.reason


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([SealEvent.SUSPEND], SealState.SUSPENDED),
        ([SealEvent.REPORT_LOST], SealState.LOST),
        ([SealEvent.REVOKE], SealState.REVOKED),
        ([SealEvent.CANCEL], SealState.CANCELLED),
    ],
)
def test_a_seal_out_of_use_seals_nothing(events: list[SealEvent], state: SealState) -> None:
    """Suspended, lost, revoked and cancelled seals are refused; a suspended one works again once resumed."""
    office = open_office()
    for event in events:
        assert office.seals.change_state(office.seal_id, event, actor="戊", reason="测试") is state
    with pytest.raises(RefusedError) as caught:
        office.seals.seal(office.seal_id, [request()], operator="丁")
    assert caught.value.code == "seal.not-in-use"
    if SealEvent.RESUME in {event for event in SealEvent if state in (SealState.SUSPENDED, SealState.LOST)}:
        office.seals.change_state(office.seal_id, SealEvent.RESUME, actor="戊", reason="测试")
        assert office.seals.seal(office.seal_id, [request()], operator="丁")


def test_changes_of_state_need_a_reason_and_the_right_operation() -> None:
    """No reason, no change; approving and making are not to be had by the side door."""
    office = open_office()
    with pytest.raises(RefusedError, match="reason"):
        office.seals.change_state(office.seal_id, SealEvent.SUSPEND, actor="戊", reason=" ")
    for event in (SealEvent.APPROVE, SealEvent.MAKE):
        with pytest.raises(RefusedError, match="own operation"):
            office.seals.change_state(office.seal_id, event, actor="戊", reason="测试")
    with pytest.raises(IllegalTransitionError):
        office.seals.change_state(office.seal_id, SealEvent.RESUME, actor="戊", reason="测试")


def test_two_people_and_no_double_seal() -> None:
    """Who applied cannot approve, and a live seal of the same name and type is not made twice."""
    office = open_office()
    with pytest.raises(RefusedError) as caught:
        office.seals.apply(application())
    assert caught.value.code == "seal.duplicate"
    second = office.seals.apply(application(name="示例市市场监督管理局专用章", type_code=6))
    with pytest.raises(RefusedError) as caught:
        office.seals.approve(second, approver="甲")
    assert caught.value.code == "seal.same-person"
    with pytest.raises(IllegalTransitionError):
        office.seals.make(
            second, picture=PICTURE, holder_certificate=papers().holder.encoded, key_label="holder", operator="丙"
        )


def test_a_seal_is_not_made_for_a_key_that_is_not_the_holders() -> None:
    """Making checks that the key store's key is that of the certificate in the list; nothing is recorded else."""
    office = open_office()
    seal_id = office.seals.apply(application(name="另一枚", type_code=6))
    office.seals.approve(seal_id, approver="乙")
    with pytest.raises(RefusedError) as caught:
        office.seals.make(
            seal_id, picture=PICTURE, holder_certificate=papers().other.encoded, key_label="holder", operator="丙"
        )
    assert caught.value.code == "seal.holder-key"
    assert office.seals.record(seal_id).state is SealState.APPROVED


def test_signing_time_is_now() -> None:
    """A caller cannot have a document dated otherwise than the register's clock, nor outside of the validity."""
    office = open_office()
    with pytest.raises(RefusedError) as caught:
        office.seals.seal(office.seal_id, [request()], operator="丁", at=NOW - timedelta(hours=1))
    assert caught.value.code == "seal.time"
    office.clock.now = NOW + timedelta(days=901)
    with pytest.raises(RefusedError) as caught:
        office.seals.seal(office.seal_id, [request()], operator="丁")
    assert caught.value.code == "seal.outside-validity"


def test_unknown_seals_and_broken_documents() -> None:
    """A clear error for what is not registered or cannot be read; nothing is recorded."""
    office = open_office()
    with pytest.raises(SealNotFoundError):
        office.seals.record(SealId(MAKER_CODE, OWNER_CODE, 1, 999))
    for data in (b"", b"PK\x03\x04", bytes(100)):
        with pytest.raises(RefusedError, match="cannot be read"):
            SealingRequest.of_document(data, request_id="x", stamps=(), purpose="")
    entries = plain_entries()
    entries["Doc_0/Document.xml"] = b"<no"
    with pytest.raises(RefusedError, match="cannot be sealed"):
        office.seals.seal(office.seal_id, [SealingRequest("x", entries, (), "")], operator="丁")
    with office.seal_store.transaction() as change:
        assert change.use("x") is None


def test_holder_checks() -> None:
    """Steps a1 to a3: a tampered seal, a certificate outside its list and a foreign key are refused."""
    good = holder()
    SealHolder.check(good.seal, good.certificate, good.signer)
    broken = bytearray(good.seal)
    broken[broken.index(b"TEST")] ^= 1
    for seal, certificate, signer, code in (
        (bytes(broken), good.certificate, good.signer, "seal.signature"),
        (good.seal, papers().other.encoded, papers().other_signer, "seal.holder-not-listed"),
        (good.seal, good.certificate, papers().other_signer, "seal.holder-key"),
        (b"\x30\x00", good.certificate, good.signer, "seal.malformed"),
    ):
        with pytest.raises(RefusedError) as caught:
            SealHolder.check(seal, certificate, signer)
        assert caught.value.code == code


@pytest.mark.parametrize("generation", [Generation.V4, Generation.V5])
def test_both_generations_seal(generation: Generation) -> None:
    """Seals of GB/T 38540-2020 and of GM/T 0031-2025 seal documents of their own generation."""
    from formats.gbt33190.package_writer import write_package

    sealed = seal_document(write_package(plain_entries()), holder(generation), at=NOW, stamps=())
    value = OfdPackage.open(sealed).read("Doc_0/Signs/Sign_0/SignedValue.dat")
    assert read_seal_signature(value).generation is generation


def test_making_refuses_what_no_verifier_accepts() -> None:
    """Wrong key, no holder, an oversized picture and a validity in the past are refused with a code."""
    settings = {
        "seal_id": "X",
        "name": "章",
        "type_code": 1,
        "picture": PICTURE,
        "holder_certificates": (papers().holder.encoded,),
        "valid_from": NOW,
        "valid_to": NOW + timedelta(days=1),
        "at": NOW,
    }
    made = seal_maker().make(**settings)
    assert read_seal(made.encoded) == made.seal
    from dataclasses import replace

    cases = [
        ({"holder_certificates": ()}, "seal.no-holder"),
        ({"holder_certificates": (b"\x30\x00",)}, "seal.holder-certificate"),
        ({"picture": replace(PICTURE, data=bytes(600_000))}, "seal.picture-size"),
        ({"picture": replace(PICTURE, data=b"")}, "seal.picture-size"),
        ({"valid_to": NOW - timedelta(days=1)}, "seal.validity"),
        ({"at": NOW + timedelta(days=2000)}, "seal.maker-certificate"),
    ]
    for change, code in cases:
        with pytest.raises(RefusedError) as caught:
            seal_maker().make(**(settings | change))
        assert caught.value.code == code
    with pytest.raises(RefusedError) as caught:
        replace(seal_maker(), signer=papers().other_signer).make(**settings)
    assert caught.value.code == "seal.maker-key"


def test_the_audit_trail_is_append_only(tmp_path) -> None:
    """The database itself refuses to change or remove an entry, and a file of another layout is not touched."""
    path = tmp_path / "seals.sqlite"
    store = SealRegister(str(path))
    open_office(seal_store=store)
    engine = sa.create_engine(f"sqlite:///{path}")
    for statement in ("UPDATE seal_audit SET entry = x'00'", "DELETE FROM seal_audit"):
        with pytest.raises(sa.exc.IntegrityError, match="append-only"), engine.begin() as connection:
            connection.exec_driver_sql(statement)
    assert store.audit_break() is None
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER seal_audit_no_update")
        connection.exec_driver_sql("UPDATE seal_audit SET entry = x'00' WHERE number = 2")
    assert store.audit_break() == 1
    engine.dispose()
    store.close()
    with pytest.raises(RegisterFormatError):
        LicenceRegister(str(path))
