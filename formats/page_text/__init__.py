"""The text a person sees on the pages of an OFD document, as far as it can be told without drawing them.

For judgement, not for search: text is taken in the order in which it stands on the page, and what is covered,
clear, clipped, too small, of the colour of its ground or off the page is told apart from what is seen. Pictures
and outlines are not read.
"""

from formats.page_text.lines import Piece, folded
from formats.page_text.model import FaceLimits, Origin, Run, Sight
from formats.page_text.reading import FaceText, read_face

__all__ = ["FaceLimits", "FaceText", "Origin", "Piece", "Run", "Sight", "folded", "read_face"]
