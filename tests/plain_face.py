"""A face without a font file, for tests of layout and drawing that need no real glyphs."""

from collections.abc import Iterable, Mapping

from formats.fonts import FontChain, Outline, Subset


class _Advances(dict[str, float]):
    def __init__(self, lacks: str) -> None:
        super().__init__()
        self.lacks = lacks

    def __missing__(self, character: str) -> float:
        if character in self.lacks or ord(character) < 0x20:
            raise KeyError(character)
        return 0.5 if ord(character) < 0x2000 else 1.0


class PlainFace:
    """Half an em for Latin, one em for everything else; named in documents, never embedded."""

    bold = False
    serif = True
    file_extension = "ttf"
    ascent = 0.9
    descent = 0.3

    def __init__(self, name: str = "Plain", lacks: str = "") -> None:
        self.font_name = name
        self.family_name = name
        self.advances: Mapping[str, float] = _Advances(lacks)

    def subset(self, characters: Iterable[str], *, glyph_ids: bool = False) -> Subset | None:
        return None

    def outline(self, character: str) -> Outline:
        return (("M", (0.0, 0.0)), ("L", (0.5, 0.0)), ("L", (0.5, 0.8)), ("C", ()))


def plain_fonts() -> FontChain:
    """A chain of one plain face."""
    return FontChain([PlainFace()])
