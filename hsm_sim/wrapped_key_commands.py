"""Commands for pairs that are kept outside, see ``hsm_sim.wrapped_key``: extensions to GM/T 0018 throughout.

Numbers 0x70 to 0x7F are management and want an officer; 0x200 to 0x21F are for applications.
"""

from dataclasses import dataclass, field
from typing import Annotated, Final

from hsm_sim.commands import (
    U8,
    U32,
    U64,
    Command,
    Done,
    OctetsReply,
    Request,
    Signature,
    Signatures,
)
from hsm_sim.encoding import Choice, Fixed, ListOf, Nested, Octets, Optional, Text
from hsm_sim.model import DIGEST_LENGTH, MAX_BATCH, MAX_CIPHERTEXT, MAX_LABEL, MAX_NAME, KeyUsage
from hsm_sim.wrapped_key import (
    KEY_ID_LENGTH,
    MAX_OWNER,
    WRAPPING_ID_LENGTH,
    ReleasePurpose,
    Wrapped,
    WrappedPurpose,
)

MAX_MADE: Final = 256
"""Pairs made, wrapped anew or revoked in one request."""
MAX_RELEASES: Final = 256
RELEASE_SECONDS: Final = range(60, 7 * 86_400 + 1)
"""How long a release may live, from its request to its last delivery."""
_PASSWORD: Final = Octets(64)
_POINT: Final = Fixed(65)
_KEY_ID: Final = Fixed(KEY_ID_LENGTH)
_DIGESTS: Final = Octets(MAX_BATCH * DIGEST_LENGTH)


@dataclass(frozen=True, slots=True)
class WrappingKeyInfo:
    """What is public about one wrapping key."""

    number: Annotated[int, U32]
    wrapping_id: Annotated[bytes, Fixed(WRAPPING_ID_LENGTH)]
    created: Annotated[int, U64]
    """Microseconds since 1970-01-01 UTC."""
    made: Annotated[int, U64]
    """Pairs wrapped under it."""
    uses: Annotated[int, U64]
    """Uses of all of them together."""


@dataclass(frozen=True, slots=True)
class WrappingKeyList:
    """The wrapping keys of the device, the oldest first; the last one wraps."""

    keys: Annotated[tuple[WrappingKeyInfo, ...], ListOf(Nested(WrappingKeyInfo), 64)]


@dataclass(frozen=True, slots=True)
class WrappedKeys:
    """Wrapped pairs, in the order they were asked for."""

    keys: Annotated[tuple[bytes, ...], ListOf(Wrapped, MAX_MADE)]


@dataclass(frozen=True, slots=True)
class WrappedKeyInfo:
    """What the device says of a wrapped pair after opening it."""

    key_id: Annotated[bytes, _KEY_ID]
    usage: Annotated[KeyUsage, Choice(KeyUsage)]
    purpose: Annotated[WrappedPurpose, Choice(WrappedPurpose)]
    public_key: Annotated[bytes, _POINT]
    label: Annotated[str, Text(MAX_LABEL)]
    owner: Annotated[str, Text(MAX_OWNER)]
    created: Annotated[int, U64]
    not_after: Annotated[int | None, Optional(U64)]
    wrapping_number: Annotated[int, U32]
    revoked: Annotated[int, U8]
    """1 if it may not be used any more, else 0."""
    password_tries_left: Annotated[int | None, Optional(U8)]
    """None where a guard gives access."""


@dataclass(frozen=True, slots=True)
class LoadedKey:
    """A handle of this session; it ends with the session, or when many others were loaded after it."""

    handle: Annotated[int, U32]
    public_key: Annotated[bytes, _POINT]


@dataclass(frozen=True, slots=True)
class ReleaseInfo:
    """A release that is waiting for the second officer, or approved."""

    release_id: Annotated[bytes, Fixed(16)]
    purpose: Annotated[ReleasePurpose, Choice(ReleasePurpose)]
    key_id: Annotated[bytes, _KEY_ID]
    recipient: Annotated[bytes, _POINT]
    grounds: Annotated[bytes, Fixed(32)]
    requested_by: Annotated[str, Text(MAX_NAME)]
    requested: Annotated[int, U64]
    expires: Annotated[int, U64]
    approved_by: Annotated[str | None, Optional(Text(MAX_NAME))]
    deliveries: Annotated[int, U32]


