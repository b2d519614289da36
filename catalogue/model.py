"""What the catalogue holds, and the one question it answers: who may issue what, under which item, when. Pure.

A right names an authority, a licence type, an item and a period. The question is asked in this order, and the
first "no" is the reason given:

1. authority, licence type and item are in the catalogue;
2. an implementation or handling-item code names the authority itself as the implementing body;
3. licence type and item are in force that day, and the type results from the item;
4. a right joins the three, that day;
5. where a jurisdiction is asked for, the right covers it.

Periods are calendar days in Beijing, both ends included.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from formats.gb32100 import CreditCode
from formats.gbt2260 import DivisionCode
from formats.gbt36903.dates import BEIJING
from formats.gbt36904 import LicenceTypeCode
from formats.gbt39554 import BasicItemCode, ItemCode, basic_code_of, implementing_body_of


@dataclass(frozen=True, slots=True)
class Period:
    """Calendar days in Beijing, both ends included; no last day means open.

    Raises:
        ValueError: The last day is before the first.
    """

    first: date
    last: date | None = None

    def __post_init__(self) -> None:
        if self.last is not None and self.last < self.first:
            raise ValueError("a period ends before it starts")

    def __contains__(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)

    def overlaps(self, other: "Period") -> bool:
        """Whether the two share a day."""
        starts_in_time = self.last is None or other.first <= self.last
        return starts_in_time and (other.last is None or self.first <= other.last)


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that issues licences (证照颁发机构).

    Attributes:
        code: Its credit code.
        name: Full name, as it stands on licences.
        level: Code of the list ``authority_level`` of GB/T 36903.
        division: Where it has jurisdiction.
    """

    code: CreditCode
    name: str
    level: str
    division: DivisionCode


@dataclass(frozen=True, slots=True)
class ServiceItem:
    """A service item (政务服务事项) of the basic list."""

    code: BasicItemCode
    name: str
    period: Period


@dataclass(frozen=True, slots=True)
class LicenceTypeEntry:
    """A licence type (证照类型) as the type directory holds it, GB/T 36902.

    Attributes:
        code: Its type code; the definer is part of it.
        name: Name of the type.
        definer_name: Name of the defining authority.
        definer_level: Code of the list ``authority_level``.
        holder_categories: Codes of the list ``holder_category``: who may hold it.
        validity_ranges: Lengths of validity the type allows, for example ``5年`` or ``长期``.
        issuer_level: Code of the list ``authority_level``.
        catalogue_type: Code of the list ``catalogue_type``.
        related_items: Items the licence results from.
        period: When the type is in force.
    """

    code: LicenceTypeCode
    name: str
    definer_name: str
    definer_level: str
    holder_categories: tuple[str, ...]
    validity_ranges: tuple[str, ...]
    issuer_level: str
    catalogue_type: str
    related_items: tuple[BasicItemCode, ...]
    period: Period


@dataclass(frozen=True, slots=True)
class IssuingRight:
    """One authority's right to issue one licence type under one item.

    Attributes:
        authority: Who.
        licence_type: What.
        item: Under which item.
        period: When.
        region: Where; ``None`` for the authority's own division.
        basis: Legal basis, free text; may be empty.
    """

    authority: CreditCode
    licence_type: LicenceTypeCode
    item: BasicItemCode
    period: Period
    region: DivisionCode | None = None
    basis: str = ""


class RefusalCode(StrEnum):
    """Why an authority may not issue; stable."""

    UNKNOWN_AUTHORITY = "unknown-authority"
    UNKNOWN_LICENCE_TYPE = "unknown-licence-type"
    UNKNOWN_ITEM = "unknown-item"
    OTHER_BODY = "other-body"
    """The item code names another body as the implementing one."""
    LICENCE_TYPE_NOT_IN_FORCE = "licence-type-not-in-force"
    ITEM_NOT_IN_FORCE = "item-not-in-force"
    ITEM_NOT_RELATED = "item-not-related"
    """The licence type does not result from the item."""
    NO_RIGHT = "no-right"
    RIGHT_NOT_IN_FORCE = "right-not-in-force"
    OUTSIDE_REGION = "outside-region"


@dataclass(frozen=True, slots=True)
class Permitted:
    """The authority may issue, by this right."""

    right: IssuingRight


@dataclass(frozen=True, slots=True)
class Refused:
    """The authority may not issue.

    Attributes:
        code: Which condition failed first.
        message_zh: For users.
        message_en: The same in English.
    """

    code: RefusalCode
    message_zh: str
    message_en: str


Decision: TypeAlias = Permitted | Refused
_RightKey: TypeAlias = tuple[CreditCode, LicenceTypeCode, BasicItemCode]


