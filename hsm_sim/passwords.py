"""Trying passwords and secrets: a try is written down before it is judged.

A process that is killed between the two has still spent the try, so guessing cannot be made free by killing
the device after each wrong answer. All tries go one after another under one lock; parallel sessions gain
nothing.
"""

import threading
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final

from hsm_sim.audit import Event
from hsm_sim.commands import MAX_OFFICERS
from hsm_sim.management import OfficerCredential
from hsm_sim.model import check_officer, check_password
from hsm_sim.record_store import RecordStore
from hsm_sim.records import OfficerRecord, PasswordRecord, RecordKind, password_name
from hsm_sim.return_codes import (
    AccessRightError,
    DeviceStateError,
    InputArgumentError,
    KeyExistsError,
    KeyNotExistError,
    NoBufferError,
    OfficerLockedError,
    OfficerSecretError,
    PasswordLockedError,
)
from hsm_sim.roles import Control, Role

_OFFICER_LOGIN: Final = "officer-login"


class Passwords:
    """Passwords of indexes."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._trying = threading.Lock()

    @property
    def exclusive(self) -> AbstractContextManager[object]:
        """Held while an index's password record is removed, so that a try in flight cannot bring it back."""
        return self._trying

    def tries_left(self, index: int) -> int:
        """How many wrong passwords the index still takes; 0 if it is locked or has none."""
        record = self._store.get(PasswordRecord, password_name(index))
        return record.tries_left if record is not None else 0

    def present(self, index: int, password: bytes, *, actor: str) -> None:
        """Try a password.

        Raises:
            KeyNotExistError: No key at the index.
            InputArgumentError: Not 8 to 64 octets; this costs no try.
            PasswordLockedError: Too many wrong ones before.
            AccessRightError: It is wrong.
        """
        check_password(password)
        target = f"index {index}"
        with self._trying:
            record = self._record(index)
            if not record.tries_left:
                raise PasswordLockedError(target)
            left = record.tries_left - 1
            self._store.change([], puts=[replace(record, tries_left=left)], essential=True)
            if not self._store.protection.is_password(record, password):
                refusal = AccessRightError(f"{target}: {left} tries left")
                event = Event(actor, "access-right", target, return_code=refusal.code)
                self._store.change([event], essential=True)
                refusal.logged = True
                raise refusal
            full = self._store.root.policy.password_tries
            self._store.change([Event(actor, "access-right", target)], puts=[replace(record, tries_left=full)])

    def new_record(self, index: int, password: bytes) -> PasswordRecord:
        """Make the record of a new password.

        Raises:
            InputArgumentError: Not 8 to 64 octets.
        """
        check_password(password)
        policy = self._store.root.policy
        return self._store.protection.new_password(
            index, password, iterations=policy.password_iterations, tries=policy.password_tries
        )

    def change(self, index: int, password: bytes, new_password: bytes, *, actor: str) -> None:
        """Try the old password, then set the new one. Raises as ``present`` does."""
        check_password(new_password)
        self.present(index, password, actor=actor)
        record = self.new_record(index, new_password)
        with self._trying, self._store.exclusive:
            self._record(index)
            self._store.change([Event(actor, "change-password", f"index {index}")], puts=[record], erases=True)

    def reset(self, index: int, password: bytes, *, actor: str) -> None:
        """Give all tries back, with a new password unless that is empty."""
        fresh = self.new_record(index, password) if password else None
        with self._trying, self._store.exclusive:
            record = self._record(index)
            full = self._store.root.policy.password_tries
            self._store.change(
                [Event(actor, "reset-password" if fresh else "unlock-password", f"index {index}")],
                puts=[fresh or replace(record, tries_left=full)],
                erases=fresh is not None,
            )

    def _record(self, index: int) -> PasswordRecord:
        record = self._store.get(PasswordRecord, password_name(index))
        if record is None:
            raise KeyNotExistError(f"index {index}")
        return record


