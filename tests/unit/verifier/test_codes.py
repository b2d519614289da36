"""The list of codes, its table and its message catalogues say the same."""

import ast
from pathlib import Path

import pytest

from verifier.certificate_judgement import code_of
from verifier.code_table import CODES
from verifier.codes import Code, Outcome, Step
from verifier.explanation import LANGUAGES, catalogue, explain
from verifier.findings import Verdict
from verifier.path import PathState

VERIFIER = Path(__file__).resolve().parents[3] / "verifier"


def test_every_code_has_facts() -> None:
    """The table covers the list, both ways."""
    assert set(CODES) == set(Code)


def test_codes_are_spelled_as_named() -> None:
    """A code's text is its name, so that JSON and code cannot part."""
    assert all(code.value == code.name for code in Code)


def test_every_step_can_pass_or_is_never_required() -> None:
    """A step no code can pass would keep every document from passing."""
    passable = {facts.step for facts in CODES.values() if facts.outcome is Outcome.PASSED}
    assert set(Step) - passable == {Step.LICENCE_STATUS}


def test_only_skips_stand_without_step_or_clause() -> None:
    """Whatever passes, fails or stays open names its step and the standard behind it."""
    for code, facts in CODES.items():
        if facts.outcome is not Outcome.SKIPPED:
            assert facts.step is not None, code
            assert facts.clause, code


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_is_complete(language: str) -> None:
    """Every code, step, outcome and verdict has its text, and no text is left over."""
    texts = catalogue(language)
    assert set(texts.codes) == set(Code)
    assert set(texts.steps) == set(Step)
    assert set(texts.outcomes) == set(Outcome)
    assert set(texts.verdicts) == set(Verdict)
    for message in texts.codes.values():
        assert message.says.strip()
        assert message.next_step.strip()


def test_failures_tell_a_next_step() -> None:
    """Who gets a failure or a doubt is told what to do; 'nothing to do' is kept for the rest."""
    for language, nothing in (("zh-CN", "无需操作。"), ("en", "Nothing to do.")):
        for code, facts in CODES.items():
            if facts.outcome in {Outcome.FAILED, Outcome.UNDETERMINED}:
                assert explain(code, language).next_step != nothing, code


def test_unknown_language_is_refused() -> None:
    """No silent fallback to another language."""
    with pytest.raises(ValueError, match="catalogue"):
        catalogue("fr")


def test_every_code_is_emitted_and_no_other() -> None:
    """Each code is used somewhere outside its own list and table."""
    used: set[str] = set()
    for path in VERIFIER.glob("*.py"):
        if path.name in {"codes.py", "code_table.py"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Code":
                used.add(node.attr)
    roles = {code_of(role, state).name for role in ("MAKER", "SIGNER") for state in PathState}
    stamps = {f"TIMESTAMP_CERT_{state}" for state in PathState if state is not PathState.TRUSTED}
    assert used | roles | stamps | {
        "MAKER_CERT",
        "MAKER_CERT_NO_TRUST",
        "SIGNER_CERT",
        "SIGNER_CERT_NO_TRUST",
    } == {code.name for code in Code}
