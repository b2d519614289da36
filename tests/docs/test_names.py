"""What pages name exists in the code, and what the code lets people set is on a page."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from api.messages import _LOCALE_VARIABLES
from tests.docs.markdown import ROOT, blocks
from tests.test_layers import ALLOWED

SETTING = re.compile(r"XINYIN_[A-Z0-9_]+")
ROOMS = sorted(ALLOWED)


def _page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _rows(text: str) -> Iterator[list[str]]:
    """Cells of every table row that is no header and no rule."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        is_header = number + 1 < len(lines) and re.fullmatch(r"\|[-| :]+\|", lines[number + 1])
        if line.startswith("| ") and not is_header and not re.fullmatch(r"\|[-| :]+\|", line):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


@cache
def _trees() -> tuple[tuple[Path, ast.Module], ...]:
    shipped = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return tuple((path, ast.parse(path.read_text(encoding="utf-8"))) for path in shipped)


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    """Variables of our own, named in the code as a whole string, are the rows of settings.md."""
    in_code = {text for _, tree in _trees() for text in _strings(tree) if SETTING.fullmatch(text)}
    for source in (ROOT / "hsm_sim" / "native").glob("*.c"):
        in_code |= set(re.findall(r'getenv\("(XINYIN_[A-Z0-9_]+)"\)', source.read_text(encoding="utf-8")))
    rows = [row[0] for row in _rows(_page("docs/reference/settings.md"))]
    in_page = {name for cell in rows for name in SETTING.findall(cell)}
    assert in_code
    assert in_page == in_code


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    """Beside settings.md others mention settings; none of them is made up."""
    known = set(SETTING.findall(_page("docs/reference/settings.md")))
    for page in (ROOT / "docs").rglob("*.md"):
        assert set(SETTING.findall(page.read_text(encoding="utf-8"))) <= known, page.name


def test_environment_is_read_under_documented_names_only() -> None:
    """Whoever reads the environment under a literal name documents the name."""
    settings = _page("docs/reference/settings.md")
    for path, tree in _trees():
        for node in ast.walk(tree):
            names: list[ast.expr] = []
            if isinstance(node, ast.Subscript) and _is_environment(node.value):
                names = [node.slice]
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and (_is_environment(node.func.value) or node.func.attr == "getenv")
            ):
                names = node.args[:1]
            for name in names:
                if isinstance(name, ast.Constant) and name.value != "PYTHONPATH":  # handed on, not obeyed
                    assert f"`{name.value}`" in settings, f"{path.relative_to(ROOT)}: {name.value}"


def _is_environment(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "environ"


def test_locale_variables_are_documented() -> None:
    """The ones the language is taken from, in their order."""
    assert ", ".join(f"`{name}`" for name in _LOCALE_VARIABLES) in _page("docs/reference/settings.md")


def test_make_variables_are_documented_with_their_defaults() -> None:
    """Every ``NAME ?= value`` of the Makefile; B has no default."""
    defaults = dict(re.findall(r"^([A-Z]+) \?= (.+)$", _page("Makefile"), re.MULTILINE))
    rows = {row[0]: row[2] for row in _rows(_page("docs/reference/settings.md")) if len(row) == 3}
    for name, value in defaults.items():
        assert rows[f"`{name}`"] == f"`{value}`"
    assert "`B`" in rows


def test_terms_of_the_glossary_exist_in_the_code() -> None:
    """The names in the column "in code" are defined somewhere, or are rooms."""
    defined = set(ROOMS)
    for _, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                defined.add(node.name)
            elif isinstance(node, ast.Name):
                defined.add(node.id)
            elif isinstance(node, ast.arg):
                defined.add(node.arg)
    checked = 0
    for row in _rows(_page("docs/reference/glossary.md")):
        assert len(row) >= 3, row
        for name in re.findall(r"`([^`]+)`", row[2].partition("(not ")[0]):
            if name.endswith("…"):
                assert any(each.startswith(name[:-1]) for each in defined), name
            else:
                assert name in defined, name
            checked += 1
    assert checked > 50


def test_rooms_of_readme_and_design_are_those_of_the_house() -> None:
    """A room that comes or goes changes both tables."""
    for page in ("README.md", "docs/design.md"):
        named = [match[1] for row in _rows(_page(page)) if (match := re.match(r"\[?`(\w+)/`", row[0]))]
        assert sorted(named) == ROOMS, page


def test_folders_of_tests_are_told() -> None:
    """Whoever looks for a test finds out where, and no folder is told of that does not exist."""
    with_tests = {path.relative_to(ROOT).parts[1] for path in (ROOT / "tests").glob("*/**/test_*.py")}
    told = set(re.findall(r"^\| `tests/(\w+)/`", _page("docs/how-to/run-the-tests-and-peers.md"), re.MULTILINE))
    assert told == with_tests | {"vectors"}


def test_changelog_begins_with_the_version_of_the_package() -> None:
    """The newest heading is what pyproject.toml says."""
    version = tomllib.loads(_page("pyproject.toml"))["project"]["version"]
    headings = re.findall(r"^## \[([^]]+)\]", _page("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == version


def test_python_in_documentation_compiles() -> None:
    """Also the snippets that show a shape and are not run."""
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for block in blocks(page):
            if block.language == "python":
                text = re.sub(r",\s*…(?=\s*[)\]}])", "", block.text).replace("…", "...")
                compile(text, f"{page.name}:{block.number}", "exec")
