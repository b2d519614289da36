"""The reference page of metadata tells what the data file says."""

from pathlib import Path

import pytest

from formats.gbt36903 import Metadata, MetadataElement, Origin, ViolationCode, default_schema, validate

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "reference" / "metadata.md").read_text(encoding="utf-8")


def row(element: MetadataElement) -> str:
    name = "–" if element.short_name is None else f"`{element.short_name}`"
    if element.origin is Origin.HOUSE:
        name += " (own)"
    presence = str(element.condition or element.presence)
    form = element.type if element.code_list is None else f"code `{element.code_list}`"
    several = "yes" if element.repeats else ""
    reported = "yes" if element.reported else ""
    return f"| {element.name_zh} | {name} | {form} | {element.longest} | {presence} | {several} | {reported} |"


@pytest.mark.parametrize("element", list(default_schema()), ids=lambda element: element.element)
def test_element_is_told(element: MetadataElement) -> None:
    """Every element of the data file has its row, with name, type, length and presence as in the file."""
    assert row(element) in PAGE.splitlines()


@pytest.mark.parametrize("name", list(default_schema().lists))
def test_code_list_is_told(name: str) -> None:
    """Every code of every list is on the page with its name."""
    for entry in default_schema().lists[name]:
        assert f"| {entry.code} | {entry.name_zh} |" in PAGE


@pytest.mark.parametrize("code", list(ViolationCode))
def test_violation_is_told(code: ViolationCode) -> None:
    """Every violation code is on the page."""
    assert f"| `{code}` |" in PAGE


def test_version_is_told() -> None:
    """The page names the version of the data file, and the rules it tells are those in force."""
    assert f"version {default_schema().version}" in PAGE
    missing = {violation.field for violation in validate(Metadata.build({}))}
    mandatory = {element.short_name for element in default_schema() if element.presence == "mandatory"}
    assert missing == mandatory
