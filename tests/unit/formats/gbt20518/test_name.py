"""Distinguished names: text, comparison, dirty strings."""

from __future__ import annotations

import pytest

from formats import der, oids
from formats.errors import MalformedDataError
from formats.gbt20518 import Name, read_name
from formats.gbt20518.name import _read_any, _read_plain
from formats.tolerances import Tolerance


def _name(value: bytes, oid: str = oids.COMMON_NAME) -> bytes:
    return der.sequence(der.set_of([der.sequence(der.oid(oid), value)]))


def test_built_name_has_the_string_types_of_real_certificates() -> None:
    """Country is a PrintableString, e-mail an IA5String, everything else a UTF8String."""
    name = Name.build([(oids.COUNTRY, "CN"), (oids.EMAIL_ADDRESS, "a@b.cn"), (oids.ORGANIZATION, "国家税务总局")])
    values = [rdn.children()[0].children()[1] for rdn in der.parse(name.encoded)]
    assert [value.tag for value in values] == [der.PRINTABLE_STRING, der.IA5_STRING, der.UTF8_STRING]
    assert name.country == "CN"
    assert name.organization == "国家税务总局"
    assert name.common_name is None
    assert str(name) == "C=CN, emailAddress=a@b.cn, O=国家税务总局"


@pytest.mark.parametrize(
    "attributes",
    [[(oids.COUNTRY, "cn")], [(oids.COUNTRY, "CHN")], [(oids.COMMON_NAME, "")], [(oids.COMMON_NAME, "x" * 257)]],
)
def test_builder_refuses_bad_values(attributes: list[tuple[str, str]]) -> None:
    """The strict writer emits no value a reader would have to tolerate."""
    with pytest.raises(ValueError):
        Name.build(attributes)


@pytest.mark.parametrize(
    ("value", "text", "found"),
    [
        (der.encode(der.T61_STRING, "信印".encode("gb18030")), "信印", (Tolerance.STRING_T61,)),
        (der.encode(der.T61_STRING, "信印".encode()), "信印", (Tolerance.STRING_T61,)),
        (der.encode(der.IA5_STRING, "信印".encode()), "信印", (Tolerance.STRING_OUTSIDE_ALPHABET,)),
        (der.encode(der.PRINTABLE_STRING, b"a@b_c"), "a@b_c", (Tolerance.STRING_OUTSIDE_ALPHABET,)),
        (der.encode(der.UTF8_STRING, b"\xff\xfe"), "#0c02fffe", (Tolerance.STRING_OUTSIDE_ALPHABET,)),
        (der.encode(der.BMP_STRING, "信印".encode("utf-16-be")), "信印", ()),
        (der.encode(der.BMP_STRING, b"\x00"), "#1e0100", (Tolerance.STRING_OUTSIDE_ALPHABET,)),
        (der.bit_string(b"\x01\x02"), "#0303000102", ()),
    ],
)
def test_dirty_strings_hide_nothing(value: bytes, text: str, found: tuple[Tolerance, ...]) -> None:
    """Every string type real certificates use gives a text; what has none is shown as its octets (RFC 4514 2.4)."""
    name = read_name(_name(value))
    assert name.common_name == text
    assert name.tolerances == found


def test_control_and_bidirectional_characters_are_escaped() -> None:
    """A name cannot be made to look like another one on a page."""
    assert str(read_name(_name(der.utf8_string("a\u202eb\x00,c")))) == "CN=a\\E2\\80\\AEb\\00\\,c"


def test_multi_valued_relative_names_keep_their_grouping() -> None:
    """Several attributes in one relative name are one group, joined by a plus sign."""
    group = [
        der.sequence(der.oid(oids.COMMON_NAME), der.utf8_string("张三")),
        der.sequence(der.oid(oids.SERIAL_NUMBER), der.printable_string("7")),
    ]
    name = read_name(der.sequence(der.set_of(group)))
    assert str(name) in {"CN=张三+serialNumber=7", "serialNumber=7+CN=张三"}
    assert len(name.relative_names) == 1
    assert len(name.attributes) == 2


def test_comparison_ignores_case_space_and_string_type() -> None:
    """RFC 5280 7.1: insignificant differences do not make another name; order and values do."""
    one = read_name(_name(der.printable_string("Root  CA")))
    other = read_name(_name(der.utf8_string(" root ca ")))
    assert one != other
    assert one.matches(other)
    assert not one.matches(read_name(_name(der.utf8_string("root cb"))))


def test_subtree_of_a_name() -> None:
    """A name lies within a base whose relative names begin it."""
    base = Name.build([(oids.COUNTRY, "CN"), (oids.STATE, "山东省")])
    inside = Name.build([(oids.COUNTRY, "CN"), (oids.STATE, "山东省"), (oids.COMMON_NAME, "甲")])
    outside = Name.build([(oids.COUNTRY, "CN"), (oids.STATE, "云南省"), (oids.COMMON_NAME, "甲")])
    assert inside.is_within(base)
    assert not outside.is_within(base)
    assert not base.is_within(inside)


@pytest.mark.parametrize("length", [1, 60, 113, 118, 119, 127, 128, 200])
def test_quick_reader_agrees_with_the_general_one(length: int) -> None:
    """Around every step of the length encoding the quick reader says the same, or nothing."""
    encoded = der.sequence(der.set_of([der.sequence(der.oid(oids.COMMON_NAME), der.utf8_string("x" * length))]))
    general, quick = _read_any(encoded), _read_plain(encoded)
    if quick is not None:
        assert (quick.attributes, quick.relative_names) == (general.attributes, general.relative_names)
    assert (quick is None) == (length > 118)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x30", der.sequence(der.sequence()), der.sequence(der.set_of([der.sequence(der.oid("2.5.4.3"))]))],
)
def test_broken_names_are_refused(data: bytes) -> None:
    """What is no Name gives a clear error."""
    with pytest.raises(MalformedDataError):
        read_name(data)
