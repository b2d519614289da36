"""Service items, licence types, and which authority may issue which licence under which item.

The catalogue is a versioned data file. A question is put with a moment, so that a licence of years ago is judged
by what was right then.
"""

from catalogue.errors import CatalogueError, NotInCatalogueError, RefusedError
from catalogue.files import CatalogueFile
from catalogue.loading import read_catalogue
from catalogue.model import (
    Authority,
    Catalogue,
    Decision,
    IssuingRight,
    LicenceTypeEntry,
    Period,
    Permitted,
    RefusalCode,
    Refused,
    ServiceItem,
)
from catalogue.service import CatalogueService

__all__ = [
    "Authority",
    "Catalogue",
    "CatalogueError",
    "CatalogueFile",
    "CatalogueService",
    "Decision",
    "IssuingRight",
    "LicenceTypeEntry",
    "NotInCatalogueError",
    "Period",
    "Permitted",
    "RefusalCode",
    "Refused",
    "RefusedError",
    "ServiceItem",
    "read_catalogue",
]
