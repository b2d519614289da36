"""What is asked about pairs that are kept outside: by applications, and by officers."""

from hsm_sim.batches import join_signatures, split_digests
from hsm_sim.commands import Done, OctetsReply, Signature, Signatures
from hsm_sim.device import Device
from hsm_sim.handlers import DONE, Handlers
from hsm_sim.key_release import KeyRelease
from hsm_sim.protection import RandomOctets
from hsm_sim.records import WrappingKeyRecord
from hsm_sim.sessions import Session
from hsm_sim.wrapped_key_commands import (
    ApproveRelease,
    EnableWrapping,
    EnvelopeWrapped,
    GetWrappedRight,
    ListReleases,
    ListWrappingKeys,
    LoadedKey,
    LoadedSign,
    LoadedSignBatch,
    LoadWrapped,
    MakeWrappedKeys,
    ReleaseInfo,
    ReleaseList,
    RequestRelease,
    RetireWrapping,
    RevokeWrappedKeys,
    RewrapKeys,
    UnloadWrapped,
    UnlockWrappedKey,
    WithdrawRelease,
    WrappedDecrypt,
    WrappedInfo,
    WrappedKeyInfo,
    WrappedKeys,
    WrappedSign,
    WrappedSignBatch,
    WrappingKeyInfo,
    WrappingKeyList,
)
from hsm_sim.wrapped_key_use import WrappedKeyUse


class WrappedKeyHandlers:
    """Commands 0x70 to 0x7F and 0x200 to 0x21F."""

    def __init__(self, device: Device, random: RandomOctets) -> None:
        self._device = device
        self._use = WrappedKeyUse(device)
        self._release = KeyRelease(device, self._use, random)

    def table(self) -> Handlers:
        """Request class and method of each command."""
        return {
            EnableWrapping: self._enable,
            ListWrappingKeys: self._list_wrapping_keys,
            RetireWrapping: self._retire,
            MakeWrappedKeys: self._make,
            RewrapKeys: self._rewrap,
            RevokeWrappedKeys: self._revoke,
            UnlockWrappedKey: self._unlock,
            RequestRelease: self._request_release,
            ApproveRelease: self._approve_release,
            WithdrawRelease: self._withdraw_release,
            ListReleases: self._list_releases,
            GetWrappedRight: self._get_right,
            LoadWrapped: self._load,
            UnloadWrapped: self._unload,
            WrappedSign: self._sign,
            WrappedSignBatch: self._sign_batch,
            LoadedSign: self._loaded_sign,
            LoadedSignBatch: self._loaded_sign_batch,
            WrappedDecrypt: self._decrypt,
            WrappedInfo: self._info,
            EnvelopeWrapped: self._envelope,
        }

    # Officers

    def _enable(self, session: Session, _request: EnableWrapping) -> WrappingKeyInfo:
        return _shown(self._device.managed(session).wrapping.enable(actor=session.actor))

    def _list_wrapping_keys(self, session: Session, _request: ListWrappingKeys) -> WrappingKeyList:
        records = self._device.managed(session).wrapping.shown()
        return WrappingKeyList(tuple(_shown(record) for record in records))

    def _retire(self, session: Session, request: RetireWrapping) -> Done:
        interior = self._device.managed(session)
        interior.open_keys.forget()
        interior.wrapping.retire(request.number, actor=session.actor)
        interior.open_keys.forget()  # what was opened while it was being retired
        return DONE

    def _make(self, session: Session, request: MakeWrappedKeys) -> WrappedKeys:
        return WrappedKeys(tuple(self._device.managed(session).wrapped.make(request, actor=session.actor)))

    def _rewrap(self, session: Session, request: RewrapKeys) -> WrappedKeys:
        return WrappedKeys(tuple(self._device.managed(session).wrapped.rewrap(request.keys, actor=session.actor)))

    def _revoke(self, session: Session, request: RevokeWrappedKeys) -> Done:
        interior = self._device.managed(session)
        interior.wrapped.revoke(request.key_ids, actor=session.actor)
        interior.open_keys.forget()
        return DONE

    def _unlock(self, session: Session, request: UnlockWrappedKey) -> Done:
        self._device.managed(session).wrapped.unlock(request.key_id, actor=session.actor)
        return DONE

    def _request_release(self, session: Session, request: RequestRelease) -> ReleaseInfo:
        return self._release.request(session, request)

    def _approve_release(self, session: Session, request: ApproveRelease) -> ReleaseInfo:
        return self._release.approve(session, request)

    def _withdraw_release(self, session: Session, request: WithdrawRelease) -> Done:
        self._release.withdraw(session, request.release_id)
        return DONE

    def _list_releases(self, session: Session, _request: ListReleases) -> ReleaseList:
        return ReleaseList(self._release.all(session))

    # Applications

    def _get_right(self, session: Session, request: GetWrappedRight) -> Done:
        self._use.get_right(session, request.wrapped, request.password)
        return DONE

    def _load(self, session: Session, request: LoadWrapped) -> LoadedKey:
        return self._use.load(session, request.wrapped)

    def _unload(self, session: Session, request: UnloadWrapped) -> Done:
        self._use.unload(session, request.handle)
        return DONE

    def _sign(self, session: Session, request: WrappedSign) -> Signature:
        return Signature(self._use.sign(session, self._use.opened(request.wrapped), request.digest))

    def _sign_batch(self, session: Session, request: WrappedSignBatch) -> Signatures:
        digests = split_digests(request.digests)
        return Signatures(
            join_signatures(self._use.sign_batch(session, self._use.opened(request.wrapped), digests))
        )

    def _loaded_sign(self, session: Session, request: LoadedSign) -> Signature:
        return Signature(self._use.sign(session, self._use.loaded(session, request.handle), request.digest))

    def _loaded_sign_batch(self, session: Session, request: LoadedSignBatch) -> Signatures:
        digests = split_digests(request.digests)
        opened = self._use.loaded(session, request.handle)
        return Signatures(join_signatures(self._use.sign_batch(session, opened, digests)))

    def _decrypt(self, session: Session, request: WrappedDecrypt) -> OctetsReply:
        return OctetsReply(self._use.decrypt(session, self._use.opened(request.wrapped), request.ciphertext))

    def _info(self, _session: Session, request: WrappedInfo) -> WrappedKeyInfo:
        return self._use.info(request.wrapped)

    def _envelope(self, session: Session, request: EnvelopeWrapped) -> OctetsReply:
        return OctetsReply(self._release.envelope(session, request.wrapped, request.recipient))


def _shown(record: WrappingKeyRecord) -> WrappingKeyInfo:
    return WrappingKeyInfo(record.number, record.wrapping_id, record.created, record.made, record.uses)
