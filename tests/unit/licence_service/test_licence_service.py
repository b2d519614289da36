"""Issuing: reserved, sealed, put into force; asked again it is the same; every refusal leaves nothing behind."""

from datetime import date

import pytest

from formats.gbt33190.document import OfdDocument
from formats.gbt33190.package import OfdPackage
from formats.gbt36903 import Element, from_custom_data
from licence_service import (
    Holder,
    IllegalTransitionError,
    LicenceEvent,
    LicenceNotFoundError,
    LicenceState,
    RefusedError,
)
from licence_service.painting import CODE_PREFIX
from licence_service.ports import SealingFailedError
from seal_service.model import SealEvent
from tests.small_office import COMPANY, NOW, open_office

pytestmark = pytest.mark.usefixtures("offices")


def texts_by_page(document: bytes) -> list[list[str]]:
    """Text of every text object, in order, page by page."""
    body = OfdDocument.read(OfdPackage.open(document)).bodies[0].document
    pages = []
    for entry in body.pages:
        codes = [
            getattr(item, "codes", None) or getattr(item, "text_codes", None) or ()
            for item in body.page(entry).objects()
        ]
        pages.append([text for text in ("".join(code.text for code in found) for found in codes) if text])
    return pages


def page_texts(document: bytes) -> list[str]:
    """Text of every text object of all pages, in order."""
    return [text for page in texts_by_page(document) for text in page]


def test_a_licence_says_what_its_metadata_says() -> None:
    """The issued file carries the metadata, the identifier and the item inside, and shows the values."""
    office = open_office()
    issued = office.licences.issue(office.request())
    assert issued.state is LicenceState.VALID
    package = OfdPackage.open(issued.document)
    info = OfdDocument.read(package).bodies[0].info
    metadata = from_custom_data(list(info.custom_data))
    assert metadata.licence_id() == issued.licence_id
    assert metadata.text(Element.HOLDER_CODE) == COMPANY
    assert metadata.text(Element.RELATED_ITEM_CODE) == office.request().item_code
    assert metadata.sealed_at() == NOW
    shown = "".join(page_texts(issued.document))
    for text in ("示例科技有限公司", "壹佰万元整", "2026年1月5日", "软件开发；信息系统集成服务。", COMPANY):
        assert text in shown
    assert str(issued.licence_id) not in shown, CODE_PREFIX
    assert office.files.get(issued.digest) == issued.document


def test_the_same_request_gives_the_same_licence() -> None:
    """Asked twice, one licence; the same key with other content is refused."""
    office = open_office()
    first = office.licences.issue(office.request())
    assert office.licences.issue(office.request()) == first
    with pytest.raises(RefusedError) as caught:
        office.licences.issue(office.request(holders=(Holder("另一公司", COMPANY, "001"),)))
    assert caught.value.violations[0].code == "request-repeated"


def test_a_second_licence_of_the_same_number_is_refused() -> None:
    """The identifier is given out once; only a change gives the next version."""
    office = open_office()
    first = office.licences.issue(office.request())
    with pytest.raises(RefusedError) as caught:
        office.licences.issue(office.request(request_id="r-2"))
    assert caught.value.violations[0].field == "ZZBS"
    changed = office.licences.issue(office.request(request_id="r-3", replaces=first.licence_id))
    assert changed.licence_id == first.licence_id.next_version()
    assert office.licences.state(first.licence_id) is LicenceState.CHANGED
    with pytest.raises(IllegalTransitionError):
        office.licences.issue(office.request(request_id="r-4", replaces=first.licence_id))


def test_refusals_leave_nothing_behind() -> None:
    """A request that metadata rules, the catalogue or the type forbid reserves no identifier."""
    office = open_office()
    office.directory.reason = "this authority may not"
    with pytest.raises(RefusedError) as caught:
        office.licences.issue(office.request())
    assert caught.value.violations[0].field == "ZZBFJGDM"
    office.directory.reason = None
    for change, field in (
        ({"licence_type": "driving-licence"}, "ZZLXDM"),
        ({"holders": (Holder("示例科技有限公司", COMPANY[:-1] + "9", "001"),)}, "CZZTDM"),
        ({"item_code": "123"}, "KZ_GLSXDM"),
    ):
        with pytest.raises((RefusedError, Exception)) as failed:
            office.licences.issue(office.request(**change))
        assert field in str(failed.value) or "licence identifier" in str(failed.value)
    assert office.licences.drafts() == []
    assert office.licence_store.audit_break() is None


