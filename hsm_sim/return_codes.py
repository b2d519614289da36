"""The return codes of GM/T 0018 (annex A) as exceptions, one class for each.

```
crypto.KeyStoreError
└── DeviceError                      carries code, name and text
    ├── <one class per SDR_ code>    0x01000001 … 0x0100001F
    ├── <one class per vendor code>  0x01000020 …, only for what the standard has no code for
    └── UnlistedReturnCodeError      a code this table does not know came over the wire
```

The wire carries the number and a short detail; ``error_for`` turns them back into the exception. A detail
names indexes, counts and states, never a secret and never data that was handed in.
"""

from typing import ClassVar, Final

from crypto import KeyStoreError

SDR_OK: Final = 0
SDR_BASE: Final = 0x01000000
VENDOR_BASE: Final = SDR_BASE + 0x20
_BY_CODE: Final[dict[int, type["DeviceError"]]] = {}


class DeviceError(KeyStoreError):
    """A call to the device did not return SDR_OK.

    Args:
        detail: What exactly, for an operator; free of secrets and of data that was handed in.
    """

    code: ClassVar[int] = SDR_BASE + 0x01
    name: ClassVar[str] = "SDR_UNKNOWERR"
    text: ClassVar[str] = "unknown error"

    def __init_subclass__(cls, *, code: int, name: str, text: str) -> None:
        super().__init_subclass__()
        cls.code, cls.name, cls.text = SDR_BASE + code, name, text
        if _BY_CODE.setdefault(cls.code, cls) is not cls:
            raise TypeError(f"return code {cls.code:#010x} has two classes")

    logged: bool = False
    """Whether the device has written this refusal to its log already."""

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        super().__init__(detail)

    @property
    def return_code(self) -> int:
        """The number on the wire; the class's own, but for a code that is not listed."""
        return self.code

    def __str__(self) -> str:
        told = f"{self.name} ({self.return_code:#010x}): {self.text}"
        return f"{told}: {self.detail}" if self.detail else told


class UnknownDeviceError(DeviceError, code=0x01, name="SDR_UNKNOWERR", text="unknown error"):
    """Something failed that has no code of its own."""


class NotSupportedError(DeviceError, code=0x02, name="SDR_NOTSUPPORT", text="interface not supported"):
    """The command or the protocol version is not known here."""


class CommunicationError(DeviceError, code=0x03, name="SDR_COMMFAIL", text="device communication failed"):
    """The connection broke, ran out of time, or carried something that is no frame."""


class HardwareError(DeviceError, code=0x04, name="SDR_HARDFAIL", text="module not responding"):
    """The device is in its error state and gives out nothing until it is started again."""


class OpenDeviceError(DeviceError, code=0x05, name="SDR_OPENDEVICE", text="opening the device failed"):
    """The store is in use by another process, or nobody listens on the socket."""


class OpenSessionError(DeviceError, code=0x06, name="SDR_OPENSESSION", text="opening a session failed"):
    """All sessions are taken."""


class AccessDeniedError(DeviceError, code=0x07, name="SDR_PARDENY", text="no private-key access right"):
    """The session holds no right to the private key at the index, or the index is closed to applications."""


class KeyNotExistError(DeviceError, code=0x08, name="SDR_KEYNOTEXIST", text="no such key"):
    """There is no key at the index."""


class AlgorithmNotSupportedError(DeviceError, code=0x09, name="SDR_ALGNOTSUPPORT", text="algorithm not supported"):
    """The algorithm identifier is not one of the device's."""


class AlgorithmModeNotSupportedError(
    DeviceError, code=0x0A, name="SDR_ALGMODNOTSUPPORT", text="algorithm mode not supported"
):
    """The mode of the algorithm is not one of the device's."""


class PublicKeyOperationError(DeviceError, code=0x0B, name="SDR_PKOPERR", text="public-key operation failed"):
    """An operation with a public key failed."""


class PrivateKeyOperationError(DeviceError, code=0x0C, name="SDR_SKOPERR", text="private-key operation failed"):
    """An operation with a private key failed, for example the pairwise test of a new pair."""


class SigningError(DeviceError, code=0x0D, name="SDR_SIGNERR", text="signing failed"):
    """A signature was not made, or did not verify and was kept back."""


class VerificationError(DeviceError, code=0x0E, name="SDR_VERIFYERR", text="signature invalid"):
    """The signature is wrong: an answer, not a fault of the device."""


class SymmetricOperationError(DeviceError, code=0x0F, name="SDR_SYMOPERR", text="symmetric operation failed"):
    """A symmetric operation failed."""


class StepError(DeviceError, code=0x10, name="SDR_STEPERR", text="wrong order of steps"):
    """A command came before the one that must precede it."""


class FileSizeError(DeviceError, code=0x11, name="SDR_FILESIZEERR", text="file too long"):
    """A file is longer than the device takes."""


class FileNotExistError(DeviceError, code=0x12, name="SDR_FILENOEXIST", text="no such file"):
    """There is no such file in the device."""


class FileOffsetError(DeviceError, code=0x13, name="SDR_FILEOFSERR", text="bad file offset"):
    """The offset lies outside the file."""


class KeyTypeError(DeviceError, code=0x14, name="SDR_KEYTYPEERR", text="wrong key type"):
    """The index holds a key, but not of the pair the command uses."""


class KeyFaultError(DeviceError, code=0x15, name="SDR_KEYERR", text="key error"):
    """A key is not usable: it does not open, or its public key is not the registered one."""


