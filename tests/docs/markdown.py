"""What the documentation's Markdown holds: fenced blocks, headings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^(?P<marks>`{3,})(?P<info>.*)$")
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<target>[^()\s]+)\)")
_CODE = re.compile(r"`[^`]*`")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the name after ``file=``, its lines, and where it begins."""

    language: str
    file: str | None
    lines: tuple[str, ...]
    number: int

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(frozen=True)
class Command:
    """A line after ``$``, with lines after ``>`` continued, and the output shown below it."""

    text: str
    expected: tuple[str, ...]
    number: int


def pages() -> list[Path]:
    """Every page: those of the root and all of docs/."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    marks, info, lines, begin = "", "", [], 0
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if not marks and fence:
            marks, info, lines, begin = fence["marks"], fence["info"], [], number
        elif marks and line.strip() == marks:
            words = info.split()
            file = next((word.removeprefix("file=") for word in words if word.startswith("file=")), None)
            yield Block(words[0] if words else "", file, tuple(lines), begin)
            marks = ""
        elif marks:
            lines.append(line)
    assert not marks, f"{page}: the block of line {begin} does not end"


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block."""
    text: list[str] = []
    expected: list[str] = []
    begin = 0
    for number, line in enumerate(block.lines, start=block.number + 1):
        if line.startswith("$ "):
            if text:
                yield Command("\n".join(text), tuple(expected), begin)
            text, expected, begin = [line[2:]], [], number
        elif line.startswith("> ") and text and not expected:
            text.append(line[2:])
        else:
            assert text, f"line {number}: output without a command"
            expected.append(line)
    if text:
        yield Command("\n".join(text), tuple(expected), begin)


def prose(page: Path) -> str:
    """A page without fenced blocks and code spans, where no link is a link."""
    kept = []
    inside = ""
    for line in page.read_text(encoding="utf-8").splitlines():
        fence = _FENCE.match(line)
        if not inside and fence:
            inside = fence["marks"]
        elif inside:
            inside = "" if line.strip() == inside else inside
        else:
            kept.append(_CODE.sub("``", line))
    return "\n".join(kept)


def links(page: Path) -> list[str]:
    """Targets of a page's links and pictures."""
    return [match["target"] for match in _LINK.finditer(prose(page))]


def anchors(page: Path) -> set[str]:
    """Names a link may end in after ``#``: headings as the usual Markdown hosts write them."""
    found: set[str] = set()
    inside = ""
    for line in page.read_text(encoding="utf-8").splitlines():
        fence = _FENCE.match(line)
        if not inside and fence:
            inside = fence["marks"]
        elif inside:
            inside = "" if line.strip() == inside else inside
        elif heading := re.match(r"#{1,6} +(.+)", line):
            name = re.sub(r"[^\w\- ]", "", heading[1].replace("`", "").lower()).replace(" ", "-")
            count = 0
            while (name if not count else f"{name}-{count}") in found:
                count += 1
            found.add(name if not count else f"{name}-{count}")
    return found
