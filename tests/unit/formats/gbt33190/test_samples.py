"""Files by other makers: every page opens, every digest comes out as recomputed independently."""

import json
import re
from pathlib import Path

import pytest

from formats.errors import MalformedDataError
from formats.gbt33190.anomalies import AnomalyKind
from formats.gbt33190.document import OfdDocument
from formats.gbt33190.integrity import read_integrity_list
from formats.gbt33190.package import OfdPackage
from formats.gbt33190.parts import Parts
from formats.gbt33190.reachability import Reason, explore
from formats.gbt33190.references import check_references
from formats.gbt33190.signatures import read_signatures
from formats.tolerances import Tolerance

OBJECT = re.compile(rb"<(?:ofd:)?(?:TextObject|PathObject|ImageObject|CompositeObject|PageBlock)[ >]")
PAGE = re.compile(rb"<(?:ofd:)?Page[ >]")


def ofd(samples_dir: Path, name: str) -> OfdPackage:
    return OfdPackage.open((samples_dir / "ofd" / f"{name}.ofd").read_bytes())


def all_samples(samples_dir: Path) -> list[Path]:
    found = sorted((samples_dir / "ofd").glob("*/*.ofd"))
    assert len(found) >= 26
    return found


def test_every_sample_opens_and_lists_every_object(samples_dir: Path) -> None:
    """One object in all of them is broken (an image without resource) and is listed with its reason."""
    unreadable = []
    for path in all_samples(samples_dir):
        package = OfdPackage.open(path.read_bytes())
        for name in package:
            package.read(name)
        for body in OfdDocument.read(package).bodies:
            root = body.document
            assert root.pages
            for entry in (*root.pages, *root.template_pages):
                page = root.page(entry)
                unreadable += [(path.stem, item.object_id, item.reason) for item in page.unreadable]
                resources = root.resources(page)
                assert resources.unreadable == ()
                assert all(unit.unreadable == () for unit in resources.composites.values())
                physical = root.area_of(page).physical
                assert physical is not None
                assert physical.width > 100
                list(page.objects())
            assert root.attachments is not None
    assert unreadable == [("path-nonstandard", "75", "ImageObject/@ResourceID is missing in line 11")]


def test_no_page_and_no_object_is_lost(samples_dir: Path) -> None:
    """As many pages and objects as a search for their tags finds in the text of the parts."""
    total = 0
    for path in all_samples(samples_dir):
        package = OfdPackage.open(path.read_bytes())
        for body in OfdDocument.read(package).bodies:
            root = body.document
            assert len(root.pages) == len(PAGE.findall(package.read(root.path)))
            for entry in (*root.pages, *root.template_pages):
                page = root.page(entry)
                objects = len(list(page.objects())) + len(page.unreadable)
                assert objects == len(OBJECT.findall(package.read(page.path))), (path.stem, page.path)
                total += objects
    assert total > 3000


def test_references_of_signed_samples(samples_dir: Path) -> None:
    """Every count of matching and total references equals the independent recomputation."""
    expected = json.loads((samples_dir / "expected.json").read_text(encoding="utf-8"))
    for name, signatures in expected.items():
        if not name.endswith(".ofd"):
            continue
        package = OfdPackage.open((samples_dir / name).read_bytes())
        entries = read_signatures(package)
        wanted = [item["references"] for item in signatures if item["references"] is not None]
        assert len(entries) == len(wanted), name
        for entry, want in zip(entries, wanted, strict=True):
            assert entry.file is not None, name
            results = check_references(package, entry.file)
            matching = sum(result.matches is True for result in results)
            assert [matching, len(results)] == ([len(results)] * 2 if want == "all" else want), name
            assert entry.file.signed_value is not None


def test_the_integrity_list(samples_dir: Path) -> None:
    """The GM/T 0099 sample has no signatures but a list of all files, which leaves none out."""
    package = ofd(samples_dir, "signed/gbt35275-integrity-entries")
    assert read_signatures(package) == ()
    listed = read_integrity_list(package)
    assert listed is not None
    assert listed.signed_value == "signedvalue.dat"
    assert listed.unlisted(package) == ()
    assert len(listed.files) == 5


