"""What the catalogue raises.

```
CatalogueError
├── RefusedError           no right to issue; code and message say why
└── NotInCatalogueError    no such authority, licence type or item
```
"""


class CatalogueError(Exception):
    """The base of the catalogue's own errors."""


class RefusedError(CatalogueError):
    """The authority may not issue this licence under this item at that moment.

    Args:
        code: Stable code, a ``model.RefusalCode``.
        message_zh: For users.
        message_en: The same in English.
    """

    def __init__(self, code: str, message_zh: str, message_en: str) -> None:
        self.code = code
        self.message_zh = message_zh
        self.message_en = message_en
        super().__init__(message_en)


class NotInCatalogueError(CatalogueError):
    """The catalogue has no entry of this code."""