@dataclass(frozen=True, slots=True)
class ReleaseList:
    """Every release that has not expired."""

    releases: Annotated[tuple[ReleaseInfo, ...], ListOf(Nested(ReleaseInfo), MAX_RELEASES)]


# Management


@dataclass(frozen=True, slots=True)
class EnableWrapping(Request[WrappingKeyInfo]):
    """Make a wrapping key, which wraps from now on. Not repeatable: a second call makes another."""

    command = Command.ENABLE_WRAPPING
    reply = WrappingKeyInfo


@dataclass(frozen=True, slots=True)
class ListWrappingKeys(Request[WrappingKeyList]):
    """Show the wrapping keys."""

    command = Command.LIST_WRAPPING_KEYS
    reply = WrappingKeyList
    repeatable = True


@dataclass(frozen=True, slots=True)
class RetireWrapping(Request[Done]):
    """Destroy an old wrapping key, and with it every pair that was not wrapped anew."""

    number: Annotated[int, U32]
    command = Command.RETIRE_WRAPPING
    reply = Done


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """One pair to be made."""

    label: Annotated[str, Text(MAX_LABEL)]
    owner: Annotated[str, Text(MAX_OWNER)]


@dataclass(frozen=True, slots=True)
class MakeWrappedKeys(Request[WrappedKeys]):
    """Make pairs and hand them out wrapped; the device keeps nothing of them but one line in its log.

    ``guard`` names an index with a signing pair, or is absent and ``password`` is the pairs' own.
    """

    usage: Annotated[KeyUsage, Choice(KeyUsage)]
    purpose: Annotated[WrappedPurpose, Choice(WrappedPurpose)]
    orders: Annotated[tuple[KeyOrder, ...], ListOf(Nested(KeyOrder), MAX_MADE)]
    not_after: Annotated[int | None, Optional(U64)]
    guard: Annotated[int | None, Optional(U32)]
    password: Annotated[bytes, _PASSWORD] = field(repr=False)
    command = Command.MAKE_WRAPPED_KEYS
    reply = WrappedKeys


@dataclass(frozen=True, slots=True)
class RewrapKeys(Request[WrappedKeys]):
    """Wrap pairs anew under the newest wrapping key; what they are and may do stays."""

    keys: Annotated[tuple[bytes, ...], ListOf(Wrapped, MAX_MADE)]
    command = Command.REWRAP_KEYS
    reply = WrappedKeys
    repeatable = True


@dataclass(frozen=True, slots=True)
class RevokeWrappedKeys(Request[Done]):
    """Never use these pairs again, whoever brings them. Doing it twice changes nothing."""

    key_ids: Annotated[tuple[bytes, ...], ListOf(_KEY_ID, MAX_MADE)]
    command = Command.REVOKE_WRAPPED_KEYS
    reply = Done
    repeatable = True


@dataclass(frozen=True, slots=True)
class UnlockWrappedKey(Request[Done]):
    """Give a pair's password all its tries back."""

    key_id: Annotated[bytes, _KEY_ID]
    command = Command.UNLOCK_WRAPPED_KEY
    reply = Done


@dataclass(frozen=True, slots=True)
class RequestRelease(Request[ReleaseInfo]):
    """Ask that an escrowed pair that was handed out go to another recipient; another officer must approve.

    Asking again with the same identifier and content changes nothing.
    """

    release_id: Annotated[bytes, Fixed(16)]
    purpose: Annotated[ReleasePurpose, Choice(ReleasePurpose)]
    wrapped: Annotated[bytes, Wrapped] = field(repr=False)
    recipient: Annotated[bytes, _POINT]
    grounds: Annotated[bytes, Fixed(32)]
    """SM3 of reason and case as they are on record outside."""
    seconds: Annotated[int, U32]
    """How long it lives."""
    command = Command.REQUEST_RELEASE
    reply = ReleaseInfo
    repeatable = True

    def __post_init__(self) -> None:
        if self.seconds not in RELEASE_SECONDS:
            raise ValueError("a release lives 60 seconds to 7 days")


@dataclass(frozen=True, slots=True)
class ApproveRelease(Request[ReleaseInfo]):
    """Approve, as another officer than the one who asked; what is approved is said again."""

    release_id: Annotated[bytes, Fixed(16)]
    key_id: Annotated[bytes, _KEY_ID]
    recipient: Annotated[bytes, _POINT]
    grounds: Annotated[bytes, Fixed(32)]
    command = Command.APPROVE_RELEASE
    reply = ReleaseInfo
    repeatable = True


