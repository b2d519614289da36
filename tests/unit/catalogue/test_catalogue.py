"""Who may issue which licence under which item, when."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from catalogue import (
    CatalogueFile,
    CatalogueService,
    NotInCatalogueError,
    Period,
    Permitted,
    RefusalCode,
    Refused,
    RefusedError,
    read_catalogue,
)
from formats.errors import MalformedDataError
from formats.gb32100 import CreditCode
from formats.gbt2260 import DivisionCode
from formats.gbt36904 import LicenceTypeCode
from formats.gbt39554 import BasicItemCode, parse_item_code

EXAMPLE = Path(__file__).resolve().parents[3] / "catalogue" / "data" / "example-catalogue.json"
MARKET = CreditCode("11990100MB9T00011N")
LAND = CreditCode("11990200MB9T0002XK")
BUSINESS = LicenceTypeCode.parse("11100000MB0143028R001")
TITLE = LicenceTypeCode.parse("11100000MB03271699001")
REGISTRATION = BasicItemCode.parse("990799001000")
NOW = datetime(2026, 1, 5, 1, tzinfo=UTC)


def example() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    return content


def encoded(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def catalogue_with(change: Callable[[dict[str, Any]], object]) -> Any:
    content = example()
    change(content)
    return read_catalogue(encoded(content))


def decide(change: Callable[[dict[str, Any]], object] = lambda content: None, **question: Any) -> Any:
    asked: dict[str, Any] = {
        "authority": MARKET, "licence_type": BUSINESS, "item": REGISTRATION, "at": NOW,
    } | question  # fmt: skip
    return catalogue_with(change).may_issue(**asked)


def test_a_right_permits() -> None:
    """The market regulator may issue business licences under business registration, by the right on file."""
    decision = decide()
    assert isinstance(decision, Permitted)
    assert (decision.right.authority, decision.right.licence_type) == (MARKET, BUSINESS)
    full = parse_item_code(f"{MARKET}3{REGISTRATION}")
    assert isinstance(decide(item=full), Permitted)
    assert isinstance(decide(item=parse_item_code(f"{full}01")), Permitted)


REFUSALS: dict[RefusalCode, dict[str, Any]] = {
    RefusalCode.UNKNOWN_AUTHORITY: {"authority": CreditCode("91990101MA9T00018G")},
    RefusalCode.UNKNOWN_LICENCE_TYPE: {"licence_type": LicenceTypeCode.parse("11100000MB0143028R002")},
    RefusalCode.UNKNOWN_ITEM: {"item": BasicItemCode.parse("990799001001")},
    RefusalCode.OTHER_BODY: {"item": parse_item_code(f"{LAND}3{REGISTRATION}")},
    RefusalCode.LICENCE_TYPE_NOT_IN_FORCE: {"at": datetime(2018, 12, 31, 15, 59, 59, tzinfo=UTC)},
    RefusalCode.ITEM_NOT_RELATED: {"licence_type": TITLE},
    RefusalCode.NO_RIGHT: {"authority": LAND},
    RefusalCode.RIGHT_NOT_IN_FORCE: {"at": datetime(2019, 2, 28, 15, 59, 59, tzinfo=UTC)},
    RefusalCode.OUTSIDE_REGION: {"area": DivisionCode("990200")},
}


@pytest.mark.parametrize("code", REFUSALS)
def test_refusals_give_their_reason(code: RefusalCode) -> None:
    """Each way to have no right is refused with its own code and a message in both languages."""
    decision = decide(**REFUSALS[code])
    assert isinstance(decision, Refused)
    assert decision.code is code
    assert decision.message_zh != decision.message_en != ""


def test_item_not_in_force() -> None:
    """An item that was abolished gives no right after its last day, in Beijing."""

    def abolish(content: dict[str, Any]) -> None:
        content["items"][0]["to"] = "2026-01-04"

    last = datetime(2026, 1, 4, 15, 59, 59, tzinfo=UTC)
    assert isinstance(decide(abolish, at=last), Permitted)
    assert decide(abolish, at=datetime(2026, 1, 4, 16, tzinfo=UTC)).code is RefusalCode.ITEM_NOT_IN_FORCE


def test_every_refusal_code_is_reached() -> None:
    """No code is dead: the table above and the case beside it hold all of them."""
    assert set(REFUSALS) | {RefusalCode.ITEM_NOT_IN_FORCE} == set(RefusalCode)


def test_days_are_beijing_days() -> None:
    """A right from 1 March starts at midnight in Beijing, 16:00 UTC the day before."""
    assert isinstance(decide(at=datetime(2019, 2, 28, 16, tzinfo=UTC)), Permitted)
    with pytest.raises(ValueError, match="zone"):
        decide(at=datetime(2026, 1, 5))  # noqa: DTZ001


def test_region() -> None:
    """Without a region a right covers the authority's own division; with one, that."""
    assert isinstance(decide(area=DivisionCode("990101")), Permitted)

    def widen(content: dict[str, Any]) -> None:
        content["issuing_rights"][0]["region"] = "990000"

    assert isinstance(decide(widen, area=DivisionCode("990200")), Permitted)
    assert isinstance(decide(widen, area=DivisionCode("220000")), Refused)


