"""What a request must satisfy: every refusal names its field; the types' data files are read strictly."""

import json
from dataclasses import replace
from datetime import date
from importlib import resources

import pytest

from formats import MalformedDataError
from formats.gb32100 import CreditCode
from formats.gbt33190.document import OfdDocument
from formats.gbt33190.package import OfdPackage
from formats.gbt36903 import from_custom_data
from licence_service import Holder, Issuer, IssueRequest, built_in_types, read_licence_type
from licence_service.errors import IllegalTransitionError, RefusedError
from licence_service.model import TRANSITIONS, LicenceEvent, LicenceState, next_state
from licence_service.rules import last_day, licence_number, request_violations
from tests.small_office import open_office, painter

TYPES = built_in_types()
GOOD = {
    "business-licence": (
        (Holder("示例科技有限公司", "91990101MA9T00018G", "001"),),
        None,
        {
            "KZ_LX": "有限责任公司",
            "KZ_FDDBR": "张三",
            "KZ_ZCZB": "壹佰万元整",
            "KZ_CLRQ": "20260105",
            "KZ_ZS": "示例路 1 号",
            "KZ_JYFW": "软件开发",
        },
    ),
    "food-business-permit": (
        (Holder("示例餐馆", "91990101MA9T00018G", "001"),),
        "JY29901010000018",
        {"KZ_FDDBR": "张三", "KZ_ZS": "一号", "KZ_JYCS": "一号", "KZ_ZTYT": "餐饮服务经营者", "KZ_JYXM": "热食类"},
    ),
    "real-estate-title": (
        (Holder("张三", "990101199003071237", "111"), Holder("李四", "990101198512310043", "111")),
        "示（2026）示例市不动产权第0000001号",
        {
            "KZ_GYQK": "共同共有",
            "KZ_ZL": "示例路 1 号",
            "KZ_BDCDYH": "990101001001GB00001F00010001",
            "KZ_QLLX": "房屋所有权",
            "KZ_QLXZ": "市场化商品房",
            "KZ_YT": "住宅",
            "KZ_MJ": "100 平方米",
            "KZ_SYQX": "2020年01月01日起",
            "KZ_YZH": "D9900000001",
        },
    ),
    "birth-certificate": (
        (Holder("张小小", "X990000001", "999"),),
        "X990000001",
        {
            "KZ_XB": "女",
            "KZ_CSSJ": "202601050830",
            "KZ_CSYZ": "39 周",
            "KZ_CSTZ": "3200 克",
            "KZ_CSSC": "50 厘米",
            "KZ_CSD": "示例市",
            "KZ_YLJG": "示例市第一人民医院",
            "KZ_MQXM": "李四",
            "KZ_MQNL": "30",
            "KZ_MQGJ": "中国",
            "KZ_MQMZ": "汉族",
            "KZ_MQZZ": "示例路 1 号",
            "KZ_MQZJ": "居民身份证",
        },
    ),
}


def request_for(key: str, **changes: object) -> IssueRequest:
    holders, number, face = GOOD[key]
    settings: dict[str, object] = {
        "request_id": "r",
        "licence_type": key,
        "item_code": "11990100MB9T00011N3000131001000",
        "issuer": Issuer("示例局", CreditCode.parse("11990100MB9T00011N"), "990100"),
        "holders": holders,
        "licence_number": number,
        "face": dict(face),
        "issued_on": date(2026, 1, 5),
        "operator": "op",
    }
    return IssueRequest(**(settings | changes))


@pytest.mark.parametrize("key", GOOD)
def test_good_requests_pass(key: str) -> None:
    """A complete request of each of the four types breaks no rule."""
    assert request_violations(request_for(key), TYPES[key]) == []


def test_the_four_types_are_there() -> None:
    """营业执照, 不动产权证书, 食品经营许可证, 出生医学证明."""
    assert {TYPES[key].name for key in GOOD} == {"营业执照", "不动产权证书", "食品经营许可证", "出生医学证明"}


@pytest.mark.parametrize(
    ("key", "field"),
    [(key, name) for key in GOOD for name, field in TYPES[key].fields.items() if field.required],
)
def test_each_required_field_is_named_when_missing(key: str, field: str) -> None:
    """Leaving out one required field, or giving only spaces, names exactly that field."""
    for value in (None, " 　"):
        face = {name: text for name, text in GOOD[key][2].items() if name != field}
        if value is not None:
            face[field] = value
        found = request_violations(request_for(key, face=face), TYPES[key])
        assert [(item.field, item.code) for item in found] == [(field, "missing")]


BROKEN = [
    ("business-licence", {"licence_number": "X"}, "ZZBH", "number"),
    ("business-licence", {"holders": ()}, "CZZT", "holder-count"),
    ("business-licence", {"holders": GOOD["real-estate-title"][0]}, "CZZT", "holder-count"),
    ("business-licence", {"holders": (Holder("张三", "1", "111"),)}, "CZZTDMLXDM", "holder-code-type"),
    ("food-business-permit", {"licence_number": None}, "ZZBH", "missing"),
    ("food-business-permit", {"licence_number": "JY29901010000015"}, "ZZBH", "number"),
    ("real-estate-title", {"licence_number": "第1号"}, "ZZBH", "number"),
    ("birth-certificate", {"licence_number": "X99000001"}, "ZZBH", "number"),
    ("birth-certificate", {"valid_until": date(2026, 1, 4)}, "ZZYXQJZRQ", "date-order"),
]


@pytest.mark.parametrize(("key", "change", "field", "code"), BROKEN)
def test_broken_requests_name_the_field(key: str, change: dict[str, object], field: str, code: str) -> None:
    """Numbers, holders and dates that the type forbids are refused by field and code."""
    found = request_violations(request_for(key, **change), TYPES[key])
    assert (field, code) in [(item.field, item.code) for item in found]


