"""What fonts raise.

```
LookupError
├── FontsNotFoundError     no font file for a typeface in any of the searched folders
└── MissingGlyphError      a character no font of the chain can draw
```
"""

from collections.abc import Sequence
from pathlib import Path


class FontsNotFoundError(LookupError):
    """No file for a typeface was found; the message names the folders searched and the remedy."""

    def __init__(self, typeface: str, directories: Sequence[Path]) -> None:
        self.typeface = typeface
        self.directories = tuple(directories)
        places = ", ".join(str(path) for path in self.directories) or "no folder at all"
        super().__init__(
            f"no font file for typeface {typeface} (searched: {places}); run `make setup`, "
            "or set XINYIN_FONTS to a folder that holds it"
        )


class MissingGlyphError(LookupError):
    """No font of the chain holds the character, so the page cannot show the text truthfully.

    Rare characters in names of persons and places are the usual cause. The remedy is a font that holds the
    character in the ``rare`` folder beside the other fonts; leaving the character out is not.
    """

    def __init__(self, character: str, fonts: Sequence[str]) -> None:
        self.character = character
        self.fonts = tuple(fonts)
        shown = character if character.isprintable() else "?"
        super().__init__(
            f"character {shown} (U+{ord(character):04X}) is in none of the fonts {', '.join(self.fonts)}; "
            "put a font that holds it into the folder `rare` of the font folder"
        )