def test_past_rights_stay_right() -> None:
    """Two rights one after the other answer for their own days; between them there is none."""

    def split(content: dict[str, Any]) -> None:
        first = content["issuing_rights"][0]
        content["issuing_rights"].append(dict(first, **{"from": "2024-01-01"}))
        first["to"] = "2022-12-31"

    catalogue = catalogue_with(split)
    for year, permitted in ((2022, True), (2023, False), (2024, True)):
        decision = catalogue.may_issue(MARKET, BUSINESS, REGISTRATION, datetime(year, 6, 1, tzinfo=UTC))
        assert isinstance(decision, Permitted) is permitted
    assert len(catalogue.rights_of(MARKET)) == 3


def _set(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def change(content: Any) -> None:
        inner = content
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = to

    return change


def _append(key: str, entry: object) -> Callable[[dict[str, Any]], None]:
    return lambda content: content[key].append(entry)


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "layout": (_set("layout", to="xinyin-catalogue/2"), r"\$\.layout: expected"),
    "no version": (_set("version", to=""), r"\$\.version: is empty"),
    "unknown key": (_set("more", to=1), "unknown key 'more'"),
    "null list": (_set("items", to=None), "'items' is missing"),
    "authority's check character": (
        _set("authorities", 0, "code", to="11990100MB9T00011P"), r"\$\.authorities\[0\]\.code: the check",
    ),
    "level": (_set("authorities", 1, "level", to="9"), r"\$\.authorities\[1\]\.level: .*authority_level"),
    "division": (_set("authorities", 1, "division", to="9902"), r"authorities\[1\]\.division: expected 6"),
    "item code": (_set("items", 0, "code", to="990799001"), r"\$\.items\[0\]\.code: expected 12"),
    "day": (_set("items", 0, "from", to="2019-02-29"), r"\$\.items\[0\]\.from: not a date"),
    "days reversed": (_set("items", 0, "to", to="2018-01-01"), r"\$\.items\[0\]\.to: is before"),
    "type code": (_set("licence_types", 0, "code", to="x" * 21), r"licence_types\[0\]\.code: character"),
    "type's item": (
        _set("licence_types", 0, "related_items", to=["990799009000"]),
        r"\$\.licence_types\[0\]\.related_items\[0\]: is not among the items",
    ),
    "no item": (_set("licence_types", 0, "related_items", to=[]), r"related_items: is empty"),
    "range": (_set("licence_types", 2, "validity_ranges", to=["0年"]), r"validity_ranges\[0\]: is neither"),
    "full-width range": (_set("licence_types", 2, "validity_ranges", to=["５年"]), "is neither"),
    "range twice": (_set("licence_types", 2, "validity_ranges", to=["5年", "5年"]), "lists a value twice"),
    "category": (_set("licence_types", 2, "holder_categories", to=["3"]), r"holder_categories\[0\]"),
    "right's authority": (
        _set("issuing_rights", 0, "authority", to="91990101MA9T00018G"), r"issuing_rights\[0\]\.authority: is not",
    ),
    "right's type": (
        _set("issuing_rights", 0, "licence_type", to="11100000MB0143028R002"), r"rights\[0\]\.licence_type: is not",
    ),
    "right's item": (_set("issuing_rights", 0, "item", to="990799002000"), r"\.item: is not among the related"),
    "authority twice": (
        lambda content: content["authorities"].append(content["authorities"][0]), r"\[3\]\.code: authority is",
    ),
    "item twice": (lambda content: content["items"].append(content["items"][0]), r"\[4\]\.code: item is"),
    "type twice": (
        lambda content: content["licence_types"].append(content["licence_types"][0]), r"\[4\]\.code: licence type is",
    ),
    "right twice": (
        lambda content: content["issuing_rights"].append(content["issuing_rights"][0]), r"rights\[4\]: overlaps",
    ),
    "number for text": (_set("authorities", 0, "name", to=7), r"\.name: expected a string, found a number"),
    "entry is no object": (_append("items", []), r"\$\.items\[4\]: expected an object"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_refused_with_the_path(name: str) -> None:
    """Each mistake in the data file is named by its path; nothing but MalformedDataError comes out."""
    change, complaint = BROKEN[name]
    with pytest.raises(MalformedDataError, match=complaint):
        catalogue_with(change)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"\xff", b'{"layout":1}', b"[" * 100_000])
