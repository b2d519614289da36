"""A key pair kept outside the device, as octets that only the device can open.

A device has some thousand indexes; a province has some hundred thousand seals. Their pairs are made inside, handed
out wrapped, kept by the caller in any database, and handed in again with each request.

```
header   everything but ``sealed``, in clear: it tells whose key this is and what it may do
sealed   nonce 12 ‖ SM4-GCM(scalar 32 ‖ verifier 32) ‖ tag 16, additional data: the header
key      first 16 octets of HMAC-SM3(secret of the wrapping key, purpose text ‖ usage ‖ key_id)
```

The key differs for each pair, and for signing and encryption pairs, so nonces cannot meet. One value has one
encoding (``hsm_sim.encoding``), so the header is authenticated as it stands, and a changed octet anywhere opens
nothing. The form is an own one: GM/T 0018 leaves to the vendor how keys are kept outside.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Annotated, Final

from formats.errors import MalformedDataError
from hsm_sim.encoding import Choice, Fixed, Nested, Octets, Optional, Text, Unsigned, decode, encode
from hsm_sim.model import MAX_LABEL, KeyUsage

FORM: Final = b"XWK\x01"
"""Magic and version; another layout gets another number."""
KEY_ID_LENGTH: Final = 16
WRAPPING_ID_LENGTH: Final = 8
SEALED_LENGTH: Final = 12 + 64 + 16
MAX_OWNER: Final = 128
MAX_WRAPPED: Final = 1024
"""Octets; the longest label and owner fit."""


class WrappedPurpose(IntEnum):
    """What a pair may be used for; fixed when it is made."""

    USE = 1
    """The signing pair signs, the encryption pair decrypts, inside the device. It never leaves it."""
    ESCROW = 2
    """An encryption pair kept for its owner: it leaves enveloped to a recipient's key and does nothing else."""


class ReleasePurpose(IntEnum):
    """Why an escrowed pair that was handed out goes to another recipient (GM/T 0034 12.4 and 12.5)."""

    OWNER = 1
    """The owner lost the key it was enveloped to; from now on it belongs to the new one."""
    JUDICIAL = 2
    """A court or authority is given it; the owner keeps it."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Whoever has the access right to a key index may use the pair.

    Attributes:
        index: The index.
        point: SM3 of the public key of its signing pair: another pair made at the index later guards nothing.
    """

    index: Annotated[int, Unsigned(4)]
    point: Annotated[bytes, Fixed(32)]


@dataclass(frozen=True, slots=True)
class OwnPassword:
    """Whoever knows the pair's own password may use it; what to compare with is sealed beside the scalar."""

    salt: Annotated[bytes, Fixed(16)]
    iterations: Annotated[int, Unsigned(4)]


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A wrapped pair; what stands in clear is believed only after ``sealed`` was opened.

    Attributes:
        form: ``FORM``.
        family: ``DEVICE_FAMILY`` of the device.
        wrapping_id: Of the wrapping key.
        key_id: Random; names the pair for ever, whatever wraps it.
        usage: Signing or encryption pair.
        algorithm: As of GM/T 0006.
        purpose: What it may be used for.
        public_key: 04 ‖ X ‖ Y.
        label: For people.
        owner: The caller's reference to whom it belongs.
        created: Microseconds since 1970-01-01 UTC.
        not_after: The device refuses to use it later than this, same unit; None for no end.
        guard: Access by the right to an index, or
        password: by a password of its own: one of the two.
        sealed: Scalar and verifier, wrapped.
    """

    form: Annotated[bytes, Fixed(4)]
    family: Annotated[str, Text(32)]
    wrapping_id: Annotated[bytes, Fixed(WRAPPING_ID_LENGTH)]
    key_id: Annotated[bytes, Fixed(KEY_ID_LENGTH)]
    usage: Annotated[KeyUsage, Choice(KeyUsage)]
    algorithm: Annotated[int, Unsigned(4)]
    purpose: Annotated[WrappedPurpose, Choice(WrappedPurpose)]
    public_key: Annotated[bytes, Fixed(65)]
    label: Annotated[str, Text(MAX_LABEL)]
    owner: Annotated[str, Text(MAX_OWNER)]
    created: Annotated[int, Unsigned(8)]
    not_after: Annotated[int | None, Optional(Unsigned(8))]
    guard: Annotated[Guard | None, Optional(Nested(Guard))]
    password: Annotated[OwnPassword | None, Optional(Nested(OwnPassword))]
    sealed: Annotated[bytes, Fixed(SEALED_LENGTH)] = field(repr=False)

    def __post_init__(self) -> None:
        if self.form != FORM:
            raise ValueError("not a wrapped key of version 1")
        if self.algorithm != self.usage.algorithm:
            raise ValueError("algorithm and usage contradict each other")
        if self.purpose is WrappedPurpose.ESCROW and self.usage is not KeyUsage.ENCRYPT:
            raise ValueError("signing keys are not escrowed")
        if (self.guard is None) == (self.password is None):
            raise ValueError("access is by a guard or by a password")

    def header(self) -> bytes:
        """Encode what is authenticated and not encrypted."""
        return encode(self)[:-SEALED_LENGTH]


Wrapped: Final = Octets(MAX_WRAPPED)
"""How a wrapped key travels in requests and replies: its octets are judged by the device, not by the frame."""


def read_wrapped_key(octets: bytes) -> WrappedKey:
    """Read a wrapped key without opening it; nothing in it is to be trusted yet.

    Raises:
        MalformedDataError: The octets are not exactly one wrapped key.
    """
    if len(octets) > MAX_WRAPPED:
        raise MalformedDataError(f"{len(octets)} octets, at most {MAX_WRAPPED}", what="wrapped key")
    return decode(WrappedKey, octets, what="wrapped key")
