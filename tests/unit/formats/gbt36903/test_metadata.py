"""The metadata record, its typed views, and its way through CustomDatas."""

import copy
import json
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.code_lists import packaged_data
from formats.errors import LimitExceededError, MalformedDataError
from formats.gb32100 import CreditCode
from formats.gbt36903 import (
    Element,
    HolderCode,
    HolderKind,
    Metadata,
    Origin,
    default_schema,
    format_date,
    format_date_time,
    from_custom_data,
    parse_date,
    parse_date_time,
    parse_end_date,
    read_schema,
    to_custom_data,
)
from formats.gbt36903.custom_data import is_writable
from formats.tolerances import Tolerance

VALUES = {
    "ZZBS": "1.2.156.3005.2.11100000MB0143028R001.11990100MB9T00011N.91990101MA9T00018G.001.A",
    "ZZLXDM": "11100000MB0143028R001",
    "ZZBFJGDM": "11990100MB9T00011N",
    "ZZBFRQ": "20260105",
    "CZZT": ["示例科技有限公司", "张三"],
    "CZZTDM": ["91990101MA9T00018G", "990101199003071237"],
    "CZZTDMLXDM": ["001", "111"],
    "ZZYXQJZRQ": "",
    "ZZQZSJ": "20260105003000",
    "KZ_GLSXDM": ["000115035000", "11100000MB032716991000115035000"],
    "KZ_ZCZB": "壹佰万元整",
    "KZ_LX": "有限责任公司",
}


def test_typed_views() -> None:
    """Identifier, codes, dates, holders, items and face data come out typed."""
    metadata = Metadata.build(VALUES)
    assert str(metadata.licence_id()) == VALUES["ZZBS"]
    assert str(metadata.type_code()) == VALUES["ZZLXDM"]
    assert str(metadata.issuer()) == VALUES["ZZBFJGDM"]
    assert metadata.issued_on() == metadata.valid_from() == date(2026, 1, 5)
    assert metadata.valid_to() is None
    assert metadata.sealed_at() == datetime(2026, 1, 4, 16, 30, tzinfo=UTC)
    assert metadata.copy_expires_at() is None
    company, person = metadata.holders()
    assert (company.name, company.code.kind) == ("示例科技有限公司", HolderKind.LEGAL)
    assert (person.code.kind, person.code.type_name) == (HolderKind.NATURAL, "公民身份号码")
    assert [str(item) for item in metadata.related_items()] == VALUES["KZ_GLSXDM"]
    assert list(metadata.extensions.items()) == [("KZ_LX", "有限责任公司"), ("KZ_ZCZB", "壹佰万元整")]
    assert metadata.text(Element.RELATED_ITEM_CODE) == "000115035000"
    assert metadata.get("ZZYXQJZRQ") is None


@pytest.mark.parametrize(
    ("change", "view"),
    [
        ({"ZZBS": ""}, Metadata.licence_id),
        ({"ZZLXDM": "x"}, Metadata.type_code),
        ({"ZZBFJGDM": ""}, Metadata.issuer),
        ({"ZZBFRQ": "20260000"}, Metadata.issued_on),
        ({"ZZBFRQ": ""}, Metadata.valid_from),
        ({"ZZYXQJZRQ": "00000101"}, Metadata.valid_to),
        ({"ZZQZSJ": "00010101000000"}, Metadata.sealed_at),
        ({"CZZT": "张三"}, Metadata.holders),
        ({"CZZTDMLXDM": ["001", "005"]}, Metadata.holders),
        ({"KZ_GLSXDM": ["1"]}, Metadata.related_items),
    ],
)
def test_views_of_broken_values(change: dict[str, Any], view: Any) -> None:
    """A view of an absent or malformed value raises MalformedDataError, nothing else."""
    with pytest.raises(MalformedDataError):
        view(Metadata.build(VALUES | change))


def test_representation_shows_names_only() -> None:
    """Neither values nor numbers of persons are in repr."""
    shown = repr(Metadata.build(VALUES))
    assert "CZZTDM" in shown
    assert "990101" not in shown
    assert "张三" not in shown


def test_custom_data_pairs() -> None:
    """Pairs come in the order of the schema, extensions sorted after; several holders joined by the separator."""
    pairs = to_custom_data(Metadata.build(VALUES))
    assert dict(pairs)["CZZT"] == "示例科技有限公司^张三"
    assert dict(pairs)["CZZTDMLXDM"] == "001^111"
    assert [name for name, _ in pairs] == [
        "ZZLXDM", "ZZBS", "ZZBFJGDM", "ZZBFRQ", "CZZT", "CZZTDM", "CZZTDMLXDM", "ZZQZSJ", "KZ_GLSXDM", "KZ_LX",
        "KZ_ZCZB",
    ]  # fmt: skip
    again = from_custom_data(pairs)
    assert again == Metadata.build(VALUES)
    assert to_custom_data(Metadata.build(dict(reversed(VALUES.items())))) == pairs
    assert again.tolerances == ()


