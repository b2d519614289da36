"""Drawing OFD documents (GB/T 33190-2016): what is drawn, and its package entries.

``model`` holds what is drawn, ``document`` what is said about it; ``writer`` turns both into entries for
``package_writer``. Only what a licence needs is drawn: text in embedded fonts, paths, images, template pages,
annotations, attachments and the data index.
"""

from formats.gbt33190.drawing.document import AttachedFile, DataIndex, DocInfo, DrawnDocument
from formats.gbt33190.drawing.images import ImageFile, read_image
from formats.gbt33190.drawing.model import (
    BLACK,
    WHITE,
    Annotation,
    Drawn,
    DrawnImage,
    DrawnLayer,
    DrawnPage,
    DrawnPath,
    DrawnTemplate,
    DrawnText,
    Font,
    NamedFont,
    Rgb,
    TextRun,
)
from formats.gbt33190.drawing.path_data import PathBuilder
from formats.gbt33190.drawing.text import UnrepresentableTextError
from formats.gbt33190.drawing.writer import (
    EMPTY_BASE,
    ObjectReference,
    PreparedBase,
    WrittenDocument,
    prepare_base,
    write_document,
)

__all__ = [
    "BLACK",
    "EMPTY_BASE",
    "WHITE",
    "Annotation",
    "AttachedFile",
    "DataIndex",
    "DocInfo",
    "Drawn",
    "DrawnDocument",
    "DrawnImage",
    "DrawnLayer",
    "DrawnPage",
    "DrawnPath",
    "DrawnTemplate",
    "DrawnText",
    "Font",
    "ImageFile",
    "NamedFont",
    "ObjectReference",
    "PathBuilder",
    "PreparedBase",
    "Rgb",
    "TextRun",
    "UnrepresentableTextError",
    "WrittenDocument",
    "prepare_base",
    "read_image",
    "write_document",
]
