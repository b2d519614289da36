"""What officers ask for: the device's beginning, officers, making and destroying keys, the log, self-tests."""

from hsm_sim.commands import AuditPage, DeviceInfo, Done, KeyInfo
from hsm_sim.device import Device
from hsm_sim.handlers import DONE, Handlers
from hsm_sim.key_use import KeyUse
from hsm_sim.management import (
    AddOfficer,
    ChangeOfficerSecret,
    DestroyKeys,
    GenerateKeyPair,
    Initialise,
    OfficerCredential,
    OfficerLogin,
    OfficerLogout,
    ReadAudit,
    RemoveOfficer,
    ResetPassword,
    SelfTest,
    SetLabel,
    UnlockOfficer,
)
from hsm_sim.return_codes import OfficerRequiredError
from hsm_sim.sessions import Session


class ManagementHandlers:
    """Commands from 0x40 on; all but the first two want an officer of the right role."""

    def __init__(self, device: Device, use: KeyUse) -> None:
        self._device = device
        self._use = use

    def table(self) -> Handlers:
        """Request class and method of each command."""
        return {
            Initialise: self._initialise,
            OfficerLogin: self._officer_login,
            OfficerLogout: self._officer_logout,
            AddOfficer: self._add_officer,
            RemoveOfficer: self._remove_officer,
            ChangeOfficerSecret: self._change_officer_secret,
            UnlockOfficer: self._unlock_officer,
            GenerateKeyPair: self._generate_key_pair,
            DestroyKeys: self._destroy_keys,
            SetLabel: self._set_label,
            ResetPassword: self._reset_password,
            ReadAudit: self._read_audit,
            SelfTest: self._self_test,
        }

    def _initialise(self, session: Session, request: Initialise) -> DeviceInfo:
        return self._device.initialise(request.officers, request.policy, actor=session.actor)

    def _officer_login(self, session: Session, request: OfficerLogin) -> Done:
        session.officer = None
        self._device.ready().officers.login(request.officer, actor=session.actor)
        session.officer = request.officer.name
        return DONE

    def _officer_logout(self, session: Session, _request: OfficerLogout) -> Done:
        self._device.managed(session)
        session.officer = None
        return DONE

    def _add_officer(self, session: Session, request: AddOfficer) -> Done:
        self._device.managed(session).officers.add(request.officer, request.role, actor=session.actor)
        return DONE

    def _remove_officer(self, session: Session, request: RemoveOfficer) -> Done:
        self._device.managed(session).officers.remove(request.name, actor=session.actor)
        return DONE

    def _change_officer_secret(self, session: Session, request: ChangeOfficerSecret) -> Done:
        officers = self._device.managed(session).officers
        if session.officer is None:
            raise OfficerRequiredError
        officers.change_secret(OfficerCredential(session.officer, request.secret), actor=session.actor)
        return DONE

    def _unlock_officer(self, session: Session, request: UnlockOfficer) -> Done:
        self._device.managed(session).officers.unlock(request.name, actor=session.actor)
        return DONE

    def _generate_key_pair(self, session: Session, request: GenerateKeyPair) -> KeyInfo:
        return self._device.managed(session).keys.generate(request, actor=session.actor)

    def _destroy_keys(self, session: Session, request: DestroyKeys) -> Done:
        self._device.managed(session).keys.destroy(request.index, session)
        return DONE

    def _set_label(self, session: Session, request: SetLabel) -> Done:
        keys = self._device.managed(session).keys
        keys.set_label(request.index, request.usage, request.label, actor=session.actor)
        return DONE

    def _reset_password(self, session: Session, request: ResetPassword) -> Done:
        self._use.reset_password(session, request.index, request.password)
        return DONE

    def _read_audit(self, session: Session, request: ReadAudit) -> AuditPage:
        return AuditPage(self._device.audit_page(session, request.first))

    def _self_test(self, session: Session, _request: SelfTest) -> Done:
        self._device.managed(session)
        self._device.self_test()
        return DONE
