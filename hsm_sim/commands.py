"""The commands of the protocol: number, request and reply of each.

Numbers below 0x40 are for applications, those from 0x40 to 0x7F are management and want an officer logged in to
the session (but for INITIALISE and OFFICER_LOGIN themselves). Those from 0x100 on are the other functions of
GM/T 0018, see ``hsm_sim.functions``; of them only making and destroying KEKs is management. Those from 0x200 on
use pairs that are kept outside, see ``hsm_sim.wrapped_key_commands``. Names follow the functions of the standard;
INTERNAL_SIGN_BATCH, INTERNAL_ENCRYPT, INTERNAL_DECRYPT and all about pairs kept outside are extensions, and the
standard leaves management to the vendor altogether.

A request class names its command, its reply, and whether a client may send it a second time when the
connection broke before the reply came.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Annotated, ClassVar, Final, Generic, TypeVar

from hsm_sim.encoding import Choice, Fixed, ListOf, Nested, Octets, Optional, Text, Unsigned
from hsm_sim.key_states import KeyState
from hsm_sim.model import (
    DIGEST_LENGTH,
    MAX_BATCH,
    MAX_CIPHERTEXT,
    MAX_LABEL,
    MAX_NAME,
    MAX_RANDOM,
    SERIAL_LENGTH,
    DeviceState,
    KeyUsage,
)


class Command(IntEnum):
    """Numbers on the wire; never given a second meaning."""

    OPEN_SESSION = 0x01
    CLOSE_SESSION = 0x02
    GET_DEVICE_INFO = 0x03
    GENERATE_RANDOM = 0x04
    GET_ACCESS_RIGHT = 0x05
    RELEASE_ACCESS_RIGHT = 0x06
    EXPORT_PUBLIC_KEY = 0x10
    LIST_KEYS = 0x11
    INTERNAL_SIGN = 0x20
    INTERNAL_SIGN_BATCH = 0x21
    INTERNAL_VERIFY = 0x22
    INTERNAL_DECRYPT = 0x23
    CHANGE_PASSWORD = 0x24
    INITIALISE = 0x40
    OFFICER_LOGIN = 0x41
    OFFICER_LOGOUT = 0x42
    ADD_OFFICER = 0x43
    REMOVE_OFFICER = 0x44
    CHANGE_OFFICER_SECRET = 0x45
    UNLOCK_OFFICER = 0x46
    PROPOSE_ACT = 0x47
    CONFIRM_ACT = 0x48
    WITHDRAW_ACT = 0x49
    LIST_ACTS = 0x4A
    CHANGE_POLICY = 0x4B
    LIST_OFFICERS = 0x4C
    SPLIT_MASTER = 0x4D
    PRESENT_SHARE = 0x4E
    CHECK_SHARES = 0x4F
    GENERATE_KEY_PAIR = 0x50
    DESTROY_KEYS = 0x51
    SET_LABEL = 0x52
    RESET_PASSWORD = 0x53
    ACTIVATE_KEY = 0x54
    SUSPEND_KEY = 0x55
    RESUME_KEY = 0x56
    DEACTIVATE_KEY = 0x57
    REPORT_COMPROMISE = 0x58
    READ_KEY_HISTORY = 0x59
    GET_CUSTODY_INFO = 0x5A
    READ_AUDIT = 0x60
    SELF_TEST = 0x61
    ENABLE_WRAPPING = 0x70
    LIST_WRAPPING_KEYS = 0x71
    RETIRE_WRAPPING = 0x72
    MAKE_WRAPPED_KEYS = 0x73
    REWRAP_KEYS = 0x74
    REVOKE_WRAPPED_KEYS = 0x75
    UNLOCK_WRAPPED_KEY = 0x76
    REQUEST_RELEASE = 0x77
    APPROVE_RELEASE = 0x78
    WITHDRAW_RELEASE = 0x79
    LIST_RELEASES = 0x7A
    GET_WRAPPED_RIGHT = 0x200
    LOAD_WRAPPED = 0x201
    UNLOAD_WRAPPED = 0x202
    WRAPPED_SIGN = 0x203
    WRAPPED_SIGN_BATCH = 0x204
    LOADED_SIGN = 0x205
    LOADED_SIGN_BATCH = 0x206
    WRAPPED_DECRYPT = 0x207
    WRAPPED_INFO = 0x208
    ENVELOPE_WRAPPED = 0x209
    MAKE_BACKUP = 0x62
    READ_BACKUP = 0x63
    LOAD_BACKUP = 0x64
    VERIFY_BACKUP = 0x65
    RESTORE_DEVICE = 0x66
    ZEROISE = 0x67
    OPEN_LID = 0x68
    SIGN_LOG = 0x69
    SIGN_STATEMENT = 0x6A
    ARM_FAULT = 0x300
    LIST_FAULTS = 0x301
    CLEAR_FAULTS = 0x302
    GENERATE_KEY_WITH_IPK = 0x100
    GENERATE_KEY_WITH_EPK = 0x101
    GENERATE_KEY_WITH_KEK = 0x102
    IMPORT_KEY_WITH_ISK = 0x103
    IMPORT_KEY_WITH_KEK = 0x104
    DESTROY_KEY = 0x105
    GENERATE_AGREEMENT_DATA = 0x106
    GENERATE_KEY_WITH_AGREEMENT = 0x107
    GENERATE_AGREEMENT_DATA_AND_KEY = 0x108
    EXCHANGE_DIGIT_ENVELOPE = 0x109
    ENCRYPT = 0x120
    DECRYPT = 0x121
    CALCULATE_MAC = 0x122
    AUTH_ENCRYPT = 0x123
    AUTH_DECRYPT = 0x124
    OPERATION_INIT = 0x128
    OPERATION_UPDATE = 0x129
    OPERATION_FINAL = 0x12A
    HASH_INIT = 0x140
    HASH_UPDATE = 0x141
    HASH_FINAL = 0x142
    HMAC_INIT = 0x143
    HMAC_UPDATE = 0x144
    HMAC_FINAL = 0x145
    CREATE_FILE = 0x150
    READ_FILE = 0x151
    WRITE_FILE = 0x152
    DELETE_FILE = 0x153
    EXTERNAL_VERIFY = 0x160
    EXTERNAL_ENCRYPT = 0x161
    INTERNAL_ENCRYPT = 0x162
    DESCRIBE_DEVICE = 0x163
    GENERATE_KEK = 0x170
    DESTROY_KEK = 0x171
    LIST_KEKS = 0x172


R = TypeVar("R")
U8 = Unsigned(1)
U32 = Unsigned(4)
U64 = Unsigned(8)
_PASSWORD: Final = Octets(64)
_NAME: Final = Text(MAX_NAME)
_LABEL: Final = Text(MAX_LABEL)
_DER_SIGNATURE: Final = Octets(72)
_POINT: Final = Fixed(65)
_USAGE: Final = Choice(KeyUsage)
MAX_AUDIT_PAGE: Final = 256
MAX_KEY_PAGE: Final = 512
MAX_OFFICERS: Final = 16
MAX_AUDIT_ENTRY: Final = 1024


class Request(Generic[R]):
    """What a client asks; ``R`` is the class of the reply."""

    __slots__ = ()
    command: ClassVar[Command]
    reply: ClassVar[type]
    repeatable: ClassVar[bool] = False
    """Doing it twice harms nothing: public operations, and signing (a second signature counts a second use)."""


@dataclass(frozen=True, slots=True)
class Done:
    """A reply that says no more than SDR_OK."""


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """Limits of the device, so that a client need not guess."""

    session: Annotated[int, U32]
    max_batch: Annotated[int, U32]
    state: Annotated[DeviceState, Choice(DeviceState)]


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """State and identity of the device; before initialisation serial and key are absent."""

    state: Annotated[DeviceState, Choice(DeviceState)]
    serial: Annotated[str, Text(SERIAL_LENGTH)]
    device_public_key: Annotated[bytes | None, Optional(_POINT)]
    """04 ‖ X ‖ Y of the device's signing pair."""
    engine: Annotated[str, Text(256)]
    generation: Annotated[int, U64]
    """Grows with every change of the store; note it outside to notice an old copy, see docs."""
    audit_length: Annotated[int, U64]
    audit_head: Annotated[bytes, Fixed(32)]


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What is public about one pair."""

    index: Annotated[int, U32]
    usage: Annotated[KeyUsage, _USAGE]
    algorithm: Annotated[int, U32]
    public_key: Annotated[bytes, _POINT]
    label: Annotated[str, _LABEL]
    created: Annotated[int, U64]
    """Microseconds since 1970-01-01 UTC."""
    uses: Annotated[int, U64]
    use_limit: Annotated[int | None, Optional(U64)]
    password_tries_left: Annotated[int, U8]
    state: Annotated[KeyState, Choice(KeyState)]


@dataclass(frozen=True, slots=True)
class KeyList:
    """A page of keys, by index and usage."""

    keys: Annotated[tuple[KeyInfo, ...], ListOf(Nested(KeyInfo), MAX_KEY_PAGE)]


@dataclass(frozen=True, slots=True)
class OctetsReply:
    """Octets of which the request says what they are."""

    octets: Annotated[bytes, Octets(MAX_CIPHERTEXT)]


@dataclass(frozen=True, slots=True)
class Signature:
    """DER SEQUENCE {r, s}."""

    signature: Annotated[bytes, _DER_SIGNATURE]


@dataclass(frozen=True, slots=True)
class Signatures:
    """DER signatures in the order of the digests, joined as ``hsm_sim.batches`` tells."""

    joined: Annotated[bytes, Octets(MAX_BATCH * 73)]


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One audit entry as it is chained, with its link."""

    entry: Annotated[bytes, Octets(MAX_AUDIT_ENTRY)]
    digest: Annotated[bytes, Fixed(32)]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Consecutive audit entries."""

    lines: Annotated[tuple[AuditLine, ...], ListOf(Nested(AuditLine), MAX_AUDIT_PAGE)]


@dataclass(frozen=True, slots=True)
class OpenSession(Request[SessionOpened]):
    """Must be the first command on a connection; a connection is one session."""

    client: Annotated[str, _NAME]
    command = Command.OPEN_SESSION
    reply = SessionOpened


@dataclass(frozen=True, slots=True)
class CloseSession(Request[Done]):
    """End the session; its rights and its officer are gone."""

    command = Command.CLOSE_SESSION
    reply = Done


@dataclass(frozen=True, slots=True)
class GetDeviceInfo(Request[DeviceInfo]):
    """SDF_GetDeviceInfo; answered in every state."""

    command = Command.GET_DEVICE_INFO
    reply = DeviceInfo
    repeatable = True


@dataclass(frozen=True, slots=True)
class GenerateRandom(Request[OctetsReply]):
    """SDF_GenerateRandom."""

    length: Annotated[int, U32]
    command = Command.GENERATE_RANDOM
    reply = OctetsReply
    repeatable = True

    def __post_init__(self) -> None:
        if not 1 <= self.length <= MAX_RANDOM:
            raise ValueError(f"1 to {MAX_RANDOM} random octets at a time")


@dataclass(frozen=True, slots=True)
class GetAccessRight(Request[Done]):
    """SDF_GetPrivateKeyAccessRight; not repeatable, since every try counts."""

    index: Annotated[int, U32]
    password: Annotated[bytes, _PASSWORD] = field(repr=False)
    command = Command.GET_ACCESS_RIGHT
    reply = Done


@dataclass(frozen=True, slots=True)
class ReleaseAccessRight(Request[Done]):
    """SDF_ReleasePrivateKeyAccessRight."""

    index: Annotated[int, U32]
    command = Command.RELEASE_ACCESS_RIGHT
    reply = Done


@dataclass(frozen=True, slots=True)
class ExportPublicKey(Request[KeyInfo]):
    """SDF_ExportSignPublicKey_ECC and SDF_ExportEncPublicKey_ECC."""

    index: Annotated[int, U32]
    usage: Annotated[KeyUsage, _USAGE]
    command = Command.EXPORT_PUBLIC_KEY
    reply = KeyInfo
    repeatable = True


@dataclass(frozen=True, slots=True)
class ListKeys(Request[KeyList]):
    """User keys whose index is at least ``first_index``; a page ends between two indexes."""

    first_index: Annotated[int, U32]
    command = Command.LIST_KEYS
    reply = KeyList
    repeatable = True


@dataclass(frozen=True, slots=True)
class InternalSign(Request[Signature]):
    """SDF_InternalSign_ECC: sign e = SM3(Z || M), 32 octets."""

    index: Annotated[int, U32]
    digest: Annotated[bytes, Octets(DIGEST_LENGTH)]
    command = Command.INTERNAL_SIGN
    reply = Signature
    repeatable = True


@dataclass(frozen=True, slots=True)
class InternalSignBatch(Request[Signatures]):
    """Extension: sign up to MAX_BATCH digests, all or none."""

    index: Annotated[int, U32]
    digests: Annotated[bytes, Octets(MAX_BATCH * DIGEST_LENGTH)]
    command = Command.INTERNAL_SIGN_BATCH
    reply = Signatures
    repeatable = True


@dataclass(frozen=True, slots=True)
class InternalVerify(Request[Done]):
    """SDF_InternalVerify_ECC; SDR_VERIFYERR says the signature is wrong."""

    index: Annotated[int, U32]
    digest: Annotated[bytes, Octets(DIGEST_LENGTH)]
    signature: Annotated[bytes, _DER_SIGNATURE]
    command = Command.INTERNAL_VERIFY
    reply = Done
    repeatable = True


@dataclass(frozen=True, slots=True)
class InternalDecrypt(Request[OctetsReply]):
    """Extension (the standard only unwraps session keys): open a DER SM2Cipher with the encryption pair."""

    index: Annotated[int, U32]
    ciphertext: Annotated[bytes, Octets(MAX_CIPHERTEXT)]
    command = Command.INTERNAL_DECRYPT
    reply = OctetsReply
    repeatable = True


@dataclass(frozen=True, slots=True)
class ChangePassword(Request[Done]):
    """Give the index a new password; the old one is tried as in GET_ACCESS_RIGHT. All rights to it end."""

    index: Annotated[int, U32]
    password: Annotated[bytes, _PASSWORD] = field(repr=False)
    new_password: Annotated[bytes, _PASSWORD] = field(repr=False)
    command = Command.CHANGE_PASSWORD
    reply = Done