class Catalogue:
    """One version of the catalogue, immutable. Built by ``loading.read_catalogue``, which checks references.

    Attributes:
        version: Version of the data file.
        authorities: By credit code.
        items: By basic item code.
        licence_types: By type code.
    """

    def __init__(
        self,
        version: str,
        authorities: Iterable[Authority],
        items: Iterable[ServiceItem],
        licence_types: Iterable[LicenceTypeEntry],
        rights: Iterable[IssuingRight],
    ) -> None:
        self.version = version
        self.authorities: Mapping[CreditCode, Authority] = MappingProxyType(
            {entry.code: entry for entry in authorities}
        )
        self.items: Mapping[BasicItemCode, ServiceItem] = MappingProxyType({entry.code: entry for entry in items})
        self.licence_types: Mapping[LicenceTypeCode, LicenceTypeEntry] = MappingProxyType(
            {entry.code: entry for entry in licence_types}
        )
        self._rights: dict[_RightKey, tuple[IssuingRight, ...]] = {}
        for right in rights:
            key = (right.authority, right.licence_type, right.item)
            self._rights[key] = (*self._rights.get(key, ()), right)

    def may_issue(
        self,
        authority: CreditCode,
        licence_type: LicenceTypeCode,
        item: ItemCode,
        at: datetime,
        *,
        area: DivisionCode | None = None,
    ) -> Decision:
        """Whether ``authority`` may issue ``licence_type`` under ``item`` at a moment.

        Args:
            authority: Credit code of the issuing authority.
            licence_type: Type of the licence.
            item: Item code of any kind; what a 31- or 33-character code says of its body is checked.
            at: The moment, timezone-aware.
            area: Jurisdiction the licence belongs to (证照所属管辖属地), if it is to be checked.

        Returns:
            ``Permitted`` with the right, or ``Refused`` with the first reason.

        Raises:
            ValueError: ``at`` has no zone.
        """
        if at.utcoffset() is None:
            raise ValueError("a moment needs a zone")
        day = at.astimezone(BEIJING).date()
        basic = basic_code_of(item)
        refused = self._known(authority, licence_type, basic) or _own_item(authority, item)
        refused = refused or self._in_force(licence_type, basic, day)
        return refused or self._by_right((authority, licence_type, basic), day, area)

    def rights_of(self, authority: CreditCode) -> tuple[IssuingRight, ...]:
        """All rights of an authority, past and future ones too, in file order."""
        return tuple(right for key, rights in self._rights.items() if key[0] == authority for right in rights)

    def _known(self, authority: CreditCode, licence_type: LicenceTypeCode, basic: BasicItemCode) -> Refused | None:
        if authority not in self.authorities:
            return Refused(
                RefusalCode.UNKNOWN_AUTHORITY,
                f"目录中没有机构 {authority}",
                f"the catalogue has no authority {authority}",
            )
        if licence_type not in self.licence_types:
            return Refused(
                RefusalCode.UNKNOWN_LICENCE_TYPE,
                f"目录中没有证照类型 {licence_type}",
                f"the catalogue has no licence type {licence_type}",
            )
        if basic not in self.items:
            return Refused(
                RefusalCode.UNKNOWN_ITEM, f"目录中没有事项 {basic}", f"the catalogue has no item {basic}"
            )
        return None

    def _in_force(self, licence_type: LicenceTypeCode, basic: BasicItemCode, day: date) -> Refused | None:
        entry, item = self.licence_types[licence_type], self.items[basic]
        if day not in entry.period:
            return Refused(
                RefusalCode.LICENCE_TYPE_NOT_IN_FORCE,
                f"证照类型“{entry.name}”在 {day} 未启用或已停用",
                f"licence type {licence_type} is not in force on {day}",
            )
        if day not in item.period:
            return Refused(
                RefusalCode.ITEM_NOT_IN_FORCE,
                f"事项“{item.name}”在 {day} 未启用或已取消",
                f"item {basic} is not in force on {day}",
            )
        if basic not in entry.related_items:
            return Refused(
                RefusalCode.ITEM_NOT_RELATED,
                f"证照“{entry.name}”不是事项“{item.name}”的办理结果",
                f"licence type {licence_type} does not result from item {basic}",
            )
        return None

    def _by_right(self, key: _RightKey, day: date, area: DivisionCode | None) -> Decision:
        rights = self._rights.get(key, ())
        authority, entry, item = self.authorities[key[0]], self.licence_types[key[1]], self.items[key[2]]
        named_zh = f"“{authority.name}”依事项“{item.name}”颁发“{entry.name}”"
        named_en = f"{authority.code} issuing {entry.code} under {item.code}"
        if not rights:
            return Refused(
                RefusalCode.NO_RIGHT, f"目录中没有{named_zh}的权限", f"the catalogue has no right for {named_en}"
            )
        current = [right for right in rights if day in right.period]
        if not current:
            return Refused(
                RefusalCode.RIGHT_NOT_IN_FORCE,
                f"{named_zh}的权限在 {day} 未生效或已失效",
                f"the right for {named_en} is not in force on {day}",
            )
        if area is None:
            return Permitted(current[0])
        covering = [right for right in current if (right.region or authority.division).contains(area)]
        if not covering:
            return Refused(
                RefusalCode.OUTSIDE_REGION,
                f"{named_zh}的权限不及于 {area}",
                f"the right for {named_en} does not reach {area}",
            )
        return Permitted(covering[0])


def _own_item(authority: CreditCode, item: ItemCode) -> Refused | None:
    body = implementing_body_of(item)
    if body is None or body == authority:
        return None
    return Refused(
        RefusalCode.OTHER_BODY,
        f"事项编码 {item} 的实施主体是 {body}，不是 {authority}",
        f"item code {item} names {body} as the implementing body, not {authority}",
    )
