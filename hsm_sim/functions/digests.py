"""Digests and keyed digests of data in parts; one of each a session (GM/T 0018)."""

from crypto import HmacSm3, Sm3
from hsm_sim.commands import Done
from hsm_sim.device import Device
from hsm_sim.functions.digest_commands import (
    DigestValue,
    HashFinal,
    HashInit,
    HashUpdate,
    HmacFinal,
    HmacInit,
    HmacUpdate,
)
from hsm_sim.functions.session_keys import outside_key
from hsm_sim.functions.settings import FunctionSettings
from hsm_sim.handlers import DONE, Handlers
from hsm_sim.return_codes import InputArgumentError, StepError, UserIdError
from hsm_sim.sessions import Session


class Digests:
    """Digests of a device."""

    def __init__(self, device: Device, settings: FunctionSettings) -> None:
        self._device = device
        self._algorithms = settings.algorithms

    def table(self) -> Handlers:
        """Request class and method of each command."""
        return {
            HashInit: self._hash_init,
            HashUpdate: self._hash_update,
            HashFinal: self._hash_final,
            HmacInit: self._hmac_init,
            HmacUpdate: self._hmac_update,
            HmacFinal: self._hmac_final,
        }

    def _hash_init(self, session: Session, request: HashInit) -> Done:
        self._device.ready()
        session.work.digest = None
        self._algorithms.want(request.algorithm, self._algorithms.sm3)
        if request.public_key is None:
            if request.user_id:
                raise InputArgumentError("an identity without a public key")
            session.work.digest = Sm3()
            return DONE
        if not request.user_id:
            raise UserIdError("a public key without an identity")
        session.work.digest = Sm3(outside_key(request.public_key).z_value(request.user_id))
        return DONE

    def _hash_update(self, session: Session, request: HashUpdate) -> Done:
        self._running(session).update(request.data)
        return DONE

    def _hash_final(self, session: Session, _request: HashFinal) -> DigestValue:
        running = self._running(session)
        session.work.digest = None
        return DigestValue(running.digest())

    def _running(self, session: Session) -> Sm3:
        self._device.ready()
        if session.work.digest is None:
            raise StepError("hash-init comes first")
        return session.work.digest

    def _hmac_init(self, session: Session, request: HmacInit) -> Done:
        self._device.ready()
        session.work.code = None
        self._algorithms.want(request.algorithm, self._algorithms.sm3)
        session.work.code = HmacSm3(session.work.key(request.key))
        return DONE

    def _hmac_update(self, session: Session, request: HmacUpdate) -> Done:
        self._keyed(session).update(request.data)
        return DONE

    def _hmac_final(self, session: Session, _request: HmacFinal) -> DigestValue:
        running = self._keyed(session)
        session.work.code = None
        return DigestValue(running.digest())

    def _keyed(self, session: Session) -> HmacSm3:
        self._device.ready()
        if session.work.code is None:
            raise StepError("hmac-init comes first")
        return session.work.code
