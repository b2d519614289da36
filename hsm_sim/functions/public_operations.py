"""Public-key functions with keys from outside and inside, and what the device says of itself."""

from dataclasses import dataclass
from typing import Final

from crypto import CryptoError, InvalidSignatureError, PublicKey, encrypt, verify_digest
from hsm_sim.commands import Done, OctetsReply
from hsm_sim.device import Device
from hsm_sim.functions.public_commands import (
    DescribeDevice,
    DeviceDescription,
    ExternalEncrypt,
    ExternalVerify,
    InternalEncrypt,
)
from hsm_sim.functions.session_keys import outside_key
from hsm_sim.functions.settings import FunctionSettings
from hsm_sim.handlers import DONE, Handlers
from hsm_sim.model import DIGEST_LENGTH, KeyUsage
from hsm_sim.return_codes import InputArgumentError, PublicKeyOperationError, VerificationError
from hsm_sim.sessions import Session

ISSUER: Final = "Xinyin"
DEVICE_NAME: Final = "SIMULATOR"
"""Nobody shall take it for a real one."""
DEVICE_VERSION: Final = 1
STANDARD_VERSION: Final = 2023
"""The year of the edition; how the standard writes it was not at hand."""


@dataclass(frozen=True, slots=True)
class PublicOperations:
    """Functions that touch no private key."""

    device: Device
    settings: FunctionSettings

    def table(self) -> Handlers:
        """Request class and method of each command."""
        return {
            ExternalVerify: self._external_verify,
            ExternalEncrypt: self._external_encrypt,
            InternalEncrypt: self._internal_encrypt,
            DescribeDevice: self._describe,
        }

    def _external_verify(self, _session: Session, request: ExternalVerify) -> Done:
        self.device.ready()
        self.settings.algorithms.want(request.algorithm, self.settings.algorithms.sm2_sign)
        if len(request.digest) != DIGEST_LENGTH:
            raise InputArgumentError(f"a digest has 32 octets, not {len(request.digest)}")
        try:
            verify_digest(outside_key(request.public_key), request.digest, request.signature)
        except InvalidSignatureError:
            raise VerificationError from None
        return DONE

    def _external_encrypt(self, _session: Session, request: ExternalEncrypt) -> OctetsReply:
        self.device.ready()
        self.settings.algorithms.want(request.algorithm, self.settings.algorithms.sm2_encrypt)
        return _encrypted(outside_key(request.public_key), request.plaintext)

    def _internal_encrypt(self, _session: Session, request: InternalEncrypt) -> OctetsReply:
        record = self.device.ready().keys.record(request.index, KeyUsage.ENCRYPT)
        return _encrypted(PublicKey(record.public_key), request.plaintext)

    def _describe(self, _session: Session, _request: DescribeDevice) -> DeviceDescription:
        self.device.answers()
        algorithms = self.settings.algorithms
        asymmetric, bits = algorithms.asymmetric_abilities
        return DeviceDescription(
            ISSUER,
            DEVICE_NAME,
            self.device.info().serial,
            DEVICE_VERSION,
            STANDARD_VERSION,
            asymmetric,
            bits,
            algorithms.symmetric_abilities,
            algorithms.sm3,
            self.settings.file_octets,
        )


def _encrypted(key: PublicKey, plaintext: bytes) -> OctetsReply:
    if not plaintext:
        raise InputArgumentError("SM2 encrypts at least one octet")
    try:
        return OctetsReply(encrypt(key, plaintext))
    except CryptoError as error:
        raise PublicKeyOperationError from error
