"""An ordered choice of faces: each character is set by the first face that holds it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Protocol

from formats.fonts.errors import MissingGlyphError
from formats.fonts.outlines import Outline
from formats.fonts.subset import Subset


class Face(Protocol):
    """What setting and embedding text needs of a face; lengths in em. :class:`FontFace` is one."""

    @property
    def font_name(self) -> str:
        """PostScript name."""

    @property
    def family_name(self) -> str:
        """Family name."""

    @property
    def bold(self) -> bool:
        """Whether the face is bold."""

    @property
    def serif(self) -> bool:
        """Whether the face has serifs."""

    @property
    def file_extension(self) -> str:
        """Extension of an embedded subset."""

    @property
    def advances(self) -> Mapping[str, float]:
        """Advance of each character; ``KeyError`` for one the face lacks."""

    @property
    def ascent(self) -> float:
        """Ink reach above the baseline."""

    @property
    def descent(self) -> float:
        """Ink reach below the baseline, positive."""

    def outline(self, character: str) -> Outline:
        """Outline of the character's glyph, baseline origin, y upwards."""

    def subset(self, characters: Iterable[str], *, glyph_ids: bool = False) -> Subset | None:
        """The face cut down to the characters, or None if it is not to be embedded."""


class FontChain:
    """Faces in order of preference, for example Serif, then Sans, then fonts for rare characters.

    Raises:
        ValueError: No face was given.
    """

    def __init__(self, faces: Sequence[Face]) -> None:
        if not faces:
            raise ValueError("a font chain needs a face")
        self.faces = tuple(faces)
        self.primary = self.faces[0]
        self._chosen: dict[str, Face] = {}

    def __repr__(self) -> str:
        return f"FontChain({' > '.join(face.font_name for face in self.faces)})"

    @cached_property
    def ascent(self) -> float:
        """Largest ink reach above the baseline among the faces, in em."""
        return max(face.ascent for face in self.faces)

    @cached_property
    def descent(self) -> float:
        """Largest ink reach below the baseline among the faces, in em, positive."""
        return max(face.descent for face in self.faces)

    def face_of(self, character: str) -> Face:
        """The face that sets the character.

        Raises:
            MissingGlyphError: None does.
        """
        known = self._chosen.get(character)
        if known is not None:
            return known
        for face in self.faces:
            try:
                face.advances[character]
            except KeyError:
                continue
            self._chosen[character] = face
            return face
        raise MissingGlyphError(character, [face.font_name for face in self.faces])

    def measure(self, text: str) -> tuple[list[float], list[Face] | None]:
        """Advance of each character in em, and its face; None for the faces where the first one does for all.

        Raises:
            MissingGlyphError: No face holds one of the characters.
        """
        try:
            return list(map(self.primary.advances.__getitem__, text)), None
        except KeyError:
            faces = [self.face_of(character) for character in text]
            return [face.advances[character] for face, character in zip(faces, text, strict=True)], faces

    def width(self, text: str, size: float) -> float:
        """Sum of advances in millimetres at ``size`` millimetres.

        Raises:
            MissingGlyphError: No face holds one of the characters.
        """
        return sum(self.measure(text)[0]) * size
