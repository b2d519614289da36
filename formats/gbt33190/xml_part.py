"""Reading elements and attributes of a parsed part; elements are known by their local name.

GB/T 33190 puts its elements into ``http://www.ofdspec.org/2016`` and its attributes into none. Makers in the field
also write the namespace without the year, none at all, or a mixture inside one part; each is recorded.

An element that may occur once and occurs twice is refused: one program would follow the first and another the
last, and a signature would cover both readings.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeVar, cast

from formats.errors import MalformedDataError
from formats.gbt33190 import value_text
from formats.gbt33190.values import Box, Matrix, Position
from formats.gbt33190.xml import Element
from formats.tolerances import Tolerance

NAMESPACE: Final = "http://www.ofdspec.org/2016"
NAMESPACE_OLD: Final = "http://www.ofdspec.org"

MAX_ATTRIBUTES: Final = 128

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_QUALIFIED: Final = f"{{{NAMESPACE}}}"
_FREQUENT_NAMES: Final = (
    "OFD DocBody DocInfo DocRoot CustomDatas CustomData Document Page "
    "Signatures MaxSignId Signature SignedInfo Provider SignatureMethod SignatureDateTime Parameters "
    "References Reference CheckValue StampAnnot Seal BaseLoc SignedValue "
    "Layer TextObject TextCode PathObject ImageObject AbbreviatedData FillColor"
)
_FREQUENT: Final = {f"{_QUALIFIED}{local}": local for local in _FREQUENT_NAMES.split()}
"""Names in the standard's namespace that stand in nearly every document; others are judged once a part."""


