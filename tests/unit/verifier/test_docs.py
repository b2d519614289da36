"""The reference pages say what the code does."""

from pathlib import Path

from tools import document_dialects
from tools.document_codes import PAGE, page_with_table
from verifier.codes import Step
from verifier.trust_list import MEMBERS, SCHEMA
from verifier.trust_list_envelope import PAYLOAD_TYPE, TRUST_LIST_SIGNING
from verifier.trust_list_model import Purpose

TRUST_PAGE = Path(PAGE).with_name("trust-list.md")


def test_every_code_is_on_the_page() -> None:
    """Run tools/document_codes.py where this fails."""
    page = PAGE.read_text("utf-8")
    assert page == page_with_table(page)


def test_every_dialect_is_on_the_page() -> None:
    """Run tools/document_dialects.py where this fails."""
    page = document_dialects.PAGE.read_text("utf-8")
    assert page == document_dialects.page_with_tables(page)


def test_every_step_is_described() -> None:
    """Beside its codes each step has a line of what is checked."""
    described = PAGE.read_text("utf-8").partition("## Codes")[0]
    for step in Step:
        assert f"| {step.value} |" in described, step


def test_every_member_of_a_list_is_described() -> None:
    """Names and identifiers of the trust list's file."""
    page = TRUST_PAGE.read_text("utf-8")
    for name in (*MEMBERS, *Purpose, SCHEMA, PAYLOAD_TYPE, TRUST_LIST_SIGNING):
        assert name in page, name