class CiphertextError(DeviceError, code=0x16, name="SDR_ENCDATAERR", text="bad ECC ciphertext"):
    """The SM2 ciphertext does not open; which check failed is not told."""


class RandomError(DeviceError, code=0x17, name="SDR_RANDERR", text="random number failure"):
    """The source of random numbers failed its test."""


class AccessRightError(DeviceError, code=0x18, name="SDR_PRKRERR", text="obtaining the access right failed"):
    """The password for the private key is wrong."""


class MacError(DeviceError, code=0x19, name="SDR_MACERR", text="MAC failure"):
    """A message authentication code was not computed."""


class FileExistsInDeviceError(DeviceError, code=0x1A, name="SDR_FILEEXISTS", text="file exists"):
    """There is already a file of this name in the device."""


class FileWriteError(DeviceError, code=0x1B, name="SDR_FILEWERR", text="file write failed"):
    """The store could not be written; whether the change was kept was read back, see ``hsm_sim.record_store``."""


class NoBufferError(DeviceError, code=0x1C, name="SDR_NOBUFFER", text="out of storage"):
    """No room is left on the disk."""


class InputArgumentError(DeviceError, code=0x1D, name="SDR_INARGERR", text="bad input argument"):
    """An argument is out of its range, or the frame does not parse."""


class OutputArgumentError(DeviceError, code=0x1E, name="SDR_OUTARGERR", text="bad output argument"):
    """An output argument is unusable."""


class UserIdError(DeviceError, code=0x1F, name="SDR_USERIDERR", text="user id error"):
    """The SM2 user identity is unusable (2023 edition)."""


# What the standard has no code for. Numbers from 0x01000020 upward are left to vendors.


class PasswordLockedError(DeviceError, code=0x20, name="XDR_PINLOCKED", text="password locked"):
    """Too many wrong passwords for this index; an officer must unlock it."""


class UseLimitError(DeviceError, code=0x21, name="XDR_USELIMIT", text="use limit of the key reached"):
    """The key may not be used that often any more; nothing was signed and nothing counted."""


class OfficerRequiredError(
    DeviceError, code=0x22, name="XDR_OFFICER", text="an officer must be logged in to this session"
):
    """A management command came from a session without an officer."""


class OfficerSecretError(DeviceError, code=0x23, name="XDR_OFFICERSECRET", text="officer login failed"):
    """No such officer, or the secret is wrong; which of them is not told."""


class OfficerLockedError(DeviceError, code=0x24, name="XDR_OFFICERLOCKED", text="officer locked"):
    """Too many wrong secrets; another officer, or starting the device with the right secret, unlocks."""


class KeyExistsError(DeviceError, code=0x25, name="XDR_KEYEXISTS", text="the index is taken"):
    """There is already such a pair at the index; it must be destroyed first."""


class DeviceStateError(DeviceError, code=0x26, name="XDR_STATE", text="not allowed in this state"):
    """Keys before initialisation, or initialisation of a device that is ready."""


class StoreIntegrityError(DeviceError, code=0x27, name="XDR_INTEGRITY", text="the store was altered"):
    """A record, the set of records or the audit trail does not bear its tag, or is older than allowed."""


class AuditFullError(DeviceError, code=0x28, name="XDR_AUDITFULL", text="audit log full"):
    """The log has reached its limit; the device refuses rather than overwrites."""


class KeyStateError(DeviceError, code=0x30, name="XDR_KEYSTATE", text="not allowed in this state of the key"):
    """The key is not active, or cannot go from its state to the one asked for."""


class RoleError(DeviceError, code=0x31, name="XDR_ROLE", text="not a duty of this officer"):
    """The officer is enrolled for another role."""


class DualControlError(DeviceError, code=0x32, name="XDR_DUALCONTROL", text="two administrators are needed"):
    """The command must be proposed by one administrator and confirmed by another."""


class ActError(DeviceError, code=0x33, name="XDR_ACT", text="no such act to be confirmed"):
    """No act of this number and digest waits: it was confirmed, withdrawn, is out of time, or never was."""


class ShareError(DeviceError, code=0x34, name="XDR_SHARE", text="the shares do not fit"):
    """A share file or its passphrase is wrong, a share is false, of another set, or there are too few."""


class BackupError(DeviceError, code=0x35, name="XDR_BACKUP", text="the backup is not usable"):
    """It was cut or altered, is older than allowed, or was made under other shares; nothing was changed."""


class UnlistedReturnCodeError(DeviceError, code=0xFFFF, name="XDR_UNLISTED", text="unlisted return code"):
    """The other side answered with a number that this table does not hold."""

    def __init__(self, detail: str = "", *, received: int = SDR_BASE + 0xFFFF) -> None:
        super().__init__(detail)
        self.received = received

    @property
    def return_code(self) -> int:
        """The number that was received."""
        return self.received


def listed_codes() -> dict[int, type[DeviceError]]:
    """Every code with its class, in ascending order; the one for unlisted codes left out."""
    return {code: _BY_CODE[code] for code in sorted(_BY_CODE) if code < SDR_BASE + 0xFFFF}


def error_for(code: int, detail: str = "") -> DeviceError:
    """Turn a return code other than SDR_OK into its exception.

    Raises:
        ValueError: ``code`` is SDR_OK, which is no error.
    """
    if code == SDR_OK:
        raise ValueError("SDR_OK is no error")
    listed = listed_codes().get(code)
    return UnlistedReturnCodeError(detail, received=code) if listed is None else listed(detail)
