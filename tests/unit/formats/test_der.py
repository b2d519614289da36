"""The DER codec against X.690 and against its own limits."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats import LimitExceededError, MalformedDataError, Tolerance, der


def hexed(text: str) -> bytes:
    return bytes.fromhex(text)


def test_slices_are_the_received_octets() -> None:
    """What was signed can be cut out without encoding it again."""
    data = hexed("300d 0201 05 0c03 e7ab a0 0403 010203".replace(" ", ""))
    number, text, octets = der.parse(data)
    assert (number.integer(), text.string(), octets.octets()) == (5, "章", b"\x01\x02\x03")
    assert b"".join(node.encoded for node in der.parse(data)) == data[2:]
    assert [node.offset for node in der.parse(data)] == [2, 5, 10]


REFUSED = {
    "empty": ("", "cut short"),
    "header only": ("30", "cut short"),
    "content cut short": ("3003 0201", "claims 3 octets"),
    "trailing octet": ("020105 00", "octets follow"),
    "indefinite length": ("3080 020105 0000", "indefinite"),
    "long form for a short length": ("0481 01 00", "not minimal"),
    "leading zero in the length": ("0482 0080" + "00" * 128, "not minimal"),
    "length of length": ("0485 0000000001 00", "length in 5 octets"),
    "high tag number": ("1f 81 00 00", "tag number above 30"),
    "end of contents": ("0000", "end-of-contents"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_header_forms_refused(name: str) -> None:
    """Only the one DER form of each header is read."""
    text, message = REFUSED[name]
    with pytest.raises(MalformedDataError, match=message):
        der.parse(hexed(text.replace(" ", "")))


VALUES_REFUSED = [
    ("0200", "integer", "empty"),
    ("02020005", "integer", "not minimal"),
    ("0202ffff", "integer", "not minimal"),
    ("010100" + "", "integer", "expected INTEGER"),
    ("010101", "boolean", "not FF"),
    ("01020000", "boolean", "not one octet"),
    ("0300", "bits", "empty"),
    ("030101", "named_bits", "unused-bits"),
    ("030207c1", "named_bits", "not zero"),
    ("030200c0", "named_bits", "trailing zero bits"),
    ("0600", "oid", "cut short"),
    ("060180", "oid", "cut short"),
    ("06032a8001", "oid", "not minimal"),
    ("0501ff", "null", "has content"),
    ("1303614062", "string", "outside its alphabet"),
    ("0c01ff", "string", "not valid utf-8"),
    ("1601e9", "string", "not valid ascii"),
    ("1403616263", "string", "not a character string"),
    ("170b3236303130313030303030", "time", "not of the form"),
    ("180f" + b"20261301000000Z".hex(), "time", "no such time"),
    ("180f" + b"2026010100000+Z".hex(), "time", "not of the form"),
    ("1811" + b"20260101000000.5Z".hex(), "time", "not of the form"),
]


@pytest.mark.parametrize(("text", "method", "message"), VALUES_REFUSED)
def test_value_forms_refused(text: str, method: str, message: str) -> None:
    """Each type is read in its one DER form, and the error says what is wrong."""
    with pytest.raises(MalformedDataError, match=message):
        getattr(der.parse(hexed(text)), method)()


def test_tolerances_are_named_and_asked_for() -> None:
    """What real certificates do is let pass only for callers that collect the names."""
    found: list[Tolerance] = []
    assert der.parse(hexed("030200c0")).named_bits(found) == {0, 1}
    assert der.parse(hexed("02020005")).integer(found) == 5
    assert der.parse(hexed("010101")).boolean(found) is True
    der.parse(hexed("3106 020102 020101".replace(" ", ""))).set_of(found)
    assert found == [
        Tolerance.DER_NON_MINIMAL_NAMED_BITS,
        Tolerance.DER_NON_MINIMAL_INTEGER,
        Tolerance.DER_BOOLEAN_NOT_FF,
        Tolerance.DER_UNSORTED_SET,
    ]


def test_errors_carry_the_offset() -> None:
    """An error points at the octet that is wrong, in the whole buffer."""
    with pytest.raises(MalformedDataError) as caught:
        [child.integer() for child in der.parse(hexed("3007 0201 05 0202 0005".replace(" ", "")), what="seal")]
    assert (caught.value.what, caught.value.offset) == ("seal", 5)


def test_limits_hold() -> None:
    """Size, depth, element count and integer length are bounded before work is done."""
    limits = der.DerLimits(size=100, depth=5, elements=10)
    with pytest.raises(LimitExceededError, match="octets"):
        der.parse(b"\x04\x81\xc8" + bytes(200), limits=limits)
    nested = der.null()
    for _ in range(8):
        nested = der.sequence(nested)
    node = der.parse(nested, limits=limits)
    with pytest.raises(LimitExceededError, match="nested deeper"):
        for _ in range(8):
            node = node.children()[0]
    with pytest.raises(LimitExceededError, match="elements"):
        der.parse(der.sequence(*[der.null()] * 11), limits=limits).children()
    with pytest.raises(LimitExceededError, match="INTEGER of"):
        der.parse(der.encode(der.INTEGER, b"\x01" * 65)).integer()


def test_cursor_reads_fields_in_order() -> None:
    """A structure is read field by field, optional ones by tag, and leftovers are refused."""
    data = der.sequence(der.integer(4), der.explicit(0, der.null()), der.oid("1.2.156.10197.1.501"))
    fields = der.parse(data).sequence(2, 3)
    assert fields.next("version").integer() == 4
    assert fields.optional(der.context(1)) is None
    optional = fields.optional(der.context(0))
    assert optional is not None
    optional.explicit(0).null()
    with pytest.raises(MalformedDataError, match="follows where nothing belongs"):
        fields.end()
    assert fields.next("algorithm").oid() == "1.2.156.10197.1.501"
    fields.end()
    with pytest.raises(MalformedDataError, match="signature is missing"):
        fields.next("signature")
    with pytest.raises(MalformedDataError, match="3 elements where 4 belong"):
        der.parse(data).sequence(4, 4)


@pytest.mark.parametrize("text", ["", "1", "3.1", "1.40", "1.2.-3", "1.2.x", "a"])
def test_writer_refuses_what_is_no_oid(text: str) -> None:
    """The writer does not emit identifiers that no reader would take."""
    with pytest.raises(ValueError, match="not an object identifier"):
        der.oid(text)


def test_writer_refuses_times_it_cannot_say() -> None:
    """Local times, fractions and years outside UTCTime are refused instead of being bent."""
    with pytest.raises(ValueError, match="UTC"):
        der.generalized_time(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="fraction"):
        der.generalized_time(datetime(2026, 1, 1, microsecond=5, tzinfo=UTC))
    with pytest.raises(ValueError, match="1950 to 2049"):
        der.utc_time(datetime(2050, 1, 1, tzinfo=UTC))
    assert der.time(datetime(2049, 12, 31, tzinfo=UTC))[0] == der.UTC_TIME
    assert der.time(datetime(2050, 1, 1, tzinfo=UTC))[0] == der.GENERALIZED_TIME


@given(st.integers(min_value=-(2**200), max_value=2**200))
def test_integers_round_trip(value: int) -> None:
    """Every integer is written in the one form that is read back."""
    assert der.parse(der.integer(value)).integer() == value


@given(st.lists(st.integers(min_value=0, max_value=2**70), min_size=0, max_size=8), st.integers(0, 2))
def test_oids_round_trip(arcs: list[int], first: int) -> None:
    """Every object identifier is written in the one form that is read back."""
    second = 39 if first < 2 else 4711
    if sum(max(1, -(-arc.bit_length() // 7)) for arc in arcs) > 60:
        return
    text = ".".join(map(str, [first, second, *arcs]))
    assert der.parse(der.oid(text)).oid() == text


@given(st.sets(st.integers(0, 100)))
def test_named_bits_round_trip(numbers: set[int]) -> None:
    """Named bit lists are minimal and read back."""
    assert der.parse(der.named_bits(numbers)).named_bits() == numbers


@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)))  # noqa: DTZ001
def test_times_round_trip(moment: datetime) -> None:
    """Whole seconds in UTC survive."""
    whole = moment.replace(microsecond=0, tzinfo=UTC)
    assert der.parse(der.time(whole)).time() == whole


def walk(node: der.Node) -> None:
    """Touch everything a reader can touch."""
    for method in ("integer", "boolean", "bits", "named_bits", "oid", "string", "time", "null", "octets"):
        try:
            getattr(node, method)()
        except MalformedDataError:
            continue
    if node.tag & 0x20:
        for child in node:
            walk(child)


@given(st.binary(max_size=300))
def test_random_octets_raise_nothing_else(data: bytes) -> None:
    """Whatever the octets, the only error is MalformedDataError."""
    try:
        walk(der.parse(data))
    except MalformedDataError:
        return


@given(
    st.recursive(
        st.binary(max_size=20).map(der.octet_string),
        lambda inner: st.lists(inner, max_size=5).map(lambda items: der.sequence(*items)),
        max_leaves=20,
    ),
    st.data(),
)
def test_one_encoding_only(encoded: bytes, data: st.DataObject) -> None:
    """A changed octet is noticed or changes a value: no two encodings read the same."""
    position = data.draw(st.integers(0, len(encoded) - 1))
    changed = bytearray(encoded)
    changed[position] ^= data.draw(st.integers(1, 255))

    def tree(raw: bytes) -> object:
        def build(node: der.Node) -> object:
            return [node.tag, [build(child) for child in node]] if node.tag & 0x20 else [node.tag, node.content]

        return build(der.parse(raw))

    try:
        assert tree(bytes(changed)) != tree(encoded)
    except MalformedDataError:
        return
