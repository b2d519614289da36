"""What the status service raises; the base is ``ca.errors.CaError``."""

from ca.errors import CaError


class ResponderUnfitError(CaError):
    """The responder's certificate is not valid now, or not the issuer's word; nothing is signed with it."""
