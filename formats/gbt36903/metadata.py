"""The metadata of one licence: short names to values, with typed views."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from formats.errors import LimitExceededError, MalformedDataError
from formats.gb32100 import NO_EXCEPTIONS, CreditCode
from formats.gbt36903.dates import parse_date, parse_date_time, parse_end_date
from formats.gbt36903.holder import Holder, HolderCode
from formats.gbt36903.schema import HOLDER_CODE_TYPES, Element, MetadataSchema, default_schema
from formats.gbt36904 import NO_LEGACY_ISSUERS, LicenceId, LicenceTypeCode
from formats.gbt39554 import ItemCode, parse_item_code
from formats.tolerances import Tolerance

MAX_NAMES: Final = 1024
MAX_VALUES: Final = 1000
"""Most values of one element, for example holders of one licence."""
MAX_CHARACTERS: Final = 100_000
"""Longest single value; above any element's own length, to bound work before rules are looked at."""
_WHAT: Final = "metadata"


@dataclass(frozen=True, slots=True)
class Metadata:
    """Metadata as it stands, well formed but not yet judged; ``validate`` judges it.

    An empty value counts as absent. ``repr`` shows names only, since values may be numbers of persons.

    Attributes:
        values: Short name to its values, never empty; one value unless the element repeats.
        schema: What the short names mean.
        tolerances: What the reader let pass.
    """

    values: Mapping[str, tuple[str, ...]] = field(repr=False)
    schema: MetadataSchema = field(compare=False, repr=False)
    tolerances: tuple[Tolerance, ...] = field(default=(), compare=False)

    @classmethod
    def build(
        cls,
        values: Mapping[str, str | Sequence[str]],
        *,
        schema: MetadataSchema | None = None,
        tolerances: Iterable[Tolerance] = (),
    ) -> "Metadata":
        """Make metadata from short names and values.

        Args:
            values: Text, or a sequence of texts for an element with several values (holders: lists of equal
                length, one entry per holder).
            schema: What the short names mean; the house's own if left out.
            tolerances: What a reader let pass on the way.

        Raises:
            MalformedDataError: A name or value is no text, or several values where one may stand.
            LimitExceededError: Too many names, too many values, or a value too long.
        """
        used = schema or default_schema()
        if len(values) > MAX_NAMES:
            raise LimitExceededError(f"more than {MAX_NAMES} names", what=_WHAT)
        kept = {}
        for name, value in values.items():
            texts = _texts(name, value)
            if len(texts) > 1:
                element = used.named(name)
                if element is None or not element.repeats:
                    raise MalformedDataError(f"{name[:64]!a} has several values", what=_WHAT)
            if any(texts):
                kept[name] = texts
        return cls(MappingProxyType(kept), used, tuple(sorted(set(tolerances))))

    def __repr__(self) -> str:
        return f"Metadata({', '.join(ascii(name) for name in self.values)})"

    def get(self, name: str) -> str | None:
        """The first value of a short name, ``None`` if absent."""
        return self.values[name][0] if name in self.values else None

    def text(self, element: Element) -> str | None:
        """The first value of an element, ``None`` if absent."""
        return self.get(self.schema.name_of(element))

    def texts(self, element: Element) -> tuple[str, ...]:
        """All values of an element, empty if absent."""
        return self.values.get(self.schema.name_of(element), ())

    @property
    def extensions(self) -> Mapping[str, str]:
        """Extension metadata that is no element of the schema: face data, short name to value, sorted by name."""
        return {name: texts[0] for name, texts in sorted(self.values.items()) if self.is_extension(name)}

    def is_extension(self, name: str) -> bool:
        """Whether a name is one of extension metadata and not of an element of the schema."""
        return self.schema.named(name) is None and name.startswith(self.schema.extension_prefix)

    def licence_id(
        self, *, exceptions: frozenset[str] = NO_EXCEPTIONS, legacy_issuers: frozenset[str] = NO_LEGACY_ISSUERS
    ) -> LicenceId:
        """The licence identifier, read as ``LicenceId.read`` does; raises ``MalformedDataError``."""
        text = self._required(Element.LICENCE_IDENTIFIER)
        return LicenceId.read(text, exceptions=exceptions, legacy_issuers=legacy_issuers)

    def type_code(self, *, exceptions: frozenset[str] = NO_EXCEPTIONS) -> LicenceTypeCode:
        """The licence type code; raises ``MalformedDataError`` if it is absent or malformed."""
        return LicenceTypeCode.parse(self._required(Element.LICENCE_TYPE_CODE), exceptions=exceptions)

    def issuer(self, *, exceptions: frozenset[str] = NO_EXCEPTIONS) -> CreditCode:
        """Credit code of the issuing authority; raises ``MalformedDataError`` if it is absent or malformed."""
        return CreditCode.parse(self._required(Element.ISSUER_CODE), exceptions=exceptions)

    def holders(self, *, exceptions: frozenset[str] = NO_EXCEPTIONS) -> tuple[Holder, ...]:
        """The holders in order; raises ``MalformedDataError`` if lists differ in length or a code is wrong."""
        names = self.texts(Element.HOLDER_NAME)
        codes = self.texts(Element.HOLDER_CODE)
        types = self.texts(Element.HOLDER_CODE_TYPE)
        if not len(names) == len(codes) == len(types):
            raise MalformedDataError("names, codes and code types of the holders differ in number", what=_WHAT)
        known = self.schema.lists[HOLDER_CODE_TYPES]
        return tuple(
            Holder(name, HolderCode(type_code, code, types=known, exceptions=exceptions))
            for name, code, type_code in zip(names, codes, types, strict=True)
        )

    def issued_on(self) -> date:
        """Printed date of issue; raises ``MalformedDataError`` if it is absent or malformed."""
        return parse_date(self._required(Element.ISSUE_DATE))

    def valid_from(self) -> date:
        """First day of validity, the issue date if none is given; raises ``MalformedDataError`` if malformed."""
        text = self.text(Element.VALID_FROM)
        return self.issued_on() if text is None else parse_date(text)

    def valid_to(self) -> date | None:
        """Last day of validity, ``None`` for unlimited; raises ``MalformedDataError`` if malformed."""
        return parse_end_date(self.text(Element.VALID_TO) or "")

    def sealed_at(self) -> datetime | None:
        """Time of sealing in UTC, ``None`` if absent; raises ``MalformedDataError`` if malformed."""
        text = self.text(Element.SEAL_TIME)
        return None if text is None else parse_date_time(text)

    def copy_expires_at(self) -> datetime | None:
        """End of an annotated copy's validity in UTC, ``None`` for an original; raises ``MalformedDataError``."""
        text = self.text(Element.COPY_EXPIRES)
        return None if text is None else parse_date_time(text)

    def related_items(self, *, exceptions: frozenset[str] = NO_EXCEPTIONS) -> tuple[ItemCode, ...]:
        """Codes of the service items the licence results from; raises ``MalformedDataError`` if malformed."""
        texts = self.texts(Element.RELATED_ITEM_CODE)
        return tuple(parse_item_code(text, exceptions=exceptions) for text in texts)

    def _required(self, element: Element) -> str:
        text = self.text(element)
        if text is None:
            raise MalformedDataError(f"{self.schema.name_of(element)} is missing", what=_WHAT)
        return text


def _texts(name: object, value: object) -> tuple[str, ...]:
    if not isinstance(name, str) or not 1 <= len(name) <= 256:
        raise MalformedDataError("a name is no text of 1 to 256 characters", what=_WHAT)
    if isinstance(value, str):
        if len(value) > MAX_CHARACTERS:
            raise LimitExceededError(f"{name[:64]!a} has more than {MAX_CHARACTERS} characters", what=_WHAT)
        return (value,)
    if isinstance(value, list):  # quicker to ask than for a sequence
        entries: Sequence[object] = value
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        entries = value
    else:
        raise MalformedDataError(f"the value of {name[:64]!a} is no text", what=_WHAT)
    if len(entries) > MAX_VALUES:
        raise LimitExceededError(f"{name[:64]!a} has more than {MAX_VALUES} values", what=_WHAT)
    texts = []
    for entry in entries:
        if not isinstance(entry, str):
            raise MalformedDataError(f"a value of {name[:64]!a} is no text", what=_WHAT)
        if len(entry) > MAX_CHARACTERS:
            raise LimitExceededError(f"{name[:64]!a} has more than {MAX_CHARACTERS} characters", what=_WHAT)
        texts.append(entry)
    return tuple(texts)
