"""A document as its author writes it: information, pages, attachments, data index."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from formats.gbt33190.drawing.model import DrawnPage


@dataclass(frozen=True, slots=True)
class DocInfo:
    """DocInfo of GB/T 33190-2016, in the element order of its schema.

    Attributes:
        document_id: DocID, 32 hexadecimal digits.
        created: CreationDate, the day in Beijing.
        custom: CustomDatas, the metadata pairs of a licence (GB/T 36905), in order.
    """

    document_id: str
    title: str | None = None
    author: str | None = None
    subject: str | None = None
    abstract: str | None = None
    created: date | None = None
    modified: date | None = None
    usage: str | None = None
    keywords: tuple[str, ...] = ()
    creator: str | None = None
    creator_version: str | None = None
    custom: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.document_id) != 32 or self.document_id.strip("0123456789abcdefABCDEF"):
            raise ValueError("DocID is 32 hexadecimal digits")


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """An attachment (附件), for example the licence's data as XML.

    Attributes:
        name: Shown name; becomes the file name where it is plain ASCII.
        format: For example ``xml``; also the file's extension.
        created: Written as given, without a zone; Beijing time by custom.
        visible: Whether readers list it.
    """

    name: str
    format: str
    data: bytes
    created: datetime | None = None
    modified: datetime | None = None
    visible: bool = True
    usage: str | None = None


@dataclass(frozen=True, slots=True)
class DataIndex:
    """How the data index (数据索引) is written: a CustomTags file that binds fields to text objects.

    Every :class:`DrawnText` with a ``field`` is entered; the fields stand in order of first appearance.

    Attributes:
        namespace: Of the index file's elements and of the CustomTag.
        prefix: Its prefix.
        root: Name of the root element.
    """

    namespace: str
    prefix: str
    root: str


@dataclass(frozen=True, slots=True)
class DrawnDocument:
    """Everything one document holds besides the base it is drawn on."""

    info: DocInfo
    pages: tuple[DrawnPage, ...]
    attachments: tuple[AttachedFile, ...] = ()
    index: DataIndex | None = None