def test_no_catalogue_at_all(data: bytes) -> None:
    """Other files are refused without a traceback of another kind."""
    with pytest.raises(MalformedDataError):
        read_catalogue(data)


def test_service_and_file(tmp_path: Path) -> None:
    """The service answers from the file; a broken new version is refused and the old one stays."""
    path = tmp_path / "catalogue.json"
    path.write_bytes(EXAMPLE.read_bytes())
    source = CatalogueFile(path)
    service = CatalogueService(source)
    assert service.version == "2026.1"
    assert service.require_right(MARKET, BUSINESS, REGISTRATION, NOW).authority == MARKET
    with pytest.raises(RefusedError) as caught:
        service.require_right(LAND, BUSINESS, REGISTRATION, NOW)
    assert caught.value.code == RefusalCode.NO_RIGHT
    assert "营业执照" in caught.value.message_zh
    assert service.licence_type(BUSINESS).name == "营业执照"
    assert service.item(parse_item_code(f"{MARKET}3{REGISTRATION}")).name == "企业登记注册"
    assert service.authority(MARKET).name == "示例市市场监督管理局"
    for absent in (
        lambda: service.authority(CreditCode("91990101MA9T00018G")),
        lambda: service.licence_type(LicenceTypeCode.parse("11100000MB0143028R002")),
        lambda: service.item(BasicItemCode.parse("990799009000")),
    ):
        with pytest.raises(NotInCatalogueError):
            absent()
    path.write_bytes(b"{}")
    with pytest.raises(MalformedDataError):
        source.reload()
    assert service.version == "2026.1"
    path.write_bytes(encoded(example() | {"version": "2026.2"}))
    assert source.reload().version == service.version == "2026.2"


def test_periods() -> None:
    """A period holds both its ends, and overlap is sharing a day."""
    january = Period(date(2026, 1, 1), date(2026, 1, 31))
    assert date(2026, 1, 1) in january
    assert date(2026, 1, 31) in january
    assert date(2026, 2, 1) not in january
    assert january.overlaps(Period(date(2026, 1, 31)))
    assert not january.overlaps(Period(date(2026, 2, 1)))
    assert Period(date(2025, 1, 1)).overlaps(january)
    with pytest.raises(ValueError, match="ends before"):
        Period(date(2026, 1, 2), date(2026, 1, 1))