def test_uncovered_templates_are_reached(samples_dir: Path) -> None:
    """The tax invoice whose signature leaves out its template pages: they are reachable and not referenced."""
    package = ofd(samples_dir, "signed/v4-templates-uncovered")
    (entry,) = read_signatures(package)
    assert entry.file is not None
    covered = {result.path for result in check_references(package, entry.file) if result.matches}
    reached = explore(Parts(package)).parts
    uncovered = {name for name in reached if name not in covered}
    assert {name for name in uncovered if Reason.TEMPLATE_PAGE in reached[name]} == {
        "Doc_0/TPLS/TPL_0/Content.xml",
        "Doc_0/TPLS/TPL_1/Content.xml",
    }


def test_the_locked_sample_covers_its_list(samples_dir: Path) -> None:
    """Signatures.xml itself is referenced."""
    (entry,) = read_signatures(ofd(samples_dir, "signed/v4-locked"))
    assert entry.file is not None
    assert "Doc_0/Signs/Signatures.xml" in {reference.path for reference in entry.file.references}


def test_unreached_and_missing_parts(samples_dir: Path) -> None:
    """Files nothing points to and pointers to nothing, as they occur in the field."""
    package = ofd(samples_dir, "signed/v4-raw64-and-gbt35275-edited")
    result = explore(Parts(package))
    assert result.unreached(package) == ("Doc_0/Signs/Sign_1/signFilePaths.dat",)
    assert [(item.named_in, item.location) for item in result.missing] == [
        ("Doc_0/Document.xml", "Annotations.xml")
    ]
    package = ofd(samples_dir, "plain/areaholder_fields")
    assert explore(Parts(package)).unreached(package) == ("Doc_0/AreaHolderBlocks.xml",)


def test_tolerances_of_samples(samples_dir: Path) -> None:
    """Each deviation of a sample is named."""
    package = ofd(samples_dir, "signed/v1-nonconformant")
    parts = Parts(package)
    read_signatures(parts)
    assert parts.tolerances == (Tolerance.OFD_PROVIDER_ELEMENTS, Tolerance.OFD_SIGNATURE_ID_NUMERIC)
    invoice = OfdDocument.read(ofd(samples_dir, "signed/v4-invoice-b"))
    invoice.bodies[0].document.page(invoice.bodies[0].document.pages[0])
    assert set(invoice.tolerances) == {Tolerance.ZIP_LOCAL_ZIP64, Tolerance.XML_BYTE_ORDER_MARK}
    comment = ofd(samples_dir, "plain/path-nonstandard")
    assert [item.kind for item in comment.anomalies] == [AnomalyKind.ARCHIVE_COMMENT]


def test_custom_tags_of_invoices(samples_dir: Path) -> None:
    """A tag file binds fields to page objects; the malformed ones of another maker are refused by name."""
    root = OfdDocument.read(ofd(samples_dir, "signed/v4-templates-uncovered")).bodies[0].document
    (tag,) = root.custom_tags
    content = root.tag_file(tag)
    number = next(item for item in content.references if item.field[-1] == "InvoiceNo")
    page = root.page_by_id(number.page_id)
    assert page is not None
    assert {item.object_id for item in root.page(page).objects()} >= {number.object_id}
    malformed = OfdDocument.read(ofd(samples_dir, "signed/v4-invoice-a")).bodies[0].document
    with pytest.raises(MalformedDataError):
        malformed.tag_file(malformed.custom_tags[0])


def test_custom_data(samples_dir: Path) -> None:
    """Invoice fields in CustomDatas are read with their Chinese names."""
    info = OfdDocument.read(ofd(samples_dir, "signed/v4-templates-uncovered")).bodies[0].info
    assert info.custom_values("开票日期") == ("2020年02月20日",)
