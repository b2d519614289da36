"""How an authority's certificates are spread over revocation lists (RFC 5280 5.2.5).

Without a plan there is one list for everything. With one, an authority's certificates for authorities are on the
list ``ca``, those for end entities on one of the shards of the epoch in force when they were issued. The shard
follows from the last octets of the serial number, which are random, and stands on the certificate's record and, as
an address, in the certificate itself: it never moves. Another number of shards is a new epoch, which concerns
later certificates alone; lists of earlier epochs go on until their last certificate has expired.

The whole list, where certificates still point to it, holds every entry of the authority, those on shards too: it
carries no scope, so leaving one out would call a revoked certificate good.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ca.model import WHOLE_LIST, SerialNumber
from formats.gbt20518 import GeneralName, GeneralNameKind, IssuingDistributionPoint
from formats.gbt20518.general_name import uri

CA_LIST: Final = "ca"
MOST_SHARDS: Final = 4096
_SHARD_BITS: Final = 64
_ADDRESS: Final = re.compile(r"http://[!-~]{1,190}/")
_SUFFIX: Final = ".crl"
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,100}")


@dataclass(frozen=True, slots=True)
class Partition:
    """One revocation list of an authority: what it covers, and where it is found.

    Attributes:
        name: How records name it: ``"whole"``, ``"ca"``, or ``"user-<epoch>-<shard>"``.
        uris: Where it is found; its certificates carry the same octets.
        scoped: Whether it covers a part, and says so.
    """

    name: str
    uris: tuple[str, ...]
    scoped: bool

    @property
    def delta_uris(self) -> tuple[str, ...]:
        """Where delta lists to it are found."""
        return tuple(f"{each.removesuffix(_SUFFIX)}-delta{_SUFFIX}" for each in self.uris)

    @property
    def file_name(self) -> str:
        """Name of its file without ``.crl``: that of its first address, where that is a plain one."""
        last = self.uris[0].rpartition("/")[2].removesuffix(_SUFFIX) if self.uris else ""
        return last if _FILE.fullmatch(last) else self.name

    @property
    def scope(self) -> IssuingDistributionPoint | None:
        """What its issuingDistributionPoint says; None for the list of everything."""
        if not self.scoped:
            return None
        names = tuple(GeneralName(GeneralNameKind.URI, uri(each), each) for each in self.uris)
        of_authorities = self.name == CA_LIST
        return IssuingDistributionPoint(
            names=names, only_user_certificates=not of_authorities, only_ca_certificates=of_authorities
        )


@dataclass(frozen=True, slots=True)
class PartitionPlan:
    """Lists by kind of certificate and by shard.

    Attributes:
        address: Folder of the lists, for example ``"http://crl.example/one/"``; a list's file is named after it.
        epochs: Number of shards of each epoch, the one in force last. Never shortened, never changed but at its
            end.

    Raises:
        ValueError: At construction: no http address of a folder, no epoch, or a number of shards out of range.
    """

    address: str
    epochs: tuple[int, ...]

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.address):
            raise ValueError("lists lie at an http address that ends with a slash")
        if not self.epochs or not all(1 <= shards <= MOST_SHARDS for shards in self.epochs):
            raise ValueError(f"an epoch has 1 to {MOST_SHARDS} shards")

    def partition_of(self, serial: SerialNumber, *, is_authority: bool) -> Partition:
        """The list a certificate issued now belongs to."""
        if is_authority:
            return self._named(CA_LIST)
        shards = self.epochs[-1]
        return self._shard(len(self.epochs), serial.value % (1 << _SHARD_BITS) % shards)

    @property
    def current(self) -> tuple[Partition, ...]:
        """Lists of end entities that certificates issued now belong to."""
        epoch = len(self.epochs)
        return tuple(self._shard(epoch, shard) for shard in range(self.epochs[-1]))

    @property
    def all(self) -> tuple[Partition, ...]:
        """Every list there ever was by this plan: of authorities, then of end entities by epoch."""
        shards = (
            self._shard(epoch, shard) for epoch, count in enumerate(self.epochs, 1) for shard in range(count)
        )
        return (self._named(CA_LIST), *shards)

    def _shard(self, epoch: int, shard: int) -> Partition:
        return self._named(f"user-{epoch}-{shard:04d}")

    def _named(self, name: str) -> Partition:
        return Partition(name, (f"{self.address}{name}{_SUFFIX}",), scoped=True)


def whole(uris: tuple[str, ...]) -> Partition:
    """The list of everything an authority issued."""
    return Partition(WHOLE_LIST, uris, scoped=False)