class Officers:
    """Those who may manage, run or audit the device."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._trying = threading.Lock()

    def login(self, officer: OfficerCredential, *, actor: str) -> None:
        """Try an officer's secret.

        Raises:
            OfficerSecretError: No such officer, or the secret is wrong.
            OfficerLockedError: Too many wrong ones before.
        """
        with self._trying:
            record = self._store.get(OfficerRecord, officer.name.encode())
            if record is None:
                raise OfficerSecretError
            if not record.tries_left:
                raise OfficerLockedError
            spent = replace(record, tries_left=record.tries_left - 1)
            self._store.change([], puts=[spent], essential=True)
            if not self._store.protection.opens_to_this_store(record, officer.secret):
                event = Event(actor, _OFFICER_LOGIN, officer.name, return_code=OfficerSecretError.code)
                self._store.change([event], essential=True)
                refusal = OfficerSecretError()
                refusal.logged = True
                raise refusal
            full = self._store.root.policy.secret_tries
            event = Event(actor, _OFFICER_LOGIN, officer.name)
            self._store.change([event], puts=[replace(record, tries_left=full)])

    def add(self, officer: OfficerCredential, role: Role, *, actor: str) -> None:
        """Enrol another officer.

        Raises:
            KeyExistsError: There is an officer of this name.
            InputArgumentError: Name or secret breaks a rule.
            NoBufferError: There are as many officers as the device takes.
        """
        record = self._enrol(officer, role)
        with self._store.exclusive:
            if self._store.get(OfficerRecord, record.key) is not None:
                raise KeyExistsError(f"officer {officer.name}")
            if len(self._store.all(OfficerRecord)) >= MAX_OFFICERS:
                raise NoBufferError(f"{MAX_OFFICERS} officers")
            event = Event(actor, "add-officer", f"{officer.name} {role.name.lower()}")
            self._store.change([event], puts=[record])

    def change_secret(self, officer: OfficerCredential, *, actor: str) -> None:
        """Wrap the master key for an officer anew.

        Raises:
            InputArgumentError: The secret breaks a rule.
            OfficerSecretError: The officer was removed meanwhile.
        """
        before = self._store.get(OfficerRecord, officer.name.encode())
        if before is None:
            raise OfficerSecretError
        record = self._enrol(officer, before.role)
        with self._trying, self._store.exclusive:
            now = self._store.get(OfficerRecord, record.key)
            if now is None or now.role is not before.role:
                raise OfficerSecretError
            event = Event(actor, "change-officer-secret", officer.name)
            self._store.change([event], puts=[record], erases=True)

    def remove(self, name: str, *, actor: str) -> None:
        """Take an officer away.

        Raises:
            InputArgumentError: There is none of this name.
            DeviceStateError: It is the last administrator, or one of the last two under dual control.
        """
        with self._trying, self._store.exclusive:
            gone = self._known(name)
            administrators = [each for each in self._store.all(OfficerRecord) if each.role is Role.ADMINISTRATOR]
            least = 2 if self._store.root.policy.control is Control.DUAL else 1
            if gone.role is Role.ADMINISTRATOR and len(administrators) <= least:
                raise DeviceStateError(
                    f"the last {'two administrators stay' if least == 2 else 'administrator stays'}"
                )
            self._store.change(
                [Event(actor, "remove-officer", name)],
                removes=[(RecordKind.OFFICER, name.encode())],
                erases=True,
            )

    def unlock(self, name: str, *, actor: str) -> None:
        """Give an officer all tries back.

        Raises:
            InputArgumentError: There is none of this name.
        """
        with self._trying, self._store.exclusive:
            record = replace(self._known(name), tries_left=self._store.root.policy.secret_tries)
            self._store.change([Event(actor, "unlock-officer", name)], puts=[record])

    def _known(self, name: str) -> OfficerRecord:
        record = self._store.get(OfficerRecord, name.encode())
        if record is None:
            raise InputArgumentError("no officer of this name")
        return record

    def _enrol(self, officer: OfficerCredential, role: Role) -> OfficerRecord:
        check_officer(officer.name, officer.secret)
        policy = self._store.root.policy
        return self._store.protection.enrol(
            officer.name, role, officer.secret, iterations=policy.secret_iterations, tries=policy.secret_tries
        )
