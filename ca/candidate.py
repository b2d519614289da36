"""What pre-issue rules judge, and what a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ca.authority import Issuer
from ca.errors import LintFinding
from ca.profile import Profile
from formats.gbt20518 import Certificate


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is judged.

    Attributes:
        certificate: The content to be signed, read back (with a placeholder for the signature).
        profile: The profile it was made for.
        issuer: Who is to sign it.
        now: The moment of issue.
    """

    certificate: Certificate
    profile: Profile
    issuer: Issuer
    now: datetime


Rule = Callable[[Candidate], Iterator[LintFinding]]
