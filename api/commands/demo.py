"""``xinyin demo``: build the toy nation and tell its story; succeeds only if all of it came out as told."""

import argparse
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api.arguments import add_command
from api.failures import CommandError, ExitStatus
from api.messages import Messages
from api.output import Output, shown, width

if TYPE_CHECKING:
    from api.nation.story import Story

_MARKER: Final = ".xinyin-demo"
_DEFAULT: Final = "build/demo"
_PICTURE_DPI: Final = 120


def add_parser(subparsers: Any, text: Messages) -> None:
    """Add the command and its arguments."""
    parser = add_command(subparsers, text, "demo", "demo")
    parser.add_argument(
        "--directory", type=Path, default=Path(_DEFAULT), metavar="DIR", help=text("demo.directory")
    )


def run(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    """Play the story and tell it."""
    from api.nation.story import Story, run_story

    folder: Path = arguments.directory
    _clear(folder)
    story = Story(folder)
    (folder / _MARKER).touch()
    started = time.monotonic()
    names = iter([region.name for region in story.data.regions] * 2)

    def tell(chapter: str) -> None:
        name = next(names) if chapter in {"region", "issue"} else ""
        out.line(f"[{time.monotonic() - started:5.1f} s] {text(f'demo.chapter.{chapter}', region=name)}")
        out.flush()

    out.line(text("demo.title"))
    out.note(text("demo.warning"))
    run_story(story, tell)
    _matrix(story, text, out)
    _refusals(story, text, out)
    tell("pictures")
    pictures = _pictures(story)
    out.line()
    out.facts(
        [
            (text("demo.files.licences"), story.licences),
            (text("demo.files.pictures"), pictures),
            (text("demo.files.forged"), story.forged),
            (text("demo.files.trust"), story.trust_list),
            (text("demo.files.root"), story.trust_root),
        ],
        indent=2,
    )
    out.line()
    if not story.as_told:
        out.line(text("demo.not_as_told"))
        return ExitStatus.FAILED
    out.line(text("demo.as_told", seconds=f"{time.monotonic() - started:.1f}"))
    out.line(
        text("demo.next")
        + f" .venv/bin/xinyin verify {shown(story.licences)}/*.ofd --trust {shown(story.trust_list)}"
        + f" --trust-root {shown(story.trust_root)}"
    )
    return ExitStatus.PASSED


def _clear(folder: Path) -> None:
    """Make room: only what an earlier demonstration left is removed."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARKER).exists():
            raise CommandError("demo.not_empty", folder=folder)
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def _matrix(story: "Story", text: Messages, out: Output) -> None:
    regions = story.data.regions
    out.line()
    out.line(text("demo.matrix.title"))
    rows = [[text("demo.matrix.corner"), *(text("demo.matrix.issued", region=region.name) for region in regions)]]
    for reader in regions:
        cells = [
            text("demo.matrix.cell", passed=story.matrix[reader.code, issuer.code], kinds=story.kinds)
            for issuer in regions
        ]
        rows.append([text("demo.matrix.reader", region=reader.name), *cells])
    out.table(rows, indent=2)


def _refusals(story: "Story", text: Messages, out: Output) -> None:
    from verifier.explanation import explain

    out.line()
    out.line(text("demo.forged.title"))
    margin = max(width(text(f"demo.forged.{result.forgery.key}")) for result in story.results)
    for result in story.results:
        what = text(f"demo.forged.{result.forgery.key}")
        reason = explain(result.forgery.codes[0], text.language).says
        mark = text("demo.forged.refused") if result.as_told else text("demo.forged.not_refused")
        gap = " " * (margin - width(what))
        codes = ", ".join(result.forgery.codes)
        out.line(f"  {mark} {what}{gap}  {codes}")
        out.line(f"      {shown(reason)}")
    out.line(f"  {text('demo.forged.still_valid', valid=story.still_valid, all=len(story.documents))}")
    for found in story.refusal:
        reason = found.message_zh if text.language == "zh-CN" else found.message_en
        out.line(f"  {text('demo.forged.own_refusal', reason=reason)}")
    out.line()


def _pictures(story: "Story") -> Path:
    """Pages of the first region's licences as PNG."""
    from formats.gbt33190.package import OfdPackage
    from formats.rendering import package_stamps, render_pdf, render_png

    folder = story.folder / "pictures"
    folder.mkdir()
    region = story.data.regions[0]
    for licence in region.licences:
        package = OfdPackage.open(story.documents[region.code, licence.licence_type])
        stamps = package_stamps(package)[0]
        picture, _ = render_png(package, 1, _PICTURE_DPI, stamps=stamps)
        (folder / f"{licence.licence_type}.png").write_bytes(picture)
        (folder / f"{licence.licence_type}.pdf").write_bytes(render_pdf(package, stamps=stamps).pdf)
    return folder
