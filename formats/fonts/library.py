"""Finding font files and handing out faces.

Folders searched, first hit wins: ``XINYIN_FONTS``, ``build/fonts`` of the checkout (filled by ``make setup``),
``~/.local/share/xinyin/fonts``, ``/usr/share/fonts``. In each, a folder ``rare`` may hold further fonts; they
join the end of every chain in the order of their names, for characters the main fonts lack.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from formats.fonts.chain import FontChain
from formats.fonts.errors import FontsNotFoundError
from formats.fonts.face import FontFace

FONT_DIRECTORY_VARIABLE: Final = "XINYIN_FONTS"
_CHECKOUT_FONTS: Final = Path(__file__).resolve().parents[2] / "build" / "fonts"
_RARE: Final = "rare"
_FONT_SUFFIXES: Final = frozenset({".ttf", ".otf", ".ttc"})


class Typeface(StrEnum):
    """The faces licence pages are set in."""

    SERIF = "serif"
    """宋体 for running text."""
    SERIF_BOLD = "serif-bold"
    """宋体 bold for titles and labels."""
    SANS = "sans"
    """黑体 for numbers, notes and as the second choice for rare characters."""


FILES: Final[Mapping[Typeface, tuple[tuple[str, int], ...]]] = {
    Typeface.SERIF: (
        ("NotoSerifSC-Regular.ttf", 0),
        ("NotoSerifSC_400Regular.ttf", 0),
        ("NotoSerifSC-Regular.otf", 0),
        ("SourceHanSerifSC-Regular.otf", 0),
        ("NotoSerifCJKsc-Regular.otf", 0),
        ("NotoSerifCJK-Regular.ttc", 2),
    ),
    Typeface.SERIF_BOLD: (
        ("NotoSerifSC-Bold.ttf", 0),
        ("NotoSerifSC_700Bold.ttf", 0),
        ("NotoSerifSC-Bold.otf", 0),
        ("SourceHanSerifSC-Bold.otf", 0),
        ("NotoSerifCJKsc-Bold.otf", 0),
        ("NotoSerifCJK-Bold.ttc", 2),
    ),
    Typeface.SANS: (
        ("NotoSansSC-Regular.ttf", 0),
        ("NotoSansSC_400Regular.ttf", 0),
        ("NotoSansSC-Regular.otf", 0),
        ("SourceHanSansSC-Regular.otf", 0),
        ("NotoSansCJKsc-Regular.otf", 0),
        ("NotoSansCJK-Regular.ttc", 2),
    ),
}
"""File names tried for each typeface, with the face's index in collections (2 is Simplified Chinese).

TrueType files come first: not every OFD reader draws embedded CFF outlines."""

CHAINS: Final[Mapping[Typeface, tuple[Typeface, ...]]] = {
    Typeface.SERIF: (Typeface.SERIF, Typeface.SANS),
    Typeface.SERIF_BOLD: (Typeface.SERIF_BOLD, Typeface.SERIF, Typeface.SANS),
    Typeface.SANS: (Typeface.SANS, Typeface.SERIF),
}


def font_directories(environment: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """Folders to search, in order, whether they exist or not."""
    chosen = environment.get(FONT_DIRECTORY_VARIABLE)
    own = (Path(chosen),) if chosen else ()
    return (*own, _CHECKOUT_FONTS, home / ".local/share/xinyin/fonts", Path("/usr/share/fonts"))


class FontLibrary:
    """Faces found in some folders, each loaded once.

    Args:
        directories: Folders to search with everything below them, in order of preference.
    """

    def __init__(self, directories: Sequence[Path]) -> None:
        self.directories = tuple(directories)
        self._files: dict[str, Path] | None = None
        self._faces: dict[Typeface, FontFace] = {}
        self._rare: tuple[FontFace, ...] | None = None
        self._chains: dict[Typeface, FontChain] = {}

    def face(self, typeface: Typeface) -> FontFace:
        """The one face of a typeface.

        Raises:
            FontsNotFoundError: No file for it lies in any folder.
        """
        known = self._faces.get(typeface)
        if known is not None:
            return known
        files = self._found()
        for name, index in FILES[typeface]:
            path = files.get(name)
            if path is not None:
                return self._faces.setdefault(typeface, FontFace(path, index))
        raise FontsNotFoundError(typeface.value, self.directories)

    def chain(self, typeface: Typeface) -> FontChain:
        """The typeface with its fall-backs and the fonts for rare characters.

        Raises:
            FontsNotFoundError: No file for one of the typefaces lies in any folder.
        """
        known = self._chains.get(typeface)
        if known is not None:
            return known
        faces = [self.face(member) for member in CHAINS[typeface]]
        return self._chains.setdefault(typeface, FontChain([*faces, *self.rare_faces()]))

    def rare_faces(self) -> tuple[FontFace, ...]:
        """Faces in the ``rare`` folders, in order of folder, then name."""
        if self._rare is None:
            self._rare = tuple(
                FontFace(path) for directory in self.directories for path in _font_files(directory / _RARE)
            )
        return self._rare

    def _found(self) -> Mapping[str, Path]:
        """Font files by name; the first folder that has a name wins."""
        if self._files is None:
            files: dict[str, Path] = {}
            for directory in self.directories:
                for path in _font_files(directory):
                    files.setdefault(path.name, path)
            self._files = files
        return self._files


def _font_files(directory: Path) -> Iterator[Path]:
    """Font files below a folder, sorted."""
    if directory.is_dir():
        yield from sorted(path for path in directory.rglob("*") if path.suffix.lower() in _FONT_SUFFIXES)


@cache
def installed_fonts() -> FontLibrary:
    """The library of this machine and process: the folders named in this module's first lines."""
    return FontLibrary(font_directories(os.environ, Path.home()))
