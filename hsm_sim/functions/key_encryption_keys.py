"""Key-encrypting keys: symmetric, 128 bits, in an index space of their own, made by officers (GM/T 0018)."""

from typing import Final

from hsm_sim.audit import Event
from hsm_sim.commands import Done
from hsm_sim.device import Device
from hsm_sim.functions.key_commands import DestroyKek, GenerateKek, KekInfo, KekList, ListKeks
from hsm_sim.functions.settings import FunctionSettings
from hsm_sim.handlers import DONE, Handlers
from hsm_sim.model import MAX_INDEX
from hsm_sim.protection import RandomOctets
from hsm_sim.record_store import RecordStore
from hsm_sim.records import KekRecord
from hsm_sim.return_codes import InputArgumentError, KeyExistsError, KeyNotExistError, NoBufferError
from hsm_sim.sessions import Session

_OCTETS: Final = 16


class KeyEncryptionKeys:
    """The KEKs of a device."""

    def __init__(self, device: Device, random: RandomOctets, settings: FunctionSettings) -> None:
        self._device = device
        self._random = random
        self._settings = settings

    def table(self) -> Handlers:
        """Request class and method of each command."""
        return {GenerateKek: self._generate, DestroyKek: self._destroy, ListKeks: self._list}

    def key(self, index: int) -> bytes:
        """A KEK out of its wrapping, 16 octets.

        Raises:
            KeyNotExistError: There is none at the index.
        """
        store = self._device.ready().store
        record = self._record(store, index)
        return store.protection.unwrap(record.wrapped_key, binding=_binding(index), what=f"KEK {index}")

    @staticmethod
    def _record(store: RecordStore, index: int) -> KekRecord:
        record = store.get(KekRecord, index.to_bytes(4, "big"))
        if record is None:
            raise KeyNotExistError(f"KEK {index}")
        return record

    def _generate(self, session: Session, request: GenerateKek) -> KekInfo:
        store = self._device.managed(session).store
        if not 1 <= request.index <= MAX_INDEX:
            raise InputArgumentError(f"KEKs have indexes 1 to {MAX_INDEX}, not {request.index}")
        wrapped = store.protection.wrap(self._random(_OCTETS), binding=_binding(request.index))
        record = KekRecord(request.index, request.label, self._device.now(), wrapped)
        with store.exclusive:
            if store.get(KekRecord, record.key) is not None:
                raise KeyExistsError(f"KEK {request.index}")
            if len(store.all(KekRecord)) >= self._settings.key_encryption_keys:
                raise NoBufferError(f"the device holds {self._settings.key_encryption_keys} KEKs")
            store.change([Event(session.actor, "generate-kek", f"KEK {request.index}")], puts=[record])
        return _info(record)

    def _destroy(self, session: Session, request: DestroyKek) -> Done:
        store = self._device.managed(session).store
        with store.exclusive:
            record = self._record(store, request.index)
            event = Event(session.actor, "destroy-kek", f"KEK {request.index}")
            store.change([event], removes=[(record.kind, record.key)], erases=True)
        return DONE

    def _list(self, _session: Session, _request: ListKeks) -> KekList:
        return KekList(tuple(_info(record) for record in self._device.ready().store.all(KekRecord)))


def _binding(index: int) -> bytes:
    return b"kek\x00" + index.to_bytes(4, "big")


def _info(record: KekRecord) -> KekInfo:
    return KekInfo(record.index, 8 * _OCTETS, record.label, record.created)
