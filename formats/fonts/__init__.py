"""Fonts for pages: finding them, measuring text, cutting subsets to embed, outlines to draw.

```python
fonts = installed_fonts()
song = fonts.chain(Typeface.SERIF)          # Serif, then Sans, then fonts for rare characters
song.width("营业执照", 12.7)                 # millimetres at 12.7 mm (36 pt)
fonts.face(Typeface.SERIF).subset("营业执照").data
```
"""

from formats.fonts.chain import Face, FontChain
from formats.fonts.errors import FontsNotFoundError, MissingGlyphError
from formats.fonts.face import FontFace
from formats.fonts.library import FontLibrary, Typeface, font_directories, installed_fonts
from formats.fonts.outlines import Outline, Segment
from formats.fonts.subset import Subset

__all__ = [
    "Face",
    "FontChain",
    "FontFace",
    "FontLibrary",
    "FontsNotFoundError",
    "MissingGlyphError",
    "Outline",
    "Segment",
    "Subset",
    "Typeface",
    "font_directories",
    "installed_fonts",
]
