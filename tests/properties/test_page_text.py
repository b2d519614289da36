"""Reading what pages show from any octets ends in an answer or in one kind of error, within its limits."""

import contextlib
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.errors import MalformedDataError
from formats.gbt33190.document import OfdDocument
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package
from formats.page_text import FaceText, folded, read_face
from formats.page_text.font_map import FontMap
from tests.attacks.faces import NAME, NAME_AT, PAGE, RESOURCES, changed, font_file, honest, on_top, sealed
from tests.unit.verifier.documents import Entries, text_object, verified
from verifier.codes import Code, Step

FONT = font_file({character: place for place, character in enumerate(NAME, start=1)})
VALUES = ("1e308", "-1e308", "1e-300", "0", "-5", "99999999999", "nan", "inf", "", "x", "255", "1 2", "0.0001")


def face_of(entries: Entries) -> FaceText:
    package = OfdPackage.open(write_package(entries))
    return read_face(OfdDocument.read(package).bodies[0].document, package)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_numbers_on_a_page(data: st.DataObject) -> None:
    """Attribute values and text replaced at random: an answer, or MalformedDataError."""
    entries = dict(on_top(
        '<ofd:PathObject ID="50" Boundary="58 85 60 12" CTM="1 0 0 1 0 0" LineWidth="3" Fill="true"><ofd:FillColor '
        'Value="9 9 9" Alpha="200"/><ofd:AbbreviatedData>M 0 0 L 9 9 Q 1 2 3 4 B 1 2 3 4 5 6 A 4 5 6 0 1 2 3 C'
        '</ofd:AbbreviatedData></ofd:PathObject><ofd:ImageObject ID="51" Boundary="1 2 3 4" CTM="3 0 0 4 0 0" '
        'ResourceID="3"/>'
    ))  # fmt: skip
    text = entries[PAGE].decode()
    for _ in range(data.draw(st.integers(1, 4))):
        spots = [found.span() for found in re.finditer(r'-?[0-9]+(\.[0-9]+)?(?=[ "<])', text)]
        start, end = data.draw(st.sampled_from(spots))
        text = text[:start] + data.draw(st.sampled_from(VALUES)) + text[end:]
    entries[PAGE] = text.encode()
    with contextlib.suppress(MalformedDataError):
        assert isinstance(face_of(entries), FaceText)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_font_file(data: st.DataObject) -> None:
    """A font with octets changed or cut off is read, or found not readable."""
    octets = bytearray(FONT)
    for _ in range(data.draw(st.integers(0, 6))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    font = FontMap(bytes(octets[: data.draw(st.integers(0, len(octets)))]))
    font.blank(3)
    assert font.characters(70_000) == [] or font.readable


@given(st.binary(max_size=300))
def test_any_octets_as_a_font(octets: bytes) -> None:
    """Nothing but an answer."""
    assert not FontMap(octets).readable or octets[:4] in (b"\x00\x01\x00\x00", b"OTTO", b"true", b"ttcf")


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(text: str) -> None:
    """Two texts that fold alike are compared alike however often."""
    assert folded(folded(text)) == folded(text)


COSTLY = {
    "thousands of texts in one place": "".join(text_object(100 + n, 60, 92.0, NAME) for n in range(3000)),
    "thousands of areas over a text": "".join(
        f'<ofd:PathObject ID="{100 + n}" Boundary="0 0 210 297" Fill="true" Alpha="150"><ofd:AbbreviatedData>'
        "M 0 0 L 210 0 L 210 297 C</ofd:AbbreviatedData></ofd:PathObject>"
        for n in range(4000)
    ),
    "one path of very many corners": '<ofd:PathObject ID="100" Boundary="0 0 210 297" Fill="true"><ofd:AbbreviatedData>'
    + "M 0 0 L 210 297 " * 150_000 + "</ofd:AbbreviatedData></ofd:PathObject>",
    "labels without end": "".join(text_object(100 + n, 5 + n % 190, 5 + n / 20, "名称") for n in range(5000)),
    "single characters without end": "".join(
        text_object(100 + n, 1 + n % 100 * 2, 1 + n / 20, "示例"[n % 2], size=1) for n in range(6000)
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", COSTLY)
def test_what_costs_much_is_given_up(case: str) -> None:
    """Seconds, not minutes; what was given up is told as undetermined and passes for nothing."""
    document = sealed(on_top(COSTLY[case]))
    started = time.process_time()
    report = verified(document)
    assert time.process_time() - started < 20
    found = {each.code for each in report.findings if each.step is Step.LICENCE_FACE}
    assert Code.FACE_MATCHES not in found


def test_pieces_do_not_follow_the_order_of_the_file() -> None:
    """Text is read where it stands."""
    entries = changed(honest(), PAGE, NAME_AT, "".join(
        text_object(40 + place, 60 + 4 * place, 92.0, character)
        for place, character in reversed(list(enumerate(NAME)))
    ))  # fmt: skip
    assert NAME in [piece.text for piece in face_of(entries).pieces]
    assert RESOURCES in entries
