"""The device: its states, and what a session may ask of it in them.

Rules, in the order they are asked:

1. In the error state nothing is answered but the state itself.
2. Before initialisation there are no keys: only the state is told, and the device can be initialised.
3. Management wants an officer who is logged in to the session and still enrolled, whose role has the command among
   its duties, and a second administrator where the policy and ``hsm_sim.roles`` say so.

What is done with private keys, and its rules, stands in ``hsm_sim.key_use``.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from crypto import PrivateKey, engine_details
from hsm_sim.audit import Event, RefusalBudget
from hsm_sim.commands import MAX_AUDIT_PAGE, AuditLine, DeviceInfo
from hsm_sim.custody.backups import OpenedBackup, restored_store
from hsm_sim.custody.checkpoints import EVERY, signed, write
from hsm_sim.custody.commands import Checkpoint
from hsm_sim.custody.shares import ShareCredential
from hsm_sim.key_marks import KeyMarks
from hsm_sim.keys import KeyFactory, Keys
from hsm_sim.management import DevicePolicy, OfficerCredential
from hsm_sim.model import DeviceEvent, DeviceState, KeyUsage, check_officer, next_state
from hsm_sim.open_keys import OpenKeys
from hsm_sim.opening import create_store, is_initialised, open_store, open_store_by_quorum
from hsm_sim.passwords import Officers, Passwords
from hsm_sim.pending_acts import PendingActs
from hsm_sim.protection import RandomOctets
from hsm_sim.record_store import Clock, RecordStore
from hsm_sim.records import OfficerRecord, Record
from hsm_sim.return_codes import (
    DeviceError,
    DeviceStateError,
    DualControlError,
    FileWriteError,
    HardwareError,
    InputArgumentError,
    OfficerRequiredError,
    RoleError,
)
from hsm_sim.roles import DUAL_CONTROL, Control, may
from hsm_sim.self_test import pairwise_test, run_self_tests
from hsm_sim.sessions import Session
from hsm_sim.storage import Storage, StorageError
from hsm_sim.use_counters import DEFAULT_RESERVE, UseCounters
from hsm_sim.wrapped_keys import WrappedKeys
from hsm_sim.wrapping import WrappingKeys

DevicePairs = Sequence[tuple[KeyUsage, PrivateKey]]


@dataclass(frozen=True, slots=True)
class Interior:
    """What exists once the store is open."""

    store: RecordStore
    counters: UseCounters
    passwords: Passwords
    officers: Officers
    keys: Keys
    acts: PendingActs
    wrapping: WrappingKeys
    marks: KeyMarks
    wrapped: WrappedKeys
    open_keys: OpenKeys


class Device:
    """A simulated cryptographic device.

    Args:
        storage: Where its records lie.
        clock: Microseconds since 1970-01-01 UTC.
        random: Source of random octets for salts, nonces and the master key.
        make_key: Source of private keys.
        reserve: Uses that are counted ahead, see ``hsm_sim.use_counters``.
        say: Takes one line for the operator when the device goes to its error state.

    Raises:
        DeviceError: A self-test failed; there is no device then.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        clock: Clock,
        random: RandomOctets,
        make_key: KeyFactory = PrivateKey.generate,
        reserve: int = DEFAULT_RESERVE,
        say: Callable[[str], None],
    ) -> None:
        run_self_tests(random)
        self._storage = storage
        self._clock = clock
        self._random = random
        self._make_key = make_key
        self._reserve = reserve
        self._say = say
        self._interior: Interior | None = None
        self._state = DeviceState.INITIAL
        self._changing_state = threading.RLock()
        self._refusals = RefusalBudget()
        self._next_checkpoint = EVERY
        self._sessions: dict[int, Session] = {}
        self._sessions_lock = threading.Lock()

    @property
    def make_key(self) -> KeyFactory:
        """Source of private keys."""
        return self._make_key

    # Lifecycle

    @property
    def state(self) -> DeviceState:
        """Initial, ready or error; a store that nobody can read back any more is an error as well."""
        if self._interior is not None and self._interior.store.broken:
            return DeviceState.ERROR
        return self._state

    def is_initialised(self) -> bool:
        """Whether the storage holds a device, which ``open`` then opens."""
        return is_initialised(self._storage)

    def open_by_quorum(self, shares: Sequence[ShareCredential], *, minimum_generation: int = 0) -> None:
        """Open an initialised store with the shares of a quorum of custodians.

        Raises:
            ShareError: A share is wrong, or they are too few or of a set that is not in force.
            StoreIntegrityError: As ``open``.
        """
        store = open_store_by_quorum(
            self._storage,
            shares,
            clock=self._clock,
            random=self._random,
            minimum_generation=minimum_generation,
        )
        self._enter(store)

    def open(self, officer: OfficerCredential, *, minimum_generation: int = 0) -> None:
        """Open an initialised store.

        Raises:
            OfficerSecretError: No such officer, or the secret is wrong.
            StoreIntegrityError: The store was altered, or is older than ``minimum_generation``.
        """
        store = open_store(
            self._storage,
            officer,
            clock=self._clock,
            random=self._random,
            minimum_generation=minimum_generation,
        )
        self._enter(store)

    def initialise(self, officers: Sequence[OfficerCredential], policy: DevicePolicy, *, actor: str) -> DeviceInfo:
        """Leave the initial state: officers, serial, the device's own pairs.

        Raises:
            DeviceStateError: The device is initialised.
            InputArgumentError: No officer, or a name or secret that breaks a rule.
        """

        def create(pairs: DevicePairs) -> RecordStore:
            return create_store(
                self._storage, officers, policy, pairs, actor=actor, clock=self._clock, random=self._random
            )

        return self._begin(officers, policy, create)

    def restore(
        self, opened: OpenedBackup, officers: Sequence[OfficerCredential], policy: DevicePolicy, *, actor: str
    ) -> DeviceInfo:
        """Leave the initial state with what a backup holds, under a new serial, device pair and administrators.

        Raises:
            DeviceStateError: The device is initialised.
            InputArgumentError: As ``initialise``.
        """

        def create(pairs: DevicePairs) -> RecordStore:
            return restored_store(
                self._storage, opened, officers, policy, pairs, actor=actor, clock=self._clock, random=self._random
            )

        return self._begin(officers, policy, create)

    def _begin(
        self,
        officers: Sequence[OfficerCredential],
        policy: DevicePolicy,
        create: Callable[[DevicePairs], RecordStore],
    ) -> DeviceInfo:
        with self._changing_state:
            next_state(self._state, DeviceEvent.INITIALISE)
            if not officers or len({officer.name for officer in officers}) != len(officers):
                raise InputArgumentError("at least one officer, and names that differ")
            if policy.control is Control.DUAL and len(officers) < 2:
                raise InputArgumentError("dual control wants two administrators")
            for officer in officers:
                check_officer(officer.name, officer.secret)
            pairs = [(usage, self._make_key()) for usage in KeyUsage]
            for usage, key in pairs:
                pairwise_test(key, usage)
            try:
                store = create(pairs)
            except DeviceError:
                if self.is_initialised():
                    self.fail("initialisation was reported as failed, but kept; start again to open the store")
                raise
            finally:
                for _, key in pairs:
                    key.wipe()
            self._enter(store)
        return self.info()

    def _enter(self, store: RecordStore) -> None:
        counters = UseCounters(store, reserve=self._reserve)
        passwords = Passwords(store)
        keys = Keys(store, counters, passwords, clock=self._clock, make=self._make_key)
        wrapping = WrappingKeys(store, clock=self._clock, random=self._random, reserve=self._reserve)
        marks = KeyMarks(store)
        wrapped = WrappedKeys(
            store, wrapping, marks, keys, clock=self._clock, random=self._random, make=self._make_key
        )
        self._interior = Interior(
            store,
            counters,
            passwords,
            Officers(store),
            keys,
            PendingActs(self._random),
            wrapping,
            marks,
            wrapped,
            OpenKeys(wrapping),
        )
        self._state = next_state(self._state, DeviceEvent.INITIALISE)
        self._next_checkpoint = (store.root.audit_length // EVERY + 1) * EVERY

    def zeroise(self, *, actor: str) -> Checkpoint:
        """Destroy every key and record; the device is in its initial state.

        Returns:
            The device's last word on its log, whose last entry is this.

        Raises:
            FileWriteError: The disk did not take it; the device is in its error state. Whether everything is gone
                tells the next start, and what is left is zeroised again.
        """
        with self._changing_state:
            interior = self.ready()
            interior.store.change([Event(actor, "zeroise", interior.store.root.serial)], essential=True)
            last = signed(interior.store, interior.keys)
            self._erase()
            self._state = next_state(self._state, DeviceEvent.ZEROISE)
            return last

    def tamper(self, what: str) -> None:
        """Destroy everything, as opening the case does; only a new start leads out of the error state."""
        with self._changing_state, suppress(FileWriteError):  # told by _erase; the state is the same
            self._erase()
        self.fail(f"the case was opened: {what}")

    def _erase(self) -> None:
        """Drop rights, interior and records, in this order, so that nothing uses a key that is being destroyed."""
        with self._sessions_lock:
            sessions = list(self._sessions.values())
        interior, self._interior = self._interior, None
        if interior is not None:
            interior.store.retire()
        for session in sessions:
            session.officer = None  # or it would still be logged in to the next device of this storage
            for index in list(session.rights):
                session.drop_right(index)
            session.wrapped.end()
            session.work.wipe()
            session.custody.wipe()
        try:
            self._storage.erase()
        except StorageError as error:
            self.fail("zeroising was reported as failed; start again and zeroise what is left")
            raise FileWriteError(str(error)) from error

    def fail(self, reason: str) -> None:
        """Go to the error state; only a new start leads out of it."""
        with self._changing_state:
            self._state = next_state(self._state, DeviceEvent.FAIL)
        self._say(f"error state: {reason}")
        if self._interior is not None:
            with suppress(DeviceError):  # the state is what counts; the log may be what failed
                self._interior.store.change([Event("device", "error-state", reason)], essential=True)

    def close(self) -> None:
        """Write the exact counts and let go of the store."""
        interior, self._interior = self._interior, None
        if interior is None:
            self._storage.close()
            return
        try:
            if not interior.store.broken:
                exact: list[Record] = [*interior.counters.settle(), *interior.wrapping.settle()]
                interior.store.change([Event("device", "stop")], puts=exact, essential=True)
        finally:
            interior.store.close()

    # What every request asks first

    def answers(self) -> None:
        """Refuse everything in the error state.

        Raises:
            HardwareError: The device is in its error state.
        """
        if self.state is DeviceState.ERROR:
            raise HardwareError("the device is in its error state")

    def ready(self) -> Interior:
        """Return the interior of a device that is ready.

        Raises:
            HardwareError: The device is in its error state.
            DeviceStateError: It is not initialised.
        """
        self.answers()
        if self._interior is None:
            raise DeviceStateError("the device is not initialised")
        return self._interior

    def initial(self) -> None:
        """Refuse what is for a device in its initial state only.

        Raises:
            HardwareError: The device is in its error state.
            DeviceStateError: It is initialised.
        """
        self.answers()
        if self._interior is not None:
            raise DeviceStateError("the device is initialised")

    def managed(self, session: Session) -> Interior:
        """Return the interior to a session whose officer may send the command it is asking for.

        Raises:
            OfficerRequiredError: None is logged in, or the one who is was removed.
            RoleError: It is no duty of the officer's role.
            DualControlError: It takes two administrators, and this session acts alone.
        """
        interior = self.ready()
        name = session.officer
        officer = interior.store.get(OfficerRecord, name.encode()) if name is not None else None
        if officer is None:
            raise OfficerRequiredError
        if not may(officer.role, session.command):
            raise RoleError(officer.role.name.lower())
        dual = interior.store.root.policy.control is Control.DUAL
        if dual and session.command in DUAL_CONTROL and session.proposer is None:
            raise DualControlError("one administrator proposes it, another confirms it")
        return interior

    def now(self) -> int:
        """The device's time: microseconds since 1970-01-01 UTC."""
        return self._clock()

    def info(self) -> DeviceInfo:
        """State and identity; answered in every state."""
        interior = self._interior
        if interior is None:
            return DeviceInfo(self.state, "", None, engine_details(), 0, 0, bytes(32))
        root = interior.store.root
        point = interior.keys.device_point()
        return DeviceInfo(
            self.state,
            root.serial,
            point,
            engine_details(),
            root.generation,
            root.audit_length,
            root.audit_head,
        )

    def self_test(self) -> None:
        """Run the self-tests again.

        Raises:
            DeviceError: One failed; the device is in its error state.
        """
        self.ready()
        try:
            run_self_tests(self._random)
        except DeviceError as error:
            self.fail(f"self-test: {error}")
            raise

    # Sessions and the log

    def begin_session(self, session: Session) -> None:
        """Know a session, so that zeroising reaches what it holds."""
        with self._sessions_lock:
            self._sessions[session.number] = session

    def end_session(self, session: Session) -> None:
        """Drop all rights and the officer, and log what the session did."""
        with self._sessions_lock:
            self._sessions.pop(session.number, None)
        session.custody.wipe()
        events = session.repeated_refusals()
        for index in list(session.rights):
            events += session.use_events(index)
            session.drop_right(index)
        events += session.wrapped_events()
        session.wrapped.end()
        session.officer = None
        session.work.wipe()
        self.log(events)

    def log_refusal(self, session: Session, operation: str, error: DeviceError) -> None:
        """Write a refusal to the log, unless one of its kind stands there for this session."""
        if not error.logged and (event := session.refusal(operation, error)) is not None:
            self.log(self._refusals.admit(event, time=self._clock()))

    def log(self, events: Sequence[Event]) -> None:
        """Write entries that belong to no change; if that fails, the operator is told."""
        interior = self._interior
        if events and interior is not None:
            try:
                interior.store.change(list(events))
            except DeviceError as error:
                self._say(f"{len(events)} log entries were not written: {error}")

    def keep_checkpoints(self) -> None:
        """Put a signed checkpoint into the log when enough entries have come since the last one."""
        interior = self._interior
        if interior is None or interior.store.root.audit_length < self._next_checkpoint:
            return
        with interior.store.exclusive:
            length = interior.store.root.audit_length
            if length < self._next_checkpoint:
                return
            self._next_checkpoint = length + EVERY
            try:
                write(interior.store, interior.keys)
            except DeviceError as error:
                self._say(f"a checkpoint of the log was not written: {error}")

    def audit_page(self, session: Session, first: int) -> tuple[AuditLine, ...]:
        """Return log entries from number ``first`` on, to an officer.

        Raises:
            InputArgumentError: Numbers start at 1.
        """
        interior = self.managed(session)
        if not 1 <= first < 2**63:
            raise InputArgumentError("log entries are numbered from 1")
        entries = interior.store.entries(first, MAX_AUDIT_PAGE)
        return tuple(AuditLine(each.entry, each.digest) for each in entries)
