"""The XML parts of a package, each parsed once, within a budget for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from formats.errors import LimitExceededError, MalformedDataError
from formats.gbt33190.locations import Container, locate
from formats.gbt33190.xml import DEFAULT_LIMITS as XML_LIMITS
from formats.gbt33190.xml import XmlLimits, check_prolog, parse_xml
from formats.gbt33190.xml_part import XmlPart
from formats.tolerances import Tolerance, collect

MAIN_PART: Final = "OFD.xml"


@dataclass(frozen=True, slots=True)
class PartLimits:
    """What the XML of one package may cost: each part, and all together."""

    part: XmlLimits = XML_LIMITS
    octets: int = 64 << 20
    tags: int = 1_000_000
    attributes: int = 2_000_000


DEFAULT_LIMITS: Final = PartLimits()


class Parts:
    """A package seen as parts that name one another; hand one object to all readers of the package.

    ``tolerances`` grows as parts are read.
    """

    __slots__ = ("_attributes", "_limits", "_octets", "_parsed", "_tags", "found", "package")

    def __init__(self, package: Container, limits: PartLimits = DEFAULT_LIMITS) -> None:
        """Start with nothing parsed."""
        self.package = package
        self.found: set[Tolerance] = set(package.tolerances)
        self._limits = limits
        self._parsed: dict[str, XmlPart] = {}
        self._octets = self._tags = self._attributes = 0

    @property
    def tolerances(self) -> tuple[Tolerance, ...]:
        """What the readers had to let pass so far."""
        return collect(self.found)

    def xml(self, name: str) -> XmlPart:
        """The parsed part.

        Raises:
            MalformedDataError: it is absent, damaged or no acceptable XML.
            LimitExceededError: it, or all XML read so far, is too much.
        """
        part = self._parsed.get(name)
        if part is None:
            data = self.package.read(name)
            self._charge(data, name)
            root = parse_xml(data, name, found=self.found, limits=self._limits.part)
            part = self._parsed[name] = XmlPart(name, root, self.found)
        return part

    def mentions(self, name: str, word: bytes) -> bool:
        """Whether the XML part may hold an element whose name contains ``word``; does not parse it.

        Raises:
            MalformedDataError: it is absent or damaged, or in an encoding where the question has no answer.
        """
        data = self.package.read(name)
        check_prolog(data, name, self.found)
        return word in data

    def _charge(self, data: bytes, name: str) -> None:
        self._octets += len(data)
        self._tags += data.count(b"<")
        self._attributes += data.count(b"=")
        limits = self._limits
        if self._octets > limits.octets or self._tags > limits.tags or self._attributes > limits.attributes:
            raise LimitExceededError("the XML parts of the package are too much together", what=name)

    def find(self, location: str, *bases: str) -> str | None:
        """The entry a location means, see ``locations.locate``."""
        return locate(self.package, location, bases=bases, found=self.found)

    def require(self, location: str, *bases: str) -> str:
        """The same where a missing entry is an error."""
        name = self.find(location, *bases)
        if name is None:
            shown = ascii(location.strip()[:200])
            raise MalformedDataError(f"the path {shown} leads to no entry", what=bases[0] if bases else MAIN_PART)
        return name
