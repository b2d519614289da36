"""Every byte layout the house speaks, named after its standard: bytes to typed values and back.

Readers are tolerant where real documents force them to be, and name each tolerance they used; writers are
strict. Nothing in this package decides whether a document is to be trusted.
"""

from formats.errors import LimitExceededError, MalformedDataError
from formats.tolerances import Tolerance

__all__ = ["LimitExceededError", "MalformedDataError", "Tolerance"]
