"""Use cases of the catalogue."""

from datetime import datetime
from typing import TypeVar

from catalogue.errors import NotInCatalogueError, RefusedError
from catalogue.model import Authority, Decision, IssuingRight, LicenceTypeEntry, Refused, ServiceItem
from catalogue.ports import CatalogueSource
from formats.gb32100 import CreditCode
from formats.gbt2260 import DivisionCode
from formats.gbt36904 import LicenceTypeCode
from formats.gbt39554 import ItemCode, basic_code_of

Entry = TypeVar("Entry", Authority, LicenceTypeEntry, ServiceItem)


class CatalogueService:
    """Answers questions from the current version of the catalogue.

    Args:
        source: Where the catalogue comes from.
    """

    def __init__(self, source: CatalogueSource) -> None:
        self._source = source

    @property
    def version(self) -> str:
        """Version of the catalogue that answers now; belongs into the record of what was decided by it."""
        return self._source.current().version

    def may_issue(
        self,
        authority: CreditCode,
        licence_type: LicenceTypeCode,
        item: ItemCode,
        at: datetime,
        *,
        area: DivisionCode | None = None,
    ) -> Decision:
        """Whether an authority may issue; see ``model.Catalogue.may_issue``."""
        return self._source.current().may_issue(authority, licence_type, item, at, area=area)

    def require_right(
        self,
        authority: CreditCode,
        licence_type: LicenceTypeCode,
        item: ItemCode,
        at: datetime,
        *,
        area: DivisionCode | None = None,
    ) -> IssuingRight:
        """The right to issue.

        Raises:
            RefusedError: There is none; code and message say why.
        """
        decision = self.may_issue(authority, licence_type, item, at, area=area)
        if isinstance(decision, Refused):
            raise RefusedError(decision.code, decision.message_zh, decision.message_en)
        return decision.right

    def authority(self, code: CreditCode) -> Authority:
        """An authority; raises ``NotInCatalogueError`` if there is none of this code."""
        return _found(self._source.current().authorities.get(code), f"authority {code}")

    def licence_type(self, code: LicenceTypeCode) -> LicenceTypeEntry:
        """A licence type; raises ``NotInCatalogueError`` if there is none of this code."""
        return _found(self._source.current().licence_types.get(code), f"licence type {code}")

    def item(self, code: ItemCode) -> ServiceItem:
        """The item of a code of any kind; raises ``NotInCatalogueError`` if there is none."""
        basic = basic_code_of(code)
        return _found(self._source.current().items.get(basic), f"item {basic}")


def _found(entry: Entry | None, named: str) -> Entry:
    if entry is None:
        raise NotInCatalogueError(f"the catalogue has no {named}")
    return entry