def test_a_batch_is_issued_whole_or_not_at_all() -> None:
    """One bad request stops the batch before anything is reserved."""
    office = open_office()
    good = office.request(request_id="a")
    bad = office.request(request_id="b", face={})
    with pytest.raises(RefusedError):
        office.licences.issue_many([good, bad])
    assert office.licences.of_holder("001", COMPANY) == []


def test_sealing_that_fails_can_be_asked_again() -> None:
    """While the key store is down the licence stays a draft; asking again continues with the same identifier."""
    office = open_office()
    office.signer.fails = True
    with pytest.raises(SealingFailedError):
        office.licences.issue(office.request())
    assert office.licences.drafts() == ["r-1"]
    office.signer.fails = False
    issued = office.licences.issue(office.request())
    assert office.licences.drafts() == []
    assert [str(issued.licence_id)] == [str(found) for found in office.licences.of_holder("001", COMPANY)]


def test_a_suspended_seal_stops_issuing() -> None:
    """Licensing cannot go past the seal's own register."""
    office = open_office()
    office.seals.change_state(office.seal_id, SealEvent.SUSPEND, actor="戊", reason="测试")
    with pytest.raises(SealingFailedError, match="suspended"):
        office.licences.issue(office.request())


def test_states_change_with_a_reason() -> None:
    """Suspended and resumed, then revoked for good; issuing and changing have their own operations."""
    office = open_office()
    licence = office.licences.issue(office.request()).licence_id
    for event, state in (
        (LicenceEvent.SUSPEND, LicenceState.SUSPENDED),
        (LicenceEvent.RESUME, LicenceState.VALID),
        (LicenceEvent.REVOKE, LicenceState.REVOKED),
    ):
        assert office.licences.change_state(licence, event, actor="戊", reason="测试") is state
    with pytest.raises(IllegalTransitionError):
        office.licences.change_state(licence, LicenceEvent.RESUME, actor="戊", reason="测试")
    with pytest.raises(RefusedError, match="reason"):
        office.licences.change_state(licence, LicenceEvent.CANCEL, actor="戊", reason="")
    with pytest.raises(RefusedError, match="own operation"):
        office.licences.change_state(licence, LicenceEvent.ISSUE, actor="戊", reason="测试")
    with pytest.raises(LicenceNotFoundError):
        office.licences.state(licence.next_version())


def test_holders_are_looked_up_by_keyed_hash() -> None:
    """No number of a holder stands in the register's file; the look-up works all the same."""
    office = open_office()
    issued = office.licences.issue(office.request())
    assert office.licences.of_holder("001", COMPANY) == [issued.licence_id]
    assert office.licences.of_holder("111", COMPANY) == []
    assert COMPANY not in office.licences.holder_index("001", COMPANY)


@pytest.mark.parametrize("length", [60, 300, 1000, 3900])
def test_a_long_scope_shrinks_or_continues(length: int) -> None:
    """Whatever its legal length, the whole text is on the pages in order: shrunk first, then continued."""
    office = open_office()
    scope = (
        "".join("依法须经批准的项目，经相关部门批准后方可开展；"[index % 23] for index in range(length - 1)) + "。"
    )
    face = dict(office.request().face) | {"KZ_JYFW": scope}
    issued = office.licences.issue(office.request(face=face))
    first, *following = texts_by_page(issued.document)
    begun = next(text for text in first if text and scope.startswith(text[:50]))
    continued = ["".join(page).replace("（转下页）", "") for page in following]
    assert begun + "".join(continued) == scope
    assert bool(following) == (length > 600)


def test_a_name_of_sixty_characters_fits() -> None:
    """The longest legal names do not break the page."""
    office = open_office()
    issued = office.licences.issue(office.request(holders=(Holder("长" * 60, COMPANY, "001"),)))
    assert "长" * 60 in "".join(page_texts(issued.document))


def test_a_character_no_font_has_is_refused_by_field() -> None:
    """A page is never issued with a hole in a name."""
    office = open_office()
    with pytest.raises(RefusedError) as caught:
        office.licences.issue(office.request(holders=(Holder("张\U0003134a", COMPANY, "001"),)))
    assert (caught.value.violations[0].field, caught.value.violations[0].code) == ("CZZT", "character")


def test_a_batch_has_one_issuer_and_may_be_empty() -> None:
    """Batches of several issuers are a mistake of the caller."""
    office = open_office()
    assert office.licences.issue_many([]) == []
    assert office.request().issued_on == date(2026, 1, 5)
