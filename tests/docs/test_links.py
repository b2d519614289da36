"""Links between pages lead somewhere, and every page can be found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, anchors, links, pages

# From a page to the page that leads there.
INDEXES = {
    "docs/tutorial": "docs/README.md",
    "docs/how-to": "docs/README.md",
    "docs/explanation": "docs/README.md",
    "docs/reference": "docs/reference/README.md",
    "docs/adr": "docs/adr/README.md",
}


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _is_outside(target: str) -> bool:
    return target.startswith(("https://", "http://", "mailto:"))


@pytest.mark.parametrize("page", pages(), ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    """A link names a file of the repository and, behind ``#``, one of its headings."""
    for target in links(page):
        if _is_outside(target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.is_relative_to(ROOT), f"{_name(page)}: {target} leads out of the repository"
        assert linked.exists(), f"{_name(page)}: {target}"
        assert not anchor or anchor in anchors(linked), (
            f"{_name(page)}: {target}, there is {sorted(anchors(linked))}"
        )


@pytest.mark.parametrize("folder", INDEXES)
def test_every_page_is_in_its_index(folder: str) -> None:
    """A page nobody links to is a page nobody reads."""
    index = ROOT / INDEXES[folder]
    linked = {(index.parent / target.partition("#")[0]).resolve() for target in links(index)}
    for page in sorted((ROOT / folder).glob("*.md")):
        assert page == index or page in linked, _name(page)


def test_every_index_can_be_reached_from_the_readme() -> None:
    """From the README one gets to every page by links."""
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        todo += [
            (page.parent / target.partition("#")[0]).resolve() for target in links(page) if not _is_outside(target)
        ]
    assert set(pages()) <= seen


def test_pictures_are_small() -> None:
    """A picture costs every clone for ever."""
    for path in (ROOT / "docs" / "images").iterdir():
        assert path.stat().st_size <= 300 * 1024, path.name


def test_decisions_are_numbered_and_say_what_was_turned_down() -> None:
    """0001, 0002 … without a gap; the title in the index is that of the page."""
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    decisions = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    assert [path.name[:4] for path in decisions] == [f"{number:04d}" for number in range(1, len(decisions) + 1)]
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert re.match(rf"# {path.name[:4]}: \S", text), path.name
        for heading in ("## Why a decision", "## Decision", "## Turned down", "## What follows"):
            assert f"\n{heading}\n" in text, f"{path.name} lacks {heading}"
        assert f"[{path.name[:4]}]({path.name})" in index
