"""What a service of an authority finds when it is built: the folder, the record, keys, clock and randomness."""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from api import moments
from api.authority_folder import AuthorityFile
from api.failures import CommandError
from api.files import read_file
from api.key_places import DeviceLibrary, KeyPlace, open_library_key, read_key_place
from api.stopped_keys import StopFile
from ca.register import CaRegister
from ca.service import CertificateAuthority
from crypto import GuardedSigner, Signer
from hsm_sim import KeyStoreClient, KeyStoreSigner

_Opened = TypeVar("_Opened")
_MOST_PIN: Final = 4096


@dataclass(frozen=True, slots=True)
class KeyAccess:
    """How keys are reached.

    Attributes:
        socket: Of the key store, or a vendor's library, see ``api.key_places``; None if none was named.
        pin: For keys whose service names no file of its own; None if none was given.
    """

    socket: str | None = None
    pin: bytes | None = field(default=None, repr=False)


class Surroundings:
    """Of one authority, in one process; what is opened here is closed when the server stops.

    Args:
        folder: The authority's.
        file: What ``authority.json`` says.
        store: Its record, opened.
        keys: How keys are reached.
        stack: Closes what was opened.
        clock: Gives the present moment, UTC.
        random: Gives octets.
    """

    def __init__(
        self,
        folder: Path,
        file: AuthorityFile,
        store: CaRegister,
        keys: KeyAccess,
        stack: ExitStack,
        *,
        clock: Callable[[], datetime] = moments.now,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.folder = folder
        self.file = file
        self.store = store
        self.clock = clock
        self.random = random
        self._keys = keys
        self._stack = stack
        self._client: KeyStoreClient | None = None
        self._signers: dict[int, Signer] = {}

    def open(self, context: AbstractContextManager[_Opened]) -> _Opened:
        """Enter something that is left when the server stops."""
        return self._stack.enter_context(context)

    def signer(self, index: int, *, pin_file: str | None = None) -> Signer:
        """The key at an index of the key store, guarded against wrong signatures; one for all who ask.

        Args:
            index: Which.
            pin_file: File whose first line is its PIN, relative to the folder; None for the common one.

        Raises:
            CommandError: No key store or no PIN was named.
            KeyStoreError: The key store refuses.
        """
        if index not in self._signers:
            signer = self._open_signer(index, pin_file)
            record = StopFile(self.folder, signer.public_key, clock=self.clock)
            self._signers[index] = GuardedSigner(signer, record)
        return self._signers[index]

    def _open_signer(self, index: int, pin_file: str | None) -> Signer:
        place = self._place()
        if isinstance(place, DeviceLibrary):
            return self.open(open_library_key(place, index, lambda: self._pin(index, pin_file)))
        client = self.key_store()
        public_key = client.public_key(index)
        return self.open(KeyStoreSigner(client, index, self._pin(index, pin_file), public_key))

    def key_store(self) -> KeyStoreClient:
        """A client of the key store, one for all who ask.

        Raises:
            CommandError: No key store was named, or it is a vendor's library.
        """
        place = self._place()
        if isinstance(place, DeviceLibrary):
            raise CommandError("key_store.no_management", library=str(place.path))
        if self._client is None:
            self._client = self.open(KeyStoreClient(place.path, name="xinyin serve"))
        return self._client

    def _place(self) -> KeyPlace:
        if not self._keys.socket:
            raise CommandError("key_store.not_named", variable="XINYIN_KEY_STORE")
        return read_key_place(self._keys.socket)

    def authority(self) -> CertificateAuthority:
        """The authority with its key, for services that sign in its name.

        Raises:
            CommandError: The key store holds another key at the index, or the folder contradicts itself.
        """
        from api.authority_access import authority_over

        signer = self.signer(self.file.key_index)
        if signer.public_key != self.file.public_key:
            raise CommandError("ca.other_key", index=self.file.key_index)
        return authority_over(self.folder, self.file, self.store, signer)

    def _pin(self, index: int, pin_file: str | None) -> bytes:
        if pin_file is not None:
            octets = read_file(str(self.folder / pin_file), most=_MOST_PIN)
            return octets.split(b"\n", 1)[0].removesuffix(b"\r")
        if self._keys.pin is None:
            raise CommandError("ca.serve.no_pin", index=index)
        return self._keys.pin
