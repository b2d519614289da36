"""What the registration desk raises besides the authority's own errors (``ca.errors``).

Every refusal is a ``ca.errors.RefusedError`` with a code that begins with ``registration.``; codes that begin with
``ca.`` come from the authority and pass through.
"""

from __future__ import annotations

from ca.errors import CaError, RefusedError


class ApplicationNotFoundError(CaError):
    """The desk has no such application."""


class IllegalStepError(RefusedError):
    """The application's state allows no such step."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"an application that is {state} allows no {event}", code="registration.illegal-step")


class KeyProvisionError(CaError):
    """The key management part gave what is no encryption key for the certificate; nothing was certified."""