class XmlPart:
    """A parsed part with readers for what GB/T 33190 writes into elements and attributes.

    Readers of required things raise ``MalformedDataError``; readers of optional things return the default and
    record ``OFD_VALUE_IGNORED`` where a value is present but not of its type.
    """

    __slots__ = ("_names", "found", "name", "root")

    def __init__(self, name: str, root: Element, found: set[Tolerance]) -> None:
        """Wrap a parsed part; ``found`` receives tolerances."""
        self.name = name
        self.root = root
        self.found = found
        self._names: dict[str, str] = {}

    def error(self, message: str, element: Element | None = None) -> MalformedDataError:
        """An error about this part, with the line of ``element``."""
        line = "" if element is None else f" in line {element.sourceline}"
        return MalformedDataError(f"{message}{line}", what=self.name)

    def expect_root(self, local: str) -> Element:
        """The root, which must have this local name."""
        if self.local(self.root) != local:
            raise self.error(f"the root element is not {local}")
        return self.root

    # Elements

    def local(self, element: Element) -> str:
        """Local name of an element; a namespace other than the standard's is recorded."""
        tag = element.tag
        known = _FREQUENT.get(tag) or self._names.get(tag)
        if known is None:
            known = self._names[tag] = self._judge(tag)
        return known

    def _judge(self, tag: str) -> str:
        if tag.startswith(_QUALIFIED):
            return tag[len(_QUALIFIED) :]
        namespace, _, local = tag.rpartition("}")
        if not namespace:
            self.found.add(Tolerance.OFD_NAMESPACE_ABSENT)
        elif namespace[1:] == NAMESPACE_OLD:
            self.found.add(Tolerance.OFD_NAMESPACE_OLD)
        else:
            self.found.add(Tolerance.OFD_NAMESPACE_FOREIGN)
        return local

    def children(self, element: Element, local: str) -> list[Element]:
        """All children of this local name."""
        names = self._names  # this is the inner loop of all reading
        return [
            child
            for child in element
            if (_FREQUENT.get(tag := child.tag) or names.get(tag) or self.local(child)) == local
        ]

    def child(self, element: Element, local: str) -> Element | None:
        """The child of this local name, if there is one; two are refused."""
        names = self._names
        match = second = None
        for child in element:
            if (_FREQUENT.get(tag := child.tag) or names.get(tag) or self.local(child)) == local:
                if match is None:
                    match = child
                elif second is None:
                    second = child
        if second is not None:
            raise self.error(f"{local} occurs more than once", second)
        return match

    def required_child(self, element: Element, local: str) -> Element:
        """The child of this local name."""
        match = self.child(element, local)
        if match is None:
            raise self.error(f"{local} is missing", element)
        return match

    def text(self, element: Element) -> str:
        """The text of a leaf element, exactly; an element with children is refused."""
        if len(element):
            raise self.error(f"{self.local(element)} holds elements where text belongs", element)
        return element.text or ""

    def child_text(self, element: Element, local: str) -> str | None:
        """Text of an optional child, without white space around it."""
        match = self.child(element, local)
        return None if match is None else self.text(match).strip()

    # Attributes

    def attributes(self, element: Element) -> list[tuple[str, str]]:
        """All attributes. Listing them takes the square of their number, so an element with many is refused."""
        attributes = element.attrib
        if len(attributes) > MAX_ATTRIBUTES:
            raise self.error(f"more than {MAX_ATTRIBUTES} attributes", element)
        return cast("list[tuple[str, str]]", attributes.items())

    def required(self, element: Element, name: str) -> str:
        """An attribute that must be there."""
        value = element.get(name)
        if value is None:
            raise self.error(f"{self.local(element)}/@{name} is missing", element)
        return value

    def typed(self, element: Element, name: str, reader: Callable[[str], T | None]) -> T:
        """A required attribute read by ``reader``."""
        value = reader(self.required(element, name))
        if value is None:
            raise self.error(f"{self.local(element)}/@{name} is not of its type", element)
        return value

    def optional(self, element: Element, name: str, reader: Callable[[str], T | None]) -> T | None:
        """An optional attribute read by ``reader``."""
        text = element.get(name)
        if text is None:
            return None
        value = reader(text)
        if value is None:
            self.found.add(Tolerance.OFD_VALUE_IGNORED)
        return value

    def identifier(self, element: Element, name: str) -> int:
        """A required ST_ID or ST_RefID."""
        return self.typed(element, name, value_text.identifier)

    def number(self, element: Element, name: str, default: float) -> float:
        """An optional number."""
        value = self.optional(element, name, value_text.number)
        return default if value is None else value

    def integer(self, element: Element, name: str, default: int) -> int:
        """An optional xs:int."""
        value = self.optional(element, name, value_text.integer)
        return default if value is None else value

    def boolean(self, element: Element, name: str, *, default: bool) -> bool:
        """An optional xs:boolean; other capitals of true and false are read and recorded."""
        text = element.get(name)
        if text is None:
            return default
        return self.boolean_text(text, default=default)

    def boolean_text(self, text: str, *, default: bool) -> bool:
        """The same from the text of an element."""
        value = value_text.boolean(text)
        if value is None:
            value = value_text.boolean(text.lower())
            self.found.add(Tolerance.OFD_VALUE_IGNORED if value is None else Tolerance.OFD_ATTRIBUTE_SPELLING)
        return default if value is None else value

    def box(self, element: Element, name: str) -> Box:
        """A required ST_Box; one without extent is recorded."""
        return self._note_extent(self.typed(element, name, value_text.box))

    def optional_box(self, element: Element, name: str) -> Box | None:
        """An optional ST_Box."""
        value = self.optional(element, name, value_text.box)
        return None if value is None else self._note_extent(value)

    def child_box(self, element: Element, local: str) -> Box | None:
        """An optional child whose text is an ST_Box; text of another form is an error."""
        text = self.child_text(element, local)
        if text is None:
            return None
        value = value_text.box(text)
        if value is None:
            raise self.error(f"{local} is not a box", element)
        return self._note_extent(value)

    def _note_extent(self, value: Box) -> Box:
        if value.width <= 0 or value.height <= 0:
            self.found.add(Tolerance.OFD_EMPTY_BOX)
        return value

    def position(self, element: Element, name: str) -> Position:
        """A required ST_Pos."""
        return self.typed(element, name, value_text.position)

    def matrix(self, element: Element, name: str) -> Matrix | None:
        """An optional CTM."""
        return self.optional(element, name, value_text.matrix)

    def choice(self, element: Element, name: str, kind: type[E], default: E) -> E:
        """An optional attribute with enumerated values; other capitals are read and recorded."""
        value = self.optional_choice(element, name, kind)
        return default if value is None else value

    def optional_choice(self, element: Element, name: str, kind: type[E]) -> E | None:
        """The same without default."""
        text = element.get(name)
        if text is None:
            return None
        try:
            return kind(text)
        except ValueError:
            lowered = text.strip().lower()
        for member in kind:
            if member.value.lower() == lowered:
                self.found.add(Tolerance.OFD_ATTRIBUTE_SPELLING)
                return member
        self.found.add(Tolerance.OFD_VALUE_IGNORED)
        return None