@dataclass(frozen=True, slots=True)
class WithdrawRelease(Request[Done]):
    """Take a release back, as any officer."""

    release_id: Annotated[bytes, Fixed(16)]
    command = Command.WITHDRAW_RELEASE
    reply = Done


@dataclass(frozen=True, slots=True)
class ListReleases(Request[ReleaseList]):
    """Show the releases that have not expired."""

    command = Command.LIST_RELEASES
    reply = ReleaseList
    repeatable = True


# Applications


@dataclass(frozen=True, slots=True)
class GetWrappedRight(Request[Done]):
    """Get the right to a pair with its own password; not repeatable, since every try counts."""

    wrapped: Annotated[bytes, Wrapped] = field(repr=False)
    password: Annotated[bytes, _PASSWORD] = field(repr=False)
    command = Command.GET_WRAPPED_RIGHT
    reply = Done


@dataclass(frozen=True, slots=True)
class LoadWrapped(Request[LoadedKey]):
    """Open a wrapped pair and name it by a handle from now on."""

    wrapped: Annotated[bytes, Wrapped] = field(repr=False)
    command = Command.LOAD_WRAPPED
    reply = LoadedKey
    repeatable = True


@dataclass(frozen=True, slots=True)
class UnloadWrapped(Request[Done]):
    """Give a handle back."""

    handle: Annotated[int, U32]
    command = Command.UNLOAD_WRAPPED
    reply = Done


@dataclass(frozen=True, slots=True)
class WrappedSign(Request[Signature]):
    """Sign e = SM3(Z ‖ M), 32 octets, with a pair handed in."""

    wrapped: Annotated[bytes, Wrapped] = field(repr=False)
    digest: Annotated[bytes, Octets(DIGEST_LENGTH)]
    command = Command.WRAPPED_SIGN
    reply = Signature
    repeatable = True


@dataclass(frozen=True, slots=True)
class WrappedSignBatch(Request[Signatures]):
    """Sign up to MAX_BATCH digests with a pair handed in, all or none."""

    wrapped: Annotated[bytes, Wrapped] = field(repr=False)
    digests: Annotated[bytes, _DIGESTS]
    command = Command.WRAPPED_SIGN_BATCH
    reply = Signatures
    repeatable = True


@dataclass(frozen=True, slots=True)
class LoadedSign(Request[Signature]):
    """Sign with a loaded pair. A handle belongs to its session, so nothing is sent again on another."""

    handle: Annotated[int, U32]
    digest: Annotated[bytes, Octets(DIGEST_LENGTH)]
    command = Command.LOADED_SIGN
    reply = Signature


@dataclass(frozen=True, slots=True)
class LoadedSignBatch(Request[Signatures]):
    """Sign up to MAX_BATCH digests with a loaded pair, all or none."""

    handle: Annotated[int, U32]
    digests: Annotated[bytes, _DIGESTS]
    command = Command.LOADED_SIGN_BATCH
    reply = Signatures


@dataclass(frozen=True, slots=True)
class WrappedDecrypt(Request[OctetsReply]):
    """Open a DER SM2Cipher with an encryption pair handed in."""

    wrapped: Annotated[bytes, Wrapped] = field(repr=False)
    ciphertext: Annotated[bytes, Octets(MAX_CIPHERTEXT)]
    command = Command.WRAPPED_DECRYPT
    reply = OctetsReply
    repeatable = True


@dataclass(frozen=True, slots=True)
class WrappedInfo(Request[WrappedKeyInfo]):
    """Ask whether this device opens a wrapped pair, and what it says of it; needs no right."""

    wrapped: Annotated[bytes, Wrapped] = field(repr=False)
    command = Command.WRAPPED_INFO
    reply = WrappedKeyInfo
    repeatable = True


@dataclass(frozen=True, slots=True)
class EnvelopeWrapped(Request[OctetsReply]):
    """Envelope an escrowed pair to a public key: DER SM2EnvelopedKey (GB/T 35276).

    The first recipient of a pair is remembered and may be served again; another one takes a release.
    """

    wrapped: Annotated[bytes, Wrapped] = field(repr=False)
    recipient: Annotated[bytes, _POINT]
    command = Command.ENVELOPE_WRAPPED
    reply = OctetsReply
    repeatable = True
