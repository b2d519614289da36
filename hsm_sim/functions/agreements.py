"""SM2 key agreement between two devices, by the encryption pairs (GB/T 32918.3).

The side that begins keeps a fleeting pair in its session until the answer comes; the answer uses it up, whatever
comes of it, so that no fleeting pair serves twice.
"""

from crypto import CryptoError, exchange_key
from hsm_sim.device import Device
from hsm_sim.functions.key_commands import (
    AgreementData,
    GenerateAgreementData,
    GenerateAgreementDataAndKey,
    GenerateKeyWithAgreement,
    KeyHandle,
)
from hsm_sim.functions.session_keys import SessionKeys, key_octets, outside_key
from hsm_sim.handlers import Handlers
from hsm_sim.key_use import KeyUse
from hsm_sim.model import KeyUsage
from hsm_sim.return_codes import DeviceError, KeyNotExistError, PrivateKeyOperationError, UserIdError
from hsm_sim.session_work import Agreement
from hsm_sim.sessions import Session


class Agreements:
    """Key agreements of all sessions of a device."""

    def __init__(self, device: Device, use: KeyUse, keys: SessionKeys) -> None:
        self._device = device
        self._use = use
        self._keys = keys

    def table(self) -> Handlers:
        """Request class and method of each command."""
        return {
            GenerateAgreementData: self._begin,
            GenerateKeyWithAgreement: self._finish,
            GenerateAgreementDataAndKey: self._answer,
        }

    def _begin(self, session: Session, request: GenerateAgreementData) -> AgreementData:
        self._use.want_right(session, request.index, KeyUsage.ENCRYPT)
        record = self._device.ready().keys.record(request.index, KeyUsage.ENCRYPT)
        length = key_octets(request.bits)
        _want_identities(request.user_id)
        self._keys.want_room(session)
        agreement = Agreement(request.index, length, request.user_id, self._device.make_key())
        handle = self._keys.new_handle()
        session.work.agreements[handle] = agreement
        return AgreementData(handle, record.public_key, agreement.fleeting.public_key.point)

    def _finish(self, session: Session, request: GenerateKeyWithAgreement) -> KeyHandle:
        self._device.ready()
        agreement = session.work.agreements.pop(request.handle, None)
        if agreement is None:
            raise KeyNotExistError("no such agreement")
        try:
            peer, peer_fleeting = outside_key(request.public_key), outside_key(request.fleeting_key)
            _want_identities(request.user_id)
            own = self._use.encryption_key(session, agreement.index)
            octets = exchange_key(
                own,
                agreement.fleeting,
                peer,
                peer_fleeting,
                initiator_z=own.public_key.z_value(agreement.user_id),
                responder_z=peer.z_value(request.user_id),
                length=agreement.key_octets,
            )
        except CryptoError as error:
            raise _refusal(error) from error
        finally:
            agreement.fleeting.wipe()
        return KeyHandle(self._keys.keep(session, octets))

    def _answer(self, session: Session, request: GenerateAgreementDataAndKey) -> AgreementData:
        self._device.ready()
        length = key_octets(request.bits)
        sponsor, sponsor_fleeting = outside_key(request.sponsor_key), outside_key(request.sponsor_fleeting_key)
        _want_identities(request.user_id, request.sponsor_id)
        self._keys.want_room(session)
        own = self._use.encryption_key(session, request.index)
        fleeting = self._device.make_key()
        try:
            octets = exchange_key(
                own,
                fleeting,
                sponsor,
                sponsor_fleeting,
                initiator_z=sponsor.z_value(request.sponsor_id),
                responder_z=own.public_key.z_value(request.user_id),
                length=length,
            )
        except CryptoError as error:
            raise _refusal(error) from error
        finally:
            point = fleeting.public_key.point
            fleeting.wipe()
        return AgreementData(self._keys.keep(session, octets), own.public_key.point, point)


def _want_identities(*identities: bytes) -> None:
    if not all(identities):
        raise UserIdError("an identity is empty")


def _refusal(error: CryptoError) -> CryptoError:
    """A device's own error as it is, any other as a failed operation with the private key."""
    return error if isinstance(error, DeviceError) else PrivateKeyOperationError("the agreement gives no key")
