"""Reading the catalogue's data file; every complaint names the path of the value.

``data/example-catalogue.json`` shows the form, with invented authorities of region 99.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from catalogue.model import Authority, Catalogue, IssuingRight, LicenceTypeEntry, Period, ServiceItem
from formats.errors import MalformedDataError
from formats.gb32100 import CreditCode
from formats.gbt2260 import DivisionCode
from formats.gbt36903 import default_schema
from formats.gbt36904 import LicenceTypeCode
from formats.gbt39554 import BasicItemCode
from formats.identifier_text import DIGITS
from formats.json_data import JsonNode, read_json

LAYOUT: Final = "xinyin-catalogue/1"
_UNLIMITED: Final = "长期"
_UNITS: Final = "天月年"
_Value = TypeVar("_Value")


def read_catalogue(data: bytes, *, what: str = "catalogue", exceptions: frozenset[str] = frozenset()) -> Catalogue:
    """Read one version of the catalogue.

    Args:
        data: JSON, UTF-8.
        what: Name of the file, for messages.
        exceptions: Credit codes to accept although their check character is wrong.

    Raises:
        formats.MalformedDataError: Not of the form; a code is malformed or listed twice; a right or type refers to
            what is not listed; two rights to the same overlap. The message names the path.
    """
    return _CatalogueReader(exceptions).read(read_json(data, what=what))


class _CatalogueReader:
    def __init__(self, exceptions: frozenset[str]) -> None:
        self._exceptions = exceptions
        self._authorities: dict[CreditCode, Authority] = {}
        self._items: dict[BasicItemCode, ServiceItem] = {}
        self._types: dict[LicenceTypeCode, LicenceTypeEntry] = {}
        self._rights: dict[tuple[CreditCode, LicenceTypeCode, BasicItemCode], list[IssuingRight]] = {}

    def read(self, root: JsonNode) -> Catalogue:
        top = root.members(
            required=("layout", "version", "authorities", "items", "licence_types", "issuing_rights"),
            optional=("note",),
        )
        if top["layout"].text() != LAYOUT:
            top["layout"].fail(f"expected {LAYOUT}")
        for node in top["authorities"].items():
            self._add_authority(node)
        for node in top["items"].items():
            self._add_item(node)
        for node in top["licence_types"].items():
            self._add_type(node)
        for node in top["issuing_rights"].items():
            self._add_right(node)
        rights = [right for group in self._rights.values() for right in group]
        return Catalogue(
            top["version"].text(longest=64),
            self._authorities.values(),
            self._items.values(),
            self._types.values(),
            rights,
        )

    def _add_authority(self, node: JsonNode) -> None:
        members = node.members(required=("code", "name", "level", "division"))
        code = self._credit_code(members["code"])
        if code in self._authorities:
            members["code"].fail("authority is listed twice")
        self._authorities[code] = Authority(
            code=code,
            name=members["name"].text(longest=512),
            level=_listed(members["level"], "authority_level"),
            division=_parsed(members["division"], DivisionCode.parse),
        )

    def _add_item(self, node: JsonNode) -> None:
        members = node.members(required=("code", "name", "from"), optional=("to",))
        code = _parsed(members["code"], BasicItemCode.parse)
        if code in self._items:
            members["code"].fail("item is listed twice")
        self._items[code] = ServiceItem(code, members["name"].text(longest=1000), _period(members))

    def _add_type(self, node: JsonNode) -> None:
        members = node.members(
            required=(
                "code", "name", "definer_name", "definer_level", "holder_categories", "validity_ranges",
                "issuer_level", "catalogue_type", "related_items", "from",
            ),
            optional=("to", "note"),
        )  # fmt: skip
        code = self._type_code(members["code"])
        if code in self._types:
            members["code"].fail("licence type is listed twice")
        self._types[code] = LicenceTypeEntry(
            code=code,
            name=members["name"].text(longest=256),
            definer_name=members["definer_name"].text(longest=256),
            definer_level=_listed(members["definer_level"], "authority_level"),
            holder_categories=_several(
                members["holder_categories"], lambda item: _listed(item, "holder_category")
            ),
            validity_ranges=_several(members["validity_ranges"], _validity_range),
            issuer_level=_listed(members["issuer_level"], "authority_level"),
            catalogue_type=_listed(members["catalogue_type"], "catalogue_type"),
            related_items=_several(members["related_items"], self._listed_item),
            period=_period(members),
        )

    def _add_right(self, node: JsonNode) -> None:
        members = node.members(
            required=("authority", "licence_type", "item", "from"), optional=("to", "region", "basis")
        )
        authority = self._credit_code(members["authority"])
        if authority not in self._authorities:
            members["authority"].fail("is not among the authorities")
        licence_type = self._type_code(members["licence_type"])
        if licence_type not in self._types:
            members["licence_type"].fail("is not among the licence types")
        item = self._listed_item(members["item"])
        if item not in self._types[licence_type].related_items:
            members["item"].fail("is not among the related items of the licence type")
        right = IssuingRight(
            authority=authority,
            licence_type=licence_type,
            item=item,
            period=_period(members),
            region=_parsed(members["region"], DivisionCode.parse) if "region" in members else None,
            basis=members["basis"].text() if "basis" in members else "",
        )
        group = self._rights.setdefault((authority, licence_type, item), [])
        if any(right.period.overlaps(other.period) and right.region == other.region for other in group):
            node.fail("overlaps another right of this authority to this licence type under this item")
        group.append(right)

    def _credit_code(self, node: JsonNode) -> CreditCode:
        return _parsed(node, lambda text: CreditCode.parse(text, exceptions=self._exceptions))

    def _type_code(self, node: JsonNode) -> LicenceTypeCode:
        return _parsed(node, lambda text: LicenceTypeCode.parse(text, exceptions=self._exceptions))

    def _listed_item(self, node: JsonNode) -> BasicItemCode:
        code = _parsed(node, BasicItemCode.parse)
        if code not in self._items:
            node.fail("is not among the items")
        return code


def _parsed(node: JsonNode, parse: Callable[[str], _Value]) -> _Value:
    text = node.text(longest=64)
    try:
        return parse(text)
    except MalformedDataError as exc:
        node.fail(exc.message)


def _listed(node: JsonNode, list_name: str) -> str:
    text = node.text(longest=32)
    if text not in default_schema().lists[list_name]:
        node.fail(f"is not in the code list {list_name}")
    return text


def _several(node: JsonNode, read: Callable[[JsonNode], _Value]) -> tuple[_Value, ...]:
    values = tuple(read(item) for item in node.items(most=1000))
    if not values:
        node.fail("is empty")
    if len(set(values)) != len(values):
        node.fail("lists a value twice")
    return values


def _validity_range(node: JsonNode) -> str:
    text = node.text(longest=8)
    number = text[:-1]
    counted = text[-1] in _UNITS and number and all(digit in DIGITS for digit in number) and number[0] != "0"
    if text != _UNLIMITED and not counted:
        node.fail("is neither a number of 天, 月 or 年 nor 长期")
    return text


def _period(members: Mapping[str, JsonNode]) -> Period:
    first = members["from"].day()
    if "to" not in members:
        return Period(first)
    last = members["to"].day()
    if last < first:
        members["to"].fail("is before the first day")
    return Period(first, last)
