"""What applications ask for: random octets, access rights, public keys, signatures, decryption."""

from hsm_sim.batches import join_signatures, split_digests
from hsm_sim.commands import (
    ChangePassword,
    Done,
    ExportPublicKey,
    GenerateRandom,
    GetAccessRight,
    InternalDecrypt,
    InternalSign,
    InternalSignBatch,
    InternalVerify,
    KeyInfo,
    KeyList,
    ListKeys,
    OctetsReply,
    ReleaseAccessRight,
    Signature,
    Signatures,
)
from hsm_sim.device import Device
from hsm_sim.handlers import DONE, Handlers
from hsm_sim.key_use import KeyUse
from hsm_sim.protection import RandomOctets
from hsm_sim.sessions import Session


class ApplicationHandlers:
    """Commands below 0x40 but for those of the session itself."""

    def __init__(self, device: Device, use: KeyUse, random: RandomOctets) -> None:
        self._device = device
        self._use = use
        self._random = random

    def table(self) -> Handlers:
        """Request class and method of each command."""
        return {
            GenerateRandom: self._generate_random,
            GetAccessRight: self._get_access_right,
            ReleaseAccessRight: self._release_access_right,
            ExportPublicKey: self._export_public_key,
            ListKeys: self._list_keys,
            InternalSign: self._sign,
            InternalSignBatch: self._sign_batch,
            InternalVerify: self._verify,
            InternalDecrypt: self._decrypt,
            ChangePassword: self._change_password,
        }

    def _generate_random(self, _session: Session, request: GenerateRandom) -> OctetsReply:
        self._device.answers()
        return OctetsReply(self._random(request.length))

    def _get_access_right(self, session: Session, request: GetAccessRight) -> Done:
        self._use.get_access_right(session, request.index, request.password)
        return DONE

    def _release_access_right(self, session: Session, request: ReleaseAccessRight) -> Done:
        self._use.release_access_right(session, request.index)
        return DONE

    def _export_public_key(self, _session: Session, request: ExportPublicKey) -> KeyInfo:
        keys = self._device.ready().keys
        return keys.info(keys.record(request.index, request.usage))

    def _list_keys(self, _session: Session, request: ListKeys) -> KeyList:
        return KeyList(self._device.ready().keys.page(request.first_index))

    def _sign(self, session: Session, request: InternalSign) -> Signature:
        return Signature(self._use.sign(session, request.index, request.digest))

    def _sign_batch(self, session: Session, request: InternalSignBatch) -> Signatures:
        digests = split_digests(request.digests)
        return Signatures(join_signatures(self._use.sign_batch(session, request.index, digests)))

    def _verify(self, _session: Session, request: InternalVerify) -> Done:
        self._use.verify(request.index, request.digest, request.signature)
        return DONE

    def _decrypt(self, session: Session, request: InternalDecrypt) -> OctetsReply:
        return OctetsReply(self._use.decrypt(session, request.index, request.ciphertext))

    def _change_password(self, session: Session, request: ChangePassword) -> Done:
        self._use.change_password(session, request.index, request.password, request.new_password)
        return DONE
