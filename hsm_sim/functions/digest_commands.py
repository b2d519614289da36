"""Commands for digests and keyed digests of data in parts."""

from dataclasses import dataclass
from typing import Annotated

from hsm_sim.commands import U32, U64, Command, Done, Request
from hsm_sim.encoding import Fixed, Octets, Optional
from hsm_sim.functions.cipher_commands import MAX_DATA
from hsm_sim.functions.key_commands import MAX_USER_ID


@dataclass(frozen=True, slots=True)
class DigestValue:
    """32 octets."""

    digest: Annotated[bytes, Fixed(32)]


@dataclass(frozen=True, slots=True)
class HashInit(Request[Done]):
    """SDF_HashInit: plain SM3, or with Z of a public key and an identity before the data; drops an earlier one."""

    algorithm: Annotated[int, U32]
    public_key: Annotated[bytes | None, Optional(Fixed(65))]
    user_id: Annotated[bytes, Octets(MAX_USER_ID)]
    command = Command.HASH_INIT
    reply = Done


@dataclass(frozen=True, slots=True)
class HashUpdate(Request[Done]):
    """SDF_HashUpdate."""

    data: Annotated[bytes, Octets(MAX_DATA)]
    command = Command.HASH_UPDATE
    reply = Done


@dataclass(frozen=True, slots=True)
class HashFinal(Request[DigestValue]):
    """SDF_HashFinal."""

    command = Command.HASH_FINAL
    reply = DigestValue


@dataclass(frozen=True, slots=True)
class HmacInit(Request[Done]):
    """SDF_HMACInit with a session key."""

    key: Annotated[int, U64]
    algorithm: Annotated[int, U32]
    command = Command.HMAC_INIT
    reply = Done


@dataclass(frozen=True, slots=True)
class HmacUpdate(Request[Done]):
    """SDF_HMACUpdate."""

    data: Annotated[bytes, Octets(MAX_DATA)]
    command = Command.HMAC_UPDATE
    reply = Done


@dataclass(frozen=True, slots=True)
class HmacFinal(Request[DigestValue]):
    """SDF_HMACFinal."""

    command = Command.HMAC_FINAL
    reply = DigestValue