def test_several_holders_as_several_pairs_are_read_by_name() -> None:
    """Another maker's repeated pairs of a repeating element are read in order, and the tolerance named."""
    metadata = from_custom_data([("CZZT", "甲"), ("ZZMC", "x"), ("CZZT", "乙")])
    assert metadata.texts(Element.HOLDER_NAME) == ("甲", "乙")
    assert metadata.tolerances == (Tolerance.METADATA_REPEATED_NAME,)


@pytest.mark.parametrize("name", ["ZZBS", "KZ_LX", "anything", "ZZBFJGDM"])
def test_a_name_twice_is_refused(name: str) -> None:
    """Two values for a name that has one could be read differently by two readers."""
    with pytest.raises(MalformedDataError, match="occurs twice"):
        from_custom_data([(name, "a"), (name, "a")])


@pytest.mark.parametrize(
    "values",
    [
        {"CZZT": ["a^b", "c"]},
        {"CZZT": "a^b"},
        {"ZZMC": "a\0"},
        {"ZZMC": "a\r\n"},
        {"K\n": "x"},
        {"ZZMC": "\ud800"},
    ],
)
def test_what_cannot_come_back_is_not_written(values: dict[str, Any]) -> None:
    """A separator inside a holder's name, or characters XML cannot hold, are refused by the writer."""
    with pytest.raises(MalformedDataError):
        to_custom_data(Metadata.build(values))


def test_separator_is_data() -> None:
    """With another separator in the data file holders are joined and split by that."""
    content = json.loads(packaged_data("gbt36903-metadata.json"))
    content["holder_separator"] = "|"
    schema = read_schema(json.dumps(content).encode())
    pairs = to_custom_data(Metadata.build({"CZZT": ["甲", "乙^丙"]}, schema=schema))
    assert pairs == [("CZZT", "甲|乙^丙")]
    assert from_custom_data(pairs, schema=schema).texts(Element.HOLDER_NAME) == ("甲", "乙^丙")


@pytest.mark.parametrize(
    "values",
    [{"ZZMC": 1}, {"ZZMC": None}, {"ZZMC": b"x"}, {"ZZMC": ["a", "b"]}, {"CZZT": ["a", 1]}, {1: "a"}, {"": "a"},
     {"K" * 300: "a"}, {"KZ_X": ["a", "b"]}, {"CZZT": {"a": "b"}}],
)  # fmt: skip
def test_malformed_values(values: Any) -> None:
    """What is no text, and several values where one may stand, is refused."""
    with pytest.raises(MalformedDataError):
        Metadata.build(values)


def test_limits() -> None:
    """Numbers of names, pairs, values and characters are bounded."""
    with pytest.raises(LimitExceededError):
        Metadata.build({f"KZ_{number}": "x" for number in range(1025)})
    with pytest.raises(LimitExceededError):
        Metadata.build({"CZZT": ["x"] * 1001})
    with pytest.raises(LimitExceededError):
        Metadata.build({"ZZMC": "x" * 10_000_000})
    with pytest.raises(LimitExceededError):
        from_custom_data([("CZZT", "^" * 99_999)])
    with pytest.raises(LimitExceededError):
        from_custom_data([("CZZT", "x" * 100_001)])
    with pytest.raises(LimitExceededError):
        from_custom_data((f"n{number}", "x") for number in range(10_000_000))


texts = st.text(st.characters(codec="utf-8"), max_size=20).filter(is_writable)


@given(st.dictionaries(st.sampled_from(["ZZMC", "ZZBH", "KZ_A", "KZ_B", "other"]), texts),
       st.lists(texts.filter(lambda text: "^" not in text), max_size=5))  # fmt: skip
def test_any_writable_metadata_comes_back(values: dict[str, str], holders: list[str]) -> None:
    """from_custom_data gives back what to_custom_data wrote."""
    metadata = Metadata.build({**values, "CZZT": holders})
    assert from_custom_data(to_custom_data(metadata)) == metadata


class TestHolderCode:
    """A holder's code fits its type and hides."""

    @pytest.mark.parametrize(
        ("type_code", "value", "masked"),
        [
            ("001", "91990101MA9T00018G", "91990101MA9T00018G"),
            ("111", "990101199003071237", "990101********1237"),
            ("414", "E12345678", "*******78"),
            ("999", "A1", "**"),
        ],
    )
    def test_masking(self, type_code: str, value: str, masked: str) -> None:
        """Credit codes are shown, numbers of persons masked, and repr hides all."""
        code = HolderCode(type_code, value)
        assert (code.reveal(), code.masked, str(code)) == (value, masked, masked)
        assert value not in repr(code)
        assert repr([code]) == f"[HolderCode({type_code!r}, <hidden>)]"

    @pytest.mark.parametrize(
        ("type_code", "value"),
        [("001", "990101199003071237"), ("111", "91990101MA9T00018G"), ("005", "x"), ("414", ""), ("414", "a\0"),
         ("414", "x" * 65), ("414", None), ("999", " a"), ("1", "x")],
    )  # fmt: skip
    def test_misfits(self, type_code: str, value: object) -> None:
        """A code that does not fit its type, or a type in no list, is refused."""
        with pytest.raises(MalformedDataError):
            HolderCode(type_code, value)

    def test_a_citizen_number_does_not_pass_for_a_credit_code(self) -> None:
        """990101199003071237 has the check character of a credit code too; as one it would be shown unmasked."""
        assert CreditCode.parse("990101199003071237").tolerances
        with pytest.raises(MalformedDataError, match="reads as a citizen number"):
            HolderCode("001", "990101199003071237")
        assert HolderCode("111", "990101199003071237").masked == "990101********1237"

    def test_no_key_no_pickle(self) -> None:
        """It is no key, does not pickle, does not change, and equals by type and value."""
        code = HolderCode("999", "E12345678")
        with pytest.raises(TypeError):
            hash(code)
        with pytest.raises(TypeError):
            pickle.dumps(code)
        with pytest.raises(AttributeError):
            code._value = "x"
        assert copy.deepcopy(code) is copy.copy(code) is code
        assert code == HolderCode("999", "E12345678") != HolderCode("414", "E12345678")
        assert code != "E12345678"


