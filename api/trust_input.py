"""Trust lists from files, with the issuer pinned or not."""

import argparse
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from api.certificate_input import read_anchor
from api.failures import CommandError, reading
from api.files import MAX_LIST, read_file
from api.output import shown

if TYPE_CHECKING:
    from formats.gbt20518 import Certificate
    from verifier.trust_list import TrustList

TRUST_ROOT_VARIABLE: Final = "XINYIN_TRUST_ROOT"


@dataclass(frozen=True, slots=True)
class GivenTrust:
    """A trust list and the certificate that signed it.

    Attributes:
        trust: The list.
        signer: Who signed it.
        data: Its file.
        anchor: What its issuer was pinned to; None if not pinned.
    """

    trust: "TrustList"
    signer: "Certificate"
    data: bytes
    anchor: "Certificate | None"


def trust_of(arguments: argparse.Namespace, *, at: datetime) -> GivenTrust | None:
    """The trust list that ``--trust`` and ``--trust-root`` name; None without one.

    Raises:
        CommandError: A file cannot be read, the list may not be used, or an anchor is named without a list.
    """
    if arguments.trust_root and not arguments.trust:
        raise CommandError("errors.trust_root_without_list")
    return read_trust_list(arguments.trust, root=arguments.trust_root, at=at) if arguments.trust else None


def read_trust_list(path: str, *, root: str | None, at: datetime) -> GivenTrust:
    """Read a trust list.

    Args:
        path: Of the list.
        root: Of the certificate its issuer is pinned to; None for that of XINYIN_TRUST_ROOT, if set.
        at: When the issuer's certificate must be in force.

    Raises:
        CommandError: A file cannot be read, or the list may not be used.
    """
    from verifier.errors import TrustListRefusedError
    from verifier.trust_list import TrustList
    from verifier.trust_list_envelope import read_envelope

    pinned = root or os.environ.get(TRUST_ROOT_VARIABLE)
    anchor = read_anchor(pinned) if pinned else None
    data = read_file(path, most=MAX_LIST)
    try:
        with reading(shown(path), "trust_list"):
            trust = TrustList.read(data, at=at, anchor=anchor)
            return GivenTrust(trust, read_envelope(data).certificates[0], data, anchor)
    except TrustListRefusedError as error:
        raise CommandError("errors.trust_list_refused", file=shown(path), detail=error) from error
