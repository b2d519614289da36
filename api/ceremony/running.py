"""Running a ceremony: each step of the plan once, in order, on the disk before the next begins.

Steps that were finished are not repeated; a step that was interrupted in its middle is taken up again. What was
done of it already is found out from the device or the record, not done twice: a device that was initialised by
these administrators, a key with the plan's label, a certificate that was intended, a list that was signed.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from api.ceremony.people import ADMINISTRATOR, AUDITOR, CUSTODIAN, OPERATOR, ROOT_KEY, People
from api.ceremony.plan import AuthorityPlan, Plan
from api.ceremony.transcript import TranscriptFile, authority_statement
from api.failures import CommandError
from api.files import write_file
from api.messages import Messages
from api.moments import utc_text
from api.output import Output, shown
from api.software import installed_version

if TYPE_CHECKING:
    from hsm_sim import KeyStoreClient, KeyStoreSigner, OfficerCredential, OfficerSession, ServiceSettings
    from hsm_sim.custody.shares import ShareCredential

DRY_RUN: Final = "DRY-RUN-"
PLAN: Final = "plan.json"
BACKUP: Final = "key-store.backup"
LOG: Final = "key-store-log.jsonl"
DIGESTS: Final = "digests.sm3"
ROOT: Final = "root.cer"
LIST: Final = "root.crl"
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Places:
    """Where a ceremony puts what it makes.

    Attributes:
        store: Directory of the key store.
        authority: Folder of the authority; unused where none is made.
        artefacts: What everybody may take away.
    """

    store: Path
    authority: Path
    artefacts: Path


@dataclass(frozen=True, slots=True)
class Done:
    """What a step has to tell."""

    people: tuple[str, ...]
    told: Told
    files: dict[str, bytes] = field(default_factory=dict)


class Ceremony:
    """One ceremony.

    Args:
        plan: What is to be done.
        places: Where.
        people: Those present.
        text: Catalogue.
        out: Where it is shown what is done.
        clock: Gives the present moment, UTC, whole seconds.
        random: Gives octets.
        dry_run: Everything is marked, and the device is zeroised at the end; the places are throw-away ones.
    """

    def __init__(
        self,
        plan: Plan,
        places: Places,
        people: People,
        *,
        text: Messages,
        out: Output,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        dry_run: bool,
    ) -> None:
        self.plan = plan
        self.places = places
        self.people = people
        self.text = text
        self.out = out
        self.clock = clock
        self.random = random
        self.dry_run = dry_run
        self._stack = ExitStack()
        self._administrators: tuple[OfficerCredential, ...] = ()
        self._client: KeyStoreClient | None = None
        self._pin: bytes | None = None

    def run(self) -> Path:
        """Carry out what is left of the plan; the transcript's path.

        Raises:
            CommandError: Somebody said no, something does not fit, or the folder belongs to another ceremony.
            DeviceError: The device refused.
        """
        self.places.artefacts.mkdir(mode=0o700, parents=True, exist_ok=True)
        transcript = TranscriptFile(self.places.artefacts, self._prefix)
        self._continues(transcript)
        with self._stack:
            for number, step in enumerate(self.plan.steps, 1):
                if transcript.transcript.entry(step) is None:
                    self.out.line(self.text("ceremony.step", number=number, count=len(self.plan.steps), step=step))
                    self.out.flush()
                    self._take(step, transcript)
            if transcript.transcript.signatures is None:
                self._finish(transcript)
            if self.dry_run:
                with self._administration() as session:
                    session.zeroise()
        return transcript.path

    @property
    def _prefix(self) -> str:
        return DRY_RUN if self.dry_run else ""

    def _continues(self, transcript: TranscriptFile) -> None:
        entries = transcript.transcript.entries
        if not entries:
            return
        told = entries[0].told
        if told.get("digest") != self.plan.digest.hex() or told.get("dry_run") != self.dry_run:
            raise CommandError("ceremony.other_plan", file=shown(transcript.path))
        if transcript.transcript.signatures is not None:
            raise CommandError("ceremony.finished", file=shown(transcript.path))
        self.out.line(self.text("ceremony.resumed", step=entries[-1].step))

    def _take(self, step: str, transcript: TranscriptFile) -> None:
        kind, _, name = step.partition("-")
        done = self._issue(name, transcript) if kind == "issue" else self._steps()[step](transcript)
        digests = {}
        for file, octets in done.files.items():
            digests[self._prefix + file] = self._write(file, octets)
        time = utc_text(self.clock()) or ""
        transcript.append(step, time=time, people=done.people, told=done.told, files=digests)

    def _steps(self) -> dict[str, Callable[[TranscriptFile], Done]]:
        return {
            "plan": self._plan,
            "checks": self._checks,
            "initialise": self._initialise,
            "officers": self._enrol,
            "root-key": self._root_key,
            "root-certificate": self._root_certificate,
            "first-list": self._first_list,
            "custody": self._custody,
            "backup": self._backup,
            "restore-test": self._restore_test,
            "log": self._log,
            "digests": self._digests,
        }

    def _write(self, name: str, octets: bytes) -> str:
        from crypto import sm3

        path = self.places.artefacts / (self._prefix + name)
        write_file(str(path), octets, replace=True, mode=0o600 if name.endswith(".share.json") else 0o644)
        return sm3(octets).hex()

    # ------------------------------------------------------------------ plan and device

    def _plan(self, _transcript: TranscriptFile) -> Done:
        plan = self.plan
        self.people.confirm("plan", self.text("ceremony.ask.plan", title=plan.title, digest=plan.digest.hex()))
        told = {
            "title": plan.title,
            "digest": plan.digest.hex(),
            "dry_run": self.dry_run,
            "leader": plan.leader,
            "witnesses": list(plan.witnesses),
            "began": utc_text(self.clock()),
        }
        return Done((plan.leader, *plan.witnesses), told, {PLAN: plan.octets})

    def _checks(self, _transcript: TranscriptFile) -> Done:
        import platform

        from crypto import engine_details

        if self.places.store.exists() and any(self.places.store.iterdir()):
            raise CommandError("ceremony.store_not_empty", directory=shown(self.places.store))
        told = {
            "software": installed_version() or "",
            "engine": engine_details(),
            "python": platform.python_version(),
            "clock": utc_text(self.clock()),
        }
        self.people.confirm("checks", self.text("ceremony.ask.checks", **told))
        return Done((self.plan.leader,), told)

    def _initialise(self, _transcript: TranscriptFile) -> Done:
        from hsm_sim import initialise_key_store
        from hsm_sim.return_codes import DeviceStateError

        self._administrators = self._officers(ADMINISTRATOR, self.plan.administrators, new=True)
        try:
            initialise_key_store(self._settings(self.places.store), self._administrators, self.plan.policy)
        except DeviceStateError:
            self.out.line(self.text("ceremony.taken_up"))  # the last attempt got as far; the secrets must open it
        info = self._opened().device_info()
        key = (info.device_public_key or b"").hex()
        told = {"serial": info.serial, "device_key": key, "control": self.plan.policy.control.name.lower()}
        self.people.confirm("initialise", self.text("ceremony.ask.initialise", **told))
        return Done(self.plan.administrators, told)

    def _enrol(self, _transcript: TranscriptFile) -> Done:
        from hsm_sim.return_codes import KeyExistsError
        from hsm_sim.roles import Role

        enrolled = []
        with self._administration() as session:
            for kind, role, names in (
                (OPERATOR, Role.OPERATOR, self.plan.operators),
                (AUDITOR, Role.AUDITOR, self.plan.auditors),
            ):
                for officer in self._officers(kind, names, new=True):
                    try:
                        session.add_officer(officer, role)
                    except KeyExistsError:
                        self.out.line(self.text("ceremony.taken_up"))
                    enrolled.append(f"{officer.name} {kind}")
        return Done((*self.plan.administrators, *self.plan.operators, *self.plan.auditors), {"enrolled": enrolled})

    def _officers(self, kind: str, names: tuple[str, ...], *, new: bool) -> "tuple[OfficerCredential, ...]":
        from hsm_sim import OfficerCredential

        return tuple(OfficerCredential(name, self.people.secret(kind, name, new=new)) for name in names)

    # ------------------------------------------------------------------ the root

    def _root_key(self, _transcript: TranscriptFile) -> Done:
        from crypto import sm3
        from hsm_sim import KeyUsage
        from hsm_sim.return_codes import KeyExistsError

        planned = self._planned()
        self._pin = self.people.secret(ROOT_KEY, "", new=True)
        with self._administration() as session:
            try:
                session.generate_key_pair(
                    planned.key_index, KeyUsage.SIGN, password=self._pin, label=planned.label
                )
            except KeyExistsError:
                self.out.line(self.text("ceremony.taken_up"))
        key = self._opened().key_info(planned.key_index)
        if key.label != planned.label:
            raise CommandError("ceremony.index_taken", index=planned.key_index)
        told = {"index": key.index, "public_key": key.public_key.hex(), "fingerprint": sm3(key.public_key).hex()}
        self.people.confirm("root-key", self.text("ceremony.ask.root_key", fingerprint=told["fingerprint"]))
        return Done(self.plan.administrators, told)

    def _root_certificate(self, transcript: TranscriptFile) -> Done:
        from api.ceremony.root import make_root
        from formats.gbt20518 import to_pem

        subject = self._subject()
        self.people.confirm("root-certificate", self.text("ceremony.ask.root_certificate", subject=subject))
        with self._root_signer() as signer:
            certificate = make_root(
                self.places.authority,
                self._planned(),
                subject,
                signer,
                began=self._began(transcript),
                clock=self.clock,
                random=self.random,
                actor=self.plan.leader,
            )
        told = {
            "subject": str(certificate.subject),
            "serial": f"{certificate.serial_number:040x}",
            "not_before": utc_text(certificate.validity.not_before),
            "not_after": utc_text(certificate.validity.not_after),
            "digest": certificate.digest().hex(),
        }
        return Done((self.plan.leader,), told, {ROOT: to_pem(certificate.encoded, "CERTIFICATE").encode()})

    def _issue(self, name: str, transcript: TranscriptFile) -> Done:
        from api.ceremony.root import issue_below
        from formats.gbt20518 import to_pem

        (planned,) = (one for one in self._planned().issue if one.name == name)
        with self._root_signer() as signer:
            certificate = issue_below(
                self.places.authority,
                planned,
                self.plan.folder,
                signer,
                key=f"ceremony-{self.plan.digest.hex()}-{name}",
                began=self._began(transcript),
                confirm=lambda subject: self.people.confirm(
                    f"issue-{name}", self.text("ceremony.ask.issue", subject=subject, profile=planned.profile)
                ),
                clock=self.clock,
                random=self.random,
                actor=self.plan.leader,
            )
        told = {
            "subject": str(certificate.subject),
            "serial": f"{certificate.serial_number:040x}",
            "profile": planned.profile,
            "request": planned.request_digest,
            "digest": certificate.digest().hex(),
        }
        return Done(
            (self.plan.leader,), told, {f"{name}.cer": to_pem(certificate.encoded, "CERTIFICATE").encode()}
        )

    def _first_list(self, _transcript: TranscriptFile) -> Done:
        from api.ceremony.root import first_list

        with self._root_signer() as signer:
            crl = first_list(
                self.places.authority, signer, clock=self.clock, random=self.random, actor=self.plan.leader
            )
        told = {"number": crl.number, "next_update": utc_text(crl.next_update)}
        return Done((self.plan.leader,), told, {LIST: crl.encoded})

    # ------------------------------------------------------------------ custody

    def _custody(self, _transcript: TranscriptFile) -> Done:
        import json

        from hsm_sim.custody.shares import Custodian, ShareCredential

        custodians = [
            Custodian(name, self.people.secret(CUSTODIAN, name, new=True)) for name in self.plan.custodians
        ]
        with self._administration() as session:
            files = session.split_master(self.plan.threshold, custodians)
            shares = [ShareCredential(f, each.passphrase) for f, each in zip(files, custodians, strict=True)]
            session.check_shares(shares[-self.plan.threshold :])
        told = {
            "set": json.loads(files[0])["set"],
            "threshold": self.plan.threshold,
            "custodians": list(self.plan.custodians),
        }
        named = {f"{name}.share.json": file for name, file in zip(self.plan.custodians, files, strict=True)}
        return Done((*self.plan.administrators, *self.plan.custodians), told, named)

    def _backup(self, _transcript: TranscriptFile) -> Done:
        from crypto import sm3

        with self._administration() as session:
            backup = session.back_up()
        present = self.plan.custodians[: self.plan.threshold]
        report = self._opened().verify_backup(backup, self._shares(present))
        told = {
            "serial": report.serial,
            "generation": report.generation,
            "key_pairs": report.key_pairs,
            "records": report.records,
            "digest": sm3(backup).hex(),
        }
        return Done((*self.plan.administrators, *present), told, {BACKUP: backup})

    def _restore_test(self, _transcript: TranscriptFile) -> Done:
        from hsm_sim import OfficerCredential, start_key_store
        from hsm_sim.roles import Control

        backup = (self.places.artefacts / (self._prefix + BACKUP)).read_bytes()
        present = self.plan.custodians[-self.plan.threshold :]
        before = {(key.index, key.usage): key.public_key for key in self._opened().list_keys()}
        policy = replace(self.plan.policy, control=Control.SINGLE)
        # Nobody needs to know this secret: the device lives as long as this step.
        officer = OfficerCredential("restore-test", self.random(24).hex().encode())
        with tempfile.TemporaryDirectory(prefix="xinyin-") as folder:
            settings = self._settings(Path(folder) / "store")
            with start_key_store(settings) as process, process.client() as client:
                info = client.restore(backup, self._shares(present), [officer], policy)
                after = {(key.index, key.usage): key.public_key for key in client.list_keys()}
                if after != before:
                    raise CommandError("ceremony.restored_differs")
                if self.plan.authority is not None:
                    self._try_root_key(client)
                with client.officer(officer) as session:
                    session.zeroise()
        told = {"serial": info.serial, "key_pairs": len(after), "root_key_signed": self.plan.authority is not None}
        return Done(present, told)

    def _try_root_key(self, client: "KeyStoreClient") -> None:
        """A signature the restored device makes is one of the root's key."""
        from crypto import verify_digest

        index = self._planned().key_index
        digest = self.random(32)
        with client.open_session() as session:
            session.get_access_right(index, self._root_pin())
            verify_digest(self._opened().public_key(index), digest, session.sign_digest(index, digest))

    def _log(self, _transcript: TranscriptFile) -> Done:
        from hsm_sim.custody.log_files import write_log

        with self._administration() as session:
            last = session.sign_log()
            entries = session.audit_log()[: last.length]
        key = self._opened().device_info().device_public_key or b""
        told = {"length": last.length, "head": last.head.hex()}
        return Done(self.plan.administrators, told, {LOG: b"".join(write_log(entries, key, last))})

    def _digests(self, transcript: TranscriptFile) -> Done:
        lines = [
            f"{digest}  {name}\n"
            for entry in transcript.transcript.entries
            for name, digest in sorted(entry.files.items())
        ]
        self.people.confirm("digests", self.text("ceremony.ask.digests", digests="".join(lines).rstrip()))
        return Done((self.plan.leader, *self.plan.witnesses), {}, {DIGESTS: "".join(lines).encode()})

    def _finish(self, transcript: TranscriptFile) -> None:
        from crypto import DEFAULT_USER_ID, sign_message

        head = transcript.transcript.head
        with self._administration() as session:
            made = session.sign_statement(head)
        device = {
            "serial": made.serial,
            "length": made.length,
            "head": made.head.hex(),
            "signature": made.signature.hex(),
        }
        authority = b""
        if self.plan.authority is not None:
            with self._root_signer() as signer:
                authority = sign_message(signer, authority_statement(head), user_id=DEFAULT_USER_ID)
        transcript.finish(device, authority)

    # ------------------------------------------------------------------ means

    def _planned(self) -> AuthorityPlan:
        if self.plan.authority is None:
            raise CommandError("ceremony.no_authority")
        return self.plan.authority

    def _subject(self) -> str:
        subject = self._planned().subject
        return subject.replace("CN=", "CN=DRY RUN ") if self.dry_run else subject

    def _began(self, transcript: TranscriptFile) -> datetime:
        began = transcript.transcript.entries[0].told["began"]
        return datetime.fromisoformat(began)

    def _settings(self, store: Path) -> "ServiceSettings":
        from hsm_sim import ServiceSettings

        sockets = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="xinyin-")))
        return ServiceSettings(store, socket_path=sockets / "ceremony.sock")

    def _opened(self) -> "KeyStoreClient":
        """The device of this ceremony, started by its first administrator."""
        if self._client is None:
            from hsm_sim import start_key_store

            self._known_administrators()
            process = self._stack.enter_context(
                start_key_store(self._settings(self.places.store), self._administrators[0])
            )
            self._client = self._stack.enter_context(process.client("ceremony"))
        return self._client

    def _known_administrators(self) -> None:
        if not self._administrators:
            self._administrators = self._officers(ADMINISTRATOR, self.plan.administrators, new=False)

    @contextmanager
    def _administration(self) -> "Iterator[OfficerSession]":
        client = self._opened()
        first, *others = self._administrators
        with client.administrators(first, others[0]) if others else client.officer(first) as session:
            yield session

    def _root_pin(self) -> bytes:
        if self._pin is None:
            self._pin = self.people.secret(ROOT_KEY, "", new=False)
        return self._pin

    @contextmanager
    def _root_signer(self) -> "Iterator[KeyStoreSigner]":
        from hsm_sim import KeyStoreSigner

        client, index = self._opened(), self._planned().key_index
        with KeyStoreSigner(client, index, self._root_pin(), client.public_key(index)) as signer:
            yield signer

    def _shares(self, names: tuple[str, ...]) -> "list[ShareCredential]":
        from hsm_sim.custody.shares import ShareCredential

        return [
            ShareCredential(
                (self.places.artefacts / f"{self._prefix}{name}.share.json").read_bytes(),
                self.people.secret(CUSTODIAN, name, new=False),
            )
            for name in names
        ]