class TestDates:
    """YYYYMMDD and YYYYMMDDhhmmss in Beijing time."""

    @given(st.datetimes(min_value=datetime(1001, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
    def test_moments_come_back(self, moment: datetime) -> None:
        """Whole seconds survive, whatever the zone they are given in; the text is Beijing time."""
        whole = moment.replace(microsecond=0)
        if whole.year < 9999:
            assert parse_date_time(format_date_time(moment)) == whole
            west = whole.astimezone(timezone(timedelta(hours=-3)))
            assert format_date_time(west) == format_date_time(whole)

    @given(st.dates(min_value=date(1000, 1, 1)))
    def test_days_come_back(self, day: date) -> None:
        """Every day comes back, also as an end of validity."""
        assert parse_date(format_date(day)) == parse_end_date(format_date(day)) == day

    @pytest.mark.parametrize(
        "text", ["", "2026010", "202601051", "20260229", "20261301", "00010101", "99999932", "２０２６０１０５", "2026 105", None],
    )  # fmt: skip
    def test_no_such_day(self, text: object) -> None:
        """Days that are none, other digits and other lengths are refused."""
        with pytest.raises(MalformedDataError):
            parse_date(text)

    @pytest.mark.parametrize("text", ["20260105240000", "20260105006000", "20260105000060", "00010101000000"])
    def test_no_such_time(self, text: str) -> None:
        """Hours, minutes and seconds stay within their range; the earliest year does not overflow."""
        with pytest.raises(MalformedDataError):
            parse_date_time(text)

    def test_zone_is_needed(self) -> None:
        """A moment without a zone is not written."""
        with pytest.raises(ValueError, match="zone"):
            format_date_time(datetime(2026, 1, 5))  # noqa: DTZ001


class TestSchema:
    """The data file of the elements is read strictly."""

    def test_packaged_schema(self) -> None:
        """The house's file marks its own names, and every element of a file has a short name but the status."""
        schema = default_schema()
        assert schema[Element.RELATED_ITEM_CODE].origin is Origin.HOUSE
        assert [element.element for element in schema if element.short_name is None] == [Element.LICENCE_STATUS]
        with pytest.raises(KeyError):
            schema.name_of(Element.LICENCE_STATUS)
        for element in schema:
            if element.origin is Origin.HOUSE:
                assert element.short_name is not None
                assert element.short_name.startswith("KZ_")

    @pytest.mark.parametrize(
        ("path", "value", "complaint"),
        [
            (("elements", 0, "id"), "nonsense", r"elements\[0\].id: 'nonsense' is none of"),
            (("elements", 1, "id"), "licence_name", r"elements\[1\]: .* listed twice"),
            (("elements", 1, "short_name"), "ZZMC", r"elements\[1\]: .* listed twice"),
            (("elements", 0, "type"), "code", "code element names a code list"),
            (("elements", 0, "presence"), "conditional", "condition belongs"),
            (("elements", 0, "origin"), None, "go together"),
            (("elements", 0, "max_length"), 0, "not within"),
            (("lists", "holder_code_type"), None, "expected an object"),
            (("lists", "holder_code_type", "entries", 0, "attributes", "form"), "x", "attribute form"),
            (("lists", "holder_code_type", "entries", 0, "attributes", "holder"), "x", "attribute holder"),
            (("holder_separator",), "^^", "longer than 1"),
            (("version",), None, "'version' is missing"),
        ],
    )
    def test_strict(self, path: tuple[str | int, ...], value: object, complaint: str) -> None:
        """A wrong data file is refused with the path of the mistake."""
        content: Any = json.loads(packaged_data("gbt36903-metadata.json"))
        inner = content
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value
        with pytest.raises(MalformedDataError, match=complaint):
            read_schema(json.dumps(content).encode())

    def test_every_element_is_needed(self) -> None:
        """A file that leaves an element out is refused."""
        content = json.loads(packaged_data("gbt36903-metadata.json"))
        del content["elements"][5]
        with pytest.raises(MalformedDataError, match="licence_version is missing"):
            read_schema(json.dumps(content).encode())
