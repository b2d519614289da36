"""Content streams and the resources they name.

A canvas is one content stream. Its space is millimetres with y downwards, set up by whoever places it. All streams
of a file share one resource dictionary, so names are unique in the file.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from formats.gbt33190.values import IDENTITY, Matrix
from formats.rendering.model import Account
from formats.rendering.path_geometry import Segment, path_operators
from formats.rendering.pdf_file import PdfFile, fine

_EVERYWHERE: Final = "-10000 -10000 20000 20000"


class Output:
    """The file being made: objects, named resources, and the account of what it costs."""

    def __init__(self, account: Account) -> None:
        self.file = PdfFile()
        self.account = account
        self.dictionary = self.file.reserve()
        self._named: dict[str, dict[str, int]] = {"Font": {}, "XObject": {}, "ExtGState": {}, "Shading": {}}
        self._states: dict[tuple[int, int], str] = {}
        self._ink: str | None = None

    def name(self, kind: str, number: int) -> str:
        """A resource name for an object; ``kind`` is a key of the resource dictionary."""
        names = self._named[kind]
        name = f"{kind[0]}{len(names)}"
        names[name] = number
        return name

    def opacity(self, fill: float, stroke: float) -> str:
        """Name of a graphics state with these constant alphas, 0 to 1."""
        key = (round(fill * 1000), round(stroke * 1000))
        name = self._states.get(key)
        if name is None:
            body = f"<< /Type /ExtGState /ca {key[0] / 1000:g} /CA {key[1] / 1000:g} >>"
            name = self._states[key] = self.name("ExtGState", self.file.add(body))
        return name

    def multiply(self) -> str:
        """Name of a graphics state in which what is drawn darkens what is there, as ink does."""
        if self._ink is None:
            self._ink = self.name("ExtGState", self.file.add("<< /Type /ExtGState /BM /Multiply >>"))
        return self._ink

    def form(self, canvas: "Canvas", *, group: bool = False, box: str = _EVERYWHERE) -> str:
        """Name of a form XObject drawn by ``canvas``; as a group its objects are blended before it is."""
        entries = f"/Type /XObject /Subtype /Form /BBox [{box}] /Resources {self.dictionary} 0 R"
        if group:
            entries += " /Group << /S /Transparency /CS /DeviceRGB >>"
        return self.name("XObject", self.file.add_stream(entries, canvas.data()))

    def finish_dictionary(self) -> None:
        """Write the resource dictionary; nothing may be named after that."""
        parts = []
        for kind, names in self._named.items():
            entries = " ".join(f"/{name} {number} 0 R" for name, number in names.items())
            parts.append(f"/{kind} << {entries} >>")
        self.file.put(self.dictionary, f"<< {' '.join(parts)} >>")


class Canvas:
    """Operators of one content stream."""

    def __init__(self) -> None:
        self._operators: list[str] = []

    def write(self, operators: str) -> None:
        """Append operators as they are."""
        self._operators.append(operators)

    @contextmanager
    def state(self) -> Iterator[None]:
        """What is set inside ends with it."""
        self._operators.append("q")
        try:
            yield
        finally:
            self._operators.append("Q")

    def transform(self, matrix: Matrix) -> None:
        """What follows is in the space that ``matrix`` maps into the present one."""
        if matrix != IDENTITY:
            self._operators.append(f"{' '.join(map(fine, matrix))} cm")

    def clip(self, segments: Iterable[Segment]) -> None:
        """Limit what follows to the inside of an outline (non-zero rule)."""
        self._operators.append(f"{path_operators(segments) or '0 0 m'}\nW n")

    def data(self) -> bytes:
        """The stream."""
        return "\n".join(self._operators).encode("latin-1")
