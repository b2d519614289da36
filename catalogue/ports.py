"""What the catalogue needs of the outside, as protocols."""

from typing import Protocol

from catalogue.model import Catalogue


class CatalogueSource(Protocol):
    """Hands out the version of the catalogue that counts now."""

    def current(self) -> Catalogue:
        """The current version.

        Raises:
            formats.MalformedDataError: There is none that can be read.
        """
