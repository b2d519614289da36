"""Pictures of small packages, ten pixels a millimetre."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from formats.fonts import FontLibrary
from formats.gbt33190.package import OfdPackage
from formats.rendering import Omission, render_png

Pixel = tuple[int, int, int]


class Shown:
    """A page as drawn: colours by millimetres, and what was left out."""

    def __init__(self, image: Image.Image, omissions: tuple[Omission, ...]) -> None:
        self.image = image.convert("RGB")
        self.omissions = omissions

    def at(self, x: float, y: float) -> Pixel:
        """Colour at a point of the page."""
        red, green, blue = self.image.getpixel((round(x * 10), round(y * 10)))
        return red, green, blue

    def ink_box(self) -> tuple[float, float, float, float] | None:
        """Left, top, right, bottom of all that is darker than light gray, in millimetres."""
        box = self.image.convert("L").point(lambda value: 255 if value < 200 else 0).getbbox()
        return None if box is None else tuple(side / 10 for side in box)  # type: ignore[return-value]


@pytest.fixture(scope="session")
def no_fonts(tmp_path_factory: pytest.TempPathFactory) -> FontLibrary:
    """A machine without fonts: only what a document embeds is drawn."""
    return FontLibrary([Path(tmp_path_factory.mktemp("fonts"))])


@pytest.fixture
def show(no_fonts: FontLibrary) -> Callable[..., Shown]:
    def shown(package: OfdPackage, page: int = 1, **options: Any) -> Shown:
        options.setdefault("fonts", no_fonts)
        png, omissions = render_png(package, page, 254, **options)
        return Shown(Image.open(io.BytesIO(png)), omissions)

    return shown
