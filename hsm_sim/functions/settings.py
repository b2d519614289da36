"""What the functions of GM/T 0018 may be set to: algorithm identifiers, quotas, what the device calls itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Final, Self

from crypto import Sm4Mode
from hsm_sim.model import SGD_SM2_1, SGD_SM2_3
from hsm_sim.records import MAX_FILE
from hsm_sim.return_codes import AlgorithmModeNotSupportedError, AlgorithmNotSupportedError

SGD_SM2_2: Final = 0x00020400
"""SM2 key exchange, GM/T 0006."""
SGD_SM4: Final = 0x00000400
_MODE_BITS: Final = 0xFF | 0xFF000000


@dataclass(frozen=True, slots=True)
class AlgorithmTable:
    """Identifiers of GM/T 0006 as this device understands them.

    Those of CTR and GCM are not certain: they come from published headers, not from the printed standard, and
    vendors renumber. So every one can be set.
    """

    sm2_sign: int = SGD_SM2_1
    sm2_exchange: int = SGD_SM2_2
    sm2_encrypt: int = SGD_SM2_3
    sm3: int = 0x00000001
    sm4_ecb: int = 0x00000401
    sm4_cbc: int = 0x00000402
    sm4_cfb: int = 0x00000404
    sm4_ofb: int = 0x00000408
    sm4_mac: int = 0x00000410
    sm4_ctr: int = 0x00000420
    sm4_gcm: int = 0x02000400

    def __post_init__(self) -> None:
        numbers = [getattr(self, each.name) for each in fields(self)]
        if len(set(numbers)) != len(numbers) or not all(0 < number < 2**32 for number in numbers):
            raise ValueError("algorithm identifiers are different numbers of 32 bits")

    def mode(self, identifier: int) -> Sm4Mode:
        """The mode of a cipher without authentication.

        Raises:
            AlgorithmModeNotSupportedError: SM4, but in no such mode.
            AlgorithmNotSupportedError: Another algorithm.
        """
        modes = {
            self.sm4_ecb: Sm4Mode.ECB,
            self.sm4_cbc: Sm4Mode.CBC,
            self.sm4_cfb: Sm4Mode.CFB,
            self.sm4_ofb: Sm4Mode.OFB,
            self.sm4_ctr: Sm4Mode.CTR,
        }
        if identifier not in modes:
            raise self._refusal(identifier)
        return modes[identifier]

    def want(self, identifier: int, expected: int) -> None:
        """Refuse any identifier but one. Raises as ``mode`` does."""
        if identifier != expected:
            raise self._refusal(identifier)

    def _refusal(self, identifier: int) -> AlgorithmNotSupportedError | AlgorithmModeNotSupportedError:
        is_sm4 = identifier & ~_MODE_BITS == SGD_SM4 or identifier in (self.sm4_gcm, self.sm4_mac)
        kind = AlgorithmModeNotSupportedError if is_sm4 else AlgorithmNotSupportedError
        return kind(f"{identifier:#010x}")

    @property
    def asymmetric_abilities(self) -> tuple[int, int]:
        """AsymAlgAbility of DEVICEINFO: algorithms, and lengths of keys in bits."""
        return self.sm2_sign | self.sm2_exchange | self.sm2_encrypt, 256

    @property
    def symmetric_abilities(self) -> int:
        """SymAlgAbility of DEVICEINFO."""
        together = self.sm4_ecb | self.sm4_cbc | self.sm4_cfb | self.sm4_ofb
        return together | self.sm4_mac | self.sm4_ctr | self.sm4_gcm


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """Quotas of one device.

    Attributes:
        algorithms: Identifiers.
        session_keys: Session keys and open agreements of one session, 1 to 4,096.
        key_encryption_keys: 1 to 1,024.
        files: 0 to 4,096.
        file_octets: Of the longest file, up to 65,536.
        all_file_octets: Of all files together, up to 16 MiB.
    """

    algorithms: AlgorithmTable = field(default_factory=AlgorithmTable)
    session_keys: int = 64
    key_encryption_keys: int = 256
    files: int = 64
    file_octets: int = MAX_FILE
    all_file_octets: int = 1024 * 1024

    def __post_init__(self) -> None:
        if not (
            1 <= self.session_keys <= 4096
            and 1 <= self.key_encryption_keys <= 1024
            and 0 <= self.files <= 4096
            and 0 <= self.file_octets <= MAX_FILE
            and 0 <= self.all_file_octets <= 16 * 1024 * 1024
        ):
            raise ValueError("a quota is out of its range")

    @classmethod
    def read(cls, algorithms: Sequence[str], quotas: Sequence[str]) -> Self:
        """Read what differs from the defaults, as ``NAME=NUMBER`` each.

        Raises:
            ValueError: No such name, or the number is none or out of its range.
        """
        numbers, limits = _numbers(algorithms), _numbers(quotas)
        _want_names(numbers, AlgorithmTable)
        _want_names(limits, cls)
        return cls(AlgorithmTable(**numbers), **limits)

    def written(self) -> tuple[list[str], list[str]]:
        """What ``read`` takes: algorithms and quotas that differ from the defaults."""
        table = self.algorithms
        algorithms = [
            f"{each.name}={getattr(table, each.name):#x}"
            for each in fields(table)
            if getattr(table, each.name) != each.default
        ]
        quotas = [
            f"{each.name}={getattr(self, each.name)}"
            for each in fields(self)
            if each.name != "algorithms" and getattr(self, each.name) != each.default
        ]
        return algorithms, quotas


def _numbers(given: Sequence[str]) -> dict[str, int]:
    return {name: int(number, 0) for name, _, number in (each.partition("=") for each in given)}


def _want_names(given: Iterable[str], record: type[AlgorithmTable] | type[FunctionSettings]) -> None:
    unknown = set(given) - {each.name for each in fields(record) if each.name != "algorithms"}
    if unknown:
        raise ValueError(f"nothing of the device is called {', '.join(sorted(unknown))}")
