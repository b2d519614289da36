"""The published schemas fit what is emitted, closely: nothing else fits them."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from formats.gbt33190.package_writer import write_package
from formats.gbt33190.signature_model import SignatureType
from tests.json_schema import faults
from tests.unit.verifier.documents import Recipe, document, edit, sealed, verified
from tests.unit.verifier.nation import NOW
from verifier.codes import Outcome, Step
from verifier.findings import Verdict
from verifier.receipt import SCHEMA as RECEIPT_SCHEMA
from verifier.receipt import receipt_of
from verifier.report import SCHEMA, DocumentKind, SignatureKind
from verifier.schemas import NAMES, RECEIPT, REPORT, schema
from verifier.verification import verify_document


def reports() -> list[dict[str, Any]]:
    """Reports of every kind of document and verdict."""
    made = [
        verified(sealed()),
        verified(edit(sealed(), "OFD.xml", "示例科技有限公司", "冒名科技有限公司")),
        verified(document()),
        verified(Recipe(kind=SignatureType.SIGN).apply(sealed(()))),
        verified(Recipe(kind=SignatureType.SIGN, shape="bare").apply(document())),
        verify_document(write_package(sealed()), trust=None, at=NOW),
    ]
    assert {each.verdict for each in made} == set(Verdict)
    assert {each.document_kind for each in made} == set(DocumentKind)
    return [each.to_dict() for each in made]


def test_every_report_made_in_tests_is_judged() -> None:
    """The session's own watch over ``Verifier.verify`` is at work: it refuses a report that has another form."""
    report = verified(sealed())
    assert faults(report.to_dict(), schema(REPORT)) == []
    assert getattr(verify_document.__globals__["Verifier"].verify, "watched", False)


def test_reports_fit() -> None:
    """Each kind and each verdict."""
    for each in reports():
        assert faults(each, schema(REPORT)) == []
        assert faults(json.loads(json.dumps(each)), schema(REPORT)) == []


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    result = copy.copy(value)
    result[path[0]] = changed(value[path[0]], path[1:], new)
    return result


def test_nothing_else_fits() -> None:
    """At every place a value of another type is refused; so is a member left out or added."""
    checked = 0
    for report in reports()[:3]:
        for path in places(report):
            if path and path[0] == "findings" and path[1:2] > (3,):
                continue  # they are all alike
            assert faults(changed(report, path, object()), schema(REPORT)), path
            checked += 1
    report = reports()[0]
    for path in [(), ("document",), ("trust_list",), ("licence",), ("signatures", 0), ("findings", 0)]:
        inner: Any = report
        for key in path:
            inner = inner[key]
        assert faults(changed(report, path, {**inner, "more": 1}), schema(REPORT))
        for name in inner:
            less = {key: item for key, item in inner.items() if key != name}
            assert faults(changed(report, path, less), schema(REPORT)), name
    assert checked > 200


def test_receipts_fit() -> None:
    """Of a document that passes, one that fails, one without a trust list."""
    data = write_package(sealed())
    for report in (verified(data), verify_document(data, trust=None, at=NOW)):
        receipt = receipt_of(data, report, issued_at=NOW, software_version="0.1.0")
        assert faults(receipt.to_dict(), schema(RECEIPT)) == []


def test_choices_are_those_of_the_code() -> None:
    """Closed lists in the schema and enumerations in the code are the same."""
    defined = schema(REPORT)["$defs"]
    assert set(defined["verdict"]["enum"]) == {each.value for each in Verdict}
    assert set(defined["finding"]["properties"]["outcome"]["enum"]) == {each.value for each in Outcome}
    assert set(defined["signature"]["properties"]["kind"]["enum"]) == {each.value for each in SignatureKind}
    kinds = schema(REPORT)["properties"]["document"]["properties"]["kind"]["enum"]
    assert set(kinds) == {each.value for each in DocumentKind}
    assert schema(REPORT)["properties"]["schema"]["const"] == SCHEMA
    assert schema(RECEIPT)["properties"]["schema"]["const"] == RECEIPT_SCHEMA
    for step in Step:
        assert faults(step.value, defined["finding"]["properties"]["step"]) == []


def test_schemas_are_named_without_a_host() -> None:
    """A URN, versioned; and only packaged ones can be asked for."""
    for name in NAMES:
        stem, _, version = name.removesuffix(".json").rpartition("-")
        assert schema(name)["$id"] == f"urn:xinyin:schema:{stem}:{version}"
        assert schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    with pytest.raises(ValueError, match="no schema"):
        schema("../receipt.py")


def test_the_judge_refuses_what_it_does_not_know() -> None:
    """A keyword it cannot judge is an error, not a pass."""
    with pytest.raises(KeyError):
        faults(1, {"multipleOf": 2})
    for value, form in ((True, {"type": "integer"}), (True, {"enum": [1]}), (1.0, {"const": 1})):
        assert faults(value, form)


def test_the_page_says_what_the_schema_says() -> None:
    """Every member of both schemas stands on the reference page."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "reports-and-receipts.md").read_text("utf-8")

    def members(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("properties"), dict):
                yield from node["properties"]
            for item in node.values():
                yield from members(item)

    for name in NAMES:
        assert schema(name)["$id"] in page
        for member in members(schema(name)):
            assert f"`{member}`" in page, member
