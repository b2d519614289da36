"""Commands with public keys, and what the device says of itself."""

from dataclasses import dataclass
from typing import Annotated, Final

from hsm_sim.commands import U32, Command, Done, OctetsReply, Request
from hsm_sim.encoding import Fixed, Octets, Text
from hsm_sim.model import DIGEST_LENGTH, SERIAL_LENGTH

MAX_PLAINTEXT: Final = 32 * 1024
_POINT: Final = Fixed(65)
_PLAINTEXT: Final = Octets(MAX_PLAINTEXT)


@dataclass(frozen=True, slots=True)
class ExternalVerify(Request[Done]):
    """SDF_ExternalVerify_ECC; SDR_VERIFYERR says the signature is wrong."""

    algorithm: Annotated[int, U32]
    public_key: Annotated[bytes, _POINT]
    digest: Annotated[bytes, Octets(DIGEST_LENGTH)]
    signature: Annotated[bytes, Octets(72)]
    command = Command.EXTERNAL_VERIFY
    reply = Done
    repeatable = True


@dataclass(frozen=True, slots=True)
class ExternalEncrypt(Request[OctetsReply]):
    """SDF_ExternalEncrypt_ECC; DER SM2Cipher."""

    algorithm: Annotated[int, U32]
    public_key: Annotated[bytes, _POINT]
    plaintext: Annotated[bytes, _PLAINTEXT]
    command = Command.EXTERNAL_ENCRYPT
    reply = OctetsReply
    repeatable = True


@dataclass(frozen=True, slots=True)
class InternalEncrypt(Request[OctetsReply]):
    """Extension: encrypt under the encryption pair's public key at an index; DER SM2Cipher."""

    index: Annotated[int, U32]
    plaintext: Annotated[bytes, _PLAINTEXT]
    command = Command.INTERNAL_ENCRYPT
    reply = OctetsReply
    repeatable = True


@dataclass(frozen=True, slots=True)
class DeviceDescription:
    """DEVICEINFO of GM/T 0018."""

    issuer: Annotated[str, Text(40)]
    device_name: Annotated[str, Text(16)]
    serial: Annotated[str, Text(SERIAL_LENGTH)]
    device_version: Annotated[int, U32]
    standard_version: Annotated[int, U32]
    asymmetric_algorithms: Annotated[int, U32]
    asymmetric_bits: Annotated[int, U32]
    symmetric_algorithms: Annotated[int, U32]
    hash_algorithms: Annotated[int, U32]
    file_octets: Annotated[int, U32]


@dataclass(frozen=True, slots=True)
class DescribeDevice(Request[DeviceDescription]):
    """The fixed part of SDF_GetDeviceInfo; answered in every state but error."""

    command = Command.DESCRIBE_DEVICE
    reply = DeviceDescription
    repeatable = True