FACES = [
    ("business-licence", "KZ_CLRQ", "20260230", "date"),
    ("business-licence", "KZ_CLRQ", "２０２６0105", "date"),
    ("business-licence", "KZ_JYFW", "经" * 4001, "too-long"),
    ("business-licence", "KZ_ZS", "示例路\x07", "control-character"),
    ("business-licence", "KZ_ZS", "示例路\u202e号", "control-character"),
    ("business-licence", "KZ_NEW", "x", "unknown-field"),
    ("birth-certificate", "KZ_XB", "其他", "choice"),
    ("birth-certificate", "KZ_CSSJ", "202601052460", "minute"),
    ("birth-certificate", "KZ_CSTZ", "很重", "pattern"),
    ("real-estate-title", "KZ_BDCDYH", "123", "pattern"),
]


@pytest.mark.parametrize(("key", "field", "text", "code"), FACES)
def test_broken_faces_name_the_field(key: str, field: str, text: str, code: str) -> None:
    """Every kind of face field refuses what it cannot be, among it control and direction characters."""
    face = dict(GOOD[key][2]) | {field: text}
    found = request_violations(request_for(key, face=face), TYPES[key])
    assert [(item.field, item.code) for item in found] == [(field, code)]


def test_numbers_and_validity() -> None:
    """A business licence's number is the holder's code; a food permit lasts five years, the last day included."""
    assert licence_number(request_for("business-licence"), TYPES["business-licence"]) == "91990101MA9T00018G"
    food = request_for("food-business-permit")
    assert last_day(food, TYPES["food-business-permit"]) == date(2031, 1, 4)
    leap = replace(food, issued_on=date(2028, 2, 29))
    assert last_day(leap, TYPES["food-business-permit"]) == date(2033, 2, 28)
    assert last_day(request_for("birth-certificate"), TYPES["birth-certificate"]) is None


def test_requests_hide_what_is_personal() -> None:
    """Neither the holder's number nor the face data stands in a repr."""
    request = request_for("real-estate-title")
    assert "990101199003071237" not in repr(request)
    assert "示例路" not in repr(request)


def test_request_keys_are_bounded() -> None:
    """A request key that no record could hold is refused at once."""
    for key in ("", "x" * 101, "a\nb"):
        with pytest.raises(RefusedError) as caught:
            request_for("business-licence", request_id=key)
        assert caught.value.violations[0].field == "request_id"


@pytest.mark.parametrize("state", LicenceState)
@pytest.mark.parametrize("event", LicenceEvent)
def test_the_life_of_a_licence_is_its_table(state: LicenceState, event: LicenceEvent) -> None:
    """What the table does not list is refused; 撤销, 吊销 and 注销 lead to three different states."""
    if event in TRANSITIONS[state]:
        assert next_state(state, event) is TRANSITIONS[state][event]
    else:
        with pytest.raises(IllegalTransitionError):
            next_state(state, event)
    assert set(TRANSITIONS) == set(LicenceState)


def data_of(key: str) -> dict[str, object]:
    return json.loads((resources.files("licence_service") / "types" / f"{key}.json").read_bytes())


def broken_types() -> list[tuple[str, object]]:
    cases: list[tuple[str, object]] = []

    def case(name: str, **changes: object) -> None:
        cases.append((name, data_of("business-licence") | changes))

    case("unknown key", colour="red")
    case("other schema", schema=2)
    case("definer of another type", definer={"name": "x", "code": "11990100MB9T00011N"})
    case("field twice", fields=data_of("business-licence")["fields"] * 2)
    case("pattern without the rule", number={"rule": "holder-code", "pattern": "x"})
    case("rule without the pattern", number={"rule": "pattern"})
    case("broken pattern", number={"rule": "pattern", "pattern": "("})
    case("no such rule", serial="random")
    face = json.loads(json.dumps(data_of("business-licence")["face"]))
    for name, change in (
        ("colour", {"ground": "red"}),
        ("page", {"page": [297]}),
        ("negative", {"page": [297, -1]}),
        ("true is no number", {"page": [297, True]}),
        ("no seal", {"pages": [{"values": []}]}),
        (
            "unknown field",
            {
                "pages": [
                    {
                        "values": [{"field": "KZ_X", "box": [0, 0, 9, 9], "style": "value"}],
                        "seal": {"centre": [1, 1]},
                    }
                ]
            },
        ),
        ("unknown style", {"template": [{"text": "x", "box": [0, 0, 9, 9], "style": "nope"}]}),
    ):
        case(f"face: {name}", face=face | change)
    cases.append(("not an object", []))
    return cases


@pytest.mark.parametrize("case", broken_types(), ids=lambda case: case[0])
def test_broken_type_files_are_refused(case: tuple[str, object]) -> None:
    """A data file that breaks its schema is refused with a clear error, never half read."""
    with pytest.raises(MalformedDataError):
        read_licence_type(json.dumps(case[1]).encode(), what="test.json")


def test_printed_text_that_does_not_fit_names_itself() -> None:
    """A type whose printed words do not fit their box is a broken data file, told with the words and the box."""
    content = data_of("business-licence")
    content["face"]["template"][1]["box"] = [10, 10, 100, 3]
    broken = read_licence_type(json.dumps(content).encode(), what="test.json")
    office = open_office()
    good = office.licences.issue(office.request())
    metadata = from_custom_data(list(OfdDocument.read(OfdPackage.open(good.document)).bodies[0].info.custom_data))
    with pytest.raises(MalformedDataError, match="营业执照"):
        painter().paint(broken, metadata, document_id="0" * 32)
