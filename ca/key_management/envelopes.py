"""Looking at what the device gave before it goes on: as far as that goes without the recipient's key."""

from __future__ import annotations

from ca.key_management.errors import UnsoundEnvelopeError
from crypto import PublicKey
from formats.errors import MalformedDataError
from formats.gbt35276 import read_enveloped_key


def check_envelope(enveloped: bytes, public_key: PublicKey) -> None:
    """Refuse an answer of the device that is no envelope of the pair.

    Raises:
        UnsoundEnvelopeError: It is none.
    """
    try:
        sound = read_enveloped_key(enveloped).public_key == public_key
    except MalformedDataError as exc:
        raise UnsoundEnvelopeError("the device answered with no envelope") from exc
    if not sound:
        raise UnsoundEnvelopeError("the device answered with an envelope of another pair")
