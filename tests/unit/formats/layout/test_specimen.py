"""The specimen pages: schema, reading back, rendering, longest legal values, speed of the parts that repeat."""

import io
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from formats.fonts import FontsNotFoundError, installed_fonts
from formats.gbt33190.document import OfdDocument
from formats.gbt33190.drawing import WrittenDocument
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.package_writer import write_package
from formats.gbt33190.page_objects import TextObject, walk
from formats.layout import OverfullError
from formats.layout.specimen import CERTIFICATE_FIELDS, Specimens
from formats.rendering import render_png
from tests import ofd_schema


@pytest.fixture(scope="module")
def specimens() -> Specimens:
    try:
        return Specimens(installed_fonts())
    except FontsNotFoundError as error:
        pytest.skip(str(error))


def read(written: WrittenDocument) -> tuple[OfdPackage, OfdDocument]:
    package = OfdPackage.open(write_package(written.entries))
    return package, OfdDocument.read(package)


def shown_fields(document: OfdDocument) -> dict[str, str]:
    """Text of each field as a reader finds it through the data index."""
    content = document.bodies[0].document
    assert content is not None
    (tag,) = content.custom_tags
    texts: dict[str, str] = {}
    for reference in content.tag_file(tag).references:
        entry = content.page_by_id(reference.page_id)
        assert entry is not None
        for layer in content.page(entry).layers:
            for item in walk(layer.objects):
                if isinstance(item, TextObject) and item.object_id == reference.object_id:
                    name = "/".join(reference.field)
                    texts[name] = texts.get(name, "") + item.text
    return texts


@pytest.mark.parametrize("name", ["certificate", "record"])
def test_specimens_follow_the_schema(specimens: Specimens, name: str) -> None:
    """Every part of both documents agrees with the element tables; ids are distinct."""
    written: WrittenDocument = getattr(specimens, name)()
    for part, data in written.entries.items():
        if part.endswith(".xml") and "/Tags/Tag_" not in part:
            ofd_schema.check(data)
    ids = ofd_schema.unit_ids(written.entries)
    assert len(ids) == len(set(ids))
    assert max(ids) == written.max_unit_id


@pytest.mark.parametrize("name", ["certificate", "record"])
def test_specimens_read_without_a_tolerance(specimens: Specimens, name: str) -> None:
    """The reader needs none of its tolerances for what the writer makes."""
    package, document = read(getattr(specimens, name)())
    assert package.tolerances == ()
    assert document.tolerances == ()


def test_fields_on_the_page_equal_the_metadata(specimens: Specimens) -> None:
    """Each field reached through the index reads as it stands in CustomDatas."""
    _, document = read(specimens.certificate())
    shown = shown_fields(document)
    assert shown == {name: CERTIFICATE_FIELDS[name] for name in shown}
    assert len(shown) == 10


def test_the_record_takes_two_pages(specimens: Specimens) -> None:
    """The table goes on on the second page, with its head again."""
    written = specimens.record()
    assert len(written.page_ids) == 2
    assert len(written.fields) == 16


def test_equal_input_gives_an_equal_file(specimens: Specimens) -> None:
    """Two runs, and two sets of bases, give the same octets."""
    again = Specimens(installed_fonts())
    assert specimens.certificate().entries == again.certificate().entries
    assert specimens.record().entries == again.record().entries


def test_longest_legal_values_fit(specimens: Specimens) -> None:
    """A 60-character name shrinks into its place, a 1,000-character scope goes on on a second page."""
    scope = (CERTIFICATE_FIELDS["scope"] * 6)[:1000]
    written = specimens.certificate({**CERTIFICATE_FIELDS, "name": "示范" * 30, "scope": scope})
    _, document = read(written)
    shown = shown_fields(document)
    assert shown["name"] == "示范" * 30
    assert shown["scope"] == scope
    assert len(written.page_ids) == 2
    assert len(specimens.certificate().page_ids) == 1


def test_what_cannot_stand_in_its_place_is_an_error(specimens: Specimens) -> None:
    """A value that no size can place does not come out shortened, and the error does not repeat it."""
    with pytest.raises(OverfullError) as caught:
        specimens.certificate({**CERTIFICATE_FIELDS, "person": "示" * 600})
    assert "of 600 characters" in str(caught.value)
    assert "示" not in str(caught.value)
    assert set(caught.value.remainder) == {"示"}


def test_code_on_the_rendered_page_decodes_at_200_dpi(specimens: Specimens) -> None:
    """Drawn, packed, read, rendered and scanned, the code gives its link; nothing is left out in rendering."""
    package, _ = read(specimens.certificate())
    png, omissions = render_png(package, 1, 200)
    assert omissions == ()
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(png)), zxingcpp.BarcodeFormat.QRCode)
    assert found is not None
    assert found.text == CERTIFICATE_FIELDS["link"]


def test_the_example_of_the_reference_runs(specimens: Specimens) -> None:
    """The code in docs/reference/layout.md makes a document that reads back."""
    page = Path(__file__).resolve().parents[4] / "docs" / "reference" / "layout.md"
    code = page.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    names: dict[str, object] = {}
    exec(compile(code, str(page), "exec"), names)
    written = names["written"]
    assert isinstance(written, WrittenDocument)
    _, document = read(written)
    assert shown_fields(document) == {"ZZMC": "四川信印示范科技有限公司"}


def test_rendered_page_is_not_blank_where_text_stands(specimens: Specimens) -> None:
    """The title's and the holder's places hold ink in the rendered picture, an empty corner of the page none."""
    package, _ = read(specimens.certificate())
    png, _ = render_png(package, 1, 100)
    picture = Image.open(io.BytesIO(png)).convert("L")
    scale = 100 / 25.4

    def darkest(x: float, y: float, width: float, height: float) -> int:
        corner = (round(x * scale), round(y * scale), round((x + width) * scale), round((y + height) * scale))
        return int(picture.crop(corner).getextrema()[0])

    assert darkest(100, 40, 97, 18) < 80
    assert darkest(62, 80, 60, 10) < 80
    assert darkest(1, 1, 4, 4) > 200
